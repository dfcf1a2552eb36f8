"""One sheet of a workbook of Excel or LibreOffice, with typed cells: the CSV file that it would be.

The first line marks the file, each further line is a row: its number and its cells, as
`typed_cells` tells them.

    {"workbook_sheet": 1}
    [1, ["date", "time", "systolic", "diastolic", "pulse"]]
    [2, [{"date": 45838}, {"time": 0.3125}, 128, 82, 61]]
"""

from typing import Final

import pyarrow as pa

from dataflows.exports.typed_cells import csv_of, rows_of

MARK: Final = b'{"workbook_sheet": 1}'


def recognises(sample: bytes) -> bool:
    """Whether a file is a sheet that was taken out of a workbook."""
    return sample.startswith(MARK)


def saved_as_csv(content: pa.Buffer) -> pa.Buffer:
    """The sheet as its program would have saved it; every row keeps its number.

    Raises:
        ValueError: A line is damaged.
        TypeError: A line is no row.
    """
    return pa.py_buffer(csv_of(rows_of(content.to_pybytes())))
