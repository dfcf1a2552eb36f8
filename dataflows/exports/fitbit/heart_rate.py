"""Fitbit's heart rates: `heart_rate-*.json` and `resting_heart_rate-*.json`.

- Samples are `{dateTime, value: {bpm, confidence}}`, one every 5 to 15 seconds. Their times tell no
  zone, and whether they are UTC or local is disputed. Here they are UTC, in every file alike, as a
  person at UTC+11 found who adds eleven hours to them [2nd], and the report of a file says so.
- A confidence of 0 means that the sensor had no contact [RECALL]: it is counted and no sample.
- Resting heart rates are `{dateTime, value: {date, value, error}}`, one for each local date; the
  value 0 or no date mean "not known" [READ].

Dates are written month first, whatever the account's country [READ].
"""

import re
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dataflows import records
from dataflows.exports import cells
from dataflows.exports.export_file import ExportFile, ParsedExport, parsed_export
from dataflows.exports.json_text import elements

SOURCE: Final = "fitbit"
READ_AS_UTC: Final = "the times tell no zone and are read as UTC"
_DATE: Final = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{2})")
_SAMPLE_TIME: Final = "12/31/69 00:00:00"
_DATE_LETTERS: Final = 8
# Where the digits of the clock time stand, and what is between them.
_DIGITS: Final = (1, 2, 4, 5, 7, 8)
_BETWEEN: Final = (0, 3, 6)
_COLUMNS: Final = {"not_a_time": "dateTime", "missing_time": "dateTime"}

Columns = list[NDArray[Any]]
Told = tuple[Any, NDArray[np.float64], NDArray[np.int64], NDArray[Any]]


def parsed(file: ExportFile) -> ParsedExport:
    """The samples of one file of `heart_rate-*`."""
    kept: list[Columns] = []
    rejected: list[dict[str, Any]] = []
    first, silent_count = 1, 0
    for part in elements(file.content):
        texts, rates, confidences, failures = _told(part)
        micros = _instants(texts)
        numbers = np.arange(first, first + len(part), dtype=np.int32)
        silent = (confidences == 0) & (failures == "")
        failures[(failures == "") & ~silent & (micros == cells.NO_INSTANT)] = "not_a_time"
        rejected += [
            _rejected_row(
                file.sha256, int(numbers[place]), failures[place], texts[int(place)].as_py()
            )
            for place in np.flatnonzero(failures != "")
        ]
        good = ~silent & (failures == "")
        kept.append([column[good] for column in (micros, rates, numbers)])
        silent_count += int(np.count_nonzero(silent))
        first += len(part)
    return parsed_export(
        {
            "heart_rate": _samples(kept, file.sha256),
            "rejected": records.table_from_rows(records.REJECTED, rejected),
        },
        source=SOURCE,
        reason=READ_AS_UTC,
        sentinels={"heart_rate": silent_count},
    )


def _told(part: list[Any]) -> Told:
    """Times as texts, rates, confidences, and the check that each element fails, or nothing."""
    try:
        values = [element["value"] for element in part]
        texts = pa.array([element["dateTime"] for element in part], pa.string())
        rates = pa.array([value["bpm"] for value in values], pa.float64())
        confidences = pa.array([value["confidence"] for value in values], pa.int64())
    except (KeyError, TypeError, ValueError, OverflowError, pa.ArrowException):
        return _told_one_by_one(part)
    if texts.null_count + rates.null_count + confidences.null_count:
        return _told_one_by_one(part)
    failures = np.full(len(part), "", object)
    rates = np.asarray(rates)
    failures[~np.isfinite(rates)] = "not_a_number"
    return texts, rates, np.asarray(confidences), failures


def _told_one_by_one(part: list[Any]) -> Told:
    rows = [_reading(element) for element in part]
    texts, rates, confidences, failures = zip(*rows, strict=True) if rows else ((), (), (), ())
    return (
        pa.array(texts, pa.string()),
        np.array(rates, np.float64),
        np.array(confidences, np.int64),
        np.array(failures, object),
    )


def _reading(element: Any) -> tuple[str, float, int, str]:
    """Time, rate, confidence (-1 where none is told) of an element, and the check that it fails."""
    value = element.get("value") if isinstance(element, dict) else None
    if not isinstance(value, dict):
        return "", np.nan, -1, "invalid_json"
    text, bpm = element.get("dateTime"), value.get("bpm")
    confidence = cells.whole(value.get("confidence"))
    rate = cells.number(bpm)
    failure = ""
    if rate is None:
        failure = "missing_value" if bpm is None else "not_a_number"
    elif not isinstance(text, str):
        failure = "missing_time"
    return (
        text if isinstance(text, str) and text.isascii() else "",
        np.nan if rate is None else rate,
        -1 if confidence is None else confidence,
        failure,
    )


