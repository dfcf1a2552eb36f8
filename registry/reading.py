"""The registry for those who only read: they wait for nobody, write nothing and leave no file.

In write-ahead mode SQLite puts two files beside a database, even for a reader. While no writer has
it open, and so nothing stands outside the main file, it is read as a file that does not change;
that it did not is looked at afterwards, and else the question is asked again.

NoRegistryError     nothing was ever run in this folder
OldRegistryError    an older version wrote it, and a reader may not bring it up to date
"""

import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote

from registry import RegistryError
from registry.database import Database, RegistryDamagedError
from registry.migrations import SCHEMA_VERSION

ATTEMPTS: Final = 20

Answer = TypeVar("Answer")
Stamp = tuple[int, int, int, int] | None


class NoRegistryError(RegistryError):
    """There is no registry yet: nothing was ever run in this folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path}: there is no registry yet; run python cli.py first")


class OldRegistryError(RegistryError):
    """The registry was written by an older version, and a reader may not change it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{path}: an older version wrote this registry; "
            "python cli.py brings it up to date, then read again"
        )


class ReadOnlyDatabase(Database):
    """One moment of a registry.

    Args:
        path: Its file.
        in_use: Whether a writer may have it open: then what stands beside the file counts too.

    Raises:
        NoRegistryError: There is no file.
        OldRegistryError: It waits for a migration.
        RegistryDamagedError: The file is no registry.
        RegistryNewerError: A newer version wrote it.
    """

    def __init__(self, path: Path, *, in_use: bool) -> None:
        self.path = path
        self._lock = threading.RLock()
        if not path.is_file():
            raise NoRegistryError(path)
        mode = "mode=ro" if in_use else "mode=ro&immutable=1"
        try:
            self._connection = sqlite3.connect(
                f"file:{quote(str(path.absolute()))}?{mode}",
                uri=True,
                isolation_level=None,
                check_same_thread=False,
                timeout=10,
            )
            self._connection.row_factory = sqlite3.Row
            self._connection.execute("BEGIN")
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            self._check_version(version)
        except sqlite3.Error as error:
            raise RegistryDamagedError(path, str(error)) from error
        if version < SCHEMA_VERSION:
            raise OldRegistryError(path)


def ask(path: Path, question: Callable[[Database], Answer]) -> Answer:
    """The answer of one moment of the registry, however busy its writer is.

    Args:
        path: The registry's file.
        question: What to ask it; it may be asked more than once.

    Raises:
        RegistryError: The question's own, or one of `ReadOnlyDatabase`.
    """
    for _ in range(ATTEMPTS):
        before = _stamps(path)
        in_use = before[1] is not None
        try:
            with closing(ReadOnlyDatabase(path, in_use=in_use)) as database:
                answer = question(database)
        except (RegistryError, sqlite3.Error):
            if _stamps(path) == before:
                raise
        else:
            if in_use or _stamps(path) == before:
                return answer
    with closing(ReadOnlyDatabase(path, in_use=True)) as database:
        return question(database)


def _stamps(path: Path) -> tuple[Stamp, Stamp]:
    """Of the registry's file, and of what a writer has put beside it."""
    return _stamp(path), _stamp(path.with_name(path.name + "-wal"))


def _stamp(path: Path) -> Stamp:
    """None when it is absent or empty."""
    try:
        found = os.stat(path)  # noqa: PTH116 - once, for four facts
    except OSError:
        return None
    stamp = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    return stamp if found.st_size else None
