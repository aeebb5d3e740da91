import { drawChart, seconds } from "./chart.js";
import { elements, make, setStatus } from "./sample.js";

const [status, short, long, log, table, panel] = elements("status", "short", "long", "log", "table", "panel");

// The width of a chart in samples, without gaps.
const width = 60;

// The end of an axis is at least "least".
const figures = [
  { title: "CPU", unit: "% of one core", least: 4, value: sample => sample.cpu },
  { title: "Memory", unit: "MB", least: 10, value: sample => sample.memory / 1e6 },
  { title: "Subscribers", unit: "open streams", least: 4, value: sample => sample.subscribers },
  { title: "Events", unit: "delivered/s", least: 4, value: sample => sample.eventsPerSecond },
];
const panels = figures.map(makePanel);

// The known samples, the oldest first. A sample after a gap has the time of the last one before the gap.
let samples = [];

let interval = 1000;
let history = 0;
let source = null;
let lostAt = null;
let isAfterGap = false;

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
    draw();
  });

  source.addEventListener("sample", event => {
    setConnected("Resumed: nothing is missing");
    add(JSON.parse(event.data));
    draw();
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
    tell(`A gap of ${seconds(sample.at - last.at)}: the server does not remember more`);
  }
  samples.push(sample);
  samples = samples.filter(other => other.at >= sample.at - width * interval);
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

function tell(words) {
  log.prepend(make("li", "", `${clock(Date.now())} ${words}`));
}

function makePanel(figure) {
  const made = panel.content.firstElementChild.cloneNode(true);
  made.querySelector("h2").textContent = figure.title;
  made.querySelector(".hint").textContent = figure.unit;
  made.querySelector(".chart").ariaLabel = figure.title;
  panel.before(made);
  return made;
}

function draw() {
  const last = samples.at(-1);
  if (!last)
    return;
  figures.forEach((figure, index) => {
    const svg = panels[index].querySelector(".chart");
    panels[index].querySelector(".number").textContent = format(figure, last);
    svg.ariaLabel = `${figure.title}: ${format(figure, last)} ${figure.unit}`;
    drawChart(svg, samples, figure, last.at - width * interval, last.at);
  });
  if (table.open)
    fillTable();
}

table.addEventListener("toggle", draw);

function fillTable() {
  table.querySelector("thead").replaceChildren(row("th", ["Time", ...figures.map(figure => `${figure.title}, ${figure.unit}`)]));
  table.querySelector("tbody").replaceChildren(...samples.toReversed().map(sample => {
    const filled = row("td", [clock(sample.at), ...figures.map(figure => format(figure, sample))]);
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

function format(figure, sample) {
  return figure.value(sample).toLocaleString([], { maximumFractionDigits: 1 });
}

function clock(at) {
  return new Date(at).toLocaleTimeString();
}
