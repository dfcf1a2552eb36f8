"""What no state needs leaves the remote, and nothing else does, whatever comes in between."""

import tempfile
from pathlib import Path

import pytest

from adapters.remote.backend import HEADS, OBJECTS, NotInRemoteError, RemoteUnavailableError
from adapters.remote.contents import IncompleteError
from adapters.remote.kept_heads import KeptHeadError
from adapters.remote.pruning import UnpushedError
from adapters.remote.remote_state import (
    ConflictError,
    LostStateError,
    MovedOnError,
    ReplayError,
)
from tests.adapters.remote.small_homes import SEAL, SmallHome, head_of, needed
from tests.adapters.remote.test_damage import MEMORY
from tests.fakes.memory_remote import MemoryRemote


@pytest.fixture
def homes():
    """Makes homes by their names, around one remote."""
    remote, made = MemoryRemote(), {}
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:

        def at(name):
            if name not in made:
                made[name] = SmallHome(Path(folder) / name, remote)
            return made[name]

        yield at
        for home in made.values():
            home.remove()


def works(home, text):
    sha256 = home.take_in(text)
    home.run()
    return sha256


@pytest.fixture
def a(homes):
    """A home that pushed three states; two of them are history."""
    home = homes("a")
    for text in ("one", "two", "three"):
        works(home, text)
        home.push()
    return home


def test_what_is_left_is_what_the_head_needs_and_a_second_prune_changes_nothing(a):
    remote = a.remote
    before = dict(remote.objects)
    planned = a.prune(dry_run=True)
    assert remote.objects == before
    done = a.prune()
    assert (done.removed, done.kept) == (planned.removed, planned.kept)
    assert done.removed.objects == 2
    assert done.counter == 4
    assert set(remote.objects) == needed(remote)
    after = dict(remote.objects)
    again = a.prune()
    assert remote.objects == after
    assert (again.removed.objects, again.counter) == (0, 4)
    assert not a.push().is_news


def test_who_comes_later_pulls_what_was_pruned_and_what_was_pushed_after(a, homes):
    a.prune()
    b = homes("b")
    b.pull()
    assert b.texts() == a.texts()
    works(b, "four")
    b.push()
    b.prune()
    assert a.pull().is_news
    assert set(a.texts().values()) == {"one", "two", "three", "four"}
    assert a.is_whole()


def test_a_prune_elsewhere_is_no_news_to_who_only_pushes(a, homes):
    """Such a machine has no key that opens a manifest."""
    b = homes("b")
    b.pull()
    a.prune()
    assert not b.push().is_news
    works(b, "four")
    assert b.push().counter == 5
    assert a.pull().is_news


def test_a_prune_elsewhere_is_no_news_to_a_pull(a, homes):
    b = homes("b")
    b.pull()
    a.prune()
    assert not b.pull(identities=()).is_news


def test_what_was_forgotten_before_the_other_came_back_stays_forgotten(a, homes):
    """The manifests that told where both come from are gone, after two prunes; this is not."""
    b = homes("b")
    b.pull()
    a.forget(next(sha256 for sha256, text in a.texts().items() if text == "two"))
    a.run()
    a.push()
    a.prune()
    works(a, "four")
    a.push()
    a.prune()
    works(b, "of b")
    with pytest.raises(ConflictError):
        b.pull()
    b.pull(merge=True)
    assert set(b.texts().values()) == {"one", "three", "four", "of b"}


def test_who_is_pulling_while_others_push_and_prune_begins_again(a, homes, meanwhile):
    def pushes_and_prunes():
        works(a, "four")
        a.push()
        a.prune()

    with meanwhile("get", pushes_and_prunes):
        assert homes("b").pull().counter == 5
    assert homes("b").texts() == a.texts()


def test_an_object_that_is_missing_though_nobody_pruned_is_damage(a, homes):
    reference, manifest = head_of(a.remote)
    for name in (manifest.entries[0].name, reference.name):
        del a.remote.objects[name]
        before = dict(a.remote.objects)
        for action in (homes("b").pull, a.prune):
            with pytest.raises(NotInRemoteError, match="--repair"):
                action()
        assert a.remote.objects == before


