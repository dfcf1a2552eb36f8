"""Heart rate: from parsed samples and vendors' summaries to what each day says.

Which samples are duplicates is in `heart_rate_duplicates`, the resting heart rate where no vendor
tells it in `resting_heart_rate`. Unusual rates are kept without a remark, as a sample carries no
flags.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from hamilton.function_modifiers import extract_fields, tag

from dataflows import contracts, heart_rate_duplicates, records, resolution, schemas
from dataflows.clocks import integers
from dataflows.daily_sums import SCALE, DayGroups, day_groups, in_thousandths
from dataflows.local_time import normalised_records, offset_evidence
from dataflows.resting_heart_rate import METHOD, lowest_means
from dataflows.text_codes import equals, ranks_of

SIGNAL: Final = "heart_rate"
SUMMARY_SIGNAL: Final = "heart_rate_summary"
OTHER_SUMMARY: Final = "other_summary_of_day"
# Whose word counts where several vendors tell a day's resting heart rate or summary.
SOURCE_PRIORITY: Final = (
    "mi_fitness",
    "zepp",
    "gadgetbridge",
    "fitbit",
    "oura",
    "withings",
    "apple_health",
    "samsung_health",
    "health_connect",
    "google_fit",
)
_SUMMARY_VALUES: Final = (
    "heart_rate_mean_bpm",
    "heart_rate_min_bpm",
    "heart_rate_max_bpm",
    "resting_heart_rate_bpm",
)

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


@tag(stage="normalization")
def time_evidence(sleep_sessions_parsed: pa.Table, sleep_stages_parsed: pa.Table) -> pa.Table:
    """Offsets that one file records beside its sleep, for its records that carry none.

    Shape: start_utc, utc_offset_minutes.

    Units: minutes, east positive.
    """
    return offset_evidence(sleep_sessions_parsed, sleep_stages_parsed)


@tag(stage="normalization")
def heart_rate_normalized(
    heart_rate_parsed: pa.Table,
    heart_rate_summaries_parsed: pa.Table,
    time_evidence: pa.Table,
    home_time_zone: str,
    home_time_zone_source: str,
) -> dict[str, pa.Table]:
    """Samples and daily summaries of one file with instant, offset, zone and local date.

    Shape: `records`, `summaries`, `rejected`.

    Units: beats per minute.
    """
    home: dict[str, Any] = {
        "home_time_zone": home_time_zone,
        "home_time_zone_source": home_time_zone_source,
        "evidence": time_evidence,
    }
    samples, rejected = normalised_records(
        heart_rate_parsed, records.HEART_RATE_SAMPLES, signal=SIGNAL, **home
    )
    summaries, rejected_summaries = normalised_records(
        heart_rate_summaries_parsed, records.HEART_RATE_SUMMARIES, signal=SUMMARY_SIGNAL, **home
    )
    return {
        "records": samples,
        "summaries": summaries,
        "rejected": pa.concat_tables([rejected, rejected_summaries]),
    }


@tag(stage="validation")
def heart_rate_checked(heart_rate_normalized: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Samples and summaries of one file that can be true, and the rejected ones.

    Shape: `valid`, `summaries`, `rejected`.

    Units: beats per minute.
    """
    valid, rejected = contracts.rejected_by(
        heart_rate_normalized["records"], schemas.HEART_RATE_SAMPLES, signal=SIGNAL
    )
    valid, rejected_resting = _with_checked_resting(valid)
    summaries, rejected_summaries = contracts.rejected_by(
        heart_rate_normalized["summaries"], schemas.HEART_RATE_SUMMARIES, signal=SUMMARY_SIGNAL
    )
    parts = [heart_rate_normalized["rejected"], rejected, rejected_resting, rejected_summaries]
    return {"valid": valid, "summaries": summaries, "rejected": pa.concat_tables(parts)}


def _with_checked_resting(samples: pa.Table) -> tuple[pa.Table, pa.Table]:
    """The samples without resting heart rates that cannot be such, and those."""
    is_resting = equals(samples["kind"], "resting")
    rows = np.flatnonzero(is_resting)
    if not len(rows):
        return samples, records.empty(records.REJECTED)
    resting = samples.take(pa.array(rows))
    valid, rejected = contracts.rejected_by(resting, schemas.RESTING_HEART_RATES, signal=SIGNAL)
    if not rejected.num_rows:
        return samples, rejected
    others = samples.filter(pa.array(~is_resting))
    return pa.concat_tables([others, valid]), rejected


@tag(stage="validation", target_=...)
@extract_fields(
    {
        "heart_rate_samples": pa.Table,
        "heart_rate_shadowed": pa.Table,
        "heart_rate_withdrawn": pa.Table,
    }
)
def heart_rate_resolved(
    heart_rate_valid: Sequence[pa.Table],
    exclusions: pa.Table,
    heart_rate_future_limit: str | None,
) -> dict[str, pa.Table]:
    """Samples of all files, each once, in canonical order; the duplicates; the withdrawn ones.

    Shape: `records.HEART_RATE_SAMPLES`, `records.SHADOWED`, `records.REJECTED`.

    Units: beats per minute.
    """
    samples, withdrawn = resolution.without_withdrawn(
        resolution.concatenated(heart_rate_valid, records.HEART_RATE_SAMPLES),
        signal=SIGNAL,
        exclusions=exclusions,
        future_limit=heart_rate_future_limit,
    )
    found = heart_rate_duplicates.resolved(samples)
    shadowed = resolution.shadowed(samples, found.losers, found.winners, found.rules, signal=SIGNAL)
    kept = resolution.published(samples, records.HEART_RATE_SAMPLES, found.kept)
    return {
        "heart_rate_samples": contracts.checked(kept, schemas.HEART_RATE_SAMPLES),
        "heart_rate_shadowed": shadowed,
        "heart_rate_withdrawn": withdrawn,
    }


