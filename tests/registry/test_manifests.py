"""A manifest says all of a generation, and shows its own damage."""

import json

import pytest

from registry.manifests import (
    ManifestError,
    code_facts_in,
    document_of,
    manifest_path,
    read_manifest,
)
from tests.registry.test_store import publish, store  # noqa: F401 - a fixture


def test_a_manifest_reads_back_as_what_the_registry_knows(store):  # noqa: F811
    publish(store, days=b"1", nights=b"2")
    document = read_manifest(manifest_path(store.database.path.parent, 1))
    known = json.loads(json.dumps(document_of(store.database, 1)))
    assert code_facts_in(document) == code_facts_in(known)
    assert document | {"code_facts": None} == known | {"code_facts": None}
    assert document["outputs"]["days"][0] == 1
    assert len(document["computations"]) == 2


def test_every_flipped_byte_of_a_manifest_is_found(store, complete):  # noqa: F811
    publish(store, days=b"1")
    path = manifest_path(store.database.path.parent, 1)
    content = path.read_bytes()
    document = read_manifest(path)
    for place in range(0, len(content), 1 if complete else 13):
        damaged = bytearray(content)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        try:
            assert read_manifest(path) == document, place
        except ManifestError:
            continue


@pytest.mark.parametrize("size", [0, 1, 100])
def test_a_torn_manifest_is_refused(store, size):  # noqa: F811
    publish(store, days=b"1")
    path = manifest_path(store.database.path.parent, 1)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(ManifestError, match="damaged"):
        read_manifest(path)


def test_a_manifest_under_another_number_is_refused(store):  # noqa: F811
    publish(store, days=b"1")
    path = manifest_path(store.database.path.parent, 1)
    path.rename(path.with_name("2.json"))
    with pytest.raises(ManifestError, match="another generation"):
        read_manifest(path.with_name("2.json"))
