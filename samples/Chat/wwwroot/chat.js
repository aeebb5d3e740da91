import { addMessage, elements, make, makeMessage, post, randomId, setStatus } from "./sample.js";

const [nameForm, nameField, count, people, log, composer, text] =
  elements("name-form", "name", "count", "people", "log", "composer", "text");

// These belong to the tab and survive its reload.
let name = sessionStorage.getItem("name") ?? `Guest ${Math.floor(100 + 900 * Math.random())}`;
sessionStorage.setItem("name", name);
const own = new Set(JSON.parse(sessionStorage.getItem("own") ?? "[]"));

// The secret id of this connection; null without a connection.
let memberId = null;
let room = null;

// The elements of the messages, by the ids of the messages.
const shown = new Map();

nameField.value = name;

let source = null;
let retry = null;
// The number of lost connections and failed attempts since the last "hello".
let attempts = 0;
let paused = false;

connect();

// The page reconnects by itself, and not by EventSource, because the address has the current name.
function connect() {
  source = new EventSource("events?" + new URLSearchParams({ name }));

  // The stream begins with the last messages. Only what has not been sent yet is kept.
  source.addEventListener("hello", event => {
    const hello = JSON.parse(event.data);
    memberId = hello.id;
    attempts = 0;
    for (const [id, element] of shown) {
      if (element.dataset.state === "sent")
        remove(id);
    }
    log.ariaBusy = "true";
    setStatus("connected", room === null ? "Connected"
      : room === hello.room ? "Connected again" : "Connected again. The server has lost the earlier messages.");
    room = hello.room;
    later.clear();
    tabs.postMessage(tab);
    if (hello.name !== name)
      sendName();
  });

  source.addEventListener("message", event => {
    const message = JSON.parse(event.data);
    show({ ...message, own: own.has(message.id), state: "sent" });
  });

  source.addEventListener("presence", event => {
    showPeople(JSON.parse(event.data));
    log.ariaBusy = "false";
  });

  source.addEventListener("error", () => {
    disconnect("lost", "Connection lost, retrying…");
    // The waits double, so that a full room or a starting server gets fewer attempts.
    const average = 1000 * 2 ** Math.min(attempts++, 5);
    retry = setTimeout(connect, average * (0.5 + Math.random()));
  });
}

function disconnect(state, words) {
  clearTimeout(retry);
  source.close();
  memberId = null;
  setStatus(state, words);
}

// A browser opens at most six connections to a server over HTTP/1.1, for all tabs together. So a tab pauses when four others
// have connected after it. It connects again when it is used.
const tabs = new BroadcastChannel("chat");
const tab = randomId();
const later = new Set();

// A tab that is closed or reloaded does not count.
addEventListener("pagehide", () => tabs.postMessage({ closed: tab }));

tabs.addEventListener("message", ({ data }) => {
  if (data.closed !== undefined)
    later.delete(data.closed);
  else
    later.add(data);
  if (paused || later.size < 4)
    return;
  paused = true;
  disconnect("paused", "Paused, because the chat is open in four other tabs");
});

for (const use of ["visibilitychange", "focus", "pointerdown", "keydown"])
  addEventListener(use, resume, { capture: true });

function resume() {
  if (!paused || document.hidden)
    return;
  paused = false;
  setStatus("connecting", "Connecting…");
  connect();
}

composer.addEventListener("submit", event => {
  event.preventDefault();
  const words = text.value.trimEnd();
  text.focus();
  if (words.trim() === "")
    return;

  text.value = "";
  const message = { id: randomId(), name, text: words, at: new Date(), own: true, state: "sending" };
  show(message);
  send(message);
});

text.addEventListener("keydown", event => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    composer.requestSubmit();
  }
});

async function send(message) {
  const element = shown.get(message.id);
  element.dataset.state = "sending";
  try {
    const id = await (await post("messages", { memberId, id: message.id, text: message.text })).json();
    own.add(id);
    sessionStorage.setItem("own", JSON.stringify([...own].slice(-200)));
    // The element now has the id that the server gave to the message.
    shown.delete(message.id);
    remove(id);
    shown.set(id, element);
    element.dataset.state = "sent";
  } catch {
    element.dataset.state = "failed";
    element.scrollIntoView({ block: "nearest" });
  }
}

function show(message) {
  remove(message.id);
  const at = new Date(message.at);
  const time = make("time", "hint", at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
  time.dateTime = at.toISOString();
  const again = make("button", "", "Try again");
  again.type = "button";
  again.addEventListener("click", () => {
    text.focus();
    send(message);
  });
  const failure = make("p", "failure", "Not sent. ");
  failure.append(again);

  const article = makeMessage(message.own, message.name, message.text, time);
  article.append(failure);
  article.dataset.state = message.state;
  shown.set(message.id, article);
  // Messages that are not sent yet stay at the end.
  addMessage(log, article, message.state === "sent" ? log.querySelector(".message:not([data-state=sent])") : null);
}

function remove(id) {
  shown.get(id)?.remove();
  shown.delete(id);
}

nameForm.addEventListener("submit", event => {
  event.preventDefault();
  rename();
  text.focus();
});

nameField.addEventListener("change", rename);

function rename() {
  const wanted = nameField.value.trim();
  if (wanted !== "" && wanted !== name) {
    name = wanted;
    sessionStorage.setItem("name", name);
    sendName();
  }
  nameField.value = name;
}

// If this fails, the connection is about to break, and the next one begins with the name.
function sendName() {
  if (memberId !== null)
    post("name", { memberId, name }).catch(() => {});
}

function showPeople(names) {
  const self = names.indexOf(name);
  count.textContent = names.length;
  people.replaceChildren(...names.map((other, index) => {
    const item = make("li", "person");
    item.append(make("bdi", "author", other));
    if (index === self)
      item.append(make("span", "self hint", "you"));
    return item;
  }));
}
