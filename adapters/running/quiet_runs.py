"""Runs that found nothing to do left one line in the log; the next run that writes takes them in.

A mark tells how far the log has been read: the file (a log that is full gets another name, and
keeps its inode) and the place in it. Each run has an id of its own, so that a line which is read
twice still counts once.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from adapters.logs import KEPT, LOG_NAME
from registry.generations import QuietRun

_EVENT: Final = b'"run_up_to_date"'


def quiet_runs(folder: Path, mark: str) -> tuple[list[QuietRun], str]:
    """The quiet runs after a mark, the oldest first, and the mark behind them.

    Args:
        folder: The folder `logs`.
        mark: Where the last reading ended; empty for the beginning.
    """
    runs: list[QuietRun] = []
    for path, start in _unread(folder, mark):
        with suppress(OSError), path.open("rb") as file:
            file.seek(start)
            lines = b"".join(file.read().rpartition(b"\n")[:2])
            runs += [run for line in lines.splitlines() if _EVENT in line for run in _told(line)]
            mark = f"{os.fstat(file.fileno()).st_ino}:{start + len(lines)}"
    return runs, mark


def _unread(folder: Path, mark: str) -> Iterator[tuple[Path, int]]:
    """The files of the log from the marked one on, with the place to begin at."""
    names = [f"{LOG_NAME}.{number}" for number in range(KEPT, 0, -1)]
    paths = [path for name in (*names, LOG_NAME) if (path := folder / name).is_file()]
    inode, _, place = mark.partition(":")
    inodes = [str(path.stat().st_ino) for path in paths]
    first = inodes.index(inode) if inode in inodes else 0
    for number, path in enumerate(paths[first:]):
        is_marked = number == 0 and inode in inodes and int(place) <= path.stat().st_size
        yield path, int(place) if is_marked else 0


def _told(line: bytes) -> Iterator[QuietRun]:
    with suppress(ValueError, LookupError, TypeError):
        told = json.loads(line)
        run_id = str(told["run"])
        moment = run_id.partition("-")[0]
        started = f"{moment[:4]}-{moment[4:6]}-{moment[6:11]}:{moment[11:13]}:{moment[13:15]}Z"
        ended = f"{told['time'][:19]}Z"
        yield QuietRun(run_id, started, ended, told.get("generation"), told.get("path", "slow"))
