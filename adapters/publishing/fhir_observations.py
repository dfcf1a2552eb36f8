"""Rows of published tables as FHIR R4 Observations.

An observation's id is made of what it was measured from, so the same row has the same id in every
generation and no id tells anything about the person.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any, Final
from uuid import UUID, uuid5

import pyarrow as pa

from adapters.publishing import fhir_codes as codes
from adapters.publishing.fhir_codes import Code, Unit
from adapters.publishing.rows import Row, is_cuffless
from adapters.publishing.words import source
from dataflows.guidelines import GUIDELINES
from dataflows.measurement import CUFF

Resource = dict[str, Any]
Taken = Mapping[date, Sequence[str]]

NAMESPACE: Final = UUID("8f2b0b1e-6d0c-5b7e-9a51-3c1f0f6a7d42")
_SLEEP_PARTS: Final = (
    ("deep_minutes", codes.DEEP_SLEEP),
    ("light_minutes", codes.LIGHT_SLEEP),
    ("rem_minutes", codes.REM_SLEEP),
    ("in_bed_minutes", codes.TIME_IN_BED),
)
_DAILY_HEART_RATES: Final = (
    ("heart_rate_mean_bpm", codes.MEAN_HEART_RATE),
    ("heart_rate_min_bpm", codes.MINIMUM_HEART_RATE),
    ("heart_rate_max_bpm", codes.MAXIMUM_HEART_RATE),
)


def address(*parts: object) -> str:
    """The address of a resource within its bundle, made of what it stands for."""
    return f"urn:uuid:{uuid5(NAMESPACE, '/'.join(map(str, parts)))}"


@dataclass(frozen=True)
class Person:
    """Whom the observations are of, and what is said of them in every observation."""

    address: str
    name: str

    def observation(
        self,
        address: str,
        code: Code,
        *,
        category: Code = codes.VITAL_SIGNS,
        profile: str = "vitalsigns",
        **rest: Any,
    ) -> Resource:
        """An observation that is final; what is None or empty is left out."""
        person: Resource = {"reference": self.address}
        if self.name:
            person["display"] = self.name
        found = {
            "resourceType": "Observation",
            "id": address.rpartition(":")[2],
            "meta": {"profile": [f"{codes.PROFILES}/{profile}"]} if profile else None,
            "status": "final",
            "category": [category.concept()],
            "code": code.concept(),
            "subject": person,
            "performer": [person],
            **rest,
        }
        return {name: value for name, value in found.items() if value not in (None, [], {})}


def readings(table: pa.Table, person: Person) -> Iterator[tuple[str, Resource]]:
    """Every blood pressure, and the pulse that was counted with it."""
    for row in table.to_pylist():
        told: Resource = {
            "effectiveDateTime": _instant(row["start_utc"], row["utc_offset_minutes"]),
            "device": {"display": source(row["source"])},
        }
        place = reading_address(row)
        yield place, person.observation(
            place, codes.BLOOD_PRESSURE, profile="bp", **told,
            method=_words("estimated without a cuff" if is_cuffless(row) else "cuff, at home"),
            component=[
                _component(codes.SYSTOLIC, codes.MMHG, row["systolic_mmhg"]),
                _component(codes.DIASTOLIC, codes.MMHG, row["diastolic_mmhg"]),
            ],
            note=_note(row["note"]),
        )  # fmt: skip
        if row["pulse_bpm"] is not None:
            pulse = address("pulse", *_row_of(row))
            yield pulse, person.observation(
                pulse, codes.HEART_RATE, profile="heartrate", **told,
                valueQuantity=codes.PER_MINUTE.quantity(row["pulse_bpm"]),
                method=_words("counted with a blood pressure, seated"),
            )  # fmt: skip


def reading_address(row: Row) -> str:
    """The address of the reading of a row."""
    return address("blood pressure", *_row_of(row))


def _row_of(row: Row) -> tuple[str, int, str]:
    """Where a row was read, and when it began: one row of an export may hold several naps."""
    return row["raw_sha256"], row["raw_row"], _instant(row["start_utc"], 0)


def daily_pressures(
    table: pa.Table, taken: Taken, person: Person
) -> Iterator[tuple[str, Resource]]:
    """The mean of every day with two readings or more; a single reading is no mean."""
    for row in table.to_pylist():
        if row["measurement"] != CUFF or row["reading_count"] <= 1:
            continue
        place = address("blood pressure of a day", row["local_date"])
        yield place, person.observation(
            place, codes.MEAN_BLOOD_PRESSURE,
            effectivePeriod=_days(row["local_date"], row["local_date"]),
            method=_words("mean of the readings of a local day"),
            component=[
                *_means(row),
                _component(
                    codes.MEAN_ARTERIAL_PRESSURE, codes.MMHG, row["mean_arterial_pressure_mmhg"]
                ),
                _component(codes.MEASUREMENT_COUNT, codes.COUNT, row["reading_count"]),
            ],
            derivedFrom=_derived_from(taken, row, row["local_date"], row["local_date"]),
        )  # fmt: skip


def protocol_means(table: pa.Table, taken: Taken, person: Person) -> Iterator[tuple[str, Resource]]:
    """The mean of every complete series; one that is incomplete has none."""
    for row in table.to_pylist():
        if not row["complete"]:
            continue
        place = address("protocol", row["protocol"], row["period_start"], row["period_end"])
        guideline = GUIDELINES.get(row["guideline"])
        title = guideline.title if guideline else row["guideline"]
        category = str(row["category"] or "").replace("_", " ")
        yield place, person.observation(
            place, codes.MEAN_BLOOD_PRESSURE,
            effectivePeriod=_days(row["period_start"], row["period_end"]),
            method=_words(f"home protocol {row['protocol']}"),
            interpretation=[_words(f"{category} ({title}, home)")] if category else None,
            component=[
                *_means(row), _component(codes.MEASUREMENT_COUNT, codes.COUNT, row["reading_count"])
            ],
            derivedFrom=_derived_from(taken, row, row["period_start"], row["period_end"]),
            note=_note("A category of a mean measured at home. Not a diagnosis."),
        )  # fmt: skip


def _means(row: Row) -> list[Resource]:
    return [
        _component(codes.MEAN_SYSTOLIC, codes.MMHG, row["systolic_mean_mmhg"]),
        _component(codes.MEAN_DIASTOLIC, codes.MMHG, row["diastolic_mean_mmhg"]),
    ]


def addresses_by_day(table: pa.Table) -> dict[date, list[str]]:
    """The addresses of the readings with a cuff, by local date."""
    found: dict[date, list[str]] = {}
    for row in table.to_pylist():
        if not is_cuffless(row):
            found.setdefault(row["local_date"], []).append(reading_address(row))
    return found


def _derived_from(taken: Taken, row: Row, first: date, last: date) -> list[Resource]:
    """The readings of these days, where all of them and no others are in the mean."""
    days = (first + timedelta(days=day) for day in range((last - first).days + 1))
    found = [place for day in days for place in taken.get(day, ())]
    if len(found) != row["reading_count"]:
        return []
    return [{"reference": place} for place in found]


def daily_heart_rates(table: pa.Table, person: Person) -> Iterator[tuple[str, Resource]]:
    """Mean, minimum and maximum of every day, and its resting heart rate with its method."""
    for row in table.to_pylist():
        day = row["local_date"]
        for column, code in _DAILY_HEART_RATES:
            if row[column] is not None:
                place = address(column, day)
                yield place, person.observation(
                    place, code, effectivePeriod=_days(day, day),
                    valueQuantity=codes.PER_MINUTE.quantity(row[column]),
                    method=_words(f"optical sensor, {row['heart_rate_basis']}".replace("_", " ")),
                )  # fmt: skip
        if row["resting_heart_rate_bpm"] is not None:
            place = address("resting heart rate", day)
            yield place, person.observation(
                place, codes.RESTING_HEART_RATE, effectivePeriod=_days(day, day),
                valueQuantity=codes.PER_MINUTE.quantity(row["resting_heart_rate_bpm"]),
                method=_words(row["resting_heart_rate_method"]),
            )  # fmt: skip


def sleeps(table: pa.Table, person: Person) -> Iterator[tuple[str, Resource]]:
    """Every sleep with its parts; a nap says that it is one."""
    for row in table.to_pylist():
        if row["asleep_minutes"] is None:
            continue
        place = address("sleep", *_row_of(row))
        offset = row["utc_offset_minutes"]
        parts = [
            _component(code, codes.MINUTE, row[column])
            for column, code in _SLEEP_PARTS
            if row[column] is not None
        ]
        yield place, person.observation(
            place, codes.SLEEP, category=codes.SOCIAL_HISTORY, profile="",
            effectivePeriod={
                "start": _instant(row["start_utc"], offset),
                "end": _instant(row["end_utc"], offset),
            },
            valueQuantity=codes.MINUTE.quantity(row["asleep_minutes"]),
            device={"display": source(row["source"])},
            method=_words("wearable, a nap" if row["is_nap"] else "wearable, the night"),
            component=parts,
        )  # fmt: skip


def _component(code: Code, unit: Unit, value: float | None) -> Resource:
    if value is None:
        return {"code": code.concept(), "dataAbsentReason": codes.UNKNOWN.concept()}
    return {"code": code.concept(), "valueQuantity": unit.quantity(value)}


def _instant(utc: datetime, offset_minutes: int) -> str:
    zone = timezone(timedelta(minutes=offset_minutes))
    return utc.astimezone(zone).isoformat(timespec="seconds")


def _days(first: date, last: date) -> Resource:
    return {"start": str(first), "end": str(last)}


def _words(text: str) -> Resource:
    return {"text": text}


def _note(text: str | None) -> list[Resource]:
    """A note without characters that a FHIR string may not have."""
    shown = "".join(each if each.isprintable() or each in "\t\n" else " " for each in text or "")
    return [{"text": shown}] if shown.strip() else []
