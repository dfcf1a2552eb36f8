"""What a plan costs per node when everything is fresh, and what a long history adds to it.

    python tests/benchmarks/planning.py [NODES] [ITEMS] [RUNS]

A flow of NODES nodes after a parallel block of ITEMS items is run once; then it is planned again,
as a run without any change does: identity of every node, look-up in the registry, a look at every
file. The same plan is made with RUNS past runs in the registry, each with a generation of its own,
in turn with the one without. Exit code 1 when a limit is not kept.
"""

import random
import secrets
import shutil
import statistics
import sys
import tempfile
import time
import types
from pathlib import Path
from unittest import mock

PROJECT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(PROJECT))

from adapters.engine.execution import Engine, Request  # noqa: E402
from registry.code_identity import CodeIndex  # noqa: E402
from registry.database import Database  # noqa: E402
from registry.generations import Generations  # noqa: E402
from registry.store import Store  # noqa: E402

MICROSECONDS_PER_NODE = 50
SLOWER_WITH_HISTORY = 1.10
ROUNDS = 15
_HEAD = '''
from hamilton.htypes import Collect, Parallelizable

def item(count: int) -> Parallelizable[int]:
    """An item."""
    yield from range(count)

def square(item: int, factor: int) -> int:
    """Of an item."""
    return item * factor

def squares(square: Collect[int]) -> list:
    """Of all."""
    return list(square)

def node_0(squares: list) -> int:
    """How many."""
    return len(squares)
'''


def flow_source(nodes: int) -> str:
    """A block, and nodes that each need one to three of those before them."""
    draws = random.Random(1)
    texts = [_HEAD]
    for place in range(1, nodes):
        # A wide graph: Hamilton's own traversal is recursive and ends at a thousand in a chain.
        needs = sorted({draws.randrange(max(0, place - 200), place) for _ in range(3)})
        names = [f"node_{need}" for need in needs]
        parameters = ", ".join(f"{name}: int" for name in [*names, "factor"])
        texts.append(
            f'def node_{place}({parameters}) -> int:\n    """Step."""\n'
            f"    return ({' + '.join(names)} + {place} * factor) % 1000003\n"
        )
    return "\n".join(texts)


class Workshop:
    """The flow and a registry in which all of it is published."""

    def __init__(self, folder: Path, nodes: int, items: int) -> None:
        self.folder = folder
        source = folder / "src" / "planning_flow.py"
        source.parent.mkdir()
        source.write_text(flow_source(nodes))
        module = types.ModuleType("planning_flow")
        module.__file__ = str(source)
        sys.modules["planning_flow"] = module
        exec(compile(source.read_text(), str(source), "exec"), module.__dict__)
        self._module, self._inputs = module, {"count": items, "factor": 3}
        engine = self.engine("home")
        request = Request(self._inputs)
        # Only what a plan finds matters here, not that it outlives a power cut.
        with mock.patch("os.fsync", return_value=None):
            outcome = engine.run(request, engine.plan(request), "run 0")
            self.generations(engine).publish(
                run_id="run 0",
                published_utc="2026-01-01T00:00:00Z",
                artifacts={"last": outcome.artifact(f"node_{nodes - 1}")},
                nodes=outcome.computed(),
                facts={},
            )
        engine.store.database.close()

    def engine(self, home: str) -> Engine:
        """The engine on a registry as a new process would open it."""
        folder = self.folder / home
        store = Store(folder, Database(folder / "registry.sqlite"))
        return Engine([self._module], store, CodeIndex([self.folder / "src"]))

    def generations(self, engine: Engine) -> Generations:
        """The published generations of an engine's registry."""
        return Generations(engine.store.database.path.parent, engine.store.database)

    def copy_with_history(self, runs: int) -> None:
        """A copy of the registry in which this many runs came before."""
        shutil.copytree(self.folder / "home", self.folder / "old")
        database = Database(self.folder / "old" / "registry.sqlite")
        with database.atomic() as connection:
            for run in range(runs):
                _add_run(connection, run)
        database.close()

    def plan_seconds(self, engine: Engine) -> tuple[float, float, int]:
        """Wall and processor seconds of one warm plan, and how many places it has."""
        wall, cpu = time.perf_counter(), time.process_time()
        generations = self.generations(engine)
        keys = generations.node_keys(generations.current() or 0)
        published = {(found.node, found.item): found.key for found in keys}
        plan = engine.plan(Request(self._inputs, published=published))
        spent = (time.perf_counter() - wall, time.process_time() - cpu)
        assert not plan.stale, "everything is published"
        return *spent, len(plan.actions)


