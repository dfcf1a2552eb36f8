"""The part of the page that unlocks the private view, and locks it again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from html import escape
from pathlib import Path
from typing import Any, Final

import panel as pn
from bokeh.application.application import SessionContext
from bokeh.document import Document
from bokeh.document.events import DocumentChangedEvent

from adapters import AdapterError
from adapters.dashboard.page import Page
from adapters.dashboard.private.noting import Keeper, NoteForm, NotesToTake
from adapters.dashboard.private.timing import Timing
from adapters.dashboard.store import DataStore
from registry import RegistryError

LOOKS_EVERY_MS: Final = 1_000
FAILED: Final = "It could not be opened; the server's log says more."
LOCKED: Final = "Locked. What you see is a synthetic person."
NO_VAULT: Final = (
    "There is no private view here: make a vault with <code>python cli.py vault init</code>, or on "
    "your own machine start <code>python cli.py serve --private</code>."
)
_STYLE: Final = (Path(__file__).parent.parent / "controls.css").read_text("utf-8")
_LOG: Final = logging.getLogger(__name__)


class Login:
    """What locks and unlocks one session's page.

    Args:
        page: The session's page, which shows the public data.
        unlock: From a passphrase to private data; None where there is none.
        timing: Makes the time of an unlocked view.
        warning: What is told beside the field.
        notes: Takes the notes of who unlocked it; None where they are handed out as files.
    """

    def __init__(
        self,
        page: Page,
        unlock: Callable[[str], Awaitable[DataStore]] | None,
        timing: Callable[[], Timing] = Timing,
        warning: str = "",
        notes: Keeper | None = None,
    ) -> None:
        self._page, self._public, self._unlock = page, page.store, unlock
        self._make_timing = timing
        self._timing: Timing | None = None
        self._document: Document | None = None
        self._opening: asyncio.Future[None] | None = None
        look: dict[str, Any] = {
            "stylesheets": [_STYLE],
            "sizing_mode": "stretch_width",
            "margin": 0,
        }
        self._passphrase = pn.widgets.PasswordInput(
            name="Passphrase of the vault", visible=unlock is not None, **look
        )
        self._open = pn.widgets.Button(name="Unlock", visible=unlock is not None, **look)
        self._lock = pn.widgets.Button(name="Lock", visible=False, **look)
        self._message = pn.pane.HTML(warning if unlock is not None else NO_VAULT, **look)
        self._passphrase.param.watch(self._on_passphrase, "value")
        self._lock.on_click(lambda _event: self.lock(LOCKED))
        keeper = notes or NotesToTake(self._save)
        self._make_form = partial(NoteForm, keeper, self._later, look)
        self._noting = pn.Column(sizing_mode="stretch_width")
        self.view = pn.Column(
            self._passphrase, self._open, self._lock, self._message, self._noting,
            sizing_mode="stretch_width",
        )  # fmt: skip

    def attach(self, document: Document) -> None:
        """Begin to follow a document: what a person does there, and how long nothing is done."""
        self._document = document
        document.on_change(self._on_change)
        document.add_periodic_callback(self._look_at_the_clock, LOOKS_EVERY_MS)
        document.on_session_destroyed(self._end)

    def show(self, store: DataStore) -> None:
        """Show private data from now on."""
        self._timing = self._make_timing()
        self._page.show(store)
        self._passphrase.visible = self._open.visible = False
        self._lock.visible = True
        self._message.object = ""
        self._noting.append(self._make_form().view)

    def tell(self, message: str) -> None:
        """Say something beside the field."""
        self._message.object = message

    def lock(self, message: str) -> None:
        """Show the public data again and begin anew: the page is loaded once more."""
        self._drop()
        self._page.show(self._public)
        self._lock.visible = False
        self._noting.clear()
        self._passphrase.visible = self._open.visible = self._unlock is not None
        self._message.object = message
        self._page.bridge.show({"reload": True})

    def _end(self, _context: SessionContext) -> None:
        self._document = None
        self._drop()

    def _drop(self) -> None:
        self._timing = None
        self._page.store = self._public

    def _on_passphrase(self, event: Any) -> None:
        passphrase = event.new
        if not passphrase or self._unlock is None or self._opening is not None:
            return
        self._passphrase.disabled = True
        self._passphrase.value = ""
        self._message.object = "Unlocking …"
        self._opening = asyncio.ensure_future(self._opened(self._unlock(passphrase)))

    async def _opened(self, unlocking: Awaitable[DataStore]) -> None:
        """Wait without the document's lock; what comes of it is shown with it."""
        try:
            outcome = partial(self.show, await unlocking)
        except (AdapterError, RegistryError) as error:
            outcome = partial(self.tell, escape(str(error)))
        except Exception as error:  # noqa: BLE001 - whatever it is, no part of it may reach the page
            _LOG.error("unlocking failed: %s", type(error).__name__)
            outcome = partial(self.tell, FAILED)
        self._opening = None
        self._later(partial(self._finish, outcome))

    def _later(self, work: Callable[[], None]) -> None:
        """Do something with the document's lock, if the page is still there."""
        if self._document is not None:
            self._document.add_next_tick_callback(work)

    def _save(self, file: Mapping[str, Any]) -> None:
        self._later(partial(self._page.bridge.show, {"save": file}))

    def _finish(self, outcome: Callable[[], None]) -> None:
        self._passphrase.disabled = False
        outcome()

    def _on_change(self, event: DocumentChangedEvent) -> None:
        if self._timing is not None and event.setter is not None:
            self._timing.used()

    def _look_at_the_clock(self) -> None:
        if self._timing is not None and self._timing.is_over:
            self.lock("Locked, for nobody used it. What you see is a synthetic person.")
