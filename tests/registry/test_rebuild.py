"""A registry that was lost, torn or spoilt comes back from manifests and raw files."""

import json
import shutil
import sqlite3

import pytest

from registry.database import Database
from registry.garbage import pin, pinned
from registry.generations import Generations
from registry.manifests import document_of, manifest_path, read_manifest
from registry.raw_files import RawFiles
from registry.raw_index import DatabaseRawIndex
from registry.restoring import restore
from registry.soundness import REGISTRY, opened_soundly
from registry.store import Input, Store
from tests.registry.test_store import computation, encoded

EDGES = (
    Input("zone", "configuration", "h", value='"UTC"'),
    Input("files", "raw", "a" * 64, 1),
)


class Kept:
    """A folder with a store, generations and raw files, opened as a writer opens them."""

    def __init__(self, folder):
        self.folder = folder
        self.open()

    def open(self):
        opened = opened_soundly(self.folder)
        self.notices, self.database = opened.notices, opened.database
        self.store = Store(self.folder, self.database)
        self.generations = Generations(self.folder, self.database)
        self.raw_files = RawFiles(self.folder / "raw", DatabaseRawIndex(self.database))

    def publish(self, *contents):
        part = encoded(b"table", "parquet")
        first = self.made("first", contents[0], EDGES)
        edges = [Input("first", "artifact", first.sha256, 0, first.key)]
        nodes = {("first", ""): first, ("whole", "item"): self.made("whole", b"[1]", (), (part,))}
        nodes |= {
            (f"node{n}", ""): self.made(f"node{n}", content, edges)
            for n, content in enumerate(contents)
        }
        return self.generations.publish(
            run_id=f"run{contents!r}",
            published_utc="2025-01-01T00:00:00Z",
            artifacts={node: made for (node, item), made in nodes.items() if not item},
            nodes=nodes,
            facts={"as_of_utc": "2025-01-01T00:00:00Z"},
        )

    def made(self, node, content, inputs, parts=()):
        key = f"{node}{content!r}"
        self.store.commit(computation(key, node, inputs), encoded(content, "json", parts))
        self.store.flush()
        return self.store.recorded(key)

    def everything(self):
        """All rows that a rebuild has to give back."""
        tables = (
            "artifact", "artifact_part", "code", "computation", "computation_input", "generation",
            "generation_output", "generation_node", "pin", "raw_file",
        )  # fmt: skip
        found = {
            table: sorted(map(tuple, self.database.rows(f"SELECT * FROM {table}")), key=repr)
            for table in tables
        }
        return {**found, "current": self.generations.current()}


@pytest.fixture
def kept(tmp_path):
    made = Kept(tmp_path / "me")
    made.raw_files.add_stream([b"export"], "export.csv", stored_utc="2025-01-01T00:00:00Z")
    made.publish(b"1", b"2")
    made.publish(b"1", b"3")
    return made


def close(kept):
    kept.database.close()
    return kept.folder / REGISTRY


def test_a_deleted_registry_comes_back_whole(kept):
    before = kept.everything()
    close(kept).unlink()
    kept.open()
    assert kept.everything() == before
    assert "2 generations and 1 raw files came back" in kept.notices[0]


def test_a_sound_registry_is_left_alone_and_nothing_is_said(kept):
    before = kept.everything()
    close(kept)
    kept.open()
    assert kept.everything() == before
    assert kept.notices == []


def test_versions_and_numbers_go_on_where_they_were(kept):
    close(kept).unlink()
    kept.open()
    assert kept.publish(b"1", b"4") == 3
    versions = {n: o.version for n, o in kept.generations.outputs(3).items()}
    assert versions == {"first": 1, "node0": 1, "node1": 3}


def test_a_rollback_and_its_hold_come_back(kept):
    restore(kept.generations, kept.store, 1, run_id="r", published_utc="2025-01-02T00:00:00Z")
    before = kept.everything()
    close(kept).unlink()
    kept.open()
    assert kept.everything() == before
    assert kept.generations.describe(3)["restores"] == 1
    assert kept.generations.describe(3)["held_against"] == 2


