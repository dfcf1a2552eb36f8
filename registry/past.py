"""What happened: runs, generations, and the versions of one node, for whoever asks.

NoSuchNodeError       no generation has a node of this name (exit code 2)
NoSuchVersionError    a node has no such version, or its bytes are gone (exit code 2)
"""

import difflib
import functools
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Row
from typing import Any, Final

from registry import RegistryError
from registry.database import Database
from registry.garbage import pinned, whole_generations
from registry.generations import QuietRun
from registry.store import Artifact, Store

_VERSION: Final = re.compile(r"(g|v?)(\d{1,9})")


class NoSuchNodeError(RegistryError):
    """No published generation has a node of this name."""

    exit_code = 2

    def __init__(self, node: str, near: Sequence[str]) -> None:
        advice = f"; did you mean {near[0]}?" if near else "; `python cli.py plan` lists all"
        super().__init__(f"{node}: nothing of this name was published{advice}")
        self.node = node


class NoSuchVersionError(RegistryError):
    """A version that cannot be looked at."""

    exit_code = 2

    def __init__(self, node: str, version: str, problem: str) -> None:
        super().__init__(f"{node} {version}: {problem}; `history {node}` lists what there is")
        self.node, self.version = node, version


@dataclass(frozen=True)
class PastRun:
    """A run, or another command that changed what is published.

    Attributes:
        seconds: From its start to its end.
        rows: How many rows the nodes made that ran.
        actions: Action -> to how many nodes and files it happened.
    """

    run_id: str
    started_utc: str
    ended_utc: str | None
    seconds: float | None
    status: str
    generation: int | None
    rows: int
    actions: Mapping[str, int]


@dataclass(frozen=True)
class PastGeneration:
    """A generation.

    Attributes:
        results: Whether its results are there; gc and `--clean` remove them.
        outputs: Output -> its version, rows and hash.
    """

    generation: int
    published_utc: str
    run_id: str
    restores: int | None
    pinned: bool
    results: bool
    outputs: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class NodeVersion:
    """A node in one generation.

    Attributes:
        version: Of an output.
        key: Of its computation; of a parallel block there are `items`.
        changed: How many of its items are other computations than in the generation before.
        reason: Why.
    """

    generation: int
    published_utc: str
    run_id: str
    version: int | None
    key: str | None
    sha256: str | None
    rows: int | None
    seconds: float | None
    items: int
    changed: int
    reason: str


def past_runs(database: Database, quiet: Iterable[QuietRun] = ()) -> list[PastRun]:
    """Every run, the oldest first.

    Args:
        database: The registry.
        quiet: Runs that it does not know yet, since they found nothing to do.
    """
    actions: dict[str, Counter[str]] = {}
    rows: Counter[str] = Counter()
    for row in database.rows(
        "SELECT run_id, action, count(*) AS n, sum(rows) AS rows FROM run_node GROUP BY 1, 2"
    ):
        actions.setdefault(row["run_id"], Counter())[row["action"]] += row["n"]
        rows[row["run_id"]] += row["rows"] or 0
    runs = [
        PastRun(
            run_id=row["id"],
            started_utc=row["started_utc"],
            ended_utc=row["ended_utc"],
            seconds=_seconds(row["started_utc"], row["ended_utc"]),
            status=row["status"],
            generation=row["generation"],
            rows=rows[row["id"]],
            actions=dict(actions.get(row["id"], {})),
        )
        for row in database.rows("SELECT * FROM run ORDER BY rowid")
    ]
    known = {run.run_id for run in runs}
    runs += [_quiet(run) for run in quiet if run.run_id not in known]
    return sorted(runs, key=lambda run: run.started_utc)


def _quiet(run: QuietRun) -> PastRun:
    return PastRun(
        run_id=run.run_id,
        started_utc=run.started_utc,
        ended_utc=run.ended_utc,
        seconds=_seconds(run.started_utc, run.ended_utc),
        status="up-to-date",
        generation=run.generation,
        rows=0,
        actions={},
    )


def past_generations(store: Store) -> list[PastGeneration]:
    """Every generation, the oldest first."""
    database = store.database
    kept, outputs = set(pinned(database)), dict[int, dict[str, dict[str, Any]]]()
    whole, is_there = set(whole_generations(database)), functools.cache(store.present)
    for row in database.rows(
        "SELECT o.*, a.size FROM generation_output o LEFT JOIN artifact a "
        "ON a.sha256 = o.sha256 AND a.codec = o.codec ORDER BY generation, output"
    ):
        found = {name: row[name] for name in ("version", "rows", "sha256")}
        outputs.setdefault(row["generation"], {})[row["output"]] = found
        size = row["size"]
        if size is None or not is_there(Artifact(row["sha256"], row["codec"], size)):
            whole.discard(row["generation"])
    return [
        PastGeneration(
            generation=row["number"],
            published_utc=row["published_utc"],
            run_id=row["run_id"],
            restores=row["restores"],
            pinned=row["number"] in kept,
            results=row["number"] in whole,
            outputs=outputs.get(row["number"], {}),
        )
        for row in database.rows("SELECT * FROM generation ORDER BY number")
    ]


