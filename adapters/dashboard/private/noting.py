"""The owner notes what happened when; it is kept as an export like any other, and a run follows.

Where the profile is on this machine, the note is written into its inbox, whole and readable by the
owner alone, so that it is kept even where the run cannot start. The page shows it when the new
generation is published.

A server that only reads the remote keeps nothing in the clear, and to take a note in it would have
to bring the exports, run and push with the owner's key. So it hands the note out as a file, and
says what to do with it on the machine that has the exports.
"""

import asyncio
import csv
import hashlib
import io
import sys
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import astuple, dataclass, fields
from datetime import date
from functools import partial
from html import escape
from pathlib import Path
from typing import Any, Final, Protocol

import panel as pn

from adapters import AdapterError
from adapters.dashboard.exports import file_of
from adapters.profile import Profile
from dataflows.exports.annotations import KINDS
from registry import RegistryError
from registry.objects import replace_file

PROJECT: Final = Path(__file__).resolve().parents[3]
RUNS: Final = "Noted. It appears when the run that takes it in is done."
FAILED: Final = "Noted, but the run failed: python cli.py says why, and takes it in."
TAKEN: Final = (
    "Saved as <b>{name}</b>. It is not in your data yet: on the machine that has your exports, run "
    "<code>python cli.py import {name}</code>, <code>python cli.py</code> and <code>python cli.py "
    "state push</code>, or put the file where your exports are fetched from. This page then shows "
    "it."
)
ABOUT: Final = (
    "<b>Note what happened</b>: a medication, an illness, a journey. The charts show it, and the "
    "days before and after it are compared. "
)
ONLY_READS: Final = (
    f"{ABOUT}This server only reads what your own machine pushed, and stores nothing of yours. A "
    "note is saved as a file on the device in your hand; what to do with it is told here."
)
NO_LABEL: Final = "Say what it was, and since when."
NO_DATE: Final = "Write a date as year-month-day, such as 2026-02-28."
BACKWARDS: Final = "It ends before it starts."
_WRITTEN: Final = "2026-02-28"


@dataclass(frozen=True)
class Annotation:
    """What somebody notes: its dates are local ones and both belong to it."""

    kind: str
    label: str
    start: date
    end: date | None
    note: str

    def csv(self) -> bytes:
        """A file of its own, as `dataflows.exports.annotations` reads it."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(field.name for field in fields(self))
        writer.writerow("" if value is None else value for value in astuple(self))
        return text.getvalue().encode()

    @property
    def file_name(self) -> str:
        """The same for the same note, so that it is kept once."""
        return f"annotation-{self.start}-{hashlib.sha256(self.csv()).hexdigest()[:8]}.csv"


class Keeper(Protocol):
    """Where notes go.

    Attributes:
        button: What the form's button says.
        hint: What is told above the form.
    """

    button: str
    hint: str

    def keep(self, annotation: Annotation) -> str:
        """Keep it, and say what becomes of it.

        Raises:
            AdapterError: It cannot be kept.
        """

    async def follow(self) -> str | None:
        """See to what has to follow, and say how it ended; None leaves what was told."""


class Notes:
    """Takes notes for one profile on this machine.

    Args:
        profile: Whose.
    """

    button, hint = "Note it", ABOUT

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    def keep(self, annotation: Annotation) -> str:
        """Put it into the inbox. The same note twice is one.

        Raises:
            AdapterError: It cannot be written.
        """
        replace_file(self._profile.inbox / annotation.file_name, [annotation.csv()])
        return RUNS

    async def follow(self) -> str:
        """Have the pipeline take it in."""
        where = ("--profile", self._profile.name, "--home", str(self._profile.home.absolute()))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(PROJECT / "cli.py"),
            *where,
            "--quiet",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        return "" if await process.wait() == 0 else FAILED


class NotesToTake:
    """Hands notes out as files, where there is no profile that could keep them.

    Args:
        save: Has the page save a file.
    """

    button, hint = "Save the note as a file", ONLY_READS

    def __init__(self, save: Callable[[Mapping[str, Any]], None]) -> None:
        self._save = save

    def keep(self, annotation: Annotation) -> str:
        """Hand it to the page."""
        name = annotation.file_name
        self._save(file_of(name, "text/csv", annotation.csv()))
        return TAKEN.format(name=name)

    async def follow(self) -> None:
        """What follows is the owner's to do."""


class NoteForm:
    """The form of one session.

    Args:
        keeper: Where notes go.
        later: Does something with the document's lock, at its next turn.
        look: How the page's controls look.
    """

    def __init__(
        self, keeper: Keeper, later: Callable[[Callable[[], None]], None], look: dict[str, Any]
    ) -> None:
        self._keeper, self._later = keeper, later
        self._running: set[asyncio.Future[None]] = set()
        self._kind = pn.widgets.Select(name="Kind", options=[*KINDS], **look)
        self._label = pn.widgets.TextInput(name="What", max_length=200, **look)
        self._start = pn.widgets.TextInput(name="Since", placeholder=_WRITTEN, **look)
        self._end = pn.widgets.TextInput(
            name="Until (may stay empty)", placeholder=_WRITTEN, **look
        )
        self._note = pn.widgets.TextInput(name="More (may stay empty)", max_length=1000, **look)
        self._keep = pn.widgets.Button(name=keeper.button, **look)
        self._message = pn.pane.HTML("", **look)
        self._keep.on_click(self._on_keep)
        self.view = pn.Column(
            pn.pane.HTML(keeper.hint, **look),
            self._kind, self._label, self._start, self._end, self._note, self._keep, self._message,
            sizing_mode="stretch_width",
        )  # fmt: skip

    def _on_keep(self, _event: Any) -> None:
        label, note = self._label.value.strip(), self._note.value.strip()
        try:
            start, end = _day(self._start.value), _day(self._end.value)
        except ValueError:
            self._message.object = NO_DATE
            return
        if not label or start is None:
            self._message.object = NO_LABEL
        elif end is not None and end < start:
            self._message.object = BACKWARDS
        else:
            self._take(Annotation(self._kind.value, label, start, end, note))

    def _take(self, annotation: Annotation) -> None:
        try:
            told = self._keeper.keep(annotation)
        except (AdapterError, RegistryError) as error:
            self._message.object = escape(str(error))
            return
        for field in (self._label, self._start, self._end, self._note):
            field.value = ""
        self._message.object = told
        self._follow(self._followed())

    def _follow(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _followed(self) -> None:
        message = await self._keeper.follow()
        if message is not None:
            self._later(partial(setattr, self._message, "object", message))


def _day(text: str) -> date | None:
    return date.fromisoformat(text.strip()) if text.strip() else None
