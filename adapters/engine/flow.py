"""A Hamilton graph as the planner and the materializer need it.

Hamilton gives the nodes and edges; the code identity of each node comes from its source alone.
"""

import inspect
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Protocol

from hamilton.execution.graph_functions import topologically_sort_nodes
from hamilton.graph import FunctionGraph
from hamilton.node import Node, NodeType

from adapters import STAGES, AdapterError
from adapters.engine.node_code import NodeCode, UnsupportedFlowError
from registry.code_identity import CodeIdentity
from registry.objects import sha256_of_file

_WORLD_TAGS: Final = ("hamilton.data_loader", "hamilton.data_saver")


class CodeSource(Protocol):
    """Tells code identities: a `CodeIndex`, or one that remembers."""

    def identity(self, module: str, qualified_name: str) -> CodeIdentity:
        """The code key of a function."""

    def former_identity(
        self, module: str, qualified_name: str, former_name: str
    ) -> CodeIdentity | None:
        """The code key that a function had under a former name, if nothing else has changed."""

    def source_files(self) -> Mapping[Path, str]:
        """Every source file read, with the SHA-256 of its bytes."""

    def source_of(self, module: str) -> tuple[str, bytes] | None:
        """The SHA-256 and the bytes of a module's file."""

    def way_to(self, module: str, qualified_name: str, unit: str) -> tuple[str, ...]:
        """How a function comes to a unit, which is named by its own digest."""


class SourceChangedError(AdapterError):
    """A source file was edited while its code was running; the results are not registered."""

    exit_code = 1

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path} was edited during the run; run again to use the new version")


@dataclass(frozen=True)
class FlowNode:
    """One node: what it needs, in which stage, and in which parallel block it stands.

    `former` is the node as it was under each name that its tag `renamed_from` gives.
    """

    name: str
    stage: str
    needs: tuple[str, ...]
    role: NodeType
    code: CodeIdentity
    block: str | None = None
    collects: str | None = None
    touches_the_world: bool = False
    former: "tuple[FlowNode, ...]" = ()
    callable: Callable[..., Any] = field(repr=False, compare=False, kw_only=True)
    tags: Mapping[str, Any] = field(default_factory=dict, compare=False, kw_only=True)
    place: tuple[str, str] = field(default=("", ""), compare=False, kw_only=True)

    @property
    def is_expand(self) -> bool:
        """Whether the node opens a parallel block."""
        return self.role is NodeType.EXPAND

    @property
    def is_collect(self) -> bool:
        """Whether the node closes a parallel block."""
        return self.role is NodeType.COLLECT


