"""The power is cut: what was not flushed is dropped or torn, and nothing that counts is lost.

The system calls of a run are recorded and replayed into the states that a disk may be in after a
power cut. During the run a reader finds the old generation or the new one, whole, and a plain run
ends as an undisturbed one. After exit 0 everything is there, whatever of the rest is lost.
"""

import shutil
from dataclasses import dataclass

import pytest

from tests.fault.disk import WORST, Chance, Disk
from tests.fault.recording import needs_strace, recorded
from tests.fault.worlds import (
    SmallRun,
    differences,
    first_run,
    not_healed,
    second_run,
    violations,
)

pytestmark = needs_strace

SAMPLED_EVERY = 23
CHANCES = 3
# A temporary name that was renamed may come back; the next writer removes it.
REMOVED_BY_THE_NEXT = {"leftovers"}


@dataclass(frozen=True)
class Recording:
    """A run that nobody disturbed: the home before it, and its system calls."""

    world: object
    home: object
    calls: list

    @classmethod
    def of(cls, world, folder):
        home = world.home(folder)
        exit_code, calls = recorded(world.command(home), world.environment, home)
        assert exit_code == 0
        assert differences(home, world) == []
        return cls(world, world.home(folder), calls)

    def moments(self):
        """The disk before each flush, and at the end: when most is not flushed yet."""
        disk = Disk(self.home)
        for call in self.calls:
            if call.is_sync:
                yield f"before {call}", disk, False
            disk.apply(call)
        yield "after exit 0", disk, True


def cuts(seed):
    yield from WORST.items()
    for number in range(CHANCES):
        yield f"chance {seed + number}", Chance(seed + number)


def found_wrong(recording, folder, every=1, heals=True):
    """All disk states that a power cut may leave, or some of them, and what is wrong with each."""
    home, tried, found = folder / "after the cut", 0, []
    for place, (moment, disk, is_over) in enumerate(recording.moments()):
        for number, (name, cut) in enumerate(cuts(place * CHANCES)):
            if (place * len(WORST) + number) % every and not is_over:
                continue
            tried += 1
            if is_over:
                words = left_after_exit_0(disk, cut, home, recording.world)
            else:
                words = left_meanwhile(disk, cut, home, recording.world, heals=heals)
            found += [f"{moment}, {name}: {word}" for word in words]
    return tried, found


def left_meanwhile(disk, cut, home, world, *, heals):
    """What a power cut spoils that a reader may rely on, or that a plain run does not mend."""
    shutil.rmtree(home, ignore_errors=True)
    disk.left_by(cut, home)
    return violations(home, world) + (not_healed(home, world) if heals else [])


def assert_nothing_lost(recording, folder, counted, every):
    tried, found = found_wrong(recording, folder, every)
    counted("disk states after a power cut", tried)
    counted("violations", len(found))
    assert found == []


@pytest.mark.parametrize("scene", [first_run, second_run])
def test_a_power_cut_at_any_moment_loses_nothing_that_was_told(scene, scratch, complete, counted):
    recording = Recording.of(scene(scratch / "before", SmallRun), scratch)
    assert_nothing_lost(recording, scratch, counted, 1 if complete else SAMPLED_EVERY)


@pytest.mark.parametrize("scene", [first_run, second_run])
def test_what_a_killed_run_left_is_durable_once_the_next_one_relies_on_it(
    scene, scratch, complete, counted
):
    world = scene(scratch / "before", SmallRun)
    calls = Recording.of(world, scratch).calls
    tried, found = 0, []
    for call in calls if complete else calls[::SAMPLED_EVERY]:
        home = world.home(scratch)
        disk = Disk(home)
        for effect in (f"{call.name}:signal=SIGKILL:when={call.nth}", ""):
            _, made = recorded(world.command(home), world.environment, home, effect)
            for done in made:
                disk.apply(done)
        for name, cut in WORST.items():
            words = left_after_exit_0(disk, cut, scratch / "after the cut", world)
            found += [f"killed at {call}, run again, {name}: {word}" for word in words]
            tried += 1
    counted("disk states after a kill, a run and a power cut", tried)
    counted("violations", len(found))
    assert found == []


def left_after_exit_0(disk, cut, home, world):
    """What a power cut takes away that a run had told to be there."""
    shutil.rmtree(home, ignore_errors=True)
    disk.left_by(cut, home)
    return violations(home, world) + differences(home, world, but_not=REMOVED_BY_THE_NEXT)
