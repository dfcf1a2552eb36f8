"""What a registry knows beside its manifests, as data: runs, notes, source texts, raw files.

A database file never travels: rows do, and whoever receives them inserts them into a registry of
its own.
"""

import base64
import json
import sqlite3
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from registry.adoption import adopt, checked_artifact, rows_of
from registry.database import Database, put_setting
from registry.forgotten_rows import keep_counting
from registry.generations import CURRENT
from registry.manifests import Document
from registry.raw_files import RawEntry

_HANDED_IN: Final = (
    "SELECT sha256 FROM computation_input WHERE kind = 'artifact' "
    "AND (producer IS NULL OR sha256 NOT IN (SELECT sha256 FROM computation))"
)
PAST: Final[Mapping[str, str]] = {
    "run": "SELECT * FROM run ORDER BY rowid",
    "run_node": "SELECT * FROM run_node ORDER BY run_id, node, item",
    "note": "SELECT * FROM note ORDER BY key",
    "artifact": f"SELECT * FROM artifact WHERE sha256 IN ({_HANDED_IN}) ORDER BY sha256, codec",  # noqa: S608 - a constant
}
SOURCES: Final[Mapping[str, str]] = {"source_text": "SELECT * FROM source_text ORDER BY sha256"}
_WIDTHS: Final = {"artifact": 4, "run": 6, "run_node": 8, "note": 2, "source_text": 2}
_OF_GENERATION: Final = ("pin", "generation_output", "generation_node")

Rows = Mapping[str, Sequence[Sequence[Any]]]


def packed_rows(database: Database, queries: Mapping[str, str]) -> bytes:
    """The rows of some tables in little room; the same bytes for the same rows."""
    found = {table: [list(row) for row in database.rows(query)] for table, query in queries.items()}
    text = json.dumps(found, separators=(",", ":"), default=_as_text)
    return zlib.compress(text.encode(), 6)


def handed_in(database: Database) -> list[tuple[str, str, int, int | None]]:
    """The artifacts that no computation made: what came into the flow from outside."""
    return [(row[0], row[1], row[2], row[3]) for row in database.rows(PAST["artifact"])]


def unpacked_rows(content: bytes) -> Rows:
    """The rows that were packed.

    Raises:
        ValueError: They are no rows of these tables.
    """
    try:
        found: dict[str, list[list[Any]]] = json.loads(zlib.decompress(content))
        fits = all(len(row) == _WIDTHS[table] for table, rows in found.items() for row in rows)
    except (zlib.error, ValueError, LookupError, TypeError, AttributeError):
        raise ValueError("they cannot be read") from None
    if not fits:
        raise ValueError("they are rows of other tables")
    for row in found.get("artifact", []):
        checked_artifact(row)
    for row in found.get("source_text", []):
        row[1] = base64.b64decode(row[1])
    return found


def _as_text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def receive(
    connection: sqlite3.Connection,
    *,
    rows: Iterable[Rows],
    documents: Sequence[Document],
    raw_files: Iterable[RawEntry],
    pins: Iterable[int],
    current: int | None,
    replaced: Iterable[int],
) -> None:
    """Bring what travelled into a registry, within one transaction.

    Args:
        connection: In a transaction.
        rows: Rows beside the manifests.
        documents: Manifests.
        raw_files: Raw files whose bytes are there already.
        pins: The pinned generations, in place of those before.
        current: The generation that is published from now on.
        replaced: Generations that give way. Their numbers and versions are not used again.
    """
    keep_counting(connection)
    for number in replaced:
        _remove_generation(connection, number)
    for tables in rows:
        _insert(connection, tables)
    for document in documents:
        adopt(connection, rows_of(document))
    connection.executemany(
        "INSERT OR REPLACE INTO raw_file VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (e.sha256, e.size, e.name, e.stored_utc, e.container, e.kind, e.retired)
            for e in raw_files
        ],
    )
    connection.execute("DELETE FROM pin")
    connection.executemany(
        "INSERT INTO pin SELECT number FROM generation WHERE number = ?", [(n,) for n in pins]
    )
    for document in documents[-1:]:
        for name, value in document["counts"].items():
            _raise_count(connection, name, value)
    put_setting(connection, CURRENT, None if current is None else str(current))


def _remove_generation(connection: sqlite3.Connection, number: int) -> None:
    for table in _OF_GENERATION:
        connection.execute(f"DELETE FROM {table} WHERE generation = ?", (number,))  # noqa: S608 - our own names
    connection.execute("UPDATE run SET generation = NULL WHERE generation = ?", (number,))
    connection.execute("DELETE FROM generation WHERE number = ?", (number,))


def _insert(connection: sqlite3.Connection, tables: Rows) -> None:
    for table, rows in tables.items():
        marks = ", ".join("?" * _WIDTHS[table])
        verb = "REPLACE" if table == "note" else "IGNORE"
        connection.executemany(f"INSERT OR {verb} INTO {table} VALUES ({marks})", rows)  # noqa: S608 - our own names


def _raise_count(connection: sqlite3.Connection, name: str, value: str) -> None:
    row = connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
    if row is None or int(row[0]) < int(value):
        put_setting(connection, name, value)
