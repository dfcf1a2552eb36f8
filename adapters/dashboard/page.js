// What the page does by itself: shows texts that come, hands clicks on, keeps the theme.
(() => {
  const QUIETLY = {sync: false};  // colours are this page's own
  const state = {clicks: null, figures: [], count: 0, waiting: [], asker: null};

  const paint = () => {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const text = colour("--text-soft");
    for (const figure of state.figures) {
      for (const {data_source, glyph} of figure.renderers) {
        const mean = colour("--mean");
        if (data_source.name === "heart.mean") glyph.setv({line_color: mean}, QUIETLY);
        if (data_source.name === "heart.alone") glyph.setv({line_color: mean, fill_color: mean}, QUIETLY);
        if (data_source.name === "notes" && glyph.text_color) glyph.setv({text_color: text}, QUIETLY);
      }
      for (const side of ["below", "left", "right"]) {
        for (const axis of figure[side]) {
          if (axis.major_label_text_color !== undefined)
            axis.setv({major_label_text_color: text, axis_label_text_color: text}, QUIETLY);
        }
      }
    }
  };

  // Panel gives its slider's handles and its checkbox no name that a screen reader would find.
  const name = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.matches(".noUi-handle-lower")) element.ariaLabel = "First day";
      else if (element.matches(".noUi-handle-upper")) element.ariaLabel = "Last day";
      else if (element.matches("input[type=checkbox]") && element.labels.length === 0)
        element.ariaLabel = element.getRootNode().textContent.trim();
      if (element.shadowRoot !== null) name(element.shadowRoot);
    }
  };

  // Bokeh keeps every touch of a chart to itself: up and down shall move the page. A touch that
  // becomes such a movement is cancelled at (0, 0), which Bokeh takes for the other end of a zoom;
  // so it is told that the touch ended where it began.
  const tame = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.matches(".bk-events")) {
        let began = null;
        element.style.touchAction = "pan-y pinch-zoom";
        element.tabIndex = -1;  // the chart around it is where the keyboard stops
        element.addEventListener("pointerdown", (event) => { began = event; }, true);
        element.addEventListener("pointercancel", (event) => {
          if (!event.isTrusted || began === null) return;
          event.stopImmediatePropagation();
          const {pointerId, pointerType, clientX, clientY} = began;
          element.dispatchEvent(
            new PointerEvent("pointercancel", {pointerId, pointerType, clientX, clientY}));
        }, true);
      }
      if (element.shadowRoot !== null) tame(element.shadowRoot);
    }
  };

  const send = (word) => {
    if (state.clicks === null) state.waiting.push(word);
    else state.clicks.tags = [`${word}#${++state.count}`];
  };

  const put = (id, html) => {
    const element = document.getElementById(id);
    if (element === null || element.innerHTML === html) return;
    element.innerHTML = html;
    if (id === "origin") {
      element.hidden = html === "";
      if (state.asker !== null) (html === "" ? state.asker : element.querySelector("button")).focus();
      if (html === "") state.asker = null;
    }
  };

  window.dashboard = {
    send,
    show(parts) {
      for (const [id, content] of Object.entries(parts)) {
        if (id === "empty") {
          for (const section of document.querySelectorAll("[data-signal]"))
            section.classList.toggle("unknown", content.includes(section.dataset.signal));
        } else if (id === "hidden") {
          for (const section of document.querySelectorAll("[data-signal]"))
            section.hidden = content.includes(section.dataset.signal);
        } else if (id === "reload") {
          location.replace(location.pathname);
        } else if (id === "save") {
          const link = document.createElement("a");
          const bytes = Uint8Array.from(atob(content.base64), (one) => one.charCodeAt(0));
          link.href = URL.createObjectURL(new Blob([bytes], {type: content.type}));
          link.download = content.name;
          link.click();
          setTimeout(() => URL.revokeObjectURL(link.href), 10000);
        } else if (typeof content === "string") put(id, content);
      }
    },
    connect(clicks, figures) {
      const range = figures[0].x_range;
      range.change.connect(() => document.documentElement.classList.toggle(
        "zoomed", range.start !== range.reset_start || range.end !== range.reset_end));
      state.clicks = clicks;
      state.figures = figures;
      paint();
      name(document.querySelector("aside"));
      tame(document.querySelector("main"));
      for (const word of state.waiting.splice(0)) send(word);
      document.documentElement.dataset.ready = "yes";
    },
  };

  const dark = (wanted) => {
    document.documentElement.dataset.theme = wanted ? "dark" : "light";
    for (const button of document.querySelectorAll("[data-theme-toggle]"))
      button.setAttribute("aria-pressed", String(wanted));
    try { localStorage.setItem("theme", wanted ? "dark" : "light"); } catch { /* not kept */ }
    paint();
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.themeToggle !== undefined)
      dark(document.documentElement.dataset.theme !== "dark");
    if (button.dataset.send) send(button.dataset.send);
    if (button.dataset.close) put(button.dataset.close, "");
    if (button.dataset.tab) {
      for (const one of button.parentElement.children)
        one.setAttribute("aria-selected", String(one === button));
      send(`detail:${button.dataset.tab}`);
    }
  });

  document.addEventListener("toggle", (event) => {
    const details = event.target;
    if (details.dataset?.table) send(`${details.open ? "table" : "close"}:${details.dataset.table}`);
  }, true);

  document.addEventListener("keydown", (event) => {
    const chart = document.activeElement?.closest?.("[data-chart]")?.dataset.chart;
    if (event.key === "Escape") put("origin", "");
    if (chart && (event.key === "ArrowRight" || event.key === "ArrowLeft")) {
      event.preventDefault();
      window.crosshair.step(chart, event.key === "ArrowRight" ? 1 : -1);
    }
    if (chart && event.key === "Enter" && window.crosshair.at() !== null) {
      state.asker = document.activeElement;  // the keyboard goes to the answer and comes back
      send(`origin:${chart}@${window.crosshair.at()}`);
    }
    const list = event.target.closest?.("[role=tablist]");
    if (list && (event.key === "ArrowRight" || event.key === "ArrowLeft")) {
      const tabs = [...list.children];
      const step = event.key === "ArrowRight" ? 1 : -1;
      const next = tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length];
      next.focus();
      next.click();
    }
  });

  document.addEventListener("DOMContentLoaded", () => {
    let kept = null;
    try { kept = localStorage.getItem("theme"); } catch { /* not kept */ }
    dark(kept ? kept === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
    if (matchMedia("(min-width: 900px)").matches) document.getElementById("controls").open = true;
  });
})();
