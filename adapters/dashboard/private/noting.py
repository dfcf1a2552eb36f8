"""The owner notes what happened when; it is kept as an export like any other, and a run follows.

The note is written into the inbox, whole and readable by the owner alone, so that it is kept even
where the run cannot start. The page shows it when the new generation is published.
"""

import asyncio
import csv
import hashlib
import io
import sys
from collections.abc import Callable, Coroutine
from dataclasses import astuple, dataclass, fields
from datetime import date
from functools import partial
from html import escape
from pathlib import Path
from typing import Any, Final

import panel as pn

from adapters import AdapterError
from adapters.profile import Profile
from dataflows.exports.annotations import KINDS
from registry import RegistryError
from registry.objects import replace_file

PROJECT: Final = Path(__file__).resolve().parents[3]
RUNS: Final = "Noted. It appears when the run that takes it in is done."
FAILED: Final = "Noted, but the run failed: python cli.py says why, and takes it in."
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


class Notes:
    """Takes notes for one profile on this machine.

    Args:
        profile: Whose.
    """

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    def keep(self, annotation: Annotation) -> None:
        """Put it into the inbox. The same note twice is one.

        Raises:
            AdapterError: It cannot be written.
        """
        content = annotation.csv()
        name = f"annotation-{annotation.start}-{hashlib.sha256(content).hexdigest()[:8]}.csv"
        replace_file(self._profile.inbox / name, [content])

    async def run(self) -> bool:
        """Have the pipeline take it in; whether it did."""
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
        return await process.wait() == 0


class NoteForm:
    """The form of one session.

    Args:
        notes: Where they go.
        later: Does something with the document's lock, at its next turn.
        look: How the page's controls look.
    """

    def __init__(
        self, notes: Notes, later: Callable[[Callable[[], None]], None], look: dict[str, Any]
    ) -> None:
        self._notes, self._later = notes, later
        self._running: set[asyncio.Future[None]] = set()
        self._kind = pn.widgets.Select(name="Kind", options=[*KINDS], **look)
        self._label = pn.widgets.TextInput(name="What", max_length=200, **look)
        self._start = pn.widgets.TextInput(name="Since", placeholder=_WRITTEN, **look)
        self._end = pn.widgets.TextInput(
            name="Until (may stay empty)", placeholder=_WRITTEN, **look
        )
        self._note = pn.widgets.TextInput(name="More (may stay empty)", max_length=1000, **look)
        self._keep = pn.widgets.Button(name="Note it", **look)
        self._message = pn.pane.HTML("", **look)
        self._keep.on_click(self._on_keep)
        self.view = pn.Column(
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
            self._notes.keep(annotation)
        except (AdapterError, RegistryError) as error:
            self._message.object = escape(str(error))
            return
        for field in (self._label, self._start, self._end, self._note):
            field.value = ""
        self._message.object = RUNS
        self._follow(self._followed())

    def _follow(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _followed(self) -> None:
        message = "" if await self._notes.run() else FAILED
        self._later(partial(setattr, self._message, "object", message))


def _day(text: str) -> date | None:
    return date.fromisoformat(text.strip()) if text.strip() else None
