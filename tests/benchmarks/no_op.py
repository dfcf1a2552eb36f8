"""What a run with nothing to do costs: whole processes beside `python -c pass`, taken in turns.

    python tests/benchmarks/no_op.py [--repetitions 31] [--registered 1000 10000] [--past-runs 1000]
                                     [--peers 5000 5000000] [--folder FOLDER]

Every contestant is started once in each round, the order turning, so that a busy moment of the
machine falls on all of them. Wall and CPU time are medians, and ratios to the bare interpreter of
the same rounds. It exits with 1 where a limit of ours is exceeded. With `--peers`, other
tools stand beside it in the same rounds with twelve nodes over so many rows (no_op_peers.py), and
this program with its own flow over as many heart rates. They are installed below FOLDER.
"""

import argparse
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
sys.path.insert(0, str(HERE))

from make_exports import make_exports  # noqa: E402
from no_op_peers import peers  # noqa: E402
from turns import BARE, Contestant, report, take_turns  # noqa: E402

FAST, MEDIUM, PAST_RUNS = 1.6, 4.0, 1.1
# Registered nodes and files -> the most that a run with nothing to do may cost.
GROWTH = {1_000: 2.0, 10_000: 5.0}
EDITED = "dataflows/clinical.py"
# What one small export is made into: its raw bytes, and the results of the nodes of its block.
PER_EXPORT = 8


# -- what is measured ----------------------------------------------------------------------------


class Bench:
    """A copy of the program with homes of its own, in a folder that is removed afterwards."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.project = folder, folder / "project"
        self.project.mkdir()
        for name in ("adapters", "dataflows", "registry", "cli.py"):
            origin = PROJECT / name
            copy = shutil.copytree if origin.is_dir() else shutil.copy
            copy(origin, self.project / name)
        unset = {"PYTHONDONTWRITEBYTECODE", "PYTHONPATH"}
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if name not in unset and not name.startswith("PDP_")
        }

    def command(self, home: str, *arguments: str) -> list[str]:
        """Our process."""
        place = str(self.folder / home)
        return [sys.executable, str(self.project / "cli.py"), "--home", place, *arguments]

    def run(self, home: str, *arguments: str) -> None:
        """Run it once, to make something."""
        command = self.command(home, "--quiet", *arguments)
        subprocess.run(command, env=self.environment, check=True, stderr=subprocess.DEVNULL)

    def demo(self) -> Iterator[Contestant]:
        """The demo person: nothing moved, a touched source file, a reformatted one."""
        self.run("demo")
        profile = self.folder / "demo" / "demo"
        command, edited = self.command("demo"), self.project / EDITED
        source = edited.read_text()

        def reformat() -> None:
            edited.write_text(source + f"\n# {time.time_ns()}\n")

        yield Contestant(
            "demo: nothing moved", command, self.settles("demo"), FAST, "fast", profile
        )
        yield Contestant("demo: a source file touched", command, edited.touch, MEDIUM, "medium",
                         profile)  # fmt: skip
        yield Contestant("demo: a source file reformatted", command, reformat, MEDIUM, "medium",
                         profile)  # fmt: skip

    def settles(self, home: str) -> Callable[[], None]:
        """What makes the fast path answer next, whatever was done to the source before."""
        return lambda: self.run(home)

    def registered(self, size: int) -> Contestant:
        """An owner with so many registered nodes and files."""
        home = f"registered-{size}"
        inbox = self.folder / home / "me" / "inbox"
        inbox.mkdir(parents=True)
        for number in range(size // PER_EXPORT):
            day = f"{2000 + number // 336}-{number // 28 % 12 + 1:02}-{number % 28 + 1:02}"
            reading = f"{day},08:00,{110 + number % 40},{70 + number % 20},{55 + number % 30}"
            text = f"date,time,systolic,diastolic,pulse\n{reading}\n"
            (inbox / f"log{number:05}.csv").write_text(text)
        self.run(home)
        profile = self.folder / home / "me"
        paths = len(read_proof(self, profile)[4])
        name = f"{paths:,} registered nodes and files"
        command, before = self.command(home), self.settles(home)
        return Contestant(name, command, before, GROWTH.get(size), "fast", profile)

    def heart_rates(self, rows: int) -> Contestant:
        """An owner with one export of so many heart rates."""
        home = f"heart-rates-{rows}"
        inbox = self.folder / home / "me" / "inbox"
        make_exports(inbox, zepp_rows=rows, mi_rows=0, extra_rows=0, extras=0)
        self.run(home)
        profile = self.folder / home / "me"
        name = f"this project, {rows:,} heart rates"
        return Contestant(name, self.command(home), self.settles(home), FAST, "fast", profile)

    def past_runs(self, count: int) -> list[Contestant]:
        """The demo with a short history and with a long one, by the fast path and by the slow."""
        made = []
        for home, history in (("short", "few"), ("long", f"{count:,}")):
            shutil.copytree(self.folder / "demo", self.folder / home)
            folder = self.folder / home / "demo"
            if home == "long":
                add_runs(folder / "registry.sqlite", count)
            fast, slow = self.command(home), self.command(home, "--full-check")
            name, before = f"demo: {history} past runs", self.settles(home)
            self.run(home, "--full-check")
            made += [
                Contestant(name, fast, before, None, "fast", folder),
                Contestant(f"{name}, --full-check", slow, path="slow", folder=folder),
            ]
        return made


def slowed_by(few: Contestant, many: Contestant) -> bool:
    """Print what a long history costs in CPU time; whether it is more than the limit."""
    ratio = statistics.median(many.cpus) / statistics.median(few.cpus)
    print(f"{many.name}: {ratio:.2f} of the CPU time with few (limit {PAST_RUNS})")
    return ratio > PAST_RUNS


def read_proof(bench: Bench, profile: Path) -> Sequence[Sequence[str]]:
    """The fast path's own reading of a snapshot."""
    sys.path.insert(0, str(bench.project))
    from registry.fast_path import contents

    proof: Sequence[Sequence[str]] = contents(f"{profile}/snapshot/proof")
    return proof


