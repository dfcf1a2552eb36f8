"""What the registry knows beside the tables: runs, files, and the nodes behind an output."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from registry.database import Database
from registry.lineage import computations_behind, raw_file_names
from registry.past import PastRun, past_runs
from registry.reading import Answer

NEWEST_RUNS: Final = 40


@dataclass(frozen=True)
class NodeRun:
    """A node that a run computed, and why.

    Attributes:
        count: How many items of it, where it is one of a parallel block.
    """

    node: str
    reason: str
    count: int
    rows: int | None
    seconds: float


@dataclass(frozen=True)
class NodeBehind:
    """A node between an output and the raw files."""

    node: str
    stage: str
    rows: int | None
    sha256: str


class Background:
    """Nothing is known: of tables alone, without a registry."""

    def runs(self) -> Sequence[PastRun]:
        """What ran, the newest first."""
        return ()

    def nodes_of(self, run_id: str) -> Sequence[NodeRun]:
        """What a run computed."""
        del run_id
        return ()

    def names(self, hashes: Collection[str]) -> Mapping[str, str]:
        """The names of raw files."""
        del hashes
        return {}

    def behind(self, output: str) -> Sequence[NodeBehind]:
        """The nodes that an output rests on, from the raw files on."""
        del output
        return ()


NOTHING_BEHIND: Final = Background()


class Asked(Protocol):
    """Puts a question to a registry, wherever it is."""

    def __call__(self, question: Callable[[Database], Answer], /) -> Answer:
        """The answer."""


class RegistryBackground(Background):
    """What a profile's registry knows.

    Args:
        ask: Puts a question to it.
        generation: The generation that is shown.
    """

    def __init__(self, ask: Asked, generation: int) -> None:
        self._ask, self._generation = ask, generation

    def runs(self) -> Sequence[PastRun]:
        """What ran, the newest first."""
        return self._ask(past_runs)[::-1][:NEWEST_RUNS]

    def nodes_of(self, run_id: str) -> Sequence[NodeRun]:
        """What a run computed."""
        rows = self._ask(lambda database: database.rows(_RAN, run_id))
        return [NodeRun(**dict(row)) for row in rows]

    def names(self, hashes: Collection[str]) -> Mapping[str, str]:
        """The names of raw files."""
        return self._ask(lambda database: raw_file_names(database, hashes))

    def behind(self, output: str) -> Sequence[NodeBehind]:
        """The nodes that an output rests on, from the raw files on."""
        return self._ask(lambda database: self._behind(database, output))

    def _behind(self, database: Database, output: str) -> list[NodeBehind]:
        row = database.row(
            "SELECT key FROM generation_node WHERE generation = ? AND node = ?",
            self._generation,
            output,
        )
        if row is None:
            return []
        lineage = computations_behind(database, [row["key"]], first_items=True)
        steps = _steps({key: [] for key in lineage.made}, lineage.edges, row["key"])
        nodes: dict[str, NodeBehind] = {}
        for key in sorted(lineage.made, key=lambda key: (-steps.get(key, 0), key)):
            made = lineage.made[key]
            stage = database.row("SELECT stage FROM computation WHERE key = ?", key)
            nodes[made.node] = NodeBehind(
                made.node, stage["stage"] if stage else "", made.rows, made.sha256
            )
        return list(nodes.values())


_RAN: Final = """
    SELECT node, min(reason) AS reason, count(*) AS count, sum(rows) AS rows,
           coalesce(sum(seconds), 0) AS seconds
    FROM run_node WHERE run_id = ? AND action = 'ran' GROUP BY node, reason ORDER BY node, reason
"""


def _steps(makers: dict[str, list[str]], edges: Sequence[Any], last: str) -> dict[str, int]:
    """How many steps each computation stands before the last one, the longest way."""
    for edge in edges:
        if edge.producer in makers:
            makers[edge.consumer].append(edge.producer)
    steps, waiting = {last: 0}, [last]
    while waiting:
        key = waiting.pop()
        for maker in makers[key]:
            if steps.get(maker, -1) < steps[key] + 1:
                steps[maker] = steps[key] + 1
                waiting.append(maker)
    return steps
