"""Draws that come out the same on every machine and Python version.

Of `random.Random` only `random()` is promised to stay the same between Python versions, so every
draw is made of that one, and every number that reaches a file is a whole number made from it.
"""

import random


class Draws:
    """One stream of draws; streams of different names do not disturb each other."""

    def __init__(self, seed: int, name: str) -> None:
        # S311: a made-up person needs repeatable draws, not secret ones.
        self.unit = random.Random(f"{seed}/{name}").random  # noqa: S311

    def whole(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included, each as likely."""
        return low + int(self.unit() * (high - low + 1))

    def around_zero(self, reach: int) -> int:
        """A whole number from -`reach` to `reach`, most likely near zero."""
        return self.whole(0, reach) - self.whole(0, reach)

    def chance(self, percent: int) -> bool:
        """True in `percent` of a hundred draws."""
        return self.unit() * 100 < percent
