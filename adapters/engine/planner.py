"""Which nodes have to run, and why: decided before anything runs.

The plan walks the flow once. A node whose inputs are all known has a key; a registered result with
that key is reused. A node below one that has to run may still turn out equal: the materializer
decides that when it gets there, by the same keys.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final

from adapters.engine.flow import Flow, FlowNode
from adapters.engine.identity import edges_of, former_keys, key_of
from adapters.engine.materializer import Block, Materializer
from registry.generations import NodeAction
from registry.holdings import Holdings
from registry.store import Artifact, DamagedArtifactError, Input, Store

REUSE: Final = "reused"
RUN: Final = "would-run"


@dataclass
class Plan:
    """What a run will do.

    Attributes:
        actions: (node, item) -> what will be done and why.
        known: (node, item) -> the artifact that is known already.
        blocks: Expanding node -> its items, and those whose results are known.
        undecided: Nodes of a block whose items only the run can tell.
        renamed: (node, item) -> what it receives, where its result has a former name.
    """

    actions: dict[tuple[str, str], NodeAction] = field(default_factory=dict)
    known: dict[tuple[str, str], Artifact] = field(default_factory=dict)
    blocks: dict[str, Block] = field(default_factory=dict)
    undecided: dict[str, NodeAction] = field(default_factory=dict)
    renamed: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)

    @property
    def stale(self) -> list[NodeAction]:
        """The nodes that have to run."""
        return [action for action in self.actions.values() if action.action == RUN]


class Planner:
    """Makes the plan of one run.

    Args:
        flow: The nodes in order.
        store: What is registered.
        materializer: Yields the items of parallel blocks.
        inputs: Input name -> artifact, list of artifacts, or plain value.
        forced: Nodes to run whatever is known of them.
        frozen: (node, item) -> key: nodes that stay as they were published.
        published: (node, item) -> key of the published generation; tells why a node is stale.
    """

    def __init__(
        self,
        flow: Flow,
        store: Store,
        materializer: Materializer,
        inputs: Mapping[str, Any],
        *,
        forced: frozenset[str] = frozenset(),
        frozen: Mapping[tuple[str, str], str] | None = None,
        published: Mapping[tuple[str, str], str] | None = None,
    ) -> None:
        self._flow, self._store, self._materializer = flow, store, materializer
        self._inputs, self._forced = inputs, forced
        self._frozen, self._published = frozen or {}, published or {}
        self._holdings = Holdings(store, [*self._frozen.values(), *self._published.values()])
        self._items_by_hash: dict[str, dict[str, Artifact]] = {}
        self._plan = Plan()

    def plan(self, wanted: set[str]) -> Plan:
        """Plan the wanted nodes (with all that they need)."""
        for node in self._flow.nodes.values():
            if node.name not in wanted:
                continue
            if node.is_expand:
                self._plan_expand(node)
            elif node.block is None:
                self._plan_node(node, "")
            elif node.block not in self._plan.blocks:
                self._leave_undecided(node)
            else:
                for item in self._items(node.block):
                    self._plan_node(node, item.sha256)
            if node.is_collect:
                self._close_block(node)
        return self._plan

    def _items(self, expand: str) -> list[Artifact]:
        block = self._plan.blocks.get(expand)
        return [] if block is None else block.items

    def _plan_expand(self, node: FlowNode) -> None:
        """Tell the items of a block, if what yields them is at hand; else the run finds out."""
        arguments = self._arguments(node, "")
        if arguments is None or not all(map(self._is_at_hand, arguments.values())):
            return
        with suppress(DamagedArtifactError):
            block = self._materializer.block_of(node, arguments)
            self._plan.blocks[node.name] = block
            self._items_by_hash[node.name] = {item.sha256: item for item in block.items}

    def _is_at_hand(self, argument: Any) -> bool:
        found = argument if isinstance(argument, list) else [argument]
        return all(self._holdings.present(a) for a in found if isinstance(a, Artifact))

    def _plan_node(self, node: FlowNode, item: str) -> None:
        place = (node.name, item)
        if place in self._frozen:
            self._freeze(place, self._frozen[place])
            return
        arguments = self._arguments(node, item)
        if arguments is None:
            self._stale(place, self._why_inputs_move(node, item))
            return
        key = key_of(node, arguments)
        recorded = self._holdings.recorded(key) or self._renamed(node, place, key, arguments)
        if recorded is not None:
            self._plan.known[place] = _of_item(recorded, item)
        if node.name in self._forced:
            self._plan.known.pop(place, None)
            self._stale(place, "forced", key)
        elif recorded is None:
            self._stale(place, self._why_new(node, place, arguments), key)
        elif not self._holdings.present(recorded):
            self._stale(place, "its stored result is missing", key)
        else:
            is_renamed = place in self._plan.renamed
            self._fresh(place, recorded, "renamed" if is_renamed else "equal inputs")

    def _renamed(
        self, node: FlowNode, place: tuple[str, str], key: str, arguments: Mapping[str, Any]
    ) -> Artifact | None:
        """What was registered under a former name of the node, with its present key."""
        for former in former_keys(node, arguments):
            found = self._holdings.recorded(former)
            if found is not None:
                self._plan.renamed[place] = arguments
                return replace(found, key=key)
        return None

    def _leave_undecided(self, node: FlowNode) -> None:
        why = f"the items of {node.block} are known once it has run"
        self._plan.undecided[node.name] = NodeAction(node.name, "", RUN, why)

    def _freeze(self, place: tuple[str, str], key: str) -> None:
        artifact = self._holdings.recorded(key)
        if artifact is None or not self._holdings.present(artifact):
            self._stale(place, "its published result is missing", key)
        else:
            self._plan.known[place] = _of_item(artifact, place[1])
            self._fresh(place, artifact, "as published")

    def _fresh(
        self, place: tuple[str, str], artifact: Artifact, reason: str = "equal inputs"
    ) -> None:
        action = NodeAction(*place, REUSE, reason, artifact.key, artifact.rows)
        self._plan.actions[place] = action

    def _stale(self, place: tuple[str, str], reason: str, key: str | None = None) -> None:
        self._plan.actions[place] = NodeAction(*place, RUN, reason, key)

    def _arguments(self, node: FlowNode, item: str) -> dict[str, Any] | None:
        """What the node will receive; None when a part of it is not known before the run."""
        arguments: dict[str, Any] = {}
        for need in node.needs:
            if need in self._flow.inputs:
                if need in self._inputs:
                    arguments[need] = self._inputs[need]
                continue
            found = self._collected(need) if need == node.collects else self._value(need, item)
            if found is None:
                return None
            arguments[need] = found
        return arguments

    def _value(self, need: str, item: str) -> Artifact | None:
        upstream = self._flow.nodes[need]
        if upstream.is_expand:
            return self._items_by_hash.get(need, {}).get(item)
        return self._plan.known.get((need, item if upstream.block else ""))

    def _collected(self, need: str) -> list[Artifact] | None:
        block = self._plan.blocks.get(str(self._flow.nodes[need].block))
        if block is None:
            return None
        found = [self._plan.known.get((need, item.sha256)) for item in block.items]
        return None if None in found else [artifact for artifact in found if artifact is not None]

    def _close_block(self, node: FlowNode) -> None:
        """Tell which items need no run: every node of the block is reused for them."""
        expand = str(self._flow.nodes[str(node.collects)].block)
        block = self._plan.blocks.get(expand)
        if block is None:
            return
        names = [inner.name for inner in self._flow.block_nodes(expand)]
        for item in block.items:
            places = [(name, item.sha256) for name in names]
            actions = [self._plan.actions[place] for place in places if place in self._plan.actions]
            if actions and all(action.action == REUSE for action in actions):
                block.fresh[item.sha256] = self._plan.known[str(node.collects), item.sha256]

    # -- reasons ---------------------------------------------------------------------------------

    def _why_inputs_move(self, node: FlowNode, item: str) -> str:
        moving = [
            need
            for need in node.needs
            if (need, item) in self._plan.actions or (need, "") in self._plan.actions
            if self._plan.known.get((need, item), self._plan.known.get((need, ""))) is None
        ]
        return f"{', '.join(moving) or str(node.collects)} will be recomputed"

    def _why_new(self, node: FlowNode, place: tuple[str, str], arguments: Mapping[str, Any]) -> str:
        before = self._published.get(place)
        if before is None:
            return "a new item" if place[1] and self._published else "first run"
        changes = changed_parts(self._store, before, node, edges_of(arguments))
        return "; ".join(changes) or "its result was made differently"


def _of_item(artifact: Artifact, item: str) -> Artifact:
    return artifact if artifact.item == item else replace(artifact, item=item)


def changed_parts(store: Store, key: str, node: FlowNode, inputs: Sequence[Input]) -> list[str]:
    """What differs between a published computation and the one that would run now."""
    changes = _changed_code(store, key, node)
    rows = store.database.rows(
        "SELECT parameter, position, sha256, value FROM computation_input WHERE key = ?", key
    )
    before = {(row["parameter"], row["position"]): row["sha256"] for row in rows}
    now = {(edge.parameter, edge.position): edge for edge in inputs}
    moved = {
        place[0]
        for place in before.keys() | now.keys()
        if place not in before or place not in now or before[place] != now[place].sha256
    }
    kinds = {edge.parameter: edge.kind for edge in inputs}
    words = {"configuration": "configuration", "raw": "file", "artifact": "input"}
    changes += [f"{words[kinds.get(name, 'artifact')]} {name} changed" for name in sorted(moved)]
    return changes


def _changed_code(store: Store, key: str, node: FlowNode) -> list[str]:
    row = store.database.row(
        "SELECT computation.code, code.facts FROM computation "
        "LEFT JOIN code ON code.digest = computation.code WHERE key = ?",
        key,
    )
    if row is None or row["code"] == node.code.digest:
        return []
    before = json.loads(row["facts"]) if row["facts"] else {"units": {}, "distributions": {}}
    changes = [
        f"code {name} changed" for name in _moved(before["units"], dict(node.code.units))
    ] + [
        f"library {name} changed"
        for name in _moved(before["distributions"], dict(node.code.distributions))
    ]
    return changes or ["code changed"]


def _moved(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
