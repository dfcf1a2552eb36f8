"""Blood pressure: rejected, flagged, de-duplicated, summed up by day."""

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows import blood_pressure, records
from dataflows.local_time import offset_evidence

NO_EXCLUSIONS = pa.table(
    {
        "raw_sha256": pa.array([], pa.string()),
        "raw_row": pa.array([], pa.int32()),
        "reason": pa.array([], pa.string()),
    }
)
MORNING = datetime(2024, 3, 4, 7, tzinfo=UTC)


def reading(minutes=0, systolic=120, diastolic=80, **more):
    return {
        "source": "omron",
        "raw_sha256": "a" * 64,
        "start_utc": MORNING + timedelta(minutes=minutes),
        "systolic_mmhg": systolic,
        "diastolic_mmhg": diastolic,
    } | more


def parsed(*rows):
    numbered = [{"raw_row": number} | row for number, row in enumerate(rows, 2)]
    return records.table_from_rows(records.PARSED["blood_pressure"], numbered)


def checked(*rows):
    normalised = blood_pressure.blood_pressure_normalized(
        parsed(*rows), offset_evidence(), "Europe/Berlin", "configured"
    )
    return blood_pressure.blood_pressure_checked(normalised)


def resolved(*files, exclusions=NO_EXCLUSIONS, limit=None):
    valid = [checked(*rows)["valid"] for rows in files]
    return blood_pressure.blood_pressure_resolved(valid, exclusions, limit)


def kept(result):
    return [
        (row["systolic_mmhg"], row["diastolic_mmhg"], row["pulse_bpm"])
        for row in result["blood_pressure_readings"].to_pylist()
    ]


def rules(result):
    return [
        (row["raw_row"], row["kept_raw_row"], row["rule"])
        for row in result["blood_pressure_shadowed"].to_pylist()
    ]


def daily(*files):
    readings = resolved(*files)["blood_pressure_readings"]
    by_cuff = blood_pressure.blood_pressure_readings_by_cuff(readings)
    without = blood_pressure.blood_pressure_readings_without_cuff(readings)
    return blood_pressure.blood_pressure_daily(by_cuff, without).to_pylist()


def test_what_was_estimated_without_a_cuff_enters_no_mean_of_a_day():
    by_cuff = reading(systolic=120)
    watch = reading(60, 150, source="samsung_health", flags="cuffless")
    band, later = reading(1440, 150, source="mi_fitness"), reading(2880, 130)
    days = daily([by_cuff, watch, band, later])
    assert [(day["systolic_mean_mmhg"], day["blood_pressure_reading_count"]) for day in days] == [
        (120, 1),
        (None, None),
        (130, 1),
    ]
    assert [day["local_date"] for day in days] == sorted(day["local_date"] for day in days)


def test_readings_that_a_cuff_measured_all_are_handed_on_as_they_are():
    readings = resolved([reading(), reading(5, 130)])["blood_pressure_readings"]
    assert blood_pressure.blood_pressure_readings_by_cuff(readings) is readings


def test_every_row_is_valid_or_rejected():
    result = checked(
        reading(),
        reading(systolic=80, diastolic=130),
        {"systolic_mmhg": 1} | {"source": "omron", "raw_sha256": "a" * 64, "diastolic_mmhg": 2},
    )
    assert result["valid"].num_rows == 1
    assert result["rejected"]["check"].to_pylist() == ["missing_time", "swapped_columns"]


def test_swapped_columns_are_suggested_and_never_swapped():
    result = checked(reading(systolic=80, diastolic=130))
    assert result["valid"].num_rows == 0
    (row,) = result["rejected"].to_pylist()
    assert (row["check"], "swapped" in row["reason"]) == ("swapped_columns", True)


@pytest.mark.parametrize(
    ("row", "flags"),
    [
        (reading(), None),
        (reading(systolic=220, diastolic=130), None),
        (reading(systolic=80, diastolic=40), None),
        (reading(systolic=221, diastolic=130), "unusual_systolic"),
        (reading(systolic=79, diastolic=39), "unusual_diastolic;unusual_systolic"),
        (reading(systolic=141, diastolic=40), "unusual_pulse_pressure"),
        (reading(systolic=120, diastolic=101), "unusual_pulse_pressure"),
        (reading(pulse_bpm=34), "unusual_pulse"),
    ],
)
def test_an_unusual_value_stays_and_is_flagged(row, flags):
    assert checked(row)["valid"]["flags"].to_pylist() == [flags]


