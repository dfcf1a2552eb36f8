"""The dashboard in headless Chromium: ninety days and ten years beside an empty page.

    python tests/benchmarks/dashboard.py [--home FOLDER] [--visits N] [--sessions N]

Each profile has a heart rate each minute, four blood pressure readings on most days, and a night
each day. Pages are visited in turns, so that what else the machine does meets all alike:

- `server_ms`    time of the processor that a new session costs the server, until its page is drawn
- `bytes`        what came over the websocket until then
- `drawn_ms`     from asking for the page until every canvas is drawn
- `change_ms`    from a click on a quick range until all charts show it
- `session_mb`   memory that one more open page costs the server
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from dashboard_profiles import make_profile
from playwright.sync_api import Browser, Page, sync_playwright

PROFILES: Final = {"quarter": 90, "decade": 3650}
_SERVER: Final = Path(__file__).with_name("dashboard_server.py")
_SHOWN: Final = """(days) => {
    const charts = Bokeh.documents[0].roots().flatMap((root) => [root, ...(root.children ?? [])]);
    const {start, end} = charts.find((one) => one.name === 'systolic' && one.x_range).x_range;
    return Math.round((end - start) / 86400000) === days
        && document.getElementById('range').innerText.includes(`${days} days`);
}"""
_TWO_FRAMES: Final = (
    "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
)


class Server:
    """A running server of one profile."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process, self.address = process, f"http://127.0.0.1:{port}"

    def seconds(self) -> float:
        """The processor time that it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def megabytes(self) -> float:
        """The memory that it holds."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def server_of(home: Path, profile: str) -> Iterator[Server]:
    """Serve a profile."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(_SERVER), str(home), profile, str(port)]
    project = _SERVER.parents[2]
    environment = {**os.environ, "PYTHONPATH": str(project)}
    process = subprocess.Popen(command, cwd=project, env=environment)
    server = Server(process, port)
    for _ in range(600):
        with suppress(OSError), urllib.request.urlopen(f"{server.address}/empty", timeout=30):
            break
        time.sleep(0.2)
    yield server
    process.terminate()
    process.wait(20)


def visited(browser: Browser, server: Server, path: str) -> tuple[Page, dict[str, float]]:
    """Open a page and say what that took."""
    page = browser.contexts[0].new_page()
    received = [0]
    page.on(
        "websocket",
        lambda socket: socket.on(
            "framereceived", lambda frame: received.__setitem__(0, received[0] + len(frame))
        ),
    )
    before, begun = server.seconds(), time.perf_counter()
    page.goto(server.address + path)
    if path == "/empty":
        page.wait_for_function("window.Bokeh?.documents?.length > 0 && Bokeh.documents[0].is_idle")
    else:
        page.wait_for_function("document.documentElement.dataset.ready === 'yes'")
        page.wait_for_function(
            "Bokeh.documents[0].is_idle && Object.keys(Bokeh.index.roots ?? {x: 1}).length > 0"
        )
    page.evaluate(_TWO_FRAMES)
    took = time.perf_counter() - begun
    return page, {
        "server_ms": (server.seconds() - before) * 1000,
        "bytes": received[0],
        "drawn_ms": took * 1000,
    }


def changed(page: Page) -> float:
    """How long a change of the range takes until it is shown, in milliseconds."""
    times = []
    for quick, days in (("7 days", 7), ("30 days", 30), ("90 days", 90)) * 2:
        begun = time.perf_counter()
        page.get_by_role("button", name=quick, exact=True).click()
        page.wait_for_function(_SHOWN, arg=days, polling="raf")
        page.evaluate(_TWO_FRAMES)
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


def measured(home: Path, visits: int, sessions: int) -> dict[str, Any]:
    """All figures, as medians."""
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in ("empty", *PROFILES)}
    executable = shutil.which("chromium")
    with (
        sync_playwright() as playwright,
        server_of(home, "quarter") as quarter,
        server_of(home, "decade") as decade,
    ):
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        browser.new_context(viewport={"width": 1440, "height": 1000})
        pages = {"empty": (quarter, "/empty"), "quarter": (quarter, "/"), "decade": (decade, "/")}
        for turn in range(visits + 1):
            for name, (server, path) in pages.items():
                page, took = visited(browser, server, path)
                if name != "empty" and turn:
                    took["change_ms"] = changed(page)
                page.close()
                if turn:  # the first visit warms up
                    figures[name].append(took)
        memory = decade.megabytes()
        opened = [visited(browser, decade, "/")[0] for _ in range(sessions)]
        grown = (decade.megabytes() - memory) / sessions
        held = sum(page.locator("[data-chart] canvas").count() > 0 for page in opened)
        browser.close()
    return {
        **{name: _medians(rows) for name, rows in figures.items()},
        "sessions": {"open": held, "session_mb": round(grown, 1)},
    }


def _medians(rows: list[dict[str, float]]) -> dict[str, float]:
    return {name: round(statistics.median(row[name] for row in rows)) for name in rows[0]}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--home", type=Path, default=Path(tempfile.gettempdir(), "dashboard-benchmark")
    )
    parser.add_argument("--visits", type=int, default=5)
    parser.add_argument("--sessions", type=int, default=20)
    options = parser.parse_args()
    for name, days in PROFILES.items():
        make_profile(options.home.absolute(), name, days)
    found = measured(options.home.absolute(), options.visits, options.sessions)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
