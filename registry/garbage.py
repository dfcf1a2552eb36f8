"""Garbage: results that no kept generation reaches. Raw files and history are never garbage.

Kept are the published generation, the one that a rollback holds against, every pinned one, and the
newest ones as far as their number and a budget of bytes allow. What these reach stays: the results
of all their nodes, what those were made from, and the tables that composite values refer to.

Rows go first, in one transaction, and files after it. A collector that was killed leaves files
without a row: nobody sees them, and the next one finds them by looking through `objects/`.

    NoSuchGenerationError    a generation that was to be pinned is not there (exit code 2)
"""

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from registry import RegistryError
from registry.database import Database
from registry.generations import Generations
from registry.objects import TEMPORARY_SUFFIX
from registry.store import Store

NEWEST_KEPT: Final = 10

_KEEP: Final = """
CREATE TEMP TABLE kept_generation (number INTEGER PRIMARY KEY);
CREATE TEMP TABLE kept_key (key TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TEMP TABLE kept_artifact (sha256 TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TEMP TABLE kept_text (sha256 TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_FORGET_KEPT: Final = """
DROP TABLE kept_generation;
DROP TABLE kept_key;
DROP TABLE kept_artifact;
DROP TABLE kept_text;
"""
_REACH: Final = (
    """
    WITH RECURSIVE reached (key) AS (
        SELECT key FROM generation_node WHERE generation IN (SELECT number FROM kept_generation)
        UNION SELECT key FROM generation_output
              WHERE generation IN (SELECT number FROM kept_generation)
        UNION SELECT edge.producer FROM computation_input edge JOIN reached USING (key)
              WHERE edge.producer IS NOT NULL
    ) INSERT INTO kept_key SELECT key FROM reached WHERE key IS NOT NULL
    """,
    """
    WITH RECURSIVE reached (sha256) AS (
        SELECT sha256 FROM computation WHERE key IN (SELECT key FROM kept_key)
        UNION SELECT sha256 FROM computation_input
              WHERE kind = 'artifact' AND key IN (SELECT key FROM kept_key)
        UNION SELECT sha256 FROM generation_output
              WHERE generation IN (SELECT number FROM kept_generation)
        UNION SELECT part.part FROM artifact_part part JOIN reached USING (sha256)
    ) INSERT INTO kept_artifact SELECT sha256 FROM reached
    """,
)
_KEPT_CODE: Final = "SELECT code FROM computation WHERE key IN (SELECT key FROM kept_key)"
_UNREACHED_KEY: Final = "key NOT IN (SELECT key FROM kept_key)"
_UNREACHED_ARTIFACT: Final = "sha256 NOT IN (SELECT sha256 FROM kept_artifact)"

# Kind -> (table, which of its rows are garbage, the bytes of a row).
_GARBAGE: Final[Mapping[str, tuple[str, str, str]]] = {
    "computations": ("computation", _UNREACHED_KEY, "0"),
    "lineage": ("computation_input", _UNREACHED_KEY, "coalesce(length(value), 0)"),
    "artifacts": ("artifact", _UNREACHED_ARTIFACT, "0"),
    "parts": ("artifact_part", _UNREACHED_ARTIFACT, "0"),
    "code": ("code", f"digest NOT IN ({_KEPT_CODE})", "length(facts)"),
    "source_texts": (
        "source_text",
        "sha256 NOT IN (SELECT sha256 FROM kept_text)",
        "length(text)",
    ),
    "run_nodes": (
        "run_node",
        "run_id IN (SELECT id FROM run WHERE generation NOT IN kept_generation)",
        "0",
    ),
}


class NoSuchGenerationError(RegistryError):
    """No generation has this number."""

    exit_code = 2

    def __init__(self, number: int) -> None:
        super().__init__(f"there is no generation {number}; `history` lists them")
        self.number = number


@dataclass(frozen=True)
class Amount:
    """How much of one kind."""

    count: int
    bytes: int


@dataclass(frozen=True)
class Collection:
    """What a collection removes, or would.

    Attributes:
        kept: The generations whose results stay.
        dropped: Those whose results go, as far as no kept one needs them.
        removed: Kind -> how much of it.
    """

    kept: Sequence[int]
    dropped: Sequence[int]
    removed: Mapping[str, Amount]


class Collector:
    """Collects the garbage of one profile. The caller holds the profile's lock."""

    def __init__(self, store: Store, generations: Generations) -> None:
        self._store, self._generations = store, generations
        self._database: Database = store.database

    def collect(
        self, *, newest: int = NEWEST_KEPT, budget: int | None = None, dry_run: bool = False
    ) -> Collection:
        """Remove what no kept generation reaches.

        Args:
            newest: How many of the newest generations are kept.
            budget: The bytes that the kept ones may take; the oldest unpinned ones fall first.
            dry_run: Only tell.
        """
        whole = whole_generations(self._database)
        kept = self._kept(whole[-newest:], budget)
        with self._database.atomic() as connection:
            removed = _marked(connection, kept)
            files = [*self._garbage_files(connection)]
            if not dry_run:
                for table, condition, _ in _GARBAGE.values():
                    connection.execute(f"DELETE FROM {table} WHERE {condition}")  # noqa: S608
            _run(connection, _FORGET_KEPT)
        removed["objects"] = Amount(len(files), sum(file.lstat().st_size for file in files))
        if not dry_run:
            remove_objects(self._store.objects.root, files)
        return Collection(sorted(kept), sorted({*whole} - kept), removed)

    def _garbage_files(self, connection: sqlite3.Connection) -> Iterator[Path]:
        rows = connection.execute("SELECT sha256 FROM kept_artifact")
        kept = {row["sha256"] for row in rows}
        yield from (file for file in object_files(self._store) if file.parent.name not in kept)

    def _kept(self, newest: Sequence[int], budget: int | None) -> set[int]:
        needed = self._needed()
        reached: dict[str, int] = {}
        for number in needed:
            reached |= self._sizes(number)
        kept = set(needed)
        for number in reversed(newest):
            more = reached | self._sizes(number)
            if budget is not None and sum(more.values()) > budget:
                break
            kept.add(number)
            reached = more
        return kept

    def _needed(self) -> list[int]:
        """What is kept whatever it costs: published, held against, pinned."""
        current = self._generations.current()
        rows = self._database.rows(
            "SELECT generation AS number FROM pin "
            "UNION SELECT number FROM generation WHERE number = ? "
            "UNION SELECT held_against FROM generation WHERE number = ? "
            "AND held_against IS NOT NULL",
            current,
            current,
        )
        return [int(row["number"]) for row in rows]

    def _sizes(self, number: int) -> dict[str, int]:
        """The artifacts of a generation's nodes and their parts, with their sizes."""
        rows = self._database.rows(
            "WITH made (sha256) AS (SELECT c.sha256 FROM generation_node n "
            "JOIN computation c USING (key) WHERE n.generation = ?) "
            "SELECT a.sha256, a.size FROM artifact a WHERE a.codec != 'raw' AND (a.sha256 IN made "
            "OR a.sha256 IN (SELECT part FROM artifact_part WHERE sha256 IN made))",
            number,
        )
        return {row["sha256"]: int(row["size"]) for row in rows}


