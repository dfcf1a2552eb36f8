"""Plan a flow, run what is stale, and say what happened. Knows nothing of health data.

```python
import my_flow
from adapters.engine.execution import Engine, Request

engine = Engine.open("results", my_flow, config={"mode": "fast"})
request = Request({"raw": 3}, targets=["answer"])
plan = engine.plan(request)  # what will run, and why; nothing has run
outcome = engine.run(request, plan, run_id="first")
print(engine.values(outcome, ["answer"]))
```
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from hamilton import driver as hamilton_driver
from hamilton.execution.executors import MultiThreadingExecutor, SynchronousLocalTaskExecutor

from adapters.engine.flow import CodeSource, Flow
from adapters.engine.identity import identify
from adapters.engine.imported_code import ImportedCode
from adapters.engine.materializer import Materializer, StoredEdges
from adapters.engine.plain_inputs import argument_of
from adapters.engine.planner import RUN, Plan, Planner
from adapters.logs import silence_frameworks
from registry.database import Database
from registry.generations import NodeAction
from registry.store import Artifact, DamagedArtifactError, Store

MOST_HEALINGS: Final = 100
_NEW: Final = "its inputs are new"


@dataclass(frozen=True)
class Request:
    """What a run is asked to do.

    Attributes:
        inputs: Input name -> artifact, list of artifacts, or any value that can be stored.
        targets: The nodes that are wanted; all of the flow when empty.
        forced: Nodes to run whatever is known of them.
        frozen: (node, item) -> key: nodes that stay as they were published.
        published: (node, item) -> key of what is published; tells why a node is stale.
    """

    inputs: Mapping[str, Any]
    targets: Sequence[str] = ()
    forced: frozenset[str] = frozenset()
    frozen: Mapping[tuple[str, str], str] = field(default_factory=dict)
    published: Mapping[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What a run did: the artifact of every node, and the action that gave it."""

    artifacts: Mapping[tuple[str, str], Artifact]
    actions: Mapping[tuple[str, str], NodeAction]

    def artifact(self, node: str, item: str = "") -> Artifact:
        """The artifact of a node."""
        return self.artifacts[node, item]

    def computed(self) -> dict[tuple[str, str], Artifact]:
        """The artifacts that computations made."""
        return {place: made for place, made in self.artifacts.items() if made.key is not None}


