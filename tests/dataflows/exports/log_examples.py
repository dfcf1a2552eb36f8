"""A hand-kept log of some lines, parsed."""

import pyarrow as pa

from dataflows.exports import blood_pressure_sheet as sheet
from dataflows.exports.export_file import ExportFile

HEADER = "date,time,systolic,diastolic,pulse,note"


def parse(*lines, order=None, encoding="utf-8", end="\n"):
    content = (end.join(lines) + end).encode(encoding)
    assert sheet.recognises(content)
    return sheet.parse(ExportFile("a" * 64, pa.py_buffer(content)), date_order=order)


def readings(*lines, **options):
    parsed = parse(*lines, **options)
    assert parsed["report"]["status"] == "parsed", parsed["report"]["reason"]
    assert parsed["rejected"].num_rows == 0, parsed["rejected"].to_pylist()
    return parsed["blood_pressure"].to_pylist()


def pressures(*lines, **options):
    return [(row["systolic_mmhg"], row["diastolic_mmhg"]) for row in readings(*lines, **options)]


def times(*cells, order=None, header="date,time"):
    lines = [f"{cell},120,80" for cell in cells]
    return [row["start_local"] for row in readings(f"{header},sys,dia", *lines, order=order)]


def rejected(*lines, **options):
    parsed = parse(HEADER, *lines, **options)
    return [(row["raw_row"], row["column"], row["check"]) for row in parsed["rejected"].to_pylist()]


def failure(*lines, **options):
    parsed = parse(*lines, **options)
    assert parsed["report"]["status"] == "failed"
    assert parsed["blood_pressure"].num_rows == parsed["rejected"].num_rows == 0
    return parsed["report"]["reason"]
