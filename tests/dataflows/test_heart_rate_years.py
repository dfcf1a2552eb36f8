"""Heart rates by UTC years come to what they would come to all at once."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows import collection, heart_rate, heart_rate_duplicates, records, resolution
from dataflows.heart_rate_days import days_of_year, days_of_years
from dataflows.heart_rate_years import by_year, is_over, local_dates_inside

NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)
NO_SUMMARIES = records.empty(records.HEART_RATE_SUMMARIES)


def sample(minutes, bpm=60, offset=0, number=2, **more):
    start = NEW_YEAR + timedelta(minutes=minutes)
    return {
        "source": "mi_fitness",
        "device": None,
        "start_utc": start,
        "utc_offset_minutes": offset,
        "time_zone_source": "recorded",
        "local_date": (start + timedelta(minutes=offset)).date(),
        "raw_sha256": "a" * 64,
        "raw_row": number,
        "heart_rate_bpm": float(bpm),
        "kind": "sample",
    } | more


def table_of(rows):
    return records.table_from_rows(records.HEART_RATE_SAMPLES, rows)


def daily(samples):
    years = [days_of_year(table, None) for table in by_year(samples).values()]
    return days_of_years(years, NO_SUMMARIES, None).to_pylist()


def part(*rows):
    table = table_of(rows)
    numbers = table["raw_row"].to_pylist()
    return {
        "raw_sha256": rows[0]["raw_sha256"],
        "raw_rows": [min(numbers), max(numbers)],
        "count": len(rows),
        "records": table,
    }


def wishes(*places):
    return pa.Table.from_pylist(
        [{"raw_sha256": sha256, "raw_row": row, "reason": "loose"} for sha256, row in places],
        resolution.EXCLUSIONS,
    )


def test_each_row_is_in_its_utc_year_as_it_stood():
    rows = [sample(1, 61), sample(-1, 62), sample(2, 63), sample(366 * 1440, 64)]
    years = by_year(table_of(rows))
    found = {year: table["heart_rate_bpm"].to_pylist() for year, table in years.items()}
    assert found == {"2023": [62], "2024": [61, 63], "2025": [64]}


def test_one_year_alone_is_the_very_same_table():
    table = table_of([sample(1), sample(2)])
    assert by_year(table)["2024"] is table
    assert by_year(table.slice(0, 0)) == {}


def test_years_that_no_clock_can_mean_are_put_together():
    moments = [datetime(1970, 1, 1, tzinfo=UTC), NEW_YEAR, datetime(2262, 1, 1, tzinfo=UTC)]
    years = by_year(table_of([sample(0, start_utc=moment) for moment in moments]))
    assert list(years) == ["1999", "2024", "2100"]


@pytest.mark.parametrize(
    ("day", "inside"),
    [
        (date(2023, 12, 31), False),
        (date(2024, 1, 1), False),
        (date(2024, 1, 2), True),
        (date(2024, 12, 30), True),
        (date(2024, 12, 31), False),
        (date(2025, 1, 1), False),
    ],
)
def test_days_at_the_edges_of_a_year_are_shared(day, inside):
    days = np.array([(day - date(1970, 1, 1)).days])
    assert local_dates_inside(2024, days).tolist() == [inside]


SAMPLES = st.lists(
    st.builds(
        sample,
        st.integers(-60, 60).map(lambda number: number * 9)
        | st.integers(-3, 3).map(lambda day: day * 1440),
        st.sampled_from([50, 57.5, 61, 90]),
        st.sampled_from([-720, -300, 0, 60, 840]),
        kind=st.sampled_from(["sample", "sample", "manual", "resting"]),
        source=st.sampled_from(["mi_fitness", "zepp"]),
    ),
    max_size=40,
)


def resting_mean(day):
    """The lowest mean of half an hour of one day's samples, one window after the other."""
    means = []
    for last in range(len(day)):
        end = day[last]["start_utc"]
        window = [row for row in day[: last + 1] if end - row["start_utc"] < timedelta(minutes=30)]
        covered = end - window[0]["start_utc"] >= timedelta(minutes=20)
        if covered and len(window) >= 3:
            means.append(Fraction(sum(row["heart_rate_bpm"] for row in window)) / len(window))
    return float(min(means)) if means else None


def night_percentile(day):
    """The 5th percentile of one day's samples before six on the wall clock."""
    walls = [row["start_utc"] + timedelta(minutes=row["utc_offset_minutes"]) for row in day]
    night = [row for row, wall in zip(day, walls, strict=True) if wall.hour < 6]
    if len(night) < 6 or night[-1]["start_utc"] - night[0]["start_utc"] < timedelta(hours=3):
        return None
    return float(np.percentile([row["heart_rate_bpm"] for row in night], 5))


