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
from dataflows.heart_rate_figures import FIGURES, PERCENTILES, ZONES, figures
from dataflows.heart_rate_groups import MEASURED, DaySamples
from dataflows.heart_rate_hours import hours_of
from dataflows.heart_rate_summaries import SOURCE_PRIORITY, SUMMARY_VALUES
from dataflows.heart_rate_years import local_dates_inside
from dataflows.resting_heart_rate import METHOD, NIGHT_METHOD
from dataflows.rows import rows_where
from dataflows.text_codes import equals

_EPOCH: Final = 1970
_LOOSE: Final = ("source", "kind", *MEASURED)

DAYS: Final = pa.schema(
    [
        pa.field("local_date", pa.date32(), nullable=False),
        pa.field("sample_count", pa.int32()),
        pa.field("coverage_minutes", pa.int32()),
        pa.field("heart_rate_min_bpm", pa.float64()),
        *(pa.field(name, pa.float64()) for name in PERCENTILES),
        pa.field("heart_rate_max_bpm", pa.float64()),
        pa.field("heart_rate_mean_bpm", pa.float64()),
        pa.field("heart_rate_basis", pa.string()),
        pa.field("night_minimum_bpm", pa.float64()),
        *(pa.field(name, pa.int32()) for name in ZONES),
        pa.field("resting_heart_rate_bpm", pa.float64()),
        pa.field("resting_heart_rate_method", pa.string()),
    ]
)


def days_of_year(samples: pa.Table, birth_year: int | None) -> dict[str, Any]:
    """The figures of the days of one UTC year, and the samples that are needed beside them.

    Args:
        samples: Samples of one year, ascending in time; none at all where there is no year.
        birth_year: For zones of effort; None for none.

    Shape: `year`; `figures`, one row for each day inside of the year; `hours`, a mapping that holds
    the `records` of the hours of these days; `loose`, the resting heart rates and the samples of
    the other days, in their order.
    """
    year = samples["start_utc"][0].as_py().year if samples.num_rows else _EPOCH
    resting = equals(samples["kind"], "resting")
    inside = local_dates_inside(year, integers(samples["local_date"]))
    days = DaySamples.of(rows_where(samples.select(MEASURED), inside & ~resting))
    return {
        "year": year,
        "figures": figures(days, birth_year),
        "hours": {"records": hours_of(days)},
        "loose": rows_where(samples.select(_LOOSE), resting | ~inside),
    }


def days_of_years(
    years: Sequence[Mapping[str, Any]], summaries: pa.Table, birth_year: int | None
) -> pa.Table:
    """The figures of all days, from the years' figures, loose samples and vendors' summaries.

    Args:
        years: `days_of_year` of each year, in the order of the years.
        summaries: At most one vendor's summary a day.
        birth_year: For zones of effort; None for none.

    Shape: `DAYS`, one row for each local date that anything tells of, ascending.
    """
    loose = _loose(years)
    is_resting = equals(loose["kind"], "resting")
    finished = [year["figures"] for year in years]
    shared = figures(DaySamples.of(loose.filter(pa.array(~is_resting))), birth_year)
    sampled = _by_date(pa.concat_tables([*finished, shared]), FIGURES.names[1:])
    summed = _by_date(summaries, ["source", *SUMMARY_VALUES]).add_prefix("told_")
    vendor = _vendor_resting(loose.filter(pa.array(is_resting)), summed)
    days = sampled.join([summed.drop(columns="told_source"), vendor], how="outer")
    table = _days_frame(days.sort_index())
    columns = {name: pa.array(table[name], from_pandas=True) for name in table.columns}
    return records.table_from_columns(DAYS, columns, len(table))


def hours_of_years(years: Sequence[Mapping[str, Any]]) -> list[Mapping[str, pa.Table]]:
    """The hours of all days: those of each year, and between them those of days that two share.

    Args:
        years: `days_of_year` of each year, in the order of the years.

    Shape: mappings that hold `records`; those of years are handed on unopened.
    """
    loose = _loose(years)
    shared = hours_of(DaySamples.of(loose.filter(pa.array(~equals(loose["kind"], "resting")))))
    # A day later, the last day of a year is in the next one, as is the first of that.
    turns = (integers(shared["local_date"]) + 1).astype("M8[D]").astype("M8[Y]").astype(int) + 1970
    parts = {(int(turn), 0): {"records": shared.filter(turns == turn)} for turn in np.unique(turns)}
    parts |= {(year["year"], 1): year["hours"] for year in years}
    return [parts[place] for place in sorted(parts)]


def _loose(years: Sequence[Mapping[str, Any]]) -> pa.Table:
    """The loose samples of all years, ascending in time."""
    none = records.HEART_RATE_SAMPLES.empty_table().select(_LOOSE)
    return pa.concat_tables([none, *(year["loose"] for year in years)]).unify_dictionaries()


def _by_date(table: pa.Table, names: Sequence[str]) -> pd.DataFrame:
    """The named columns of a small table, by day since 1970."""
    frame: pd.DataFrame = table.select(list(names)).to_pandas()
    return frame.set_index(pd.Index(integers(table["local_date"]), name="day"))


def _vendor_resting(resting: pa.Table, summaries: pd.DataFrame) -> pd.DataFrame:
    """The vendor's resting heart rate of each day: the preferred source's, its latest."""
    told = _by_date(resting, ["source", "heart_rate_bpm"])
    told.columns = pd.Index(["source", "vendor_bpm"])
    summed = summaries[["told_source", "told_resting_heart_rate_bpm"]].dropna()
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


def _days_frame(days: pd.DataFrame) -> pd.DataFrame:
    """The columns of `DAYS`; a summary serves only a day without samples."""
    sampled = days["sample_count"].notna()
    told = [f"told_{name}" for name in SUMMARY_VALUES[:3]]
    summed = ~sampled & days[told].notna().any(axis="columns")
    basis = pd.Series(None, index=days.index, dtype=object)
    basis[sampled], basis[summed] = "samples", "vendor_summary"
    resting, method = days["vendor_bpm"], days["vendor_method"].astype(object)
    for name, derived in (("lowest_mean_bpm", METHOD), ("night_5th_bpm", NIGHT_METHOD)):
        method = method.mask(resting.isna() & days[name].notna(), derived)
        resting = resting.fillna(days[name])
    counts = ["sample_count", "coverage_minutes", *ZONES]
    return (
        days.assign(
            local_date=days.index.to_numpy().astype("datetime64[D]"),
            heart_rate_basis=basis,
            resting_heart_rate_bpm=resting,
            resting_heart_rate_method=method,
            **{
                name: days[name].where(sampled, days[f"told_{name}"]) for name in SUMMARY_VALUES[:3]
            },
            **{name: days[name].astype("Int32") for name in counts},
        )
        .reset_index(drop=True)
        .filter(DAYS.names)
    )