def test_pins_of_the_manifest_come_back(kept):
    pin(kept.database, 1)
    kept.generations.write_manifest(2)
    close(kept).unlink()
    kept.open()
    assert pinned(kept.database) == [1]


@pytest.mark.parametrize("spoilt", [b"", b"{}", b"no manifest", b'{"format": 2, "generation": 2}'])
def test_a_spoilt_manifest_is_left_out_and_older_ones_still_serve(kept, spoilt):
    manifest_path(kept.folder, 2).write_bytes(spoilt)
    close(kept).unlink()
    kept.open()
    assert kept.generations.current() == 1
    assert "2.json.damaged-1" in " ".join(kept.notices)
    assert (kept.folder / "manifests" / "2.json.damaged-1").read_bytes() == spoilt


def test_a_manifest_that_strayed_in_from_another_profile_is_left_out(kept):
    document = read_manifest(manifest_path(kept.folder, 2))
    kept.generations.publish(
        run_id="stray", published_utc="", artifacts={}, nodes={}, facts={"profile": "other"}
    )
    close(kept).unlink()
    kept.open()
    assert kept.generations.current() == 2
    assert json.loads(json.dumps(document_of(kept.database, 2)))["nodes"] == document["nodes"]


def test_a_manifest_whose_publication_was_killed_before_its_commit_does_not_count(kept):
    shutil.copy(close(kept), kept.folder / "before")
    kept.open()
    kept.publish(b"9")
    close(kept)
    (kept.folder / "head").write_text("2\n")
    (kept.folder / REGISTRY).unlink()
    kept.open()
    assert kept.generations.current() == 2
    assert kept.generations.describe(3) == {}


def test_a_registry_that_lost_its_last_transactions_learns_them_from_the_manifest(kept):
    shutil.copy(close(kept), kept.folder / "old")
    kept.open()
    kept.publish(b"9")
    after = kept.everything()
    (kept.folder / "old").replace(close(kept))
    kept.open()
    assert kept.everything() == after
    assert "lost" in kept.notices[0]


def test_after_a_clean_nothing_is_published_again(kept):
    kept.generations.unpublish()
    shutil.rmtree(kept.folder / "objects")
    close(kept).unlink()
    kept.open()
    assert kept.generations.current() is None
    assert len(kept.database.rows("SELECT * FROM generation")) == 2


def test_without_head_the_newest_generation_is_published_if_there_are_views(kept):
    (kept.folder / "outputs").mkdir()
    close(kept).unlink()
    (kept.folder / "head").unlink()
    kept.open()
    assert kept.generations.current() == 2
    assert (kept.folder / "head").read_text() == "2\n"


def test_a_lost_origin_is_taken_from_the_manifest(kept):
    [origin] = (kept.folder / "raw").glob("??/*/origin.json")
    origin.write_text(origin.read_text().replace("2025", "2035"))
    before = kept.everything()
    close(kept).unlink()
    kept.open()
    assert kept.everything() == before
    assert "2035" not in origin.read_text()


def test_a_raw_file_whose_bytes_are_lost_too_is_missed_and_not_forgotten(kept):
    [content] = (kept.folder / "raw").glob("??/*/content")
    shutil.rmtree(content.parent)
    close(kept).unlink()
    kept.open()
    [entry] = kept.raw_files.entries()
    assert entry.name == "export.csv"
    assert not kept.raw_files.holds(entry)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE generation_output SET version = 7 WHERE generation = 2",
        "UPDATE generation_output SET sha256 = 'x' WHERE output = 'node1'",
        "UPDATE generation_node SET key = 'x' WHERE node = 'first'",
        "DELETE FROM computation WHERE node = 'first'",
        "UPDATE artifact SET size = size + 1",
        "UPDATE computation_input SET sha256 = 'x' WHERE kind = 'configuration'",
        "UPDATE raw_file SET stored_utc = '2035-01-01T00:00:00Z'",
        "UPDATE setting SET value = '1' WHERE name = 'schema_version'",
        "DELETE FROM generation_output WHERE output = 'node0'",
        "DROP TABLE computation",
        "ALTER TABLE artifact RENAME COLUMN size TO sise",
    ],
)
def test_a_row_that_the_manifest_does_not_bear_out_is_found_and_the_registry_made_again(
    kept, statement
):
    before = kept.everything()
    path = close(kept)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(statement)
    connection.close()
    kept.open()
    assert kept.everything() == before
    assert path.with_name("registry.sqlite.damaged-1").exists()


