"""A recorded run, replayed into the states that a disk may be in after a power cut."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.fault.disk import WORST, Chance, Disk, PowerCut
from tests.fault.recording import Call, recorded
from tests.fault.worlds import World, differences, not_healed, violations

CHANCES = 3
# A temporary name that was renamed may come back; the next writer removes it.
REMOVED_BY_THE_NEXT = {"leftovers"}


@dataclass(frozen=True)
class Recording:
    """A run that nobody disturbed: the home before it, and its system calls.

    Attributes:
        begin: How many of them come before the first power cut.
    """

    world: World
    home: Path
    calls: list[Call]
    begin: int = 0

    @classmethod
    def of(cls, world: World, folder: Path) -> "Recording":
        home = world.home(folder)
        exit_code, calls = recorded(world.command(home), world.environment, home)
        assert exit_code == 0
        assert differences(home, world) == []
        return cls(world, world.home(folder), calls)

    def moments(self) -> Iterator[tuple[str, Disk, bool]]:
        """The disk before each flush, and at the end: when most is not flushed yet."""
        disk = Disk(self.home)
        for place, call in enumerate(self.calls):
            if call.is_sync and place >= self.begin:
                yield f"before {call}", disk, False
            disk.apply(call)
        yield "after exit 0", disk, True


def cuts(seed: int) -> Iterator[tuple[str, PowerCut]]:
    yield from WORST.items()
    for number in range(CHANCES):
        yield f"chance {seed + number}", Chance(seed + number)


def states(
    recording: Recording, folder: Path, every: int = 1, heals_every: int | None = 1
) -> Iterator[list[str]]:
    """Every disk state that a power cut may leave, or some of them: what is wrong with each.

    Args:
        recording: A run.
        folder: Where the states are tried.
        every: Which of the states during the run.
        heals_every: In which of them a plain run is tried too.
    """
    home = folder / "after the cut"
    for place, (moment, disk, is_over) in enumerate(recording.moments()):
        for number, (name, cut) in enumerate(cuts(place * CHANCES)):
            if is_over:
                words = left_after_exit_0(disk, cut, home, recording.world)
            elif (count := place * len(WORST) + number) % every == 0:
                heals = heals_every is not None and count % heals_every == 0
                words = left_meanwhile(disk, cut, home, recording.world, heals=heals)
            else:
                continue
            yield [f"{moment}, {name}: {word}" for word in words]


def left_meanwhile(
    disk: Disk, cut: PowerCut, home: Path, world: World, *, heals: bool
) -> list[str]:
    """What a power cut spoils that a reader may rely on, or that a plain run does not mend."""
    shutil.rmtree(home, ignore_errors=True)
    disk.left_by(cut, home)
    return violations(home, world) + (not_healed(home, world) if heals else [])


def left_after_exit_0(disk: Disk, cut: PowerCut, home: Path, world: World) -> list[str]:
    """What a power cut takes away that a run had told to be there."""
    shutil.rmtree(home, ignore_errors=True)
    disk.left_by(cut, home)
    return violations(home, world) + differences(home, world, but_not=REMOVED_BY_THE_NEXT)
