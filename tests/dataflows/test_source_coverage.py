"""Which source tells of which days."""

from collections import Counter
from datetime import timedelta

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows import records
from dataflows.coverage import COUNTS, counts_of
from dataflows.source_coverage import source_coverage
from tests.dataflows.reading_examples import DAY, reading, table

NO_SUMMARIES = records.HEART_RATE_SUMMARIES.empty_table()
NO_SLEEP = records.SLEEP_SESSIONS.empty_table()


def beats(*places):
    """The result of one year: (days after `DAY`, device) of each sample."""
    rows = [
        {
            "source": "zepp",
            "device": device,
            "local_date": DAY + timedelta(days=day),
            "raw_sha256": "a" * 64,
            "raw_row": 2,
        }
        for day, device in places
    ]
    names = ("source", "device", "local_date")
    schema = pa.schema([records.HEART_RATE_SAMPLES.field(name) for name in names])
    told = [{name: row[name] for name in names} for row in rows]
    return {"coverage": counts_of(pa.Table.from_pylist(told, schema))}


def coverage(readings=(), years=(), summaries=NO_SUMMARIES):
    return source_coverage(table(*readings), list(years), summaries, NO_SLEEP).to_pylist()


def test_days_and_records_of_a_source():
    (found,) = coverage([reading(0), reading(0, "20:00"), reading(3), reading(9)])
    assert found == {
        "signal": "blood_pressure",
        "source": "omron",
        "device": None,
        "first_date": DAY,
        "last_date": DAY + timedelta(days=9),
        "day_count": 3,
        "record_count": 4,
        "share_of_days": 0.3,
    }


def test_each_signal_source_and_device_is_a_row_in_their_order():
    found = coverage(
        [reading(), reading(source="apple_health")],
        [beats((0, "b"), (0, None), (1, "a"))],
    )
    assert [(row["signal"], row["source"], row["device"]) for row in found] == [
        ("blood_pressure", "apple_health", None),
        ("blood_pressure", "omron", None),
        ("heart_rate", "zepp", None),
        ("heart_rate", "zepp", "a"),
        ("heart_rate", "zepp", "b"),
    ]


def test_a_date_that_two_years_tell_of_is_one_day():
    (found,) = coverage(years=[beats((0, "a"), (1, "a")), beats((1, "a"), (1, "a"), (2, "a"))])
    assert (found["day_count"], found["record_count"], found["share_of_days"]) == (3, 5, 1)


def test_summaries_of_a_vendor_are_told_apart_from_samples():
    names = ("source", "device", "local_date")
    told = table(reading(source="fitbit"), reading(1, source="fitbit")).select(names)
    (found,) = coverage(summaries=told)
    assert (found["signal"], found["day_count"]) == ("heart_rate_summary", 2)


def test_without_a_record_there_is_no_row():
    assert coverage() == coverage(years=[beats()]) == []
    assert counts_of(table()).schema == COUNTS


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.builds(
            reading,
            st.integers(-400, 400),
            source=st.sampled_from(["omron", "zepp", "withings"]),
            device=st.sampled_from([None, "a", "b"]),
        ),
        max_size=30,
    )
)
def test_every_record_is_counted_once(rows):
    counted = {
        (row["source"], row["device"], row["local_date"]): row["record_count"]
        for row in counts_of(table(*rows)).to_pylist()
    }
    assert counted == Counter((row["source"], row.get("device"), row["local_date"]) for row in rows)
    assert sum(row["record_count"] for row in coverage(rows)) == len(rows)
