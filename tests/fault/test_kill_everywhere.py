"""SIGKILL before every system call of a run that changes a file.

At each such moment a reader finds the old generation or the new one, whole, with every registered
file present and hash-equal; and a plain run then ends as one that nobody disturbed.
"""

import subprocess
import time

import pytest

from adapters.running.lock import profile_lock
from tests.fault.recording import needs_strace, recorded, struck
from tests.fault.test_races import waits_for_lock
from tests.fault.worlds import (
    ME,
    SmallRun,
    first_run,
    not_healed,
    second_run,
    violations,
)

pytestmark = needs_strace

KILLED = -9
SAMPLED_EVERY = 29


def crash_points(world, folder):
    home = world.home(folder)
    exit_code, calls = recorded(world.command(home), world.environment, home)
    assert exit_code == 0
    return calls


def killed_at(world, call, folder):
    """What a reader, and then a plain run, find wrong after a SIGKILL; None if none came."""
    home = world.home(folder)
    done = struck(world.command(home), world.environment, call.struck_by("signal=SIGKILL"))
    if done.returncode != KILLED:
        return None
    return [f"{call}: {words}" for words in (*violations(home, world), *not_healed(home, world))]


def tried(world, calls, folder, counted):
    results = [killed_at(world, call, folder) for call in calls]
    found = [words for result in results for words in result or ()]
    counted("crash points tried with SIGKILL", len(results) - results.count(None))
    counted("violations", len(found))
    assert found == []
    assert results.count(None) <= len(results) / 50


@pytest.mark.parametrize("scene", [first_run, second_run])
def test_killed_before_any_call_the_old_or_the_new_generation_is_whole(
    scene, scratch, complete, counted
):
    world = scene(scratch / "before", SmallRun)
    calls = crash_points(world, scratch)
    assert len(calls) > 150
    tried(world, calls if complete else calls[::SAMPLED_EVERY], scratch, counted)


def test_the_command_line_killed_before_any_call_loses_nothing(
    command_line, scratch, complete, counted
):
    world, calls = command_line.world, command_line.calls
    assert len(calls) > 500
    tried(world, not_of_the_log(calls) if complete else calls[400:401], scratch, counted)


def not_of_the_log(calls):
    """Every call but of SQLite's write-ahead log, and a tenth of those; the small run tries all."""
    of_log = [call for call in calls if call.path.suffix.startswith(".sqlite-")]
    return [call for call in calls if call not in of_log or of_log.index(call) % 10 == 0]


def test_killed_after_the_commit_the_state_follows_with_the_next_run(scratch):
    world = second_run(scratch / "before", SmallRun)
    calls = crash_points(world, scratch)
    heads = [call for call in calls if call.new_path and call.new_path.name == "head"]
    assert killed_at(world, heads[-1], scratch) == []


def test_what_a_writer_is_writing_is_removed_only_once_it_is_gone(scratch):
    world = first_run(scratch / "before", SmallRun)
    home = world.home(scratch)
    leftover = home / ME / "objects" / "0123456789abcdef.tmp"
    with profile_lock(home / ME):
        leftover.parent.mkdir()
        leftover.write_bytes(b"half of a table")
        process = subprocess.Popen(world.command(home), env=world.environment)
        assert waits_for_lock(process, home / ME / "lock")
        time.sleep(0.1)
        assert leftover.exists()
    assert process.wait(timeout=60) == 0
    assert not leftover.exists()