def test_the_same_reading_in_two_files_counts_once():
    result = resolved([reading()], [reading(raw_sha256="b" * 64)])
    assert kept(result) == [(120, 80, None)]
    (row,) = result["blood_pressure_shadowed"].to_pylist()
    assert (row["raw_sha256"][0], row["kept_raw_sha256"][0]) == ("b", "a")
    assert row["rule"] == "same_reading"


def test_a_reading_with_a_pulse_stands_before_one_without():
    result = resolved([reading()], [reading(raw_sha256="b" * 64, pulse_bpm=66)])
    assert kept(result) == [(120, 80, 66)]
    assert rules(result) == [(2, 2, "same_reading")]


def test_the_later_issue_of_a_reading_counts():
    early, late = datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 5, 2, tzinfo=UTC)
    result = resolved(
        [reading(systolic=118, updated_utc=early)],
        [reading(systolic=125, updated_utc=late, raw_sha256="b" * 64)],
        [reading(systolic=110, raw_sha256="c" * 64)],
    )
    assert kept(result) == [(125, 80, None)]
    assert [rule for *_, rule in rules(result)] == ["later_issue", "later_issue"]
    assert result["blood_pressure_readings"]["flags"].null_count == 1


def test_values_that_conflict_leave_the_first_one_flagged():
    result = resolved([reading(systolic=125), reading(systolic=118)])
    assert kept(result) == [(118, 80, None)]
    assert rules(result) == [(2, 3, "conflicting_values")]
    assert result["blood_pressure_readings"]["flags"].to_pylist() == ["conflicting_values"]


def test_two_equal_readings_a_minute_apart_are_two():
    assert len(kept(resolved([reading(0), reading(1)]))) == 2


@pytest.mark.parametrize(("minutes", "count"), [(-2, 1), (2, 1), (2.1, 2)])
def test_an_equal_reading_of_another_source_within_two_minutes_is_the_same(minutes, count):
    result = resolved(
        [reading(minutes)], [reading(source="blood_pressure_sheet", raw_sha256="b" * 64)]
    )
    assert len(kept(result)) == count
    assert result["blood_pressure_readings"]["source"].to_pylist().count("blood_pressure_sheet")


def test_a_cuff_renamed_between_two_exports_of_apple_health_is_one():
    old, new = (reading(source="apple_health", device=name) for name in ("my cuff", "cuff"))
    result = resolved([old], [new])
    assert [rule for _, _, rule in rules(result)] == ["same_reading"]


def test_a_reading_without_a_device_is_that_of_an_equal_one_with_a_device():
    named = reading(source="omron", device="HEM-7361T")
    result = resolved([reading(source="omron", device=None)], [named])
    assert result["blood_pressure_readings"]["device"].to_pylist() == ["HEM-7361T"]
    assert [rule for _, _, rule in rules(result)] == ["same_reading"]


def test_readings_of_two_devices_and_another_without_one_stay_two():
    named = [reading(source="omron", device=name) for name in ("upper arm", "wrist")]
    result = resolved([reading(source="omron", device=None)], named)
    assert result["blood_pressure_readings"]["device"].to_pylist() == ["upper arm", "wrist"]


def test_another_value_without_a_device_is_another_reading():
    result = resolved([reading(source="omron", device=None, systolic_mmhg=141.0)],
                      [reading(source="omron", device="HEM-7361T")])  # fmt: skip
    assert result["blood_pressure_readings"].num_rows == 2


def test_a_reading_that_its_app_wrote_into_apple_health_too_is_one():
    copy = reading(source="apple_health", device="OMRON connect", start_utc=MORNING, pulse_bpm=61)
    result = resolved([reading()], [copy])
    assert result["blood_pressure_readings"]["source"].to_pylist() == ["omron"]
    assert [rule for _, _, rule in rules(result)] == ["equal_reading_other_source"]


