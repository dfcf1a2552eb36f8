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
DESKTOP, PHONE = {"width": 1440, "height": 1000}, {"width": 390, "height": 844}
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


@pytest.fixture
def visit(chromium):
    """Opens pages, each in a profile of its own; complains of what the page complained of."""
    visits = []

    def open_page(url, size=DESKTOP, context=None):
        context = context or chromium.new_context(viewport=size)
        found = Visit(context.new_page())
        visits.append(found)
        _listen(found)
        found.page.goto(url)
        return found.ready()

    yield open_page
    for each in visits:
        each.page.context.close()
    assert [text for each in visits for text in each.complaints] == []


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
