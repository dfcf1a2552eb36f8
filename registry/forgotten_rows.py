"""The rows that a raw file leaves in the registry: found by lineage, and removed in one commit."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from registry.database import Database, put_setting
from registry.forgetting import Farewell
from registry.generations import LAST_GENERATION, LAST_VERSION, Generations

_FIND: Final = (
    "CREATE TEMP TABLE gone_raw (sha256 TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TEMP TABLE gone_input (sha256 TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TEMP TABLE gone_key (key TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TEMP TABLE gone_generation (number INTEGER PRIMARY KEY)",
)
_REACH: Final = (
    """
    WITH RECURSIVE gone (key) AS (
        SELECT key FROM computation WHERE item IN gone_raw
        UNION SELECT key FROM computation_input WHERE sha256 IN gone_input
        UNION SELECT edge.key FROM gone JOIN computation_input edge ON edge.producer = gone.key
    ) INSERT INTO gone_key SELECT key FROM gone
    """,
    """
    INSERT INTO gone_generation
        SELECT generation FROM generation_node WHERE key IN gone_key OR item IN gone_raw
        UNION SELECT generation FROM generation_output WHERE key IN gone_key
    """,
)
_DROP: Final = tuple(
    f"DROP TABLE {name}" for name in ("gone_raw", "gone_input", "gone_key", "gone_generation")
)
_REMOVE: Final = (
    "DELETE FROM pin WHERE generation IN gone_generation",
    "DELETE FROM generation_output WHERE generation IN gone_generation",
    "DELETE FROM generation_node WHERE generation IN gone_generation",
    "DELETE FROM generation WHERE number IN gone_generation",
    "UPDATE generation SET held_against = NULL WHERE held_against IN gone_generation",
    "DELETE FROM run_node WHERE key IN gone_key OR item IN gone_raw",
    "UPDATE run SET generation = NULL WHERE generation IN gone_generation",
    "DELETE FROM computation WHERE key IN gone_key",
    "DELETE FROM computation_input WHERE key IN gone_key",
    "DELETE FROM raw_file WHERE sha256 IN gone_raw",
    "DELETE FROM file_stamp WHERE sha256 IN gone_raw",
    """
    WITH RECURSIVE reached (sha256) AS (
        SELECT sha256 FROM computation
        UNION SELECT sha256 FROM computation_input WHERE kind = 'artifact'
        UNION SELECT sha256 FROM generation_output
        UNION SELECT part.part FROM artifact_part part JOIN reached USING (sha256)
    ) DELETE FROM artifact WHERE sha256 NOT IN reached
    """,
    "DELETE FROM artifact_part WHERE sha256 NOT IN (SELECT sha256 FROM artifact)",
)


def vanishing_generations(database: Database, told: Farewell) -> list[int]:
    """The generations that depend on what is to be forgotten."""
    with database.atomic() as connection, _found(connection, told):
        rows = connection.execute("SELECT number FROM gone_generation ORDER BY number")
        return [int(row["number"]) for row in rows]


def remove_rows(database: Database, generations: Generations, told: Farewell) -> None:
    """Remove every row that came of it. Numbers and versions go on from where they were."""
    current = generations.current()
    with database.atomic() as connection, _found(connection, told):
        keep_counting(connection)
        for statement in _REMOVE:
            connection.execute(statement)
        _remove_notes(connection, told)
        if not connection.execute(
            "SELECT 1 FROM generation WHERE number = ?", (current,)
        ).fetchone():
            generations.unpublish_within(connection)
        connection.execute(
            "INSERT OR IGNORE INTO run (id, started_utc, ended_utc, status, generation, options) "
            "VALUES (?, ?, ?, 'forgotten', NULL, ?)",
            (told.run_id, told.started_utc, told.started_utc, json.dumps({"command": "forget"})),
        )
    generations.write_head()


@contextmanager
def _found(connection: sqlite3.Connection, told: Farewell) -> Iterator[None]:
    """Temporary tables of all that depends on what is to be forgotten."""
    for statement in _FIND:
        connection.execute(statement)
    raw = [(sha256,) for sha256 in sorted(told.sha256s)]
    connection.executemany("INSERT INTO gone_raw VALUES (?)", raw)
    connection.executemany(
        "INSERT OR IGNORE INTO gone_input VALUES (?)",
        [*raw, *((sha256,) for sha256 in told.artifacts)],
    )
    for statement in _REACH:
        connection.execute(statement)
    yield
    for statement in _DROP:
        connection.execute(statement)


def keep_counting(connection: sqlite3.Connection) -> None:
    """Write down how far the numbers are, since the rows that tell may go."""
    (number,) = connection.execute(
        "SELECT max(number) FROM (SELECT number FROM generation "
        "UNION SELECT value + 0 FROM setting WHERE name = ?)",
        (LAST_GENERATION,),
    ).fetchone()
    if number:
        put_setting(connection, LAST_GENERATION, str(number))
    rows = connection.execute(
        "SELECT output, max(version) AS version FROM ("
        "SELECT output, version FROM generation_output "
        "UNION SELECT substr(name, length(?) + 1), value + 0 FROM setting "
        "WHERE substr(name, 1, length(?)) = ?) GROUP BY output",
        (LAST_VERSION,) * 3,
    ).fetchall()
    for row in rows:
        put_setting(connection, LAST_VERSION + row["output"], str(row["version"]))


def _remove_notes(connection: sqlite3.Connection, told: Farewell) -> None:
    """Notes about files that go, and about archives that are to be unpacked again."""
    rows = connection.execute("SELECT key, text FROM note").fetchall()
    words = {*told.sha256s, *told.unpack_again, *(json.dumps(name) for name in told.names)}
    for row in rows:
        if any(word in row["key"] or word in row["text"] for word in words):
            connection.execute("DELETE FROM note WHERE key = ?", (row["key"],))
