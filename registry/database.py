"""The SQLite file of one profile: opened, versioned, and changed only in whole transactions."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from registry import RegistryError
from registry.migrations import MIGRATIONS, SCHEMA_VERSION
from registry.objects import make_folder

_SCHEMA: Final = Path(__file__).with_name("schema.sql")


class RegistryDamagedError(RegistryError):
    """The registry file is no usable database; raw files and manifests still hold everything."""

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        super().__init__(
            f"{path}: the registry cannot be read ({problem}); move it aside and run again: "
            "every result can be made again from the raw files"
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
        RegistryDamagedError: The file is no registry that this version can read.
    """

    def __init__(self, path: Path, *, in_memory: bool = False) -> None:
        self.path = path
        self._lock = threading.RLock()
        if not in_memory:
            make_folder(path.parent)
            _create(path)
        try:
            self._connection = self._connect(":memory:" if in_memory else str(path))
            self._migrate()
        except sqlite3.OperationalError as error:
            raise RegistryWriteError(path, str(error)) from error
        except sqlite3.DatabaseError as error:
            raise RegistryDamagedError(path, str(error)) from error

    @staticmethod
    def _connect(place: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            place, isolation_level=None, check_same_thread=False, timeout=10
        )
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    def _migrate(self) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise RegistryDamagedError(self.path, f"it was written by a newer version, {version}")
        if version == 0:
            self._apply(_SCHEMA.read_text(encoding="utf-8"), SCHEMA_VERSION)
        else:
            for later in range(version + 1, SCHEMA_VERSION + 1):
                self._apply(MIGRATIONS[later], later)

    def _apply(self, script: str, version: int) -> None:
        self._connection.executescript(
            f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {version}; COMMIT;"
        )

    @contextmanager
    def atomic(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it is durable at the end, or none of it happened.

        Raises:
            RegistryWriteError: The disk is full, read-only or broken.
        """
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.execute("COMMIT")
            except sqlite3.OperationalError as error:
                raise RegistryWriteError(self.path, str(error)) from error
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def rows(self, statement: str, *values: object) -> list[sqlite3.Row]:
        """All rows of a query."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def row(self, statement: str, *values: object) -> sqlite3.Row | None:
        """The first row of a query."""
        with self._lock:
            first: sqlite3.Row | None = self._connection.execute(statement, values).fetchone()
            return first

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
            except sqlite3.OperationalError as error:
                raise RegistryWriteError(self.path, str(error)) from error
        if is_busy:
            raise RegistryWriteError(self.path, "another program reads it; close that first")

    def close(self) -> None:
        """Close the connection; SQLite folds the write-ahead log into the file."""
        with self._lock:
            self._connection.close()


def _create(path: Path) -> None:
    """Make the file private from the start.

    One that exists is not opened: closing any descriptor of it would let go of every lock that
    SQLite holds on it in this process.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def setting(database: Database, name: str) -> str | None:
    """A named fact about the registry itself."""
    row = database.row("SELECT value FROM setting WHERE name = ?", name)
    return None if row is None else row["value"]


def put_setting(connection: sqlite3.Connection, name: str, value: str | None) -> None:
    """Change a named fact, inside a transaction."""
    connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))
