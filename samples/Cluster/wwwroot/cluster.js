const [status, node, members, stop, log, messages, composer, nameField, text, failure] =
  ["status", "node", "members", "stop", "log", "messages", "composer", "name", "text", "failure"].map(id => document.getElementById(id));

// By which the nodes know this tab's own messages, and nobody else does; it outlives a reload.
const member = sessionStorage.getItem("member") ?? randomId();
sessionStorage.setItem("member", member);
nameField.value = sessionStorage.getItem("name") ?? `Guest ${Math.floor(100 + 900 * Math.random())}`;

// The process that serves this page; null while none does.
let run = null;

// The elements of the messages that are shown, by the messages' ids.
const shown = new Map();

connect();

// ---- The stream ----

// There is nothing here to go to another node: the browser comes back to the one address by itself, says which event it
// had last, and whoever answers goes on from there.
function connect() {
  const source = new EventSource("events?" + new URLSearchParams({ member }));

  // Behind what was missed, if anything was.
  source.addEventListener("welcome", event => {
    const welcome = JSON.parse(event.data);
    run = welcome.run;
    showNode(welcome.node);
    setStatus("connected", `Connected to node ${welcome.node}`);
    stop.ariaDisabled = "false";
    tell(`Node ${welcome.node}: ${{
      new: "a new stream, with the last messages.",
      resumed: "resumed, nothing is missing.",
      gap: "a gap. More was missed than the node remembers.",
    }[welcome.how]}`);
  });

  source.addEventListener("presence", event => {
    const count = JSON.parse(event.data).members;
    members.textContent = count === 1 ? "1 page is here" : `${count} pages are here`;
  });

  source.addEventListener("message", event => show(JSON.parse(event.data)));

  source.addEventListener("notice", event => {
    const notice = JSON.parse(event.data);
    tell(`Node ${notice.node} ${notice.what}.`, new Date(notice.at));
  });

  source.addEventListener("error", () => {
    if (run !== null)
      tell("The stream has ended; the browser asks for it again.");
    run = null;
    stop.ariaDisabled = "true";
    setStatus("lost", "Connection lost, retrying…");
    // It gives up for good when it is answered by an error, which is not how a node says farewell.
    if (source.readyState === EventSource.CLOSED)
      setTimeout(connect, 1000);
  });
}

function setStatus(state, words) {
  status.dataset.state = state;
  status.textContent = words;
}

function showNode(name) {
  node.textContent = name;
  node.dataset.node = name;
}

function tell(words, at = new Date()) {
  const item = make("li", "");
  item.append(makeTime(at, "medium"), " ", words);
  log.prepend(item);
  while (log.children.length > 30)
    log.lastChild.remove();
}

stop.addEventListener("click", async () => {
  if (stop.ariaDisabled === "true")
    return;
  stop.ariaDisabled = "true";
  if (!await post(`nodes/${node.textContent}/stop/${run}`) && run !== null)
    stop.ariaDisabled = "false";
});

// ---- Messages ----

// All come from the stream, our own too: so they stand in one order, which is the same on all pages.
function show(message) {
  // One that had to be sent again may have been taken twice.
  if (shown.has(message.id))
    return;

  const article = make("article", message.mine ? "message own" : "message");
  const about = make("p", "about");
  const badge = make("span", "badge", message.node);
  badge.dataset.node = message.node;
  badge.title = `Written on node ${message.node}`;
  badge.role = "img";
  badge.ariaLabel = badge.title;
  about.append(make("bdi", "author", message.mine ? "You" : message.name), " ", makeTime(new Date(message.at), "short"), " ", badge);
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
  if (!await post("messages", message)) {
    failure.hidden = false;
    text.value ||= message.text;
  }
});

// A node that stops may drop what is being posted, or have published it already: so it is sent again, by the same id.
async function post(path, body) {
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      const response = await fetch(path, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(10_000),
      });
      if (response.status < 500)
        return response.ok;
    } catch {
      // No answer at all.
    }
    await new Promise(done => setTimeout(done, 500));
  }
  return false;
}

// ---- Small things ----

function make(tag, className, words = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = words;
  return element;
}

function makeTime(at, style) {
  const time = make("time", "time", at.toLocaleTimeString([], { timeStyle: style }));
  time.dateTime = at.toISOString();
  return time;
}

function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, "0")).join("");
}
