import { addMessage, elements, make, makeMessage, post, randomId, setStatus } from "./sample.js";

const [status, node, stop, log, messages, composer, nameField, text, failure] =
  elements("status", "node", "stop", "log", "messages", "composer", "name", "text", "failure");

// A secret between this tab and the nodes. It marks the tab's own messages, and outlives a reload.
const pageSecret = sessionStorage.getItem("pageSecret") ?? randomId();
sessionStorage.setItem("pageSecret", pageSecret);
nameField.value = sessionStorage.getItem("name") ?? `Guest ${Math.floor(100 + 900 * Math.random())}`;

// The process that serves this page. Another cluster on the same broker has nodes of the same names.
let nodeId = null;

// The id of the last event, from which a new EventSource resumes.
let lastEventId = "";

// The ids of the messages that are shown.
const shown = new Set();

connect();

// The browser reconnects to the same address with the id of the last event. The node that answers continues from there.
function connect() {
  const source = new EventSource("events?" + new URLSearchParams({ pageSecret, after: lastEventId }));

  // Comes after the missed events, if there are any.
  source.addEventListener("welcome", event => {
    const welcome = JSON.parse(event.data);
    nodeId = welcome.nodeId;
    node.textContent = node.dataset.node = welcome.node;
    setStatus("connected", `Connected to node ${welcome.node}`);
    stop.ariaDisabled = "false";
    tell(`Node ${welcome.node}: ${{
      NotRequested: "a new stream.",
      Resumed: "resumed, nothing is missing.",
      Gap: "a gap: more was missed than the node remembers.",
    }[welcome.how]}`);
  });

  source.addEventListener("message", event => {
    lastEventId = event.lastEventId;
    show(JSON.parse(event.data));
  });

  source.addEventListener("error", () => {
    if (status.dataset.state === "connected")
      tell("The stream has ended. The browser reconnects.");
    stop.ariaDisabled = "true";
    setStatus("lost", "Connection lost, retrying…");
    // After an error status, the browser gives up. Then the page creates a new EventSource.
    if (source.readyState === EventSource.CLOSED)
      setTimeout(connect, 1000);
  });
}

function tell(words) {
  log.prepend(make("li", "", `${new Date().toLocaleTimeString()} ${words}`));
}

stop.addEventListener("click", async () => {
  if (stop.ariaDisabled === "true")
    return;
  stop.ariaDisabled = "true";
  if (!await tryPost(`nodes/${nodeId}/stop`))
    stop.ariaDisabled = `${status.dataset.state !== "connected"}`;
});

// All messages come from the stream, also our own. So they have the same order on all pages.
function show(message) {
  // A message that was sent again can come twice.
  if (shown.has(message.id))
    return;

  shown.add(message.id);
  const badge = make("span", "badge", message.node);
  badge.dataset.node = message.node;
  badge.role = "img";
  badge.ariaLabel = `Written on node ${message.node}`;
  addMessage(messages, makeMessage(message.mine, message.name, message.text, badge));
}

composer.addEventListener("submit", async event => {
  event.preventDefault();
  const message = { pageSecret, id: randomId(), name: nameField.value.trim(), text: text.value.trim() };
  if (message.name === "" || message.text === "")
    return;

  sessionStorage.setItem("name", message.name);
  text.value = "";
  text.focus();
  failure.hidden = true;
  if (!await tryPost("messages", message)) {
    failure.hidden = false;
    text.value ||= message.text;
  }
});

// A node that stops may drop a request, or may have published it already. So it is sent again with the same id.
async function tryPost(path, body) {
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      await post(path, body);
      return true;
    } catch (error) {
      if (error.status < 500)
        return false;
    }
    await new Promise(done => setTimeout(done, 500));
  }
  return false;
}
