"""The numbers of the fault suite: how much was tried, and how much of it went wrong."""

import os
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.fault.replay import Recording
from tests.fault.worlds import CommandLine, second_run

IN_MEMORY = "/dev/shm"
_COUNTED = "counted: "


def _in_memory(otherwise):
    """A place in memory, if there is one: there, flushing takes no time."""
    return TemporaryDirectory(dir=IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else otherwise)


@pytest.fixture
def scratch(tmp_path):
    """A folder for homes that are disturbed."""
    with _in_memory(tmp_path) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def shared_scratch(tmp_path_factory):
    """The same for several tests."""
    with _in_memory(tmp_path_factory.mktemp("scratch")) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def command_line(tmp_path_factory):
    """The second run of `python cli.py`, recorded."""
    with _in_memory(tmp_path_factory.mktemp("command line")) as folder:
        world = second_run(Path(folder) / "before", CommandLine)
        yield Recording.of(world, Path(folder))


@pytest.fixture
def counted(record_property):
    """Count what a test tried; a table of all counts ends the run."""

    def count(what: str, number: int) -> None:
        record_property(_COUNTED + what, number)

    return count


def pytest_terminal_summary(terminalreporter, config):
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, ())]
    counts: Counter[str] = Counter()
    for report in reports:
        for name, number in report.user_properties:
            if name.startswith(_COUNTED):
                counts[name.removeprefix(_COUNTED)] += number
    if counts:
        extent = "complete" if config.getoption("--complete") else "a sample; --complete tries all"
        terminalreporter.section(f"faults: {extent}")
        for name in sorted(counts):
            terminalreporter.write_line(f"{counts[name]:>8,}  {name}")
