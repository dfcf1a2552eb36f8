"""Heart rate: rejected, de-duplicated, summed up by day, at rest."""

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows import collection, heart_rate, heart_rate_by_day, records, resolution, rows

NO_EXCLUSIONS = pa.table(
    {
        "raw_sha256": pa.array([], pa.string()),
        "raw_row": pa.array([], pa.int32()),
        "reason": pa.array([], pa.string()),
    }
)
MORNING = datetime(2024, 3, 4, 7, tzinfo=UTC)
EARLY, LATE = datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 5, 2, tzinfo=UTC)


def sample(minutes=0, bpm=60, **more):
    return {
        "source": "mi_fitness",
        "device": None,
        "raw_sha256": "a" * 64,
        "start_utc": MORNING + timedelta(minutes=minutes),
        "heart_rate_bpm": bpm,
        "kind": "sample",
    } | more


def summary(day=date(2024, 3, 4), **more):
    return {
        "source": "mi_fitness",
        "device": "default",
        "raw_sha256": "a" * 64,
        "local_date": day,
    } | more


def numbered(rows):
    return [{"raw_row": number} | row for number, row in enumerate(rows, 2)]


def parsed(kind, rows):
    return records.table_from_rows(records.PARSED[kind], numbered(rows))


def checked(samples=(), summaries=(), evidence=None, source="configured"):
    normalised = heart_rate.heart_rate_normalized(
        parsed("heart_rate", samples),
        parsed("heart_rate_summaries", summaries),
        evidence if evidence is not None else heart_rate.offset_evidence(),
        "Europe/Berlin",
        source,
    )
    return heart_rate.heart_rate_checked(normalised)


def valid_of(result):
    """The valid samples of one file."""
    parts = [part["records"] for part in result["years"].values()]
    return resolution.concatenated(parts, records.HEART_RATE_SAMPLES)


def years_of(*files, exclusions=NO_EXCLUSIONS, limit=None):
    valid = collection.heart_rate_valid([{"heart_rate": checked(rows)} for rows in files])
    return list(heart_rate.heart_rate_year(valid, exclusions, limit))


def resolved(*files, **options):
    years = [heart_rate.heart_rate_year_resolved(year) for year in years_of(*files, **options)]
    samples = [year["records"] for year in heart_rate.heart_rate_samples(years)]
    return {
        "heart_rate_samples": pa.concat_tables(
            [records.empty(records.HEART_RATE_SAMPLES), *samples]
        ).unify_dictionaries(),
        "heart_rate_shadowed": heart_rate.heart_rate_shadowed(years),
        "heart_rate_withdrawn": heart_rate.heart_rate_withdrawn(years),
        "years": years,
    }


def daily(*files, summaries=()):
    samples = heart_rate.heart_rate_samples(resolved(*files)["years"])
    days = [
        heart_rate_by_day.heart_rate_year_days(year, None)
        for year in heart_rate_by_day.heart_rate_year_samples(samples)
    ]
    chosen = heart_rate.heart_rate_summaries_resolved(
        [checked((), summaries)["summaries"]], NO_EXCLUSIONS, None
    )
    figures = heart_rate_by_day.heart_rate_days(days, chosen["heart_rate_summaries"], None)
    return heart_rate_by_day.heart_rate_daily(figures).to_pylist()


def kept(result):
    return result["heart_rate_samples"]["heart_rate_bpm"].to_pylist()


def rules(result):
    return result["heart_rate_shadowed"]["rule"].to_pylist()


@pytest.mark.parametrize(("bpm", "stays"), [(20, True), (250, True), (19.9, False), (251, False)])
def test_a_heart_rate_stays_up_to_its_limits(bpm, stays):
    result = checked([sample(bpm=bpm)])
    assert (valid_of(result).num_rows, result["rejected"].num_rows) == (stays, not stays)


@pytest.mark.parametrize(("bpm", "stays"), [(25, True), (130, True), (24, False), (131, False)])
def test_a_resting_heart_rate_has_narrower_limits(bpm, stays):
    result = checked([sample(bpm=131), sample(1, bpm=bpm, kind="resting")])
    assert (valid_of(result).num_rows, result["rejected"].num_rows) == (1 + stays, not stays)
    assert set(result["rejected"]["check"].to_pylist()) <= {"out_of_range"}


def test_a_summary_beyond_the_limits_is_rejected_under_a_signal_of_its_own():
    result = checked((), [summary(heart_rate_max_bpm=251), summary(heart_rate_max_bpm=250)])
    assert result["summaries"].num_rows == 1
    assert result["rejected"]["signal"].to_pylist() == ["heart_rate_summary"]


