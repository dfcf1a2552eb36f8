"""Faults on demand: what goes wrong, where, and how often."""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Literal

Kind = Literal["refuse", "cut", "slow", "short", "race"]


@dataclass
class Fault:
    """One thing that goes wrong.

    Attributes:
        method: Of which methods, `drive.files.*`; `token` is the token's end point.
        kind: `refuse`: an error; `cut`: the connection breaks off after `bytes_sent`; `slow`: the
            answer trickles in; `short`: less is sent than was asked for, as a range allows;
            `race`: `act` happens first.
        times: How often it happens.
        skip: How many requests it lets pass before.
    """

    method: str
    kind: Kind = "refuse"
    status: int = 503
    reason: str = "backendError"
    retry_after: int | None = None
    bytes_sent: int = 0
    seconds: float = 0.02
    times: int = 1
    skip: int = 0
    act: Callable[[], object] = lambda: None

    def meets(self, method: str) -> bool:
        """Whether it happens to this request; counts."""
        if not self.times or not fnmatch(method, self.method):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        return True


def parsed(text: str) -> Fault:
    """A fault as it is written on a command line.

    `METHOD=STATUS[:REASON][xTIMES]`, or `cut`, `slow`, `short` in place of the status.
    """
    method, _, what = text.partition("=")
    what, _, times = what.partition("x")
    status, _, reason = what.partition(":")
    count = int(times or 1)
    if status in {"cut", "slow", "short"}:
        return Fault(method, kind=status, times=count)  # type: ignore[arg-type]  # looked at above
    return Fault(method, status=int(status), reason=reason or "backendError", times=count)
