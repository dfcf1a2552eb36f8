"""Whatever is done to the remote is found before anything here changes."""

import hashlib
import io
import json
import random
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.remote.backend import NotInRemoteError
from adapters.remote.remote_state import ReplayError
from adapters.remote.sealing import NewerFormatError, Seal, UnsealedError, manifest_content
from adapters.vault import DamagedError, NoKeyError, NotAgeError
from adapters.vault.age import encrypt, new_identity
from tests.adapters.remote.small_homes import IDENTITY, SmallHome, head_of
from tests.fakes.memory_remote import MemoryRemote

FOUND = (DamagedError, NoKeyError, NotAgeError, UnsealedError, NotInRemoteError)
MEMORY = Path("/dev/shm")  # no power fails here, and a disk would take most of the time


@pytest.fixture
def pushed(tmp_path):
    """A remote with two states of one home, and the head of the first."""
    home = SmallHome(tmp_path / "a", MemoryRemote())
    home.take_in("one")
    home.run()
    home.push()
    first = home.remote.objects["head"]
    home.take_in("two")
    home.run()
    home.push()
    yield home, first
    home.remove()


@pytest.fixture
def empty(pushed):
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        home = SmallHome(Path(folder) / "b", pushed[0].remote)
        yield home
        home.remove()


def named(remote):
    """The objects that a pull reads: the head, its manifest, all that it names."""
    reference, manifest = head_of(remote)
    return ["head", reference.name, *(entry.name for entry in manifest.entries)]


def refused(home, found=FOUND):
    """Nothing comes of it; what is whole may wait for the next pull, and nothing else."""
    with pytest.raises(found):
        home.pull()
    assert home.looks() == {"generation": None}
    assert not (home.profile.folder / "registry.sqlite").exists()
    for path in incoming(home).glob("[0-9a-f]" * 64):
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name


def incoming(home):
    return home.profile.folder / "remote" / "incoming"


def each_object(home, names):
    """The remote's objects one by one; only what is spoilt is brought again, pull by pull."""
    for name in names:
        shutil.rmtree(incoming(home), ignore_errors=True)
        whole = home.remote.objects[name]
        yield name, whole
        home.remote.objects[name] = whole


def test_every_flipped_bit_is_found(pushed, empty, complete):
    objects = empty.remote.objects
    draws = random.Random(1)
    for name, whole in each_object(empty, named(empty.remote)):
        bits = len(whole) * 8
        for bit in range(bits) if complete else draws.sample(range(bits), 12):
            spoilt = bytearray(whole)
            spoilt[bit // 8] ^= 1 << bit % 8
            if name == "head" and bytes(spoilt).strip() == whole.strip():
                continue
            objects[name] = bytes(spoilt)
            refused(empty, (*FOUND, NewerFormatError) if name == "head" else FOUND)
    assert empty.pull().is_news


@pytest.mark.parametrize("head", [b"[" * 60_000, b"{}", b"null", b"\xff", b"0", b""])
def test_what_is_no_head_is_found(pushed, empty, head):
    empty.remote.objects["head"] = head
    refused(empty, UnsealedError)


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [("seal", "\u00e9", UnsealedError), ("seal", "\ud800", UnsealedError),
     ("seal", 1, UnsealedError), ("manifest", [], UnsealedError),
     ("format", 0, UnsealedError), ("format", "1", UnsealedError), ("format", 3, NewerFormatError),
     ("identity_name", "objects/1", UnsealedError)],
)  # fmt: skip
def test_a_head_that_says_something_else_is_found(pushed, empty, name, value, error):
    head = json.loads(empty.remote.objects["head"])
    empty.remote.objects["head"] = json.dumps(head | {name: value}).encode()
    refused(empty, error)


def test_every_truncation_is_found(pushed, empty, complete):
    objects = empty.remote.objects
    draws = random.Random(2)
    for name, whole in each_object(empty, named(empty.remote)):
        places = range(len(whole) - 1)
        for place in places if complete else [0, *draws.sample(places, 4)]:
            objects[name] = whole[:place]
            refused(empty)
        objects[name] = whole + b"x"
        if name != "head":
            refused(empty)