def test_an_offset_beside_sleep_places_samples_when_the_home_zone_is_only_assumed():
    night = {
        "source": "mi_fitness",
        "raw_sha256": "a" * 64,
        "raw_row": 2,
        "start_utc": MORNING,
        "utc_offset_minutes": 540,
    }
    sessions = records.table_from_rows(records.PARSED["sleep_sessions"], [night])
    stages = records.empty(records.PARSED["sleep_stages"])
    evidence = heart_rate.time_evidence(sessions, stages)
    row = {"start_utc": MORNING + timedelta(hours=9)}
    valid = valid_of(checked([sample() | row], evidence=evidence, source="assumed"))
    assert valid["time_zone_source"].to_pylist() == ["inferred"]
    assert valid["local_date"].to_pylist() == [date(2024, 3, 5)]


def test_a_table_that_needs_no_change_is_not_copied():
    normalised = heart_rate.heart_rate_normalized(
        parsed("heart_rate", [sample()]).drop_columns("updated_utc"),
        parsed("heart_rate_summaries", []),
        heart_rate.offset_evidence(),
        "UTC",
        "configured",
    )
    part = heart_rate.heart_rate_checked(normalised)["years"]["2024"]
    assert part["records"] is normalised["years"]["2024"]["records"]
    valid = {"2024": [part]}
    (year,) = heart_rate.heart_rate_year(valid, NO_EXCLUSIONS, None)
    samples = heart_rate.heart_rate_year_resolved(year)["samples"]
    assert samples["records"] is part["records"]


def test_the_same_sample_in_two_files_counts_once():
    result = resolved([sample()], [sample(raw_sha256="b" * 64)])
    assert kept(result) == [60]
    (row,) = result["heart_rate_shadowed"].to_pylist()
    assert (row["rule"], row["raw_sha256"][0], row["kept_raw_sha256"][0]) == (
        "same_reading",
        "b",
        "a",
    )


def test_equal_instants_of_mi_fitness_devices_are_one_and_the_merge_stays():
    rows = [sample(bpm=58, device="band.1", updated_utc=LATE), sample(bpm=60, device="default")]
    result = resolved(rows)
    assert (kept(result), rules(result)) == ([60], ["same_instant_other_device"])


def test_equal_instants_of_other_sources_devices_are_two():
    rows = [sample(device="x", source="fitbit"), sample(device="y", source="fitbit")]
    assert kept(resolved(rows)) == [60, 60]


def test_the_later_issue_counts():
    result = resolved([sample(bpm=58, updated_utc=EARLY)], [sample(bpm=70, updated_utc=LATE)])
    assert (kept(result), rules(result)) == ([70], ["later_issue"])


def test_a_manual_measurement_stays_before_a_sample_of_the_same_instant():
    result = resolved([sample(bpm=58), sample(bpm=70, kind="manual")])
    assert (kept(result), rules(result)) == ([70], ["manual_measurement"])


def test_values_that_conflict_leave_the_first():
    result = resolved([sample(bpm=70), sample(bpm=58)])
    assert (kept(result), rules(result)) == ([58], ["conflicting_values"])


def test_an_equal_sample_of_the_same_bands_other_export_is_the_same():
    result = resolved([sample(source="zepp")], [sample(raw_sha256="b" * 64)])
    assert result["heart_rate_samples"]["source"].to_pylist() == ["mi_fitness"]
    assert rules(result) == ["same_instant_other_source"]


def test_what_a_bands_app_wrote_into_apple_health_too_is_the_same():
    result = resolved([sample(source="apple_health", device="Zepp")], [sample(source="zepp")])
    assert result["heart_rate_samples"]["source"].to_pylist() == ["zepp"]
    assert rules(result) == ["same_instant_other_source"]


def test_a_watch_renamed_between_two_exports_of_apple_health_is_one_where_values_are_equal():
    old, new, strap = ({"source": "apple_health", "device": name} for name in "abc")
    result = resolved([sample(**old)], [sample(**new), sample(bpm=61, **strap)])
    assert (kept(result), rules(result)) == ([60, 61], ["same_instant_other_device"])


def test_a_copy_that_another_app_wrote_into_samsung_health_is_one_where_values_are_equal():
    own, copy, strap = ({"source": "samsung_health", "device": name} for name in "abc")
    result = resolved([sample(**own), sample(**copy), sample(bpm=61, **strap)], [sample()])
    assert (kept(result), rules(result)) == ([60, 60, 61], ["same_instant_other_device"])


