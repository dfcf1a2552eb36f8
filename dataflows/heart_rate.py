"""Heart rate: from parsed samples and vendors' summaries to what each day says.

Samples go their way by UTC years, so that a new file costs the years that it tells of. What is
handed on between nodes is mostly a mapping with a table in it: passed on unopened, it costs
nothing.

Which samples are duplicates is in `heart_rate_duplicates`, what a day's samples come to in
`heart_rate_days`. Unusual rates are kept without a remark, as a sample carries no flags.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from hamilton.function_modifiers import extract_fields, tag
from hamilton.htypes import Collect, Parallelizable

from dataflows import contracts, heart_rate_duplicates, records, resolution, schemas
from dataflows.clocks import integers
from dataflows.coverage import counts_of
from dataflows.heart_rate_summaries import one_a_day
from dataflows.heart_rate_years import by_year, is_over
from dataflows.local_time import normalised_records, offset_evidence
from dataflows.text_codes import equals

SIGNAL: Final = "heart_rate"
SUMMARY_SIGNAL: Final = "heart_rate_summary"


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
) -> dict[str, Any]:
    """Samples and daily summaries of one file with instant, offset, zone and local date.

    Shape: `years`, UTC year -> `records`; `summaries`; `rejected`.

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
        "years": {year: {"records": table} for year, table in by_year(samples).items()},
        "summaries": summaries,
        "rejected": pa.concat_tables([rejected, rejected_summaries]),
    }


@tag(stage="validation")
def heart_rate_checked(heart_rate_normalized: Mapping[str, Any]) -> dict[str, Any]:
    """Samples and summaries of one file that can be true, and the rejected ones.

    Shape: `years`, UTC year -> a part: `records`, their `count`, the file's `raw_sha256` and
    `raw_rows`, the first and the last row; `summaries`; `rejected`.

    Units: beats per minute; rows.
    """
    years: dict[str, dict[str, Any]] = {}
    rejected = [heart_rate_normalized["rejected"]]
    for year, part in heart_rate_normalized["years"].items():
        valid, impossible = _checked_samples(part["records"])
        rejected.append(impossible)
        if valid.num_rows:
            years[year] = _part(valid)
    summaries, impossible = contracts.rejected_by(
        heart_rate_normalized["summaries"], schemas.HEART_RATE_SUMMARIES, signal=SUMMARY_SIGNAL
    )
    rejected.append(impossible)
    return {"years": years, "summaries": summaries, "rejected": pa.concat_tables(rejected)}


def _part(samples: pa.Table) -> dict[str, Any]:
    """The samples that one file has of one year, with what can be told without opening them."""
    rows = pc.min_max(samples["raw_row"]).as_py()
    return {
        "raw_sha256": samples["raw_sha256"][0].as_py(),
        "raw_rows": [rows["min"], rows["max"]],
        "count": samples.num_rows,
        "records": samples,
    }


def _checked_samples(samples: pa.Table) -> tuple[pa.Table, pa.Table]:
    valid, rejected = contracts.rejected_by(samples, schemas.HEART_RATE_SAMPLES, signal=SIGNAL)
    valid, rejected_resting = _with_checked_resting(valid)
    return valid, pa.concat_tables([rejected, rejected_resting])


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


@tag(stage="validation")
def heart_rate_year(
    heart_rate_valid: Mapping[str, Sequence[Mapping[str, Any]]],
    exclusions: pa.Table,
    heart_rate_future_limit: str | None,
) -> Parallelizable[dict[str, Any]]:
    """One UTC year of samples of all files, with what of the owner's wishes may concern it.

    Shape: `year`; `parts`, as in `heart_rate_checked`; `exclusions`, rows of that table;
    `future_limit`, None if the year ends before it.

    Units: beats per minute.
    """
    wishes = exclusions.to_pylist()
    for year, parts in heart_rate_valid.items():
        yield {
            "year": year,
            "parts": parts,
            "exclusions": [wish for wish in wishes if any(_may_hold(part, wish) for part in parts)],
            "future_limit": _limit_of(year, heart_rate_future_limit),
        }


