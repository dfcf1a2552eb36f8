"""SIGKILL before every system call of a pull, a push or a prune that changes a file."""

import shutil
import sys

import pytest

from adapters.vault.age import new_identity
from adapters.vault.vault import identity_text
from tests.conftest import LOG
from tests.fault import small_pull
from tests.fault.recording import needs_strace, recorded, struck
from tests.fault.test_kill_everywhere import SAMPLED_EVERY, crash_points, killed_at
from tests.fault.worlds import ME, SmallRun, World, first_run

pytestmark = needs_strace


def run_and_push(home, remote, key):
    assert SmallRun.again(home) == 0
    small_pull.main("push", home, remote, key)


@pytest.fixture
def place(scratch):
    """A home that pushed one generation, a copy of it that pulled that, and a second generation."""
    key, remote = scratch / "key", scratch / "remote"
    key.write_text(identity_text(new_identity()))
    home = first_run(scratch / "first", SmallRun).home(scratch / "a")
    run_and_push(home, remote, key)
    small_pull.main("pull", scratch / "b", remote, key)
    shutil.copytree(home, scratch / "before")
    shutil.copytree(remote, scratch / "remote-before")
    (home / ME / "inbox" / "third.csv").write_text(LOG + "2026-05-03,08:00,123,83,63,\n")
    run_and_push(home, remote, key)
    return scratch


def puller(place):
    class Pull(SmallRun):
        @staticmethod
        def command(home):
            files = [str(home), str(place / "remote"), str(place / "key")]
            return [sys.executable, small_pull.__file__, "pull", *files]

        @staticmethod
        def again(home):
            small_pull.main("pull", home, place / "remote", place / "key")
            return 0

    return Pull


@pytest.mark.parametrize("home", ["b", "empty"])
def test_a_pull_killed_before_any_call_leaves_the_old_or_the_new_and_goes_on(
    home, place, complete, counted
):
    (place / "empty" / ME / "inbox").mkdir(parents=True)
    world = World.of(place / home, puller(place))
    assert (world.old.generation, world.new.generation) == (1 if home == "b" else None, 2)
    calls = crash_points(world, place)
    assert len(calls) > 100
    chosen = calls if complete else calls[:: 3 * SAMPLED_EVERY]
    results = [killed_at(world, call, place) for call in chosen]
    struck_ones = [words for words in results if words is not None]
    counted("crash points of a pull tried with SIGKILL", len(struck_ones))
    assert [words for found in struck_ones for words in found] == []
    assert len(struck_ones) > len(chosen) // 2  # threads make a call's number vary


def test_a_push_killed_before_any_call_leaves_a_head_that_verifies_and_goes_on(
    place, complete, counted
):
    """The head is the old one or the new one, and whoever pulls gets all of it."""
    home, remote, key = place / "before", place / "remote-before", place / "key"
    (home / ME / "inbox" / "third.csv").write_text(LOG + "2026-05-03,08:00,123,83,63,\n")
    assert SmallRun.again(home) == 0

    def fresh():
        for name in ("home", "there", "c"):
            shutil.rmtree(place / name, ignore_errors=True)
        shutil.copytree(home, place / "home")
        shutil.copytree(remote, place / "there")
        files = [str(place / "home"), str(place / "there"), str(key)]
        return [sys.executable, small_pull.__file__, "push", *files]

    exit_code, calls = recorded(fresh(), SmallRun.environment(), place)
    assert exit_code == 0
    pushed = 0
    for call in calls if complete else calls[::SAMPLED_EVERY]:
        done = struck(fresh(), SmallRun.environment(), call.struck_by("signal=SIGKILL"))
        if done.returncode == 0:
            continue
        small_pull.main("pull", place / "c", place / "there", key)
        small_pull.main("push", place / "home", place / "there", key)
        small_pull.main("pull", place / "c", place / "there", key)
        assert (place / "c" / ME / "head").read_bytes() == b"2\n", str(call)
        pushed += 1
    counted("crash points of a push tried with SIGKILL", pushed)
    assert pushed > 2


def test_a_prune_killed_before_any_call_leaves_a_head_that_verifies_and_goes_on(
    place, complete, counted
):
    """Whoever pulls gets all of it, and the next prune finds what the killed one left."""

    def fresh():
        for name in ("home", "there", "c"):
            shutil.rmtree(place / name, ignore_errors=True)
        shutil.copytree(place / "a" / "home", place / "home")
        shutil.copytree(place / "remote", place / "there")
        files = [str(place / "home"), str(place / "there"), str(place / "key")]
        return [sys.executable, small_pull.__file__, "prune", *files]

    def here(action, home):
        small_pull.main(action, place / home, place / "there", place / "key")

    exit_code, calls = recorded(fresh(), SmallRun.environment(), place)
    assert exit_code == 0
    here("pull", "c")
    left = objects_in(place / "there")
    assert left < objects_in(place / "remote")
    there = [call for call in calls if call.path.is_relative_to(place / "there")]
    assert {"link", "rename", "unlink"} <= {call.name.removesuffix("at") for call in there}
    killed = 0
    for call in calls if complete else there[::3]:
        done = struck(fresh(), SmallRun.environment(), call.struck_by("signal=SIGKILL"))
        if done.returncode == 0:
            continue
        here("pull", "c")
        assert (place / "c" / ME / "head").read_bytes() == b"2\n", str(call)
        here("prune", "home")
        assert objects_in(place / "there") == left, str(call)
        here("push", "home")
        here("pull", "c")
        killed += 1
    counted("crash points of a prune tried with SIGKILL", killed)
    assert killed > 2


def objects_in(remote):
    """How many there are, leftovers among them."""
    return len([*(remote / "objects").glob("??/*")])
