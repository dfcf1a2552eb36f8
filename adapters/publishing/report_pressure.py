"""What the report says of blood pressure: the protocol's mean, key figures, a row a day."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any

from adapters.publishing import words
from adapters.publishing.rows import Row, is_cuffless
from dataflows.guidelines import GUIDELINES, lines
from dataflows.home_protocols import PROTOCOLS, protocol_of
from dataflows.measurement import CUFF


class Pressures:
    """The blood pressures of a period, as one guideline sees them.

    Args:
        rows: Rows of the period, by output.
        guideline: The guideline.
        first: The first day of the period.
        last: The last one.
    """

    def __init__(
        self, rows: Mapping[str, Sequence[Row]], guideline: str, first: date, last: date
    ) -> None:
        self.protocol = protocol_of(guideline)
        self.guideline = guideline
        readings = rows["blood_pressure_readings"]
        self.taken = [row for row in readings if not is_cuffless(row)]
        days = rows.get("blood_pressure_days", ())
        self.days = [row for row in days if row["measurement"] == CUFF]
        self._means = [
            row
            for row in rows.get("home_blood_pressure", ())
            if first <= row["period_start"] and row["period_end"] <= last
        ]

    @property
    def line(self) -> str:
        """From where on the guideline's protocol calls a mean high."""
        high = self.protocol.high
        return f"{high.systolic}/{high.diastolic}" if high else ""

    @cached_property
    def _judged(self) -> Row | None:
        """The newest complete series under the guideline's protocol, else the newest series."""
        found = [row for row in self._means if row["protocol"] == self.protocol.name]
        return max(found, key=lambda row: (row["complete"], row["period_end"]), default=None)

    @property
    def series(self) -> tuple[date, date] | None:
        """The days that the headline's mean is of; None where there is no mean."""
        row = self._judged
        return (row["period_start"], row["period_end"]) if row and row["complete"] else None

    def headline(self) -> dict[str, Any] | None:
        """The mean of the guideline's protocol, or what the series lacks for one."""
        row = self._judged
        if row is None:
            return None
        return {
            "label": f"Home mean, {self.protocol.title} protocol",
            "value": self._shown(row, self.guideline),
            "result": _result(row),
            "of": f"{_counts(row)}, {words.days(row['period_start'], row['period_end'])}",
        }

    def protocols(self) -> list[dict[str, str]]:
        """What every protocol makes of the series that the headline is of."""
        if self._judged is None:
            return []
        series = self._judged["period_start"], self._judged["period_end"]
        by_name = {
            row["protocol"]: row
            for row in self._means
            if (row["period_start"], row["period_end"]) == series
        }
        return [
            {
                "title": protocol.title,
                "counts": _counts(by_name[protocol.name]),
                "mean": self._shown(by_name[protocol.name], protocol.guideline),
                "morning": self._shown(by_name[protocol.name], protocol.guideline, "morning_"),
                "evening": self._shown(by_name[protocol.name], protocol.guideline, "evening_"),
                "result": _result(by_name[protocol.name]),
            }
            for protocol in PROTOCOLS
            if protocol.name in by_name
        ]

    def other_series(self) -> str:
        """How many more series the period has, and whether a newer one is incomplete."""
        of_protocol = [row for row in self._means if row["protocol"] == self.protocol.name]
        newer = [
            row for row in of_protocol if row["period_end"] > (self._judged or row)["period_end"]
        ]
        if newer:
            newest = max(newer, key=lambda row: row["period_end"])
            when = words.days(newest["period_start"], newest["period_end"])
            return f"A newer series, {when}, is incomplete: {newest['missing']}."
        return ""

    def figures(self) -> Iterator[dict[str, str]]:
        """Key figures of the whole period beside the protocol's mean."""
        if not self.taken:
            return
        at = lines(self.guideline)
        days = len({row["local_date"] for row in self.taken})
        yield {
            "label": "All readings",
            "value": words.pressure(
                words.mean(row["systolic_mmhg"] for row in self.taken),
                words.mean(row["diastolic_mmhg"] for row in self.taken),
                at,
            ),
            "note": f"{words.counted(len(self.taken), 'reading')} on {words.counted(days, 'day')}",
        }
        parts = [self._part_mean(part, at) for part in ("morning", "evening")]
        if all(parts):
            yield {
                "label": "Mornings · evenings",
                "value": " · ".join(parts),
                "note": "all readings of each",
            }
        if high := self.protocol.high:
            below = sum(
                not high.is_reached(row["systolic_mmhg"], row["diastolic_mmhg"])
                for row in self.taken
            )
            yield {
                "label": f"Readings below {self.line}",
                "value": f"{100 * below / len(self.taken):.0f} %",
                "note": f"{below:,} of {words.counted(len(self.taken), 'reading')}",
            }

    def _part_mean(self, part: str, at: words.Lines) -> str:
        """The mean of all morning or of all evening readings."""
        counts = [row[f"{part}_reading_count"] or 0 for row in self.days]
        if not sum(counts):
            return ""
        systolic, diastolic = (
            sum(
                (row[f"{which}_{part}_mean_mmhg"] or 0) * count
                for row, count in zip(self.days, counts, strict=True)
            )
            / sum(counts)
            for which in ("systolic", "diastolic")
        )
        return words.pressure(systolic, diastolic, at)

    def _shown(self, row: Row, guideline: str | None, part: str = "") -> str:
        return words.pressure(
            row[f"systolic_{part}mean_mmhg"],
            row[f"diastolic_{part}mean_mmhg"],
            lines(guideline) if guideline else words.NO_LINES,
        )

    def table(self, most: int) -> list[dict[str, Any]]:
        """A row a day, the newest first."""
        newest = sorted(self.days, key=lambda row: row["local_date"], reverse=True)
        return [self._day(row) for row in newest[:most]]

    def _day(self, row: Row) -> dict[str, Any]:
        pulse = row["pulse_mean_bpm"]
        return {
            "date": words.weekday(row["local_date"]),
            "morning": self._cell(row, "morning_"),
            "evening": self._cell(row, "evening_"),
            "day": self._cell(row, ""),
            "count": row["reading_count"],
            "pulse": "" if pulse is None else f"{pulse:.0f}",
        }

    def _cell(self, row: Row, part: str) -> dict[str, Any]:
        """A mean, and whether it is at the protocol's line or above."""
        means = row[f"systolic_{part}mean_mmhg"], row[f"diastolic_{part}mean_mmhg"]
        high = self.protocol.high
        return {
            "text": words.pressure(*means, lines(self.guideline)),
            "is_high": None not in means and high is not None and high.is_reached(*means),
        }


def _counts(row: Row) -> str:
    return (
        f"{words.counted(row['reading_count'], 'reading')} on "
        f"{words.counted(row['day_count'], 'day')}"
    )


def _result(row: Row) -> str:
    """The category with its guideline; what is missing; or that there is no line to judge by."""
    if not row["complete"]:
        return f"incomplete: {row['missing']}"
    if not row["category"]:
        return "names no line"
    judged = row.get("judged_by")
    part = f", {judged.replace('_', ' ')}" if judged and judged != "mean" else ""
    return f"{row['category'].replace('_', ' ')} ({GUIDELINES[row['guideline']].title}{part})"
