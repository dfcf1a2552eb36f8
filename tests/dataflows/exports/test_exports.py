import re
import zipfile
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows import exports, records


def zip_bytes():
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a.csv", "a")
    return target.getvalue()


def report(file):
    return exports.parse(file, date_order=None)["report"]


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\r\n  \n", "empty"),
        (zip_bytes(), "a zip archive"),
        (b"%PDF-1.7 ...", "a PDF document"),
        (b"SQLite format 3\x00...", "an SQLite database"),
        (b'{"a": 1}', "JSON"),
        (b"<?xml version='1.0'?>", "XML"),
        (bytes(range(128, 256)) * 4, "binary"),
        (b"\x00\x01\x02" * 50, "binary"),
        (b"name,colour\nx,y\n", "the columns name, colour belong to no export that is known"),
        (b"2024-01-01 130 85\n", "the first line names no columns"),
    ],
)
def test_an_unrecognised_file_is_told_by_what_it_is(content, seen, export_file):
    found = report(export_file(content))
    assert (found["format"], found["status"]) == (None, "unrecognised")
    assert seen in found["reason"]
    assert "\n" not in found["reason"]


def test_no_cell_of_an_unrecognised_file_is_shown(export_file):
    content = b"pressure today 187,112\nmore,text\n"
    assert not re.search("187|112", report(export_file(content))["reason"])


@pytest.mark.parametrize(
    ("header", "source"),
    [
        ("date,time,heartRate", "zepp"),
        ("Uid,Sid,Key,Time,Value,UpdateTime", "mi_fitness"),
        ("name,colour", None),
    ],
)
def test_a_format_is_recognised_by_content_alone(header, source, export_file):
    found = exports.recognised_format(export_file(header + "\n").content)
    assert (None if found is None else found.SOURCE) == source


HEADERS = [
    b"date,time,heartRate\n",
    b"time,heartRate\n",
    b"date,time,stage,hr,respiratory_rate\n",
    b"date,deepSleepTime,shallowSleepTime,wakeTime,start,stop,REMTime,naps\n",
    b"Uid,Sid,Key,Time,Value,UpdateTime\n",
    b"Uid,Sid,Tag,Key,Time,Value,UpdateTime\n",
    b"Date,Time,Systolic (mmHg),Diastolic (mmHg),Pulse (bpm),Symptoms,Consumed,TruRead,Notes\n",
    b"Measurement Date,Timezone,SYS(mmHg),DIA(mmHg),Pulse(bpm),Irregular heartbeat,Device\n",
    b"Date,Time,SYS(mmHg),DIA(mmHg),Pulse(Beats/Min),Note\n",
    b"start,duration,value\n",
    b'from,to,"light (s)","deep (s)","rem (s)","awake (s)","wake up"\n',
    b'Date,"Heart rate",Systolic,Diastolic,Comments\n',
    b"x\nDate;Time;Sys;Dia;Pulse;MAP;Added manually\n",
    b"",
]
GOOD_ROWS = [
    b"2024-01-01,00:05,61\n",
    b"2024-01-01 10:00:00+0000,61\n",
    b"2024-01-01,23:59,LIGHT,60,14\n",
    b"2024-01-02,100,250,20,2024-01-01 22:00:00+0000,2024-01-02 05:30:00+0000,80,[]\n",
    b'7,huami.1,heart_rate,1700000000,"{""time"":1700000000,""bpm"":61}",1700000000\n',
    b'7,h,sleep,1700000000,"{""bedtime"":1,""wake_up_time"":9,""items"":[{""state"":3}]}",1\n',
    b'7,h,daily_report,sleep,1700000000,"{""segment_details"":[{""bedtime"":1e400}]}",1\n',
    b"Jan 12 2025,08:12,121,79,63,-,-,-,-\n",
    b"2025/01/12 08:12,Asia/Manila,121,79,63,Detected,HEM\n",
    b"12.01.2025;07:15;121;79;63;93;0\n",
    b'2025-01-12T10:00:00+01:00,"[60,60]","[0,2]"\n',
    b"2025-01-12T23:00:00+01:00,2025-01-13T07:00:00+01:00,18000,7200,0,3600,2\n",
    b'"2025-01-12 07:34:49",61,,,\n',
    b"\n",
]
noise = st.one_of(
    st.binary(max_size=20),
    st.text(st.sampled_from('",;\n\r\t 0179{}[]:-+.eE"nulhetpm'), max_size=40).map(str.encode),
)


@settings(deadline=None)
@given(
    st.sampled_from(HEADERS), st.lists(st.one_of(st.sampled_from(GOOD_ROWS), noise), max_size=12)
)
def test_no_content_makes_a_parser_fail(header, body):
    import pyarrow as pa

    content = pa.py_buffer(header + b"".join(body))
    found = exports.parse(exports.ExportFile("ab" * 32, content), date_order=None)
    assert found["report"]["status"] in {"parsed", "unrecognised", "failed"}
    for name, schema in records.PARSED.items():
        found[name].validate(full=True)
        assert set(found[name].column_names) <= set(schema.names)
