"""One made-up person: nights, heart and blood pressure of some days, before any device saw them."""

from dataclasses import dataclass
from datetime import date, timedelta

from adapters.sources.demo.life.calendar import Clock, day_number, person_clock
from adapters.sources.demo.life.draws import Draws
from adapters.sources.demo.life.heart import Heart, bouts, heart, resting_rates
from adapters.sources.demo.life.nights import Sleep, sleeps
from adapters.sources.demo.life.pressure import Reading, readings


@dataclass(frozen=True)
class Person:
    """What truly happened; the writers of exports show it as devices do.

    Attributes:
        first_day: Days since 1970-01-01 of day 0.
        days: How many days there are.
        clock: The offset of the person's clocks.
        sleeps: Nights and naps.
        heart: The heart rate at every minute.
        readings: What the person read off the cuff.
    """

    first_day: int
    days: int
    clock: Clock
    sleeps: tuple[Sleep, ...]
    heart: Heart
    readings: tuple[Reading, ...]

    @property
    def last_day(self) -> int:
        """Days since 1970-01-01 of the last day."""
        return self.first_day + self.days - 1


def person(end: date, days: int, seed: int) -> Person:
    """The person's life over the `days` days up to and with `end`.

    Raises:
        ValueError: `days` is not positive.
    """
    if days < 1:
        raise ValueError("the demo person needs at least one day")
    begin = end - timedelta(days=days - 1)
    first, clock = day_number(begin), person_clock(begin, days)
    slept = sleeps(clock, first, days, Draws(seed, "sleep"))
    resting = resting_rates(days, Draws(seed, "resting"))
    runs = bouts(clock, first, days, Draws(seed, "exercise"))
    pulse = heart(clock, first, days, slept, resting=resting, runs=runs, draws=Draws(seed, "heart"))
    measured = readings(first, days, resting, Draws(seed, "pressure"))
    return Person(first, days, clock, slept, pulse, measured)
