import { elements, make, post, randomId, setStatus } from "./sample.js";

const [node, stop, log, messages, composer, nameField, text, failure] =
  elements("node", "stop", "log", "messages", "composer", "name", "text", "failure");

// A secret between this tab and the nodes. It marks the tab's own messages, and outlives a reload.
const member = sessionStorage.getItem("member") ?? randomId();
sessionStorage.setItem("member", member);
nameField.value = sessionStorage.getItem("name") ?? `Guest ${Math.floor(100 + 900 * Math.random())}`;

// The process that serves this page; null while none does.
let run = null;

// The elements of the messages that are shown, by the ids of the messages.
const shown = new Map();

connect();

// Nothing here moves to another node. The browser reconnects to the same address with the id of the last event, and the node
// that answers continues from there.
function connect() {
  const source = new EventSource("events?" + new URLSearchParams({ member }));

  // Comes after the missed events, if there are any.
  source.addEventListener("welcome", event => {
    const welcome = JSON.parse(event.data);
    run = welcome.run;
    showNode(welcome.node);
    setStatus("connected", `Connected to node ${welcome.node}`);
    stop.ariaDisabled = "false";
    tell(`Node ${welcome.node}: ${{
      NotRequested: "a new stream.",
      Resumed: "resumed, nothing is missing.",
      Gap: "a gap: more was missed than the node remembers.",
    }[welcome.how]}`);
  });

  source.addEventListener("message", event => show(JSON.parse(event.data)));

  source.addEventListener("error", () => {
    if (run !== null)
      tell("The stream has ended. The browser reconnects.");
    run = null;
    stop.ariaDisabled = "true";
    setStatus("lost", "Connection lost, retrying…");
    // After an error status, the browser gives up.
    if (source.readyState === EventSource.CLOSED)
      setTimeout(connect, 1000);
  });
}

function showNode(name) {
  node.textContent = name;
  node.dataset.node = name;
}

function tell(words) {
  const item = make("li", "", `${new Date().toLocaleTimeString()} ${words}`);
  log.prepend(item);
  while (log.children.length > 30)
    log.lastChild.remove();
}

stop.addEventListener("click", async () => {
  if (stop.ariaDisabled === "true")
    return;
  stop.ariaDisabled = "true";
  if (!await tryPost(`nodes/${run}/stop`) && run !== null)
    stop.ariaDisabled = "false";
});

// All messages come from the stream, also our own. So they have the same order on all pages.
function show(message) {
  // A message that was sent again can come twice.
  if (shown.has(message.id))
    return;

  const article = make("article", message.mine ? "message own" : "message");
  const about = make("p", "about");
  const badge = make("span", "badge", message.node);
  badge.dataset.node = message.node;
  badge.title = `Written on node ${message.node}`;
  badge.role = "img";
  badge.ariaLabel = badge.title;
  about.append(make("bdi", "author", message.mine ? "You" : message.name), " ", badge);
  const words = make("p", "text", message.text);
  words.dir = "auto";
  article.append(about, words);

  const atEnd = messages.scrollHeight - messages.scrollTop - messages.clientHeight < 60;
  messages.append(article);
  shown.set(message.id, article);
  if (shown.size > 300) {
    const [oldest, element] = shown.entries().next().value;
    element.remove();
    shown.delete(oldest);
  }
  if (atEnd || message.mine)
    messages.scrollTop = messages.scrollHeight;
}

composer.addEventListener("submit", async event => {
  event.preventDefault();
  const message = { member, id: randomId(), name: nameField.value.trim(), text: text.value.trim() };
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