def test_who_has_news_pushes_first(a):
    a.take_in("four")
    with pytest.raises(UnpushedError):
        a.prune()


def test_who_lacks_something_pulls_first(a):
    next(iter(a.profile.folder.glob("raw/??/*/content"))).unlink()
    with pytest.raises(IncompleteError):
        a.prune()


def test_who_is_not_at_the_head_does_not_prune(a, homes):
    b = homes("b")
    works(b, "of b")
    with pytest.raises(ConflictError):
        b.prune()
    b.pull(merge=True)
    with pytest.raises(UnpushedError):
        b.prune()
    a.remote.objects.pop("head")
    with pytest.raises(LostStateError):
        a.prune()


# -- kept heads ----------------------------------------------------------------------------------


@pytest.fixture
def kept(a, homes, meanwhile):
    """A home whose push lost a race: its state is kept beside the head."""
    b = homes("b")
    b.pull()
    works(a, "of a")
    works(b, "of b")
    with meanwhile("swap_head", a.push), pytest.raises(ConflictError):
        b.push()
    return b


@pytest.fixture
def meanwhile(monkeypatch):
    """Before the first request of a kind, something else happens."""

    class Meanwhile:
        def __init__(self, verb, act):
            self.verb, self.act = verb, act

        def __enter__(self):
            asked = MemoryRemote.asked

            def interrupted(remote, verb, name):
                if verb == self.verb:
                    MemoryRemote.asked = asked
                    self.act()
                return asked(remote, verb, name)

            self.asked, MemoryRemote.asked = asked, interrupted

        def __exit__(self, *_error):
            MemoryRemote.asked = self.asked

    return Meanwhile


def heads(remote):
    return [name for name in remote.objects if name.startswith(HEADS)]


def test_what_a_state_that_lost_a_race_needs_stays_until_it_is_merged(a, kept):
    (name,) = heads(a.remote)
    done = a.prune()
    assert (done.kept_heads, heads(a.remote)) == (1, [name])
    assert done.held.objects > 1
    a.remote.objects["head"], head = a.remote.objects[name], a.remote.objects["head"]
    assert {row[0] for row in head_of(a.remote)[1].raw_files} == set(kept.texts())
    a.remote.objects["head"] = head
    kept.pull(merge=True)
    kept.run()
    kept.push()
    assert kept.prune().kept_heads == 0
    assert not heads(a.remote)
    assert set(a.remote.objects) == needed(a.remote)


def test_a_state_that_lost_a_race_is_given_up_when_asked_for(a, kept):
    a.prune(drop_kept_heads=True)
    assert set(a.remote.objects) == needed(a.remote)
    kept.pull(merge=True)
    kept.run()
    kept.push()
    assert {"of a", "of b"} <= set(kept.texts().values())


def test_a_kept_head_that_cannot_be_read_stops_a_prune_and_can_be_given_up(a, kept):
    remote = a.remote
    (name,) = heads(remote)
    remote.objects[name] = remote.objects[name][:-9] + b"?" * 9
    before = dict(remote.objects)
    with pytest.raises(KeptHeadError, match="--drop-kept-heads"):
        a.prune()
    assert remote.objects == before
    a.prune(drop_kept_heads=True)
    assert set(remote.objects) == needed(remote)


def test_a_kept_head_without_its_manifest_keeps_nothing(a, kept):
    name = kept.memory.begun().manifest.name
    del a.remote.objects[name]
    a.prune()
    assert set(a.remote.objects) == needed(a.remote)


# -- removals that arrive late, or again -----------------------------------------------------------


def test_what_was_forgotten_pruned_and_comes_back_has_another_name(a):
    sha256 = works(a, "four")
    a.push()
    a.forget(sha256)
    a.push()
    a.remote.is_late = True
    assert a.prune().removed.objects
    assert works(a, "four") == sha256
    a.push()
    a.remote.remove_again()
    assert sha256 in {entry.sha256 for entry in head_of(a.remote)[1].entries}


