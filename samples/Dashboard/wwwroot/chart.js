// Draws a line over time. All lengths are in percent of the element.
export function drawChart(svg, samples, { value, least }, from, to) {
  const top = Math.max(least, ...samples.map(value));
  const x = at => 100 * (at - from) / (to - from);
  // The element stretches the line to its own size.
  const stretched = make("svg", { role: "none", viewBox: "0 0 100 100", preserveAspectRatio: "none" });
  stretched.append(...runs(samples).map(run =>
    make("polyline", { class: "line", points: run.map(sample => [x(sample.at), 95 - 80 * value(sample) / top]).join(" ") })));

  svg.replaceChildren(
    make("text", { y: 11 }, `up to ${top.toLocaleString([], { maximumFractionDigits: 1 })}`),
    ...samples.filter(sample => sample.gapSince).flatMap(sample => [
      make("rect", { class: "gap", x: `${x(sample.gapSince)}%`, width: `${x(sample.at) - x(sample.gapSince)}%`, height: "100%" }),
      make("text", { class: "gap-label", x: `${x(sample.at) - 1}%`, y: "50%" }, `gap ${seconds(sample.at - sample.gapSince)}`),
    ]),
    stretched,
  );
}

// The line is broken at a gap.
function runs(samples) {
  const found = [[]];
  for (const sample of samples) {
    if (sample.gapSince)
      found.push([]);
    found.at(-1).push(sample);
  }
  return found;
}

export function seconds(milliseconds) {
  return `${(milliseconds / 1000).toLocaleString([], { maximumFractionDigits: 1 })} s`;
}

function make(tag, attributes, words = "") {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes))
    element.setAttribute(name, value);
  element.textContent = words;
  return element;
}
