"""What made a result is kept with it, each source file once."""

import hashlib
from contextlib import suppress

import pytest

from registry.code_memory import kept_facts, kept_source
from registry.database import Database
from registry.store import Artifact, Computation, EncodedArtifact, Store

TEXT = b"LIMIT = 10\n" * 50
SHA256 = hashlib.sha256(TEXT).hexdigest()
FACTS = {"units": {"m:LIMIT": "ab"}, "distributions": {}, "opaque": [], "files": {"m": SHA256}}


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path, Database(tmp_path / "registry.sqlite"))


def commit(store, key="key"):
    content = key.encode()
    artifact = Artifact(hashlib.sha256(content).hexdigest(), "json", len(content))
    made = Computation(key, "node", "", "merge", "code", (), 0.1, "run")
    store.commit(made, EncodedArtifact(artifact, [content]))


def test_code_and_source_are_durable_with_the_first_result_that_they_made(store):
    store.code.remember("digest", FACTS, {SHA256: TEXT})
    assert kept_source(store.database, SHA256) is None
    commit(store)
    other = Database(store.database.path)
    assert kept_facts(other, "digest") == FACTS
    assert kept_source(other, SHA256) == TEXT


def test_a_source_file_is_kept_once_and_by_its_content(store):
    store.code.remember("one", FACTS, {SHA256: TEXT})
    commit(store, "first")
    again = Store(store.database.path.parent, Database(store.database.path))
    again.code.remember("two", FACTS, {SHA256: TEXT})
    commit(again, "second")
    assert len(again.database.rows("SELECT 1 FROM source_text")) == 1
    assert kept_facts(again.database, "two") == FACTS


def test_what_a_failed_transaction_did_not_keep_is_kept_by_the_next(store):
    store.code.remember("digest", FACTS, {SHA256: TEXT})
    with suppress(ZeroDivisionError), store.database.atomic() as connection:
        store.code.insert(connection)
        raise ZeroDivisionError
    assert kept_source(store.database, SHA256) is None
    assert store.code.knows("digest")
    commit(store)
    assert kept_source(store.database, SHA256) == TEXT


def test_nothing_is_known_of_an_unknown_digest(store):
    assert kept_facts(store.database, "unknown")["units"] == {}
    assert kept_source(store.database, "unknown") is None
