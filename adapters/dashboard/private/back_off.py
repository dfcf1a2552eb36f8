"""Failed attempts make the next one wait: one count for all sessions, without who or what."""

import time
from collections.abc import Callable
from typing import Final

LONGEST_SECONDS: Final = 300.0
FORGOTTEN_AFTER_SECONDS: Final = 3600.0


class BackOff:
    """Counts failures; each doubles the wait, from one second to five minutes.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._failed_at = float("-inf")

    @property
    def failures(self) -> int:
        """How many in a row."""
        return self._failures

    def wait_seconds(self) -> float:
        """How long until the next attempt is taken; 0 when it may be made now."""
        if not self._failures:
            return 0.0
        wait = min(2.0 ** min(self._failures - 1, 30), LONGEST_SECONDS)
        return max(0.0, self._failed_at + wait - self._clock())

    def failed(self) -> None:
        """Note a failure."""
        if self._clock() - self._failed_at > FORGOTTEN_AFTER_SECONDS:
            self._failures = 0
        self._failures += 1
        self._failed_at = self._clock()

    def succeeded(self) -> None:
        """Forget all failures."""
        self._failures = 0
