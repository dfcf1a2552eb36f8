"""A disk that is full, broken or read-only, at any system call: an error and the old state, or
exit 0 and the new one; and when the disk is mended, a plain run ends as an undisturbed one.
"""

import shutil
import subprocess

import pytest

from tests.fault.recording import OPENING, needs_strace, recorded, struck
from tests.fault.worlds import (
    SmallRun,
    first_run,
    not_healed,
    published,
    second_run,
    violations,
)

SAMPLED_EVERY = 31
REMOVING = ("unlink", "unlinkat", "rmdir", "ftruncate")


def calls_that_may_fail(world, folder, error):
    home = world.home(folder)
    _, calls = recorded(world.command(home), world.environment, home)
    takes_room = [call for call in calls if call.name not in REMOVING]
    return takes_room if error == "ENOSPC" else calls


def told_wrongly(home, world, exit_code):
    """An exit code that does not go with what a reader sees."""
    seen = published(home)
    is_new = (seen.generation, seen.outputs) == (world.new.generation, world.new.outputs)
    if exit_code == 0 and not is_new:
        return ["exit 0 and the old generation"]
    if exit_code not in (0, 1, 5):
        return [f"exit code {exit_code}"]
    if exit_code and is_new:
        return ["an error and the new generation"]
    return []


def broken_at(world, call, error, folder):
    """What is wrong after a call failed; None if none did."""
    home = world.home(folder)
    done = struck(world.command(home), world.environment, call.struck_by(f"error={error}"))
    found = [*violations(home, world), *told_wrongly(home, world, done.returncode)]
    if "Traceback" in done.stderr or "defect" in done.stderr:
        found.append("a traceback")
    return [f"{error} at {call}: {words}" for words in (*found, *not_healed(home, world))]


@needs_strace
@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
@pytest.mark.parametrize("scene", [first_run, second_run])
def test_a_failing_call_gives_the_old_state_and_an_error_or_the_new_one(
    scene, error, scratch, complete, counted
):
    world = scene(scratch / "before", SmallRun)
    calls = calls_that_may_fail(world, scratch, error)
    tried = calls if complete else calls[:: 2 * SAMPLED_EVERY]
    found = [words for call in tried for words in broken_at(world, call, error, scratch)]
    counted(f"errors injected: {error}", len(tried))
    counted("violations", len(found))
    assert found == []


# -- from a moment on ----------------------------------------------------------------------------


@needs_strace
@pytest.mark.parametrize("error", ["ENOSPC", "EIO", "EROFS"])
def test_a_disk_that_fails_for_good_leaves_the_old_state_or_the_new_one(
    error, scratch, complete, counted
):
    world = second_run(scratch / "before", SmallRun)
    calls = [c for c in calls_that_may_fail(world, scratch, error) if c.name not in OPENING]
    moments = range(len(calls))[:: 1 if complete else 4 * SAMPLED_EVERY]
    found = [word for n in moments for word in broken_since(world, calls[n:], error, scratch)]
    counted(f"moments since which all calls fail: {error}", len(moments))
    counted("violations", len(found))
    assert found == []


def broken_since(world, calls, error, folder):
    """What is wrong when all calls fail since a certain one."""
    first = {call.name: call for call in reversed(calls)}.values()
    home = world.home(folder)
    done = struck(
        world.command(home),
        world.environment,
        *(f"{call.struck_by(f'error={error}')}+" for call in first),
    )
    found = violations(home, world)
    if not is_flush_of_the_log(calls[0]):
        found += told_wrongly(home, world, done.returncode)
    return [f"{error} since {calls[0]}: {w}" for w in (*found, *not_healed(home, world))]


def is_flush_of_the_log(call):
    """A commit whose flush fails on a disk that is gone for good: nobody can tell if it stands."""
    return call.is_sync and call.path.name.endswith("-wal")


# -- what a disk claims --------------------------------------------------------------------------


@needs_strace
def test_bytes_that_never_reached_the_disk_are_found_before_they_are_registered(
    scratch, complete, counted
):
    world = second_run(scratch / "before", SmallRun)
    _, calls = recorded(world.command(home := world.home(scratch)), world.environment, home)
    *writes, _state = (c for c in calls if c.name == "write" and c.path.suffix == ".tmp")
    for call in writes if complete else writes[1::6]:
        home = world.home(scratch)
        claim = call.struck_by(f"retval={len(call.arguments[0])}")
        done = struck(world.command(home), world.environment, claim)
        assert (done.returncode, violations(home, world)) == (1, []), call
        assert "read back differently" in done.stderr
        assert published(home) == world.old
        assert not_healed(home, world) == []
        counted("writes that did nothing", 1)


# -- a real full disk, a real read-only one ------------------------------------------------------

FULL_DISK = """
mount -t tmpfs -o size="$1" tmpfs "$2" && cp -a "$3"/. "$2" || exit 99
"${@:5}"
code=$?
cp -a "$2" "$4"
exit $code
"""
READ_ONLY = """
mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" || exit 99
"${@:2}"
"""


def in_namespace(script, world, *arguments):
    """Run a script that may mount; nobody outside sees it."""
    return subprocess.run(
        ["unshare", "-Urm", "bash", "-c", script, "bash", *map(str, arguments)],
        env=world.environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


@pytest.mark.parametrize("scene", [first_run, second_run])
def test_on_a_full_disk_of_any_size_the_old_state_stands_or_the_new_one(
    scene, scratch, complete, counted
):
    world = scene(scratch / "before", SmallRun)
    full, left = scratch / "home", scratch / "left"
    full.mkdir()
    outcomes, found = [], []
    used = blocks_of(world.before)
    for spare in range(0, 150, 2 if complete else 30):
        arguments = (f"{4 * (used + spare)}k", full, world.before, left)
        done = in_namespace(FULL_DISK, world, *arguments, *world.command(full))
        wrong = [*violations(left, world), *told_wrongly(left, world, done.returncode)]
        found += [f"{spare} blocks: {word}" for word in (*wrong, *not_healed(left, world))]
        outcomes.append(done.returncode)
        shutil.rmtree(left)
    counted("full disks", len(outcomes))
    counted("violations", len(found))
    assert found == []
    assert set(outcomes) == {0, 1}


def blocks_of(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return sum(-(-path.stat().st_size // 4096) for path in files)


@pytest.mark.parametrize("scene", [first_run, second_run])
def test_a_read_only_disk_is_an_error_and_nothing_changes(scene, scratch):
    world = scene(scratch / "before", SmallRun)
    home = world.home(scratch)
    before = {path: path.is_file() and path.read_bytes() for path in home.rglob("*")}
    done = in_namespace(READ_ONLY, world, home, *world.command(home))
    assert done.returncode == 1
    assert "Read-only file system" in done.stderr
    assert {path: path.is_file() and path.read_bytes() for path in home.rglob("*")} == before
    assert not_healed(home, world) == []


@needs_strace
def test_the_command_line_on_a_failing_disk_says_what_happened_and_loses_nothing(
    command_line, scratch, complete, counted
):
    world, calls = command_line.world, command_line.calls
    errors = ["ENOSPC", "EIO"]
    found = []
    for number, call in enumerate(calls[::7] if complete else calls[400:401]):
        found += broken_at(world, call, errors[number % 2], scratch)
        counted(f"errors injected: {errors[number % 2]}", 1)
    counted("violations", len(found))
    assert found == []
