"""Processes started in turns, so that a busy moment of the machine falls on all of them."""

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

BARE = "python -c pass"


@dataclass
class Contestant:
    """A command that is started again and again.

    Attributes:
        name: In the table.
        command: The process.
        before: Called before each start; it is not timed.
        limit: The highest ratio to the bare interpreter, of wall and of CPU time.
        path: Which of our paths has to have answered.
        folder: The profile whose log tells that.
        place: The working directory.
        base: The bare interpreter that it is compared with.
    """

    name: str
    command: Sequence[str]
    before: Callable[[], object] = lambda: None
    limit: float | None = None
    path: str | None = None
    folder: Path | None = None
    place: Path | None = None
    base: str = BARE
    walls: list[float] = field(default_factory=list)
    cpus: list[float] = field(default_factory=list)

    def start(self, environment: dict[str, str]) -> None:
        """Run once, and note what it took."""
        self.before()
        with tempfile.TemporaryFile() as told:
            began = time.perf_counter()
            process = subprocess.Popen(
                self.command,
                env=environment,
                cwd=self.place,
                stdout=subprocess.DEVNULL,
                stderr=told,
            )
            _, status, usage = os.wait4(process.pid, 0)
            self.walls.append(time.perf_counter() - began)
            self.cpus.append(usage.ru_utime + usage.ru_stime)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                told.seek(0)
                text = told.read().decode()
                raise SystemExit(f"{self.name}: exit code {process.returncode}\n{text}")
        if self.path and self.folder and self.path not in last_line(self.folder):
            raise SystemExit(f"{self.name}: answered by another path: {last_line(self.folder)}")


def last_line(profile: Path) -> str:
    """The newest line of a profile's log."""
    with (profile / "logs" / "pipeline.log").open("rb") as log:
        log.seek(max(0, log.seek(0, os.SEEK_END) - 4_000))
        return log.read().decode().splitlines()[-1]


def take_turns(contestants: Sequence[Contestant], environment: dict[str, str], rounds: int) -> None:
    """Start every contestant once a round, each round beginning with another one."""
    for contestant in contestants:
        contestant.start(environment)
        contestant.walls.clear()
        contestant.cpus.clear()
    for number in range(rounds):
        first = number % len(contestants)
        for contestant in (*contestants[first:], *contestants[:first]):
            contestant.start(environment)


def report(contestants: Sequence[Contestant]) -> bool:
    """Print the table; whether every limit is kept."""
    by_name = {contestant.name: contestant for contestant in contestants}
    print(f"{'':<44}{'wall ms':>9}{'ratio':>7}{'CPU ms':>9}{'ratio':>7}{'limit':>7}")
    kept = True
    for contestant in contestants:
        bare = by_name[contestant.base]
        pairs = [(contestant.walls, bare.walls), (contestant.cpus, bare.cpus)]
        medians = [statistics.median(taken) for taken, _ in pairs]
        ratios = [
            median / statistics.median(base)
            for median, (_, base) in zip(medians, pairs, strict=True)
        ]
        is_within = contestant.limit is None or max(ratios) <= contestant.limit
        kept &= is_within
        cells = "".join(
            f"{median * 1000:>9.1f}{ratio:>7.2f}"
            for median, ratio in zip(medians, ratios, strict=True)
        )
        limit = "" if contestant.limit is None else f"{contestant.limit:.1f}"
        print(f"{contestant.name:<44}{cells}{limit:>7}{'' if is_within else '  EXCEEDED'}")
    return kept
