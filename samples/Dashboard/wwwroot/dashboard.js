import { drawChart, seconds } from "./chart.js";

const [time, status, panels, short, long, log, table] =
  ["time", "status", "panels", "short", "long", "log", "table"].map(id => document.getElementById(id));

// How many samples a chart is wide, as long as none is missing.
const width = 60;

const shortOutage = 5;

const lines = {
  cpu: { name: "of one core", unit: "%", column: "CPU, %", value: sample => sample.cpu },
  workingSet: { name: "working set", unit: "MB", column: "Working set, MB", value: sample => sample.workingSet / 1e6 },
  heap: { name: "GC heap", unit: "MB", column: "GC heap, MB", value: sample => sample.heap / 1e6 },
  subscribers: { name: "open streams", unit: "", column: "Subscribers", value: sample => sample.subscribers },
  events: { name: "delivered", unit: "/s", column: "Events/s", value: sample => sample.eventsPerSecond },
};

// The second number is what an axis goes up to at the least.
const charts = [
  makePanel("CPU", 4, [lines.cpu]),
  makePanel("Memory", 10, [lines.workingSet, lines.heap]),
  makePanel("Subscribers", 4, [lines.subscribers]),
  makePanel("Events", 4, [lines.events]),
];

// By which the server knows whose connection to cut.
const page = Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, "0")).join("");

// What is known, the oldest first. A sample with a gap before it has the time of the last one that is known from before.
let samples = [];

// What the server says of itself, and from when on the page has lost sight of it.
let interval = 1000;
let history = 0;
let lostAt = null;
let gapIsAhead = false;

// The sample under the pointer, if any, and whether the page is to be drawn anew.
let pointed = null;
let isDue = false;

connect();

// ---- The stream ----

function connect() {
  const source = new EventSource("events?" + new URLSearchParams({ page }));

  // Comes to whoever is new, and to whoever cannot resume: if our last sample is not in it any more, there is a gap.
  source.addEventListener("state", event => {
    const state = JSON.parse(event.data);
    ({ interval, history } = state);
    long.textContent = `For ${longOutage()} s: the server remembers ${seconds(history * interval)}`;
    setConnected(lostAt === null ? "Connected" : "Connected again");
    gapIsAhead = samples.length > 0 && !state.samples.some(sample => sample.at === samples.at(-1).at);
    for (const sample of state.samples)
      add(sample);
  });

  source.addEventListener("sample", event => {
    setConnected("Resumed: nothing is missing");
    add(JSON.parse(event.data));
  });

  // The browser comes back by itself, with the last event id; only after a wrong answer it does not.
  source.addEventListener("error", () => {
    if (lostAt === null) {
      lostAt = Date.now();
      tell("Connection lost");
    }
    setStatus("lost", "Connection lost, retrying…");
    if (source.readyState === EventSource.CLOSED)
      setTimeout(connect, 1000);
  });
}

function add(sample) {
  const last = samples.at(-1);
  if (last && sample.at <= last.at)
    return;
  if (gapIsAhead) {
    gapIsAhead = false;
    sample.gapSince = last.at;
    tell(`A gap of ${seconds(sample.at - last.at)}: the server does not remember so far back`, "gap");
  }
  samples.push(sample);
  samples = samples.filter(other => other.at >= sample.at - width * interval);
  draw();
}

function setConnected(words) {
  if (status.dataset.state === "connected")
    return;
  tell(lostAt === null ? words : `${words} (after ${seconds(Date.now() - lostAt)})`);
  lostAt = null;
  setStatus("connected", "Connected");
}

function setStatus(state, words) {
  status.dataset.state = state;
  status.textContent = words;
  // Disabled in earnest, the button that was just pressed would lose the focus.
  short.ariaDisabled = long.ariaDisabled = state !== "connected";
}

// ---- Outages ----

short.addEventListener("click", () => lose(shortOutage));
long.addEventListener("click", () => lose(longOutage()));

function longOutage() {
  return Math.ceil((history + 10) * interval / 1000);
}

// If this fails there is no connection to lose.
function lose(seconds) {
  fetch("outages", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ page, seconds }),
  }).catch(() => {});
}

// ---- What is seen ----

// Many samples may come at once.
function draw() {
  if (isDue)
    return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    drawNow();
  });
}

function drawNow() {
  if (samples.length === 0)
    return;
  const last = samples.at(-1);
  const shown = samples.find(sample => sample === pointed) ?? last;
  const first = samples[0].gapSince ?? samples[0].at;
  const from = Math.max(last.at - width * interval, Math.min(first, last.at - width / 3 * interval));
  time.textContent = (shown === last ? "Latest sample " : "At ") + clock(shown.at);
  for (const { figures, svg, least, lines } of charts) {
    lines.forEach((line, index) => figures[index].textContent = figure(line, shown));
    svg.ariaLabel = lines.map(line => `${line.name}: ${figure(line, last)} ${line.unit}`).join(", ");
    drawChart(svg, samples, { lines, least, from, to: last.at, interval, pointed: shown === last ? null : shown });
  }
  if (table.open)
    fillTable();
}

function makePanel(title, least, lines) {
  const panel = make("section", "card panel");
  const heading = make("h2", "", title);
  const list = make("dl", "figures");
  const figures = lines.map(line => {
    const [group, value, number] = [make("div"), make("dd"), make("span", "number", "–")];
    value.append(number, " ", make("span", "unit", line.unit));
    group.append(make("dt", "", line.name), value);
    list.append(group);
    return number;
  });
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.role = "img";
  svg.classList.add("chart");
  svg.addEventListener("pointermove", event => point(svg.nearest?.(event.offsetX)));
  svg.addEventListener("pointerleave", () => point(null));
  new ResizeObserver(draw).observe(svg);
  panel.append(heading, list, svg);
  panels.append(panel);
  return { figures, svg, least, lines };
}

function point(sample) {
  pointed = sample;
  draw();
}

table.addEventListener("toggle", draw);

function fillTable() {
  const columns = Object.values(lines);
  table.querySelector("thead").replaceChildren(row("th", ["Time", ...columns.map(line => line.column)]));
  table.querySelector("tbody").replaceChildren(...samples.toReversed().map(sample => {
    const filled = row("td", [clock(sample.at), ...columns.map(line => figure(line, sample))]);
    filled.dataset.at = sample.at;
    filled.classList.toggle("after-gap", "gapSince" in sample);
    return filled;
  }));
}

function row(tag, texts) {
  const made = make("tr");
  made.append(...texts.map(text => make(tag, "", text)));
  return made;
}

// The newest first; the oldest are let go.
function tell(words, className = "") {
  const item = make("li", className, words);
  const at = make("time", "", clock(Date.now()));
  item.prepend(at, " ");
  log.prepend(item);
  if (log.childElementCount > 8)
    log.lastElementChild.remove();
}

// ---- Small things ----

function figure(line, sample) {
  const value = line.value(sample);
  const digits = line.unit && value < 100 ? 1 : 0;
  return value.toLocaleString([], { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function clock(at) {
  return new Date(at).toLocaleTimeString();
}

function make(tag, className = "", words = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = words;
  return element;
}
