"""The page as a server: what each visitor gets, and a first generation where there is none."""

import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

import panel as pn
from panel.template import Template

from adapters.dashboard.figures import prepare
from adapters.dashboard.page import Page
from adapters.dashboard.shell import TITLE, shell
from adapters.dashboard.store import ProfileStore
from adapters.profile import DEMO, Profile
from adapters.settings import Settings

PROJECT: Final = Path(__file__).resolve().parent.parent.parent


def visitors_page(store: ProfileStore, guideline: str | None) -> Template:
    """A new visitor's page, attached to the document that is being served."""
    page = Page(store, guideline)
    template = shell(page)
    if pn.state.curdoc is not None:
        page.attach(pn.state.curdoc)
    return template


def make_ready(profile: Profile, settings: Settings) -> ProfileStore:
    """All that visitors share: data that is published, and charts that are drawn."""
    if profile.name == DEMO and not profile.exists:
        make_first_generation(profile)
    store = ProfileStore(profile, (settings.morning, settings.evening))
    store.current().series  # noqa: B018 - made before the first visitor waits for it
    prepare()
    Page(store, settings.guideline)
    return store


def make_first_generation(profile: Profile) -> None:
    """Run the pipeline on the embedded demo, in a process of its own."""
    home = str(profile.home.absolute())
    command = [
        sys.executable,
        str(PROJECT / "cli.py"),
        "--profile",
        DEMO,
        "--home",
        home,
        "--quiet",
    ]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)  # noqa: S603 - our own program


def serve(application: Callable[[], Template], address: str, port: int, **options: Any) -> None:
    """Serve a page until interrupted."""
    pn.serve(
        {"/": application},
        address=address,
        port=port,
        title=TITLE,
        show=False,
        compress_response=True,
        websocket_origin=[f"{host}:{port}" for host in ("localhost", "127.0.0.1", address)],
        **options,
    )


@cache
def extension() -> None:
    """Panel's settings for all sessions."""
    pn.extension(template=None)
