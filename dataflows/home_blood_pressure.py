"""Home blood pressure: what every protocol says of every series of readings."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from hamilton.function_modifiers import tag

from dataflows import contracts, home_schemas, records
from dataflows.day_windows import windows_of
from dataflows.guidelines import band_number, category
from dataflows.home_protocols import (
    PROTOCOLS,
    HomeProtocol,
    Mean,
    kept,
    mean_of,
    missing,
    of_part,
    part_mean,
)
from dataflows.home_series import (
    Reading,
    Series,
    cuff_readings,
    days_of,
    series_of,
)
from dataflows.readings_by_part import EVENING, MORNING, PARTS


@tag(stage="merge", rows_by="local_date: period_start..period_end")
def home_blood_pressure(blood_pressure_readings: pa.Table, day_windows: dict[str, str]) -> pa.Table:
    """The mean of every series under every protocol, or what the series lacks for one.

    Cuffless readings are left out. `missing` is null, and the means are not, where the series is
    complete. Under JSH the morning or the evening mean is judged, as `judged_by` says; the mean
    over all is told beside it.

    Shape: `home_schemas.COLUMNS`; series by series, the earliest first, each in the order of
    `home_protocols.PROTOCOLS`.

    Units: mmHg; readings and days.

    Source: the protocols in `home_protocols`, the bands in `guidelines`.
    """
    readings = cuff_readings(blood_pressure_readings, windows_of(day_windows))
    rows = [_row(protocol, series) for series in series_of(readings) for protocol in PROTOCOLS]
    table = records.table_from_rows(home_schemas.COLUMNS, rows)
    return contracts.checked(table, home_schemas.HOME_BLOOD_PRESSURE)


def _row(protocol: HomeProtocol, series: Series) -> dict[str, Any]:
    readings = kept(protocol, series)
    lacks = missing(protocol, series, readings)
    judged = days_of(series.judged)
    return {
        "protocol": protocol.name,
        "guideline": protocol.guideline,
        "period_start": judged[0],
        "period_end": judged[-1],
        "complete": lacks is None,
        "reading_count": len(readings),
        "day_count": len(days_of(readings)),
        "missing": lacks,
        "series_start": series.first_day,
        "morning_reading_count": len(of_part(readings, MORNING)),
        "evening_reading_count": len(of_part(readings, EVENING)),
        **({} if lacks else _judgement(protocol, readings)),
    }


def _judgement(protocol: HomeProtocol, readings: Sequence[Reading]) -> dict[str, Any]:
    mean = mean_of(readings)
    parts = {part: part_mean(protocol, of_part(readings, part)) for part in PARTS}
    means = parts if protocol.judges_parts else {"mean": mean}
    return {
        **_columns(mean, ""),
        **_columns(parts[MORNING], "morning_"),
        **_columns(parts[EVENING], "evening_"),
        **_category(protocol, means),
        "is_high": protocol.high
        and any(protocol.high.is_reached(each.systolic, each.diastolic) for each in means.values()),
    }


def _columns(mean: Mean, part: str) -> dict[str, float]:
    return {
        f"systolic_{part}mean_mmhg": float(mean.systolic),
        f"diastolic_{part}mean_mmhg": float(mean.diastolic),
    }


def _category(protocol: HomeProtocol, means: Mapping[str, Mean]) -> dict[str, str]:
    """The highest category of these means, and which of them have it."""
    if protocol.guideline is None:
        return {}
    places = {
        name: band_number(protocol.guideline, mean.systolic, mean.diastolic)
        for name, mean in means.items()
    }
    deciding = [name for name, place in places.items() if place == max(places.values())]
    mean = means[deciding[0]]
    return {
        "category": category(protocol.guideline, mean.systolic, mean.diastolic),
        "judged_by": "_and_".join(deciding),
    }
