"""A generation as a FHIR R4 Bundle: what was measured, the means, and where they came from.

BrokenBundleError     a bundle would break a rule of its profile: a defect of this program
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pyarrow as pa

from adapters import AdapterError
from adapters.publishing import fhir_observations as observations
from adapters.publishing.fhir_observations import Person, Resource, address
from adapters.publishing.fhir_rules import broken_rules
from adapters.publishing.tables import Publication

OUTPUTS: Final = (
    "daily_metrics",
    "blood_pressure_readings",
    "sleep_sessions",
)
OPTIONAL_OUTPUTS: Final = ("blood_pressure_days", "home_blood_pressure")
_PARTICIPANT_TYPE: Final = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"


class BrokenBundleError(AdapterError):
    """The bundle does not keep the rules of the vital-signs profile."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"the bundle would be wrong ({problem}); please report it")


def fhir_bundle(
    tables: Mapping[str, pa.Table], source: Publication, name: str = ""
) -> dict[str, Any]:
    """The bundle of some tables of a generation.

    Args:
        tables: The tables by the name of their output, cut to the wanted dates.
        source: The generation that they came from.
        name: What the person is called in it; empty for no name.

    Raises:
        BrokenBundleError: It would break a rule of its profile.
    """
    person = Person(address("person", source.profile), name)
    entries = [(person.address, _patient(person)), *_observations(tables, person)]
    origin = address("generation", source.profile, source.generation, source.published_utc)
    entries.append((origin, _provenance(origin, source, [place for place, _ in entries])))
    bundle = {
        "resourceType": "Bundle",
        "id": address("bundle", origin, len(entries)).rpartition(":")[2],
        "identifier": {"system": "urn:ietf:rfc:3986", "value": origin},
        "type": "collection",
        "timestamp": source.published_utc,
        "entry": [{"fullUrl": place, "resource": resource} for place, resource in entries],
    }
    if problems := broken_rules(bundle):
        raise BrokenBundleError(problems[0])
    return bundle


def bundle_bytes(bundle: Mapping[str, Any]) -> bytes:
    """A bundle as JSON text."""
    text = json.dumps(bundle, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode() + b"\n"


def _patient(person: Person) -> Resource:
    found: Resource = {"resourceType": "Patient", "id": person.address.rpartition(":")[2]}
    return found | ({"name": [{"text": person.name}]} if person.name else {})


def _observations(tables: Mapping[str, pa.Table], person: Person) -> Iterator[tuple[str, Resource]]:
    taken = observations.addresses_by_day(tables["blood_pressure_readings"])
    yield from observations.readings(tables["blood_pressure_readings"], person)
    if "blood_pressure_days" in tables:
        yield from observations.daily_pressures(tables["blood_pressure_days"], taken, person)
    if "home_blood_pressure" in tables:
        yield from observations.protocol_means(tables["home_blood_pressure"], taken, person)
    yield from observations.daily_heart_rates(tables["daily_metrics"], person)
    yield from observations.sleeps(tables["sleep_sessions"], person)


def _provenance(place: str, source: Publication, targets: list[str]) -> Resource:
    """Where all of it came from: the generation, and who put the bundle together."""
    assembler = {"system": _PARTICIPANT_TYPE, "code": "assembler", "display": "Assembler"}
    return {
        "resourceType": "Provenance",
        "id": place.rpartition(":")[2],
        "target": [{"reference": target} for target in targets],
        "recorded": source.published_utc,
        "agent": [
            {
                "type": {"coding": [assembler]},
                "who": {"display": "personal-data-pipeline"},
            }
        ],
        "entity": [
            {
                "role": "source",
                "what": {
                    "identifier": {"value": f"generation {source.generation}"},
                    "display": f"generation {source.generation}, published {source.published_utc}",
                },
            }
        ],
    }
