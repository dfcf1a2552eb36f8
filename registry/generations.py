"""Published generations and the runs that made them.

A generation names one artifact per output, and the computation of every node behind them. It
becomes visible in one SQLite commit, after its manifest is on the disk. An output's version grows
when its bytes change, or when what was published before has been cleaned away. A version names the
same bytes for ever: what a rollback publishes again has the versions that it had.
"""

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from registry.database import Database, put_setting, setting
from registry.manifests import document_of, manifest_bytes, manifest_path
from registry.objects import (
    WriteError,
    flush_folder,
    publish_together,
    replace_file,
    write_pending,
)
from registry.store import Artifact

CURRENT: Final = "current_generation"
# Where the counts go on when the rows that told them were forgotten.
LAST_GENERATION: Final = "last_generation"
LAST_VERSION: Final = "last_version/"
_LOG_MARK: Final = "log_mark"


@dataclass(frozen=True)
class Output:
    """One published output: its artifact and the version people see."""

    name: str
    version: int
    artifact: Artifact


@dataclass(frozen=True)
class NodeKey:
    """Which computation stands behind a node (of a parallel block: for one item)."""

    node: str
    item: str
    key: str


@dataclass(frozen=True)
class NodeAction:
    """What a run did with a node, and why."""

    node: str
    item: str
    action: str
    reason: str
    key: str | None = None
    rows: int | None = None
    seconds: float | None = None


class QuietRun(NamedTuple):
    """A run that found nothing to do, as its line in the log tells."""

    run_id: str
    started_utc: str
    ended_utc: str
    generation: int | None
    path: str


class Generations:
    """The published generations of one profile."""

    def __init__(self, profile_folder: Path, database: Database) -> None:
        self._folder = profile_folder
        self._database = database

    def current(self) -> int | None:
        """The published generation's number; None before the first and after a clean."""
        number = setting(self._database, CURRENT)
        return None if number is None else int(number)

    def outputs(self, number: int) -> dict[str, Output]:
        """The outputs of a generation by name."""
        rows = self._database.rows(
            "SELECT o.*, a.size FROM generation_output o JOIN artifact a "
            "ON a.sha256 = o.sha256 AND a.codec = o.codec WHERE generation = ? ORDER BY output",
            number,
        )
        return {
            row["output"]: Output(
                row["output"],
                row["version"],
                Artifact(row["sha256"], row["codec"], row["size"], row["rows"], row["key"]),
            )
            for row in rows
        }

    def describe(self, number: int) -> dict[str, Any]:
        """When a generation was published, and by which run."""
        row = self._database.row("SELECT * FROM generation WHERE number = ?", number)
        return {} if row is None else dict(row)

    def node_keys(self, number: int) -> list[NodeKey]:
        """The computation of every node behind a generation."""
        rows = self._database.rows(
            "SELECT node, item, key FROM generation_node WHERE generation = ?", number
        )
        return [NodeKey(*row) for row in rows]

    def publish(
        self,
        *,
        run_id: str,
        published_utc: str,
        artifacts: Mapping[str, Artifact],
        nodes: Mapping[tuple[str, str], Artifact],
        facts: Mapping[str, Any],
        restores: int | None = None,
        held_against: int | None = None,
        versions: Mapping[str, int] | None = None,
    ) -> int:
        """Publish outputs together, as the next generation.

        Args:
            run_id: The run that made it.
            published_utc: For people.
            artifacts: Output name -> its artifact (with the key of its computation).
            nodes: (node, item) -> the artifact of every node behind them.
            facts: What else is kept of it: the run's options, the instant that was now.
            restores: The older generation that this one publishes again.
            held_against: The generation that the flow would give instead.
            versions: Output name -> its version, where that is told and not counted.

        Returns:
            The generation's number.
        """
        number = self._next_number()
        outputs = list(self.next_outputs(artifacts, versions or {}).values())
        with self._head_of(number), self._database.atomic() as connection:
            connection.execute(
                "INSERT INTO generation (number, run_id, published_utc, manifest, restores, "
                "held_against, facts) VALUES (?, ?, ?, '', ?, ?, ?)",
                (number, run_id, published_utc, restores, held_against, _json(facts)),
            )
            _insert_outputs(connection, number, outputs)
            connection.executemany(
                "INSERT INTO generation_node VALUES (?, ?, ?, ?)",
                [(number, node, item, made.key) for (node, item), made in sorted(nodes.items())],
            )
            self._write_manifest(connection, number)
            put_setting(connection, CURRENT, str(number))
        return number

    @contextmanager
    def _head_of(self, number: int) -> Iterator[None]:
        """Write `head` before the commit, when failing costs nothing, and name it after."""
        pending = write_pending(self._folder, [_head(number)], mode=0o600)
        try:
            yield
            # The commit stands, whatever becomes of the name: `write_head` tries again, and tells.
            with contextlib.suppress(WriteError):
                publish_together([(pending, self._folder / "head")])
        finally:
            pending.discard()

    def next_outputs(
        self, artifacts: Mapping[str, Artifact], told: Mapping[str, int]
    ) -> dict[str, Output]:
        """The outputs of a generation with these artifacts: versions are told, or counted."""
        return {
            name: Output(name, told[name], artifacts[name])
            if name in told
            else self._next_version(name, artifacts[name])
            for name in sorted(artifacts)
        }

    def write_manifest(self, number: int) -> None:
        """Write the manifest of a generation anew, from what the registry knows of it."""
        with self._database.atomic() as connection:
            self._write_manifest(connection, number)

    def _write_manifest(self, connection: sqlite3.Connection, number: int) -> None:
        manifest = manifest_bytes(document_of(self._database, number))
        replace_file(manifest_path(self._folder, number), [manifest])
        _note_manifest(connection, number, manifest)

    def write_head(self) -> None:
        """Make `head` name the published generation, which it does unless a run was cut short.

        Raises:
            WriteError: It could not be written.
        """
        path, current = self._folder / "head", self.current()
        if current is None:
            path.unlink(missing_ok=True)
            flush_folder(self._folder)
        elif not (path.is_file() and path.read_bytes() == _head(current)):
            replace_file(path, [_head(current)])

    def replace_manifest(self, number: int, manifest: bytes) -> None:
        """Put another text in the place of a generation's manifest."""
        replace_file(manifest_path(self._folder, number), [manifest])
        with self._database.atomic() as connection:
            _note_manifest(connection, number, manifest)

    def unpublish(self) -> None:
        """Forget which generation is published; history and version numbers stay."""
        with self._database.atomic() as connection:
            self.unpublish_within(connection)
        self.write_head()

    @staticmethod
    def unpublish_within(connection: sqlite3.Connection) -> None:
        """Forget it within a transaction; the caller writes the head after it."""
        put_setting(connection, CURRENT, None)

    def _next_number(self) -> int:
        row = self._database.row("SELECT max(number) AS number FROM generation")
        used = row["number"] if row else None
        return max(int(used or 0), int(setting(self._database, LAST_GENERATION) or 0)) + 1

    def _next_version(self, name: str, artifact: Artifact) -> Output:
        row = self._database.row(
            "SELECT o.version FROM generation g JOIN generation_output o "
            "ON o.generation IN (g.number, g.held_against) "
            "WHERE g.number = ? AND o.output = ? AND o.sha256 = ? AND o.codec = ? "
            "ORDER BY o.generation DESC LIMIT 1",
            self.current(), name, artifact.sha256, artifact.codec,
        )  # fmt: skip
        if row is not None:
            return Output(name, int(row["version"]), artifact)
        row = self._database.row(
            "SELECT max(version) AS version FROM generation_output WHERE output = ?", name
        )
        used = row["version"] if row else None
        counted = setting(self._database, LAST_VERSION + name)
        return Output(name, max(int(used or 0), int(counted or 0)) + 1, artifact)