def test_an_object_in_the_place_of_another_is_found(pushed, empty):
    objects = empty.remote.objects
    names = [name for name in named(empty.remote) if name != "head"]
    others = iter([*names[1:], names[0]])
    for (name, whole), other in zip(each_object(empty, names), others, strict=True):
        if objects[other] != whole:
            objects[name] = objects[other]
            refused(empty)


def test_an_object_that_is_gone_is_found(pushed, empty):
    objects = empty.remote.objects
    for name, _whole in each_object(empty, named(empty.remote)[1:]):
        del objects[name]
        refused(empty)


def test_what_is_damaged_or_gone_is_put_there_again(pushed, empty):
    home, _ = pushed
    objects = home.remote.objects
    names = named(home.remote)
    for place, name in enumerate(names):
        if place % 3 == 0:
            objects[name] = objects[name][:-1] + b"?"
        elif place % 3 == 1 and name != "head":
            del objects[name]
    assert home.push(repairs=True).objects > 2
    assert empty.pull().is_news
    assert empty.texts() == home.texts()
    assert not home.push().is_news
    home.take_in("three")
    home.run()
    home.push()
    head_of(home.remote)
    empty.pull()
    assert empty.texts() == home.texts()


def test_a_head_put_back_is_refused_by_who_saw_a_newer_one(pushed, empty):
    _home, first = pushed
    assert empty.pull().is_news
    before = empty.looks()
    empty.remote.objects["head"] = first
    for action in (empty.pull, empty.push):
        with pytest.raises(ReplayError):
            action()
    assert empty.looks() == before


def test_a_manifest_made_by_who_knows_only_the_public_key_is_not_believed(pushed, empty):
    """The remote's owner can encrypt to the recipients, and cannot seal."""
    forger = SmallHome(pushed[0].home.parent / "forger", MemoryRemote())
    forger.take_in("forged")
    forger.run()
    forger.seal = Seal(b"another key of the state, guess.")
    forger.push()
    empty.remote.objects.clear()
    empty.remote.objects.update(forger.remote.objects)
    refused(empty)
    forger.remove()


def test_a_manifest_in_the_place_of_the_sealed_one_is_not_believed(pushed, empty):
    """Whoever keeps the remote can encrypt one of the same number, under the same name."""
    reference, manifest = head_of(empty.remote)
    made_up, target = manifest_content(replace(manifest, pins=[1])), io.BytesIO()
    encrypt(io.BytesIO(made_up), target, [str(IDENTITY.to_public())])
    empty.remote.objects[reference.name] = target.getvalue()
    refused(empty)


def test_a_pull_that_was_cut_short_fetches_nothing_twice(pushed, empty):
    fetched = []

    def one_more(verb, name):
        if verb == "get":
            fetched.append(name)
        return "before" if len(fetched) > 6 else None

    empty.remote.faults = one_more
    with pytest.raises(Exception, match="on demand"):
        empty.pull()
    came = fetched[1:6]
    empty.remote.faults = lambda verb, name: fetched.append(name) if verb == "get" else None
    fetched.clear()
    assert empty.pull().is_news
    assert not set(came) & set(fetched)


def test_a_push_of_nothing_new_asks_once(pushed):
    home, _ = pushed
    home.remote.requests.clear()
    assert not home.push().is_news
    assert home.remote.requests == ["head"]


def test_a_push_that_was_cut_short_sends_nothing_twice(tmp_path):
    home = SmallHome(tmp_path / "a", MemoryRemote())
    for number in range(12):
        home.take_in(f"text {number}")
    home.run()
    sent = []

    def cut(verb, name):
        if verb == "put_if_absent":
            sent.append(name)
        return "before" if len(sent) > 15 else None

    home.remote.faults = cut
    with pytest.raises(Exception, match="on demand"):
        home.push()
    there = set(home.remote.objects)
    assert there
    sent.clear()
    home.remote.faults = lambda verb, name: sent.append(name) if verb == "put_if_absent" else None
    home.push()
    assert not there & set(sent)
    home.remove()


def test_a_key_that_was_no_recipient_changes_nothing(pushed, empty):
    with pytest.raises(NoKeyError):
        empty.pull(identities=[new_identity()])
    assert empty.pull(identities=[new_identity(), IDENTITY]).is_news
