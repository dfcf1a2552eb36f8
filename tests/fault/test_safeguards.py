"""Each safeguard, removed from a copy of the source, makes a named test fail."""

import shutil
import subprocess
import sys
from dataclasses import dataclass

from tests.conftest import PROJECT, SOURCES
from tests.fault.recording import needs_strace
from tests.fault.worlds import SmallRun

pytestmark = needs_strace

POWER_CUT = "fault/test_lost_writes.py::test_a_power_cut_at_any_moment_loses_nothing_that_was_told"
FIRST, BESIDE_A_READER = "[first_run-SmallRun]", "[second_run-SmallRunBesideAReader]"
SAMPLED_EVERY = 5


@dataclass(frozen=True)
class Safeguard:
    """Lines of the source that protect something, and the test that misses them.

    Attributes:
        file: Where they are.
        lines: What they are.
        instead: What is there without them.
        missed_by: The test, below `tests`.
    """

    file: str
    lines: str
    instead: str
    missed_by: str


SAFEGUARDS = {
    "a file's bytes are flushed": Safeguard(
        "registry/objects.py", "fchmod(descriptor, mode)\n        os.fsync(descriptor)\n",
        "fchmod(descriptor, mode)\n", POWER_CUT + FIRST,
    ),
    "the name of an object is flushed": Safeguard(
        "registry/objects.py", "        flush_folder(target.parent)\n", "", POWER_CUT + FIRST,
    ),
    "the names of replaced files are flushed": Safeguard(
        "registry/objects.py", "            flush_folder(folder)\n", "            pass\n",
        POWER_CUT + FIRST,
    ),
    "the name of a new folder is flushed": Safeguard(
        "registry/objects.py", "        flush_folder(path.parent)\n", "", POWER_CUT + FIRST,
    ),
    "a commit is flushed": Safeguard(
        "registry/database.py", "synchronous = FULL", "synchronous = NORMAL",
        POWER_CUT + BESIDE_A_READER,
    ),
    "what a killed holder left is flushed": Safeguard(
        "adapters/running/lock.py",
        "    if os.fstat(descriptor).st_size:\n", "    if not descriptor:\n",
        "fault/test_lost_writes.py::"
        "test_what_a_killed_run_left_is_durable_once_the_next_one_relies_on_it[first_run]",
    ),
    "what was written is read back": Safeguard(
        "registry/objects.py", "same = sha256_of_file(path) == written", "same = True",
        "fault/test_injected_errors.py::"
        "test_bytes_that_never_reached_the_disk_are_found_before_they_are_registered",
    ),
    "recovery holds the lock": Safeguard(
        "adapters/terminal/commands/command.py", "    with profile_lock(profile.folder):\n",
        "    if profile_lock:\n",
        "fault/test_kill_everywhere.py::"
        "test_what_a_writer_is_writing_is_removed_only_once_it_is_gone",
    ),
    "helpers are followed": Safeguard(
        "registry/code_analysis/graph.py", "            yield from found.links\n            for",
        "            for",
        "registry/test_code_identity.py::"
        "test_an_edit_moves_exactly_the_keys_that_can_see_it",
    ),
    "a state of another generation is written anew": Safeguard(
        "adapters/running/state_file.py", 'document.get("generation") == generation', "document",
        "fault/test_kill_everywhere.py::"
        "test_killed_after_the_commit_the_state_follows_with_the_next_run",
    ),
    "what is forgotten is flushed": Safeguard(
        "adapters/upkeep/forgetting.py",
        "    os.sync()  # what was removed", "    # what was removed",
        "fault/test_maintenance_cut_short.py::"
        "test_a_power_cut_brings_nothing_back_that_was_forgotten",
    ),
}  # fmt: skip


def pytest_generate_tests(metafunc):
    if "safeguard" in metafunc.fixturenames:
        names = [*SAFEGUARDS]
        if not metafunc.config.getoption("--complete"):
            names = names[1::SAMPLED_EVERY]
        metafunc.parametrize("safeguard", names)


def test_a_safeguard_that_is_removed_is_missed(safeguard, tmp_path, counted):
    removed = SAFEGUARDS[safeguard]
    copy_of_the_source(tmp_path)
    file = tmp_path / removed.file
    text = file.read_text()
    assert text.count(removed.lines) == 1
    file.write_text(text.replace(removed.lines, removed.instead))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider",
         f"tests/{removed.missed_by}"],
        cwd=tmp_path, env={**SmallRun.environment(), "PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout
    assert f"FAILED tests/{removed.missed_by}" in done.stdout
    counted("safeguards removed, and missed by a named test", 1)


def copy_of_the_source(folder):
    for name in (*SOURCES, "tests", "pyproject.toml"):
        origin = PROJECT / name
        if origin.is_dir():
            shutil.copytree(origin, folder / name)
        else:
            shutil.copy(origin, folder / name)
