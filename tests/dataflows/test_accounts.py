"""From single files to books that balance."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows import (
    accounts,
    annotations,
    blood_pressure,
    collection,
    heart_rate,
    records,
    sleep,
)
from dataflows.accounts import BooksError
from dataflows.exports.export_file import parsed_export

AS_OF = "2024-03-10T00:00:00Z"
MORNING = datetime(2024, 3, 4, 7, tzinfo=UTC)


def wishes(*places):
    return pa.table(
        {
            "raw_sha256": pa.array([sha256 for sha256, _ in places], pa.string()),
            "raw_row": pa.array([row for _, row in places], pa.int32()),
            "reason": pa.array(["a wish"] * len(places), pa.string()),
        }
    )


def origin(row, sha256="a" * 64, minutes=0):
    return {
        "source": "mi_fitness",
        "raw_sha256": sha256,
        "raw_row": row,
        "start_utc": MORNING + timedelta(minutes=minutes),
    }


def checked_export(**rows):
    """What becomes of a file with these rows in its parsed tables."""
    tables = {
        name: records.table_from_rows(records.PARSED[name], found) for name, found in rows.items()
    }
    parsed = parsed_export(tables, source="mi_fitness")
    home = ("Europe/Berlin", "configured")
    evidence = heart_rate.time_evidence(parsed["sleep_sessions"], parsed["sleep_stages"])
    return collection.checked_export(
        parsed["report"],
        parsed["rejected"],
        blood_pressure.blood_pressure_checked(
            blood_pressure.blood_pressure_normalized(parsed["blood_pressure"], evidence, *home)
        ),
        heart_rate.heart_rate_checked(
            heart_rate.heart_rate_normalized(
                parsed["heart_rate"], parsed["heart_rate_summaries"], evidence, *home
            )
        ),
        sleep.sleep_checked(
            sleep.sleep_normalized(parsed["sleep_sessions"], parsed["sleep_stages"], *home)
        ),
        annotations.annotations_checked(parsed["annotations"]),
    )


def outcome(*exports, exclusions=None, as_of=AS_OF):
    exclusions = wishes() if exclusions is None else exclusions
    limits = collection.future_limit_utc(exports, as_of)
    years = [
        heart_rate.heart_rate_year_resolved(year)
        for year in heart_rate.heart_rate_year(
            collection.heart_rate_valid(exports), exclusions, limits["heart_rate_future_limit"]
        )
    ]
    return {
        "heart_rate_years_resolved": years,
        "heart_rate_shadowed": heart_rate.heart_rate_shadowed(years),
        "heart_rate_withdrawn": heart_rate.heart_rate_withdrawn(years),
        **blood_pressure.blood_pressure_resolved(
            collection.blood_pressure_valid(exports),
            exclusions,
            limits["blood_pressure_future_limit"],
        ),
        **heart_rate.heart_rate_summaries_resolved(
            collection.heart_rate_summaries_valid(exports),
            exclusions,
            limits["heart_rate_future_limit"],
        ),
        **sleep.sleep_resolved(
            collection.sleep_valid(exports),
            collection.sleep_stages_valid(exports),
            exclusions,
            limits["sleep_future_limit"],
        ),
        **annotations.annotations_resolved(collection.annotations_valid(exports), exclusions),
    }


def given_to(node, exports, tables):
    names = node.__code__.co_varnames[: node.__code__.co_argcount]
    return node(**{name: exports if name == "checked_exports" else tables[name] for name in names})


def books(*exports, **options):
    return given_to(accounts.books, exports, outcome(*exports, **options))


def rejected(*exports, **options):
    return given_to(accounts.rejected_rows, exports, outcome(*exports, **options)).to_pylist()


def shadowed(*exports, **options):
    return given_to(accounts.shadowed_rows, exports, outcome(*exports, **options)).to_pylist()


def pressure(row, systolic=120, diastolic=80, **more):
    return {"systolic_mmhg": systolic, "diastolic_mmhg": diastolic} | origin(row, **more)


def beat(row, bpm=60, **more):
    return {"heart_rate_bpm": bpm, "kind": "sample"} | origin(row, **more)


def unreadable(row, signal="heart_rate"):
    found = {"signal": signal, "check": "invalid_json", "reason": "no JSON", "value": "{"}
    return {key: value for key, value in (origin(row) | found).items() if key != "start_utc"}


def flu(row, end=None):
    found = {"kind": "illness", "label": "flu", "start_date": MORNING.date(), "end_date": end}
    return {key: value for key, value in (origin(row) | found).items() if key != "start_utc"}


FILE = {
    "blood_pressure": [pressure(2), pressure(3, 400), pressure(4, minutes=5), pressure(5)],
    "heart_rate": [beat(6), beat(7, 300), beat(8)],
    "heart_rate_summaries": [origin(9) | {"heart_rate_mean_bpm": 5}],
    "annotations": [flu(13), flu(14), flu(15, end=MORNING.date() - timedelta(days=1))],
    "rejected": [unreadable(10), unreadable(11, "sleep"), unreadable(12, "unknown")],
}


def test_every_row_is_counted_at_every_step():
    assert books(checked_export(**FILE), exclusions=wishes(("a" * 64, 4))) == {
        "blood_pressure": {"parsed": 4, "valid": 2, "rejected": 2, "shadowed": 1, "kept": 1},
        "heart_rate": {"parsed": 4, "valid": 2, "rejected": 2, "shadowed": 1, "kept": 1},
        "sleep": {"parsed": 1, "valid": 0, "rejected": 1, "shadowed": 0, "kept": 0},
        "annotations": {"parsed": 3, "valid": 2, "rejected": 1, "shadowed": 1, "kept": 1},
    }


def test_every_rejected_row_is_listed_in_the_order_of_the_file():
    found = rejected(checked_export(**FILE), exclusions=wishes(("a" * 64, 4)))
    assert [(row["raw_row"], row["signal"], row["check"]) for row in found] == [
        (3, "blood_pressure", "out_of_range"),
        (4, "blood_pressure", "excluded_by_owner"),
        (7, "heart_rate", "out_of_range"),
        (9, "heart_rate_summary", "out_of_range"),
        (10, "heart_rate", "invalid_json"),
        (11, "sleep", "invalid_json"),
        (12, "unknown", "invalid_json"),
        (15, "annotations", "ends_before_start"),
    ]


def test_every_shadowed_row_is_listed_beside_the_one_that_stands_for_it():
    found = shadowed(checked_export(**FILE))
    assert [(row["raw_row"], row["kept_raw_row"], row["signal"]) for row in found] == [
        (5, 2, "blood_pressure"),
        (8, 6, "heart_rate"),
        (14, 13, "annotations"),
    ]


def test_a_record_later_than_a_day_after_the_export_is_withdrawn():
    day = int(timedelta(days=6).total_seconds() // 60) + 17 * 60
    export = checked_export(heart_rate=[beat(2, minutes=day), beat(3, minutes=day + 1)])
    found = rejected(export)
    assert [(row["raw_row"], row["check"]) for row in found] == [(3, "future_time")]
    assert books(export)["heart_rate"]["rejected"] == 1


def test_a_sleep_of_which_only_stages_are_told_is_withdrawn_too_where_it_is_in_the_future():
    night = {"source": "apple_health", "raw_row": 2, "raw_sha256": "a" * 64, "stage": "light"}
    start = MORNING + timedelta(days=30)
    export = checked_export(
        sleep_stages=[night | {"start_utc": start, "end_utc": start + timedelta(hours=7)}]
    )
    found = rejected(export)
    assert [(row["signal"], row["check"]) for row in found] == [("sleep_stages", "future_time")]
    assert books(export)["sleep"]["kept"] == 0


def test_the_limit_of_the_future_stays_none_while_nothing_is_later():
    export = checked_export(heart_rate=[beat(2)])
    early = collection.future_limit_utc([export], "2024-03-03T07:00:00Z")
    late = collection.future_limit_utc([export], "2030-01-01T00:00:00Z")
    assert early == late == dict.fromkeys(early)
    assert collection.future_limit_utc([export], "2024-03-03T06:59:59Z") == {
        "blood_pressure_future_limit": None,
        "heart_rate_future_limit": "2024-03-04T06:59:59+00:00",
        "sleep_future_limit": None,
    }


def test_a_file_without_a_signal_adds_nothing_to_it():
    exports = [checked_export(heart_rate=[beat(2)]), checked_export()]
    assert collection.heart_rate_valid(exports) == collection.heart_rate_valid(exports[:1])
    assert collection.blood_pressure_valid(exports) == []


def test_the_latest_instant_of_a_file_is_that_of_its_last_year():
    year = 366 * 24 * 60
    export = checked_export(heart_rate=[beat(2), beat(3, minutes=year), beat(4, minutes=9)])
    assert list(export["heart_rate"]["years"]) == ["2024", "2025"]
    assert export["latest_start_utc"]["heart_rate"] == "2025-03-05T07:00:00+00:00"
    assert export["valid_rows"]["heart_rate"] == 3


def test_a_session_made_from_stages_counts_as_parsed():
    night = [
        origin(row, minutes=60 * row) | {"end_utc": MORNING + timedelta(hours=row + 1)}
        for row in range(2, 8)
    ]
    stages = [row | {"stage": "light"} for row in night]
    assert books(checked_export(sleep_stages=stages))["sleep"]["parsed"] == 1


@pytest.mark.parametrize("table", ["blood_pressure_readings", "blood_pressure_shadowed"])
def test_a_lost_row_is_an_error_that_names_the_signal_and_no_value(table):
    exports = [checked_export(**FILE)]
    tables = outcome(*exports)
    tables[table] = tables[table].slice(1)
    with pytest.raises(BooksError, match=r"blood_pressure.*valid = kept.*by \+1 rows"):
        given_to(accounts.books, exports, tables)


def test_a_row_that_is_neither_valid_nor_rejected_is_an_error():
    export = checked_export(**FILE)
    export["report"]["records"]["heart_rate"] += 1
    with pytest.raises(BooksError, match=r"heart_rate.*parsed = valid"):
        books(export)


@settings(max_examples=12, deadline=None)
@given(
    pressures=st.lists(
        st.builds(
            pressure,
            st.integers(2, 60),
            st.sampled_from([20, 70, 120, 301]),
            st.sampled_from([80, 85]),
            sha256=st.sampled_from(["a" * 64, "b" * 64]),
            minutes=st.integers(0, 6),
        ),
        max_size=10,
    ),
    beats=st.lists(
        st.builds(
            beat,
            st.integers(100, 160),
            st.sampled_from([10, 60, 61]),
            minutes=st.sampled_from([0, 1, 20_000]),
        ),
        max_size=10,
    ),
    cut=st.integers(0, 10),
    wish=st.integers(2, 60),
)
def test_books_always_balance(pressures, beats, cut, wish):
    exports = [
        checked_export(blood_pressure=pressures[:cut], heart_rate=beats),
        checked_export(blood_pressure=pressures[cut:]),
    ]
    tables = outcome(*exports, exclusions=wishes(("a" * 64, wish)))
    found = given_to(accounts.books, exports, tables)
    assert found["blood_pressure"]["parsed"] == len(pressures)
    assert found["heart_rate"]["parsed"] == len(beats)
    listed = given_to(accounts.rejected_rows, exports, tables)
    assert listed.num_rows == sum(book["rejected"] for book in found.values())
    beside = given_to(accounts.shadowed_rows, exports, tables)
    assert beside.num_rows == sum(book["shadowed"] for book in found.values())
