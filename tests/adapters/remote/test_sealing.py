"""A remote that was never pruned is, to the byte, what programs before that knew."""

import hashlib
import json
import zlib

from adapters.remote.sealing import Entry, HeadFacts, Reference, RemoteManifest, manifest_content
from tests.adapters.remote.small_homes import SEAL, SmallHome
from tests.fakes.memory_remote import MemoryRemote

REFERENCE = Reference(1, "objects/" + "a" * 64, "b" * 64)


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def test_names_heads_and_manifests_before_a_prune_are_those_of_format_1():
    """The hashes were computed by the program as it was before there were prunes."""
    assert SEAL.object_name("ab" * 32, ["age1x", "age1a"], "") == (
        "objects/8ba6b97f84c88184032c3eed04bcea75a47b9d67b85f8eac480452a12291ec4b"
    )
    head = SEAL.head_bytes(HeadFacts(REFERENCE, "objects/" + "c" * 64, "d" * 64))
    assert sha256(head) == "fa27d6a5623cffb71d997b41f7e67d5d37347ee99d957a1bdfb3e099c0618256"
    entries = [Entry("raw", "", "e" * 64, 3, "objects/" + "f" * 64)]
    manifest = RemoteManifest(1, [], None, (), [], ["age1x"], "00", entries)
    assert sha256(zlib.decompress(manifest_content(manifest))) == (
        "2995b288c6f64190e4a8d86e9ea70cfaff0ea38317f7f47574da1e929c45d41e"
    )


def test_after_a_prune_older_programs_see_a_format_that_they_do_not_know(tmp_path):
    home = SmallHome(tmp_path / "a", MemoryRemote())
    formats = []
    for text in ("one", "two"):
        home.take_in(text)
        home.run()
        home.push()
        formats.append(json.loads(home.remote.objects["head"])["format"])
    home.prune()
    formats.append(json.loads(home.remote.objects["head"])["format"])
    home.take_in("three")
    home.push()
    formats.append(json.loads(home.remote.objects["head"])["format"])
    assert formats == [1, 1, 2, 2]
    home.remove()


def test_a_memory_of_before_there_were_prunes_is_read(tmp_path):
    home = SmallHome(tmp_path / "a", MemoryRemote())
    for text in ("one", "two"):
        home.take_in(text)
        home.push()
    path = home.memory.path
    facts = json.loads(path.read_text())
    del facts["known"]["pushed_as"]
    path.write_text(json.dumps(facts))
    assert not home.push().is_news
    assert home.prune().removed.objects
    home.remove()
