"""Why a node is as it is: what changed since its published result, and what that makes stale.

    UnsupportedFlowError    a node is named that the flow does not have

A change is a node's own (its code, its configuration, a file, a library, its stored bytes) or comes
from a node above. The own changes of all stale nodes, each told once, are the causes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from adapters.engine.execution import Engine, Request
from adapters.engine.flow import FlowNode
from adapters.engine.identity import edges_of
from adapters.engine.planner import RUN, Plan
from registry.changes import Change, code_changes, values_diff
from registry.store import Artifact, DamagedArtifactError

Place = tuple[str, str]
LOUDNESS = ("damaged", "missing", "stale", "fresh")


@dataclass(frozen=True)
class Explanation:
    """The state of a node, and why.

    Attributes:
        node: Its name.
        stage: Its stage.
        state: fresh, stale, missing or damaged; of a block, that of its worst item.
        changes: What differs from what is published, the node's own changes first.
        below: The nodes below it that are stale too.
        items: Of a node in a block, how many items it has in each state.
        causes: What changed above it, where that makes it stale.
    """

    node: str
    stage: str
    state: str
    changes: tuple[Change, ...]
    below: tuple[str, ...] = ()
    items: Mapping[str, int] | None = None
    causes: tuple["Cause", ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The JSON form of the contract."""
        return {**asdict(self), "causes": [cause.as_json() for cause in self.causes]}


