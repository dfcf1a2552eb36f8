import hashlib
import json

import pyarrow as pa
import pytest

from dataflows.exports import ExportFile


def export_file_of(content):
    data = content.encode() if isinstance(content, str) else content
    return ExportFile(hashlib.sha256(data).hexdigest(), pa.py_buffer(data))


def csv_of(*lines, end="\n"):
    return "".join(line + end for line in lines)


def mi_line(key, value, time=1_700_000_000, *, sid="huami.1", updated=1_700_000_900, tag=None):
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    quoted = '"' + text.replace('"', '""') + '"'
    columns = ["77", sid, *([] if tag is None else [tag]), key, str(time), quoted, str(updated)]
    return ",".join(columns)


MI_HEADER = "Uid,Sid,Key,Time,Value,UpdateTime"
MI_REPORT_HEADER = "Uid,Sid,Tag,Key,Time,Value,UpdateTime"


@pytest.fixture
def export_file():
    return export_file_of


@pytest.fixture
def lines():
    return csv_of


@pytest.fixture
def mi_row():
    return mi_line


@pytest.fixture
def mi_file():
    """A fitness file of Mi Fitness, of rows as `mi_row` makes them."""
    return lambda *rows: export_file_of(csv_of(MI_HEADER, *rows))


@pytest.fixture
def mi_report_file():
    """An aggregated file of Mi Fitness."""
    return lambda *rows: export_file_of(csv_of(MI_REPORT_HEADER, *rows))
