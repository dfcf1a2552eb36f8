"""A bundle that clinical systems can read, whose numbers are those of the tables."""

import copy
import csv
import io
import json
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from fhir.resources.R4B.bundle import Bundle

from adapters.profile import Profile
from adapters.publishing import fhir, fhir_codes
from adapters.publishing.fhir import BrokenBundleError, bundle_bytes, fhir_bundle
from adapters.publishing.fhir_observations import address, reading_address
from adapters.publishing.fhir_rules import UNITS, broken_rules, has_check_digit
from adapters.publishing.table_files import csv_bytes
from adapters.publishing.tables import Publication, publication_of, within

DAY = date(2026, 3, 1)


def reading(row: int, systolic: float, **rest):
    found = {
        "source": "blood_pressure_sheet",
        "start_utc": datetime(2026, 3, 1, 6, row, tzinfo=UTC),
        "utc_offset_minutes": 60,
        "local_date": DAY,
        "raw_sha256": "a" * 64,
        "raw_row": row,
        "systolic_mmhg": systolic,
        "diastolic_mmhg": 84.0,
        "pulse_bpm": None,
        "note": None,
        "flags": None,
    }
    return found | rest


READINGS = pa.Table.from_pylist(
    [
        reading(2, 134.0, pulse_bpm=61.0, note="after coffee"),
        reading(3, 135.2, start_utc=datetime(2026, 3, 1, 23, 30, tzinfo=UTC)),
        reading(4, 99.0, source="mi_fitness", flags="cuffless"),
    ]
)
METRICS = pa.Table.from_pylist(
    [
        {
            "local_date": DAY, "heart_rate_mean_bpm": 72.5, "heart_rate_min_bpm": 50.0,
            "heart_rate_max_bpm": None, "heart_rate_basis": "samples",
            "resting_heart_rate_bpm": 55.0, "resting_heart_rate_method": "vendor:zepp",
        }
    ],
    pa.schema(
        {
            "local_date": pa.date32(), "heart_rate_mean_bpm": pa.float64(),
            "heart_rate_min_bpm": pa.float64(), "heart_rate_max_bpm": pa.float64(),
            "heart_rate_basis": pa.string(), "resting_heart_rate_bpm": pa.float64(),
            "resting_heart_rate_method": pa.string(),
        }
    ),
)  # fmt: skip
SLEEPS = pa.Table.from_pylist(
    [
        {
            "source": "zepp", "start_utc": datetime(2026, 2, 28, 22, tzinfo=UTC),
            "end_utc": datetime(2026, 3, 1, 5, tzinfo=UTC), "utc_offset_minutes": 60,
            "local_date": DAY, "raw_sha256": "b" * 64, "raw_row": 2, "is_nap": False,
            "asleep_minutes": 400.5, "deep_minutes": 90.0, "light_minutes": 310.5,
            "rem_minutes": None, "in_bed_minutes": 420.0,
        }
    ]
)  # fmt: skip
DAYS = pa.Table.from_pylist(
    [
        {
            "local_date": DAY, "measurement": "cuff", "reading_count": 2,
            "systolic_mean_mmhg": 134.6, "diastolic_mean_mmhg": 84.0,
            "mean_arterial_pressure_mmhg": 100.86666666666666,
        },
        {
            "local_date": DAY, "measurement": "cuffless", "reading_count": 2,
            "systolic_mean_mmhg": 99.0, "diastolic_mean_mmhg": 84.0,
            "mean_arterial_pressure_mmhg": 89.0,
        },
    ]
)  # fmt: skip
PROTOCOLS = pa.Table.from_pylist(
    [
        {
            "protocol": "esc_2024", "guideline": "esc_2024", "period_start": DAY,
            "period_end": DAY, "complete": True, "reading_count": 2, "category": "elevated",
            "systolic_mean_mmhg": 134.6, "diastolic_mean_mmhg": 84.0,
        },
        {
            "protocol": "nice", "guideline": "nice", "period_start": DAY,
            "period_end": DAY, "complete": False, "reading_count": 2, "category": None,
            "systolic_mean_mmhg": None, "diastolic_mean_mmhg": None,
        },
    ]
)  # fmt: skip
TABLES = {
    "blood_pressure_readings": READINGS,
    "daily_metrics": METRICS,
    "sleep_sessions": SLEEPS,
    "blood_pressure_days": DAYS,
    "home_blood_pressure": PROTOCOLS,
}
SOURCE = Publication("me", 4, "2026-03-02T00:00:00Z", TABLES)


@pytest.fixture
def bundle():
    return fhir_bundle(TABLES, SOURCE, "Zoë Müller")


def resources(bundle):
    return {entry["fullUrl"]: entry["resource"] for entry in bundle["entry"]}


def of_code(bundle, code):
    return [
        resource
        for resource in resources(bundle).values()
        if "code" in resource and resource["code"]["coding"][0]["code"] == code
    ]


def values(observation):
    parts = [observation, *observation.get("component", [])]
    return {
        part["code"]["coding"][0]["code"]: part["valueQuantity"]["value"]
        for part in parts
        if "valueQuantity" in part
    }