class Engine:
    """A Hamilton flow whose nodes are registered results.

    Args:
        modules: The flow's modules.
        store: Registry and objects.
        code: Computes code identities; made before the modules were imported if they may change.
        executor: `local` (one file after another) or `threads`.
        workers: How many threads.
        on_action: Told what was done with each node, as it happens.
        config: Hamilton's configuration, which may choose between functions.
        lazy: Whether nodes receive stored dicts and lists unopened and read-only.
    """

    def __init__(
        self,
        modules: Sequence[ModuleType],
        store: Store,
        code: CodeSource,
        *,
        executor: str = "local",
        workers: int = 2,
        on_action: Callable[[NodeAction], None] = lambda _action: None,
        config: Mapping[str, Any] | None = None,
        lazy: bool = True,
    ) -> None:
        silence_frameworks()
        self.store = store
        self.materializer = Materializer(store, on_action, lazy=lazy)
        self._config = dict(config or {})
        self._driver = build_driver(modules, self.materializer, executor, workers, self._config)
        self.flow = Flow(self._driver.graph, code)

    @classmethod
    def open(cls, folder: str | Path, *modules: ModuleType, **options: Any) -> "Engine":
        """An engine for imported modules, with its registry in a folder of its own.

        Raises:
            UnknownSourceError: The source of a module is unknown.
            UnsupportedFlowError: A node cannot be materialized.
        """
        home = Path(folder)
        home.mkdir(parents=True, exist_ok=True)
        store = Store(home, Database(home / "registry.sqlite"))
        return cls(modules, store, ImportedCode(modules), **{"lazy": False, **options})

    def values(self, outcome: "Outcome", nodes: Sequence[str]) -> dict[str, Any]:
        """The values of some nodes after a run."""
        return self.materializer.opened({node: outcome.artifact(node) for node in nodes})

    def plan(self, request: Request) -> Plan:
        """Decide which nodes have to run, and why. Nothing is computed.

        Raises:
            UnsupportedFlowError: A node is named that the flow does not have.
        """
        self.flow.check_names([*request.targets, *request.forced])
        wanted = self.flow.ancestors(list(request.targets) or list(self.flow.nodes))
        planner = Planner(
            self.flow,
            self.store,
            self.materializer,
            self._inputs(request, None),
            forced=request.forced | self.flow.always_run,
            frozen=request.frozen,
            published=request.published,
        )
        return planner.plan(wanted)

    def run(self, request: Request, plan: Plan, run_id: str) -> Outcome:
        """Run what the plan found stale, healing what turns out to be damaged on the way.

        Raises:
            NodeFailedError: A node raised; what finished before it is registered.
            WriteError: A result could not be stored.
            SourceChangedError: A source file was edited meanwhile.
        """
        actions: dict[tuple[str, str], NodeAction] = {}
        for _ in range(MOST_HEALINGS):
            try:
                self._execute(request, plan, run_id)
                break
            except DamagedArtifactError as damage:
                if damage.artifact.codec == "raw":
                    raise
                self.store.discard_damaged(damage.artifact)
            finally:
                actions |= _what_ran(self.materializer.actions, plan)
            plan = self.plan(request)
        self.flow.check_sources(by_hash=True)
        return Outcome(
            {**plan.known, **self.materializer.results},
            {**plan.actions, **self.materializer.actions, **actions},
        )

    def _keep_renamed(self, plan: Plan) -> None:
        """Register what was made under former names under the present ones."""
        for (name, item), arguments in plan.renamed.items():
            if plan.actions[name, item].action != RUN:
                node = self.flow.nodes[name]
                self.materializer.recorded(node, item, identify(node, arguments))
        self.store.flush()

    def _execute(self, request: Request, plan: Plan, run_id: str) -> None:
        reused = {
            place: plan.known[place]
            for place, action in plan.actions.items()
            if action.action != RUN
        }
        self.materializer.begin(
            self.flow,
            run_id=run_id,
            forced=request.forced | self.flow.always_run,
            pinned=reused,
            blocks=dict(plan.blocks),
        )
        self._keep_renamed(plan)
        to_run = self._nodes_to_run(plan)
        if to_run:
            overrides = {
                node: artifact
                for (node, item), artifact in reused.items()
                if not item and node not in to_run and self.flow.nodes[node].block is None
            }
            inputs = self._inputs(request, self.store)
            inputs = {n: v for n, v in inputs.items() if n not in self._config}
            self._driver.execute([*sorted(to_run)], inputs=inputs, overrides=overrides)
            self.store.flush()

    def _inputs(self, request: Request, store: Store | None) -> dict[str, Any]:
        """The flow's inputs in a form that has an identity; kept if there is a store."""
        given = {**self._config, **request.inputs}
        return {
            name: argument_of(name, given[name], self.materializer.codecs, store)
            for name in given.keys() & self.flow.inputs
        }

    def _nodes_to_run(self, plan: Plan) -> set[str]:
        """The nodes outside of blocks to ask Hamilton for; a stale block runs for its collector."""
        stale = {(action.node, self.flow.nodes[action.node].block) for action in plan.stale}
        blocks = {block for _, block in stale if block is not None}
        collectors = {
            node.name
            for node in self.flow.nodes.values()
            if node.is_collect and self.flow.nodes[str(node.collects)].block in blocks
        }
        return {node for node, block in stale if block is None} | collectors


def _what_ran(
    actions: Mapping[tuple[str, str], NodeAction], plan: Plan
) -> dict[tuple[str, str], NodeAction]:
    """What ran, for the reason that the plan gave; an item that it could not see is new."""
    return {
        place: replace(done, reason=plan.actions[place].reason if place in plan.actions else _NEW)
        for place, done in actions.items()
        if done.action == "ran"
    }


def build_driver(
    modules: Sequence[ModuleType],
    materializer: Materializer | None = None,
    executor: str = "local",
    workers: int = 2,
    config: Mapping[str, Any] | None = None,
) -> hamilton_driver.Driver:
    """Hamilton's driver of a flow; with a materializer, its nodes become registered results."""
    remote = (
        MultiThreadingExecutor(max_tasks=workers)
        if executor == "threads"
        else SynchronousLocalTaskExecutor()
    )
    return (
        hamilton_driver.Builder()  # type: ignore[no-untyped-call]
        .with_modules(*modules)
        .with_config(dict(config or {}))
        .with_adapters(materializer or StoredEdges())
        .enable_dynamic_execution(allow_experimental_mode=True)
        .with_local_executor(SynchronousLocalTaskExecutor())
        .with_remote_executor(remote)
        .build()
    )