def _head(number: int) -> bytes:
    return f"{number}\n".encode()


def _note_manifest(connection: sqlite3.Connection, number: int, manifest: bytes) -> None:
    connection.execute(
        "UPDATE generation SET manifest = ? WHERE number = ?",
        (hashlib.sha256(manifest).hexdigest(), number),
    )


def _json(facts: Mapping[str, Any]) -> str:
    return json.dumps(facts, sort_keys=True)


def _insert_outputs(connection: sqlite3.Connection, number: int, outputs: Iterable[Output]) -> None:
    connection.executemany(
        "INSERT INTO generation_output VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (
                number,
                output.name,
                output.version,
                output.artifact.key,
                output.artifact.sha256,
                output.artifact.codec,
                output.artifact.rows,
            )
            for output in outputs
        ],
    )


class Runs:
    """What happened: every run, and what it did with each node."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(
        self,
        *,
        run_id: str,
        started_utc: str,
        ended_utc: str,
        status: str,
        generation: int | None,
        options: Mapping[str, Any],
        actions: Iterable[NodeAction],
        quiet: Iterable[QuietRun] = (),
        log_mark: str | None = None,
    ) -> None:
        """Write a finished run down, and before it the quiet ones that the log tells of.

        Args:
            run_id: The run.
            started_utc: When it began.
            ended_utc: When it ended.
            status: What became of it.
            generation: What is published now.
            options: What it was asked for.
            actions: What it did with each node.
            quiet: Runs that wrote a line and nothing else.
            log_mark: How far the log has been read.
        """
        with self._database.atomic() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO run VALUES (?, ?, ?, 'up-to-date', ?, ?)",
                [(*found[:4], json.dumps({"path": found.path})) for found in quiet],
            )
            if log_mark is not None:
                put_setting(connection, _LOG_MARK, log_mark)
            connection.execute(
                "INSERT OR REPLACE INTO run VALUES (?, ?, ?, ?, ?, ?)",
                (run_id, started_utc, ended_utc, status, generation, json.dumps(options)),
            )
            connection.executemany(
                "INSERT OR REPLACE INTO run_node VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        run_id,
                        done.node,
                        done.item,
                        done.action,
                        done.reason,
                        done.key,
                        done.rows,
                        done.seconds,
                    )
                    for done in actions
                ],
            )

    @property
    def log_mark(self) -> str:
        """How far the log has been read."""
        return setting(self._database, _LOG_MARK) or ""

    def latest(self) -> sqlite3.Row | None:
        """The newest run that did something."""
        return self._database.row("SELECT * FROM run ORDER BY rowid DESC LIMIT 1")
