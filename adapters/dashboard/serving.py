"""The page as a server: what each visitor gets, and a first generation where there is none."""

import gc
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from errno import EADDRINUSE
from pathlib import Path
from typing import Final

import panel as pn
from panel.template import Template
from tornado.netutil import bind_sockets

from adapters.dashboard import DashboardError
from adapters.dashboard.figures import prepare
from adapters.dashboard.headers import guard_answers
from adapters.dashboard.page import Page
from adapters.dashboard.private.login import Login
from adapters.dashboard.private.noting import Notes
from adapters.dashboard.private.opening import PrivateData, gate_of_process
from adapters.dashboard.private.timing import Timing
from adapters.dashboard.private.tokens import PARAMETER, OneTimeAddress
from adapters.dashboard.shell import TITLE, shell
from adapters.dashboard.store import DataStore, ProfileStore
from adapters.profile import DEMO, OWNER, Profile
from adapters.settings import Settings

PROJECT: Final = Path(__file__).resolve().parent.parent.parent
PLAIN: Final = "This connection is not encrypted: do not type a passphrase here."
USED: Final = "This address opens nothing (any more); the terminal shows the next one."


class CannotListenError(DashboardError):
    """The address or port is not to be had."""

    exit_code = 2


@dataclass(frozen=True)
class Visits:
    """Makes the page of each visit: the public data, and what unlocks the private view.

    Attributes:
        store: The public data, which all visits share.
        guideline: The one to begin with.
        private: What a passphrase opens; None where there is none.
        address: Opens `owner` without one, on one's own machine.
        owner: The private profile of this machine.
        timing: Makes the time of an unlocked view.
        notes: Takes the notes of who unlocked it, where the profile is on this machine.
    """

    store: ProfileStore
    guideline: str | None = None
    private: PrivateData | None = None
    address: OneTimeAddress | None = None
    owner: Callable[[], DataStore] | None = None
    timing: Callable[[], Timing] = Timing
    notes: Notes | None = None

    def page(self) -> Template:
        """A new visit's page, attached to the document that is being served."""
        page = Page(self.store, self.guideline)
        is_there = self.private is not None and self.private.is_there
        unlock = self.private.opened if self.private is not None and is_there else None
        warning = PLAIN if is_exposed(_request_headers()) else ""
        login = Login(page, unlock, self.timing, warning, self.notes)
        if pn.state.curdoc is not None:
            page.attach(pn.state.curdoc)
            login.attach(pn.state.curdoc)
        self._open_by_address(login)
        return shell(page, login.view)

    def _open_by_address(self, login: Login) -> None:
        if self.address is None or self.owner is None:
            return
        given = (pn.state.session_args or {}).get(PARAMETER, [b""])[0]
        if self.address.spend(given.decode("ascii", "replace")):
            login.show(self.owner())
        else:
            login.tell(USED)


def visits_of(
    settings: Settings, owner: str | None = None, address: OneTimeAddress | None = None
) -> Visits:
    """The visits of the demo person's page, and of the data that its owner may open.

    Args:
        settings: What the program was told.
        owner: The private profile; default: the one of the settings.
        address: Opens it without a passphrase.

    Raises:
        NothingToShowError: It is to be opened, and nothing of it is published.
    """
    demo = Profile(settings.home, DEMO, leaves_no_trace=True)
    own = Profile(settings.home, owner or settings.profile or OWNER, leaves_no_trace=True)
    windows = settings.morning, settings.evening
    if address is not None:
        ProfileStore(own, windows).current()
    return Visits(
        make_ready(demo, settings),
        settings.guideline,
        PrivateData(settings, own, gate_of_process()) if address is None else None,
        address,
        lambda: ProfileStore(own, windows),
        notes=None if address is None and settings.remote else Notes(own),
    )


def is_exposed(headers: Mapping[str, str]) -> bool:
    """Whether what is typed could be read on the way: not encrypted, and not this machine."""
    host = headers.get("Host", "localhost").rpartition(":")[0] or headers.get("Host", "")
    is_near = host in {"", "localhost", "127.0.0.1", "[::1]"}
    return not is_near and headers.get("X-Forwarded-Proto") != "https"


def _request_headers() -> Mapping[str, str]:
    context = pn.state.curdoc.session_context if pn.state.curdoc is not None else None
    return context.request.headers if context is not None and context.request else {}


def make_ready(profile: Profile, settings: Settings) -> ProfileStore:
    """All that visitors share: data that is published, and charts that are drawn."""
    if profile.name == DEMO and not profile.exists:
        make_first_generation(profile)
    store = ProfileStore(profile, (settings.morning, settings.evening))
    store.current().series  # noqa: B018 - made before the first visitor waits for it
    prepare()
    Page(store, settings.guideline)
    gc.collect()
    gc.freeze()  # what is there now stays; no visitor waits for a look through it
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


def see_that_it_can_listen(address: str, port: int) -> None:
    """Ask for an address before anything is made ready for it.

    Raises:
        CannotListenError: Something else listens there, or it is not this machine's.
    """
    try:
        for listening in bind_sockets(port, address):
            listening.close()
    except OSError as error:
        why = "something else listens there" if error.errno == EADDRINUSE else error.strerror
        raise CannotListenError(
            f"{address}:{port} is not to be had: {why}; choose with --port and --address"
        ) from None


def serve(
    application: Callable[[], Template],
    address: str,
    port: int,
    *,
    origins: Sequence[str] = (),
    on_listening: Callable[[], None] = lambda: None,
) -> None:
    """Serve a page until interrupted or terminated.

    Args:
        application: Makes a visitor's page.
        address: The address to listen on.
        port: Where to listen.
        origins: Hosts, with a port unless it is the usual one, under which a browser may know the
            page beside this address: those of a proxy in front of it.
        on_listening: Called as soon as browsers can connect.
    """
    guard_answers()
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    server = pn.serve(
        {"/": application},
        address=address,
        port=port,
        title=TITLE,
        show=False,
        start=False,
        verbose=False,
        compress_response=True,
        websocket_origin=[
            *(f"{host}:{port}" for host in ("localhost", "127.0.0.1", address)),
            *origins,
        ],
    )
    server.start()
    on_listening()
    server.io_loop.start()
