const [status, nameForm, nameField, count, people, log, newer, composer, text] =
  ["status", "name-form", "name", "count", "people", "log", "newer", "composer", "text"].map(id => document.getElementById(id));

// What belongs to this tab, and outlives a reload of it.
let name = sessionStorage.getItem("name") ?? randomName();
const own = new Set(JSON.parse(sessionStorage.getItem("own") ?? "[]"));

// What the server knows this connection by, and nobody else does; null while there is no connection.
let member = null;
let lostBefore = false;

// Whether the end of the messages is in sight, and is to stay so.
let atEnd = true;

// The elements of the messages that are shown, by the messages' ids.
const shown = new Map();

nameField.value = name;
connect();

// ---- The stream ----

// A connection that is lost is opened anew here, and not by EventSource itself, so that it has the name of today.
function connect() {
  const source = new EventSource("events?" + new URLSearchParams({ name }));

  // The stream begins anew, and brings the last messages with it: only what has not arrived there is kept.
  source.addEventListener("hello", event => {
    const hello = JSON.parse(event.data);
    member = hello.id;
    for (const [id, element] of shown) {
      if (element.dataset.state === "sent")
        remove(id);
    }
    log.ariaBusy = "true";
    atEnd = true;
    setStatus("connected", lostBefore ? "Connected again" : "Connected");
    if (hello.name !== name)
      tellName();
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
    source.close();
    member = null;
    lostBefore = true;
    setStatus("lost", "Connection lost, retrying…");
    setTimeout(connect, 500 + 1000 * Math.random());
  });
}

function setStatus(state, words) {
  status.dataset.state = state;
  status.textContent = words;
}

// ---- Messages ----

composer.addEventListener("submit", event => {
  event.preventDefault();
  const words = text.value.trimEnd();
  text.focus();
  if (words.trim() === "")
    return;

  text.value = "";
  const message = { id: randomId(), name, text: words, at: new Date(), own: true, state: "sending" };
  own.add(message.id);
  sessionStorage.setItem("own", JSON.stringify([...own].slice(-200)));
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
    await post("messages", { member, id: message.id, text: message.text });
    element.dataset.state = "sent";
  } catch {
    element.dataset.state = "failed";
    keepEndInSight();
  }
}

// Everything that people wrote goes into the page as text, never as markup.
function show(message) {
  remove(message.id);

  const article = make("article", "message");
  article.dataset.state = message.state;
  article.dataset.author = (message.own ? "own " : "other ") + message.name;
  article.classList.toggle("own", message.own);
  article.style.setProperty("--hue", hue(message.name));

  const at = new Date(message.at);
  const time = make("time", "time", at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
  time.dateTime = at.toISOString();
  const about = make("p", "about");
  about.append(make("bdi", "author", message.own ? "You" : message.name), " ", time);

  const words = make("p", "text", message.text);
  words.dir = "auto";

  const retry = make("button", "retry", "Try again");
  retry.type = "button";
  retry.addEventListener("click", () => {
    text.focus();
    send(message);
  });
  const failure = make("p", "failure", "Not sent.");
  failure.append(retry);

  const initial = make("span", "initial", initialOf(message.name));
  initial.ariaHidden = "true";
  article.append(initial, about, words, failure);

  // What is not sent yet stays at the end.
  log.insertBefore(article, message.state === "sent" ? log.querySelector(".message:not([data-state=sent])") : null);
  shown.set(message.id, article);
  group(article);
  group(article.nextElementSibling);

  newer.hidden = atEnd;
  keepEndInSight();
}

function remove(id) {
  const element = shown.get(id);
  const next = element?.nextElementSibling;
  element?.remove();
  shown.delete(id);
  group(next);
}

// Messages of one writer, one after the other, stand together.
function group(element) {
  element?.classList.toggle("follows", element.previousElementSibling?.dataset.author === element.dataset.author);
}

function keepEndInSight() {
  if (atEnd)
    log.scrollTop = log.scrollHeight;
}

log.addEventListener("scroll", () => {
  atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  newer.hidden ||= atEnd;
});

// A keyboard that opens, or a message that grows while it is written, leaves less room.
new ResizeObserver(keepEndInSight).observe(log);

newer.addEventListener("click", () => {
  atEnd = true;
  newer.hidden = true;
  keepEndInSight();
  text.focus();
});

// ---- Names ----

nameForm.addEventListener("submit", event => {
  event.preventDefault();
  rename();
  text.focus();
});

nameField.addEventListener("change", rename);

nameField.addEventListener("keydown", event => {
  if (event.key === "Escape")
    nameField.value = name;
});

function rename() {
  const wanted = nameField.value.trim();
  if (wanted !== "" && wanted !== name) {
    name = wanted;
    sessionStorage.setItem("name", name);
    tellName();
  }
  nameField.value = name;
}

// If this fails the connection is about to be lost, and the next one begins with the name.
function tellName() {
  if (member !== null)
    post("name", { member, name }).catch(() => {});
}

function showPeople(names) {
  const self = names.indexOf(name);
  count.textContent = names.length;
  people.replaceChildren(...names.map((other, index) => {
    const item = make("li", "person");
    item.style.setProperty("--hue", hue(other));
    const initial = make("span", "initial", initialOf(other));
    initial.ariaHidden = "true";
    item.append(initial, make("bdi", "author", other));
    if (index === self)
      item.append(make("span", "self", "you"));
    return item;
  }));
}

// ---- Small things ----

async function post(path, body) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok)
    throw new Error(`${path}: ${response.status}`);
}

function make(tag, className, words = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = words;
  return element;
}

function initialOf(someone) {
  return [...someone.trim()][0]?.toUpperCase() ?? "?";
}

function hue(someone) {
  return [...someone].reduce((sum, letter) => (sum * 47 + letter.codePointAt(0)) % 360, 7);
}

// crypto.randomUUID is there on secure pages only, and a phone may reach this one over plain HTTP.
function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, "0")).join("");
}

function randomName() {
  const pick = words => words[Math.floor(Math.random() * words.length)];
  const made = pick(["Bright", "Calm", "Curious", "Gentle", "Kind", "Merry", "Quiet", "Swift"]) + " "
    + pick(["Badger", "Falcon", "Fox", "Heron", "Lynx", "Otter", "Owl", "Wren"]);
  sessionStorage.setItem("name", made);
  return made;
}
