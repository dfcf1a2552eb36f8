"""Following one item of a block finds the same raw files as following all of them."""

import random

import pytest

from registry.database import Database
from registry.lineage import (
    computations_behind,
    raw_file_names,
    raw_files_behind,
    rows_by_node,
)


class Writer:
    """Writes computations and their lineage as the store does."""

    def __init__(self, connection):
        self._connection = connection
        self._count = 0

    def raw_file(self, name):
        sha256 = f"raw {name}"
        self._connection.execute(
            "INSERT INTO raw_file VALUES (?, 1, ?, '2026', NULL, 'file', 0)", (sha256, name)
        )
        return sha256

    def made(self, node, inputs, item=""):
        """A computation of (parameter, position, kind, producer or hash)."""
        self._count += 1
        key, sha256 = f"{node} {item} {self._count}", f"made {self._count}"
        self._connection.execute("INSERT INTO artifact VALUES (?, 'json', 1, 2)", (sha256,))
        self._connection.execute(
            "INSERT INTO computation VALUES (?, ?, ?, 'merge', 'code', ?, 'json', 0.1, 'run')",
            (key, node, item, sha256),
        )
        for parameter, position, kind, source in inputs:
            producer = source if kind == "artifact" else None
            self._connection.execute(
                "INSERT INTO computation_input VALUES (?, ?, ?, ?, ?, ?, NULL)",
                (key, parameter, position, kind, f"hash of {source}" if producer else source,
                 producer),
            )  # fmt: skip
        return key


def shape(writer, draws):
    """Files through a block with an input from outside of it, collected; parts; nodes below."""
    files = [writer.raw_file(f"file {place}") for place in range(draws.randint(1, 6))]
    outside = writer.made("outside", [("file", 0, "raw", writer.raw_file("outside"))])
    ends = []
    for file in files:
        first = writer.made("parsed", [("file", 0, "raw", file)], file)
        inputs = [
            ("parsed", 0, "artifact", first),
            ("zone", 0, "configuration", "zone"),
            ("outside", 0, "artifact", outside),
        ]
        ends.append(writer.made("checked", inputs, file))
    collected = writer.made("all", [("checked", n, "artifact", end) for n, end in enumerate(ends)])
    more = writer.made("more", [("file", 0, "raw", writer.raw_file("more"))])
    years = [
        writer.made("year", [("part", 0, "artifact", draws.choice([collected, more]))], f"y{n}")
        for n in range(draws.randint(1, 4))
    ]
    joined = writer.made("joined", [("year", n, "artifact", y) for n, y in enumerate(years)])
    several = writer.made("several", [("files", n, "raw", f) for n, f in enumerate(files[:2])])
    ends = [*ends, collected, joined, several]
    for place in range(draws.randint(0, 5)):
        needs = draws.sample(ends, k=min(len(ends), 2))
        inputs = [(f"need {n}", 0, "artifact", need) for n, need in enumerate(needs)]
        ends.append(writer.made(f"below {place}", inputs))
    return [outside, more, *ends]


@pytest.mark.parametrize("seed", range(12))
def test_following_one_item_finds_the_raw_files_of_all(tmp_path, seed):
    database = Database(tmp_path / "registry.sqlite")
    with database.atomic() as connection:
        keys = shape(Writer(connection), random.Random(seed))
    for key in keys:
        edges = computations_behind(database, [key]).edges
        followed = {edge.sha256 for edge in edges if edge.kind == "raw"}
        assert raw_files_behind(database, [key]) == sorted(followed)


def test_first_items_stand_for_their_block(tmp_path):
    database = Database(tmp_path / "registry.sqlite")
    with database.atomic() as connection:
        writer = Writer(connection)
        files = [writer.raw_file(name) for name in ("b", "a", "c")]
        parsed = [writer.made("parsed", [("file", 0, "raw", file)], file) for file in files]
        top = writer.made("all", [("parsed", n, "artifact", key) for n, key in enumerate(parsed)])
    lineage = computations_behind(database, [top], first_items=True)
    assert lineage.made.keys() == {top, parsed[0]}
    assert computations_behind(database, [top]).made.keys() == {top, *parsed}
    assert raw_files_behind(database, [top]) == sorted(files)
    assert list(raw_file_names(database, files).values()) == ["a", "b", "c"]
    assert rows_by_node(database, [top, *parsed]) == {"all": 2, "parsed": 6}


def test_an_unknown_computation_rests_on_nothing(tmp_path):
    database = Database(tmp_path / "registry.sqlite")
    assert raw_files_behind(database, ["unknown"]) == []
    assert computations_behind(database, ["unknown"]).made == {}
