"""The SQLite file of one profile: opened, versioned, and changed only in whole transactions.

RegistryDamagedError    the file is no usable registry: it is set aside and made again
RegistryNewerError      a newer version of the program wrote it (exit code 2)
RegistryWriteError      it cannot be written; what it held before still stands
"""

import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from registry import RegistryError
from registry.migrations import MIGRATIONS, SCHEMA_VERSION
from registry.objects import flush_folder, make_folder

_SCHEMA: Final = Path(__file__).with_name("schema.sql")
_VERSION: Final = "schema_version"
BESIDE: Final = ("-wal", "-shm")

# A message of SQLite's that quotes damaged text cannot even be decoded.
_SQLITE_ERRORS: Final = (sqlite3.DatabaseError, UnicodeDecodeError)

# SQLite's primary result codes that only a damaged file gives, and those that it may give.
_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT})
_MAYBE_DAMAGE: Final = frozenset({sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH})
_WORDS_OF_DAMAGE: Final = (
    "no such table",
    "no such column",
    "has no column named",
    "already exists",
    "malformed",
    "Could not decode",
)


class RegistryDamagedError(RegistryError):
    """The registry file is no usable database; raw files and manifests still hold everything."""

    exit_code = 5

    def __init__(self, path: Path, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(
            f"{path}: the registry is damaged ({problem}); run `python cli.py`: it is set aside "
            "and made again from manifests and raw files, and nothing is lost"
        )


class RegistryNewerError(RegistryError):
    """A newer version of the program wrote the registry."""

    exit_code = 2

    def __init__(self, path: Path, version: int) -> None:
        self.path = path
        super().__init__(
            f"{path}: a newer version of this program wrote this registry (schema {version}); "
            "use that version"
        )


class RegistryWriteError(RegistryError):
    """The registry cannot be written; what it held before still stands."""

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        super().__init__(
            f"{path}: cannot write ({problem}); free some space or mend the folder, "
            "then run again: nothing was published"
        )


class Database:
    """One connection, shared by the threads of a run; transactions are short and serialised.

    Args:
        path: The file; made when it is not there.
        in_memory: Begin empty and leave no file: for a plan where nothing is registered yet.

    Raises:
        RegistryWriteError: It cannot be made or opened.
        RegistryDamagedError: The file is no registry.
        RegistryNewerError: A newer version wrote it.
    """

    def __init__(self, path: Path, *, in_memory: bool = False) -> None:
        self.path = path
        self._lock = threading.RLock()
        if not in_memory:
            _make_file(path)
        self._connection = self._connected(":memory:" if in_memory else str(path))
        try:
            self._begin()
        except _SQLITE_ERRORS as error:
            problem = self._translated(error)
            self.close()
            raise problem from error
        except RegistryError:
            self.close()
            raise

    def _connected(self, place: str) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(
                place, isolation_level=None, check_same_thread=False, timeout=10
            )
        except sqlite3.DatabaseError as error:
            raise RegistryWriteError(self.path, str(error)) from error
        connection.row_factory = sqlite3.Row
        return connection

    def _begin(self) -> None:
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version == 0:
            self._apply(_SCHEMA.read_text(encoding="utf-8"), SCHEMA_VERSION)
        else:
            self._check_version(version)
            for later in range(version + 1, SCHEMA_VERSION + 1):
                self._apply(MIGRATIONS[later], later)

    def _check_version(self, version: int) -> None:
        """A version is told twice, so that a spoilt number is not taken for a newer program's."""
        told = setting(self, _VERSION)
        if told is not None and told != str(version):
            raise RegistryDamagedError(self.path, "it tells two versions of itself")
        if version > SCHEMA_VERSION:
            raise RegistryNewerError(self.path, version)

    def _apply(self, script: str, version: int) -> None:
        told = f"INSERT OR REPLACE INTO setting VALUES ('{_VERSION}', '{version}')"  # noqa: S608 - ours
        self._connection.executescript(
            f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {version}; {told}; COMMIT;"
        )

    def _translated(self, error: Exception) -> Exception:
        """Ours for what can happen to a file; SQLite's own for a defect of the program."""
        if isinstance(error, UnicodeDecodeError):
            return RegistryDamagedError(self.path, "malformed text")
        primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
        problem = str(error)
        if primary in _DAMAGE or any(words in problem for words in _WORDS_OF_DAMAGE):
            return RegistryDamagedError(self.path, problem)
        if primary in _MAYBE_DAMAGE and (found := self._first_fault()):
            return RegistryDamagedError(self.path, found)
        if isinstance(error, sqlite3.OperationalError):
            return RegistryWriteError(self.path, problem)
        return error

    def _first_fault(self) -> str:
        try:
            return next(iter(faults_in(self._connection)), "")
        except _SQLITE_ERRORS as error:
            return str(error)

    @contextmanager
    def atomic(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it is durable at the end, or none of it happened.

        Raises:
            RegistryWriteError: The disk is full, read-only or broken.
            RegistryDamagedError: The file is damaged.
        """
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.execute("COMMIT")
            except _SQLITE_ERRORS as error:
                raise self._translated(error) from error
            finally:
                if self._connection.in_transaction:
                    with suppress(*_SQLITE_ERRORS):
                        self._connection.execute("ROLLBACK")

    def rows(self, statement: str, *values: object) -> list[sqlite3.Row]:
        """All rows of a query.

        Raises:
            RegistryDamagedError: The file is damaged.
        """
        with self._lock:
            try:
                return self._connection.execute(statement, values).fetchall()
            except _SQLITE_ERRORS as error:
                raise self._translated(error) from error

    def row(self, statement: str, *values: object) -> sqlite3.Row | None:
        """The first row of a query.

        Raises:
            RegistryDamagedError: The file is damaged.
        """
        with self._lock:
            try:
                cursor = self._connection.execute(statement, values)
                first: sqlite3.Row | None = cursor.fetchone()
            except _SQLITE_ERRORS as error:
                raise self._translated(error) from error
            return first

    def faults(self, *, quick: bool = False) -> list[str]:
        """What is wrong with the file's structure; nothing when it is sound."""
        with self._lock:
            try:
                return faults_in(self._connection, quick=quick)
            except _SQLITE_ERRORS as error:
                return [str(error)]

    def scrub(self) -> None:
        """Write the file anew, so that nothing of a deleted row is left in it or in its log.

        Raises:
            RegistryWriteError: It cannot be written, or another program reads it all the time.
        """
        with self._lock:
            try:
                self._connection.execute("VACUUM")
                checkpoint = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                is_busy = checkpoint.fetchone()[0]
            except _SQLITE_ERRORS as error:
                raise self._translated(error) from error
        if is_busy:
            raise RegistryWriteError(self.path, "another program reads it; close that first")

    def close(self) -> None:
        """Close the connection; SQLite folds the write-ahead log into the file."""
        with self._lock, suppress(*_SQLITE_ERRORS):
            self._connection.close()


def faults_in(connection: sqlite3.Connection, *, quick: bool = False) -> list[str]:
    """What SQLite finds wrong in a database: its pages, and its references."""
    check = "PRAGMA quick_check" if quick else "PRAGMA integrity_check"
    found = [str(row[0]) for row in connection.execute(check)]
    dangling = [] if quick else connection.execute("PRAGMA foreign_key_check").fetchall()
    return [words for words in found if words != "ok"] + [
        f"a row of {row[0]} refers to nothing" for row in dangling
    ]


def _make_file(path: Path) -> None:
    """The registry's file, empty where there was none. Links and folders are refused.

    Raises:
        RegistryDamagedError: Something else stands in its place, or in that of a file beside it.
        RegistryWriteError: It cannot be made.
    """
    for place in (path, *(path.with_name(path.name + beside) for beside in BESIDE)):
        with suppress(FileNotFoundError, NotADirectoryError):
            if not stat.S_ISREG(os.lstat(place).st_mode):
                raise RegistryDamagedError(path, f"{place.name} is a link or a folder")
    try:
        make_folder(path.parent)
        _create(path)
    except OSError as error:
        raise RegistryWriteError(path, error.strerror or "it cannot be made") from error


def _create(path: Path) -> None:
    """Make the file private from the start.

    One that exists is not opened: closing any descriptor of it would let go of every lock that
    SQLite holds on it in this process.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def set_aside(path: Path) -> Path:
    """Give a damaged registry another name, with the files beside it. Nothing is deleted.

    The files beside it go first: a log that stays behind would be taken for the next registry's.
    """
    number = 1
    while os.path.lexists(path.with_name(f"{path.name}.damaged-{number}")):
        number += 1
    aside = path.with_name(f"{path.name}.damaged-{number}")
    for beside in (*BESIDE, ""):
        with suppress(FileNotFoundError):
            path.with_name(path.name + beside).rename(aside.with_name(aside.name + beside))
    flush_folder(path.parent)
    return aside


def setting(database: Database, name: str) -> str | None:
    """A named fact about the registry itself."""
    row = database.row("SELECT value FROM setting WHERE name = ?", name)
    return None if row is None else row["value"]


def put_setting(connection: sqlite3.Connection, name: str, value: str | None) -> None:
    """Change a named fact, inside a transaction."""
    connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))
