"""What a person does beside runs is cut short: killed, refused by the disk, cut off from the power.

A deed has a place: a folder with the home in it, and with whatever else the command reads or writes
there. Each way of cutting it short gives what is wrong afterwards, in words.
"""

import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.conftest import Finished, Program
from tests.fault.disk import WORST, Disk, PowerCut, names_below
from tests.fault.recording import OPENING, Call, recorded, struck
from tests.fault.replay import cuts
from tests.fault.worlds import SETTINGS

KILLED, REFUSED = -9, 2
TOLD = (0, 1, 2, 5, 6)
REMOVING = ("unlink", "unlinkat", "rmdir", "ftruncate")
ENDS_EVERY = 2
# Each thread counts its own calls: Python's own files were met, or the message of an error.
NOT_MEANT = ("importlib", "return _fail(", "Fatal Python error")
SAMPLED_CUTS = ("all that was not flushed is lost", "names survive, bytes are torn")
Wrong = Iterable[str]


@dataclass(frozen=True)
class Deed:
    """A command, and what has to hold of its place.

    Attributes:
        before: The place before it; copy it, never change it.
        command: The command's words, for a place.
        meanwhile: What is wrong at any instant.
        done: What is wrong after it was told to be done.
        settings: Environment variables, for a place.
        comes_to_an_end: What is wrong after it was cut short and is done again, undisturbed.
        script: What is started: another one where `cli.py` takes too long.
        disks: The folders that lose power alone; None for all of the place at once.
        in_the_way: What it made and will not replace, and a person moves away, in a place.
    """

    before: Path
    command: Callable[[Path], Sequence[str]]
    meanwhile: Callable[[Path], Wrong]
    done: Callable[[Path], Wrong]
    settings: Callable[[Path], Mapping[str, str]] = field(default=lambda _place: {})
    comes_to_an_end: "Callable[[Deed, Path], Wrong] | None" = None
    script: Path | None = None
    disks: Sequence[str | None] = (None,)
    in_the_way: Callable[[Path], Iterable[Path]] = field(default=lambda _place: ())

    def program(self, place: Path) -> Program:
        """The program with the home of a place."""
        return Program(place / "home", **{**SETTINGS, **self.settings(place)})

    def process(self, place: Path) -> tuple[list[str], Mapping[str, str]]:
        """The command as a process: its words and its environment."""
        program = self.program(place)
        words = program.command("--quiet", *self.command(place))
        if self.script is not None:
            words[1] = str(self.script)
        return words, program.environment

    def once_more(self, place: Path) -> Finished:
        """Do it again, in this process if that is the same."""
        if self.script is None:
            return self.program(place).inside("--quiet", *self.command(place))
        words, environment = self.process(place)
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
        return Finished(done.returncode, done.stdout, done.stderr)

    def ends(self, place: Path) -> Wrong:
        """What is wrong once it was done again."""
        if self.comes_to_an_end is not None:
            return self.comes_to_an_end(self, place)
        again = self.once_more(place)
        if again.exit_code != 0:
            return [f"again: it ends with {again.exit_code}: {again.stderr}"]
        return [f"again: {word}" for word in self.done(place)]


