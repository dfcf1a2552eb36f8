"""The codes of a FHIR bundle: what was measured (LOINC), in what (UCUM), of which kind.

A mark says how well a code was read: [read] on its own page or in an HL7 guide, [2nd] in somebody
else's words.
"""

from dataclasses import dataclass
from typing import Any, Final

LOINC: Final = "http://loinc.org"
SNOMED: Final = "http://snomed.info/sct"
UCUM: Final = "http://unitsofmeasure.org"
OBSERVATION_CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
DATA_ABSENT_REASON: Final = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
PROFILES: Final = "http://hl7.org/fhir/StructureDefinition"


@dataclass(frozen=True)
class Code:
    """A code of a code system, with the words that the system has for it."""

    system: str
    code: str
    display: str

    def concept(self) -> dict[str, Any]:
        """As a FHIR CodeableConcept."""
        coding = {"system": self.system, "code": self.code, "display": self.display}
        return {"coding": [coding], "text": self.display}


@dataclass(frozen=True)
class Unit:
    """A UCUM unit, and how people write it."""

    code: str
    shown: str

    def quantity(self, value: float) -> dict[str, Any]:
        """A value in this unit, as a FHIR Quantity; the number is that of the table."""
        number = int(value) if float(value).is_integer() else value
        return {"value": number, "unit": self.shown, "system": UCUM, "code": self.code}


MMHG: Final = Unit("mm[Hg]", "mmHg")
PER_MINUTE: Final = Unit("/min", "beats/minute")
MINUTE: Final = Unit("min", "min")
COUNT: Final = Unit("{#}", "readings")

# [read] the blood pressure profile of FHIR R4.
BLOOD_PRESSURE: Final = Code(LOINC, "85354-9", "Blood pressure panel with all children optional")
SYSTOLIC: Final = Code(LOINC, "8480-6", "Systolic blood pressure")
DIASTOLIC: Final = Code(LOINC, "8462-4", "Diastolic blood pressure")

# [read] loinc.org/96607-7, and US Core 7, Average Blood Pressure.
MEAN_BLOOD_PRESSURE: Final = Code(
    LOINC, "96607-7", "Blood pressure panel mean systolic and mean diastolic"
)
MEAN_SYSTOLIC: Final = Code(LOINC, "96608-5", "Systolic blood pressure mean")
MEAN_DIASTOLIC: Final = Code(LOINC, "96609-3", "Diastolic blood pressure mean")
MEASUREMENT_COUNT: Final = Code(SNOMED, "246432004", "Number of occurrences")
# [2nd] data requirements of HL7 CardX, where it is part of an average.
MEAN_ARTERIAL_PRESSURE: Final = Code(LOINC, "8478-0", "Mean blood pressure")

# [read] the heart rate profile of FHIR R4; resting and maximum: HL7 Physical Activity, STU 1.
HEART_RATE: Final = Code(LOINC, "8867-4", "Heart rate")
RESTING_HEART_RATE: Final = Code(LOINC, "40443-4", "Heart rate --resting")
MAXIMUM_HEART_RATE: Final = Code(LOINC, "8873-2", "Heart rate 24 hour maximum")
# [2nd] mappings of others, two of which corrected themselves to these.
MEAN_HEART_RATE: Final = Code(LOINC, "41924-2", "Heart rate 24 hour mean")
MINIMUM_HEART_RATE: Final = Code(LOINC, "8883-1", "Heart rate 24 hour minimum")

# [read] value set of HL7 Personal Health Records; time in bed [2nd], changelogs of others.
SLEEP: Final = Code(LOINC, "93832-4", "Sleep duration")
DEEP_SLEEP: Final = Code(LOINC, "93831-6", "Deep sleep duration")
LIGHT_SLEEP: Final = Code(LOINC, "93830-8", "Light sleep duration")
REM_SLEEP: Final = Code(LOINC, "93829-0", "REM sleep duration")
TIME_IN_BED: Final = Code(LOINC, "103213-5", "Duration in bed")

# [read] hl7.org/fhir/R4/vitalsigns.html; sleep is filed under social history in HL7's examples.
VITAL_SIGNS: Final = Code(OBSERVATION_CATEGORY, "vital-signs", "Vital Signs")
SOCIAL_HISTORY: Final = Code(OBSERVATION_CATEGORY, "social-history", "Social History")
UNKNOWN: Final = Code(DATA_ABSENT_REASON, "unknown", "Unknown")
