"""What a visitor chose: the range, the guideline, the signals; one object per session."""

from typing import Final

import param

from adapters.dashboard.columns import DAY_MS
from dataflows.guidelines import DEFAULT_GUIDELINE, GUIDELINES

QUICK: Final = {"7 days": 7, "30 days": 30, "90 days": 90, "1 year": 365, "all": 0}
"""Quick ranges, in days back from the newest day; 0 for everything."""
USUAL: Final = "90 days"
SIGNALS: Final = ("blood pressure", "heart rate", "sleep")


class Choice(param.Parameterized):
    """A visitor's choice. Times are milliseconds of the local clock; the end is not inside."""

    bounds = param.Range(default=(0, DAY_MS), doc="All there is.")
    span = param.Range(default=(0, DAY_MS), doc="What is looked at, in whole days.")
    quick = param.Selector(default=USUAL, objects=[*QUICK, ""], doc="A quick range, if one is.")
    guideline = param.Selector(default=DEFAULT_GUIDELINE, objects=[*GUIDELINES])
    signals = param.ListSelector(default=[*SIGNALS], objects=[*SIGNALS])
    compare = param.Boolean(default=True, doc="Whether the period before is told beside.")

    def look_at(self, quick: str) -> None:
        """Choose a quick range."""
        first, end = self.bounds
        days = QUICK[quick]
        start = max(first, end - days * DAY_MS) if days else first
        self.param.update(span=(start, end), quick=quick)

    def look_between(self, start: float, end: float) -> None:
        """Choose whole days around two instants."""
        first, last = self.bounds
        low = max(first, start // DAY_MS * DAY_MS)
        high = min(last, max(-(-end // DAY_MS) * DAY_MS, low + DAY_MS))
        self.param.update(span=(low, high), quick=self._quick_of(low, high))

    def widen(self, bounds: tuple[int, int]) -> None:
        """Take up a newer generation's bounds; a quick range moves on with them."""
        if bounds == self.bounds:
            return
        with param.parameterized.batch_call_watchers(self):
            self.bounds = bounds
            if self.quick:
                self.look_at(self.quick)
            else:
                self.look_between(*self.span)

    @property
    def before(self) -> tuple[float, float]:
        """The period before, of the same length."""
        start, end = self.span
        return start - (end - start), start

    @property
    def days(self) -> int:
        """How many days are looked at."""
        start, end = self.span
        return int((end - start) // DAY_MS)

    def _quick_of(self, start: float, end: float) -> str:
        first, last = self.bounds
        if end != last:
            return ""
        found = [
            name
            for name, days in QUICK.items()
            if start == (max(first, last - days * DAY_MS) if days else first)
        ]
        return found[0] if found else ""
