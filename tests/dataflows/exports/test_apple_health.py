"""Apple Health: blood pressure, heart rate, and files as they are in the wild."""

import re
import tracemalloc
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows import exports, records
from dataflows.exports import apple_health
from dataflows.exports.apple_health import elements
from dataflows.local_time import normalised_records
from tests.dataflows.exports.apple_health_examples import (
    BERLIN,
    END,
    HEAD,
    HEAD_ROWS,
    PHONE,
    WATCH,
    correlation,
    export,
    file_of,
    heart_rate,
    parsed,
    pressure,
    pressures,
    resting,
    sleep,
    steps,
    utc,
)

NIGHT = utc(2024, 1, 1, 23, 30)


def told(found, table, *names):
    rows = found[table].to_pylist()
    return [tuple(row.get(name) for name in names) for row in rows]


def checks(found):
    return [(row["raw_row"], row["signal"], row["check"]) for row in found["rejected"].to_pylist()]


def test_heart_rates_are_instants_with_the_line_of_their_element():
    found = parsed(
        heart_rate(61, NIGHT, metadata={"HKMetadataKeyHeartRateMotionContext": "0"}),
        steps(NIGHT),
        heart_rate(62.5, NIGHT + timedelta(seconds=5)),
    )
    names = ("raw_row", "device", "start_utc", "heart_rate_bpm", "kind")
    assert told(found, "heart_rate", *names) == [
        (HEAD_ROWS + 1, "Alex\u2019s Apple Watch", NIGHT, 61.0, "sample"),
        (HEAD_ROWS + 5, "Alex\u2019s Apple Watch", NIGHT + timedelta(seconds=5), 62.5, "sample"),
    ]
    assert found["report"]["records"] == {"heart_rate": 2}


def test_the_offset_of_the_exporting_phone_is_not_recorded():
    found = parsed(heart_rate(61, NIGHT))
    assert "utc_offset_minutes" not in found["heart_rate"].column_names
    normalised, _ = normalised_records(
        found["heart_rate"],
        records.HEART_RATE_SAMPLES,
        signal="heart_rate",
        home_time_zone="America/New_York",
        home_time_zone_source="configured",
    )
    (row,) = normalised.to_pylist()
    assert (row["utc_offset_minutes"], row["time_zone_source"]) == (-300, "configured")
    assert row["local_date"].isoformat() == "2024-01-01"


def test_a_zone_that_a_record_names_is_recorded_with_the_offset_it_had():
    summer = utc(2024, 7, 1, 22, 30)
    found = parsed(
        heart_rate(61, NIGHT, metadata=BERLIN),
        heart_rate(62, summer, metadata=BERLIN),
        heart_rate(63, summer + timedelta(1), metadata={"HKTimeZone": "Middle/Earth"}),
    )
    names = ("utc_offset_minutes", "time_zone")
    assert told(found, "heart_rate", *names)[:2] == [(60, "Europe/Berlin"), (120, "Europe/Berlin")]
    assert told(found, "heart_rate", "utc_offset_minutes")[2] == (None,)
    assert found["report"]["dropped"] == {"time_zones": 1}


def test_a_resting_heart_rate_is_the_vendors_and_knows_when_it_was_stored():
    found = parsed(resting(57, NIGHT, NIGHT + timedelta(hours=20), created=utc(2024, 1, 3)))
    names = ("heart_rate_bpm", "kind", "start_utc", "updated_utc")
    assert told(found, "heart_rate", *names) == [(57.0, "resting", NIGHT, utc(2024, 1, 3))]


def test_a_heart_rate_typed_in_by_hand_is_a_manual_measurement():
    found = parsed(heart_rate(61, NIGHT, metadata={"HKWasUserEntered": "1"}))
    assert told(found, "heart_rate", "kind") == [("manual",)]


