"""Mi Fit, Zepp Life and Zepp: the export that a person asks for by data protection law.

A file is known by its columns alone; their order and number differ by version. A byte order mark
may stand before the header, and a literal `null` for nothing. Those of sleep and heart rate are
read; the other files are recognised and hold nothing for us.
"""

from dataclasses import dataclass
from typing import Any, Final

from dataflows.exports.csv_rows import Layout, rows
from dataflows.exports.csv_text import (
    SAMPLE_BYTES,
    Header,
    UnusableExportError,
    columns,
    header_of,
    near_name,
    sample_text,
    utf8,
)
from dataflows.exports.export_file import ExportFile, ParsedExport, parsed_export
from dataflows.exports.zepp import heart_rate, sleep, stages

SOURCE: Final = "zepp"


@dataclass(frozen=True)
class _Kind:
    """A file of the export: its columns, and one that betrays it if another is missing."""

    name: str
    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()
    telling: str | None = None


# A file is of the first kind that fits: HEARTRATE_AUTO has the columns of HEARTRATE and one more.
KINDS: Final = (
    _Kind("SLEEP", sleep.NEEDED, sleep.OPTIONAL, "shallowSleepTime"),
    _Kind("SLEEP_MINUTE", stages.NEEDED, stages.OPTIONAL, "stage"),
    _Kind("HEARTRATE_AUTO", ("date", "time", "heartRate"), (), "heartRate"),
    _Kind("HEARTRATE", ("time", "heartRate"), (), "heartRate"),
    _Kind("ACTIVITY_STAGE", ("date", "start", "stop", "distance", "calories", "steps")),
    _Kind("ACTIVITY_MINUTE", ("date", "time", "steps")),
    _Kind("ACTIVITY", ("date", "steps", "distance", "calories")),
    _Kind("BODY", ("time", "weight", "height", "bmi")),
    _Kind("USER", ("userId", "gender", "height", "weight")),
    _Kind("SPORT", ("type", "startTime", "sportTime(s)")),
)
FOREIGN: Final = ("systolic", "diastolic")


def recognises(sample: bytes) -> bool:
    """Whether a file begins with the header of a file of this export."""
    header = header_of(sample_text(sample))
    return header is not None and _kind_of(header) is not None


def parse(file: ExportFile, *, date_order: str | None) -> ParsedExport:  # noqa: ARG001
    """The records of one file; no date order is needed, since its dates are ISO dates."""
    text = utf8(file.content)
    header = header_of(text.slice(0, min(text.size, SAMPLE_BYTES)).to_pybytes())
    kind = None if header is None else _kind_of(header)
    if header is None or kind is None:
        return parsed_export({}, source=SOURCE, status="failed", reason="the header is damaged")
    try:
        return _parsed(kind, text, header, file.sha256)
    except UnusableExportError as error:
        return parsed_export({}, source=SOURCE, status="failed", reason=f"{kind.name}: {error}")


def _parsed(kind: _Kind, text: Any, header: Header, sha256: str) -> ParsedExport:
    places = columns(header, kind.needed, kind.optional)
    if kind.telling is None:
        reason = f"{kind.name}: holds no blood pressure, heart rate or sleep"
        return parsed_export({}, source=SOURCE, reason=reason)
    parts = rows(text, Layout(header, places, quoted=False, wide=places.get("naps")))
    if kind.name == "SLEEP":
        return sleep.parsed(parts, sha256)
    if kind.name == "SLEEP_MINUTE":
        return stages.parsed(parts, sha256)
    return heart_rate.parsed(parts, sha256, automatic=kind.name == "HEARTRATE_AUTO")


def _kind_of(header: Header) -> _Kind | None:
    """The file that has these columns, or all but one of them."""
    names = {name.casefold() for name in header.names if name}
    if any(word in name for word in FOREIGN for name in names):
        return None
    for kind in KINDS:
        if not _missing(kind, names):
            return kind
    damaged = [kind for kind in KINDS if _nearly(kind, names, header)]
    return min(damaged, key=lambda kind: len(_unknown(kind, names)), default=None)


def _missing(kind: _Kind, names: set[str]) -> set[str]:
    return {name.casefold() for name in kind.needed} - names


def _unknown(kind: _Kind, names: set[str]) -> set[str]:
    return names - {name.casefold() for name in (*kind.needed, *kind.optional)}


def _nearly(kind: _Kind, names: set[str], header: Header) -> bool:
    """Whether one needed column is missing, was renamed or is cut off."""
    unknown = _unknown(kind, names)
    if kind.telling is None or len(unknown) > 1:
        return False
    if not header.ended:
        *whole, cut = (name.casefold() for name in header.names)
        known = [name.casefold() for name in (*kind.needed, *kind.optional)]
        return len(whole) > 1 and set(whole) <= set(known) and any(n.startswith(cut) for n in known)
    telling = kind.telling.casefold()
    told = telling in names or near_name(telling, unknown) is not None
    return told and len(_missing(kind, names)) == 1
