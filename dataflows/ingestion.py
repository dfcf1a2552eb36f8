"""Each export file on its own: what format it has, and what records it holds.

The nodes run once for each file, so a new file costs one parse and the others none.
"""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from hamilton.function_modifiers import extract_fields, tag
from hamilton.htypes import Parallelizable

from dataflows.exports import ExportFile, parse


@tag(stage="ingestion")
def export_file(export_files: Sequence[ExportFile]) -> Parallelizable[ExportFile]:
    """One leaf file of an export, known by the hash of its bytes.

    Units: none; bytes.
    """
    yield from export_files


@tag(stage="ingestion", target_=...)
@extract_fields(
    {
        "export_report": dict[str, Any],
        "blood_pressure_parsed": pa.Table,
        "heart_rate_parsed": pa.Table,
        "heart_rate_summaries_parsed": pa.Table,
        "sleep_sessions_parsed": pa.Table,
        "sleep_stages_parsed": pa.Table,
        "annotations_parsed": pa.Table,
        "rows_unreadable": pa.Table,
    }
)
def parsed_export(export_file: ExportFile, date_order: str | None) -> dict[str, Any]:
    """The records of one file as it tells them, a report, and the rows that could not be read.

    Shape: `export_report` holds format, status, reason and counts; each table has columns of its
    schema in `records.PARSED`, without those that the file does not fill.

    Units: as each column is named; a column without one is text or a count.
    """
    parsed = parse(export_file, date_order=date_order)
    return {
        "export_report": parsed["report"],
        "blood_pressure_parsed": parsed["blood_pressure"],
        "heart_rate_parsed": parsed["heart_rate"],
        "heart_rate_summaries_parsed": parsed["heart_rate_summaries"],
        "sleep_sessions_parsed": parsed["sleep_sessions"],
        "sleep_stages_parsed": parsed["sleep_stages"],
        "annotations_parsed": parsed["annotations"],
        "rows_unreadable": parsed["rejected"],
    }
