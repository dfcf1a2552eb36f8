"""Real Chromium, and the dashboard as a process of its own."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

PROJECT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DESKTOP = {"viewport": {"width": 1440, "height": 1000}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
WIDE = pytest.mark.parametrize("demo", [DESKTOP], ids=["1440"], indirect=True)
NARROW = pytest.mark.parametrize("demo", [PHONE], ids=["390"], indirect=True)
WIDTHS = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1440", "390"])
WAIT_MS = 30_000
STARTS_WITHIN_SECONDS = 120


@pytest.fixture(scope="session")
def chromium():
    """A browser."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


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
            self.press(self.page.get_by_text("Range and view"))

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


@pytest.fixture
def visit(chromium):
    """Opens pages, each in a profile of its own; complains of what the page complained of."""
    visits = []

    def open_page(url, size=DESKTOP, context=None, **more):
        context = context or chromium.new_context(**size, **more)
        found = opened(context, url, size)
        visits.append(found)
        return found.ready()

    yield open_page
    for each in visits:
        each.page.context.close()
    assert [text for each in visits for text in each.complaints] == []


def opened(context, url, size=DESKTOP, kind=Visit):
    """A page that is being loaded, and heard from its beginning."""
    found = kind(context.new_page(), size)
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


@pytest.fixture(scope="session")
def public_home(tmp_path_factory):
    """The home of the server that the tests of the demo's page share."""
    return tmp_path_factory.mktemp("dashboard") / "data"


@pytest.fixture(scope="session")
def public_url(chromium, public_home):
    """`serve` as on a fresh clone: nothing was ever run."""
    command = [sys.executable, "cli.py", "--home", public_home, "serve", "--port", "{port}"]
    elsewhere = environment(public_home.parent / "elsewhere")
    with served(command, elsewhere, public_home.parent / "log") as url:
        yield f"{url}/"


class DemoVisit(Visit):
    """An open page of the demo that is asked for its charts."""

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


@pytest.fixture(scope="session")
def pages(chromium, public_url):
    """A page of each width, opened once: loading it takes longer than most of what is tried."""
    found = {}

    def of(size):
        name = str(size)
        if name not in found:
            found[name] = opened(chromium.new_context(**size), public_url, size, DemoVisit).ready()
        return found[name]

    return of


@pytest.fixture(params=[DESKTOP, PHONE], ids=["1440", "390"])
def demo(request, pages, public_url):
    """The demo's page as it begins, wide and narrow; whatever goes wrong in it fails the test."""
    found = pages(request.param)
    yield found
    found.page.keyboard.press("Escape")
    if "90 days" not in found.text("#range"):
        found.choose("90 days")
        found.until_text("#range", "90 days")
    assert found.complaints == []
    assert found.hosts == {urlsplit(public_url).netloc}


@contextlib.contextmanager
def served(command, environment, log):
    """A server process and its address; `{port}` in the command is a free one."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(part).replace("{port}", str(port)) for part in command]
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, env=environment, cwd=PROJECT, stdout=output, stderr=output,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url, server, log)
        yield url
    finally:
        server.terminate()
        server.wait(30)


def _wait_for(url, server, log):
    end = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < end:
        assert server.poll() is None, log.read_text()
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.2)
    raise AssertionError(log.read_text())


def environment(home, **more):
    """What a server is started with."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PDP_")}
    return {**kept, "PDP_HOME": str(home), "TZ": "UTC", **more}


def program(home, *arguments, **more):
    """Run `python cli.py` to its end."""
    done = subprocess.run(
        [sys.executable, "cli.py", *arguments, "--quiet"], env=environment(home, **more),
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done