@tag(stage="validation", target_=...)
@extract_fields(
    {
        "heart_rate_summaries": pa.Table,
        "heart_rate_summaries_shadowed": pa.Table,
        "heart_rate_summaries_withdrawn": pa.Table,
    }
)
def heart_rate_summaries_resolved(
    heart_rate_summaries_valid: Sequence[pa.Table],
    exclusions: pa.Table,
    heart_rate_future_limit: str | None,
) -> dict[str, pa.Table]:
    """At most one vendor's summary a day; the others, shadowed; the withdrawn ones.

    Of several summaries that of the preferred source stays, Mi Fitness's merge before a single
    device, the later issue before the earlier.

    Shape: `records.HEART_RATE_SUMMARIES`, `records.SHADOWED`, `records.REJECTED`.

    Units: beats per minute.
    """
    joined = resolution.concatenated(heart_rate_summaries_valid, records.HEART_RATE_SUMMARIES)
    summaries, withdrawn = resolution.without_withdrawn(
        joined,
        signal=SUMMARY_SIGNAL,
        exclusions=exclusions,
        future_limit=heart_rate_future_limit,
    )
    winners, rules = _one_a_day(summaries)
    lost = winners != np.arange(len(winners))
    losers, kept = np.flatnonzero(lost), np.flatnonzero(~lost)
    kept = kept[np.argsort(integers(summaries["local_date"])[kept])]
    chosen = resolution.published(summaries, records.HEART_RATE_SUMMARIES, kept)
    return {
        "heart_rate_summaries": contracts.checked(chosen, schemas.HEART_RATE_SUMMARIES),
        "heart_rate_summaries_shadowed": resolution.shadowed(
            summaries, losers, winners[losers], rules[losers], signal=SUMMARY_SIGNAL
        ),
        "heart_rate_summaries_withdrawn": withdrawn,
    }


def _one_a_day(summaries: pa.Table) -> tuple[resolution.Indices, Any]:
    """Winner and rule of each summary among those of its local date."""
    updates = resolution.updates_of(summaries)
    sources, devices = ranks_of(summaries["source"]), ranks_of(summaries["device"])
    values = [summaries[name].to_numpy() for name in _SUMMARY_VALUES]
    is_merged = equals(summaries["device"], heart_rate_duplicates.MERGED_DEVICE)
    winners = resolution.winners_of(
        [integers(summaries["local_date"])],
        [
            resolution.priority_of(summaries["source"], SOURCE_PRIORITY),
            ~is_merged,
            -updates,
            devices,
            *values,
            ranks_of(summaries["raw_sha256"]),
            integers(summaries["raw_row"]),
        ],
    )
    series = (sources == sources[winners]) & (devices == devices[winners])
    equal = series.copy()
    for column in values:
        equal &= (column == column[winners]) | (np.isnan(column) & np.isnan(column[winners]))
    rules = np.full(len(winners), OTHER_SUMMARY, object)
    rules[series] = resolution.CONFLICT
    rules[series & (updates != updates[winners])] = resolution.LATER_ISSUE
    rules[equal] = resolution.SAME_READING
    return winners, rules


@tag(stage="merge")
def heart_rate_daily(heart_rate_samples: pa.Table, heart_rate_summaries: pa.Table) -> pa.Table:
    """Figures of each local day, from its samples or else from a vendor's summary.

    The resting heart rate is the vendor's own; else the lowest mean of 30 minutes; else null.
    Its method says which, and never changes within a day.

    Shape: one row for each local date with a sample, a resting heart rate or a summary, ascending.

    Units: beats per minute.

    Source: `clinical.REST_WINDOW_MINUTES`.
    """
    is_resting = equals(heart_rate_samples["kind"], "resting")
    resting = heart_rate_samples.filter(pa.array(is_resting))
    samples = heart_rate_samples
    if resting.num_rows:
        samples = heart_rate_samples.filter(pa.array(~is_resting))
    summaries = _by_date(heart_rate_summaries, ["source", *_SUMMARY_VALUES])
    vendor = _vendor_resting(resting, summaries)
    days = _sample_days(samples).join([summaries.drop(columns="source"), vendor], how="outer")
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


def _sample_days(samples: pa.Table) -> pd.DataFrame:
    """Mean, lowest, highest and count of the samples of each day, and their lowest mean at rest."""
    days = day_groups(samples["local_date"])
    index = pd.Index(integers(days.dates), name="day")
    if not len(index):
        names = ["mean", "min", "max", "count", "rest"]
        return pd.DataFrame(columns=names, index=index, dtype=np.float64)
    values = days.arranged(in_thousandths(samples["heart_rate_bpm"]))
    counts = np.diff(np.append(days.starts, len(values)))
    return pd.DataFrame(
        {
            "mean": np.add.reduceat(values, days.starts) / (counts * SCALE),
            "min": np.minimum.reduceat(values, days.starts) / SCALE,
            "max": np.maximum.reduceat(values, days.starts) / SCALE,
            "count": counts,
            "rest": _at_rest(samples, values, days),
        },
        index=index,
    )


def _at_rest(samples: pa.Table, values: Any, days: DayGroups) -> Any:
    instants = days.arranged(integers(samples["start_utc"]))
    return lowest_means(instants, values, days.starts) / SCALE


def _daily_frame(days: pd.DataFrame) -> pd.DataFrame:
    """The columns of the daily table; a summary serves only a day without samples."""
    sampled = days["count"].notna()
    summed = ~sampled & days[list(_SUMMARY_VALUES[:3])].notna().any(axis="columns")
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