def test_a_reading_that_carries_no_offset_takes_that_of_its_exports_nearest_record():
    evidence = pa.table({"start_utc": [MORNING], "utc_offset_minutes": [540]})
    evidence = evidence.cast(offset_evidence().schema)
    normalised = blood_pressure.blood_pressure_normalized(
        parsed(reading()), evidence, "Europe/Berlin", "assumed"
    )
    (row,) = normalised["records"].to_pylist()
    assert (row["utc_offset_minutes"], row["time_zone_source"]) == (540, "inferred")


def test_another_value_of_another_source_is_another_reading():
    result = resolved([reading()], [reading(systolic=121, source="blood_pressure_sheet")])
    assert len(kept(result)) == 2


def test_one_reading_stands_for_one_of_each_other_source():
    result = resolved(
        [reading(source="blood_pressure_sheet", raw_sha256="b" * 64)],
        [reading(0.5), reading(1.5)],
        [reading(1, source="mi_fitness", raw_sha256="c" * 64)],
    )
    assert len(kept(result)) == 2
    assert [rule for *_, rule in rules(result)] == ["equal_reading_other_source"] * 2


def test_of_two_equal_readings_the_nearer_one_is_the_one_that_was_copied():
    result = resolved(
        [reading(1, source="blood_pressure_sheet", raw_sha256="b" * 64)],
        [reading(0, raw_row=2), reading(1, raw_row=3)],
    )
    assert result["blood_pressure_shadowed"]["raw_row"].to_pylist() == [3]
    assert len(kept(result)) == 2


def test_what_stands_for_a_shadowed_row_is_kept():
    result = resolved(
        [reading(source="blood_pressure_sheet", raw_sha256="b" * 64)],
        [reading(1), reading(1, raw_sha256="c" * 64)],
    )
    shadowed = result["blood_pressure_shadowed"]
    assert set(shadowed["kept_raw_sha256"].to_pylist()) == {"b" * 64}
    assert sorted(shadowed["rule"].to_pylist()) == ["equal_reading_other_source", "same_reading"]


def test_what_the_owner_excludes_is_withdrawn_with_the_reason():
    wish = pa.table(
        {
            "raw_sha256": ["a" * 64, "f" * 64],
            "raw_row": pa.array([3, 2], pa.int32()),
            "reason": ["cuff slipped", "elsewhere"],
        }
    )
    result = resolved([reading(), reading(5, systolic=170)], exclusions=wish)
    assert kept(result) == [(120, 80, None)]
    (row,) = result["blood_pressure_withdrawn"].to_pylist()
    assert (row["raw_row"], row["check"], row["reason"]) == (
        3,
        "excluded_by_owner",
        "cuff slipped",
    )


def test_excluding_the_kept_reading_brings_its_duplicate_back():
    wish = pa.table(
        {"raw_sha256": ["a" * 64], "raw_row": pa.array([2], pa.int32()), "reason": ["no"]}
    )
    result = resolved([reading()], [reading(raw_sha256="b" * 64)], exclusions=wish)
    assert kept(result) == [(120, 80, None)]
    assert rules(result) == []


def test_a_reading_after_the_limit_is_withdrawn_and_one_at_the_limit_is_not():
    result = resolved([reading(0), reading(1)], limit=MORNING.isoformat())
    assert kept(result) == [(120, 80, None)]
    assert result["blood_pressure_withdrawn"]["check"].to_pylist() == ["future_time"]


def test_no_reading_at_all_gives_empty_tables():
    result = resolved()
    assert result["blood_pressure_readings"].schema == records.BLOOD_PRESSURE_READINGS
    assert daily() == []


def test_a_day_is_the_mean_of_its_readings():
    (day,) = daily([reading(0, 120, 80, pulse_bpm=60), reading(60, 131, 85)])
    assert day == {
        "local_date": date(2024, 3, 4),
        "systolic_mean_mmhg": 125.5,
        "diastolic_mean_mmhg": 82.5,
        "pulse_mean_bpm": 60.0,
        "blood_pressure_reading_count": 2,
        "mean_arterial_pressure_mmhg": pytest.approx((251 + 2 * 165) / 6),
        "pulse_pressure_mmhg": 43.0,
    }