def _instants(texts: Any) -> NDArray[np.int64]:
    """Microseconds of times as the export writes them; `NO_INSTANT` for any other text."""
    fits = pc.equal(pc.binary_length(texts), len(_SAMPLE_TIME))
    shaped = pc.if_else(fits, texts, _SAMPLE_TIME)
    days, no_days = cells.mapped(pc.utf8_slice_codeunits(shaped, 0, _DATE_LETTERS), _day, np.int64)
    seconds = _seconds(shaped)
    micros: NDArray[np.int64] = days * cells.DAY + seconds * cells.SECOND
    micros[~np.asarray(fits) | (seconds < 0)] = cells.NO_INSTANT
    if no_days is not None:
        micros[no_days] = cells.NO_INSTANT
    return micros


def _day(text: str) -> int | None:
    """Days since 1970 of `MM/dd/yy`; Fitbit is younger than the century."""
    found = _DATE.fullmatch(text)
    return cells.day_number(f"20{found[3]}-{found[1]}-{found[2]}") if found else None


def _seconds(shaped: Any) -> NDArray[np.int64]:
    """Seconds since midnight of texts as long as `_SAMPLE_TIME`; -1 where they tell none."""
    letters = np.frombuffer(shaped.buffers()[2], np.uint8, len(shaped) * len(_SAMPLE_TIME))
    clocks = letters.reshape(len(shaped), -1)[:, _DATE_LETTERS:]
    digits = clocks[:, _DIGITS].astype(np.int64) - ord("0")
    hours, minutes, seconds = (digits[:, place] * 10 + digits[:, place + 1] for place in (0, 2, 4))
    told = ((digits >= 0) & (digits <= 9)).all(axis=1)  # noqa: PLR2004  a digit
    told &= (clocks[:, _BETWEEN] == np.frombuffer(b" ::", np.uint8)).all(axis=1)
    told &= (hours < 24) & (minutes < 60) & (seconds < 60)  # noqa: PLR2004  a clock's
    return np.where(told, (hours * 60 + minutes) * 60 + seconds, -1)


def _samples(kept: list[Columns], sha256: str) -> pa.Table:
    """The samples of all parts, which are given away column by column."""
    kinds = (np.int64, np.float64, np.int32)
    micros, rates, numbers = (
        np.concatenate([np.empty(0, kind), *(columns.pop(0) for columns in kept)]) for kind in kinds
    )
    given = {
        "source": SOURCE,
        "raw_sha256": sha256,
        "raw_row": numbers,
        "start_utc": cells.timestamps(micros, records.INSTANT),
        "heart_rate_bpm": rates,
        "kind": "sample",
    }
    return records.table_from_columns(records.PARSED["heart_rate"], given, len(rates))


def _rejected_row(sha256: str, row: int, check: str, time: str | None) -> dict[str, Any]:
    column = _COLUMNS.get(check, "value")
    value = time if check == "not_a_time" else None
    return cells.rejected_row("heart_rate", SOURCE, sha256, row, check, column=column, value=value)


# -- resting heart rate --------------------------------------------------------------------------


def parsed_resting(file: ExportFile) -> ParsedExport:
    """The days of one file of `resting_heart_rate-*`."""
    rows: list[dict[str, Any]] = []
    rejected: list[dict[str, Any]] = []
    unknown = 0
    days = (element for part in elements(file.content) for element in part)
    for number, element in enumerate(days, start=1):
        rate, day, failure = _resting(element)
        if failure:
            rejected.append(_rejected_row(file.sha256, number, failure, None))
        elif rate is None:
            unknown += 1
        else:
            place = {"source": SOURCE, "raw_sha256": file.sha256, "raw_row": number}
            found = {"local_date": day, "heart_rate_bpm": rate, "kind": "resting"}
            rows.append(place | found)
    return parsed_export(
        {
            "heart_rate": cells.table_of("heart_rate", rows),
            "rejected": records.table_from_rows(records.REJECTED, rejected),
        },
        source=SOURCE,
        sentinels={"resting_heart_rate": unknown},
    )


def _resting(element: Any) -> tuple[float | None, int | None, str]:
    """Rate and day of an element, both None where it tells none, and the check that it fails."""
    value = element.get("value") if isinstance(element, dict) else None
    if not isinstance(value, dict):
        return None, None, "invalid_json"
    told, date = value.get("value"), value.get("date")
    rate = cells.number(told)
    if told is None or date is None or rate == 0:
        return None, None, ""
    day = _day(date) if isinstance(date, str) else None
    if rate is None or day is None:
        return None, None, "not_a_number" if rate is None else "not_a_time"
    return rate, day, ""
