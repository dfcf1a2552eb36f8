"""Blood pressure: from parsed readings to what each day says.

Which readings are one and the same is in `blood_pressure_duplicates`; every loser is in
`blood_pressure_shadowed` under its rule.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from hamilton.function_modifiers import extract_fields, tag
from numpy.typing import NDArray

from dataflows import clinical, contracts, records, resolution, schemas
from dataflows.blood_pressure_duplicates import (
    across_sources,
    canonical_order,
    copies_of_cuffless,
    values_of,
    within_source,
)
from dataflows.daily_sums import day_groups, thousandths, thousandths_sums
from dataflows.local_time import normalised_records
from dataflows.measurement import CUFFLESS, is_cuffless
from dataflows.rejection import with_flag
from dataflows.rows import rows_where

SIGNAL: Final = "blood_pressure"
_DAILY: Final = pa.schema(
    [
        pa.field("local_date", pa.date32(), nullable=False),
        pa.field("systolic_mean_mmhg", pa.float64()),
        pa.field("diastolic_mean_mmhg", pa.float64()),
        pa.field("pulse_mean_bpm", pa.float64()),
        pa.field("blood_pressure_reading_count", pa.int32()),
        pa.field("mean_arterial_pressure_mmhg", pa.float64()),
        pa.field("pulse_pressure_mmhg", pa.float64()),
    ]
)


@tag(stage="normalization")
def blood_pressure_normalized(
    blood_pressure_parsed: pa.Table,
    time_evidence: pa.Table,
    home_time_zone: str,
    home_time_zone_source: str,
) -> dict[str, pa.Table]:
    """Readings of one file with instant, offset, zone and local date.

    Shape: `records`, `rejected`.

    Units: mmHg, beats per minute.
    """
    normalised, rejected = normalised_records(
        blood_pressure_parsed,
        records.BLOOD_PRESSURE_READINGS,
        signal=SIGNAL,
        home_time_zone=home_time_zone,
        home_time_zone_source=home_time_zone_source,
        evidence=time_evidence,
    )
    return {"records": normalised, "rejected": rejected}


@tag(stage="validation")
def blood_pressure_checked(
    blood_pressure_normalized: Mapping[str, pa.Table],
) -> dict[str, pa.Table]:
    """Readings of one file that can be true, unusual ones flagged; and the rejected ones.

    Shape: `valid`, `rejected`.

    Units: mmHg, beats per minute.
    """
    valid, rejected = contracts.rejected_by(
        blood_pressure_normalized["records"], schemas.BLOOD_PRESSURE_READINGS, signal=SIGNAL
    )
    return {
        "valid": _flagged(valid),
        "rejected": pa.concat_tables([blood_pressure_normalized["rejected"], rejected]),
    }


def _flagged(readings: pa.Table) -> pa.Table:
    """The readings, with a remark on each that is outside the soft limits."""
    systolic, diastolic, pulse = values_of(readings)
    remarks = {
        "unusual_systolic": _outside(systolic, clinical.SYSTOLIC_SOFT_MMHG),
        "unusual_diastolic": _outside(diastolic, clinical.DIASTOLIC_SOFT_MMHG),
        "unusual_pulse": _outside(pulse, clinical.HEART_RATE_SOFT_BPM),
        "unusual_pulse_pressure": _outside(
            clinical.pulse_pressure(systolic, diastolic), clinical.PULSE_PRESSURE_SOFT_MMHG
        ),
    }
    for flag, rows in remarks.items():
        readings = with_flag(readings, rows, flag)
    return readings


def _outside(values: NDArray[np.float64], limits: clinical.Limits) -> NDArray[np.bool_]:
    return (values < limits.low) | (values > limits.high)


@tag(stage="validation", target_=...)
@extract_fields(
    {
        "blood_pressure_readings": pa.Table,
        "blood_pressure_shadowed": pa.Table,
        "blood_pressure_withdrawn": pa.Table,
    }
)
def blood_pressure_resolved(
    blood_pressure_valid: Sequence[pa.Table],
    exclusions: pa.Table,
    blood_pressure_future_limit: str | None,
) -> dict[str, pa.Table]:
    """Readings of all files, each once, in canonical order; the duplicates; the withdrawn ones.

    Shape: `records.BLOOD_PRESSURE_READINGS`, `records.SHADOWED`, `records.REJECTED`.

    Units: mmHg, beats per minute.
    """
    joined = resolution.concatenated(blood_pressure_valid, records.BLOOD_PRESSURE_READINGS)
    readings, withdrawn = resolution.without_withdrawn(
        joined,
        signal=SIGNAL,
        exclusions=exclusions,
        future_limit=blood_pressure_future_limit,
    )
    readings = readings.take(pa.array(canonical_order(readings)))
    winners, rules = within_source(readings)
    conflicts = winners[rules == resolution.CONFLICT]
    copied = copies_of_cuffless(readings, winners, rules)
    winners, rules = across_sources(readings, winners, rules)
    readings = with_flag(readings, _marked(conflicts, len(winners)), resolution.CONFLICT)
    readings = with_flag(readings, _marked(copied, len(winners)), CUFFLESS)
    lost = winners != np.arange(len(winners))
    losers, kept = np.flatnonzero(lost), np.flatnonzero(~lost)
    resolved = resolution.published(readings, records.BLOOD_PRESSURE_READINGS, kept)
    return {
        "blood_pressure_readings": contracts.checked(resolved, schemas.BLOOD_PRESSURE_READINGS),
        "blood_pressure_shadowed": resolution.shadowed(
            readings, losers, winners[losers], rules[losers], signal=SIGNAL
        ),
        "blood_pressure_withdrawn": withdrawn,
    }


def _marked(rows: resolution.Indices, length: int) -> NDArray[np.bool_]:
    mask = np.zeros(length, np.bool_)
    mask[rows] = True
    return mask


@tag(stage="merge")
def blood_pressure_readings_by_cuff(blood_pressure_readings: pa.Table) -> pa.Table:
    """The kept readings that a cuff measured; what was estimated without one enters no mean.

    Shape: `records.BLOOD_PRESSURE_READINGS`; the very same table if a cuff measured them all.

    Units: mmHg, beats per minute.

    Source: `measurement.CUFFLESS_SOURCES`.
    """
    return rows_where(blood_pressure_readings, ~is_cuffless(blood_pressure_readings))


@tag(stage="merge")
def blood_pressure_readings_without_cuff(blood_pressure_readings: pa.Table) -> pa.Table:
    """The kept readings that were estimated without a cuff: their dates count, their values do not.

    Shape: `records.BLOOD_PRESSURE_READINGS`.

    Units: mmHg, beats per minute.

    Source: `measurement.CUFFLESS_SOURCES`.
    """
    return rows_where(blood_pressure_readings, is_cuffless(blood_pressure_readings))


@tag(stage="merge")
def blood_pressure_daily(
    blood_pressure_readings_by_cuff: pa.Table, blood_pressure_readings_without_cuff: pa.Table
) -> pa.Table:
    """Means of each local day over its kept readings by a cuff, from exact sums.

    Shape: one row for each local date with a reading, ascending; without a figure where a cuff
    measured nothing.

    Units: mmHg, beats per minute.

    Source: `clinical.mean_arterial_pressure`, `clinical.pulse_pressure`.
    """
    readings = blood_pressure_readings_by_cuff
    days = day_groups(readings["local_date"])
    systolic, _ = thousandths_sums(readings["systolic_mmhg"], days)
    diastolic, count = thousandths_sums(readings["diastolic_mmhg"], days)
    pulse, pulse_count = thousandths_sums(readings["pulse_bpm"], days)
    columns = {
        "local_date": days.dates,
        "systolic_mean_mmhg": thousandths(systolic, count),
        "diastolic_mean_mmhg": thousandths(diastolic, count),
        "pulse_mean_bpm": thousandths(pulse, pulse_count),
        "blood_pressure_reading_count": pa.array(count).cast(pa.int32()),
        "mean_arterial_pressure_mmhg": thousandths(
            clinical.mean_arterial_pressure(systolic, diastolic), count
        ),
        "pulse_pressure_mmhg": thousandths(clinical.pulse_pressure(systolic, diastolic), count),
    }
    told = records.table_from_columns(_DAILY, columns, len(count))
    others = day_groups(blood_pressure_readings_without_cuff["local_date"]).dates
    others = others.filter(pc.invert(pc.is_in(others, days.dates)))
    empty = dict.fromkeys(_DAILY.names) | {"local_date": others}
    untold = records.table_from_columns(_DAILY, empty, len(others))
    return pa.concat_tables([told, untold]).sort_by("local_date") if len(others) else told
