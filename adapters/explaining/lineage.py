"""The lineage of a published node as a graph: nodes, raw files, values from outside, and edges.

Of a parallel block one box stands for all items, unless every item is asked for.

    NoLineageError    nothing is published of the node, or it makes no result of its own
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from adapters import AdapterError
from adapters.engine.execution import Engine, Request
from adapters.engine.planner import RUN, Plan
from registry.lineage import (
    Edge,
    Lineage,
    Made,
    computations_behind,
    raw_file_names,
    raw_files_behind,
    rows_by_node,
)

RAW_FILES: Final = "raw files"
STATES: Final[Mapping[str, str]] = {
    "fresh": "as published, would not run",
    "rerun": "computed by the run that published it, would not run",
    "stale": "would run now",
    "raw": "raw files",
    "input": "from outside: a setting, a correction",
}


class NoLineageError(AdapterError):
    """There is nothing to follow."""

    exit_code = 2


@dataclass(frozen=True)
class Box:
    """One box of the graph.

    Attributes:
        name: Of a node, with its item where every item has a box; else of a file or an input.
        state: One of `STATES`.
        node: The node, if it is one.
        stage: Of a node.
        items: Of a block, how many items the box stands for.
        key: Of its computation; of a block, of one item's.
        sha256: Of its result.
        rows: Of its result, over all items.
        note: Why it is stale; the value of an input.
    """

    name: str
    state: str
    node: str = ""
    stage: str = ""
    items: int | None = None
    key: str | None = None
    sha256: str | None = None
    rows: int | None = None
    note: str = ""


@dataclass(frozen=True)
class LineageGraph:
    """Where one node's result comes from.

    Attributes:
        node: Whose lineage.
        boxes: By name; the node itself comes first.
        edges: (from, to, parameter).
        raw_files: Hash -> name of every raw file behind it.
    """

    node: str
    boxes: Mapping[str, Box]
    edges: tuple[tuple[str, str, str], ...]
    raw_files: Mapping[str, str]

    def above(self, name: str) -> list[tuple[str, str]]:
        """What a box rests on: (name, parameter)."""
        return [(source, parameter) for source, target, parameter in self.edges if target == name]

    def as_json(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "node": self.node,
            "nodes": [asdict(box) for box in self.boxes.values()],
            "edges": [
                dict(zip(("from", "to", "parameter"), edge, strict=True)) for edge in self.edges
            ],
            "raw_files": [
                {"sha256": sha256, "name": name} for sha256, name in self.raw_files.items()
            ],
        }


class LineageReader:
    """Reads lineage from the registry of a flow that was planned.

    Args:
        engine: The flow and its registry.
        request: Says what is published.
        plan: Says what would run.
        run_id: The run that published.
    """

    def __init__(self, engine: Engine, request: Request, plan: Plan, run_id: str) -> None:
        self._flow, self._database = engine.flow, engine.store.database
        self._published, self._plan, self._run_id = request.published, plan, run_id

    def graph(self, name: str, *, every_item: bool = False) -> LineageGraph:
        """The lineage of a node.

        Args:
            name: The node.
            every_item: Give every item of a block, and every raw file, a box of its own.

        Raises:
            UnsupportedFlowError: The flow has no such node.
            NoLineageError: Nothing of it is published.
        """
        keys = self._keys(name)
        lineage = computations_behind(
            self._database, keys if every_item else keys[:1], first_items=not every_item
        )
        files = self._files(keys, {made.node for made in lineage.made.values()})
        boxes = _ItemBoxes(files, lineage) if every_item else _NodeBoxes(files, lineage)
        found = [self._box(boxes.name_of(made), made) for made in lineage.made.values()]
        found += boxes.outside()
        if not every_item:
            found = [self._summed(box) for box in found]
        edges = dict.fromkeys(
            (boxes.source_of(edge), boxes.name_of(lineage.made[edge.consumer]), edge.parameter)
            for edge in lineage.edges
            if boxes.source_of(edge)
        )
        by_name = {box.name: box for box in sorted(found, key=lambda box: box.node != name)}
        return LineageGraph(name, by_name, tuple(edges), files)

    def _files(self, keys: Sequence[str], nodes: set[str]) -> dict[str, str]:
        """The raw files behind; equal results of several files are one computation."""
        hashes = set(raw_files_behind(self._database, keys))
        hashes |= {item for node, item in self._published if item and node in nodes}
        return raw_file_names(self._database, hashes)

    def _keys(self, name: str) -> list[str]:
        self._flow.check_names([name])
        keys = [key for (node, _), key in sorted(self._published.items()) if node == name]
        if keys:
            return keys
        if self._flow.nodes[name].is_expand:
            inner = [node.name for node in self._flow.block_nodes(name)]
            raise NoLineageError(
                f"{name} hands on what it gets and makes no result; ask for {', '.join(inner)}"
            )
        raise NoLineageError(f"nothing of {name} is published yet; run python cli.py")

    def _box(self, name: str, made: Made) -> Box:
        """The box of one computation."""
        node = self._flow.nodes.get(made.node)
        action = self._plan.undecided.get(made.node)
        action = self._plan.actions.get((made.node, made.item), action)
        stale = action is not None and action.action == RUN
        return Box(
            name=name,
            state="stale" if stale else "rerun" if made.run_id == self._run_id else "fresh",
            node=made.node,
            stage=node.stage if node else "",
            key=made.key,
            sha256=made.sha256,
            rows=made.rows,
            note=action.reason if action is not None and stale else "",
        )

    def _summed(self, box: Box) -> Box:
        """A box that stands for all items of its node."""
        own = {item: key for (node, item), key in self._published.items() if node == box.node}
        if not any(own):
            return box
        actions = [self._plan.actions.get((box.node, item)) for item in own]
        stale = [action for action in actions if action and action.action == RUN]
        rows = rows_by_node(self._database, own.values())[box.node]
        box = replace(box, items=len(own), rows=rows)
        return replace(box, state="stale", note=stale[0].reason) if stale else box


class _NodeBoxes:
    """A box for each node, and one for all raw files."""

    def __init__(self, files: Mapping[str, str], lineage: Lineage) -> None:
        self._files, self._lineage = files, lineage

    def name_of(self, made: Made) -> str:
        """The box of a computation."""
        return made.node

    def file_box(self, _sha256: str) -> str:
        """The box of a raw file."""
        return RAW_FILES

    def source_of(self, edge: Edge) -> str:
        """The box that an edge comes from; nothing of an item whose origins are edges too."""
        if edge.kind == "raw":
            return self.file_box(edge.sha256)
        made = self._lineage.made.get(edge.producer or "")
        if made is not None:
            return self.name_of(made)
        return "" if edge.producer or self._has_origins(edge) else edge.parameter

    def outside(self) -> list[Box]:
        """The boxes of raw files, and of settings and tables from outside of the flow."""
        names = {self.file_box(sha256): sha256 for sha256 in self._files}
        boxes = [self._of_files(name, sha256) for name, sha256 in names.items()]
        for edge in self._lineage.edges:
            if edge.kind != "raw" and self.source_of(edge) == edge.parameter and not edge.producer:
                sha256 = None if edge.kind == "configuration" else edge.sha256
                boxes.append(Box(edge.parameter, "input", sha256=sha256, note=edge.value or ""))
        return boxes

    def _of_files(self, name: str, _sha256: str) -> Box:
        return Box(name, "raw", items=len(self._files))

    def _has_origins(self, edge: Edge) -> bool:
        """Whether an edge without a producer brings a block's item with its origins beside it."""
        return edge.item != "" and edge.kind == "artifact" and edge.sha256 == edge.item


class _ItemBoxes(_NodeBoxes):
    """A box for each computation and for each raw file."""

    def name_of(self, made: Made) -> str:
        """The box of a computation, told apart by the first digits of its item."""
        return f"{made.node} {made.item[:12]}" if made.item else made.node

    def file_box(self, sha256: str) -> str:
        """The box of a raw file; two of one name are told apart by their hashes."""
        return f"{self._files.get(sha256, 'raw file')} {sha256[:12]}"

    def _of_files(self, name: str, sha256: str) -> Box:
        return Box(name, "raw", sha256=sha256)
