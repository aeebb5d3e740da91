import { elements, post, setStatus } from "./sample.js";

const [form, question, stop, answer] = elements("form", "question", "stop", "answer");
let source = null;

form.addEventListener("submit", async event => {
  event.preventDefault();
  try {
    const response = await post("answers", question.value);
    location.hash = await response.json();
  } catch {
    setStatus("lost", "Not sent. Try again.");
  }
});

stop.addEventListener("click", async () => {
  if (stop.ariaDisabled === "true")
    return;
  try {
    await post(`${path()}/stop`);
  } catch {
    setStatus("lost", "Not stopped. Try again.");
  }
});

// The address names the answer, so a reload shows it again.
addEventListener("hashchange", read);
read();

function path() {
  return "answers/" + encodeURIComponent(location.hash.slice(1));
}

function read() {
  source?.close();
  answer.textContent = "";
  stop.ariaDisabled = "true";
  if (location.hash === "")
    return;
  source = new EventSource(path());
  source.onopen = () => {
    setStatus("connecting", "Answering…");
    stop.ariaDisabled = "false";
  };
  source.onmessage = event => answer.append(event.data);
  source.addEventListener("end", event => {
    source.close();
    setStatus("connected", { complete: "Complete", canceled: "Canceled", failed: "The model failed" }[event.data]);
    stop.ariaDisabled = "true";
  });
  source.onerror = () => {
    const isGone = source.readyState === EventSource.CLOSED;
    setStatus("lost", isGone ? "This answer cannot be read. Reload the page to try again." : "Connection lost, retrying…");
    stop.ariaDisabled = "true";
  };
}
