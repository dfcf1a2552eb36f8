"""What the heart rates of a local day come to, by UTC years and then over all of them.

Within a year every day is summed up but those that another year has samples of too. Their samples
are handed on, so that such a day is summed up from all it has.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from dataflows import records
from dataflows.clocks import integers
from dataflows.daily_sums import SCALE, day_groups, in_thousandths
from dataflows.heart_rate_summaries import SOURCE_PRIORITY, SUMMARY_VALUES
from dataflows.heart_rate_years import local_dates_inside
from dataflows.resting_heart_rate import METHOD, lowest_means
from dataflows.text_codes import equals

_FIGURES: Final = pa.schema(
    [
        pa.field("local_date", pa.date32(), nullable=False),
        pa.field("mean", pa.float64(), nullable=False),
        pa.field("min", pa.float64(), nullable=False),
        pa.field("max", pa.float64(), nullable=False),
        pa.field("count", pa.int32(), nullable=False),
        pa.field("rest", pa.float64()),
    ]
)
_LOOSE: Final = ("source", "start_utc", "local_date", "heart_rate_bpm", "kind")
_DAILY: Final = pa.schema(
    [
        pa.field("local_date", pa.date32(), nullable=False),
        pa.field("heart_rate_mean_bpm", pa.float64()),
        pa.field("heart_rate_min_bpm", pa.float64()),
        pa.field("heart_rate_max_bpm", pa.float64()),
        pa.field("heart_rate_sample_count", pa.int32()),
        pa.field("heart_rate_basis", pa.string()),
        pa.field("resting_heart_rate_bpm", pa.float64()),
        pa.field("resting_heart_rate_method", pa.string()),
    ]
)


def days_of_year(samples: pa.Table) -> dict[str, pa.Table]:
    """The figures of the days of one UTC year, and the samples that are needed beside them.

    Args:
        samples: Samples of one year, at least one, ascending in time.

    Shape: `figures`, one row for each day inside of the year; `loose`, the resting heart rates and
    the samples of the other days, in their order.
    """
    year = samples["start_utc"][0].as_py().year
    resting = equals(samples["kind"], "resting")
    inside = local_dates_inside(year, integers(samples["local_date"]))
    figures = _figures(samples.filter(pa.array(~resting)) if resting.any() else samples)
    days = integers(figures["local_date"])
    return {
        "figures": figures.filter(pa.array(local_dates_inside(year, days))),
        "loose": samples.select(_LOOSE).filter(pa.array(resting | ~inside)),
    }


def days_of_years(years: Sequence[Mapping[str, pa.Table]], summaries: pa.Table) -> pa.Table:
    """The figures of all days, from the years' figures, loose samples and vendors' summaries.

    Args:
        years: `days_of_year` of each year, in the order of the years.
        summaries: At most one vendor's summary a day.

    Shape: one row for each local date that anything tells of, ascending.
    """
    if years:
        loose = pa.concat_tables([year["loose"] for year in years]).unify_dictionaries()
    else:
        loose = records.HEART_RATE_SAMPLES.empty_table().select(_LOOSE)
    is_resting = equals(loose["kind"], "resting")
    finished = [year["figures"] for year in years]
    shared = _figures(loose.filter(pa.array(~is_resting)))
    sampled = _by_date(pa.concat_tables([*finished, shared]), _FIGURES.names[1:])
    summed = _by_date(summaries, ["source", *SUMMARY_VALUES])
    vendor = _vendor_resting(loose.filter(pa.array(is_resting)), summed)
    days = sampled.join([summed.drop(columns="source"), vendor], how="outer")
    table = _daily_frame(days.sort_index())
    columns = {name: pa.array(table[name], from_pandas=True) for name in table.columns}
    return records.table_from_columns(_DAILY, columns, len(table))


def _by_date(table: pa.Table, names: Sequence[str]) -> pd.DataFrame:
    """The named columns of a small table, by day since 1970."""
    frame: pd.DataFrame = table.select(list(names)).to_pandas()
    return frame.set_index(pd.Index(integers(table["local_date"]), name="day"))


def _vendor_resting(resting: pa.Table, summaries: pd.DataFrame) -> pd.DataFrame:
    """The vendor's resting heart rate of each day: the preferred source's, its latest."""
    told = _by_date(resting, ["source", "heart_rate_bpm"])
    told.columns = pd.Index(["source", "vendor_bpm"])
    summed = summaries[["source", "resting_heart_rate_bpm"]].dropna()
    summed.columns = told.columns
    told = told.astype({"source": str}).assign(place=range(len(told)))
    summed = summed.astype({"source": str}).assign(place=-1)
    places = {source: place for place, source in enumerate(SOURCE_PRIORITY)}
    both = pd.concat([told, summed])
    both["priority"] = both["source"].map(places).fillna(len(places))
    both = both.sort_values(
        ["priority", "source", "place"], ascending=[True, True, False], kind="stable"
    )
    first = both[~both.index.duplicated()]
    return pd.DataFrame(
        {"vendor_bpm": first["vendor_bpm"], "vendor_method": "vendor:" + first["source"]}
    )


def _figures(samples: pa.Table) -> pa.Table:
    """Mean, lowest, highest and count of the samples of each day, and their lowest mean at rest."""
    days = day_groups(samples["local_date"])
    if not len(days.starts):
        return _FIGURES.empty_table()
    values = days.arranged(in_thousandths(samples["heart_rate_bpm"]))
    instants = days.arranged(integers(samples["start_utc"]))
    counts = np.diff(np.append(days.starts, len(values)))
    columns: dict[str, Any] = {
        "local_date": days.dates,
        "mean": np.add.reduceat(values, days.starts) / (counts * SCALE),
        "min": np.minimum.reduceat(values, days.starts) / SCALE,
        "max": np.maximum.reduceat(values, days.starts) / SCALE,
        "count": counts,
        "rest": lowest_means(instants, values, days.starts) / SCALE,
    }
    return records.table_from_columns(_FIGURES, columns, len(counts))


def _daily_frame(days: pd.DataFrame) -> pd.DataFrame:
    """The columns of the daily table; a summary serves only a day without samples."""
    sampled = days["count"].notna()
    summed = ~sampled & days[list(SUMMARY_VALUES[:3])].notna().any(axis="columns")
    basis = pd.Series(None, index=days.index, dtype=object)
    basis[sampled], basis[summed] = "samples", "vendor_summary"
    method = days["vendor_method"].astype(object)
    derived = days["vendor_bpm"].isna() & days["rest"].notna()
    method[derived] = METHOD
    return pd.DataFrame(
        {
            "local_date": days.index.to_numpy().astype("datetime64[D]"),
            "heart_rate_mean_bpm": days["mean"].where(sampled, days["heart_rate_mean_bpm"]),
            "heart_rate_min_bpm": days["min"].where(sampled, days["heart_rate_min_bpm"]),
            "heart_rate_max_bpm": days["max"].where(sampled, days["heart_rate_max_bpm"]),
            "heart_rate_sample_count": days["count"].astype("Int32"),
            "heart_rate_basis": basis,
            "resting_heart_rate_bpm": days["vendor_bpm"].fillna(days["rest"]),
            "resting_heart_rate_method": method,
        }
    ).reset_index(drop=True)
