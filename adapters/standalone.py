"""The materializer for any Hamilton flow, as an ordinary adapter.

Every result is registered in a folder and made again only when the code that it reaches, a value
that it receives, or the content of its inputs has changed. What comes back are plain values.

```python
import my_flow
from adapters.standalone import Builder

builder = Builder("results").with_modules(my_flow).with_config({"mode": "fast"})
dr = builder.build()
print(dr.execute(["answer"], inputs={"raw": 3}))
print(builder.results.ran)  # what ran
print(dr.execute(["answer"], inputs={"raw": 3}))
print(builder.results.ran)  # nothing: all is registered
```

`Builder` is `hamilton.driver.Builder` with the adapter in it; where a builder is given already, say
`.with_adapters(RegisteredResults("results"))`. It also takes `Parallelizable` nodes, threads, hooks
(which see artifacts in place of values) and `%%cell_to_module --builder builder`.

A second execution method or result builder (Hamilton's cache is one), a graph adapter that sends
nodes elsewhere, and async functions are refused by name. Hamilton's async driver brings an
execution method of its own and so refuses this adapter itself. Functions with `@dataloader` and
`@datasaver` always run, since no key sees a file; what they give is compared by content.

`adapters.engine.execution.Engine` is the same with a plan that is made before anything runs.

`AdapterError`
    `RivalAdapterError`       another adapter of the driver wants to run nodes too
    `UnsupportedFlowError`    a node that cannot be materialized
    `UnknownSourceError`      the source of a module is unknown
    `UnsupportedValueError`   a value that has no exact bytes
    `NodeFailedError`         a node raised
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any, Final
from weakref import WeakKeyDictionary

from hamilton import driver, htypes
from hamilton import registry as extensions
from hamilton.graph import FunctionGraph
from hamilton.lifecycle import base as lifecycle

from adapters import AdapterError
from adapters.engine.flow import Flow
from adapters.engine.imported_code import ImportedCode
from adapters.engine.materializer import Materializer
from registry.database import Database
from registry.generations import NodeAction
from registry.store import DamagedArtifactError, Store

REGISTRY: Final = "registry.sqlite"

# This package's own flow starts without them; flows of others may name their types in decorators.
for _extension in extensions.HAMILTON_EXTENSIONS:
    with suppress(NotImplementedError, ImportError, Warning):  # as Hamilton's own `initialize`
        extensions.load_extension(_extension)


class RivalAdapterError(AdapterError):
    """Another adapter of the driver wants to run nodes or build results too."""

    exit_code = 2

    def __init__(self, rival: object, methods: Iterable[str]) -> None:
        self.rival = type(rival).__qualname__
        super().__init__(
            f"{self.rival} ({', '.join(sorted(methods))}) decides how nodes run or what comes of "
            "them, and so does the materializer; leave one of the two out of the driver"
        )


class RegisteredResults(
    Materializer,
    lifecycle.BasePostGraphConstruct,
    lifecycle.BasePreGraphExecute,
    lifecycle.BasePostGraphExecute,
):
    """An adapter that registers every node's result in a folder, and reuses it by its identity.

    Hooks of other adapters see artifacts where they would see values.

    Args:
        folder: Where the registry and the results are; made if missing.
        on_action: Told what was done with each node, as it happens.
    """

    def __init__(
        self, folder: str | Path, on_action: Callable[[NodeAction], None] = lambda _action: None
    ) -> None:
        home = Path(folder)
        home.mkdir(parents=True, exist_ok=True)
        super().__init__(Store(home, Database(home / REGISTRY)), on_action, lazy=False)
        self._flows: WeakKeyDictionary[FunctionGraph, Flow] = WeakKeyDictionary()
        self._modules: tuple[ModuleType, ...] = ()

    @property
    def ran(self) -> list[str]:
        """The nodes that ran in the last execution, once for each of their items."""
        done = sorted(self.actions.values(), key=lambda action: (action.node, action.item))
        return [action.node for action in done if action.action == "ran"]

    # -- Hamilton's side -------------------------------------------------------------------------

    def post_graph_construct(
        self, *, graph: FunctionGraph, modules: Sequence[ModuleType], config: Mapping[str, Any]
    ) -> None:
        """Identify the nodes of a new graph."""
        del config
        refuse_rivals(self, graph.adapter.adapters)
        self._modules = tuple(modules)
        self._flows[graph] = Flow(graph, ImportedCode(self._modules))

    def pre_graph_execute(self, *, run_id: str, graph: FunctionGraph, **_requested: Any) -> None:
        """Prepare for one execution."""
        if graph not in self._flows:  # one that `Driver.materialize` has extended
            self._flows[graph] = Flow(graph, ImportedCode(self._modules))
        flow = self._flows[graph]
        self.begin(flow, run_id=run_id, forced=flow.always_run, pinned={}, blocks={})

    def post_graph_execute(self, *, error: Exception | None, **_executed: Any) -> None:
        """Register what waits; remove damaged bytes, so that they are made again."""
        self.store.flush()
        if isinstance(error, DamagedArtifactError):
            self.store.discard_damaged(error.artifact)

    def validate_input(self, node_type: type, input_value: Any, **_future: Any) -> bool:
        """Inputs are checked as Hamilton does without an adapter."""
        return bool(htypes.check_input_type(node_type, input_value))

    def build_result(self, **outputs: Any) -> dict[str, Any]:
        """The values of the requested nodes."""
        return self.opened(outputs)


class Builder(driver.Builder):
    """Hamilton's builder of drivers, with an adapter that registers results.

    Args:
        results: A folder, or the adapter of one.
    """

    def __init__(self, results: RegisteredResults | str | Path) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.results = (
            results if isinstance(results, RegisteredResults) else RegisteredResults(results)
        )
        self.adapters.append(self.results)

    def build(self) -> driver.Driver:
        """The driver.

        Raises:
            RivalAdapterError: Another adapter wants to run nodes or build results.
            UnsupportedFlowError: A node cannot be materialized.
            UnknownSourceError: The source of a module is unknown.
        """
        legacy = [self.legacy_graph_adapter] if self.legacy_graph_adapter is not None else []
        refuse_rivals(self.results, [*self.adapters, *legacy])
        return super().build()

    def copy(self) -> "Builder":
        """A copy with the same adapter; `%%cell_to_module --builder` builds on one."""
        copied = Builder(self.results)
        vars(copied).update(vars(super().copy()))
        return copied


def refuse_rivals(ours: Materializer, adapters: Iterable[object]) -> None:
    """Make sure that no adapter beside ours runs nodes or builds results.

    Raises:
        RivalAdapterError: One does. Hamilton's async driver brings one along.
    """
    for adapter in adapters:
        methods = {
            str(getattr(kind, mark))
            for kind in type(adapter).__mro__
            for mark in (lifecycle.SYNC_METHOD, lifecycle.ASYNC_METHOD)
            if hasattr(kind, mark)
        }
        if methods and adapter is not ours:
            raise RivalAdapterError(adapter, methods)