def _add_run(connection, run: int) -> None:
    """One past run: ten nodes computed, and a generation of twenty nodes and five outputs."""
    generation, name = -1 - run, f"past {run}"
    keys = [secrets.token_hex(32) for _ in range(20)]
    connection.execute(
        "INSERT INTO run VALUES (?, 'then', 'then', 'published', ?, '{}')", (name, generation)
    )
    connection.execute(
        "INSERT INTO generation (number, run_id, published_utc, manifest) "
        "VALUES (?, ?, 'then', '')",
        (generation, name),
    )
    for place, key in enumerate(keys):
        node, result = f"node_{place}", secrets.token_hex(32)
        connection.execute(
            "INSERT INTO generation_node VALUES (?, ?, '', ?)", (generation, node, key)
        )
        if place % 2:
            continue
        connection.execute(
            "INSERT INTO computation VALUES (?, ?, '', 'merge', 'code', ?, 'json', 0.1, ?)",
            (key, node, result, name),
        )
        connection.execute("INSERT INTO artifact VALUES (?, 'json', 4, NULL)", (result,))
        connection.execute(
            "INSERT INTO computation_input VALUES (?, 'before', 0, 'artifact', ?, NULL, NULL)",
            (key, result),
        )
        connection.execute(
            "INSERT INTO run_node VALUES (?, ?, '', 'ran', 'code changed', ?, NULL, 0.1)",
            (name, node, key),
        )
    for output in range(5):
        connection.execute(
            "INSERT INTO generation_output VALUES (?, ?, ?, ?, ?, 'json', NULL)",
            (generation, f"output {output}", run, keys[output], keys[output]),
        )


def main() -> int:
    """Print the figures and keep the limits."""
    arguments = [int(text) for text in sys.argv[1:]]
    nodes, items, runs = [*arguments, *(1000, 10_000, 1000)[len(arguments) :]]
    with tempfile.TemporaryDirectory(dir=PROJECT) as name:
        workshop = Workshop(Path(name), nodes, items)
        workshop.copy_with_history(runs)
        engines = [workshop.engine("home"), workshop.engine("old")]
        taken: list[list[tuple[float, float, int]]] = [[], []]
        for _ in range(ROUNDS):
            for place, engine in enumerate(engines):
                taken[place].append(workshop.plan_seconds(engine))
    places = taken[0][0][2]
    wall, cpu = (statistics.median(t[kind] for t in taken[0]) / places * 1e6 for kind in (0, 1))
    ratio = statistics.median(old[1] / new[1] for new, old in zip(taken[0], taken[1], strict=True))
    print(f"{nodes} nodes, {items} items: {places} places, {ROUNDS} warm plans")
    print(f"microseconds a node, wall       {wall:6.1f}")
    print(f"microseconds a node, processor  {cpu:6.1f}   (limit {MICROSECONDS_PER_NODE})")
    print(f"with {runs} past runs, times       {ratio:6.3f}   (limit {SLOWER_WITH_HISTORY})")
    return int(cpu > MICROSECONDS_PER_NODE or ratio > SLOWER_WITH_HISTORY)


if __name__ == "__main__":
    sys.exit(main())