@pytest.mark.parametrize("others", [{"source": "zepp", "bpm": 61}, {"source": "fitbit", "bpm": 60}])
def test_other_values_and_other_makers_are_kept_beside_each_other(others):
    assert len(kept(resolved([sample()], [sample(**others)]))) == 2


def test_a_resting_heart_rate_never_stands_for_a_sample():
    assert kept(resolved([sample(), sample(kind="resting")])) == [60, 60]


def test_what_stands_for_a_shadowed_sample_is_kept():
    result = resolved(
        [sample(source="zepp"), sample(source="zepp")],
        [sample(device="hlth.1"), sample(device="default")],
    )
    assert len(kept(result)) == 1
    shadows = result["heart_rate_shadowed"].to_pylist()
    assert {(row["kept_raw_sha256"], row["kept_raw_row"]) for row in shadows} == {("a" * 64, 3)}


def test_exclusions_and_the_future_are_withdrawn():
    wish = pa.table(
        {"raw_sha256": ["a" * 64], "raw_row": pa.array([2], pa.int32()), "reason": ["loose"]}
    )
    result = resolved(
        [sample(0, 61), sample(1, 62), sample(2, 63)],
        exclusions=wish,
        limit=(MORNING + timedelta(minutes=1)).isoformat(),
    )
    assert kept(result) == [62]
    assert result["heart_rate_withdrawn"]["check"].to_pylist() == [
        "excluded_by_owner",
        "future_time",
    ]


def test_a_day_counts_samples_and_manual_measurements_but_no_resting_heart_rate():
    (day,) = daily([sample(0, 60), sample(1, 71, kind="manual"), sample(2, 50, kind="resting")])
    assert day == {
        "local_date": date(2024, 3, 4),
        "heart_rate_mean_bpm": 65.5,
        "heart_rate_min_bpm": 60.0,
        "heart_rate_max_bpm": 71.0,
        "heart_rate_sample_count": 2,
        "heart_rate_basis": "samples",
        "resting_heart_rate_bpm": 50.0,
        "resting_heart_rate_method": "vendor:mi_fitness",
    }


def test_a_summary_serves_only_a_day_without_samples():
    figures = {
        "heart_rate_mean_bpm": 70,
        "heart_rate_min_bpm": 50,
        "heart_rate_max_bpm": 110,
        "resting_heart_rate_bpm": 55,
    }
    first, second = daily(
        [sample(bpm=60)],
        summaries=[summary(**figures), summary(date(2024, 3, 5), **figures)],
    )
    assert (first["heart_rate_mean_bpm"], first["heart_rate_basis"]) == (60, "samples")
    assert (first["resting_heart_rate_bpm"], first["heart_rate_sample_count"]) == (55, 1)
    assert (second["heart_rate_mean_bpm"], second["heart_rate_basis"]) == (70, "vendor_summary")
    assert second["heart_rate_sample_count"] is None
    assert second["resting_heart_rate_method"] == "vendor:mi_fitness"


def test_a_day_with_a_resting_heart_rate_alone_has_no_basis():
    (day,) = daily([sample(kind="resting", bpm=52)])
    assert (day["heart_rate_basis"], day["resting_heart_rate_bpm"]) == (None, 52)


@pytest.mark.parametrize(
    ("rows", "resting"),
    [
        ([sample(0, 60), sample(10, 50), sample(20, 55)], 55),
        ([sample(0, 60), sample(9, 50), sample(19, 55)], None),
        ([sample(0, 60), sample(20, 55)], None),
        ([sample(n, 70) for n in range(60)] + [sample(60 + n, 50) for n in range(30)], 50),
        # A sample exactly 30 minutes before is outside.
        ([sample(0, 90), sample(10, 60), sample(20, 60), sample(30, 60)], 60),
    ],
)
def test_without_a_vendors_word_it_is_the_lowest_mean_of_half_an_hour(rows, resting):
    (day,) = daily(rows)
    assert day["resting_heart_rate_bpm"] == resting
    assert day["resting_heart_rate_method"] == (resting and "lowest_30_minute_mean")


def test_half_an_hour_ends_at_midnight():
    midnight = 16 * 60
    rows = [sample(midnight - n, 50) for n in (15, 10, 5)] + [sample(midnight + 5, 50)]
    assert [day["resting_heart_rate_bpm"] for day in daily(rows)] == [None, None]


def test_the_preferred_vendor_tells_the_resting_heart_rate():
    rows = [
        sample(0, 61, kind="resting", source="fitbit"),
        sample(0, 55, kind="resting", source="zepp"),
        sample(9, 57, kind="resting", source="zepp"),
    ]
    (day,) = daily(rows)
    assert (day["resting_heart_rate_bpm"], day["resting_heart_rate_method"]) == (
        57,
        "vendor:zepp",
    )


