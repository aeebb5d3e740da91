import { elements, post, setStatus } from "./sample.js";

const [form, question, answer] = elements("form", "question", "answer");
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

// The address names the answer, so a reload shows it again.
addEventListener("hashchange", read);
read();

function read() {
  source?.close();
  answer.textContent = "";
  if (location.hash === "")
    return;
  source = new EventSource("answers/" + encodeURIComponent(location.hash.slice(1)));
  source.onopen = () => setStatus("connecting", "Answering…");
  source.onmessage = event => answer.append(event.data);
  source.addEventListener("end", event => {
    source.close();
    setStatus("connected", { complete: "Complete", canceled: "Canceled: no page was reading", failed: "The model failed" }[event.data]);
  });
  source.onerror = () => source.readyState === EventSource.CLOSED
    ? setStatus("lost", "The server does not have this answer")
    : setStatus("lost", "Connection lost, retrying…");
}
