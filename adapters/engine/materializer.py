"""The custom Hamilton result builder that makes every node a registered, durable result.

Artifacts, not values, travel along the edges. When Hamilton reaches a node, its identity is
computed from its code, the plain values it receives and the content of its inputs. A registered
result is handed on; otherwise the inputs are opened, the function runs, and its result is
committed before the next node can see it. An equal result of a changed input stops the change
there.

Use it with any Hamilton modules: see `adapters.standalone`.
"""

import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, get_origin

import pyarrow as pa
from hamilton.data_quality.base import DataValidationError
from hamilton.lifecycle import EdgeConnectionHook, NodeExecutionMethod, ResultBuilder

from adapters import AdapterError
from adapters.engine.codecs import Codecs, read_parquet
from adapters.engine.flow import Flow, FlowNode, code_facts
from adapters.engine.identity import Identified, edges_of, identify, is_artifacts
from adapters.engine.plain_inputs import argument_of
from adapters.engine.table_cache import TableCache
from dataflows import DataflowError
from registry import RegistryError
from registry.generations import NodeAction
from registry.store import (
    Artifact,
    Computation,
    DamagedArtifactError,
    EncodedArtifact,
    Store,
)

_READ_BACK_AS: Final = ({dict, Mapping}, {list, Sequence})


class NodeFailedError(AdapterError):
    """A node's function raised. The message names the place, and no value."""

    exit_code = 1

    def __init__(self, node: str, item: str, problem: str) -> None:
        self.node, self.item = node, item
        of_file = f" (file {item[:12]})" if item else ""
        super().__init__(f"node {node}{of_file} failed: {problem}")


@dataclass
class Block:
    """A parallel block in one run: its items in order, and the results that are known already.

    Attributes:
        items: All that its expanding node yields.
        unsaved: Items whose bytes may not be stored yet; a plan writes nothing.
        fresh: Item -> the result that is known.
    """

    items: list[Artifact]
    unsaved: dict[str, EncodedArtifact] = field(default_factory=dict)
    fresh: dict[str, Artifact] = field(default_factory=dict)

    @property
    def stale_items(self) -> list[Artifact]:
        """The items that Hamilton has to run."""
        return [item for item in self.items if item.sha256 not in self.fresh]


class StoredEdges(EdgeConnectionHook):
    """Which edges may be drawn when values are stored and read back."""

    def check_edge_types_match(self, type_from: type, type_to: type, **_future: Any) -> bool:
        """A stored dict is read back as a Mapping, a stored list as a Sequence."""
        # Hamilton calls the consumer's type `type_from`; take the pair either way round.
        pair = {get_origin(type_from), get_origin(type_to)}
        return pair in _READ_BACK_AS

    def validate_input(self, node_type: type, input_value: Any, **_future: Any) -> bool:
        """Inputs are artifacts or plain values; their types are checked where they are made."""
        del node_type, input_value
        return True