def test_the_bundle_validates_as_fhir_and_keeps_the_rules_of_its_profiles(bundle):
    read = Bundle.model_validate_json(bundle_bytes(bundle))
    assert read.type == "collection"
    assert broken_rules(bundle) == []


def test_the_bundle_of_the_demo_validates_and_its_numbers_are_those_of_the_csv(demo_home):
    demo = Profile(demo_home, "demo", leaves_no_trace=True)
    source = publication_of(demo, fhir.OUTPUTS, optional=fhir.OPTIONAL_OUTPUTS)
    recent = date(2026, 5, 1)
    tables = {name: within(name, table, recent, None) for name, table in source.tables.items()}
    bundle = fhir_bundle(tables, source)
    Bundle.model_validate_json(bundle_bytes(bundle))
    found = resources(json.loads(bundle_bytes(bundle)))
    rows = {name: in_csv(table, source) for name, table in tables.items()}
    for row in rows["blood_pressure_readings"]:
        start = datetime.fromisoformat(row["start_utc"])
        place = reading_address({**row, "raw_row": int(row["raw_row"]), "start_utc": start})
        shown = values(found[place])
        assert shown == {
            "8480-6": float(row["systolic_mmhg"]),
            "8462-4": float(row["diastolic_mmhg"]),
        }
    for row in rows["home_blood_pressure"]:
        place = address("protocol", row["protocol"], row["period_start"], row["period_end"])
        assert (place in found) == (row["complete"] == "true")
        if place in found:
            shown = values(found[place])
            assert shown["96608-5"] == float(row["systolic_mean_mmhg"])
            assert shown["96609-3"] == float(row["diastolic_mean_mmhg"])
            assert shown["246432004"] == int(row["reading_count"])
    for row in rows["daily_metrics"]:
        for column in ("heart_rate_mean_bpm", "heart_rate_min_bpm", "heart_rate_max_bpm"):
            shown = found.get(address(column, row["local_date"]))
            assert (shown is None) == (row[column] == "")
            assert shown is None or shown["valueQuantity"]["value"] == float(row[column])
    asleep = sorted(float(row["asleep_minutes"]) for row in rows["sleep_sessions"])
    assert sorted(o["valueQuantity"]["value"] for o in of_code(bundle, "93832-4")) == asleep


def in_csv(table, source):
    text = csv_bytes(table, source).to_pybytes().decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_a_reading_says_when_by_its_own_clock_how_and_what_was_noted(bundle):
    first, second, third = of_code(bundle, "85354-9")
    assert values(first) == {"8480-6": 134, "8462-4": 84}
    assert "valueQuantity" not in first
    assert first["effectiveDateTime"] == "2026-03-01T07:02:00+01:00"
    assert second["effectiveDateTime"] == "2026-03-02T00:30:00+01:00"
    assert first["note"] == [{"text": "after coffee"}]
    assert (first["method"]["text"], third["method"]["text"]) == (
        "cuff, at home",
        "estimated without a cuff",
    )
    (pulse,) = of_code(bundle, "8867-4")
    assert values(pulse) == {"8867-4": 61}
    assert pulse["effectiveDateTime"] == first["effectiveDateTime"]


def test_means_have_codes_of_their_own_and_name_the_readings_with_a_cuff(bundle):
    day, protocol = of_code(bundle, "96607-7")
    assert values(day) == {
        "96608-5": 134.6, "96609-3": 84, "8478-0": 100.86666666666666, "246432004": 2,
    }  # fmt: skip
    assert values(protocol) == {"96608-5": 134.6, "96609-3": 84, "246432004": 2}
    readings = [{"reference": reading_address(row)} for row in READINGS.to_pylist()[:2]]
    assert day["derivedFrom"] == protocol["derivedFrom"] == readings
    assert protocol["interpretation"] == [{"text": "elevated (ESC 2024, home)"}]
    assert protocol["effectivePeriod"] == {"start": "2026-03-01", "end": "2026-03-01"}
    assert "Not a diagnosis" in protocol["note"][0]["text"]


def test_readings_are_not_named_when_the_mean_left_some_of_them_out():
    dropped = PROTOCOLS.slice(0, 1).set_column(
        PROTOCOLS.column_names.index("reading_count"), "reading_count", pa.array([1])
    )
    bundle = fhir_bundle({**TABLES, "home_blood_pressure": dropped}, SOURCE)
    assert "derivedFrom" not in of_code(bundle, "96607-7")[1]


