"""Where a result comes from: from a computation back to the raw files that it rests on.

A parallel block may have thousands of items, and everything of one item rests on its own raw file
and on what every item gets alike. So a question about files follows one item of such a block and
takes the names of the others from the registry; `computations_behind` follows all of them.
"""

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from registry.database import Database

_BEHIND: Final = """
    WITH RECURSIVE behind (key) AS (
        SELECT value FROM json_each(?)
        UNION
        SELECT i.producer FROM behind JOIN computation_input i ON i.key = behind.key
        WHERE i.producer IS NOT NULL AND i.position <= ?
    )
"""
_MADE: Final = """
    SELECT c.key, c.node, c.item, c.sha256, c.codec, a.rows, c.seconds, c.run_id
    FROM behind JOIN computation c ON c.key = behind.key
    LEFT JOIN artifact a ON a.sha256 = c.sha256 AND a.codec = c.codec
"""
_EDGES: Final = """
    SELECT i.key, i.parameter, i.kind, i.sha256, i.producer, i.value, c.item
    FROM behind JOIN computation_input i ON i.key = behind.key JOIN computation c ON c.key = i.key
"""
_RAW_OR_SEVERAL: Final = """
    SELECT i.key, i.parameter, i.kind, i.sha256
    FROM behind JOIN computation_input i ON i.key = behind.key
    WHERE i.kind = 'raw' OR (i.position = 1 AND i.kind = 'artifact')
"""
_FIRST_ALONE: Final = 0
_EVERY: Final = 1 << 62


@dataclass(frozen=True)
class Made:
    """A computation and what it made."""

    key: str
    node: str
    item: str
    sha256: str
    codec: str
    rows: int | None
    seconds: float
    run_id: str


@dataclass(frozen=True)
class Edge:
    """What a computation received: another's result, a raw file, a table or value from outside.

    `item` is the consumer's.
    """

    consumer: str
    parameter: str
    kind: str
    sha256: str
    producer: str | None
    value: str | None
    item: str


@dataclass(frozen=True)
class Lineage:
    """Computations by key, and the edges into them."""

    made: dict[str, Made]
    edges: list[Edge]


def computations_behind(
    database: Database, keys: Iterable[str], *, first_items: bool = False
) -> Lineage:
    """These computations, and all that they rest on.

    Args:
        database: The registry.
        keys: Where to begin.
        first_items: Of what a block made, follow one item alone.
    """
    values = (json.dumps(list(keys)), _FIRST_ALONE if first_items else _EVERY)
    made = database.rows(_BEHIND + _MADE, *values)
    edges = database.rows(_BEHIND + _EDGES, *values)
    return Lineage({row["key"]: Made(*row) for row in made}, [Edge(*row) for row in edges])


def raw_files_behind(database: Database, keys: Iterable[str]) -> list[str]:
    """The hashes of all raw files that computations rest on, sorted."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = set(keys)
    while waiting:
        seen |= waiting
        collected: set[tuple[str, str]] = set()
        values = (json.dumps(sorted(waiting)), _FIRST_ALONE)
        for row in database.rows(_BEHIND + _RAW_OR_SEVERAL, *values):
            if row["kind"] == "raw":
                found.add(row["sha256"])
            else:
                collected.add((row["key"], row["parameter"]))
        waiting = set()
        for key, parameter in collected:
            others = _others(database, key, parameter, found)
            waiting.update(other for other in others if other not in seen)
    return sorted(found)


def _others(database: Database, key: str, parameter: str, raw: set[str]) -> Iterator[str]:
    """The further producers of a parameter; where their items are raw files, only these."""
    rows = database.rows(
        "SELECT i.position, i.producer, c.item FROM computation_input i "
        "CROSS JOIN computation c ON c.key = i.producer WHERE i.key = ? AND i.parameter = ?",
        key,
        parameter,
    )
    items = {row["item"] for row in rows}
    if rows and rows[0]["position"] == 0 and _is_raw(database, rows[0]["item"]):
        raw |= items
    else:
        yield from (row["producer"] for row in rows if row["position"] > 0)


def _is_raw(database: Database, sha256: str) -> bool:
    return database.row("SELECT 1 FROM raw_file WHERE sha256 = ?", sha256) is not None


def raw_file_names(database: Database, hashes: Collection[str]) -> dict[str, str]:
    """The names of raw files by their hashes."""
    rows = database.rows(
        "SELECT r.sha256, r.name FROM json_each(?) wanted JOIN raw_file r "
        "ON r.sha256 = wanted.value ORDER BY r.name, r.sha256",
        json.dumps(list(hashes)),
    )
    return {row["sha256"]: row["name"] for row in rows}


def rows_by_node(database: Database, keys: Iterable[str]) -> dict[str, int | None]:
    """How many rows the results of each node among these computations have together."""
    rows = database.rows(
        "SELECT c.node, sum(a.rows) AS rows FROM json_each(?) wanted "
        "JOIN computation c ON c.key = wanted.value "
        "JOIN artifact a ON a.sha256 = c.sha256 AND a.codec = c.codec GROUP BY c.node",
        json.dumps(list(keys)),
    )
    return {row["node"]: row["rows"] for row in rows}