def test_one_summary_a_day_stays_and_the_others_are_shadowed():
    rows = [
        summary(heart_rate_mean_bpm=70, updated_utc=EARLY),
        summary(heart_rate_mean_bpm=71, updated_utc=LATE),
        summary(heart_rate_mean_bpm=71, updated_utc=LATE),
        summary(heart_rate_mean_bpm=72, source="zepp"),
    ]
    result = heart_rate.heart_rate_summaries_resolved(
        [checked((), rows)["summaries"]], NO_EXCLUSIONS, None
    )
    assert result["heart_rate_summaries"]["raw_row"].to_pylist() == [3]
    shadowed = result["heart_rate_summaries_shadowed"]
    assert shadowed["rule"].to_pylist() == ["later_issue", "same_reading", "other_summary_of_day"]


def test_nothing_gives_empty_tables():
    assert resolved()["heart_rate_samples"].schema == records.HEART_RATE_SAMPLES
    assert daily() == []


ROWS = st.lists(
    st.builds(
        sample,
        st.integers(0, 5).map(lambda number: number * 10),
        st.sampled_from([58, 60.5, 61]),
        source=st.sampled_from(["mi_fitness", "zepp", "apple_health"]),
        device=st.sampled_from([None, "default", "x"]),
        kind=st.sampled_from(["sample", "manual", "resting"]),
        raw_sha256=st.sampled_from(["a" * 64, "b" * 64]),
        updated_utc=st.sampled_from([None, EARLY, LATE]),
    ),
    max_size=14,
).map(numbered)


def shadows_of(result):
    rows = result["heart_rate_shadowed"].to_pylist()
    return sorted(rows, key=lambda row: (row["raw_sha256"], row["raw_row"]))


@settings(max_examples=40, deadline=None)
@given(rows=ROWS, data=st.data())
def test_neither_the_order_of_rows_nor_that_of_files_matters(rows, data):
    shuffled = data.draw(st.permutations(rows))
    cut = data.draw(st.integers(0, len(rows)))
    one, other = resolved(rows), resolved(shuffled[cut:], shuffled[:cut])
    assert one["heart_rate_samples"].to_pylist() == other["heart_rate_samples"].to_pylist()
    assert shadows_of(one) == shadows_of(other)


@settings(max_examples=30, deadline=None)
@given(rows=ROWS)
def test_every_valid_sample_is_kept_or_shadowed_by_a_kept_one(rows):
    result = resolved(rows)
    samples, shadows = result["heart_rate_samples"].to_pylist(), shadows_of(result)
    assert len(samples) + len(shadows) == len(rows)
    places = {(row["raw_sha256"], row["raw_row"]) for row in samples}
    assert {(row["kept_raw_sha256"], row["kept_raw_row"]) for row in shadows} <= places
    assert not places & {(row["raw_sha256"], row["raw_row"]) for row in shadows}


def over_days(rows):
    return [
        row | {"start_utc": row["start_utc"] + timedelta(days=number % 3)}
        for number, row in enumerate(rows)
    ]


@settings(max_examples=20, deadline=None)
@given(rows=ROWS.map(over_days), day=st.integers(-2, 3), bpm=st.floats(30, 200))
def test_another_sample_changes_no_other_day(rows, day, bpm):
    before = {row["local_date"]: row for row in daily(rows)}
    more = sample(day * 1440, bpm, raw_row=99, raw_sha256="c" * 64)
    after = {row["local_date"]: row for row in daily(rows, [more])}
    changed = MORNING.date() + timedelta(days=day)
    assert set(after) - set(before) <= {changed}
    assert all(before[key] == after[key] for key in before if key != changed)


@settings(max_examples=15, deadline=None)
@given(rows=ROWS.map(over_days))
def test_a_week_later_everything_is_a_week_later(rows):
    week = timedelta(days=7)
    later = [row | {"start_utc": row["start_utc"] + week} for row in rows]
    moved = [day | {"local_date": day["local_date"] + week} for day in daily(rows)]
    assert daily(later) == moved


def test_long_runs_of_neighbours_are_taken_in_order_without_a_copy(monkeypatch):
    samples = [sample(minutes, 60 + minutes) for minutes in range(9)]
    early, late = numbered(samples[1:]), [samples[0] | {"raw_sha256": "b" * 64, "raw_row": 2}]
    whole = resolved(early, late)
    monkeypatch.setattr(rows, "LONG_RUN", 3)
    assert resolved(early, late)["heart_rate_samples"].equals(whole["heart_rate_samples"])
    assert kept(whole) == [60 + minutes for minutes in range(9)]