def test_units_sentinels_and_what_is_no_number():
    found = parsed(
        heart_rate("1.0", NIGHT, unit="count/s"),
        heart_rate(0, NIGHT),
        heart_rate(255, NIGHT),
        heart_rate(61, NIGHT, unit="furlong"),
        heart_rate("fast", NIGHT),
        heart_rate(61, "2024-02-30 10:00:00 +0100"),
        heart_rate(61, "yesterday"),
    )
    assert told(found, "heart_rate", "heart_rate_bpm") == [(60.0,)]
    assert found["report"]["sentinels"] == {"heart_rate": 2}
    assert checks(found) == [
        (HEAD_ROWS + 6, "heart_rate", "not_a_time"),
        (HEAD_ROWS + 7, "heart_rate", "not_a_time"),
        (HEAD_ROWS + 5, "heart_rate", "not_a_number"),
        (HEAD_ROWS + 4, "heart_rate", "unknown_unit"),
    ]


VALUES = ("raw_row", "device", "start_utc", "systolic_mmhg", "diastolic_mmhg", "flags")


def test_a_reading_told_as_records_and_as_a_correlation_counts_once_as_the_correlation():
    alone = pressures(121, 79, NIGHT)
    found = parsed(alone, correlation(pressures(121, 79, NIGHT), NIGHT))
    assert told(found, "blood_pressure", *VALUES) == [
        (HEAD_ROWS + 3, "OMRON connect", NIGHT, 121.0, 79.0, None)
    ]
    assert found["report"]["dropped"] == {"repeated_records": 2}
    assert found["rejected"].num_rows == 0


def test_two_equal_readings_of_which_one_has_a_correlation_are_two():
    found = parsed(
        pressures(121, 79, NIGHT),
        pressures(121, 79, NIGHT),
        correlation(pressures(121, 79, NIGHT), NIGHT),
    )
    assert told(found, "blood_pressure", "raw_row") == [(HEAD_ROWS + 5,), (HEAD_ROWS + 3,)]


def test_records_without_a_correlation_are_paired_by_source_and_start():
    later = NIGHT + timedelta(minutes=1)
    found = parsed(
        pressure("Systolic", 121, NIGHT),
        pressure("Systolic", 131, NIGHT, source="other cuff"),
        pressure("Systolic", 125, later),
        pressure("Diastolic", 81, later),
        pressure("Diastolic", 79, NIGHT),
        pressure("Diastolic", 89, NIGHT, source="other cuff"),
        pressure("Diastolic", 70, later + timedelta(minutes=1)),
    )
    assert told(found, "blood_pressure", *VALUES[:5]) == [
        (HEAD_ROWS + 1, "OMRON connect", NIGHT, 121.0, 79.0),
        (HEAD_ROWS + 2, "other cuff", NIGHT, 131.0, 89.0),
        (HEAD_ROWS + 3, "OMRON connect", later, 125.0, 81.0),
    ]
    assert checks(found) == [(HEAD_ROWS + 7, "blood_pressure", "missing_value")]


def test_kilopascals_are_converted_and_flagged():
    found = parsed(pressures("16.0", "10.5", NIGHT, unit="kPa"))
    assert told(found, "blood_pressure", *VALUES[3:]) == [(120.0, 78.8, "converted_from_kpa")]


def test_the_heart_rate_of_the_same_source_and_start_is_the_pulse_and_stays_a_sample():
    found = parsed(
        heart_rate(64, NIGHT, source="OMRON connect"),
        heart_rate(90, NIGHT),
        pressures(121, 79, NIGHT),
        pressures(125, 80, NIGHT + timedelta(minutes=1)),
    )
    assert told(found, "blood_pressure", "pulse_bpm") == [(64.0,), (None,)]
    assert found["report"]["records"] == {"blood_pressure": 2, "heart_rate": 2}


def test_what_a_bands_app_wrote_was_measured_without_a_cuff():
    found = parsed(pressures(121, 79, NIGHT, source="Zepp Life"))
    assert told(found, "blood_pressure", "flags") == [("cuffless",)]


def test_half_a_correlation_and_a_unit_nobody_knows_are_rejected():
    found = parsed(
        correlation(pressure("Systolic", 121, NIGHT), NIGHT),
        correlation(pressures(121, 79, NIGHT, unit="psi"), NIGHT),
        pressures(0, 0, NIGHT),
    )
    assert found["blood_pressure"].num_rows == 0
    assert {check for _, _, check in checks(found)} == {"missing_value", "unknown_unit"}
    assert found["report"]["sentinels"] == {"blood_pressure": 1}


