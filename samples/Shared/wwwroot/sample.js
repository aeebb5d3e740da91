// What the pages of the samples share.

export function elements(...ids) {
  return ids.map(id => document.getElementById(id));
}

export function setStatus(state, words) {
  const [status] = elements("status");
  status.dataset.state = state;
  status.textContent = words;
}

export function make(tag, className = "", words = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = words;
  return element;
}

// Makes the element of a message. The detail is an element beside the author.
export function makeMessage(own, name, text, detail) {
  const article = make("article", own ? "message own" : "message");
  const about = make("p", "about");
  about.append(make("bdi", "author", own ? "You" : name), " ", detail);
  const words = make("p", "text", text);
  words.dir = "auto";
  article.append(about, words);
  return article;
}

// Adds a message at the end, or before another one. The page follows the messages if it shows the last one.
export function addMessage(messages, article, next = null) {
  const atEnd = messages.scrollHeight - messages.scrollTop - messages.clientHeight < 60;
  messages.insertBefore(article, next);
  if (atEnd || article.classList.contains("own"))
    messages.scrollTop = messages.scrollHeight;
}

export async function post(path, body) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok)
    throw Object.assign(new Error(`${path}: ${response.status}`), { status: response.status });
  return response;
}

// crypto.randomUUID needs HTTPS or localhost, and a phone may use neither.
export function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, "0")).join("");
}
