"""What a bundle has to keep beyond its structure: the vital-signs profile and its value sets.

Models of FHIR resources accept any status and any code, so these are looked at here.

Source: hl7.org/fhir/R4/vitalsigns.html and its blood pressure and heart rate profiles; value set
observation-status of R4; LOINC users' guide (check digit, Luhn's).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from adapters.publishing import fhir_codes as codes

STATUSES: Final = frozenset(
    [
        "registered",
        "preliminary",
        "final",
        "amended",
        "corrected",
        "cancelled",
        "entered-in-error",
        "unknown",
    ]
)
CATEGORIES: Final = frozenset(
    [
        "social-history",
        "vital-signs",
        "imaging",
        "laboratory",
        "procedure",
        "survey",
        "exam",
        "therapy",
        "activity",
    ]
)
UNITS: Final[Mapping[str, codes.Unit]] = {
    **dict.fromkeys(("8480-6", "8462-4", "96608-5", "96609-3", "8478-0"), codes.MMHG),
    **dict.fromkeys(("8867-4", "40443-4", "8873-2", "41924-2", "8883-1"), codes.PER_MINUTE),
    **dict.fromkeys(("93832-4", "93831-6", "93830-8", "93829-0", "103213-5"), codes.MINUTE),
    codes.MEASUREMENT_COUNT.code: codes.COUNT,
}
"""The unit of every code that has a value."""
PANELS: Final[Mapping[str, frozenset[str]]] = {
    "85354-9": frozenset({"8480-6", "8462-4"}),
    "96607-7": frozenset({"96608-5", "96609-3"}),
}
"""Panels have no value of their own, and these components."""

_SNOMED: Final = frozenset({codes.MEASUREMENT_COUNT.code})

Resource = Mapping[str, Any]


def broken_rules(bundle: Resource) -> list[str]:
    """Every rule that a bundle breaks: the place and the rule, never a value."""
    entries = bundle["entry"]
    addresses = [entry["fullUrl"] for entry in entries]
    known = set(addresses)
    found = [] if len(known) == len(addresses) else ["two entries have one address"]
    for entry in entries:
        resource = entry["resource"]
        place = f"{resource['resourceType']} {resource['id']}"
        if entry["fullUrl"] != f"urn:uuid:{resource['id']}":
            found.append(f"{place}: its address is not that of its id")
        if not known.issuperset(_references(resource)):
            found.append(f"{place}: refers to what is not in the bundle")
        if resource["resourceType"] == "Observation":
            found += [f"{place}: {problem}" for problem in _observation(resource)]
    return found


def _references(value: Any) -> Iterator[str]:
    if type(value) is dict:
        for name, part in value.items():
            if name == "reference":
                yield part
            else:
                yield from _references(part)
    elif type(value) is list:
        for part in value:
            yield from _references(part)


def _observation(resource: Resource) -> Iterator[str]:
    if resource.get("status") not in STATUSES:
        yield "its status is none of the value set"
    categories = _codes(resource.get("category", []), codes.OBSERVATION_CATEGORY)
    if not categories or not CATEGORIES.issuperset(categories):
        yield "its category is none of the value set"
    if "subject" not in resource:
        yield "it has no subject"
    if ("effectiveDateTime" in resource) == ("effectivePeriod" in resource):
        yield "it needs a time or a period, and one of them"
    period = resource.get("effectivePeriod", {})
    if period and period["start"] > period["end"] and period["start"][:10] > period["end"][:10]:
        yield "its period ends before it starts"
    yield from _measured(resource)


def _measured(resource: Resource) -> Iterator[str]:
    (code,) = _codes([resource["code"]], codes.LOINC) or [""]
    components = resource.get("component", [])
    found = [_code_of(part) for part in components]
    if len(set(found)) != len(found):
        yield "a component is there twice"
    if code in PANELS:
        if "valueQuantity" in resource:
            yield "a panel has no value of its own"
        if not PANELS[code].issubset(found):
            yield "a component of its panel is missing"
    else:
        yield from _value(resource, code)
    for part, part_code in zip(components, found, strict=True):
        yield from _value(part, part_code)


def _value(holder: Resource, code: str) -> Iterator[str]:
    if code not in UNITS or not (code in _SNOMED or has_check_digit(code)):
        yield f"{code!r} is no code that this program uses"
        return
    if ("valueQuantity" in holder) == ("dataAbsentReason" in holder):
        yield f"{code}: it needs a value or a reason why there is none"
    quantity = holder.get("valueQuantity")
    unit = UNITS[code]
    if quantity and (quantity.get("system"), quantity.get("code")) != (codes.UCUM, unit.code):
        yield f"{code}: its unit is not {unit.code} of UCUM"


def _code_of(part: Resource) -> str:
    (coding,) = part["code"]["coding"]
    return str(coding["code"])


def _codes(concepts: Sequence[Resource], system: str) -> list[str]:
    return [
        coding["code"]
        for concept in concepts
        for coding in concept.get("coding", [])
        if coding.get("system") == system
    ]


def has_check_digit(code: str) -> bool:
    """Whether a LOINC code ends in the check digit of its number."""
    number, _, check = code.partition("-")
    if not (number.isdecimal() and check.isdecimal()):
        return False
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 - the digits' sum of 10 to 18
    return (total + int(check)) % 10 == 0
