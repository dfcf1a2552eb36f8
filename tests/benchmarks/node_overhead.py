"""What registering one small node costs, against what its flushes to the disk cost alone.

    python tests/benchmarks/node_overhead.py [NODES] [REPEATS]

A chain of small nodes runs cold through the engine, and the same functions run bare. The
difference per node is identity, encoding, durable commit and SQLite. Beside it stands a bare
replay of the flushes that one commit makes: a file, the folders, a transaction.
"""

import os
import sqlite3
import statistics
import sys
import tempfile
import time
import types
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(PROJECT))

import pyarrow as pa  # noqa: E402

from adapters.engine.execution import Engine, Request  # noqa: E402
from registry.code_identity import CodeIndex  # noqa: E402
from registry.database import Database  # noqa: E402
from registry.objects import flush_folder  # noqa: E402
from registry.store import Store  # noqa: E402


def chain(length: int) -> str:
    """The source of a flow in which each node adds one to the table before it."""
    node = 'def node_{here}({need}) -> pa.Table:\n    """Step."""\n    return pa.table({made})\n'
    first = node.format(here=0, need="start: int", made='{"value": [start]}')
    rest = [
        node.format(
            here=place,
            need=f"node_{place - 1}: pa.Table",
            made=f'{{"value": [node_{place - 1}["value"][0].as_py() + 1]}}',
        )
        for place in range(1, length)
    ]
    return "\n\n".join(["import pyarrow as pa\n", first, *rest])


def seconds_through_the_engine(folder: Path, length: int) -> float:
    """Run the chain cold."""
    source = folder / "chain_flow.py"
    source.write_text(chain(length))
    module = types.ModuleType("chain_flow")
    module.__file__ = str(source)
    sys.modules["chain_flow"] = module
    exec(compile(source.read_text(), str(source), "exec"), module.__dict__)
    store = Store(folder / "home", Database(folder / "home" / "registry.sqlite"))
    engine = Engine([module], store, CodeIndex([folder]))
    request = Request({"start": 0})
    started = time.perf_counter()
    engine.run(request, engine.plan(request), "run")
    return time.perf_counter() - started


def seconds_bare(length: int) -> float:
    """Call the same functions in a loop."""
    started = time.perf_counter()
    table = pa.table({"value": [0]})
    for _ in range(1, length):
        table = pa.table({"value": [table["value"][0].as_py() + 1]})
    return time.perf_counter() - started


def seconds_of_flushes(folder: Path, count: int) -> float:
    """The flushes of one commit, `count` times: file, three folders, a transaction."""
    connection = sqlite3.connect(folder / "flushes.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE row (value)")
    started = time.perf_counter()
    for number in range(count):
        descriptor = os.open(folder / f"file{number}", os.O_CREAT | os.O_WRONLY)
        os.write(descriptor, b"x" * 1000)
        os.fsync(descriptor)
        os.close(descriptor)
        for _ in range(3):
            flush_folder(folder)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO row VALUES (1)")
        connection.execute("COMMIT")
    connection.close()
    return time.perf_counter() - started


def main() -> None:
    """Print medians over several runs."""
    nodes = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    ours, flushes = [], []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory(dir=PROJECT) as name:
            engine = seconds_through_the_engine(Path(name), nodes)
            ours.append((engine - seconds_bare(nodes)) / nodes * 1e3)
            flushes.append(seconds_of_flushes(Path(name), nodes) / nodes * 1e3)
    print(f"{nodes} nodes, {repeats} runs, median milliseconds a node")
    print(f"identity, encoding and commit  {statistics.median(ours):6.2f}   (limit 5)")
    print(f"of these, flushes alone        {statistics.median(flushes):6.2f}")


if __name__ == "__main__":
    main()