@dataclass(frozen=True)
class Tried:
    """A deed that was done once, undisturbed, and where it can be tried.

    Attributes:
        deed: The deed.
        place: Where; the same each time, since files may name it.
        calls: Its system calls.
    """

    deed: Deed
    place: Path
    calls: Sequence[Call]

    @classmethod
    def of(cls, deed: Deed, place: Path) -> "Tried":
        tried = cls(deed, place, [])
        tried.set_up()
        exit_code, calls = recorded(*deed.process(place), place)
        assert exit_code == 0
        assert [*deed.meanwhile(place), *deed.done(place)] == []
        return replace(tried, calls=calls)

    def set_up(self) -> Path:
        """The place as it is before."""
        shutil.rmtree(self.place, ignore_errors=True)
        shutil.copytree(self.deed.before, self.place)
        return self.place

    def calls_that_may_fail(self, error: str) -> list[Call]:
        takes_room = [call for call in self.calls if call.name not in REMOVING]
        return takes_room if error == "ENOSPC" else [*self.calls]

    def killed_at(self, call: Call) -> list[str] | None:
        """What is wrong after a SIGKILL; None if none came."""
        place = self.set_up()
        done = struck(*self.deed.process(place), call.struck_by("signal=SIGKILL"))
        if done.returncode != KILLED:
            return None
        found = [*self.deed.meanwhile(place), *self.deed.ends(place)]
        return [f"killed before {call}: {word}" for word in found]

    def refused_at(self, call: Call, error: str) -> list[str]:
        """What is wrong after one call failed."""
        return self._refused(f"{error} at {call}", call.struck_by(f"error={error}"))

    def refused_since(self, place: int, error: str) -> list[str]:
        """What is wrong after all calls failed since a certain one."""
        calls = [call for call in self.calls if call.name not in OPENING][place:]
        first = {call.name: call for call in reversed(calls)}.values()
        effects = [f"{call.struck_by(f'error={error}')}+" for call in first]
        return self._refused(f"{error} since {calls[0]}", *effects)

    def _refused(self, what: str, *effects: str) -> list[str]:
        place = self.set_up()
        done = struck(*self.deed.process(place), *effects)
        found = [*self.deed.meanwhile(place)]
        if any(other in done.stderr for other in NOT_MEANT):
            return []
        if done.returncode not in TOLD or "Traceback" in done.stderr or "defect" in done.stderr:
            found.append(f"it ends with {done.returncode}: {done.stderr[-500:]}")
        found += self.deed.done(place) if done.returncode == 0 else ()
        return [f"{what}: {word}" for word in (*found, *self.deed.ends(place))]

    # -- the power is cut ------------------------------------------------------------------------

    def power_cuts(self, most: int) -> Iterator[list[str]]:
        """Disk states that a power cut may leave: what is wrong with each.

        Args:
            most: How many of those before the end are tried at most, spread evenly; in every
                second one, the deed is done again. After the end, all are.
        """
        flushes = sum(call.is_sync for call in self.calls)
        every = -(-flushes * len([*self._cuts(0)]) // most)
        disk, number = Disk(self.set_up()), 0
        for place, call in enumerate(self.calls):
            if call.is_sync:
                for name, cut, only in self._cuts(place):
                    number += 1
                    if number % every == 0:
                        again = number % (every * ENDS_EVERY) == 0
                        words = self._cut(disk, cut, only, is_told=False, again=again)
                        yield [f"power cut before {call}, {name}: {word}" for word in words]
            disk.apply(call)
        for name, cut, only in self._cuts(len(self.calls)):
            words = self._cut(disk, cut, only, is_told=True, again=True)
            yield [f"power cut after exit 0, {name}: {word}" for word in words]

    def some_power_cuts(self) -> Iterator[list[str]]:
        """Two at the last flush, after which it is done again, and two after the end."""
        disk, *_, last = Disk(self.set_up()), *filter(lambda call: call.is_sync, self.calls)
        for call in self.calls:
            if call is last:
                yield from self._sample("before the last flush", disk, is_told=False)
            disk.apply(call)
        yield from self._sample("after exit 0", disk, is_told=True)

    def _sample(self, when: str, disk: Disk, *, is_told: bool) -> Iterator[list[str]]:
        for name in SAMPLED_CUTS:
            words = self._cut(disk, WORST[name], None, is_told=is_told, again=not is_told)
            yield [f"power cut {when}, {name}: {word}" for word in words]

    def _cuts(self, seed: int) -> Iterator[tuple[str, PowerCut, str | None]]:
        for only in self.deed.disks:
            for name, cut in cuts(seed):
                yield (f"{name} of {only}" if only else name), cut, only

    def killed_and_cut_at(
        self, call: Call, kinds: Iterable[str] = tuple(WORST)
    ) -> Iterator[list[str]]:
        """Killed, done again, and then cut off from the power: what is wrong with each state."""
        disk = Disk(self.set_up())
        _, calls = recorded(*self.deed.process(self.place), self.place, call.struck_by(_KILL))
        for made in calls:
            disk.apply(made)
        if disk.names() != names_below(self.place):
            return  # another thread was within a call, and nobody saw it end
        exit_code = self._done_again(disk)
        for name in kinds:
            words = self._cut(disk, WORST[name], None, is_told=exit_code == 0, again=False)
            yield [f"killed before {call}, again, power cut, {name}: {word}" for word in words]

    def _done_again(self, disk: Disk) -> int:
        """Done again, and a third time if something is in the way and is moved out of it."""
        exit_code, calls = recorded(*self.deed.process(self.place), self.place)
        in_the_way = [*self.deed.in_the_way(self.place)]
        if exit_code == REFUSED and in_the_way:
            environment = self.deed.process(self.place)[1]
            _, moved = recorded(["rm", *map(str, in_the_way)], environment, self.place)
            exit_code, more = recorded(*self.deed.process(self.place), self.place)
            calls += [*moved, *more]
        for made in calls:
            disk.apply(made)
        return exit_code

    def _cut(
        self, disk: Disk, cut: PowerCut, only: str | None, *, is_told: bool, again: bool
    ) -> list[str]:
        shutil.rmtree(self.place, ignore_errors=True)
        disk.left_by(cut, self.place, only)
        found = [*self.deed.meanwhile(self.place)]
        found += self.deed.done(self.place) if is_told else ()
        return [*found, *(self.deed.ends(self.place) if again else ())]


_KILL = "signal=SIGKILL"