def test_a_missing_value_is_left_out_and_a_missing_pressure_says_why():
    half = pa.Table.from_pylist([reading(2, 120.0, diastolic_mmhg=None)], READINGS.schema)
    bundle = fhir_bundle({**TABLES, "blood_pressure_readings": half}, SOURCE)
    (found,) = of_code(bundle, "85354-9")
    assert found["component"][1]["dataAbsentReason"]["coding"][0]["code"] == "unknown"
    assert of_code(bundle, "8873-2") == []
    assert values(of_code(bundle, "93832-4")[0]) == {
        "93832-4": 400.5, "93831-6": 90, "93830-8": 310.5, "103213-5": 420,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("note", "shown"), [("a\x0bb\n", "a b\n"), (" \x1f", None), ("日é", "日é")]
)
def test_a_note_has_no_character_that_a_fhir_string_may_not_have(note, shown):
    noted = pa.Table.from_pylist([reading(2, 120.0, note=note)], READINGS.schema)
    (found,) = of_code(fhir_bundle({**TABLES, "blood_pressure_readings": noted}, SOURCE), "85354-9")
    assert found.get("note") == (shown and [{"text": shown}])


def test_the_name_is_the_one_that_was_chosen_and_no_name_is_no_name(bundle):
    assert bundle["entry"][0]["resource"]["name"] == [{"text": "Zoë Müller"}]
    unnamed = bundle_bytes(fhir_bundle(TABLES, SOURCE)).decode()
    assert "Zoë" not in unnamed
    assert '"name"' not in unnamed


def test_the_bundle_names_its_generation_and_another_one_keeps_the_ids_of_readings(bundle):
    (provenance,) = (r for r in resources(bundle).values() if r["resourceType"] == "Provenance")
    assert provenance["recorded"] == bundle["timestamp"] == SOURCE.published_utc
    assert provenance["entity"][0]["what"]["identifier"]["value"] == "generation 4"
    assert len(provenance["target"]) == len(bundle["entry"]) - 1
    later = fhir_bundle(TABLES, Publication("me", 5, "2026-03-03T00:00:00Z", TABLES))
    assert later["id"] != bundle["id"]
    same = set(resources(later)) & set(resources(bundle))
    assert len(same) == len(bundle["entry"]) - 1


def test_the_same_generation_gives_the_same_bytes(bundle):
    assert bundle_bytes(bundle) == bundle_bytes(fhir_bundle(TABLES, SOURCE, "Zoë Müller"))


def test_a_person_without_any_data_is_a_bundle_too():
    empty = {name: table.slice(0, 0) for name, table in TABLES.items()}
    bundle = fhir_bundle(empty, SOURCE)
    Bundle.model_validate_json(bundle_bytes(bundle))
    assert [e["resource"]["resourceType"] for e in bundle["entry"]] == ["Patient", "Provenance"]


@pytest.mark.parametrize("code", [code for code in UNITS if "-" in code] + ["85354-9", "96607-7"])
def test_every_loinc_code_has_its_check_digit(code):
    assert has_check_digit(code)
    assert not has_check_digit(f"{code[:-1]}{(int(code[-1]) + 1) % 10}")


def break_(bundle, change):
    broken = copy.deepcopy(bundle)
    change(broken["entry"][1]["resource"], broken["entry"])
    return broken_rules(broken)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda o, _: o.update(status="done"), "status"),
        (lambda o, _: o.pop("status"), "status"),
        (lambda o, _: o["category"][0]["coding"][0].update(code="vitals"), "category"),
        (lambda o, _: o.pop("category"), "category"),
        (lambda o, _: o.pop("subject"), "subject"),
        (lambda o, _: o.pop("effectiveDateTime"), "time or a period"),
        (lambda o, _: o.update(effectivePeriod={"start": "2026", "end": "2026"}), "time or a per"),
        (lambda o, _: o.update(valueQuantity={}), "no value of its own"),
        (lambda o, _: o["component"].pop(), "missing"),
        (lambda o, _: o["component"].append(o["component"][0]), "twice"),
        (lambda o, _: o["component"][0].pop("valueQuantity"), "a value or a reason"),
        (lambda o, _: o["component"][0]["valueQuantity"].update(code="mmHg"), "unit"),
        (lambda o, _: o["component"][0]["valueQuantity"].pop("system"), "unit"),
        (lambda o, _: o["component"][0]["code"]["coding"][0].update(code="8480-7"), "no code"),
        (lambda o, _: o["subject"].update(reference="urn:uuid:1"), "not in the bundle"),
        (lambda o, _: o.update(id="other"), "address is not"),
        (lambda _, entries: entries.append(entries[1]), "one address"),
    ],
)
def test_a_broken_rule_is_found(bundle, change, word):
    assert any(word in problem for problem in break_(bundle, change))


def test_a_period_that_ends_before_it_starts_is_found(bundle):
    night = of_code(bundle, "93832-4")[0]
    night["effectivePeriod"]["end"] = "2026-02-27T05:00:00+01:00"
    assert any("ends before" in problem for problem in broken_rules(bundle))


def test_a_bundle_that_breaks_a_rule_is_never_handed_out(monkeypatch):
    monkeypatch.setattr(fhir_codes, "SYSTOLIC", fhir_codes.Code(fhir_codes.LOINC, "1-1", "x"))
    with pytest.raises(BrokenBundleError, match="please report") as caught:
        fhir_bundle(TABLES, SOURCE)
    assert "134" not in str(caught.value)
