"""What a plan is told at once is what the store would have said one by one."""

import hashlib

import pytest

from registry.database import Database
from registry.holdings import Holdings
from registry.store import Artifact, Computation, EncodedArtifact, Store


def encoded(content, codec="json", parts=()):
    artifact = Artifact(hashlib.sha256(content).hexdigest(), codec, len(content))
    return EncodedArtifact(artifact, [content], parts)


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path, Database(tmp_path / "registry.sqlite"))
    table, other = encoded(b"table", "parquet"), encoded(b"other", "parquet")
    for key, item, result in [
        ("plain", "", encoded(b"1")),
        ("table", "an item", table),
        ("whole", "", encoded(b"[table, other]", parts=(table, other))),
        ("again", "", encoded(b"1")),
    ]:
        store.commit(Computation(key, "node", item, "merge", "code", (), 0.1, "run"), result)
    store.flush()
    return store


KEYS = ("plain", "table", "whole", "again", "unknown")


@pytest.mark.parametrize("asked", [KEYS, (), ("whole",), ("unknown", "table")])
def test_holdings_say_what_the_store_says_whatever_was_asked_for_at_first(store, asked):
    holdings = Holdings(store, asked)
    for key in KEYS:
        found = holdings.recorded(key)
        assert found == store.recorded(key)
        if found is not None:
            assert (found.key, found.item) == (key, store.recorded(key).item)
            assert holdings.present(found)


@pytest.mark.parametrize("asked", [KEYS, ()])
@pytest.mark.parametrize("damage", ["removed", "cut short"])
def test_a_missing_or_shorter_part_makes_the_whole_absent(store, asked, damage):
    path = store.path(store.recorded("table"))
    path.chmod(0o600)
    path.write_bytes(b"tab") if damage == "cut short" else path.unlink()
    holdings = Holdings(store, asked)
    present = {key: holdings.present(store.recorded(key)) for key in KEYS[:4]}
    assert present == {"plain": True, "table": False, "whole": False, "again": True}


def test_a_result_that_waits_for_its_transaction_is_known(store):
    store.commit(Computation("new", "node", "", "merge", "code", (), 0.1, "run"), encoded(b"1"))
    assert Holdings(store, ["new"]).recorded("new") == store.recorded("plain")
