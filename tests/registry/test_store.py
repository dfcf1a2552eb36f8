"""Bytes first, row second, visible last."""

import hashlib

import pytest

from registry.database import Database, RegistryDamagedError, RegistryNewerError, put_setting
from registry.generations import Generations
from registry.store import (
    Artifact,
    Computation,
    DamagedArtifactError,
    EncodedArtifact,
    Input,
    Store,
)


def encoded(content: bytes, codec: str = "json", parts=()) -> EncodedArtifact:
    sha256 = hashlib.sha256(content).hexdigest()
    return EncodedArtifact(Artifact(sha256, codec, len(content)), [content], parts)


def computation(key: str, node: str = "node", inputs=()) -> Computation:
    return Computation(key, node, "", "merge", "code", inputs, 0.1, "run")


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path, Database(tmp_path / "registry.sqlite"))


def reopened(store):
    store.database.close()
    folder = store.database.path.parent
    return Store(folder, Database(folder / "registry.sqlite"))


def test_what_was_committed_is_found_by_another_process(store):
    made = encoded(b"1")
    store.commit(computation("key", inputs=[Input("zone", "configuration", "h", value="1")]), made)
    found = reopened(store).recorded("key")
    assert found == made.artifact
    assert found.key == "key"


def test_an_unknown_key_has_no_artifact(store):
    assert store.recorded("nothing") is None


def test_an_artifact_without_its_file_is_recorded_but_not_present(store):
    made = encoded(b"1")
    store.commit(computation("key"), made)
    store.path(made.artifact).unlink()
    assert store.recorded("key") == made.artifact
    assert not store.present(made.artifact)


def test_a_composite_is_present_only_with_all_its_parts(store):
    part = encoded(b"table", "parquet")
    whole = encoded(b"[1]", "json", (part,))
    store.commit(computation("key"), whole)
    assert store.present(whole.artifact)
    store.path(part.artifact).unlink()
    assert not store.present(whole.artifact)


def test_rows_of_a_result_that_wrote_no_file_travel_with_the_next_transaction(store):
    made = encoded(b"1")
    store.commit(computation("first"), made)
    store.commit(computation("second", "other"), made)
    assert store.recorded("second") == made.artifact
    assert store.database.row("SELECT key FROM computation WHERE key = 'second'") is None
    store.flush()
    assert reopened(store).recorded("second") == made.artifact


def test_damage_is_found_when_the_bytes_are_asked_for(store):
    made = encoded(b"12345")
    store.commit(computation("key"), made)
    path = store.path(made.artifact)
    path.chmod(0o600)
    path.write_bytes(b"12346")
    with pytest.raises(DamagedArtifactError, match="missing or damaged"):
        store.check(made.artifact)


def test_leftovers_of_a_killed_writer_are_removed(store):
    store.commit(computation("key"), encoded(b"1"))
    leftover = store.objects.root / "0123456789abcdef.tmp"
    leftover.write_bytes(b"half")
    store.remove_leftovers()
    assert not leftover.exists()
    assert store.recorded("key") is not None


def test_a_file_that_is_no_database_is_said_to_be_damaged(tmp_path):
    (tmp_path / "registry.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(RegistryDamagedError, match="set aside"):
        Database(tmp_path / "registry.sqlite")


def test_a_registry_of_a_newer_version_is_refused(tmp_path):
    database = Database(tmp_path / "registry.sqlite")
    with database.atomic() as connection:
        connection.execute("PRAGMA user_version = 99")
        put_setting(connection, "schema_version", "99")
    database.close()
    with pytest.raises(RegistryNewerError, match="newer version"):
        Database(tmp_path / "registry.sqlite")


def note_and_fail(database):
    with database.atomic() as connection:
        connection.execute("INSERT INTO note VALUES ('a', 'b')")
        raise ZeroDivisionError


def test_a_failing_transaction_changes_nothing(store):
    with pytest.raises(ZeroDivisionError):
        note_and_fail(store.database)
    assert store.database.rows("SELECT * FROM note") == []


# -- generations ---------------------------------------------------------------------------------


def publish(store, **contents):
    generations = Generations(store.database.path.parent, store.database)
    artifacts = {}
    for name, content in contents.items():
        made = encoded(content)
        store.commit(computation(f"{name}{content!r}", name), made)
        artifacts[name] = store.recorded(f"{name}{content!r}")
    store.flush()
    nodes = {(name, ""): artifact for name, artifact in artifacts.items()}
    number = generations.publish(
        run_id="run",
        published_utc="2025-01-01T00:00:00Z",
        artifacts=artifacts,
        nodes=nodes,
        facts={},
    )
    return generations, number


def versions(generations, number):
    return {name: output.version for name, output in generations.outputs(number).items()}


def test_an_output_gets_a_new_version_when_its_bytes_change(store):
    publish(store, days=b"1", nights=b"1")
    generations, number = publish(store, days=b"2", nights=b"1")
    assert number == generations.current() == 2
    assert versions(generations, 1) == {"days": 1, "nights": 1}
    assert versions(generations, 2) == {"days": 2, "nights": 1}


def test_after_a_clean_everything_gets_the_next_version(store):
    generations, _ = publish(store, days=b"1", nights=b"1")
    generations.unpublish()
    assert generations.current() is None
    generations, number = publish(store, days=b"1", nights=b"1")
    assert number == 2
    assert versions(generations, 2) == {"days": 2, "nights": 2}


def test_a_generation_has_a_manifest_and_the_head_names_it(store, tmp_path):
    publish(store, days=b"1")
    manifest = (tmp_path / "manifests" / "1.json").read_bytes()
    row = store.database.row("SELECT manifest FROM generation")
    assert row["manifest"] == hashlib.sha256(manifest).hexdigest()
    assert (tmp_path / "head").read_text() == "1\n"
