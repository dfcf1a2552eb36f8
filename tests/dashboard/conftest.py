"""Real Chromium, and the dashboard as a process of its own."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.dashboard.visiting import DESKTOP, PHONE, opened

PROJECT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WIDE = pytest.mark.parametrize("demo", [DESKTOP], ids=["1440"], indirect=True)
NARROW = pytest.mark.parametrize("demo", [PHONE], ids=["390"], indirect=True)
WIDTHS = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1440", "390"])
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


@pytest.fixture(scope="session")
def pages(chromium, public_url):
    """A page of each width, opened once: loading it takes longer than most of what is tried."""
    found = {}

    def of(size):
        name = str(size)
        if name not in found:
            found[name] = opened(chromium.new_context(**size), public_url, size).ready()
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
