// Draws lines over time into an SVG element. It replaces all elements, because a few hundred a second are cheap.

const margin = { left: 40, right: 10, top: 12, bottom: 24 };

// After a longer pause than this number of intervals, the server was not running.
const pause = 3;

export function drawChart(svg, samples, { lines, least, from, to, interval, pointed }) {
  const right = svg.clientWidth - margin.right;
  const bottom = svg.clientHeight - margin.bottom;
  const top = roundUp(Math.max(least, ...samples.flatMap(sample => lines.map(line => line.value(sample)))));
  const x = at => margin.left + (right - margin.left) * (at - from) / (to - from);
  const y = value => bottom - (bottom - margin.top) * value / top;

  svg.setAttribute("viewBox", `0 0 ${svg.clientWidth} ${svg.clientHeight}`);
  const gaps = samples.filter(sample => sample.gapSince && sample.at > from)
    .map(({ gapSince, at }) => ({ left: Math.max(x(gapSince), margin.left), right: x(at), length: at - gapSince }));

  svg.nearest = offset => samples.reduce((best, sample) =>
    Math.abs(x(sample.at) - offset) < Math.abs(x(best.at) - offset) ? sample : best);

  svg.replaceChildren(
    ...[0, top / 2, top].flatMap(value => [
      make("line", { class: "grid", x1: margin.left, x2: right, y1: y(value), y2: y(value) }),
      make("text", { class: "tick value", x: margin.left - 8, y: y(value) }, value.toLocaleString()),
    ]),
    ...times(from, to, (right - margin.left) / 90).filter(at => x(at) < right - 28).map(at =>
      make("text", { class: "tick time", x: x(at), y: bottom + 17 }, new Date(at).toLocaleTimeString())),
    ...gaps.map(gap =>
      make("rect", { class: "gap", x: gap.left, width: gap.right - gap.left, y: margin.top, height: bottom - margin.top })),
    ...lines.flatMap((line, index) => runs(samples, pause * interval).flatMap(run => drawRun(run, line, `line line${index}`))),
    ...lines.map((line, index) => drawDot(pointed ?? samples.at(-1), line, `dot line${index}`)),
    ...gaps.map(drawGapLabel),
    ...(pointed ? [make("line", { class: "pointer", x1: x(pointed.at), x2: x(pointed.at), y1: margin.top, y2: bottom })] : []),
  );

  function drawGapLabel(gap) {
    const middle = Math.min(Math.max((gap.left + gap.right) / 2, margin.left + 30), right - 30);
    return make("text", { class: "gap-label", x: middle, y: (margin.top + bottom) / 2 }, `gap ${seconds(gap.length)}`);
  }

  function drawRun(run, line, className) {
    const points = run.map(sample => `${x(sample.at).toFixed(1)} ${y(line.value(sample)).toFixed(1)}`).join("L");
    const [first, last] = [x(run[0].at), x(run.at(-1).at)];
    return [
      make("path", { class: `${className} area`, d: `M${points}L${last} ${bottom}L${first} ${bottom}Z` }),
      make("path", { class: className, d: `M${points}` }),
    ];
  }

  function drawDot(sample, line, className) {
    return make("circle", { class: className, cx: x(sample.at), cy: y(line.value(sample)), r: 3.5 });
  }
}

// The line is broken at a gap, and where the server was not running.
function runs(samples, longest) {
  const found = [];
  samples.forEach((sample, index) => {
    if (index === 0 || sample.gapSince || sample.at - samples[index - 1].at > longest)
      found.push([]);
    found.at(-1).push(sample);
  });
  return found;
}

// Returns the end of an axis. Its half is easy to read as well.
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 6, 8, 10].find(step => step * power >= value) * power;
}

// Returns the times to write below the chart, as many as have room.
function times(from, to, most) {
  const step = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600].find(step => (to - from) / step / 1000 <= most) * 1000;
  const found = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step)
    found.push(at);
  return found;
}

export function seconds(milliseconds) {
  return `${(milliseconds / 1000).toLocaleString([], { maximumFractionDigits: milliseconds < 10_000 ? 1 : 0 })} s`;
}

function make(tag, attributes, words = "") {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes))
    element.setAttribute(name, value);
  element.textContent = words;
  return element;
}