class Materializer(ResultBuilder, NodeExecutionMethod, StoredEdges):
    """Hamilton's result builder, execution method and edge check in one.

    Args:
        store: The registry and the objects.
        on_action: Told what was done with each node, as it happens.
        lazy: Whether stored dicts and lists are handed to nodes unopened and read-only.
    """

    def __init__(
        self,
        store: Store,
        on_action: Callable[[NodeAction], None] = lambda _action: None,
        *,
        lazy: bool = True,
    ) -> None:
        self.store = store
        self._on_action = on_action
        self._cache = TableCache()
        self.codecs = Codecs(self._open_bytes, self._cache.artifact, self._table, lazy)
        self._lock = threading.Lock()
        self.flow: Flow | None = None
        self.run_id = ""
        self.forced: frozenset[str] = frozenset()
        self.pinned: Mapping[tuple[str, str], Artifact] = {}
        self.blocks: dict[str, Block] = {}
        self.results: dict[tuple[str, str], Artifact] = {}
        self.actions: dict[tuple[str, str], NodeAction] = {}

    def begin(
        self,
        flow: Flow,
        *,
        run_id: str,
        forced: frozenset[str],
        pinned: Mapping[tuple[str, str], Artifact],
        blocks: dict[str, Block],
    ) -> None:
        """Prepare for one execution of a flow, as it was planned.

        Args:
            flow: The nodes.
            run_id: Goes into the registry beside each computation.
            forced: Nodes that run whatever is registered.
            pinned: (node, item) -> the result that the plan reuses.
            blocks: The parallel blocks whose items the plan knows.
        """
        self.flow, self.run_id, self.forced = flow, run_id, forced
        self.pinned, self.blocks = pinned, blocks
        self.results, self.actions = {}, {}

    # -- Hamilton's side -------------------------------------------------------------------------

    def build_result(self, **outputs: Artifact) -> dict[str, Artifact]:
        """The artifacts of the requested nodes."""
        return outputs

    def run_to_execute_node(
        self,
        *,
        node_name: str,
        node_kwargs: dict[str, Any],
        is_expand: bool,
        is_collect: bool,
        **_future: Any,
    ) -> Any:
        """Reuse a node's registered result, or compute and commit it."""
        if self.flow is None:
            raise AdapterError("the materializer was not begun; use adapters.driver")
        node = self.flow.nodes[node_name]
        arguments = {
            name: value
            if name == node.collects
            else argument_of(name, value, self.codecs, self.store)
            for name, value in node_kwargs.items()
        }
        if is_expand:
            return self.expand(node, arguments)
        if is_collect:
            arguments[str(node.collects)] = self._collected(node, arguments)
        item = next((a.item for a in arguments.values() if isinstance(a, Artifact) and a.item), "")
        return self._materialize(node, item, arguments)

    # -- ours ------------------------------------------------------------------------------------

    def expand(self, node: FlowNode, arguments: Mapping[str, Any]) -> list[Artifact]:
        """The items that have to run: those of the plan, or else all that the node yields."""
        if node.name not in self.blocks:
            self.blocks[node.name] = self.block_of(node, arguments)
        block = self.blocks[node.name]
        for item in block.stale_items:
            if item.sha256 in block.unsaved:
                self.store.add_input(block.unsaved.pop(item.sha256))
        return block.stale_items

    def block_of(self, node: FlowNode, arguments: Mapping[str, Any]) -> Block:
        """All items that an expanding node yields for these arguments. Nothing is stored.

        Raises:
            DamagedArtifactError: What the node needs is missing or damaged.
            NodeFailedError: The node raised.
        """
        try:
            values = list(node.callable(**self.opened(arguments)))
            encoded = [self.codecs.encode(value, node.name) for value in values]
        except DamagedArtifactError:
            raise
        except Exception as error:  # noqa: BLE001 - any error of a node becomes ours
            raise _node_failed(node, "", error) from None
        origins = tuple(edge for edge in edges_of(arguments) if edge.producer is not None)
        producer = origins[0].producer if len(origins) == 1 else None
        origins = () if producer else origins
        made = [found.artifact for found in encoded]
        return Block(
            [
                Artifact(i.sha256, i.codec, i.size, i.rows, producer, i.sha256, origins)
                for i in made
            ],
            {found.artifact.sha256: found for found in encoded if found.content is not None},
        )

    def _collected(self, node: FlowNode, arguments: Mapping[str, Any]) -> list[Artifact]:
        """What a block made, in the order of its items: planned results beside new ones."""
        new = list(arguments[str(node.collects)])
        block = self._block_behind(node)
        if block is None:
            return new
        made = dict(zip([item.sha256 for item in block.stale_items], new, strict=True))
        return [block.fresh.get(item.sha256) or made[item.sha256] for item in block.items]

    def _block_behind(self, node: FlowNode) -> Block | None:
        assert self.flow is not None
        collected = self.flow.nodes[str(node.collects)]
        return self.blocks.get(collected.block or collected.name)

    def _materialize(self, node: FlowNode, item: str, arguments: Mapping[str, Any]) -> Artifact:
        place = (node.name, item)
        if place in self.pinned:
            return self.pinned[place]
        identified = identify(node, arguments)
        known = None if node.name in self.forced else self.recorded(node, item, identified)
        if known is not None and self.store.present(known):
            known = replace(known, item=item)
            self._done(place, known, NodeAction(*place, "reused", "equal inputs", known.key))
            return known
        artifact, seconds = self._compute(node, item, identified, arguments)
        self._done(
            place,
            artifact,
            NodeAction(*place, "ran", "", identified.key, artifact.rows, seconds),
        )
        return artifact

    def recorded(self, node: FlowNode, item: str, identified: Identified) -> Artifact | None:
        """The registered result; one of a former name is registered under the present one."""
        keys = (identified.key, *identified.former_keys)
        found = next(filter(None, map(self.store.recorded, keys)), None)
        if found is None or found.key == identified.key:
            return found
        self.store.flush()
        made = self.store.database.row(
            "SELECT seconds, run_id FROM computation WHERE key = ?", found.key
        )
        assert made is not None
        self._register(node, item, identified, EncodedArtifact(found, None), **dict(made))
        return replace(found, key=identified.key)

    def _register(
        self,
        node: FlowNode,
        item: str,
        identified: Identified,
        encoded: EncodedArtifact,
        *,
        seconds: float,
        run_id: str,
    ) -> None:
        self._remember_code(node)
        computation = Computation(
            key=identified.key,
            node=node.name,
            item=item,
            stage=node.stage,
            code=node.code.digest,
            inputs=identified.inputs,
            seconds=seconds,
            run_id=run_id,
        )
        self.store.commit(computation, encoded)

    def _done(self, place: tuple[str, str], artifact: Artifact, action: NodeAction) -> None:
        with self._lock:
            self.results[place] = artifact
            self.actions[place] = action
        self._on_action(action)

    def _compute(
        self, node: FlowNode, item: str, identified: Identified, arguments: Mapping[str, Any]
    ) -> tuple[Artifact, float]:
        assert self.flow is not None
        started = time.perf_counter()
        try:
            value = node.callable(**self.opened(arguments))
            encoded = self.codecs.encode(value, node.name)
        except (NodeFailedError, RegistryError, AdapterError):
            raise
        except Exception as error:  # noqa: BLE001 - any error of a node becomes ours
            self._failed(node, item)
            raise _node_failed(node, item, error) from None
        seconds = time.perf_counter() - started
        self.flow.check_sources()
        self._register(node, item, identified, encoded, seconds=seconds, run_id=self.run_id)
        if isinstance(value, pa.Table):
            self._cache.add(encoded.artifact, value)
        return replace(encoded.artifact, key=identified.key, item=item), seconds

    def _remember_code(self, node: FlowNode) -> None:
        assert self.flow is not None
        if not self.store.code.knows(node.code.digest):
            sources = self.flow.sources_of(node.code)
            facts = code_facts(node.code, {module: sha for module, (sha, _) in sources.items()})
            self.store.code.remember(node.code.digest, facts, dict(sources.values()))

    def _failed(self, node: FlowNode, item: str) -> None:
        action = NodeAction(node.name, item, "failed", "the node raised an error")
        with self._lock:
            self.actions[node.name, item] = action
        self._on_action(action)

    def opened(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The values of artifacts by name; what is no artifact stays as it is."""
        return {name: self._open(argument) for name, argument in arguments.items()}

    def _open(self, argument: Any) -> Any:
        if isinstance(argument, Artifact):
            return self.codecs.decode(argument)
        if is_artifacts(argument):
            return [self.codecs.decode(artifact) for artifact in argument]
        return argument

    def _open_bytes(self, artifact: Artifact) -> pa.Buffer:
        path = self.store.check(artifact)
        if artifact.size == 0:
            return pa.py_buffer(b"")
        return pa.memory_map(str(path)).read_buffer()

    def _table(self, artifact: Artifact) -> pa.Table:
        table = self._cache.table(artifact.sha256)
        if table is None:
            table = read_parquet(self._open_bytes(artifact))
            self._cache.add(artifact, table)
        return table

    def __getstate__(self) -> dict[str, Any]:
        raise TypeError("a materializer holds a registry and stays in its process")


def _node_failed(node: FlowNode, item: str, error: Exception) -> NodeFailedError:
    """Our errors say what is wrong without a value; of others only type and place are told."""
    if isinstance(error, DataflowError | AdapterError | RegistryError):
        return NodeFailedError(node.name, item, str(error))
    if isinstance(error, DataValidationError):
        return NodeFailedError(node.name, item, "its value did not pass check_output")
    frames = traceback.extract_tb(error.__traceback__)
    last = frames[-1] if frames else None
    place = f" at {Path(last.filename).name}:{last.lineno}" if last else ""
    return NodeFailedError(node.name, item, f"{type(error).__qualname__}{place}")
