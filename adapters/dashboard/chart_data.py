"""What every chart is filled with for a range of time, at the level that an eye can tell apart."""

from dataclasses import dataclass
from typing import Final, Literal

from adapters.dashboard.bands import bands_of
from adapters.dashboard.charts import heart, notes, pressure, sleep
from adapters.dashboard.charts.style import Data
from adapters.dashboard.columns import DAY_MS, MINUTE_MS, Series
from adapters.dashboard.published import Published

Level = Literal["weeks", "days"]
HeartLevel = Literal["weeks", "days", "hours", "samples"]
SleepLevel = Literal["weeks", "days", "stages"]
Limits = tuple[float, float]

LONGEST_DAYS: Final = 200
"""More days than this are drawn as weeks: thousands of points are a smear."""
LONGEST_HOURS: Final = 21
"""At most so many days are drawn hour by hour."""
LONGEST_SAMPLES: Final = 2.5
"""At most so many days are drawn sample by sample."""
LONGEST_STAGES: Final = 4
"""At most so many nights are drawn stage by stage."""
HOUR_MS: Final = 60 * MINUTE_MS


@dataclass(frozen=True)
class Drawn:
    """What the charts hold.

    Attributes:
        data: Layer -> its columns.
        limits: Chart -> its value axis.
        level: Of blood pressure and the quality of sleep.
        heart_level: Of heart rate.
        sleep_level: Of sleep.
        reach: How far from the crosshair a reading may lie, in milliseconds.
        start: From here on everything is there.
        end: Until here.
        has_weeks: Whether a long range is drawn as weeks.
    """

    data: Data
    limits: dict[str, Limits]
    level: Level
    heart_level: HeartLevel
    sleep_level: SleepLevel
    reach: float
    start: float
    end: float
    has_weeks: bool

    def width_of(self, layer: str) -> float:
        """How long the time is that a point of a layer stands for, in milliseconds."""
        return _WIDTHS[self.heart_level if layer.startswith("heart.") else self.level]

    @property
    def levels(self) -> tuple[str, str, str]:
        """How much each signal is summed up."""
        return self.level, self.heart_level, self.sleep_level

    def serves(self, start: float, end: float) -> bool:
        """Whether a part of the range is shown as it should be already."""
        inside = self.start <= start and end <= self.end
        return inside and self.levels == (
            _level(start, end, has_weeks=self.has_weeks),
            _heart_level(start, end, has_weeks=self.has_weeks),
            _sleep_level(start, end, has_weeks=self.has_weeks),
        )


def _level(start: float, end: float, *, has_weeks: bool) -> Level:
    """How blood pressure and sleep are drawn in a range."""
    return "weeks" if has_weeks and end - start > LONGEST_DAYS * DAY_MS else "days"


def drawn(published: Published, start: float, end: float, guideline: str) -> Drawn:
    """Everything that a range shows."""
    series = published.series
    level = _level(start, end, has_weeks=series.has_weeks)
    heart_level = _heart_level(start, end, has_weeks=series.has_weeks)
    if heart_level == "hours" and not len(series.heart_hours):
        heart_level = "samples" if end - start <= LONGEST_SAMPLES * DAY_MS else "days"
    data: Data = {}
    for which in pressure.WHICH:
        of_level = pressure.weeks_data if level == "weeks" else pressure.readings_data
        data |= of_level(which, series, start, end)
        data |= pressure.bands_data(which, bands_of(guideline))
    data |= _heart(published, heart_level, start, end)
    nights = series.night_weeks if level == "weeks" else series.nights
    sleep_level, slept = _sleep(published, nights, start, end)
    data |= slept
    data |= sleep.quality_data(nights, series.regularity, start, end)
    limits = _limits(data)
    data |= notes.data(series.notes, start, end, limits["systolic"][1])
    reach = _WIDTHS[heart_level] / 2
    shown = (level, heart_level, sleep_level)
    return Drawn(data, limits, *shown, reach, start, end, series.has_weeks)


_WIDTHS: Final = {"weeks": 7 * DAY_MS, "days": DAY_MS, "hours": HOUR_MS, "samples": HOUR_MS}


def _heart_level(start: float, end: float, *, has_weeks: bool) -> HeartLevel:
    if end - start <= LONGEST_SAMPLES * DAY_MS:
        return "samples"
    if end - start <= LONGEST_HOURS * DAY_MS:
        return "hours"
    return _level(start, end, has_weeks=has_weeks)


def _sleep_level(start: float, end: float, *, has_weeks: bool) -> SleepLevel:
    is_short = end - start <= LONGEST_STAGES * DAY_MS
    return "stages" if is_short else _level(start, end, has_weeks=has_weeks)


def _sleep(
    published: Published, nights: Series, start: float, end: float
) -> tuple[SleepLevel, Data]:
    """Timed stages where they are few and known, else the hours of each night or week."""
    if end - start <= LONGEST_STAGES * DAY_MS:
        stages = published.stages(start, end)
        if len(stages):
            return "stages", sleep.timed_data(stages)
    level = _level(start, end, has_weeks=published.series.has_weeks)
    return level, sleep.stages_data(nights, start, end, _WIDTHS[level])


def _heart(published: Published, level: HeartLevel, start: float, end: float) -> Data:
    series = published.series
    if level == "samples":
        return heart.samples_data(published.samples(start, end), series.heart_days, start, end)
    boxes, resting = {
        "weeks": (series.heart_weeks, series.heart_weeks),
        "days": (series.heart_days, series.heart_days),
        "hours": (series.heart_hours, series.heart_days),
    }[level]
    return heart.boxes_data(boxes, resting, start, end, _WIDTHS[level])


def _limits(data: Data) -> dict[str, Limits]:
    return {
        **{which: pressure.limits(which, data) for which in pressure.WHICH},
        "heart": heart.limits(data),
        "sleep": sleep.limits(data),
        "quality": sleep.quality_limits(data),
    }
