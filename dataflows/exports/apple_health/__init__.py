"""Apple Health: the archive that the Health app writes ("Export All Health Data").

Its `export.xml` is read, by whatever name the phone's language gives it. It lists every record of
every device and app, by type. What is known of it, and handled here:

- A row is the line in which an element begins (`apple_health.elements`).
- Instants are certain, offsets are those of the exporting phone (`apple_health.times`).
- A blood pressure is told twice, as two records and as a correlation of them
  (`apple_health.blood_pressure`).
- Sleep comes as segments without nights (`apple_health.sleep`).
- A file that ends before its root element does is used as far as it goes, and says so; what its
  end cuts through is rejected.
- Other members of the archive (clinical documents, routes, electrocardiograms) are recognised and
  hold nothing for us.
"""

import re
from typing import Any, Final

from dataflows import records
from dataflows.exports import cells
from dataflows.exports.apple_health.blood_pressure import BloodPressures, flat
from dataflows.exports.apple_health.columns import SOURCE, Columns
from dataflows.exports.apple_health.elements import Part, parts
from dataflows.exports.apple_health.heart_rate import HeartRates
from dataflows.exports.apple_health.sleep import Sleep
from dataflows.exports.apple_health.strict import DIASTOLIC, HEART_RATE, RESTING, SLEEP, SYSTOLIC
from dataflows.exports.csv_text import UnusableExportError
from dataflows.exports.export_file import ExportFile, ParsedExport, parsed_export

__all__ = ["SOURCE", "parse", "recognises"]

SIGNALS: Final = {
    HEART_RATE: "heart_rate",
    RESTING: "heart_rate",
    SYSTOLIC: "blood_pressure",
    DIASTOLIC: "blood_pressure",
    SLEEP: "sleep_stages",
    b"": "blood_pressure",
}
CUT: Final = "the file ends before its records do; what stands before is used: export it again"
REASONS: Final = {
    "invalid_xml": "the element is no well-formed XML",
    "cut_off": "the file ends within this element; export it again",
}

_EXPORT: Final = re.compile(rb"<(?:!DOCTYPE\s+)?HealthData(?=[\s\[/>])")
_OTHER_MEMBER: Final = re.compile(
    rb'<ClinicalDocument(?=[\s>])|<gpx\s[^>]*creator="Apple Health Export"'
    rb'|,"?512(?:[.,]\d+)? [^\n]*\n(?:[^\n]*\n){0,4}[^\n]*,"?\xc2\xb5V'
)
_DOCUMENT: Final = b"Health Data Export"


def recognises(sample: bytes) -> bool:
    """Whether a file begins as a member of this archive does."""
    if _EXPORT.search(sample):
        return True
    found = _OTHER_MEMBER.search(sample)
    return found is not None and (not found[0].startswith(b"<Cl") or _DOCUMENT in sample)


def parse(file: ExportFile, *, date_order: str | None) -> ParsedExport:  # noqa: ARG001
    """The records of one file; no date order is needed, since its dates are ISO dates."""
    sample = file.content.slice(0, min(file.content.size, 65_536)).to_pybytes()
    if not _EXPORT.search(sample):
        reason = "this file of the archive holds no blood pressure, heart rate or sleep"
        return parsed_export({}, source=SOURCE, reason=reason)
    work = _File(file.sha256)
    try:
        for part in parts(file.content):
            work.add(part)
    except UnusableExportError as error:
        return parsed_export({}, source=SOURCE, status="failed", reason=str(error))
    return work.parsed()


class _File:
    """The work on one file."""

    def __init__(self, sha256: str) -> None:
        self.sha256 = sha256
        self.heart_rates = HeartRates(sha256)
        self.pressures = BloodPressures(sha256)
        self.sleep = Sleep(sha256)
        self.rejected: list[dict[str, Any]] = []
        self.is_ended, self.last_row = False, 1

    def add(self, part: Part) -> None:
        """Add what a part of the file tells."""
        for kind, (places, told) in part.records.items():
            if told:
                self._add(kind, Columns(part.rows(places), told))
        if part.correlations:
            groups, together = flat(part.correlations)
            self.pressures.add_correlations(groups, Columns(part.rows(groups), together))
        for place, (kind, text, is_cut) in part.broken:
            self._reject(int(part.rows([place])[0]), kind, text, is_cut=is_cut)
        self.is_ended |= part.is_ended
        self.last_row = part.row + len(part.lines)

    def _add(self, kind: bytes, told: Columns) -> None:
        if kind in (SYSTOLIC, DIASTOLIC):
            self.pressures.add(told)
        elif kind == SLEEP:
            self.sleep.add(told)
        else:
            self.heart_rates.add(told, resting=kind == RESTING)

    def _reject(self, row: int, kind: bytes, text: bytes, *, is_cut: bool) -> None:
        check = "cut_off" if is_cut else "invalid_xml"
        value = text.decode(errors="replace")
        self.rejected.append(
            cells.rejected_row(
                SIGNALS[kind], SOURCE, self.sha256, row, check, value=value, reason=REASONS[check]
            )
        )

    def parsed(self) -> ParsedExport:
        """The tables and the report of all parts."""
        if not self.is_ended:
            row = cells.rejected_row(
                "unknown", SOURCE, self.sha256, self.last_row, "cut_off", reason=CUT
            )
            self.rejected.append(row)
        self.pressures.finish()
        heart_rates = self.heart_rates.table()
        self.pressures.add_pulses(heart_rates)
        stages = self.sleep.table()
        signals = (self.heart_rates, self.pressures, self.sleep)
        rejected = [row for signal in signals for row in signal.rejected] + self.rejected
        tables = {
            "blood_pressure": cells.table_of("blood_pressure", self.pressures.readings),
            "heart_rate": heart_rates,
            "sleep_stages": stages,
            "rejected": records.table_from_rows(records.REJECTED, rejected),
        }
        return parsed_export(
            tables,
            source=SOURCE,
            reason=None if self.is_ended else CUT,
            sentinels={
                "heart_rate": self.heart_rates.sentinels,
                "blood_pressure": self.pressures.sentinels,
                "sleep_segments": self.sleep.placeholders,
            },
            dropped={
                "repeated_records": self.pressures.repeated,
                "overlapping_segments": self.sleep.overlapping,
                "time_zones": sum(signal.strange_zones for signal in signals),
            },
        )
