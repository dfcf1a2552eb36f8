"""How long it takes to name the raw files behind a published result.

    python tests/benchmarks/lineage.py [ROWS]

A registry with ROWS lineage rows (100,000), all of them behind one result: raw files that go
through a block of fourteen nodes each, as this program's own do, are collected, and go through
twenty nodes more. The answer must be that of following every row. Exit code 1 when the limit is
not kept.
"""

import hashlib
import statistics
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(PROJECT))

from registry.database import Database  # noqa: E402
from registry.lineage import computations_behind, raw_files_behind  # noqa: E402

LIMIT_MS = 50
NODES_OF_A_FILE = 14
ROWS_OF_A_NODE = 3
NODES_BELOW = 20
ROUNDS = 15

Row = tuple[object, ...]


def hashed(*parts: object) -> str:
    """A hash that looks like one of the registry's."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def edge(
    key: str, parameter: str, kind: str, sha256: str, producer: str | None, at: int = 0
) -> Row:
    """A row of `computation_input`."""
    return (key, parameter, at, kind, sha256, producer, None)


def of_file(file: str) -> tuple[list[tuple[str, str, str]], list[Row]]:
    """Key, node and item of a file's computations, one after another, and their lineage."""
    made, edges = [], []
    last: str | None = None
    for place in range(NODES_OF_A_FILE):
        key = hashed(file, place)
        made.append((key, f"of_file_{place}", file))
        edges.append(edge(key, "export", "raw", file, None))
        edges.append(edge(key, "zone", "configuration", hashed("zone"), None))
        if last is not None:
            edges.append(edge(key, "before", "artifact", hashed("made", last), last))
        last = key
    return made, edges


def below(collector: str) -> tuple[list[tuple[str, str, str]], list[Row]]:
    """Computations below the collected files, each from the two before it."""
    keys = [collector, *(hashed("below", place) for place in range(NODES_BELOW))]
    made = [(key, f"below_{place}", "") for place, key in enumerate(keys[1:])]
    edges = [
        edge(
            key,
            f"before_{back}",
            "artifact",
            hashed("made", keys[place - back]),
            keys[place - back],
        )
        for place, key in enumerate(keys)
        for back in (1, 2)
        if place >= back
    ]
    return made, edges


def fill(database: Database, rows: int) -> str:
    """Write the lineage; the key of the last computation is told."""
    files = [hashed("raw", number) for number in range(rows // (NODES_OF_A_FILE * ROWS_OF_A_NODE))]
    collector = hashed("collector")
    made, edges = below(collector)
    last = made[-1][0]
    made.append((collector, "collected", ""))
    for place, file in enumerate(files):
        own, own_edges = of_file(file)
        made += own
        edges += own_edges
        edges.append(
            edge(collector, "of_file", "artifact", hashed("made", own[-1][0]), own[-1][0], place)
        )
    with database.atomic() as connection:
        connection.executemany(
            "INSERT INTO raw_file VALUES (?, 1, 'export.csv', '2026', NULL, 'file', 0)",
            [(file,) for file in files],
        )
        connection.executemany(
            "INSERT INTO computation VALUES (?, ?, ?, 'merge', 'code', ?, 'json', 0.1, 'run')",
            [(*found, hashed("made", found[0])) for found in made],
        )
        connection.executemany("INSERT INTO computation_input VALUES (?, ?, ?, ?, ?, ?, ?)", edges)
    return last


def seconds(database: Database, key: str) -> tuple[float, float]:
    """Wall and processor seconds of one question."""
    wall, cpu = time.perf_counter(), time.process_time()
    raw_files_behind(database, [key])
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> int:
    """Print the figures and keep the limit."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory(dir=PROJECT) as name:
        database = Database(Path(name) / "registry.sqlite")
        key = fill(database, rows)
        lineage = computations_behind(database, [key])
        followed = {found.sha256 for found in lineage.edges if found.kind == "raw"}
        assert raw_files_behind(database, [key]) == sorted(followed), "not the same files"
        taken = [seconds(database, key) for _ in range(ROUNDS)]
    wall, cpu = (statistics.median(each[kind] for each in taken) * 1e3 for kind in (0, 1))
    print(f"{len(lineage.edges):,} lineage rows behind one result, {len(followed):,} raw files")
    print(f"milliseconds, wall       {wall:6.1f}")
    print(f"milliseconds, processor  {cpu:6.1f}   (limit {LIMIT_MS})")
    return int(cpu > LIMIT_MS)


if __name__ == "__main__":
    sys.exit(main())