def test_an_older_wrapping_of_the_identity_that_comes_back_has_another_name(a):
    for wrapped in (b"a new passphrase", b"wrapped"):
        a.wrapped = wrapped
        assert a.push().is_news
        a.prune()
    a.remote.remove_again()
    facts = SEAL.head_facts(a.remote.objects["head"])
    assert a.remote.objects[facts.identity_name] == b"wrapped"


@pytest.fixture
def removing(a, homes):
    """A home that does not know of a prune, the removals of which are still to come."""
    b = homes("b")
    b.pull()
    sha256 = works(a, "four")
    a.push()
    b.pull()
    a.forget(sha256)
    a.push()
    a.remote.is_late = True
    a.prune()
    a.remote.is_late = False
    return b


def test_a_spoilt_head_is_replaced_without_relying_on_what_may_still_go(a, removing):
    a.remote.objects["head"] = b"spoilt"
    removing.push(repairs=True)
    a.remote.remove_again()
    assert "four" in texts_of(a.remote)


def test_a_head_that_is_gone_is_followed_without_relying_on_what_may_still_go(a, removing):
    del a.remote.objects["head"]
    removing.push(anew=True)
    a.remote.remove_again()
    assert "four" in texts_of(a.remote)


def texts_of(remote):
    """The names of the raw files, without their endings."""
    return {row[2][0].removesuffix(".csv") for row in head_of(remote)[1].raw_files}


def test_of_two_prunes_at_once_neither_removes_what_follows_the_other(a, homes, meanwhile):
    b = homes("b")
    b.pull()

    def prunes_and_begins_to_push():
        b.remote.is_late = True
        b.prune()
        b.remote.is_late = False
        works(b, "four")
        b.remote.faults = lambda verb, _name: "before" if verb == "swap_head" else None
        with pytest.raises(RemoteUnavailableError):
            b.push()
        b.remote.faults = lambda _verb, _name: None

    with meanwhile("list", prunes_and_begins_to_push), pytest.raises(MovedOnError):
        a.prune()
    b.push()
    a.remote.remove_again()
    assert "four" in texts_of(a.remote)


def test_the_head_before_a_prune_is_an_older_one(a, homes):
    b = homes("b")
    head = a.remote.objects["head"]
    a.prune()
    b.pull()
    a.remote.objects["head"] = head
    for action in (a.push, a.pull, a.prune, b.push, b.pull):
        with pytest.raises(ReplayError):
            action()


def test_a_head_that_was_put_back_after_a_prune_gives_way_to_who_saw_the_newer_one(a, homes):
    """What it needs may be gone, so that nobody can merge it."""
    works(a, "four")
    head = a.remote.objects["head"]
    a.push()
    a.prune()
    a.remote.objects["head"] = head
    with pytest.raises(NotInRemoteError, match="--repair"):
        a.pull(accept_older=True)
    with pytest.raises(ConflictError):
        homes("b").push(repairs=True)
    assert a.push(repairs=True).counter == 6
    b = homes("c")
    assert b.pull().is_news
    assert b.texts() == a.texts()


def test_a_repair_does_not_replace_what_it_never_saw(a, homes):
    b = homes("b")
    b.pull()
    works(b, "of b")
    b.push()
    with pytest.raises(ConflictError):
        a.push(repairs=True)


def test_a_prune_that_never_ends_in_peace_stops_a_push_that_says_so(a, homes, monkeypatch):
    """Whoever prunes again and again, just before each swap."""
    b = homes("b")
    b.pull()
    works(b, "four")
    swap, numbers = MemoryRemote.swap_head, iter(range(99))

    def contended(remote, content, expected):
        monkeypatch.setattr(MemoryRemote, "swap_head", swap)
        remote.objects[OBJECTS + f"{next(numbers):064x}"] = b"garbage"
        a.prune()
        monkeypatch.setattr(MemoryRemote, "swap_head", contended)
        return swap(remote, content, expected)

    monkeypatch.setattr(MemoryRemote, "swap_head", contended)
    with pytest.raises(MovedOnError, match="run the same command again"):
        b.push()
    monkeypatch.setattr(MemoryRemote, "swap_head", swap)
    assert b.push().is_news
    assert "four" in texts_of(a.remote)
    assert not heads(a.remote)
