"""Lists of vendors in JSON with anything at all in any place."""

import copy
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows import records
from dataflows.exports import parse
from tests.dataflows.exports.conftest import export_file_of

LOG = {
    "logId": 1, "dateOfSleep": "2024-03-11", "startTime": "2024-03-10T23:00:00.000",
    "endTime": "2024-03-11T07:00:00.000", "minutesToFallAsleep": 4, "mainSleep": True,
    "levels": {
        "data": [{"dateTime": "2024-03-10T23:00:00.000", "level": "light", "seconds": 9000}],
        "shortData": [{"dateTime": "2024-03-10T23:30:00.000", "level": "wake", "seconds": 60}],
        "summary": {"light": {"minutes": 100}},
    },
}  # fmt: skip
SLEEP = {
    "day": "2026-05-25", "type": "long_sleep", "bedtime_start": "2026-05-24T23:00:00-07:00",
    "bedtime_end": "2026-05-25T07:00:00-07:00", "deep_sleep_duration": 5400, "latency": 60,
    "lowest_heart_rate": 51, "sleep_phase_5_min": "4422211334",
}  # fmt: skip
POINTS = [
    {"dataTypeName": f"com.google.{kind}", "fitValue": [{"value": {"fpVal": 4.0}}] * 2,
     "startTimeNanos": 1_781_841_600_000_000_000, "endTimeNanos": 1_781_841_660_000_000_000}
    for kind in ("heart_rate.bpm", "blood_pressure", "sleep.segment")
]  # fmt: skip
DOCUMENTS = [
    [{"dateTime": "01/01/24 00:00:00", "value": {"bpm": 61, "confidence": 2}}] * 2,
    [{"dateTime": "01/01/24 00:00:00", "value": {"date": "01/01/24", "value": 6.0, "error": 1}}],
    [LOG, LOG],
    [
        {
            "heart_rate": 61.0,
            "heart_rate_min": 5,
            "heart_rate_max": 9,
            "start_time": 1_781_841_600_000,
        }
    ],
    {
        "sleep": [SLEEP],
        "heartrate": [{"bpm": 5, "source": "rest", "timestamp": "2026-05-25T06:00Z"}],
    },
    {"Data Source": "x", "Data Points": POINTS},
]
ODD = st.sampled_from(
    [None, True, 0, -1, 10**400, -(10**30), 1e308, float("nan"), float("inf"), "", "\ud800", "5",
     "٣", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", [], {}, [[]], [{}], {"value": None}]
)  # fmt: skip


def places(node, path=()):
    """Every place in a document, as the keys that lead to it."""
    yield path
    inside = node.items() if isinstance(node, dict) else ()
    for key, value in enumerate(node) if isinstance(node, list) else inside:
        yield from places(value, (*path, key))


@settings(max_examples=400)
@given(st.sampled_from(DOCUMENTS), st.data())
def test_no_value_in_any_place_makes_a_parser_fail(document, data):
    told = copy.deepcopy(document)
    for path in data.draw(st.lists(st.sampled_from(list(places(document))[1:]), max_size=2)):
        node = told
        try:
            for key in path[:-1]:
                node = node[key]
            node[path[-1]] = copy.deepcopy(data.draw(ODD))
        except (TypeError, LookupError):
            continue
    found = parse(export_file_of(json.dumps(told)), date_order=None)
    assert found["report"]["status"] in {"parsed", "failed", "unrecognised"}
    for name, schema in records.PARSED.items():
        found[name].validate(full=True)
        assert set(found[name].column_names) <= set(schema.names)