@dataclass(frozen=True)
class Cause:
    """One change, the nodes whose own it is (with how each comes to it), and those below."""

    change: Change
    nodes: Mapping[str, tuple[str, ...]]
    below: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The JSON form."""
        document = asdict(self.change)
        del document["called_by"]
        nodes = {node: list(way) for node, way in self.nodes.items()}
        return {**document, "nodes": nodes, "below": list(self.below)}


class Explainer:
    """Explains the nodes of one flow as it was planned.

    Args:
        engine: The flow and its registry.
        request: What was planned.
        plan: The plan.
        file_names: SHA-256 of a raw file -> the name people know it by.
    """

    def __init__(
        self, engine: Engine, request: Request, plan: Plan, file_names: Mapping[str, str]
    ) -> None:
        self._flow, self._store = engine.flow, engine.store
        self._request, self._plan, self._names = request, plan, file_names
        self._items: dict[str, list[str]] = {}
        for node, item in plan.actions:
            self._items.setdefault(node, []).append(item)
        self._published_items: dict[str, set[str]] = {}
        for node, item in request.published:
            self._published_items.setdefault(node, set()).add(item)
        self._code_changes = cache(self._find_code_changes)

    def stale_nodes(self) -> list[str]:
        """The nodes that would run, in the order of the flow."""
        run = {action.node for action in self._plan.stale} | self._plan.undecided.keys()
        return [name for name in self._flow.nodes if name in run]

    def explain(self, name: str, *, check_bytes: bool = False) -> Explanation:
        """Say what state a node is in, and why.

        Args:
            name: The node.
            check_bytes: Compare every byte of its results with their hashes.

        Raises:
            UnsupportedFlowError: The flow has no such node.
        """
        self._flow.check_names([name])
        node = self._flow.nodes[name]
        items = self._items.get(name, [])
        states = [self._state((name, item), check_bytes=check_bytes) for item in items]
        own = self._own_changes(node, check_bytes=check_bytes)
        inherited = self._inherited_changes(node) if states != ["fresh"] * len(items) else []
        state = min(states or [self._state_without_items(node)], key=LOUDNESS.index)
        counts = {each: states.count(each) for each in LOUDNESS if each in states}
        return Explanation(
            name,
            node.stage,
            state,
            tuple(dict.fromkeys([*own, *inherited])),
            () if state == "fresh" else self._stale_below([name]),
            counts if node.block else None,
            () if state == "fresh" else tuple(c for c in self.causes() if name in c.below),
        )

    def causes(self) -> list[Cause]:
        """What makes nodes stale, each change once, with the nodes that it makes stale."""
        found: dict[Change, dict[str, tuple[str, ...]]] = {}
        for name in self._flow.nodes:
            for change in dict.fromkeys(self._own_changes(self._flow.nodes[name])):
                plain = Change(change.kind, change.what, change.diff, change.part)
                found.setdefault(plain, {}).setdefault(name, change.called_by)
        return [
            Cause(change, nodes, self._stale_below(list(nodes))) for change, nodes in found.items()
        ]

    # -- states ----------------------------------------------------------------------------------

    def _state(self, place: Place, *, check_bytes: bool) -> str:
        action, artifact = self._plan.actions[place], self._plan.known.get(place)
        if artifact is not None and not self._store.present(artifact):
            return "damaged" if self._stands(artifact) else "missing"
        if action.action == RUN:
            return "stale" if self._was_published(place) else "missing"
        return "damaged" if check_bytes and self._damage(artifact) else "fresh"

    def _was_published(self, place: Place) -> bool:
        """Whether there is something that a change can be told against."""
        return place in self._request.published or bool(self._published_items.get(place[0]))

    def _state_without_items(self, node: FlowNode) -> str:
        if node.is_expand and node.name in self._plan.blocks:
            return "stale" if self._moved_items(node.name) else "fresh"
        return "stale"

    def _stands(self, artifact: Artifact) -> bool:
        """Whether every file of a result that does not hold together is there at all."""
        files = [artifact, *self._store.parts(artifact)]
        return all(self._store.path(each).exists() for each in files)

    def _damage(self, artifact: Artifact | None) -> str | None:
        """The hash of the first file whose bytes are not what they were."""
        for each in [artifact, *self._store.parts(artifact)] if artifact else []:
            try:
                self._store.check(each)
            except DamagedArtifactError:
                return each.sha256
        return None

    # -- a node's own changes --------------------------------------------------------------------

    def _own_changes(self, node: FlowNode, *, check_bytes: bool = False) -> list[Change]:
        changes: list[Change] = []
        for item in self._items.get(node.name, []):
            changes += self._changes_at(node, (node.name, item), check_bytes=check_bytes)
        if node.is_collect or node.is_expand:
            changes += self._changed_files(node)
        return changes

    def _changes_at(self, node: FlowNode, place: Place, *, check_bytes: bool) -> list[Change]:
        action, artifact = self._plan.actions[place], self._plan.known.get(place)
        changes = []
        if artifact is not None and not self._store.present(artifact):
            word = "is damaged" if self._stands(artifact) else "is missing"
            changes.append(self._result_change(place, word))
        elif check_bytes and action.action != RUN and self._damage(artifact):
            changes.append(self._result_change(place, "is damaged"))
        before = self._request.published.get(place)
        if before is None:
            return changes + ([self._first(place)] if action.action == RUN else [])
        if action.key != before:
            changes += self._changes_since(node, before)
        return changes

    def _result_change(self, place: Place, word: str) -> Change:
        of_item = f" for {self._item_name(place[1])}" if place[1] else ""
        return Change("artifact", f"the stored result of {place[0]}{of_item} {word}")

    def _first(self, place: Place) -> Change:
        if place[1] in self._names and self._request.published:
            return Change("data", f"new file {self._item_name(place[1])}")
        if place[1] and self._request.published:
            return Change("artifact", f"{self._flow.nodes[place[0]].block} yields a new item")
        return Change("artifact", "nothing of it is published yet")

    def _changes_since(self, node: FlowNode, before: str) -> Iterator[Change]:
        row = self._store.database.row("SELECT code FROM computation WHERE key = ?", before)
        if row is None:
            yield Change("artifact", "how the published result was made is not known")
            return
        yield from self._code_changes(node.name, row["code"])
        yield from self._input_changes(node, before)

    def _find_code_changes(self, name: str, before: str) -> tuple[Change, ...]:
        node, code = self._flow.nodes[name], self._flow.code
        found = code_changes(self._store.database, before, node.code, code.source_of)
        return tuple(self._with_way(node, change) for change in found)

    def _with_way(self, node: FlowNode, change: Change) -> Change:
        digest = node.code.units.get(change.what)
        if change.kind != "code" or digest is None:
            return change
        way = self._flow.code.way_to(*node.place, digest)
        return Change(change.kind, change.what, change.diff, change.part, way)

    def _input_changes(self, node: FlowNode, before: str) -> Iterator[Change]:
        """What changed of that which comes from outside of the flow."""
        given = {n: self._request.inputs[n] for n in node.needs if n in self._request.inputs}
        rows = self._store.database.rows(
            "SELECT parameter, position, sha256, value FROM computation_input WHERE key = ?", before
        )
        earlier = {(row["parameter"], row["position"]): row for row in rows}
        for edge in edges_of(given):
            old = earlier.get((edge.parameter, edge.position))
            if old is not None and old["sha256"] == edge.sha256:
                continue
            if edge.kind == "configuration":
                diff = values_diff(old["value"] if old else None, edge.value)
                yield Change("configuration", edge.parameter, diff)
            else:
                yield Change("data", edge.parameter)

    def _changed_files(self, node: FlowNode) -> Iterator[Change]:
        block = node.name if node.is_expand else self._flow.nodes[str(node.collects)].block
        for item, is_new in self._moved_items(str(block)):
            if item in self._names:
                yield Change("data", f"{'new' if is_new else 'no more'} file {self._names[item]}")

    def _moved_items(self, expand: str) -> list[tuple[str, bool]]:
        """The items that a block has or had, but not both; new ones are marked."""
        block, inner = self._plan.blocks.get(expand), self._flow.block_nodes(expand)
        if block is None or not self._request.published or not inner:
            return []
        now = [item.sha256 for item in block.items]
        before = self._published_items.get(inner[0].name, set())
        new = [(item, True) for item in now if item not in before]
        return new + [(item, False) for item in sorted(before - set(now))]

    def _item_name(self, item: str) -> str:
        return self._names.get(item, item[:12])

    # -- above and below -------------------------------------------------------------------------

    def _inherited_changes(self, node: FlowNode) -> Iterator[Change]:
        stale = set(self.stale_nodes())
        for need in node.needs:
            if need in stale:
                yield Change("artifact", f"{need} will be computed again")
            elif self._has_other_result(need):
                yield Change("artifact", f"{need} has another result")

    def _has_other_result(self, need: str) -> bool:
        """Whether a node that need not run stands for another result than the published one."""
        for item in self._items.get(need, []):
            now, before = (
                self._plan.known.get((need, item)),
                self._request.published.get((need, item)),
            )
            if now is not None and before is not None and now.key != before:
                return self._store.recorded(before) != now
        return False

    def _stale_below(self, names: Sequence[str]) -> tuple[str, ...]:
        below = self._flow.descendants(names)
        return tuple(name for name in self.stale_nodes() if name in below and name not in names)


def named_files(entries: Iterable[Any]) -> dict[str, str]:
    """SHA-256 -> name of raw files."""
    return {entry.sha256: entry.name for entry in entries}