@settings(max_examples=60, deadline=None)
@given(rows=SAMPLES)
def test_local_days_across_a_new_year_hold_all_their_samples(rows):
    rows.sort(key=lambda row: row["start_utc"])
    expected = {}
    for row in rows:
        expected.setdefault(row["local_date"], []).append(row)
    days = daily(table_of(rows))
    assert [day["local_date"] for day in days] == sorted(expected)
    found = {day["local_date"]: day for day in days}
    for day, of_day in expected.items():
        measured = [row for row in of_day if row["kind"] != "resting"]
        values = [row["heart_rate_bpm"] for row in measured]
        assert found[day]["sample_count"] == (len(values) or None)
        assert found[day]["heart_rate_min_bpm"] == min(values, default=None)
        assert found[day]["heart_rate_max_bpm"] == max(values, default=None)
        if values:
            assert found[day]["heart_rate_mean_bpm"] == pytest.approx(sum(values) / len(values))
        told = [row for row in of_day if row["kind"] == "resting"]
        best = [row for row in told if row["source"] == "mi_fitness"] or told
        wanted = best[-1]["heart_rate_bpm"] if best else resting_mean(measured)
        wanted = night_percentile(measured) if wanted is None else wanted
        assert found[day]["resting_heart_rate_bpm"] == pytest.approx(wanted)


TIES = st.lists(
    st.builds(
        sample,
        st.sampled_from([-525_600, -1, 0, 0, 1, 527_040]),
        st.sampled_from([60, 61]),
        kind=st.sampled_from(["sample", "manual", "resting"]),
        source=st.sampled_from(["mi_fitness", "zepp", "fitbit"]),
        device=st.sampled_from([None, "default", "x"]),
    ),
    max_size=24,
).map(lambda rows: [row | {"raw_row": number} for number, row in enumerate(rows, 2)])


@settings(max_examples=60, deadline=None)
@given(rows=TIES)
def test_duplicates_are_the_same_year_by_year_as_all_at_once(rows):
    samples = table_of(rows)
    valid = collection.heart_rate_valid(
        [
            {"heart_rate": {"years": {year: part(*table.to_pylist())}}}
            for year, table in by_year(samples).items()
        ]
    )
    years = [
        heart_rate.heart_rate_year_resolved(year)
        for year in heart_rate.heart_rate_year(valid, wishes(), None)
    ]
    found = heart_rate_duplicates.resolved(samples)
    at_once = resolution.published(samples, records.HEART_RATE_SAMPLES, found.kept)
    assert [
        row for year in heart_rate.heart_rate_samples(years) for row in year["records"].to_pylist()
    ] == at_once.to_pylist()
    shadowed = resolution.shadowed(
        samples, found.losers, found.winners, found.rules, signal="heart_rate"
    )
    assert heart_rate.heart_rate_shadowed(years).to_pylist() == shadowed.to_pylist()


def test_a_part_is_handed_on_as_it_is():
    own, other = part(sample(0)), part(sample(0, raw_sha256="b" * 64))
    exports = [
        {"heart_rate": {"years": {"2024": other}}},
        {"heart_rate": {"years": {}}},
        {"heart_rate": {"years": {"2024": own, "2023": own}}},
    ]
    valid = collection.heart_rate_valid(exports)
    assert list(valid) == ["2023", "2024"]
    assert valid["2024"][0] is own
    assert valid["2024"][1] is other
    years = [
        heart_rate.heart_rate_year_resolved(
            {
                "year": "2024",
                "parts": [own],
                "exclusions": [],
                "future_limit": None,
            }
        )
    ]
    assert heart_rate.heart_rate_samples(years)[0] is years[0]["samples"]


def test_a_wish_concerns_only_the_years_that_may_hold_its_row():
    valid = {
        "2023": [part(sample(-2, number=2), sample(-1, number=9))],
        "2024": [part(sample(0, number=10), sample(1, number=20))],
    }
    places = [("a" * 64, 9), ("a" * 64, 21), ("b" * 64, 10)]
    first, second = heart_rate.heart_rate_year(valid, wishes(*places), None)
    assert [wish["raw_row"] for wish in first["exclusions"]] == [9]
    assert second["exclusions"] == []
    result = heart_rate.heart_rate_year_resolved(first)
    assert (result["count"], result["withdrawn"]["check"].to_pylist()) == (1, ["excluded_by_owner"])


def test_the_limit_of_the_future_concerns_no_year_before_it():
    valid = {"2023": [part(sample(-1))], "2024": [part(sample(0), sample(9))]}
    limit = (NEW_YEAR + timedelta(minutes=5)).isoformat()
    first, second = heart_rate.heart_rate_year(valid, wishes(), limit)
    assert (first["future_limit"], second["future_limit"]) == (None, limit)
    assert heart_rate.heart_rate_year_resolved(second)["count"] == 1
    assert not is_over("2100", datetime(2150, 1, 1, tzinfo=UTC))


def test_a_year_without_a_sample_that_stays_is_none():
    valid = {"2024": [part(sample(0))]}
    (year,) = heart_rate.heart_rate_year(valid, wishes(("a" * 64, 2)), None)
    (none,) = heart_rate.heart_rate_samples([heart_rate.heart_rate_year_resolved(year)])
    assert none["records"].num_rows == 0
