"""Fitbit: the JSON files of the account's export and of Google Takeout, and tables of the latter.

A row of a JSON file is an element of its list, counted from 1. Read are `heart_rate-*` and
`resting_heart_rate-*` (see `fitbit.heart_rate`) and `sleep-*` (see `fitbit.sleep`), and the tables
of heart rates (see `fitbit.tables`). Other lists of `{dateTime, value}` (steps, calories, zones,
...) are recognised and hold nothing for us.
"""

import re
from collections.abc import Callable
from typing import Final

from dataflows.exports.csv_text import SAMPLE_BYTES, UnusableExportError
from dataflows.exports.export_file import ExportFile, ParsedExport, parsed_export
from dataflows.exports.fitbit import heart_rate, sleep, tables
from dataflows.exports.json_text import elements, is_json, keys_of

SOURCE: Final = "fitbit"
_SERIES: Final = re.compile(rb'"dateTime"\s*:\s*"\d\d/\d\d/\d\d \d\d:\d\d:\d\d"')


def recognises(sample: bytes) -> bool:
    """Whether a file begins as one of the export's lists or tables does."""
    return _parser_of(sample) is not None


def parse(file: ExportFile, *, date_order: str | None) -> ParsedExport:  # noqa: ARG001
    """The records of one file; no date order is needed, since the export has one."""
    head = file.content.slice(0, min(file.content.size, SAMPLE_BYTES)).to_pybytes()
    parser = _parser_of(head) or _nothing
    try:
        return parser(file)
    except UnusableExportError as error:
        return parsed_export({}, source=SOURCE, status="failed", reason=str(error))


def _parser_of(sample: bytes) -> Callable[[ExportFile], ParsedExport] | None:
    if not is_json(sample):
        return tables.parsed if tables.recognises(sample) else None
    keys = keys_of(sample)
    if keys >= sleep.TELLING:
        return sleep.parsed
    if "value" not in keys or not _SERIES.search(sample):
        return None
    if "bpm" in keys:
        return heart_rate.parsed
    return heart_rate.parsed_resting if {"date", "error"} <= keys else _nothing


def _nothing(file: ExportFile) -> ParsedExport:
    """A list of something else, which has to be whole all the same."""
    for _ in elements(file.content):
        pass
    return parsed_export({}, source=SOURCE, reason="holds no blood pressure, heart rate or sleep")
