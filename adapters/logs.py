"""The pipeline's log: JSON lines of what happened to which node and file, never a measured value.

`log` takes a fixed set of fields, so that nothing else can be written by accident; free text has
no field. A log that cannot be written stops no run.
"""

import json
import logging
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Final, Literal, TextIO

from registry.fast_path import LARGEST_LOG_BYTES, LOG
from registry.objects import make_folder, replace_file

LOG_NAME: Final = LOG.rpartition("/")[2]
LARGEST_BYTES: Final = LARGEST_LOG_BYTES
KEPT: Final = 5
# On a failure Hamilton logs all inputs of a node, and those are health values.
SILENCED: Final = ("hamilton",)

Level = Literal["debug", "info", "warning", "error"]
AnsweringPath = Literal["fast", "medium", "slow"]

_FIELDS: Final = ("run", "generation", "path", "node", "file", "counts", "seconds")
_WORD: Final = re.compile(r"[a-z][a-z0-9_]*")
_logger: Final = logging.getLogger("personal_data_pipeline")
_logger.propagate = False
_logger.addHandler(logging.NullHandler())


def log(
    event: str,
    *,
    level: Level = "info",
    run: str | None = None,
    generation: int | None = None,
    path: AnsweringPath | None = None,
    node: str | None = None,
    file: str | None = None,
    counts: Mapping[str, int] | None = None,
    seconds: float | None = None,
) -> None:
    """Write one line, if a log is open.

    Args:
        event: What happened, as a fixed word: `node_ran`.
        level: How much it matters.
        run: The run's id; by default that of the open log.
        generation: What is published.
        path: Which path found a run to be up to date.
        node: The node it happened to.
        file: The name of the file it happened to.
        counts: How many of what: `{"rows": 120}`.
        seconds: How long it took.

    Raises:
        ValueError: A field holds what it is not made for.
    """
    _refuse_other_than_words([event, *(counts or {})])
    if not all(type(count) is int for count in (counts or {}).values()):
        raise ValueError("a log's counts are whole numbers")
    values = (run, generation, path, node, file, dict(counts) if counts else None, seconds)
    given = {name: value for name, value in zip(_FIELDS, values, strict=True) if value is not None}
    _logger.log(logging.getLevelNamesMapping()[level.upper()], event, extra={"fields": given})


def _refuse_other_than_words(words: list[str]) -> None:
    if not all(map(_WORD.fullmatch, words)):
        raise ValueError("a log's events and counts have fixed names: lower case, digits and '_'")


@contextmanager
def open_log(
    folder: Path, *, run: str, verbose: bool = False, stream: TextIO | None = None
) -> Iterator[None]:
    """Write the log into a profile's folder for as long as the block lasts.

    Args:
        folder: The folder `logs`; it is made by the first line.
        run: The id that each line carries.
        verbose: Show the lines on standard error as well, and those of level debug.
        stream: Where to show them instead.
    """
    silence_frameworks()
    handlers: list[logging.Handler] = [_PrivateFile(folder / LOG_NAME, run)]
    if verbose:
        handlers.append(logging.StreamHandler(stream or sys.stderr))
        handlers[-1].setFormatter(_Line())
    _logger.setLevel(logging.DEBUG if verbose else logging.INFO)
    for handler in handlers:
        _logger.addHandler(handler)
    try:
        yield
    finally:
        for handler in handlers:
            _logger.removeHandler(handler)
            handler.close()


def remove_lines(folder: Path, tells: Callable[[str], bool]) -> None:
    """Remove the lines that tell of something from every file of the log.

    Args:
        folder: The folder `logs`; it need not exist. No log is open.
        tells: Says it of each text in a line.
    """
    for path in sorted(folder.glob("*")) if folder.is_dir() else ():
        lines = path.read_text("utf-8", "surrogateescape").splitlines(keepends=True)
        kept = [line for line in lines if not any(map(tells, _texts(line)))]
        if len(kept) < len(lines):
            replace_file(path, ["".join(kept).encode("utf-8", "surrogateescape")])


def _texts(line: str) -> Iterator[str]:
    """Every text in a line of JSON; a line that is none is one text."""
    try:
        pending = [json.loads(line)]
    except ValueError:
        pending = [line]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, list | dict):
            pending += [*value, *value.values()] if isinstance(value, dict) else value


def silence_frameworks() -> None:
    """Keep node inputs out of every log, whoever configures logging."""
    for name in SILENCED:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


class _PrivateFile(RotatingFileHandler):
    """A rotated file for its owner's eyes, whatever the umask; its failures are nobody's."""

    def __init__(self, path: Path, run: str) -> None:
        super().__init__(
            path, maxBytes=LARGEST_BYTES, backupCount=KEPT, encoding="utf-8", delay=True
        )
        self.setFormatter(_Json(run))

    def _open(self) -> TextIO:  # type: ignore[override]  # the base class says TextIOWrapper
        make_folder(Path(self.baseFilename).parent)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self.baseFilename, flags, 0o600)
        if os.fstat(descriptor).st_mode & 0o777 != 0o600:  # noqa: PLR2004
            os.fchmod(descriptor, 0o600)
        return os.fdopen(descriptor, "a", encoding="utf-8")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Say nothing: the default would print the record."""


class _Json(logging.Formatter):
    def __init__(self, run: str) -> None:
        super().__init__()
        self._run = run

    def format(self, record: logging.LogRecord) -> str:
        event, fields = _event_of(record)
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "time": time.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "event": event,
            "run": self._run,
            **fields,
        }
        return json.dumps(line, ensure_ascii=False)


class _Line(logging.Formatter):
    """The same for people."""

    def format(self, record: logging.LogRecord) -> str:
        event, fields = _event_of(record)
        counts: dict[str, int] = fields.pop("counts", {})
        shown = " ".join(f"{name}={value}" for name, value in (fields | counts).items())
        return f"{record.levelname.lower():<7} {event} {shown}".rstrip()


def _event_of(record: logging.LogRecord) -> tuple[str, dict[str, Any]]:
    """What `log` wrote. Of a line that came another way only that it came."""
    fields = getattr(record, "fields", None)
    return (str(record.msg), dict(fields)) if fields is not None else ("unstructured", {})