def test_the_zone_of_a_reading_is_recorded():
    found = parsed(pressures(121, 79, NIGHT, metadata={"HKTimeZone": "Asia/Shanghai"}))
    names = ("time_zone", "utc_offset_minutes")
    assert told(found, "blood_pressure", *names) == [("Asia/Shanghai", 480)]


def test_an_empty_correlation_and_one_of_food_hold_nothing_and_hide_nothing():
    empty = correlation("", NIGHT).replace(">\n </Correlation>", "/>")
    food = correlation(pressures(1, 1, NIGHT), NIGHT).replace('BloodPressure"', 'Food"', 1)
    found = parsed(empty, heart_rate(61, NIGHT), food, heart_rate(62, NIGHT))
    assert found["report"]["records"] == {"heart_rate": 2}
    assert found["rejected"].num_rows == 0


@pytest.mark.parametrize("place", [0, 2], ids=["before its records", "behind them"])
def test_a_zone_that_a_correlation_names_is_that_of_its_records(place):
    both = [pressure("Systolic", 121, NIGHT), pressure("Diastolic", 79, NIGHT)]
    both.insert(place, '  <MetadataEntry key="HKTimeZone" value="Asia/Shanghai"/>\n')
    found = parsed(correlation("".join(both), NIGHT))
    assert told(found, "blood_pressure", "utc_offset_minutes") == [(480,)]


# Files as they are in the wild.


def test_attributes_over_several_lines_in_any_order_are_read():
    body = (
        " <Record value='61'\n   startDate='2024-01-02 00:30:00 +0100'\n   unit='count/min'\n"
        "   type='HKQuantityTypeIdentifierHeartRate'\n"
        "   sourceName='Tom &amp; Ann&#x27;s'></Record>\n"
    )
    found = parsed(steps(NIGHT), body)
    names = ("raw_row", "device", "start_utc", "heart_rate_bpm")
    assert told(found, "heart_rate", *names) == [(HEAD_ROWS + 2, "Tom & Ann's", NIGHT, 61.0)]


def test_a_file_without_line_ends_is_read_whole():
    body = export(
        heart_rate(61, NIGHT, metadata=BERLIN), correlation(pressures(121, 79, NIGHT), NIGHT)
    )
    found = apple_health.parse(file_of(body.replace("\n", "")), date_order=None)
    assert found["report"]["records"] == {"heart_rate": 1, "blood_pressure": 1}
    assert found["heart_rate"]["raw_row"].to_pylist() == [1]


@pytest.mark.parametrize(
    "head",
    [
        HEAD.replace("]>", ""),
        HEAD.replace("<!ELEMENT HealthData", "<!ELEMENT HealthData <<"),
        '<HealthData locale="en_GB">\n',
        "\ufeff" + HEAD,
    ],
    ids=["unclosed", "malformed", "no declaration", "byte order mark"],
)
def test_a_malformed_type_definition_costs_nothing(head):
    found = exports.parse(file_of(head + heart_rate(61, NIGHT) + END), date_order=None)
    assert found["report"]["records"] == {"heart_rate": 1}


def test_an_entity_bomb_is_refused():
    bomb = HEAD.replace("]>", '<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">\n]>')
    found = exports.parse(file_of(bomb + heart_rate("&b;", NIGHT) + END), date_order=None)
    assert found["report"]["status"] == "failed"
    assert "entities" in found["report"]["reason"]


def test_a_damaged_element_costs_itself_alone():
    found = parsed(
        heart_rate(61, NIGHT),
        heart_rate(62, NIGHT).replace('unit="', 'unit="a&nothing;'),
        heart_rate(63, NIGHT).replace("sourceVersion=", "sourceVersion"),
        correlation(pressures(121, 79, NIGHT), NIGHT).replace("</Correlation>", "</Correlation"),
        correlation(pressures(122, 79, NIGHT), NIGHT),
        heart_rate(64, NIGHT),
    )
    assert told(found, "heart_rate", "heart_rate_bpm") == [(61.0,), (64.0,)]
    assert told(found, "blood_pressure", "systolic_mmhg") == [(122.0,)]
    assert checks(found) == [
        (HEAD_ROWS + 2, "heart_rate", "invalid_xml"),
        (HEAD_ROWS + 3, "heart_rate", "invalid_xml"),
        (HEAD_ROWS + 4, "blood_pressure", "invalid_xml"),
    ]


