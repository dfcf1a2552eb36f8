"""No row goes to nowhere: what was rejected, what stands behind another, and whether it adds up."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
from hamilton.function_modifiers import tag

from dataflows import DataflowError, contracts, records, resolution, schemas
from dataflows.sleep_stages import MADE
from dataflows.text_codes import equals, ranks_of

# The table of a parsed export that holds the records of each signal.
_PARSED_TABLES: Final = {
    "blood_pressure": "blood_pressure",
    "heart_rate": "heart_rate",
    "sleep": "sleep_sessions",
    "annotations": "annotations",
}


class BooksError(DataflowError):
    """Rows were lost or made up between two steps; the program that did it is wrong.

    Attributes:
        signal: Whose rows.
        equation: What does not hold.
        difference: Rows too many on its left side.
    """

    def __init__(self, signal: str, equation: str, difference: int) -> None:
        self.signal, self.equation, self.difference = signal, equation, difference
        super().__init__(
            f"the books of {signal} do not balance: {equation} is off by {difference:+d} rows"
        )


@tag(stage="validation")
def rejected_rows(
    checked_exports: Sequence[Mapping[str, Any]],
    blood_pressure_withdrawn: pa.Table,
    heart_rate_withdrawn: pa.Table,
    heart_rate_summaries_withdrawn: pa.Table,
    sleep_withdrawn: pa.Table,
    annotations_withdrawn: pa.Table,
) -> pa.Table:
    """Every row that was taken out, and why: unreadable, impossible, or withdrawn.

    Shape: `records.REJECTED`, in the order of file, row, signal, column and check.

    Units: rows; `value` is text as the file has it.
    """
    found = [table for export in checked_exports for table in _rejected(export)]
    found += [
        blood_pressure_withdrawn,
        heart_rate_withdrawn,
        heart_rate_summaries_withdrawn,
        sleep_withdrawn,
        annotations_withdrawn,
    ]
    names = ["raw_sha256", "raw_row", "signal", "column", "check"]
    return contracts.checked(_joined(found, records.REJECTED, names), schemas.REJECTED_ROWS)


@tag(stage="validation")
def shadowed_rows(
    blood_pressure_shadowed: pa.Table,
    heart_rate_shadowed: pa.Table,
    heart_rate_summaries_shadowed: pa.Table,
    sleep_shadowed: pa.Table,
    annotations_shadowed: pa.Table,
) -> pa.Table:
    """Every row that says what another says, and which one stands for it by which rule.

    Shape: `records.SHADOWED`, in the order of file, row, signal and the row that is kept.

    Units: rows.
    """
    found = [
        blood_pressure_shadowed,
        heart_rate_shadowed,
        heart_rate_summaries_shadowed,
        sleep_shadowed,
        annotations_shadowed,
    ]
    names = ["raw_sha256", "raw_row", "signal", "kept_raw_sha256", "kept_raw_row", "rule"]
    return contracts.checked(_joined(found, records.SHADOWED, names), schemas.SHADOWED_ROWS)


@tag(stage="validation")
def books(
    checked_exports: Sequence[Mapping[str, Any]],
    blood_pressure_readings: pa.Table,
    blood_pressure_shadowed: pa.Table,
    blood_pressure_withdrawn: pa.Table,
    heart_rate_years_resolved: Sequence[Mapping[str, Any]],
    heart_rate_shadowed: pa.Table,
    heart_rate_withdrawn: pa.Table,
    sleep_sessions: pa.Table,
    sleep_shadowed: pa.Table,
    sleep_withdrawn: pa.Table,
    annotations: pa.Table,
    annotations_shadowed: pa.Table,
    annotations_withdrawn: pa.Table,
) -> dict[str, dict[str, int]]:
    """The rows of each signal at every step; sleep counts sessions.

    A session that was made from stages, which no export tells, counts as parsed where it is kept.

    Shape: `parsed`, `valid`, `rejected`, `shadowed` and `kept` for each signal.

    Units: rows.

    Raises:
        BooksError: Not every parsed row is valid or rejected, or not every valid one is kept or
            shadowed.
    """
    samples = sum(year["count"] for year in heart_rate_years_resolved)
    ends = {
        "blood_pressure": (
            blood_pressure_readings.num_rows,
            blood_pressure_shadowed,
            blood_pressure_withdrawn,
        ),
        "heart_rate": (samples, heart_rate_shadowed, heart_rate_withdrawn),
        "sleep": (sleep_sessions.num_rows, sleep_shadowed, sleep_withdrawn),
        "annotations": (annotations.num_rows, annotations_shadowed, annotations_withdrawn),
    }
    made = {"sleep": _made_from_stages(sleep_sessions)}
    return {
        signal: _book(signal, checked_exports, *end, made=made.get(signal, 0))
        for signal, end in ends.items()
    }


def _book(
    signal: str,
    checked_exports: Sequence[Mapping[str, Any]],
    kept: int,
    shadowed: pa.Table,
    withdrawn: pa.Table,
    *,
    made: int,
) -> dict[str, int]:
    unreadable = _count(signal, *(export["unreadable"] for export in checked_exports))
    told = _PARSED_TABLES[signal]
    parsed = sum(export["report"]["records"].get(told, 0) for export in checked_exports)
    gone = _count(signal, withdrawn)
    impossible = _count(signal, *(export[signal]["rejected"] for export in checked_exports))
    valid = sum(export["valid_rows"][signal] for export in checked_exports)
    book = {
        "parsed": parsed + unreadable + made,
        "valid": valid - gone + made,
        "rejected": unreadable + impossible + gone,
        "shadowed": _count(signal, shadowed),
        "kept": kept,
    }
    _balance(signal, "parsed = valid + rejected", book["parsed"], book["valid"], book["rejected"])
    _balance(signal, "valid = kept + shadowed", book["valid"], book["kept"], book["shadowed"])
    return book


def _made_from_stages(sessions: pa.Table) -> int:
    flags = [text or "" for text in sessions["flags"].to_pylist()]
    return sum(MADE in text.split(";") for text in flags)


def _balance(signal: str, equation: str, left: int, *right: int) -> None:
    if left != sum(right):
        raise BooksError(signal, equation, left - sum(right)) from None


def _count(signal: str, *tables: pa.Table) -> int:
    return sum(int(equals(table["signal"], signal).sum()) for table in tables if table.num_rows)


def _rejected(export: Mapping[str, Any]) -> list[pa.Table]:
    signals = [export[signal]["rejected"] for signal in _PARSED_TABLES]
    return [export["unreadable"], *signals]


def _joined(tables: Sequence[pa.Table], schema: pa.Schema, names: Sequence[str]) -> pa.Table:
    """The rows of all tables in the order of the named columns."""
    filled = [table for table in tables if table.num_rows]
    if not filled:
        return schema.empty_table()
    joined = pa.concat_tables(filled).unify_dictionaries()
    order = resolution.sorted_order(
        [
            ranks_of(joined[name])
            if schema.field(name).type == records.TEXT
            else joined[name].to_numpy()
            for name in names
        ]
    )
    return joined if order is None else joined.take(pa.array(order))
