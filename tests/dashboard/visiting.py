"""A page in the browser: what a visitor does there, and what the page loads and complains of."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

DESKTOP = {"viewport": {"width": 1440, "height": 1000}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
WAIT_MS = 30_000


@dataclass
class Visit:
    """A page in the browser, with all that it loaded, was told and complained of."""

    page: object
    size: dict = field(default_factory=lambda: DESKTOP)
    complaints: list = field(default_factory=list)
    hosts: set = field(default_factory=set)
    frames: list = field(default_factory=list)

    def ready(self):
        """Wait until the page is there."""
        self.page.wait_for_selector("html[data-ready=yes]", timeout=60_000)
        return self

    def went_to(self, url):
        if urlsplit(url).scheme not in {"blob", "data"}:
            self.hosts.add(urlsplit(url).netloc)

    @property
    def headline(self):
        return self.page.inner_text("#headline")

    def wait_for_headline(self, text):
        self.page.wait_for_function(
            "text => document.getElementById('headline')?.innerText.includes(text)",
            arg=text,
            timeout=60_000,
        )

    def received(self, text):
        """Whether a frame brought this, as text or as numbers of a column."""
        return any(text in frame for frame in self.frames)

    @property
    def is_phone(self):
        return self.size is PHONE

    def text(self, selector):
        return self.page.locator(selector).inner_text()

    def until(self, script, arg=None):
        self.page.wait_for_function(script, arg=arg, timeout=WAIT_MS)

    def until_text(self, selector, text):
        self.until(
            "([selector, text]) => document.querySelector(selector).innerText.includes(text)",
            [selector, text],
        )

    def press(self, place):
        """A click, or on a phone a tap, on what is seen there."""
        place.tap() if self.is_phone else place.click()

    def press_button(self, name):
        self.press(self.page.get_by_role("button", name=name, exact=True).first)

    def open_controls(self):
        """A phone has them folded."""
        if not self.page.evaluate("document.getElementById('controls').open"):
            self.press(self.page.get_by_text("Range, view, login"))

    def drag(self, start, right, down=0):
        """With a pressed mouse, or with a finger."""
        (self._swipe if self.is_phone else self._pull)(*start, right, down)

    def _pull(self, x, y, right, down):
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + right, y + down, steps=4)
        self.page.mouse.up()

    def _swipe(self, x, y, right, down):
        finger = self.page.context.new_cdp_session(self.page)
        for step in range(9):
            place = {"x": x + right * step / 8, "y": y + down * step / 8}
            kind = "touchMove" if step else "touchStart"
            finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [place]})
            self.page.wait_for_timeout(16)  # as often as a screen tells
        finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def downloaded(self, place):
        """The name and the bytes of the file that a button saves."""
        with self.page.expect_download() as download:
            self.press(place)
        return download.value.suggested_filename, Path(download.value.path()).read_bytes()

    def model(self, script):
        """Ask the charts: `chart(name)` and `source(name)` are there."""
        return self.page.evaluate(self._asking(script))

    def until_model(self, script):
        """Wait until something holds of the charts."""
        self.until(self._asking(script))

    @staticmethod
    def _asking(script):
        helpers = """
            const charts = Bokeh.documents[0].roots()
                .flatMap((root) => [root, ...(root.children ?? [])]);
            const chart = (name) => charts.find((one) => one.name === name && one.x_range);
            const source = (name) => charts.flatMap((one) => one.renderers ?? [])
                .find((one) => one.data_source.name === name).data_source;
        """
        return f"() => {{ {helpers} return {script} }}"

    def choose(self, quick):
        self.open_controls()
        self.press_button(quick)

    def over(self, chart, share, *, height=0.4):
        """A place in a chart, scrolled to."""
        place = self.page.locator(f"[data-chart={chart}]")
        place.evaluate("(chart) => chart.scrollIntoView({block: 'center'})")
        box = place.bounding_box()
        return box["x"] + box["width"] * share, box["y"] + box["height"] * height

    def point(self, chart, share):
        """With the mouse, or with a finger's tap."""
        x, y = self.over(chart, share)
        self.page.touchscreen.tap(x, y) if self.is_phone else self.page.mouse.move(x, y)

    def press_point(self, chart, share):
        """A click or a tap."""
        x, y = self.over(chart, share)
        self.page.touchscreen.tap(x, y) if self.is_phone else self.page.mouse.click(x, y)


def opened(context, url, size=DESKTOP):
    """A page that is being loaded, and heard from its beginning."""
    found = Visit(context.new_page(), size)
    _listen(found)
    found.page.goto(url)
    return found


def _listen(found):
    page = found.page

    def frame(content):
        found.frames.append(content if isinstance(content, bytes) else str(content).encode())

    page.on(
        "console",
        lambda told: found.complaints.append(told.text) if told.type in {"error", "warning"} else 0,
    )
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    page.on("request", lambda request: found.went_to(request.url))
    page.on("websocket", lambda ws: (found.went_to(ws.url), ws.on("framereceived", frame)))