def add_runs(registry: Path, count: int) -> None:
    """Repeat the first run's rows of the audit under other names."""
    connection = sqlite3.connect(registry)
    with connection:
        for number in range(count):
            for table, columns in (("run", "id"), ("run_node", "run_id")):
                names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
                rest = ", ".join(name for name in names if name != columns)
                connection.execute(
                    f"INSERT INTO {table} ({columns}, {rest}) SELECT 'past-{number}', {rest} "
                    f"FROM {table} WHERE {columns} = (SELECT id FROM run ORDER BY rowid LIMIT 1)"
                )
    connection.close()


def main() -> int:
    """Measure, print, and say whether the limits are kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=31)
    parser.add_argument("--registered", type=int, nargs="*", default=[1_000, 10_000])
    parser.add_argument("--past-runs", type=int, default=1_000)
    parser.add_argument("--peers", type=int, nargs="*", default=[], metavar="ROWS")
    parser.add_argument("--folder", type=Path, help="where the other tools are installed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        bare = Contestant(BARE, [sys.executable, "-c", "pass"])
        contestants = [bare, *bench.demo()]
        few, few_slow, many, many_slow = bench.past_runs(options.past_runs)
        sizes = [bench.registered(size) for size in options.registered]
        contestants += [few, few_slow, many, many_slow, *sizes]
        contestants += [bench.heart_rates(rows) for rows in options.peers]
        if options.peers:
            contestants += peers(bench.folder, options.folder or bench.folder, options.peers)
        take_turns(contestants, bench.environment, options.repetitions)
        kept = report(contestants)
        slowed = [slowed_by(few, many), slowed_by(few_slow, many_slow)]
        return 0 if kept and not any(slowed) else 1


if __name__ == "__main__":
    sys.exit(main())
