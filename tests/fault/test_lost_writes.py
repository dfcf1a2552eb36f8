"""The power is cut: what was not flushed is dropped or torn, and nothing that counts is lost.

The system calls of a run are recorded and replayed into the states that a disk may be in after a
power cut. During the run a reader finds the old generation or the new one, whole, and a plain run
ends as an undisturbed one. After exit 0 everything is there, whatever of the rest is lost.
"""

import re
from dataclasses import replace

import pytest

from tests.fault.disk import WORST, Disk
from tests.fault.recording import needs_strace, recorded
from tests.fault.replay import Recording, left_after_exit_0, states
from tests.fault.worlds import ME, SmallRun, SmallRunBesideAReader, first_run, second_run

pytestmark = needs_strace

SAMPLED_EVERY = 23

# What is flushed, by the name that it has in the end.
FLUSHED = {
    "the bytes of an object": r"objects/../\w{64}/[\w.]+",
    "the folder of an object": r"objects/../\w{64}",
    "the parents of a new folder of objects": r"objects(/..)?",
    "the bytes of an export": r"raw/../\w{64}/content",
    "the bytes of an origin": r"raw/../\w{64}/origin.json",
    "the folder of an export": r"raw/../\w{64}",
    "the parents of a new folder of exports": r"raw(/..)?",
    "the bytes of a manifest": r"manifests/\d+.json",
    "the folder of manifests": r"manifests",
    "the bytes of a view": r"outputs/[\w.]+",
    "the folder of views": r"outputs",
    "the bytes of the head": r"head",
    "the bytes of the state": r"state.json",
    "the folder of the profile": r"\.",
    "the log of the registry": r"registry.sqlite-wal",
    "the file of the registry": r"registry.sqlite",
}
# SQLite's own, while it makes a registry that holds nothing yet.
NOT_NEEDED = r"registry.sqlite-journal"


SCENES = pytest.mark.parametrize(
    ("scene", "kind"),
    [(first_run, SmallRun), (second_run, SmallRun), (second_run, SmallRunBesideAReader)],
)


@SCENES
def test_a_power_cut_at_any_moment_loses_nothing_that_was_told(
    scene, kind, scratch, complete, counted
):
    recording = Recording.of(scene(scratch / "before", kind), scratch)
    found = [*states(recording, scratch, 1 if complete else SAMPLED_EVERY)]
    counted("disk states after a power cut", len(found))
    counted("violations", sum(map(len, found)))
    assert [words for words in found if words] == []


def test_a_power_cut_in_a_run_of_the_command_line_loses_nothing_that_was_told(
    command_line, scratch, complete, counted
):
    every, heals_every = (1, 16) if complete else (97, 97 * 4)
    found = [*states(command_line, scratch, every, heals_every)]
    counted("disk states after a power cut", len(found))
    counted("violations", sum(map(len, found)))
    assert [words for words in found if words] == []


def makes_a_parent_last(call):
    """Whether it flushes a folder of which the next run cannot tell whether it was flushed."""
    return call.is_sync and re.fullmatch("objects|raw|[0-9a-f]{2}", call.path.name) is not None


@pytest.mark.parametrize("scene", [first_run, second_run])
def test_what_a_killed_run_left_is_durable_once_the_next_one_relies_on_it(
    scene, scratch, complete, counted
):
    world = scene(scratch / "before", SmallRun)
    calls = Recording.of(world, scratch).calls
    tried, found = 0, []
    for call in calls if complete else [*filter(makes_a_parent_last, calls)][::4]:
        home = world.home(scratch)
        disk = Disk(home)
        for effect in (call.struck_by("signal=SIGKILL"), ""):
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


@pytest.fixture(scope="module")
def flushing(shared_scratch):
    """Recorded runs in which everything is flushed."""
    scenes = [(first_run, SmallRun), (second_run, SmallRunBesideAReader)]
    folders = [shared_scratch / kind.__name__ for _, kind in scenes]
    return [
        Recording.of(scene(folder, kind), folder / "run")
        for folder, (scene, kind) in zip(folders, scenes, strict=True)
    ]


def named_in_the_end(calls):
    """Place of a call that flushes -> what it flushes, within the profile, by its last name."""
    names, last = {}, {}
    for place, call in reversed([*enumerate(calls)]):
        if call.new_path:
            last[call.path] = call.new_path
        elif call.is_sync:
            names[place] = str(last.get(call.path, call.path)).partition(f"/{ME}/")[2] or "."
    return names


def without(recording, places):
    """The same run, had it not flushed there; until then all is the same."""
    calls = [call for place, call in enumerate(recording.calls) if place not in places]
    return replace(recording, calls=calls, begin=min(places, default=0))


def is_noticed(recording, folder):
    """Whether the replay finds anything wrong."""
    return any(states(recording, folder, heals_every=None))


def test_every_flush_has_a_name(flushing):
    known = [*FLUSHED.values(), NOT_NEEDED]
    for recording in flushing:
        for name in named_in_the_end(recording.calls).values():
            assert [kind for kind in known if re.fullmatch(kind, name)] != [], name


def test_a_flush_that_is_missing_is_noticed(flushing, scratch, complete, counted):
    kinds = [*FLUSHED] if complete else [*FLUSHED][1::5]
    unnoticed = [kind for kind in kinds if not any(
        is_noticed(without(recording, flushes_of(recording, kind)), scratch)
        for recording in flushing
    )]  # fmt: skip
    counted("kinds of flushes left out, and noticed", len(kinds) - len(unnoticed))
    assert unnoticed == []


def flushes_of(recording, kind):
    names = named_in_the_end(recording.calls)
    return {place for place, name in names.items() if re.fullmatch(FLUSHED[kind], name)}


def test_each_single_flush_is_missed_unless_the_same_is_flushed_again(
    flushing, scratch, complete, counted
):
    recording = flushing[0]
    names = named_in_the_end(recording.calls)
    ours = [place for place, name in sorted(names.items()) if not name.startswith("registry.")]
    tried = ours if complete else ours[3::20]
    again = {name: place for place, name in sorted(names.items())}
    unnoticed = [place for place in tried if not is_noticed(without(recording, {place}), scratch)]
    counted("single flushes left out, and noticed", len(tried) - len(unnoticed))
    counted("single flushes left out, and made up for by a later one", len(unnoticed))
    assert [names[place] for place in unnoticed if again[names[place]] == place] == []
