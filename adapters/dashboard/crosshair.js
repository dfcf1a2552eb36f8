// The magnetic crosshair: snaps to the reading nearest to the pointer and marks it in all charts.
// Arguments: chart, span, rings, sources, anchors, told; cb_data or a wanted instant.
const nearest = (name, x) => {
  const {time, value} = sources[name].data;
  let best = null;
  for (let i = 0; i < time.length; i++) {
    if (Number.isFinite(value[i]) && (best === null || Math.abs(time[i] - x) < Math.abs(best.time - x)))
      best = {time: time[i], value: value[i], name};
  }
  return best;
};

const nearestOf = (names, x) => names
  .map((name) => nearest(name, x))
  .filter((found) => found !== null)
  .sort((a, b) => Math.abs(a.time - x) - Math.abs(b.time - x))[0] ?? null;

const hours = (value) => `${Math.floor(value)} h ${String(Math.round(value % 1 * 60)).padStart(2, "0")} min`;
const shown = (value, unit) => unit === "h" ? hours(value) : `${Math.round(value)}${unit ? "\u00a0" + unit : ""}`;

const wanted = cb_data.geometry.x;
const found = nearestOf(anchors[chart], wanted);
if (found !== null && span.location !== found.time) {
  const reach = span.tags[0] ?? 43200000;
  span.location = found.time;
  const parts = [], seen = new Set();
  const close = told
    .map(([name, label, unit]) => ({label, unit, found: nearest(name, found.time)}))
    .filter((one) => one.found !== null && Math.abs(one.found.time - found.time) <= reach)
    .sort((a, b) => Math.abs(a.found.time - found.time) - Math.abs(b.found.time - found.time));
  for (const [name, label, unit] of told) {
    const one = close.find((each) => each.label === label);
    if (one && !seen.has(label)) {
      seen.add(label);
      parts.push(`${label} <b>${shown(one.found.value, unit)}</b>`);
    }
  }
  for (const name of Object.keys(rings)) {
    const mark = nearestOf(anchors[name], found.time);
    const near = mark !== null && Math.abs(mark.time - found.time) <= reach;
    rings[name].data = near ? {time: [mark.time], value: [mark.value]} : {time: [], value: []};
  }
  const when = new Date(found.time).toLocaleString("en-GB", {
    timeZone: "UTC", weekday: "short", day: "numeric", month: "short", year: "numeric",
    ...(reach < 43200000 || chart.endsWith("tolic") && reach === 43200000 ? {hour: "2-digit", minute: "2-digit"} : {}),
  });
  const line = document.getElementById("readout");
  if (line) line.innerHTML = `<span class="when">${when}</span> ${parts.join(" · ")}`;
}
