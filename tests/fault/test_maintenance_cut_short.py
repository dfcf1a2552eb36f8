"""What puts a profile in order may be cut short too: `rollback`, `gc` and `forget`.

Killed before a system call, or cut off from the power, each leaves what was published before it or
after it, whole; a plain run goes on from there. And what was forgotten stays so.
"""

import shutil

import pytest

from tests.conftest import Program
from tests.fault.disk import WORST
from tests.fault.recording import needs_strace, struck
from tests.fault.replay import Recording, states
from tests.fault.worlds import ME, SETTINGS, CommandLine, World, violations

pytestmark = needs_strace

COMMANDS = {
    "rollback": ("rollback", "1"),
    "gc": ("gc", "--keep", "1"),
    "forget": ("forget", "third.csv", "--yes"),
}
FORGOTTEN = b"2026-05-03,08:00,123,83,63"
SAMPLED_EVERY = 41


def doing(*arguments):
    """A kind of run that does something else than to run."""

    class Doing(CommandLine):
        @staticmethod
        def command(home):
            return Program(home).command("--quiet", *arguments)

        @staticmethod
        def again(home):
            return Program(home, **SETTINGS).inside("--quiet", *arguments).exit_code

    return Doing


@pytest.fixture(scope="module")
def two_generations(command_line, shared_scratch):
    home = command_line.world.home(shared_scratch)
    assert CommandLine.again(home) == 0
    (home / ME / "inbox" / "third.csv").unlink()
    return home


@pytest.fixture(params=COMMANDS)
def recording(request, two_generations, scratch):
    world = World.of(two_generations, doing(*COMMANDS[request.param]))
    return Recording.of(world, scratch)


def test_a_power_cut_leaves_what_was_published_before_or_after(
    recording, scratch, complete, counted
):
    found = [*states(recording, scratch, 1 if complete else SAMPLED_EVERY, heals_every=None)]
    counted("disk states after a power cut", len(found))
    counted("violations", sum(map(len, found)))
    assert [words for words in found if words] == []


def test_killed_before_any_call_a_plain_run_goes_on(recording, scratch, complete, counted):
    world, calls = recording.world, recording.calls
    step = max(1, len(calls) // 40) if complete else len(calls)
    for call in calls[len(calls) // 2 :: step] if not complete else calls[::step]:
        home = world.home(scratch)
        struck(world.command(home), world.environment, call.struck_by("signal=SIGKILL"))
        found = [*violations(home, world)]
        program = Program(home, **SETTINGS)
        assert program.inside("run", "--quiet").exit_code == 0
        verified = program.inside("verify", "--json")
        counted("crash points tried with SIGKILL", 1)
        counted("violations", len(found) + len(verified.json["damaged"]))
        assert (found, verified.json["damaged"]) == ([], []), call
        assert not [*home.rglob("*.tmp")]


def test_a_power_cut_brings_nothing_back_that_was_forgotten(two_generations, scratch):
    world = World.of(two_generations, doing(*COMMANDS["forget"]))
    assert copies_of_the_forgotten(world.before)
    *_, (_, disk, is_over) = Recording.of(world, scratch).moments()
    assert is_over
    home = scratch / "after the cut"
    for name, cut in WORST.items():
        shutil.rmtree(home, ignore_errors=True)
        disk.left_by(cut, home)
        assert copies_of_the_forgotten(home) == [], name


def copies_of_the_forgotten(home):
    files = (path for path in home.rglob("*") if path.is_file())
    return [path.relative_to(home) for path in files if FORGOTTEN in path.read_bytes()]
