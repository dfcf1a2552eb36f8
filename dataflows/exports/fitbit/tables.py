"""Fitbit's newer tables in a Takeout: heart rates, and sleep (see `fitbit.sleep_tables`).

Heart rates are `timestamp,beats per minute[,data source]`, with times in UTC. Daily resting heart
rates have the same header. The two are told apart by how far rows lie from each other: daily values
half a day or more, or one value alone at midnight. A daily value belongs to the date that its time
shows.

The lists in JSON tell the same samples again, without the data source: it is no device here, so
that of equal samples at an instant one counts. 0 and -1 are no heart rate. A row number is that of
the line.
"""

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dataflows import records
from dataflows.exports import cells
from dataflows.exports.csv_rows import Layout, Rows, rows
from dataflows.exports.csv_text import (
    SAMPLE_BYTES,
    Header,
    UnusableExportError,
    columns,
    header_of,
    sample_text,
    utf8,
)
from dataflows.exports.export_file import ExportFile, ParsedExport, parsed_export
from dataflows.exports.fitbit import sleep_tables
from dataflows.exports.row_checks import rejected_rows

SOURCE: Final = "fitbit"
SIGNAL: Final = "heart_rate"
TIME: Final = "timestamp"
RATE: Final = "beats per minute"
# The columns by which a table is known, and what else is read of it, by the first of these.
TABLES: Final = ((TIME, RATE), sleep_tables.NIGHT, sleep_tables.STAGE)
OPTIONAL: Final = {
    TIME: (),
    sleep_tables.NIGHT[0]: sleep_tables.NIGHT_OPTIONAL,
    sleep_tables.STAGE[0]: sleep_tables.STAGE_OPTIONAL,
}
SENTINELS: Final = (0.0, -1.0)
DAILY_FROM: Final = cells.DAY // 2


def recognises(sample: bytes) -> bool:
    """Whether a file begins with the header of such a table."""
    return _needed(header_of(sample_text(sample))) is not None


def parsed(file: ExportFile) -> ParsedExport:
    """The records of a table."""
    text = utf8(file.content)
    header = header_of(text.slice(0, min(text.size, SAMPLE_BYTES)).to_pybytes())
    needed = _needed(header)
    if header is None or needed is None:
        raise UnusableExportError("the header is damaged")
    optional = OPTIONAL[needed[0]]
    parts = rows(text, Layout(header, columns(header, needed, optional), quoted=True))
    if needed == sleep_tables.NIGHT:
        return sleep_tables.parsed(parts, file.sha256)
    if needed == sleep_tables.STAGE:
        return sleep_tables.parsed_stages(parts, file.sha256)
    return _heart_rates(parts, file.sha256)


def _needed(header: Header | None) -> tuple[str, ...] | None:
    """The columns of the table that has this header."""
    names = {name.casefold() for name in header.names} if header else set()
    return next((needed for needed in TABLES if names >= {*needed}), None)


# -- heart rates ---------------------------------------------------------------------------------


def _heart_rates(parts: Iterable[Rows], sha256: str) -> ParsedExport:
    """The heart rates, or the daily resting ones."""
    tables: list[pa.Table] = []
    rejected: list[dict[str, Any]] = []
    silent_count = 0
    for part in parts:
        micros, rates = _instants(part.columns[TIME]), _rates(part.columns[RATE])
        silent = np.isin(rates, SENTINELS)
        bad, found = rejected_rows(
            part,
            (SIGNAL, SOURCE, sha256),
            [
                (TIME, "not_a_time", micros == cells.NO_INSTANT),
                (RATE, "not_a_number", np.isnan(rates)),
            ],
        )
        rejected += found
        silent_count += int(np.count_nonzero(silent & ~bad))
        tables.append(_table(part, sha256, micros, rates).filter(pa.array(~bad & ~silent)))
    return parsed_export(
        {
            "heart_rate": _of_one_kind(tables),
            "rejected": records.table_from_rows(records.REJECTED, rejected),
        },
        source=SOURCE,
        sentinels={"heart_rate": silent_count},
    )


def _instants(texts: Any) -> NDArray[np.int64]:
    """Microseconds since 1970 UTC; `NO_INSTANT` for a text that tells no instant."""
    try:
        return np.asarray(texts.cast(records.INSTANT).view(pa.int64()))
    except pa.ArrowInvalid:
        micros, absent = cells.mapped(texts, cells.instant, np.int64)
        if absent is not None:
            micros[absent] = cells.NO_INSTANT
        return micros


def _rates(texts: Any) -> NDArray[np.float64]:
    found, _ = cells.mapped(texts, cells.number, np.float64)
    return found


def _table(
    part: Rows, sha256: str, micros: NDArray[np.int64], rates: NDArray[np.float64]
) -> pa.Table:
    given = {
        "source": SOURCE,
        "raw_sha256": sha256,
        "raw_row": part.numbers,
        "start_utc": cells.timestamps(micros, records.INSTANT),
        "heart_rate_bpm": rates,
        "kind": "sample",
    }
    return records.table_from_columns(records.PARSED["heart_rate"], given, len(rates))


def _of_one_kind(tables: list[pa.Table]) -> pa.Table:
    """All rows: samples, or daily values, which have a date and no time."""
    if not tables:
        return records.empty(records.PARSED["heart_rate"])
    table = pa.concat_tables(tables).unify_dictionaries()
    micros = np.asarray(table["start_utc"].cast(pa.int64()))
    if not _are_daily(micros):
        return table
    days = pa.array((micros // cells.DAY).astype(np.int32)).view(pa.date32())
    given = {name: table[name] for name in table.column_names if name != "start_utc"}
    given |= {"local_date": days, "kind": "resting"}
    return records.table_from_columns(records.PARSED["heart_rate"], given, table.num_rows)


def _are_daily(micros: NDArray[np.int64]) -> bool:
    if len(micros) == 1:
        return bool(micros[0] % cells.DAY == 0)
    return len(micros) > 1 and bool(np.median(np.abs(np.diff(micros))) >= DAILY_FROM)