@pytest.mark.parametrize("number", ["3", "x"])
def test_a_spoilt_current_generation_is_found(kept, number):
    path = close(kept)
    with sqlite3.connect(path) as connection:
        connection.execute(
            "UPDATE setting SET value = ? WHERE name = 'current_generation'", (number,)
        )
    connection.close()
    kept.open()
    assert kept.generations.current() == 2


def test_a_plan_looks_at_a_registry_made_again_in_memory_and_writes_nothing(kept):
    before = kept.everything()
    close(kept).unlink()
    (kept.folder / "raw" / "keep").touch()
    files = sorted(kept.folder.rglob("*"))
    opened = opened_soundly(kept.folder, leaves_no_trace=True)
    kept.database, kept.generations = opened.database, Generations(kept.folder, opened.database)
    assert kept.everything() == before
    assert sorted(kept.folder.rglob("*")) == files


def test_a_log_of_another_registry_is_set_aside_with_the_file(kept, tmp_path):
    before = kept.everything()
    path = close(kept)
    other = Kept(tmp_path / "other")
    other.publish(b"8", b"9")
    log = (other.folder / REGISTRY).with_name("registry.sqlite-wal")
    shutil.copy(log, path.with_name("registry.sqlite-wal"))
    kept.open()
    assert kept.everything() == before


def test_manifests_of_format_1_give_outputs_versions_and_computations_back(kept):
    outputs, keys = kept.generations.outputs(2), kept.generations.node_keys(2)
    for number in (1, 2):
        path = manifest_path(kept.folder, number)
        path.write_text(json.dumps(in_format_1(kept, number)))
    close(kept).unlink()
    kept.open()
    assert kept.generations.outputs(2) == outputs
    assert kept.generations.node_keys(2) == keys
    assert kept.store.recorded("firstb'1'") is not None


def in_format_1(kept, number):
    outputs = kept.generations.outputs(number)
    nodes = []
    for found in kept.generations.node_keys(number):
        made = kept.store.recorded(found.key)
        nodes.append([found.node, found.item, found.key, made.sha256, made.codec, made.size, None])
    return {
        "format": 1,
        "generation": number,
        "run_id": "run",
        "published_utc": "2025-01-01T00:00:00Z",
        "outputs": {
            name: {
                "version": output.version,
                "sha256": output.artifact.sha256,
                "codec": output.artifact.codec,
                "size": output.artifact.size,
                "rows": output.artifact.rows,
                "key": output.artifact.key,
            }
            for name, output in outputs.items()
        },
        "nodes": nodes,
        "raw_files": [],
    }


def test_a_registry_in_place_of_which_something_else_stands_is_set_aside(kept, tmp_path):
    before = kept.everything()
    for number, replace in enumerate((folder_at, link_at), 1):
        path = close(kept)
        path.rename(tmp_path / f"old{number}")
        replace(path)
        kept.open()
        assert kept.everything() == before
        aside = path.with_name(f"registry.sqlite.damaged-{number}")
        assert aside.is_dir() or aside.is_symlink()


def folder_at(path):
    path.mkdir()


def link_at(path):
    path.symlink_to(path.with_name("elsewhere"))


def test_a_registry_is_opened_once_when_it_is_sound(kept):
    close(kept)
    assert isinstance(opened_soundly(kept.folder).database, Database)
