"""Other tools with nothing to do, each used in its usual way on the same twelve nodes (no_op_work).

doit, DVC and Snakemake run a command for each node, with its data and its source as dependencies;
redun has a task for each, which takes files and gives one; Hamilton's cache and this project's
adapter stand in a program that builds the driver and asks for the last node. Those two read the
file at every start, since only so they see that it has changed; with "path only" they do not.
DVC's analytics and its search for a newer version are off.

Each tool must run all nodes at first and none after that, or the benchmark ends.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from peers import PEERS, environment
from turns import Contestant

WORK = Path(__file__).resolve().parent / "no_op_work"
PROJECT = WORK.parents[2]
NODES = 12
TOOLS = ("doit", "dvc", "redun", "snakemake", "hamilton")
BARE_OF_PEERS = "python -c pass, where the others are"
DVC_SETTINGS = ("core.analytics", "core.check_update")


def peers(folder: Path, installed: Path, sizes: Sequence[int]) -> Iterator[Contestant]:
    """The contestants, with everything up to date."""
    libraries = [f"pandas=={pd.__version__}", f"pyarrow=={pa.__version__}"]
    python = environment(installed, TOOLS, libraries)
    yield Contestant(BARE_OF_PEERS, [str(python), "-c", "pass"])
    for rows in sizes:
        readings = folder / f"readings-{rows}.csv"
        write_readings(readings, rows)
        for name, command in commands(python).items():
            place = lay_out(folder / f"{name} {rows}", readings)
            is_ours = command[0] == sys.executable
            base = {} if is_ours else {"base": BARE_OF_PEERS}
            made = Contestant(f"{name}, {rows:,} rows", command, place=place, **base)
            prepare(made, python)
            yield made


def commands(python: Path) -> Mapping[str, Sequence[str]]:
    """What is started, by the name in the table."""
    tools, name = python.parent, PEERS["hamilton"].title
    return {
        "doit": [str(tools / "doit")],
        "DVC": [str(tools / "dvc"), "repro"],
        "redun": [str(tools / "redun"), "run", "workflow.py", "main"],
        "Snakemake": [str(tools / "snakemake"), "--cores", "2"],
        name: [str(python), "with_hamilton.py"],
        f"{name}, path only": [str(python), "with_hamilton.py", "path"],
        "our adapter": [sys.executable, "with_registry.py", str(PROJECT)],
        "our adapter, path only": [sys.executable, "with_registry.py", str(PROJECT), "path"],
    }


def write_readings(path: Path, rows: int) -> None:
    """A heart rate a minute."""
    minutes = np.arange(rows)
    rates = 60 + (minutes * 2_654_435_761 >> 11) % 40 + 200 * (minutes % 997 == 0)
    pd.DataFrame({"second": minutes * 60, "bpm": rates}).to_csv(path, index=False)


def lay_out(place: Path, readings: Path) -> Path:
    """A copy of the work, with the readings beside it."""
    shutil.copytree(WORK, place, ignore=shutil.ignore_patterns("__pycache__"))
    os.link(readings, place / "readings.csv")
    return place


def prepare(contestant: Contestant, python: Path) -> None:
    """Run all nodes; then none.

    Raises:
        SystemExit: Too few ran at first, or any after that.
    """
    assert contestant.place is not None
    if contestant.command[-1] == "repro":
        dvc = contestant.command[0]
        setup = [[dvc, "init", "--no-scm", "-q"]]
        setup += [[dvc, "config", name, "false"] for name in DVC_SETTINGS]
        for command in ([python, "dvc_stages.py"], *setup):
            subprocess.run(command, cwd=contestant.place, check=True)
    ran = [ran_nodes(contestant) for _ in range(2)]
    if len(ran[0]) != NODES or ran[1] - {"readings"}:
        raise SystemExit(f"{contestant.name}: ran {sorted(ran[0])}, then {sorted(ran[1])}")


def ran_nodes(contestant: Contestant) -> set[str]:
    """The nodes that a start runs."""
    assert contestant.place is not None
    told = contestant.place / "ran.txt"
    told.unlink(missing_ok=True)
    contestant.start(dict(os.environ))
    return set(told.read_text().split()) if told.exists() else set()
