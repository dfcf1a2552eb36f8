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


TAKEN: Final = (
    Picture("dashboard.png", 1440, 1560),
    Picture("dashboard-dark.png", 1440, 1000, "dark"),
    Picture("dashboard-phone.png", 390, 1240, points=False, scale=1.5),
)


@contextmanager
def served() -> Iterator[str]:
    """The dashboard on a fresh home."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}/"
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "cli.py", "--home", home, "serve", "--port", str(port)]
        server = subprocess.Popen(command, cwd=PROJECT)
        for _ in range(600):
            with suppress(OSError), urllib.request.urlopen(address, timeout=30):
                break
            time.sleep(0.2)
        yield address
        server.terminate()
        server.wait(20)


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
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for picture in TAKEN:
            page = opened(browser, address, picture)
            if picture.points:
                box = page.locator("[data-chart=systolic]").bounding_box()
                assert box is not None
                page.mouse.move(box["x"] + box["width"] * 0.62, box["y"] + box["height"] * 0.5)
                page.wait_for_timeout(500)
            page.screenshot(path=PICTURES / picture.name)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
