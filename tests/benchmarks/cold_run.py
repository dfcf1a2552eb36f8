"""Whole processes against each other: the pipeline and the plain pandas program beside it.

    python tests/benchmarks/cold_run.py [--cases zepp mi_fitness incremental] [--repeats N]
                                        [--zepp-rows N] [--mi-rows N] [--extra-rows N]
                                        [--folder FOLDER] [--json]

Both start as processes of their own, in turn, and read the same exports from a warm page cache;
the pipeline from the inbox of a new home. Told are medians of wall time and of peak memory, with
the lowest and the highest, and the ratio to the baseline. The incremental case adds one small
export after another to a home that holds the large one, and is compared with the cold baseline.

After each case both must have come to the same days and the same numbers of rows: a benchmark of
two programs that do different things tells nothing.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
sys.path.insert(0, str(HERE))

from make_exports import (  # noqa: E402
    AS_OF_UTC,
    EXTRA,
    MI_FITNESS,
    TIME_ZONE,
    ZEPP,
    make_exports,
)

LIMITS = {"zepp": 1.0, "mi_fitness": 1.0, "incremental": 0.25}
PROFILE = "me"


@dataclass
class Runs:
    """Wall seconds and peak mebibytes of the runs of one program on one export."""

    seconds: list[float] = field(default_factory=list)
    peak_mib: list[float] = field(default_factory=list)

    def add(self, seconds: float, peak_mib: float) -> None:
        self.seconds.append(seconds)
        self.peak_mib.append(peak_mib)

    @property
    def median_seconds(self) -> float:
        return statistics.median(self.seconds)

    @property
    def median_peak_mib(self) -> float:
        return statistics.median(self.peak_mib)


@dataclass
class Case:
    """One comparison."""

    name: str
    baseline: Runs
    pipeline: Runs

    @property
    def time_ratio(self) -> float:
        return self.pipeline.median_seconds / self.baseline.median_seconds

    @property
    def memory_ratio(self) -> float:
        return self.pipeline.median_peak_mib / self.baseline.median_peak_mib


def timed(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Wall seconds and peak mebibytes of a process and those it waited for.

    Raises:
        RuntimeError: The process failed.
    """
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, env=environment, cwd=PROJECT, stdout=output, stderr=output
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise RuntimeError(f"{command} failed:\n{output.read().decode()}")
    scale = 1024**2 if sys.platform == "darwin" else 1024
    return seconds, usage.ru_maxrss / scale


