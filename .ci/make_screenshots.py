"""Pictures of the dashboard for the README, taken of a freshly made demo in headless Chromium.

python .ci/make_screenshots.py
"""

import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright

PROJECT: Final = Path(__file__).resolve().parent.parent
PICTURES: Final = PROJECT / ".github" / "pictures"


@dataclass(frozen=True)
class Picture:
    """A picture: its file, the window, light or dark, and whether the crosshair shows a point."""

    name: str
    width: int
    height: int
    scheme: str = "light"
    points: bool = True
    scale: float = 1
    is_private: bool = False


TAKEN: Final = (
    Picture("dashboard.png", 1440, 1560),
    Picture("dashboard-dark.png", 1440, 1000, "dark"),
    Picture("dashboard-private.png", 1440, 1000, is_private=True),
    Picture("dashboard-phone.png", 390, 1240, points=False, scale=1.5),
)


@contextmanager
def served(*, privately: bool) -> Iterator[str]:
    """The address of a page of a fresh home.

    Whose private page is shown is the demo person under another name.
    """
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryFile("w+") as told:
        program = [sys.executable, "cli.py", "--home", home]
        subprocess.run([*program, "--profile", "demo", "--quiet"], cwd=PROJECT, check=True)
        shutil.copytree(Path(home) / "demo", Path(home) / "me")
        address = f"http://127.0.0.1:{free_port()}/"
        port = address[:-1].rpartition(":")[2]
        options = ["--port", port, *(["--private"] if privately else [])]
        server = subprocess.Popen([*program, "serve", *options], cwd=PROJECT, stderr=told)
        for _ in range(600):
            with suppress(OSError), urllib.request.urlopen(address, timeout=30):
                break
            time.sleep(0.2)
        told.seek(0)
        yield next(line.strip() for line in told if "?token=" in line) if privately else address
        server.terminate()
        server.wait(20)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def opened(browser: Browser, address: str, picture: Picture) -> Page:
    """A page as a visitor has it, its charts drawn."""
    context = browser.new_context(
        viewport={"width": picture.width, "height": picture.height},
        color_scheme="dark" if picture.scheme == "dark" else "light",
        device_scale_factor=picture.scale,
    )
    page = context.new_page()
    page.goto(address)
    page.wait_for_function("document.documentElement.dataset.ready === 'yes'")
    page.wait_for_timeout(1500)
    return page


def main() -> None:
    """Take them all."""
    for privately in (False, True):
        with served(privately=privately) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            for picture in TAKEN:
                if picture.is_private == privately:
                    take(opened(browser, address, picture), picture)
            browser.close()


def take(page: Page, picture: Picture) -> None:
    """Take one of an open page."""
    if picture.points:
        box = page.locator("[data-chart=systolic]").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] * 0.62, box["y"] + box["height"] * 0.5)
        page.wait_for_timeout(500)
    page.screenshot(path=PICTURES / picture.name)
    page.close()


if __name__ == "__main__":
    main()