def pin(database: Database, number: int) -> None:
    """Keep a generation whatever gc's limits.

    Raises:
        NoSuchGenerationError: There is none with this number.
    """
    if number not in _numbers(database):
        raise NoSuchGenerationError(number)
    with database.atomic() as connection:
        connection.execute("INSERT OR IGNORE INTO pin VALUES (?)", (number,))


def unpin(database: Database, number: int) -> None:
    """Let gc judge a generation by its limits again.

    Raises:
        NoSuchGenerationError: There is none with this number.
    """
    if number not in _numbers(database):
        raise NoSuchGenerationError(number)
    with database.atomic() as connection:
        connection.execute("DELETE FROM pin WHERE generation = ?", (number,))


def pinned(database: Database) -> list[int]:
    """The pinned generations."""
    rows = database.rows("SELECT generation FROM pin ORDER BY generation")
    return [int(row["generation"]) for row in rows]


def object_files(store: Store) -> Iterator[Path]:
    """Every object file, with a row or without; what is being written has no place yet."""
    for path in sorted(store.objects.root.glob("??/*/*")):
        if not path.name.endswith(TEMPORARY_SUFFIX):
            yield path


def remove_objects(root: Path, files: Sequence[Path]) -> None:
    """Remove object files, and the folders that are empty then."""
    for file in files:
        file.unlink(missing_ok=True)
    for folder in {file.parent for file in files} | {file.parent.parent for file in files}:
        _remove_if_empty(folder)
    for folder in root.glob("??"):
        _remove_if_empty(folder)


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def whole_generations(database: Database) -> list[int]:
    """The generations whose results are registered, all of them."""
    rows = database.rows(
        "SELECT number FROM generation g WHERE NOT EXISTS (SELECT 1 FROM generation_node n "
        "LEFT JOIN computation c USING (key) WHERE n.generation = g.number AND c.key IS NULL) "
        "ORDER BY number"
    )
    return [int(row["number"]) for row in rows]


def _numbers(database: Database) -> list[int]:
    rows = database.rows("SELECT number FROM generation ORDER BY number")
    return [int(row["number"]) for row in rows]


def _marked(connection: sqlite3.Connection, kept: set[int]) -> dict[str, Amount]:
    """Mark what the kept generations reach, and count what they do not."""
    _run(connection, _KEEP)
    connection.executemany(
        "INSERT INTO kept_generation VALUES (?)", [(number,) for number in sorted(kept)]
    )
    for statement in _REACH:
        connection.execute(statement)
    connection.executemany("INSERT OR IGNORE INTO kept_text VALUES (?)", _texts(connection))
    counts = {}
    for kind, (table, condition, size) in _GARBAGE.items():
        query = f"SELECT count(*), coalesce(sum({size}), 0) FROM {table} WHERE {condition}"  # noqa: S608
        count, total = connection.execute(query).fetchone()
        counts[kind] = Amount(count, total)
    return counts


def _texts(connection: sqlite3.Connection) -> Iterator[tuple[str]]:
    """The source texts that the facts of kept code name by their hashes."""
    query = f"SELECT facts FROM code WHERE digest IN ({_KEPT_CODE})"  # noqa: S608 - a constant
    for row in connection.execute(query).fetchall():
        yield from ((sha256,) for sha256 in re.findall(r"\b[0-9a-f]{64}\b", row["facts"]))


def _run(connection: sqlite3.Connection, script: str) -> None:
    """Statements one by one: `executescript` would end the transaction."""
    for statement in filter(None, map(str.strip, script.split(";"))):
        connection.execute(statement)