def environment() -> dict[str, str]:
    """Without settings of whoever runs this, and with those that decide numbers."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PDP_")}
    own.pop("PYTHONDONTWRITEBYTECODE", None)  # else each run compiles us anew, and never pandas
    return own | {"PDP_TIME_ZONE": TIME_ZONE, "PDP_AS_OF": AS_OF_UTC}


def run_baseline(exports: list[Path], output: Path) -> tuple[float, float]:
    zone = ["--time-zone", TIME_ZONE, "--as-of", AS_OF_UTC]
    program = [sys.executable, str(HERE / "baseline.py"), *map(str, exports)]
    return timed([*program, "--output", str(output), *zone], environment())


def run_pipeline(home: Path) -> tuple[float, float]:
    program = [sys.executable, "cli.py", "--home", str(home), "--profile", PROFILE, "--quiet"]
    return timed(program, environment())


def into_inbox(home: Path, export: Path) -> None:
    inbox = home / PROFILE / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(export, inbox / export.name)


@contextmanager
def new_home(folder: Path) -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="home-", dir=folder))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def cold_case(name: str, export: Path, folder: Path, repeats: int) -> Case:
    """Both programs in turn on one export; the pipeline with a new home each time."""
    case = Case(name, Runs(), Runs())
    output = folder / f"baseline-{name}"
    for _ in range(repeats):
        case.baseline.add(*run_baseline([export], output))
        with new_home(folder) as home:
            into_inbox(home, export)
            case.pipeline.add(*run_pipeline(home))
            assert_same_results(home, output)
    return case


def incremental_case(folder: Path, baseline: Runs | None, repeats: int) -> Case:
    """One small export after another beside the large one."""
    large, output = folder / ZEPP, folder / "baseline-incremental"
    cold = Runs() if baseline is None else baseline
    case = Case("incremental", cold, Runs())
    with new_home(folder) as home:
        into_inbox(home, large)
        run_pipeline(home)
        for number in range(1, repeats + 1):
            if baseline is None:
                cold.add(*run_baseline([large], output))
            into_inbox(home, folder / EXTRA.format(number))
            case.pipeline.add(*run_pipeline(home))
        extras = [folder / EXTRA.format(number) for number in range(1, repeats + 1)]
        run_baseline([large, *extras], output)
        assert_same_results(home, output)
    return case


def assert_same_results(home: Path, output: Path) -> None:
    """Both programs found the same days, figures, and numbers of rows.

    Raises:
        AssertionError: They did not.
    """
    published = home / PROFILE / "outputs"
    ours, theirs = (
        pd.read_csv(folder / "daily_metrics.csv", index_col="local_date")
        for folder in (published, output)
    )
    assert list(ours.index) == list(theirs.index), "not the same days"
    assert list(ours.columns) == list(theirs.columns), "not the same columns"
    for name in ours.columns:
        if pd.api.types.is_numeric_dtype(ours[name]):
            close = np.isclose(ours[name], theirs[name], rtol=0, atol=1e-6, equal_nan=True)
            assert close.all(), f"{name} differs on {(~close).sum()} days"
    for name in ("rejected_rows.csv", "shadowed_rows.csv"):
        code = "check" if name.startswith("rejected") else "rule"
        counts = [
            pd.read_csv(folder / name)[code].value_counts().to_dict()
            for folder in (published, output)
        ]
        assert counts[0] == counts[1], f"{name}: {counts[0]} and {counts[1]}"


def shown(cases: list[Case]) -> str:
    """The table for people."""
    names = ("wall s", "lowest", "highest", "peak MiB", "ratio", "memory")
    lines = [f"{'case':<12} {'program':<9}" + "".join(f" {name:>8}" for name in names)]
    for case in cases:
        for program, runs in (("baseline", case.baseline), ("pipeline", case.pipeline)):
            figures = [runs.median_seconds, min(runs.seconds), max(runs.seconds)]
            line = f"{case.name:<12} {program:<9}" + "".join(f" {each:>8.2f}" for each in figures)
            line += f" {runs.median_peak_mib:>8.0f}"
            if program == "pipeline":
                line += f" {case.time_ratio:>8.2f} {case.memory_ratio:>8.2f}"
            lines.append(line)
    allowed = ", ".join(f"{case.name} at most {LIMITS[case.name]}" for case in cases)
    return "\n".join([*lines, f"allowed time ratios: {allowed}"])


def measured(given: argparse.Namespace, folder: Path) -> list[Case]:
    make_exports(
        folder,
        zepp_rows=given.zepp_rows,
        mi_rows=given.mi_rows if "mi_fitness" in given.cases else 0,
        extra_rows=given.extra_rows,
        extras=given.repeats,
    )
    cases: dict[str, Case] = {}
    if "zepp" in given.cases:
        cases["zepp"] = cold_case("zepp", folder / ZEPP, folder, given.repeats)
    if "mi_fitness" in given.cases:
        export = folder / MI_FITNESS
        cases["mi_fitness"] = cold_case("mi_fitness", export, folder, given.repeats)
    if "incremental" in given.cases:
        cold = cases["zepp"].baseline if "zepp" in cases else None
        cases["incremental"] = incremental_case(folder, cold, given.repeats)
    return list(cases.values())


def main() -> None:
    parser = argparse.ArgumentParser(description="The pipeline against a plain pandas program.")
    parser.add_argument("--cases", nargs="+", choices=list(LIMITS), default=list(LIMITS))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--zepp-rows", type=int, default=5_000_000)
    parser.add_argument("--mi-rows", type=int, default=2_000_000)
    parser.add_argument("--extra-rows", type=int, default=5_000)
    parser.add_argument("--folder", type=Path, help="where exports and homes go (and stay)")
    parser.add_argument("--json", action="store_true", help="print every measurement as JSON")
    given = parser.parse_args()
    if given.folder is not None:
        cases = measured(given, given.folder)
    else:
        with tempfile.TemporaryDirectory(prefix="cold-run-") as folder:
            cases = measured(given, Path(folder))
    print(json.dumps([asdict(case) for case in cases], indent=2) if given.json else shown(cases))


if __name__ == "__main__":
    main()
