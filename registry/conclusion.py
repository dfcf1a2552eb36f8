"""What a conclusion rests on in the registry, read without changing or locking anything.

That a run is up to date follows from a small part of the registry: the raw files, the notes of
sources, and the published generation with its computations. Two registries that agree in it give
the same answer, whatever else is in them.
"""

import contextlib
import hashlib
import marshal
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from registry.fast_path import write_ahead_stamp
from registry.stamps import Stamp

WRITE_AHEAD_SUFFIX: Final = "-wal"

# Generations that count: the published one, and the one that a rollback holds against.
_GENERATIONS: Final = """
    WITH current AS (SELECT CAST(value AS INTEGER) AS number FROM setting
                     WHERE name = 'current_generation'),
    counting AS (SELECT number FROM current UNION
                 SELECT g.held_against FROM generation g JOIN current USING (number)
                 WHERE g.held_against IS NOT NULL),
    made AS (SELECT DISTINCT key FROM generation_node n JOIN counting c ON c.number = n.generation)
"""
# What a current generation is made of; each follows `_GENERATIONS`.
_BASIS: Final = (
    "SELECT * FROM setting WHERE name = 'current_generation'",
    "SELECT * FROM raw_file ORDER BY sha256",
    "SELECT * FROM note ORDER BY key",
    "SELECT g.* FROM generation g JOIN counting USING (number) ORDER BY number",
    """SELECT o.* FROM generation_output o JOIN counting c ON c.number = o.generation
       ORDER BY generation, output""",
    """SELECT n.* FROM generation_node n JOIN counting c ON c.number = n.generation
       ORDER BY generation, node, item""",
    "SELECT key, node, item, sha256, codec FROM computation JOIN made USING (key) ORDER BY key",
    """, direct AS (SELECT sha256 FROM computation JOIN made USING (key) UNION
                   SELECT sha256 FROM computation_input JOIN made USING (key)
                   WHERE kind = 'artifact'),
         meant AS (SELECT sha256 FROM direct UNION
                   SELECT part FROM artifact_part JOIN direct USING (sha256))
       SELECT a.sha256, a.codec, a.size, a.rows FROM artifact a JOIN meant USING (sha256)
       ORDER BY a.sha256, a.codec""",
)
_RAW_FILES, _ARTIFACTS = 1, 7


@dataclass(frozen=True)
class Basis:
    """The part of a registry that the answer rests on.

    Attributes:
        digest: Of that part.
        artifacts: (SHA-256, codec) of every artifact behind it, handed-in tables too.
        raw: SHA-256 of every raw file.
        hashes: SHA-256 of files outside that were read, by their stamps.
    """

    digest: str
    artifacts: tuple[tuple[str, str], ...]
    raw: tuple[str, ...]
    hashes: dict[Stamp, str]


def basis(path: Path, *, examined: bool = False) -> Basis | None:
    """The basis in the registry at this place; None if it cannot be read or is damaged.

    Args:
        path: The registry's file.
        examined: Look for damage in every page first.
    """
    try:
        with _reading(path) as connection:
            if examined and connection.execute("PRAGMA quick_check(1)").fetchall() != [("ok",)]:
                return None
            parts = [connection.execute(_GENERATIONS + part).fetchall() for part in _BASIS]
            remembered = connection.execute("SELECT * FROM file_stamp").fetchall()
    except sqlite3.Error:
        return None
    return Basis(
        hashlib.sha256(marshal.dumps(parts, 2)).hexdigest(),
        tuple((sha256, codec) for sha256, codec, *_ in parts[_ARTIFACTS]),
        tuple(row[0] for row in parts[_RAW_FILES]),
        {Stamp(*row[:5]): row[5] for row in remembered},
    )


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that leaves no files beside the registry where there are none."""
    has_log = write_ahead_stamp(f"{path}{WRITE_AHEAD_SUFFIX}") is not None
    mode: Any = "mode=ro" if has_log else "mode=ro&immutable=1"
    connection = sqlite3.connect(f"file:{quote(os.fspath(path))}?{mode}", uri=True)
    try:
        yield connection
    finally:
        connection.close()
