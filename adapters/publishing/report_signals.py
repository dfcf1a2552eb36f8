"""What the report says of heart rate and sleep, of sources, and of how good the data is."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from adapters.publishing import words
from adapters.publishing.rows import Row, is_cuffless, local_minutes

Rows = Mapping[str, Sequence[Row]]

NOTHING: Final = "no data in this period"
_ZEROS_TOLD: Final = 0.2
"""From this share of last digits 0 on it is told; one in ten is expected. Source: clinical.md,
"above 20 to 25 %" [2nd]."""
_FEWEST_READINGS: Final = 20


def four_lines(rows: Rows) -> list[dict[str, str]]:
    """Heart rate and sleep, two lines each."""
    nights = _nights(rows)
    days = [row for row in rows["daily_metrics"] if row["heart_rate_mean_bpm"] is not None]
    return [
        {"label": "Resting heart rate", "text": _resting(rows["daily_metrics"]) or NOTHING},
        {"label": "Heart rate", "text": _by_day(days, rows) if days else NOTHING},
        {"label": "Sleep", "text": _sleep(nights) if nights else NOTHING},
        {"label": "Nights", "text": _bedtime(nights, rows) if nights else NOTHING},
    ]


def _nights(rows: Rows) -> list[Row]:
    """The main sleep of each night; of an older generation, every sleep that is no nap."""
    found = rows.get("sleep_nights") or [r for r in rows["sleep_sessions"] if not r["is_nap"]]
    return [row for row in found if row["asleep_minutes"] is not None]


def _resting(days: Sequence[Row]) -> str:
    """Each method for itself: two of them make no common middle."""
    by_method: dict[str, list[float]] = {}
    for row in days:
        if row["resting_heart_rate_bpm"] is not None:
            values = by_method.setdefault(row["resting_heart_rate_method"], [])
            values.append(row["resting_heart_rate_bpm"])
    return "; ".join(
        f"median {middle:.0f} bpm, half of the days {low:.0f} to {high:.0f} "
        f"({words.counted(len(values), 'day')}, {_method(method)})"
        for method, values in sorted(by_method.items())
        for low, middle, high in [words.quartiles(values)]
    )


def _method(method: str) -> str:
    kind, _, source = method.partition(":")
    if kind == "vendor":
        return f"as {words.source(source)} tells it"
    return method.replace("_", " ").replace(":", " ")


def _by_day(days: Sequence[Row], rows: Rows) -> str:
    told = []
    for word, column in (("mean", "mean"), ("lowest", "min"), ("highest", "max")):
        name = f"heart_rate_{column}_bpm"
        values = [row[name] for row in days if row[name] is not None]
        told += [f"{word} {words.quartiles(values)[1]:.0f}"] if values else []
    days_worn = rows.get("heart_rate_days", ())
    worn = [row["coverage_minutes"] for row in days_worn if row["coverage_minutes"]]
    hours = f", measured {words.quartiles(worn)[1] / 60:.0f} h a day" if worn else ""
    return f"{', '.join(told)} bpm on the median day ({words.counted(len(days), 'day')}{hours})"


def _sleep(nights: Sequence[Row]) -> str:
    low, middle, high = words.quartiles([row["asleep_minutes"] for row in nights])
    return (
        f"median {words.duration(middle)} a night, half of the nights {words.duration(low)} to "
        f"{words.duration(high)} ({words.counted(len(nights), 'night')}, a wearable's estimate)"
    )


def _bedtime(nights: Sequence[Row], rows: Rows) -> str:
    start, end = (
        words.clock_median(local_minutes(row, column) for row in nights)
        for column in ("start_utc", "end_utc")
    )
    told = [f"from {words.clock(start)} to {words.clock(end)} at the median"]
    ratios = [row["efficiency_ratio"] for row in nights if row["efficiency_ratio"] is not None]
    if ratios:
        told.append(f"asleep for {100 * words.quartiles(ratios)[1]:.0f} % of it")
    known = [r for r in rows.get("sleep_regularity", ()) if r["regularity_index"] is not None]
    if known:
        newest = max(known, key=lambda row: (row["period_end"], row["window_days"]))
        told.append(
            f"regularity index {newest['regularity_index']:.0f} (of 100) over "
            f"{words.counted(newest['window_days'], 'day')}"
        )
    return ", ".join(told)


def sources_of(rows: Rows) -> list[str]:
    """Where the numbers of the period come from."""
    found = []
    for signal, output in (
        ("Blood pressure", "blood_pressure_readings"),
        ("Sleep", "sleep_sessions"),
    ):
        days: dict[str, list[object]] = {}
        for row in rows[output]:
            days.setdefault(row["source"], []).append(row["local_date"])
        found += [
            f"{signal}: {words.source(source)}, {words.counted(len(dates), 'record')} on "
            f"{words.counted(len(set(dates)), 'day')}"
            for source, dates in sorted(days.items())
        ]
    return found + _heart_sources(rows.get("source_coverage", ()))


def _heart_sources(coverage: Sequence[Row]) -> list[str]:
    """Of heart rates, which are too many to be counted here, from when to when."""
    ranges: dict[str, tuple[date, date]] = {}
    for row in coverage:
        if row["signal"] == "heart_rate":
            first, last = row["first_date"], row["last_date"]
            known = ranges.get(row["source"], (first, last))
            ranges[row["source"]] = min(known[0], first), max(known[1], last)
    return [
        f"Heart rate: {words.source(source)}, {words.days(first, last)}"
        for source, (first, last) in sorted(ranges.items())
    ]


def quality_of(rows: Rows) -> Iterator[str]:
    """What a reader should know of the data before believing it."""
    readings = rows["blood_pressure_readings"]
    taken = [row for row in readings if not is_cuffless(row)]
    if left_out := len(readings) - len(taken):
        yield (
            f"{words.counted(left_out, 'reading')} without a cuff left out: guidelines advise "
            "against cuffless devices for diagnosis"
        )
    yield from _digits(taken)
    assumed = sum(row["time_zone_source"] == "assumed" for row in readings)
    if assumed:
        yield f"the time zone of {words.counted(assumed, 'reading')} was assumed, not recorded"
    rejected = Counter(row["signal"] for row in rows.get("rejected_rows", ()))
    if rejected:
        told = [f"{count:,} {name.replace('_', ' ')}" for name, count in sorted(rejected.items())]
        yield (
            f"rows taken out of all files as impossible or wrong: {', '.join(told)}; each is "
            "listed with its reason in rejected_rows.csv"
        )
    shadowed = sum(row["signal"] == "blood_pressure" for row in rows.get("shadowed_rows", ()))
    if shadowed:
        yield f"{words.counted(shadowed, 'blood pressure')} given twice and counted once"


def _digits(taken: Sequence[Row]) -> Iterator[str]:
    if len(taken) < _FEWEST_READINGS:
        return
    share = sum(row["systolic_mmhg"] % 10 == 0 for row in taken) / len(taken)
    told = f"{100 * share:.0f} % of the systolic readings end in 0, where 10 % are expected"
    yield f"{told}: readings may have been rounded" if share >= _ZEROS_TOLD else told