def test_a_day_without_any_pulse_has_none():
    assert daily([reading()])[0]["pulse_mean_bpm"] is None


def test_a_late_evening_belongs_to_its_local_date():
    assert daily([reading(16 * 60 + 30)])[0]["local_date"] == date(2024, 3, 5)


ROWS = st.lists(
    st.builds(
        reading,
        st.integers(0, 12),
        st.sampled_from([118, 120.5]),
        st.sampled_from([70, 80]),
        source=st.sampled_from(["omron", "blood_pressure_sheet", "mi_fitness"]),
        device=st.sampled_from([None, "x"]),
        pulse_bpm=st.sampled_from([None, 60, 61]),
        raw_sha256=st.sampled_from(["a" * 64, "b" * 64]),
        updated_utc=st.sampled_from([None, MORNING]),
    ),
    max_size=12,
)


def shadows_of(result):
    rows = result["blood_pressure_shadowed"].to_pylist()
    return sorted(rows, key=lambda row: (row["raw_sha256"], row["raw_row"]))


def numbered(rows):
    return [row | {"raw_row": number} for number, row in enumerate(rows, 2)]


@settings(max_examples=30, deadline=None)
@given(rows=ROWS, data=st.data())
def test_neither_the_order_of_rows_nor_that_of_files_matters(rows, data):
    rows = numbered(rows)
    shuffled = data.draw(st.permutations(rows))
    cut = data.draw(st.integers(0, len(rows)))
    one = resolved(rows)
    other = resolved(shuffled[cut:], shuffled[:cut])
    assert (
        one["blood_pressure_readings"].to_pylist() == other["blood_pressure_readings"].to_pylist()
    )
    assert shadows_of(one) == shadows_of(other)


@settings(max_examples=25, deadline=None)
@given(rows=ROWS)
def test_every_valid_reading_is_kept_or_shadowed_by_a_kept_one(rows):
    result = resolved(numbered(rows))
    readings, shadows = result["blood_pressure_readings"], result["blood_pressure_shadowed"]
    assert readings.num_rows + shadows.num_rows == len(rows)
    places = set(
        zip(readings["raw_sha256"].to_pylist(), readings["raw_row"].to_pylist(), strict=True)
    )
    assert {(row["kept_raw_sha256"], row["kept_raw_row"]) for row in shadows.to_pylist()} <= places


@settings(max_examples=20, deadline=None)
@given(rows=ROWS, day=st.integers(-3, 3), systolic=st.integers(100, 180))
def test_another_reading_changes_no_other_day(rows, day, systolic):
    rows = numbered(
        [
            row | {"start_utc": row["start_utc"] + timedelta(days=n % 3)}
            for n, row in enumerate(rows)
        ]
    )
    more = reading(day * 1440, systolic, raw_row=99, raw_sha256="c" * 64)
    changed = MORNING.date() + timedelta(days=day)
    before = {row["local_date"]: row for row in daily(rows)}
    after = {row["local_date"]: row for row in daily(rows, [more])}
    assert set(after) - set(before) <= {changed}
    assert all(before[key] == after[key] for key in before if key != changed)


@settings(max_examples=30, deadline=None)
@given(rows=ROWS)
def test_a_week_later_everything_is_a_week_later(rows):
    rows = numbered(rows)
    week = timedelta(days=7)
    later = [row | {"start_utc": row["start_utc"] + week} for row in rows]
    moved = [day | {"local_date": day["local_date"] + week} for day in daily(rows)]
    assert daily(later) == moved


@pytest.mark.parametrize("flagged", ["a", "b"])
def test_a_copy_of_a_reading_without_a_cuff_makes_the_one_that_stays_cuffless(flagged):
    rows = [
        reading(source="samsung_health", device=name, flags="cuffless" if name == flagged else None)
        for name in "ab"
    ]
    other = reading(minutes=9, source="samsung_health", device="a")
    result = resolved([*rows, other])
    assert result["blood_pressure_readings"]["flags"].to_pylist() == ["cuffless", None]
    assert [rule for _, _, rule in rules(result)] == ["same_reading"]