def _may_hold(part: Mapping[str, Any], wish: Mapping[str, Any]) -> bool:
    first, last = part["raw_rows"]
    return bool(part["raw_sha256"] == wish["raw_sha256"] and first <= wish["raw_row"] <= last)


def _limit_of(year: str, limit: str | None) -> str | None:
    return None if limit is None or is_over(year, datetime.fromisoformat(limit)) else limit


@tag(stage="validation")
def heart_rate_year_resolved(heart_rate_year: Mapping[str, Any]) -> dict[str, Any]:
    """Samples of one UTC year, each once, in canonical order; the duplicates; the withdrawn ones.

    Shape: `samples`, a mapping that holds `records` (`records.HEART_RATE_SAMPLES`), and their
    `count`; `coverage`, counts by source, device and date (`coverage.COUNTS`); `shadowed`
    (`records.SHADOWED`); `withdrawn` (`records.REJECTED`).

    Units: beats per minute; rows.
    """
    parts = [part["records"] for part in heart_rate_year["parts"]]
    samples, withdrawn = resolution.without_withdrawn(
        resolution.concatenated(parts, records.HEART_RATE_SAMPLES),
        signal=SIGNAL,
        exclusions=records.table_from_rows(resolution.EXCLUSIONS, heart_rate_year["exclusions"]),
        future_limit=heart_rate_year["future_limit"],
    )
    found = heart_rate_duplicates.resolved(samples)
    shadowed = resolution.shadowed(samples, found.losers, found.winners, found.rules, signal=SIGNAL)
    kept = resolution.published(samples, records.HEART_RATE_SAMPLES, found.kept)
    return {
        "samples": {"records": contracts.checked(kept, schemas.HEART_RATE_SAMPLES)},
        "count": kept.num_rows,
        "coverage": counts_of(kept),
        "shadowed": shadowed,
        "withdrawn": withdrawn,
    }


@tag(stage="validation")
def heart_rate_years_resolved(
    heart_rate_year_resolved: Collect[dict[str, Any]],
) -> list[dict[str, Any]]:
    """What came of each UTC year, in the order of the years.

    Units: beats per minute; rows.
    """
    return list(heart_rate_year_resolved)


@tag(stage="validation")
def heart_rate_samples(
    heart_rate_years_resolved: Sequence[Mapping[str, Any]],
) -> list[Mapping[str, pa.Table]]:
    """Samples of all files, each once, in canonical order: a mapping for each UTC year with any.

    Shape: `records` in each (`records.HEART_RATE_SAMPLES`); where there is no sample at all, one
    mapping without rows, since an output is a table.

    Units: beats per minute.
    """
    found = [year["samples"] for year in heart_rate_years_resolved if year["count"]]
    return found or [{"records": records.HEART_RATE_SAMPLES.empty_table()}]


@tag(stage="validation")
def heart_rate_shadowed(heart_rate_years_resolved: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Samples that say what another says, in canonical order.

    Shape: `records.SHADOWED`.

    Units: rows.
    """
    return _concatenated(heart_rate_years_resolved, "shadowed", records.SHADOWED)


@tag(stage="validation")
def heart_rate_withdrawn(heart_rate_years_resolved: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Samples that the owner excluded, or that lie in the future.

    Shape: `records.REJECTED`.

    Units: rows.
    """
    return _concatenated(heart_rate_years_resolved, "withdrawn", records.REJECTED)


def _concatenated(years: Sequence[Mapping[str, Any]], name: str, schema: pa.Schema) -> pa.Table:
    tables = [schema.empty_table(), *(year[name] for year in years)]
    return pa.concat_tables(tables).unify_dictionaries()


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
    winners, rules = one_a_day(summaries)
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
