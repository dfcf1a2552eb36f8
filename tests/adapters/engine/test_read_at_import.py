"""A data file that a flow reads while it is imported is part of the nodes that can see it."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.engine.read_at_import import data_files
from registry.code_identity import CodeIndex
from tests.staleness.laboratory import Laboratory, imported, lay_out, versions

FILES = {
    "flow/__init__.py": "",
    "flow/limits.json": '{"low": 40, "high": 250}',
    "flow/words.csv": "low,small\nhigh,large\n",
    "flow/names.txt": "one\ntwo\n",
    "flow/spare.txt": "nothing",
    "flow/reading.py": '''\
import functools
from pathlib import Path

HERE = Path(__file__).parent


@functools.cache
def text_of(name):
    return (HERE / name).read_text()
''',
    "flow/tables.py": '''\
import csv
import json
from pathlib import Path

from flow.reading import text_of

HERE = Path(__file__).parent
LIMITS = json.loads((HERE / "limits.json").read_text())
WORDS = dict(csv.reader((HERE / "words.csv").read_text().splitlines()))
NAMES = text_of("names.txt").split()
SPARE = (HERE / "spare.txt").read_text()
UNRELATED = 1
''',
    "flow/other.py": '''\
from flow.reading import text_of

FIRST = text_of("names.txt")[:3]
''',
    "flow/nodes.py": '''\
from flow import other, tables


def low() -> int:
    return tables.LIMITS["low"]


def word() -> str:
    return tables.WORDS["low"]


def name() -> str:
    return tables.NAMES[0]


def first() -> str:
    return other.FIRST


def unrelated() -> int:
    return tables.UNRELATED


def sentence(low: int, word: str, name: str, first: str) -> str:
    return f"{low} {word} {name} {first}"
''',
}  # fmt: skip
ALL = ["first", "low", "name", "sentence", "unrelated", "word"]


class Watched(Laboratory):
    """A laboratory whose code index knows what the flow read."""

    def index(self, folder):
        return CodeIndex(
            [folder], packages={"flow"}, distribution_version=versions, data_files=data_files()
        )


@pytest.fixture
def run(tmp_path):
    laboratory, count = Watched(tmp_path / "home"), iter(range(100))

    def run(**changes):
        changed = {f"flow/{name.replace('_', '.')}": text for name, text in changes.items()}
        folder = tmp_path / str(next(count))
        lay_out(folder, {**FILES, **changed})
        return laboratory.run(folder, ["flow.nodes"], {})

    assert run()[0] == ALL
    return run


@pytest.mark.parametrize(
    ("changes", "reruns"),
    [
        ({}, []),
        ({"limits_json": '{"low": 50, "high": 250}'}, ["low", "sentence"]),
        ({"limits_json": '{"low": 40, "high": 260}'}, ["low"]),
        ({"words_csv": "low,little\nhigh,large\n"}, ["sentence", "word"]),
        ({"spare_txt": "something"}, []),
    ],
    ids=["nothing", "a limit", "an unread limit", "a word", "an unused file"],
)
def test_an_edited_data_file_reruns_the_nodes_that_see_what_was_read(run, changes, reruns):
    assert run(**changes)[0] == reruns


@pytest.mark.parametrize(
    "statement",
    [
        'with open(HERE / "limits.json") as file:\n    LIMITS = json.load(file)\n',
        'LIMITS = {}\nLIMITS.update(json.loads((HERE / "limits.json").read_bytes()))\n',
        'file = (HERE / "limits.json").open()\nLIMITS = json.load(file)\nfile.close()\n',
        'import os\nLIMITS = json.loads(os.read(os.open(HERE / "limits.json", 0), 999))\n',
        'class T:\n    X = json.loads((HERE / "limits.json").read_text())\nLIMITS = T.X\n',
    ],
)
def test_however_a_file_is_opened_its_edit_is_seen(statement, run):
    plain = 'LIMITS = json.loads((HERE / "limits.json").read_text())\n'
    tables = FILES["flow/tables.py"].replace(plain, statement)
    assert "low" in run(tables_py=tables)[0]
    ran, values = run(tables_py=tables, limits_json='{"low": 50, "high": 250}')
    assert {"low", "sentence"} <= set(ran)
    assert values["low", ""] == 50


def test_a_file_that_a_cached_function_read_counts_for_all_that_call_it(run):
    ran, values = run(names_txt="six\nten\n")
    assert ran == ["first", "name", "sentence"]
    assert values["sentence", ""] == "40 small six six"


def test_where_a_file_lies_and_when_it_was_written_do_not_count(run):
    assert run()[0] == []


def test_the_files_are_listed_with_the_sources_and_so_are_checked_after_the_run(tmp_path):
    lay_out(tmp_path, FILES)
    with imported(tmp_path, ["flow.nodes"]):
        index = Watched(tmp_path / "home").index(tmp_path)
        names = {path.name for path in index.source_files()}
        units = index.identity("flow.nodes", "low").units
    assert {"limits.json", "words.csv", "names.txt", "spare.txt"} < names
    assert "flow.tables:LIMITS reads limits.json" in units


def test_what_a_node_opens_when_it_is_called_is_not_taken_for_read_at_import(tmp_path):
    lay_out(tmp_path, FILES)
    with imported(tmp_path, ["flow.reading"]) as (reading,):
        reading.text_of("names.txt")
        assert [found for found in data_files() if found.module == "flow.reading"] == []


def test_modules_of_an_earlier_import_are_forgotten(tmp_path):
    lay_out(tmp_path, FILES)
    with imported(tmp_path, ["flow.nodes"]):
        assert {found.module for found in data_files()} >= {"flow.tables", "flow.reading"}
    assert not {found.module for found in data_files()} & {"flow.tables", "flow.reading"}


def test_this_project_s_flow_reads_no_file_while_it_is_imported():
    program = (
        "import adapters.driver\n"
        "from adapters.engine.read_at_import import data_files\n"
        "print([found for found in data_files()])\n"
    )
    root = Path(importlib.import_module("adapters").__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
