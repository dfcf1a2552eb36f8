"""Why results are not kept by Hamilton's own `with_cache`: what it gets wrong, and ours does not.

Each claim is tried on both. When a newer Hamilton mends one, the test of its cache fails and says
so; ours must pass whatever it does.
"""

import os
import pickle
from pathlib import Path

import pytest
from hamilton import driver

from tests.staleness.laboratory import Laboratory, imported, lay_out, values_without_registry


class Ours:
    """The flow with its registry."""

    def __init__(self, folder):
        self.home, self.laboratory = folder / "home", Laboratory(folder / "home")

    def run(self, source, forced=()):
        _, values = self.laboratory.run(source, ["flow"], {}, forced=forced)
        return {node: value for (node, _), value in values.items()}

    def results(self):
        return [path for path in (self.home / "objects").rglob("*") if path.is_file()]


class Theirs:
    """The flow with Hamilton's cache."""

    def __init__(self, folder):
        self.home = folder / "cache"

    def run(self, source, forced=()):
        with imported(source, ["flow"]) as modules:
            builder = driver.Builder().with_modules(*modules)
            built = builder.with_cache(path=str(self.home), recompute=list(forced) or None).build()
            return dict(built.execute([node.name for node in built.list_available_variables()]))

    def results(self):
        return [path for path in self.home.iterdir() if not path.name.startswith("metadata")]


@pytest.fixture
def flow(tmp_path):
    count = iter(range(10))

    def flow(text):
        folder = tmp_path / f"src{next(count)}"
        lay_out(folder, {"flow.py": text})
        return folder

    return flow


@pytest.fixture
def ours(tmp_path):
    return Ours(tmp_path)


@pytest.fixture
def theirs(tmp_path):
    return Theirs(tmp_path)


TABLES = """
import pyarrow as pa


def systolic() -> pa.Table:
    return pa.table({"systolic": [1, 2]})


def pulse() -> pa.Table:
    return pa.table({"pulse": [1, 2]})
"""
FRAMES = (
    TABLES.replace("pyarrow as pa", "pandas as pd")
    .replace("pa.Table", "pd.DataFrame")
    .replace("pa.table", "pd.DataFrame")
)
NUMBERS = """
def number() -> int:
    return 1


def text() -> str:
    return "1"
"""


def test_a_table_is_not_mistaken_for_another_with_equal_values(flow, ours):
    source = flow(TABLES)
    ours.run(source)
    assert ours.run(source) == {"systolic": {"systolic": [1, 2]}, "pulse": {"pulse": [1, 2]}}


def test_hamilton_returns_another_node_s_table(flow, theirs):
    source = flow(FRAMES)
    theirs.run(source)
    tables = theirs.run(source)
    assert list(tables["pulse"]) == list(tables["systolic"])


def test_a_value_keeps_its_type(flow, ours):
    source = flow(NUMBERS)
    ours.run(source)
    assert ours.run(source) == {"number": 1, "text": "1"}


def test_hamilton_returns_a_number_for_a_text(flow, theirs):
    source = flow(NUMBERS)
    theirs.run(source)
    assert theirs.run(source)["text"] == 1


HELPED = """
LIMIT = 1


def _helped():
    return LIMIT


def answer() -> int:
    return _helped()
"""
EDITS = [("LIMIT = 1", "LIMIT = 2"), ("return LIMIT", "return LIMIT + 1")]


@pytest.mark.parametrize(("old", "new"), EDITS, ids=["a constant", "a helper"])
def test_an_edited_constant_or_helper_is_seen(flow, ours, old, new):
    assert ours.run(flow(HELPED))["answer"] == 1
    assert ours.run(flow(HELPED.replace(old, new)))["answer"] == 2


@pytest.mark.parametrize(("old", "new"), EDITS, ids=["a constant", "a helper"])
def test_hamilton_does_not_see_an_edited_constant_or_helper(flow, theirs, old, new):
    assert theirs.run(flow(HELPED))["answer"] == 1
    after = flow(HELPED.replace(old, new))
    assert theirs.run(after)["answer"] == 1
    assert values_without_registry(after, ["flow"], {})["answer"] == 2


def tear(results):
    for path in results:
        path.chmod(0o600)
        path.write_bytes(path.read_bytes()[:1])


def test_a_torn_result_is_made_again(flow, ours):
    source = flow(HELPED)
    ours.run(source)
    tear(ours.results())
    assert ours.run(source)["answer"] == 1


def test_hamilton_stops_at_a_torn_result_in_every_later_run(flow, theirs):
    source = flow(HELPED)
    theirs.run(source)
    tear(theirs.results())
    for _ in range(2):
        with pytest.raises(pickle.UnpicklingError):
            theirs.run(source)


OUTSIDE = """
from pathlib import Path


def answer() -> str:
    return Path({path!r}).read_text()
"""


@pytest.fixture
def outside(tmp_path):
    path = tmp_path / "outside.txt"
    path.write_text("old")
    return path


def test_a_forced_result_stays(flow, ours, outside):
    source = flow(OUTSIDE.format(path=str(outside)))
    ours.run(source)
    outside.write_text("new")
    assert ours.run(source, forced=["answer"])["answer"] == "new"
    assert ours.run(source)["answer"] == "new"


def test_hamilton_loses_a_forced_result(flow, theirs, outside):
    source = flow(OUTSIDE.format(path=str(outside)))
    theirs.run(source)
    outside.write_text("new")
    assert theirs.run(source, forced=["answer"])["answer"] == "new"
    assert theirs.run(source)["answer"] == "old"


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self):
        return os.mkdir, (str(self.place),)


def plant(results, place):
    for path in results:
        path.chmod(0o600)
        path.write_bytes(pickle.dumps(Trap(place)))


def test_what_someone_planted_among_the_results_is_not_run(flow, ours, tmp_path):
    source = flow(HELPED)
    ours.run(source)
    plant(ours.results(), tmp_path / "sprung")
    assert ours.run(source)["answer"] == 1
    assert not (tmp_path / "sprung").exists()


def test_hamilton_runs_what_someone_planted_among_the_results(flow, theirs, tmp_path):
    source = flow(HELPED)
    theirs.run(source)
    plant(theirs.results(), tmp_path / "sprung")
    assert theirs.run(source)["answer"] != 1
    assert (tmp_path / "sprung").exists()
