// The magnetic crosshair: snaps to the reading nearest to the pointer and marks it in all charts.
window.crosshair = (() => {
  const HALF_DAY = 43200000;
  const QUIETLY = {sync: false};  // the server need not know where a pointer is
  let span = null, range = null, sources = {}, anchors = {}, told = [];

  const nearest = (name, x) => {
    const {time, value, half, name: names} = sources[name].data;
    let best = null;
    for (let at = 0; at < time.length; at++) {
      const distance = Math.max(0, Math.abs(time[at] - x) - (half?.[at] ?? 0));  // one may last
      if (Number.isFinite(value[at]) && (best === null || distance < best.distance))
        best = {time: time[at], value: value[at], name: names?.[at], distance};
    }
    return best;
  };

  const nearestOf = (names, x) => names
    .map((name) => nearest(name, x))
    .filter((found) => found !== null)
    .sort((a, b) => a.distance - b.distance)[0] ?? null;

  const hours = (value) => {
    const minutes = Math.round(value * 60);
    return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
  };
  const shown = (value, unit) => unit === "h" ? hours(value) : `${Math.round(value)}${unit && `\u00a0${unit}`}`;

  const dated = (chart, time, reach) => {
    const clock = reach < HALF_DAY || (chart.endsWith("tolic") && reach === HALF_DAY);
    return new Date(time).toLocaleString("en-GB", {
      timeZone: "UTC", weekday: "short", day: "numeric", month: "short", year: "numeric",
      ...(clock ? {hour: "2-digit", minute: "2-digit"} : {}),
    });
  };

  const tell = (chart, time, reach) => {
    const parts = told.map(([label, unit, names]) => {
      const found = nearestOf(names, time);
      const near = found !== null && found.distance <= reach;
      return near ? `${label} <b>${found.name ?? shown(found.value, unit)}</b>` : null;
    });
    const noted = sources.notes.data;
    for (let at = 0; at < noted.time.length; at++) {
      if (noted.time[at] <= time && time < noted.end[at]) {
        const text = document.createElement("i");
        text.textContent = noted.label[at];
        parts.push(text.outerHTML);
      }
    }
    const line = parts.filter((part) => part !== null).join(" · ");
    document.getElementById("readout").innerHTML =
      `<span class="when">${dated(chart, time, reach)}</span> ${line}`;
  };

  const show = (chart, found) => {
    const reach = span.tags[0] ?? HALF_DAY;
    span.setv({location: found.time}, QUIETLY);
    for (const [name, names] of Object.entries(anchors)) {
      const mark = name === chart ? found : nearestOf(names, found.time);
      const near = mark !== null && (name === chart || mark.distance <= reach);
      const data = near ? {time: [mark.time], value: [mark.value]} : {time: [], value: []};
      sources[`${name}.ring`].setv({data}, QUIETLY);
    }
    tell(chart, found.time, reach);
  };

  return {
    connect(figures, itsSpan, itsAnchors, itsTold) {
      [span, anchors, told] = [itsSpan, itsAnchors, itsTold];
      range = figures[0].x_range;
      sources = Object.fromEntries(figures
        .flatMap((figure) => figure.renderers)
        .map((renderer) => [renderer.data_source.name, renderer.data_source]));
      for (const figure of figures)  // a finger does not hover
        figure.on_event("tap", ({x}) => this.point(figure.name, x));
    },
    point(chart, x) {
      if (!Number.isFinite(x)) return;  // the pointer has just left
      const found = span && nearestOf(anchors[chart], x);
      if (found && span.location !== found.time) show(chart, found);
    },
    step(chart, direction) {
      const isSeen = span.location !== null && range.start <= span.location && span.location <= range.end;
      const from = isSeen ? span.location : direction > 0 ? -Infinity : Infinity;
      const times = anchors[chart]
        .flatMap((name) => [...sources[name].data.time].filter((_, at) => Number.isFinite(sources[name].data.value[at])))
        .filter((time) => direction > 0 ? time > from : time < from);
      if (times.length) this.point(chart, direction > 0 ? Math.min(...times) : Math.max(...times));
    },
    at() {
      return span?.location ?? null;
    },
  };
})();
