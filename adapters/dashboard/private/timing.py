"""How long a private view stays unlocked: not while nobody uses it, and not for ever."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

IDLE_SECONDS: Final = 15 * 60.0
LONGEST_SECONDS: Final = 8 * 3600.0


@dataclass
class Timing:
    """The time of one unlocked view.

    Attributes:
        idle_seconds: How long nobody may use it.
        longest_seconds: How long it may be used at all.
        clock: Seconds that only grow.
    """

    idle_seconds: float = IDLE_SECONDS
    longest_seconds: float = LONGEST_SECONDS
    clock: Callable[[], float] = time.monotonic
    _began: float = field(init=False)
    _used: float = field(init=False)

    def __post_init__(self) -> None:
        self._began = self._used = self.clock()

    def used(self) -> None:
        """Somebody did something."""
        self._used = self.clock()

    @property
    def is_over(self) -> bool:
        """Whether it has to be locked."""
        now = self.clock()
        return now - self._used >= self.idle_seconds or now - self._began >= self.longest_seconds
