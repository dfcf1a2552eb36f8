"""Rows of a CSV export that are taken out for a cell that means nothing."""

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dataflows.exports import cells
from dataflows.exports.csv_rows import Rows

# What a check is called where the cell is empty.
_MISSING: Final = {
    "not_a_time": "missing_time",
    "not_a_number": "missing_value",
    "unknown_stage": "missing_value",
}

Origin = tuple[str, str, str]


def rejected_rows(
    part: Rows, origin: Origin, failures: Iterable[tuple[str, str, NDArray[np.bool_]]]
) -> tuple[NDArray[np.bool_], list[dict[str, Any]]]:
    """Which rows of a part are bad, and these rejected, beside those of another width.

    Args:
        part: Rows.
        origin: Signal, source, and hash of the file.
        failures: Column, check and the rows that fail it; the first of a row counts.
    """
    found = [
        cells.rejected_row(*origin, number, "wrong_field_count", value=text)
        for number, text in part.odd
    ]
    bad = np.zeros(len(part.numbers), np.bool_)
    for column, check, mask in failures:
        for place in np.flatnonzero(mask & ~bad).tolist():
            text = part.columns[column][place].as_py()
            code = check if text.strip() else _MISSING.get(check, check)
            number = int(part.numbers[place])
            found.append(
                cells.rejected_row(*origin, number, code, column=column, value=text or None)
            )
        bad |= mask
    return bad, found