def test_what_is_in_a_comment_is_no_record_and_its_lines_count():
    hidden = heart_rate(99, NIGHT, metadata=BERLIN)
    found = parsed(f"<!-- {hidden} -->\n<![CDATA[{hidden}]]>\n", heart_rate(61, NIGHT))
    rows = HEAD_ROWS + 2 * (hidden.count("\n") + 1) + 1
    assert told(found, "heart_rate", "raw_row", "heart_rate_bpm") == [(rows, 61.0)]


def test_a_file_that_is_cut_off_is_used_as_far_as_it_goes_and_says_so():
    found = parsed(heart_rate(61, NIGHT), heart_rate(62, NIGHT)[:200], end="")
    assert told(found, "heart_rate", "heart_rate_bpm") == [(61.0,)]
    assert checks(found) == [
        (HEAD_ROWS + 2, "heart_rate", "cut_off"),
        (HEAD_ROWS + 2, "unknown", "cut_off"),
    ]
    assert (found["report"]["status"], found["report"]["reason"]) == ("parsed", apple_health.CUT)


def test_a_file_that_ends_in_its_head_cannot_be_used():
    found = exports.parse(file_of(HEAD[:120]), date_order=None)
    assert (found["report"]["format"], found["report"]["status"]) == ("apple_health", "failed")


@pytest.mark.parametrize(
    "content",
    [
        '<?xml version="1.0"?>\n<ClinicalDocument>\n <title>Health Data Export</title>',
        '<?xml version="1.0" encoding="UTF-8"?>\n<gpx version="1.1" creator="Apple Health Export">',
        "Name,Alex Example\nSample Rate,512 hertz\n\nLead,Lead I\nUnit,µV\n\n-13.2\n",
    ],
    ids=["clinical document", "route", "electrocardiogram"],
)
def test_other_members_of_the_archive_are_recognised_and_hold_nothing_for_us(content):
    report = exports.parse(file_of(content), date_order=None)["report"]
    assert (report["format"], report["status"], report["records"]) == ("apple_health", "parsed", {})
    assert "Alex" not in report["reason"]


@pytest.mark.parametrize(
    "content",
    [
        "<html><body>HealthData</body></html>",
        "<HealthDatabase/>",
        "<gpx creator='x'>",
        "<ClinicalDocument>",
        ",512 \n" * 10_000,
    ],
    ids=["page", "other root", "other route", "other clinical document", "rows of a table"],
)
def test_other_files_are_not_recognised(content):
    assert exports.recognised_format(file_of(content).content) is None


def test_a_published_sample_of_an_export_is_read():
    """Source: alxdrcirilo/apple-health-parser, tests/data (MIT, licence beside the file)."""
    sample = Path(__file__).parents[1] / "data" / "apple_health" / "export.xml"
    found = exports.parse(file_of(sample.read_bytes()), date_order=None)
    assert told(found, "heart_rate", "raw_row", "start_utc", "heart_rate_bpm") == [
        (9, utc(2023, 12, 31, 23, 1, 36), 74.0),
        (16, utc(2023, 12, 31, 23, 1, 37), 75.0),
    ]
    names = ("raw_row", "device", "stage", "utc_offset_minutes")
    assert told(found, "sleep_stages", *names) == [
        (46, "Alexandre's Apple Watch", "light", 60),
        (40, "Alexandre's iPhone", "in_bed", 60),
    ]
    assert found["rejected"].num_rows == 0


def test_what_holds_nothing_for_us_takes_no_memory_however_long_the_file_is():
    content = file_of(export(*[steps(NIGHT)] * 40_000))
    tracemalloc.start()
    for _ in elements.parts(content.content, block_bytes=100_000):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert content.content.size > 8_000_000
    # The beginning of a file, in which the type definition may be, is looked at as a whole.
    assert peak < 3_000_000


# Properties.

