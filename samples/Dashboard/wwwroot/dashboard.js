import { drawChart, seconds } from "./chart.js";
import { elements, make, setStatus } from "./sample.js";

const [time, status, panels, short, long, log, table] = elements("time", "status", "panels", "short", "long", "log", "table");

// The width of a chart in samples, without gaps.
const width = 60;

const lines = {
  cpu: { name: "of one core", unit: "%", column: "CPU, %", value: sample => sample.cpu },
  workingSet: { name: "working set", unit: "MB", column: "Working set, MB", value: sample => sample.workingSet / 1e6 },
  heap: { name: "GC heap", unit: "MB", column: "GC heap, MB", value: sample => sample.heap / 1e6 },
  subscribers: { name: "open streams", unit: "", column: "Subscribers", value: sample => sample.subscribers },
  events: { name: "delivered", unit: "/s", column: "Events/s", value: sample => sample.eventsPerSecond },
};

// The second argument is the smallest end of the axis.
const charts = [
  makePanel("CPU", 4, [lines.cpu]),
  makePanel("Memory", 10, [lines.workingSet, lines.heap]),
  makePanel("Subscribers", 4, [lines.subscribers]),
  makePanel("Events", 4, [lines.events]),
];

// The known samples, the oldest first. A sample after a gap has the time of the last one before the gap.
let samples = [];

let interval = 1000;
let history = 0;
let source = null;
let lostAt = null;
let isAfterGap = false;

// The sample under the pointer; null without one.
let pointed = null;
let isDrawing = false;

connect();

function connect() {
  source = new EventSource("events?" + new URLSearchParams({ after: samples.at(-1)?.at ?? "" }));

  // Comes to a page that is new or cannot resume. Without our last sample in it, there is a gap.
  source.addEventListener("state", event => {
    const state = JSON.parse(event.data);
    ({ interval, history } = state);
    long.textContent = `For ${longOutage()} s: the server remembers ${seconds(history * interval)}`;
    setConnected(lostAt === null ? "Connected" : "Connected again");
    isAfterGap = samples.length > 0 && !state.samples.some(sample => sample.at === samples.at(-1).at);
    state.samples.forEach(add);
  });

  source.addEventListener("sample", event => {
    setConnected("Resumed: nothing is missing");
    add(JSON.parse(event.data));
  });

  // The browser reconnects with the last event id, but not after an error status.
  source.addEventListener("error", () => {
    setLost("Connection lost, retrying…");
    if (source.readyState === EventSource.CLOSED)
      setTimeout(connect, 1000);
  });
}

short.addEventListener("click", () => lose(5));
long.addEventListener("click", () => lose(longOutage()));

function longOutage() {
  return Math.ceil((history + 10) * interval / 1000);
}

function lose(seconds) {
  if (lostAt !== null)
    return;
  source.close();
  setLost(`Connection lost for ${seconds} s`);
  setTimeout(connect, 1000 * seconds);
}

function add(sample) {
  const last = samples.at(-1);
  if (last && sample.at <= last.at)
    return;
  if (isAfterGap) {
    isAfterGap = false;
    sample.gapSince = last.at;
    tell(`A gap of ${seconds(sample.at - last.at)}: the server does not remember more`, "gap");
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
  short.ariaDisabled = long.ariaDisabled = "false";
}

function setLost(words) {
  if (lostAt === null) {
    lostAt = Date.now();
    tell("Connection lost");
  }
  setStatus("lost", words);
  // With the attribute "disabled", the pressed button would lose the focus.
  short.ariaDisabled = long.ariaDisabled = "true";
}

// Draws once for many samples that come together.
function draw() {
  if (isDrawing)
    return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
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
  const panel = make("section", "card");
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
  svg.ariaLabel = title;
  svg.classList.add("chart");
  svg.addEventListener("pointermove", event => point(svg.nearest?.(event.offsetX)));
  svg.addEventListener("pointerleave", () => point(null));
  new ResizeObserver(draw).observe(svg);
  panel.append(make("h2", "", title), list, svg);
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

function tell(words, className) {
  const item = make("li", className);
  item.append(make("time", "", clock(Date.now())), " ", words);
  log.prepend(item);
  if (log.childElementCount > 8)
    log.lastElementChild.remove();
}

function figure(line, sample) {
  const value = line.value(sample);
  const digits = line.unit && value < 100 ? 1 : 0;
  return value.toLocaleString([], { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function clock(at) {
  return new Date(at).toLocaleTimeString();
}
