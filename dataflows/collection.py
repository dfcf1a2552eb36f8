"""From single files to all of them: what was made of each, collected, and laid out by signal."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from hamilton.function_modifiers import extract_fields, tag
from hamilton.htypes import Collect

from dataflows import clinical


@tag(stage="validation")
def checked_export(
    export_report: Mapping[str, Any],
    rows_unreadable: pa.Table,
    blood_pressure_checked: Mapping[str, pa.Table],
    heart_rate_checked: Mapping[str, Any],
    sleep_checked: Mapping[str, pa.Table],
    annotations_checked: Mapping[str, pa.Table],
) -> dict[str, Any]:
    """Everything that was made of one file.

    Shape: `report`, `unreadable`, what each signal gave, and by signal `valid_rows`, how many
    rows are valid, and `latest_start_utc`, the latest instant as ISO 8601 or None.

    Units: as each column is named; `valid_rows` are rows; `latest_start_utc` is an instant.
    """
    years = heart_rate_checked["years"]
    last_year = [years[max(years)]["records"]] if years else []
    return {
        "report": export_report,
        "unreadable": rows_unreadable,
        "blood_pressure": blood_pressure_checked,
        "heart_rate": heart_rate_checked,
        "sleep": sleep_checked,
        "annotations": annotations_checked,
        "valid_rows": {
            "blood_pressure": blood_pressure_checked["valid"].num_rows,
            "heart_rate": sum(part["count"] for part in years.values()),
            "sleep": sleep_checked["valid"].num_rows,
            "annotations": annotations_checked["valid"].num_rows,
        },
        "latest_start_utc": {
            "blood_pressure": _latest(blood_pressure_checked["valid"]),
            "heart_rate": _latest(heart_rate_checked["summaries"], *last_year),
            "sleep": _latest(sleep_checked["valid"], sleep_checked["stages"]),
        },
    }


def _latest(*tables: pa.Table) -> str | None:
    latest = [pc.max(table["start_utc"]).as_py() for table in tables if table.num_rows]
    return max(latest).isoformat() if latest else None


@tag(stage="validation")
def checked_exports(checked_export: Collect[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was made of each file, in the order of the files.

    Units: as each column is named.
    """
    return list(checked_export)


def _filled(checked_exports: Sequence[Mapping[str, Any]], signal: str, name: str) -> list[pa.Table]:
    tables = (export[signal][name] for export in checked_exports)
    return [table for table in tables if table.num_rows]


@tag(stage="validation")
def blood_pressure_valid(checked_exports: Sequence[Mapping[str, Any]]) -> list[pa.Table]:
    """Valid readings, a table for each file that has any.

    Units: mmHg, beats per minute.
    """
    return _filled(checked_exports, "blood_pressure", "valid")


@tag(stage="validation")
def heart_rate_valid(
    checked_exports: Sequence[Mapping[str, Any]],
) -> dict[str, list[Mapping[str, Any]]]:
    """Valid samples of each UTC year that has any, a part for each file that has any of them.

    No table is opened: a part is handed on as it is.

    Shape: year -> parts as in `heart_rate_checked`, in the order of the files' hashes.

    Units: beats per minute.
    """
    parts = [pair for export in checked_exports for pair in export["heart_rate"]["years"].items()]
    parts.sort(key=lambda pair: (pair[0], pair[1]["raw_sha256"]))
    return {
        year: [part for _, part in of_year]
        for year, of_year in groupby(parts, key=lambda pair: pair[0])
    }


@tag(stage="validation")
def heart_rate_summaries_valid(checked_exports: Sequence[Mapping[str, Any]]) -> list[pa.Table]:
    """Valid daily summaries of vendors, a table for each file that has any.

    Units: beats per minute.
    """
    return _filled(checked_exports, "heart_rate", "summaries")


@tag(stage="validation")
def sleep_valid(checked_exports: Sequence[Mapping[str, Any]]) -> list[pa.Table]:
    """Valid sessions, a table for each file that has any.

    Units: minutes.
    """
    return _filled(checked_exports, "sleep", "valid")


@tag(stage="validation")
def sleep_stages_valid(checked_exports: Sequence[Mapping[str, Any]]) -> list[pa.Table]:
    """Valid stages, a table for each file that has any.

    Units: minutes.
    """
    return _filled(checked_exports, "sleep", "stages")


@tag(stage="validation")
def annotations_valid(checked_exports: Sequence[Mapping[str, Any]]) -> list[pa.Table]:
    """Valid annotations, a table for each file that has any.

    Units: local dates.
    """
    return _filled(checked_exports, "annotations", "valid")


@tag(stage="validation", target_=...)
@extract_fields(
    {
        "blood_pressure_future_limit": str | None,
        "heart_rate_future_limit": str | None,
        "sleep_future_limit": str | None,
    }
)
def future_limit_utc(
    checked_exports: Sequence[Mapping[str, Any]], as_of_utc: str
) -> dict[str, str | None]:
    """The last instant of each signal that is not in the future.

    None where no record is later, so that what depends on it stays as it is while time goes on.

    Shape: ISO 8601 or None, for each signal.

    Source: `clinical.FUTURE_TOLERANCE_HOURS`.

    Units: an instant, UTC.
    """
    as_of = datetime.fromisoformat(as_of_utc).astimezone(UTC)
    limit = as_of + timedelta(hours=clinical.FUTURE_TOLERANCE_HOURS)
    return {
        f"{signal}_future_limit": limit.isoformat()
        if _is_passed(signal, limit, checked_exports)
        else None
        for signal in ("blood_pressure", "heart_rate", "sleep")
    }


def _is_passed(signal: str, limit: datetime, checked_exports: Sequence[Mapping[str, Any]]) -> bool:
    latest = [export["latest_start_utc"][signal] for export in checked_exports]
    return any(datetime.fromisoformat(moment) > limit for moment in latest if moment)