class Flow:
    """The nodes of a graph in topological order, each with its code identity."""

    def __init__(self, graph: FunctionGraph, code: CodeSource) -> None:
        self.inputs = frozenset(n.name for n in graph.nodes.values() if n.user_defined)
        computed = [n for n in graph.nodes.values() if not n.user_defined]
        ordered = topologically_sort_nodes(sorted(computed, key=lambda node: node.name))
        _refuse_coroutines(ordered)
        node_code = NodeCode(ordered, code)
        self.nodes: dict[str, FlowNode] = {}
        for node in ordered:
            made = self._flow_node(node, node_code.identity(node))
            self.nodes[node.name] = replace(made, former=_former(node, made, node_code))
        self.code = code
        self._stamps = {path: _stamp(path) for path in code.source_files()}
        self._hashes = dict(code.source_files())

    def _flow_node(self, node: Node, code: CodeIdentity) -> FlowNode:
        needs = tuple(dependency.name for dependency in node.dependencies)
        return FlowNode(
            name=node.name,
            stage=str(node.tags.get("stage", "")),
            needs=needs,
            role=node.node_role,
            code=code,
            block=self._block_of(node, needs),
            collects=node.collect_dependency if node.node_role is NodeType.COLLECT else None,
            touches_the_world=any(tag in node.tags for tag in _WORLD_TAGS),
            callable=node.callable,
            tags=node.tags,
            place=_place(node),
        )

    @cached_property
    def always_run(self) -> frozenset[str]:
        """The nodes that load from or save to places that no key can know."""
        return frozenset(node.name for node in self.nodes.values() if node.touches_the_world)

    def _block_of(self, node: Node, needs: Sequence[str]) -> str | None:
        blocks = set()
        for need in needs:
            upstream = self.nodes.get(need)
            if upstream is not None:
                blocks.add(upstream.name if upstream.is_expand else upstream.block)
        blocks.discard(None)
        if len(blocks) > 1 or (blocks and node.node_role is NodeType.EXPAND):
            raise UnsupportedFlowError(
                f"{node.name}: parallel blocks may neither nest nor mix; collect one first"
            )
        return None if node.node_role is NodeType.COLLECT else next(iter(blocks), None)

    def block_nodes(self, expand: str) -> list[FlowNode]:
        """The nodes between an expanding node and its collector, in order."""
        return [node for node in self.nodes.values() if node.block == expand]

    def check_names(self, names: Iterable[str]) -> None:
        """Make sure that the flow has these nodes.

        Raises:
            UnsupportedFlowError: It lacks one; the message names those that are spelt alike.
        """
        unknown = sorted(set(names) - self.nodes.keys())
        if unknown:
            near = sorted({n for u in unknown for n in get_close_matches(u, self.nodes, 3)})
            hint = f"did you mean {', '.join(near)}? " if near else ""
            raise UnsupportedFlowError(
                f"no such node: {', '.join(unknown)}; {hint}`python cli.py plan` lists all"
            )

    def descendants(self, names: Iterable[str]) -> set[str]:
        """All nodes that need one of the named ones, directly or not."""
        below = set(names)
        for node in self.nodes.values():
            if not below.isdisjoint(node.needs):
                below.add(node.name)
        return below - set(names)

    def ancestors(self, names: Sequence[str]) -> set[str]:
        """The named nodes and all that they need."""
        wanted, queue = set(), list(names)
        while queue:
            name = queue.pop()
            if name in self.nodes and name not in wanted:
                wanted.add(name)
                queue.extend(self.nodes[name].needs)
        return wanted

    def at_or_after(self, stage: str) -> set[str]:
        """The nodes of a stage and of those that follow it."""
        first = STAGES.index(stage)
        return {node.name for node in self.nodes.values() if _stage_number(node.stage) >= first}

    def sources_of(self, code: CodeIdentity) -> dict[str, tuple[str, bytes]]:
        """The source of every module that a code identity reaches: SHA-256 and bytes."""
        modules = {label.partition(":")[0] for label in code.units}
        found = {module: self.code.source_of(module) for module in sorted(modules)}
        return {module: source for module, source in found.items() if source is not None}

    def check_sources(self, *, by_hash: bool = False) -> None:
        """Make sure that the code that runs is the code that was identified.

        Raises:
            SourceChangedError: A source file has been edited since.
        """
        for path, stamp in self._stamps.items():
            moved = _stamp(path) != stamp or by_hash
            if moved and _sha256_or_none(path) != self._hashes[path]:
                raise SourceChangedError(path)


def _stage_number(stage: str) -> int:
    return STAGES.index(stage) if stage in STAGES else len(STAGES)


def _former(node: Node, made: FlowNode, code: NodeCode) -> tuple[FlowNode, ...]:
    told = node.tags.get("renamed_from", ())
    names = (told,) if isinstance(told, str) else tuple(told)
    codes = ((name, code.former_identity(node, name)) for name in names)
    return tuple(replace(made, name=name, code=found) for name, found in codes if found)


def _refuse_coroutines(nodes: Sequence[Node]) -> None:
    for node in nodes:
        functions = (node.callable, *(node.originating_functions or ()))
        if any(map(_is_asynchronous, functions)):
            raise UnsupportedFlowError(
                f"{node.name}: an async function cannot be materialized, since Hamilton's async "
                "driver passes by every execution method; make it a plain function"
            )


def _is_asynchronous(function: object) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - one system call, on the path of every node
    except OSError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns)


def _sha256_or_none(path: Path) -> str | None:
    try:
        return sha256_of_file(path).sha256
    except OSError:
        return None


def _place(node: Node) -> tuple[str, str]:
    """Module and qualified name of the function behind a node."""
    function = (node.originating_functions or (node.callable,))[0]
    return function.__module__, function.__qualname__


def code_facts(code: CodeIdentity, files: Mapping[str, str]) -> Mapping[str, Any]:
    """What is remembered of a code identity, so that a change can be explained.

    Args:
        code: The identity.
        files: Module -> SHA-256 of its source.
    """
    return {
        "units": dict(code.units),
        "distributions": dict(code.distributions),
        "opaque": list(code.opaque),
        "files": dict(files),
    }
