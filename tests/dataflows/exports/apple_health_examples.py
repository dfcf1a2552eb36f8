"""Made-up records of an Apple Health export, written as the Health app writes them."""

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from xml.sax.saxutils import quoteattr

import pyarrow as pa

from dataflows.exports import ExportFile, apple_health

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE HealthData [
<!-- HealthKit Export Version: 14 -->
<!ELEMENT HealthData (ExportDate,Me,(Record|Correlation|Workout)*)>
<!ATTLIST HealthData
  locale CDATA #REQUIRED
>
]>
<HealthData locale="de_DE">
 <ExportDate value="2024-06-01 08:10:05 +0200"/>
 <Me HKCharacteristicTypeIdentifierDateOfBirth="1990-05-20"/>
"""
HEAD_ROWS = HEAD.count("\n")
END = "</HealthData>\n"
WATCH, PHONE = "Alex\u2019s Apple\u00a0Watch", "Alex\u2019s iPhone"
DEVICE = "<<HKDevice: 0x3012772a0>, name:Apple Watch, hardware:Watch6,7, software:10.2>"
EXPORTED = timezone(timedelta(hours=2))
BERLIN = {"HKTimeZone": "Europe/Berlin"}

QUANTITY = "HKQuantityTypeIdentifier"
SLEEP = "HKCategoryTypeIdentifierSleepAnalysis"
PRESSURE = "HKCorrelationTypeIdentifierBloodPressure"


def written(moment, zone=EXPORTED):
    """An instant as the exporting phone writes it; text stays as it is."""
    if isinstance(moment, str):
        return moment
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %z")


def element(kind, value, start, end=None, *, unit=None, source=WATCH, created=None, metadata=None):
    """A record."""
    attributes = {
        "type": kind,
        "sourceName": source,
        "sourceVersion": "10.2",
        "device": DEVICE if source == WATCH else None,
        "unit": unit,
        "creationDate": written(created or end or start),
        "startDate": written(start),
        "endDate": written(end or start),
        "value": str(value),
    }
    told = " ".join(f"{k}={quoteattr(v)}" for k, v in attributes.items() if v is not None)
    if not metadata:
        return f" <Record {told}/>\n"
    entries = "".join(
        f"  <MetadataEntry key={quoteattr(key)} value={quoteattr(text)}/>\n"
        for key, text in metadata.items()
    )
    return f" <Record {told}>\n{entries} </Record>\n"


def heart_rate(value, start, **more):
    return element(QUANTITY + "HeartRate", value, start, **{"unit": "count/min", **more})


def resting(value, start, end, **more):
    return element(QUANTITY + "RestingHeartRate", value, start, end, unit="count/min", **more)


def pressure(which, value, start, **more):
    more = {"unit": "mmHg", "source": "OMRON connect", **more}
    return element(QUANTITY + "BloodPressure" + which, value, start, **more)


def pressures(systolic, diastolic, start, **more):
    """Two records that stand alone."""
    return pressure("Systolic", systolic, start, **more) + pressure(
        "Diastolic", diastolic, start, **more
    )


def correlation(inside, start, source="OMRON connect"):
    """Records told together."""
    times = f'creationDate="{written(start)}" startDate="{written(start)}"'
    return (
        f' <Correlation type="{PRESSURE}" sourceName={quoteattr(source)} sourceVersion="1" '
        f'{times} endDate="{written(start)}">\n{inside} </Correlation>\n'
    )


def sleep(stage, start, end, **more):
    more = {"metadata": BERLIN, **more}
    return element(SLEEP, "HKCategoryValueSleepAnalysis" + stage, start, end, **more)


def steps(start):
    return element(QUANTITY + "StepCount", 12, start, unit="count", source=PHONE)


def export(*elements, end=END):
    return HEAD + "".join(elements) + end


def file_of(content):
    data = content.encode() if isinstance(content, str) else content
    return ExportFile(hashlib.sha256(data).hexdigest(), pa.py_buffer(data))


def parsed(*elements, end=END):
    """What is made of an export with these elements."""
    return apple_health.parse(file_of(export(*elements, end=end)), date_order=None)


def utc(*numbers):
    return datetime(*numbers, tzinfo=UTC)
