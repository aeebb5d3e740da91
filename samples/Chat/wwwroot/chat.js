import { elements, make, post, randomId, setStatus } from "./sample.js";

const [nameForm, nameField, count, people, log, newer, composer, text] =
  elements("name-form", "name", "count", "people", "log", "newer", "composer", "text");

// These belong to the tab and survive its reload.
let name = sessionStorage.getItem("name") ?? randomName();
const own = new Set(JSON.parse(sessionStorage.getItem("own") ?? "[]"));

// The secret id of this connection; null without a connection.
let member = null;
let room = null;

// Whether the log follows new messages.
let atEnd = true;

// The elements of the messages, by the ids of the messages.
const shown = new Map();

nameField.value = name;

let source = null;
let retry = null;
let paused = false;

connect();

// The page reconnects by itself, and not by EventSource, because the address has the current name.
function connect() {
  source = new EventSource("events?" + new URLSearchParams({ name }));

  // The stream begins with the last messages. Only what has not been sent yet is kept.
  source.addEventListener("hello", event => {
    const hello = JSON.parse(event.data);
    member = hello.id;
    for (const [id, element] of shown) {
      if (element.dataset.state === "sent")
        remove(id);
    }
    log.ariaBusy = "true";
    atEnd = true;
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
    retry = setTimeout(connect, 500 + 1000 * Math.random());
  });
}

function disconnect(state, words) {
  clearTimeout(retry);
  source.close();
  member = null;
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
  atEnd = true;
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
    const id = await (await post("messages", { member, id: message.id, text: message.text })).json();
    own.add(id);
    sessionStorage.setItem("own", JSON.stringify([...own].slice(-200)));
    // The element now has the id that the server gave to the message.
    shown.delete(message.id);
    remove(id);
    shown.set(id, element);
    element.dataset.state = "sent";
  } catch {
    element.dataset.state = "failed";
    scrollToEnd();
  }
}

function show(message) {
  remove(message.id);

  const article = make("article", message.own ? "message own" : "message");
  article.dataset.state = message.state;
  article.dataset.author = (message.own ? "own " : "other ") + message.name;

  const at = new Date(message.at);
  const time = make("time", "", at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
  time.dateTime = at.toISOString();
  const about = make("p", "about");
  about.append(make("bdi", "author", message.own ? "You" : message.name), " ", time);

  const words = make("p", "text", message.text);
  words.dir = "auto";

  const again = make("button", "again", "Try again");
  again.type = "button";
  again.addEventListener("click", () => {
    text.focus();
    send(message);
  });
  const failure = make("p", "failure", "Not sent. ");
  failure.append(again);
  article.append(avatar(message.name), about, words, failure);

  // Messages that are not sent yet stay at the end.
  log.insertBefore(article, message.state === "sent" ? log.querySelector(".message:not([data-state=sent])") : null);
  shown.set(message.id, article);
  group(article);
  group(article.nextElementSibling);

  newer.hidden = atEnd;
  scrollToEnd();
}

function remove(id) {
  const element = shown.get(id);
  const next = element?.nextElementSibling;
  element?.remove();
  shown.delete(id);
  group(next);
}

// Consecutive messages of one author show the author once.
function group(element) {
  element?.classList.toggle("follows", element.previousElementSibling?.dataset.author === element.dataset.author);
}

function scrollToEnd() {
  if (atEnd)
    log.scrollTop = log.scrollHeight;
}

log.addEventListener("scroll", () => {
  atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  newer.hidden ||= atEnd;
});

// The keyboard of a phone, or a growing message, leaves less room.
new ResizeObserver(scrollToEnd).observe(log);

newer.addEventListener("click", () => {
  atEnd = newer.hidden = true;
  scrollToEnd();
  text.focus();
});

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
  if (member !== null)
    post("name", { member, name }).catch(() => {});
}

function showPeople(names) {
  const self = names.indexOf(name);
  count.textContent = names.length;
  people.replaceChildren(...names.map((other, index) => {
    const item = make("li", "person");
    item.append(avatar(other), make("bdi", "author", other));
    if (index === self)
      item.append(make("span", "self", "you"));
    return item;
  }));
}

// The first letter of a name, on a color that is always the same for the name.
function avatar(name) {
  const initial = make("span", "initial", [...name.trim()][0]?.toUpperCase() ?? "?");
  initial.ariaHidden = "true";
  initial.style.setProperty("--hue", [...name].reduce((sum, letter) => (sum * 47 + letter.codePointAt(0)) % 360, 7));
  return initial;
}

function randomName() {
  const pick = words => words[Math.floor(Math.random() * words.length)];
  const name = `${pick(["Bright", "Calm", "Kind", "Merry", "Quiet", "Swift"])} ${pick(["Badger", "Falcon", "Fox", "Heron", "Otter", "Wren"])}`;
  sessionStorage.setItem("name", name);
  return name;
}