sources = st.sampled_from([WATCH, PHONE, 'A&B "q" <c>', "健康", ""])
moments = st.datetimes(
    min_value=utc(2001, 1, 1).replace(tzinfo=None), max_value=utc(2030, 1, 1).replace(tzinfo=None)
).map(lambda moment: moment.replace(microsecond=0, tzinfo=NIGHT.tzinfo))
metadata = st.dictionaries(
    st.sampled_from(["HKTimeZone", "HKWasUserEntered", "HKMetadataKeySyncVersion"]),
    st.sampled_from(["Europe/Berlin", "1", "<&>\"'"]),
    max_size=3,
)
rates = st.tuples(st.integers(1, 250), moments, sources, metadata)
readings = st.tuples(st.integers(60, 250), st.integers(20, 150), moments, st.booleans())


def body_of(rates, readings):
    found = [heart_rate(v, t, source=s, metadata=m) for v, t, s, m in rates]
    found += [f"<!-- {element} -->" for element in found[:2]]
    for systolic, diastolic, start, together in readings:
        both = pressures(systolic, diastolic, start)
        found += [both, correlation(both, start)] if together else [both]
        found.append(steps(start))
    return found


@settings(deadline=None, max_examples=60)
@given(st.lists(rates, max_size=6), st.lists(readings, max_size=4), st.integers(20, 3_000))
def test_what_is_written_as_xml_comes_back_however_the_file_is_cut_into_blocks(
    rates, readings, block
):
    content = file_of(export(*body_of(rates, readings)))
    found = apple_health.parse(content, date_order=None)
    expected = [(t, float(v), s.replace("\u00a0", " ") or None) for v, t, s, _ in rates]
    assert told(found, "heart_rate", "start_utc", "heart_rate_bpm", "device") == expected
    values = ("start_utc", "systolic_mmhg", "diastolic_mmhg")
    assert sorted(told(found, "blood_pressure", *values)) == sorted(
        (start, float(systolic), float(diastolic)) for systolic, diastolic, start, _ in readings
    )
    whole, small = (parts_of(content, block_bytes=size) for size in (elements.BLOCK_BYTES, block))
    assert whole == small


def parts_of(content, **how):
    """Every record with its row, wherever the blocks are cut and entries have blanks between."""
    return sorted(
        (int(row), *record[:-1], re.sub(rb">\s+", b">", record[-1]))
        for part in elements.parts(content.content, **how)
        for places, texts in part.records.values()
        for row, record in zip(part.rows(places), texts, strict=True)
    )


ALL = export(
    heart_rate(61, NIGHT, metadata={"HKMetadataKeyHeartRateMotionContext": "1"}),
    resting(57, NIGHT, NIGHT),
    pressures(121, 79, NIGHT),
    correlation(pressures(121, 79, NIGHT), NIGHT),
    pressures(118, 77, NIGHT + timedelta(days=1)),
    sleep("AsleepCore", NIGHT, NIGHT + timedelta(hours=1)),
    sleep("InBed", NIGHT, NIGHT + timedelta(hours=2), source=PHONE),
).encode()
COMPARED = {
    "heart_rate": ("raw_row", "start_utc", "heart_rate_bpm", "kind"),
    "blood_pressure": ("start_utc", "systolic_mmhg", "diastolic_mmhg"),
    "sleep_stages": ("raw_row", "start_utc", "end_utc", "stage"),
}


def test_a_file_cut_at_any_byte_never_fails_and_invents_nothing(complete):
    full = apple_health.parse(file_of(ALL), date_order=None)
    for length in range(0, len(ALL), 1 if complete else 7):
        found = exports.parse(file_of(ALL[:length]), date_order=None)
        if found["report"]["status"] == "parsed":
            assert found["rejected"].num_rows >= 1
        for table, names in COMPARED.items():
            assert set(told(found, table, *names)) <= set(told(full, table, *names))
            assert len(told(found, table, *names)) <= len(told(full, table, *names))


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.integers(0, len(ALL) - 1), st.binary(max_size=4)), max_size=6))
def test_no_damage_makes_the_parser_fail(damage):
    content = bytearray(ALL)
    for place, noise in damage:
        content[place : place + len(noise)] = noise
    found = exports.parse(file_of(bytes(content)), date_order=None)
    for name, schema in records.PARSED.items():
        found[name].validate(full=True)
        assert set(found[name].column_names) <= set(schema.names)


def test_the_short_way_decides_nothing(monkeypatch):
    short = parts_of(file_of(ALL))
    monkeypatch.setattr(elements, "_USUAL", re.compile(rb"(?!)"))
    assert parts_of(file_of(ALL)) == short