def node_versions(database: Database, node: str) -> list[NodeVersion]:
    """A node over the generations, the oldest first.

    Raises:
        NoSuchNodeError: None has a node of this name.
    """
    by_generation: dict[int, list[Row]] = {}
    for row in database.rows(
        "SELECT n.generation, n.item, n.key, c.sha256, c.seconds, a.rows "
        "FROM generation_node n LEFT JOIN computation c USING (key) "
        "LEFT JOIN artifact a ON a.sha256 = c.sha256 AND a.codec = c.codec "
        "WHERE n.node = ? ORDER BY n.generation, n.item",
        node,
    ):
        by_generation.setdefault(row["generation"], []).append(row)
    if not by_generation:
        names = [row["node"] for row in database.rows("SELECT DISTINCT node FROM generation_node")]
        raise NoSuchNodeError(node, difflib.get_close_matches(node, names, n=1))
    history = _Changes(database, node)
    return [
        history.version(row, by_generation[row["number"]])
        for row in database.rows("SELECT * FROM generation ORDER BY number")
        if row["number"] in by_generation
    ]


class _Changes:
    """Follows a node from one generation to the next."""

    def __init__(self, database: Database, node: str) -> None:
        self._node = node
        self._outputs = {
            row["generation"]: row
            for row in database.rows("SELECT * FROM generation_output WHERE output = ?", node)
        }
        self._reasons = {
            (row["run_id"], row["item"]): row["reason"]
            for row in database.rows("SELECT * FROM run_node WHERE node = ?", node)
            if row["action"] == "ran"
        }
        self._before: dict[str, str] = {}
        self._seen: dict[tuple[str, str], int] = {}

    def version(self, generation: Row, items: Sequence[Row]) -> NodeVersion:
        """The node in the next generation."""
        now = {row["item"]: row["key"] for row in items}
        moved = sorted(item for item, key in now.items() if self._before.get(item) != key)
        gone = len(self._before.keys() - now.keys())
        reason = self._reason(generation, now, moved) or ("fewer items" if gone else "unchanged")
        self._before = now
        for item, key in now.items():
            self._seen[item, key] = generation["number"]
        output, one = self._outputs.get(generation["number"]), items[0]
        is_plain = len(items) == 1 and not one["item"]
        counts = [row["rows"] for row in items if row["rows"] is not None]
        seconds = [row["seconds"] for row in items if row["seconds"] is not None]
        return NodeVersion(
            generation=generation["number"],
            published_utc=generation["published_utc"],
            run_id=generation["run_id"],
            version=output["version"] if output else None,
            key=one["key"] if is_plain else None,
            sha256=output["sha256"] if output else one["sha256"] if is_plain else None,
            rows=output["rows"] if output else sum(counts) if counts else None,
            seconds=sum(seconds) if seconds else None,
            items=len(items),
            changed=len(moved) + gone,
            reason=reason,
        )

    def _reason(self, generation: Row, now: Mapping[str, str], moved: Sequence[str]) -> str:
        if not moved:
            return ""
        if generation["restores"] is not None:
            return f"restores generation {generation['restores']}"
        reasons = Counter(
            self._reasons.get((generation["run_id"], item)) or self._known(item, now[item])
            for item in moved
        )
        (reason, count), *more = reasons.most_common()
        others = f" ({len(moved) - count} for other reasons)" if more else ""
        return reason + others

    def _known(self, item: str, key: str) -> str:
        earlier = self._seen.get((item, key))
        return f"as in generation {earlier} again" if earlier else "computed before"


def artifacts_of(database: Database, node: str, version: str) -> list[Artifact]:
    """The artifacts of a node: of version 3 (`3`, `v3`) of an output, or in generation 3 (`g3`).

    Raises:
        NoSuchNodeError: No generation has a node of this name.
        NoSuchVersionError: It has no such version, or no longer.
    """
    match = _VERSION.fullmatch(version)
    if match is None:
        raise NoSuchVersionError(node, version, "no version; give one as 3, v3, or g3")
    number = int(match[2])
    if match[1] != "g":
        return [_output(database, node, version, "o.version", number)]
    if database.row("SELECT 1 FROM generation_output WHERE output = ?", node):
        return [_output(database, node, version, "o.generation", number)]
    rows = database.rows(
        "SELECT a.sha256, a.codec, a.size, a.rows, n.key, n.item FROM generation_node n "
        "LEFT JOIN computation c USING (key) "
        "LEFT JOIN artifact a ON a.sha256 = c.sha256 AND a.codec = c.codec "
        "WHERE n.node = ? AND n.generation = ? ORDER BY n.item",
        node,
        number,
    )
    if not rows:
        node_versions(database, node)
        raise NoSuchVersionError(node, version, "the generation has no such node")
    return [_registered(node, version, row) for row in rows]


def _output(database: Database, node: str, version: str, column: str, number: int) -> Artifact:
    row = database.row(
        "SELECT a.sha256, a.codec, a.size, a.rows, o.key FROM generation_output o "  # noqa: S608
        "LEFT JOIN artifact a ON a.sha256 = o.sha256 AND a.codec = o.codec "
        f"WHERE o.output = ? AND {column} = ? ORDER BY o.generation DESC LIMIT 1",
        node,
        number,
    )
    if row is None:
        known = database.row("SELECT 1 FROM generation_output WHERE output = ?", node)
        if known is None:
            node_versions(database, node)
        problem = "there is none" if known else "only outputs have versions; name generations (g3)"
        raise NoSuchVersionError(node, version, problem)
    return _registered(node, version, row)


def _registered(node: str, version: str, row: Row) -> Artifact:
    if row["sha256"] is None:
        raise NoSuchVersionError(node, version, "its bytes were removed by gc")
    return Artifact(**dict(row))


def _seconds(started: str, ended: str | None) -> float | None:
    if ended is None:
        return None
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(started)).total_seconds()
