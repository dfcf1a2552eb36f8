"""Only what no kept generation reaches is removed, rows before files."""

import hashlib
import sqlite3

import pytest

from registry.garbage import Collector, NoSuchGenerationError, pin, pinned, remove_objects, unpin
from registry.store import Artifact, EncodedArtifact
from tests.registry.chains import Chain


@pytest.fixture
def chain(tmp_path):
    made = Chain(tmp_path)
    for code in ("one", "two", "three", "four"):
        made.publish({"a" * 64: "first", "b" * 64: code}, code)
    return made


def collect(chain, **limits):
    return Collector(chain.store, chain.generations).collect(**limits)


def rows(chain, table):
    return chain.database.row(f"SELECT count(*) AS n FROM {table}")["n"]


def test_the_newest_generations_are_kept_whole_and_older_ones_lose_their_results(chain):
    found = collect(chain, newest=2)
    assert (found.kept, found.dropped) == ([3, 4], [1, 2])
    assert [chain.whole(number) for number in (1, 2, 3, 4)] == [False, False, True, True]
    assert found.removed["objects"].count == 6
    assert found.removed["computations"].count == 6


def test_history_and_versions_outlive_the_results(chain):
    collect(chain, newest=1)
    assert rows(chain, "generation") == 4
    assert rows(chain, "generation_output") == 4
    assert len(list((chain.folder / "manifests").iterdir())) == 4
    chain.publish({"a" * 64: "fifth"}, "five")
    assert chain.generations.outputs(5)["table"].version == 5


def test_a_pinned_generation_is_kept_until_it_is_unpinned(chain):
    pin(chain.database, 1)
    assert pinned(chain.database) == [1]
    assert collect(chain, newest=1).kept == [1, 4]
    assert chain.whole(1)
    unpin(chain.database, 1)
    assert collect(chain, newest=1).kept == [4]
    assert not chain.whole(1)


def test_a_generation_that_never_was_cannot_be_pinned(chain):
    with pytest.raises(NoSuchGenerationError, match="no generation 9"):
        pin(chain.database, 9)


def test_within_a_budget_the_oldest_generations_fall_first(chain):
    everything = collect(chain, dry_run=True)
    assert everything.kept == [1, 2, 3, 4]
    of_one = sum(path.stat().st_size for path in chain.objects()) // 4
    assert collect(chain, budget=of_one * 3 + 20, dry_run=True).kept == [2, 3, 4]
    assert collect(chain, budget=0).kept == [4]
    assert chain.whole(4)


def test_the_current_generation_is_kept_though_it_is_not_the_newest_result(chain):
    from registry.restoring import restore

    restore(chain.generations, chain.store, 1, run_id="r", published_utc="2026-01-02T00:00:00Z")
    found = collect(chain, newest=1)
    assert found.kept == [4, 5]
    assert chain.whole(5)
    assert chain.whole(4)


def test_what_a_kept_result_was_made_from_stays(chain):
    edge_only = chain.make({"c" * 64: "input"}, "code")
    chain.publish_nodes({("table", ""): edge_only["table", ""]})
    collect(chain, newest=1)
    assert chain.store.present(chain.store.recorded(edge_only["parsed", "c" * 64].key))


def test_tables_that_a_kept_value_refers_to_stay_and_those_of_others_go(chain):
    made = {}
    for code in ("five", "six"):
        content = f"table of {code}".encode()
        part = EncodedArtifact(
            Artifact(hashlib.sha256(content).hexdigest(), "parquet", len(content)), [content]
        )
        made[code] = part.artifact
        chain.publish_nodes({("table", ""): chain.compute("table", "", code, [], [part])})
    collect(chain, newest=1)
    assert chain.whole(6)
    assert chain.store.present(made["six"])
    assert not chain.store.path(made["five"]).exists()


def test_a_dry_run_tells_what_the_real_one_removes_and_changes_nothing(chain):
    chain.make({"d" * 64: "never published"})
    stray = chain.folder / "objects" / "ee" / ("e" * 64) / "table.parquet"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"nobody's")
    before = (chain.objects(), rows(chain, "computation"), rows(chain, "artifact"))
    told = collect(chain, newest=2, dry_run=True)
    assert (chain.objects(), rows(chain, "computation"), rows(chain, "artifact")) == before
    done = collect(chain, newest=2)
    assert done == told
    assert len(before[0]) - len(chain.objects()) == done.removed["objects"].count
    assert not stray.exists()
    assert all(amount.count == 0 for amount in collect(chain, newest=2).removed.values())


def test_a_killed_collector_leaves_files_that_the_next_one_finds(chain, monkeypatch):
    class KilledError(Exception):
        pass

    def killed(_root, files):
        remove_objects(chain.folder / "objects", files[:2])
        raise KilledError

    monkeypatch.setattr("registry.garbage.remove_objects", killed)
    with pytest.raises(KilledError):
        collect(chain, newest=1)
    monkeypatch.undo()
    assert chain.whole(4)
    registered = {row["sha256"] for row in chain.database.rows("SELECT sha256 FROM artifact")}
    assert registered < {path.parent.name for path in chain.objects()}
    assert collect(chain, newest=1).removed["objects"].count == 7
    assert {path.parent.name for path in chain.objects()} == registered


def test_rows_are_gone_for_good_before_the_first_file_goes(chain, monkeypatch):
    seen = []

    def looking(root, files):
        other = sqlite3.connect(chain.folder / "registry.sqlite")
        seen.append(other.execute("SELECT count(*) FROM computation").fetchone()[0])
        other.close()
        assert all(file.exists() for file in files)
        remove_objects(root, files)

    monkeypatch.setattr("registry.garbage.remove_objects", looking)
    collect(chain, newest=1)
    assert seen == [3]


def test_source_texts_stay_while_a_kept_code_names_them(chain):
    old, new = "1" * 64, "2" * 64
    with chain.database.atomic() as connection:
        connection.executemany("INSERT INTO source_text VALUES (?, ?)", [(old, b"o"), (new, b"n")])
        connection.execute("UPDATE code SET facts = ? WHERE digest = 'four'", (f'["{new}"]',))
        connection.execute("UPDATE code SET facts = ? WHERE digest = 'one'", (f'["{old}"]',))
    assert collect(chain, newest=1).removed["source_texts"].count == 1
    assert [row["sha256"] for row in chain.database.rows("SELECT * FROM source_text")] == [new]
