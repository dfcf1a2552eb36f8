"""Two homes push, pull and prune at random: requests fail, or arrive late, or twice; processes die,
and the remote's keeper cheats.
"""

import random
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from adapters.remote.backend import RemoteError, RemoteRefusedError
from adapters.remote.remote_state import (
    ConflictError,
    LostStateError,
    MovedOnError,
    ReplayError,
)
from tests.adapters.remote.small_homes import SEAL, SmallHome, head_of, history_of, needed
from tests.adapters.remote.test_damage import FOUND
from tests.fakes.memory_remote import MemoryRemote

MEMORY = Path("/dev/shm")  # no power fails here, and a disk would take most of the time
HOMES = st.sampled_from("ab")
MOVED = (ConflictError, MovedOnError)
CHANCES = st.one_of(st.just(0), st.integers(1, 10_000))


class Killed(BaseException):
    """The process died."""


def origin(head):
    """The state that a head is of, pruned or not."""
    return SEAL.head_facts(head).origin


class TwoHomes(RuleBasedStateMachine):
    """The model knows what was acknowledged, what was taken in, and which head each home saw last.

    Attributes:
        seen: Home -> the head that it last agreed on.
        unsure: Homes whose last push or pull was cut short: they may have agreed on another one.
        heads: Every head there was, in order.
        forgotten: What was taken in once, and is wanted no more.
    """

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        self.remote = MemoryRemote()
        self.homes = {name: SmallHome(self.folder / name, self.remote) for name in "ab"}
        self.acknowledged, self.taken, self.forgotten = set(), {}, set()
        self.seen, self.unsure = {"a": None, "b": None}, set()
        self.heads, self.counter = [], 0
        self.is_acting = False

    def teardown(self):
        for home in self.homes.values():
            home.remove()
        shutil.rmtree(self.folder)

    head = property(lambda self: self.remote.objects.get("head"))

    def has_news(self, name):
        """Whether the remote holds what this home has certainly not seen; a prune is no news."""
        if self.head is None or name in self.unsure:
            return False
        seen = self.seen[name]
        return seen is None or origin(self.head) != origin(seen)

    def outcome(self, name, act, chance=0):
        """What an action raised, None when it was done; at a chance of zero no request fails."""
        draws = random.Random(chance)

        def faults(_verb, _name):
            drawn = draws.random() if chance else 1
            if drawn < 0.02:
                raise Killed
            return {0: "before", 1: "after", 2: "short"}.get(int((drawn - 0.02) * 60))

        self.remote.faults, self.is_acting = faults, True
        try:
            act()
        except Killed as error:
            self.homes[name].reopen()
            raised = error
        except RemoteError as error:
            raised = error
        else:
            self.seen[name] = self.head
            self.unsure.discard(name)
            return None
        finally:
            self.remote.faults, self.is_acting = lambda _verb, _name: None, False
        if chance:
            self.unsure.add(name)
        return raised

    def pushed(self, name, chance=0):
        """What a push raised; what it acknowledged has to be there."""
        done = []
        raised = self.outcome(name, lambda: done.append(self.homes[name].push()), chance)
        if raised is None:
            reference, manifest = head_of(self.remote)
            assert reference.counter == done[0].counter
            assert {row[0] for row in manifest.raw_files} == set(self.homes[name].texts())
            self.acknowledged.add(reference.seal)
        return raised

    def works(self, name):
        """Something new comes into a home, and a run takes it in."""
        text = f"text {len(self.taken)}"
        self.taken[self.homes[name].take_in(text)] = text
        self.homes[name].run()

    @initialize(is_shared=st.sampled_from([True, True, False]))
    def one_home_began(self, is_shared):
        if is_shared:
            self.works("a")
            assert self.pushed("a") is None
            assert self.outcome("b", self.homes["b"].pull) is None

    @rule(name=HOMES)
    def work(self, name):
        self.works(name)

    @rule(name=HOMES)
    def a_file_is_taken_in_and_nothing_run(self, name):
        text = f"text {len(self.taken)}"
        self.taken[self.homes[name].take_in(text)] = text

    @rule(name=HOMES, place=st.integers(0))
    def a_file_is_forgotten(self, name, place):
        texts = sorted(self.homes[name].texts())
        if len(texts) > 1:  # a home without anything counts as one that begins
            self.homes[name].forget(texts[place % len(texts)])
            self.forgotten.add(texts[place % len(texts)])

    @rule(name=HOMES, chance=CHANCES)
    def a_push(self, name, chance):
        if not self.homes[name].profile.exists:
            return
        had_news = self.has_news(name)
        raised = self.pushed(name, chance)
        if had_news:
            assert raised is not None
            assert chance or isinstance(raised, ConflictError)
        elif not chance and name not in self.unsure:
            assert raised is None

    @rule(name=HOMES, chance=CHANCES, merge=st.booleans())
    def a_pull(self, name, chance, merge):
        home, had_news = self.homes[name], self.has_news(name)
        before, texts = home.looks(), set(home.texts())
        there = {row[0] for row in head_of(self.remote)[1].raw_files} if self.head else set()
        raised = self.outcome(name, lambda: home.pull(merge=merge), chance)
        assert texts - self.forgotten <= set(home.texts())
        if raised is not None:
            assert home.looks() == before
        elif had_news:
            assert set(home.texts()) - self.forgotten == (texts | there) - self.forgotten
        if self.head is None:
            assert raised is not None
        elif had_news and texts - there - self.forgotten and not merge:
            assert raised is not None
            assert chance or isinstance(raised, ConflictError)
        elif merge and not chance:
            assert raised is None

    @rule(name=HOMES, chance=CHANCES, is_late=st.booleans())
    def a_prune(self, name, chance, is_late):
        """Where it is done, what is left is what somebody needs; late removals are so for now."""
        home, had_news = self.homes[name], self.has_news(name)
        if not home.profile.exists:
            return
        was_sure, agrees = name not in self.unsure, home.agrees()
        self.remote.is_late = is_late
        raised = self.outcome(name, home.prune, chance)
        self.remote.is_late = False
        if raised is None:
            self.removals_arrive()
            assert set(self.remote.objects) == needed(self.remote)
        elif was_sure:
            self.unsure.discard(name)  # the state is what it was, whatever became of the prune
        assert not (had_news and raised is None)
        assert chance or not was_sure or had_news or (raised is None) == agrees

    @rule()
    def removals_arrive(self):
        """All that ever were asked for, again."""
        self.remote.remove_again()

    @rule(
        name=HOMES,
        request=st.integers(0, 12),
        action=st.sampled_from(["push", "pull", "prune"]),
        meanwhile=st.sampled_from(["push", "prune", "push and prune"]),
    )
    def both_at_once(self, name, request, action, meanwhile):
        """Something happens elsewhere between two requests of a push, a pull or a prune."""
        other = "ab".replace(name, "")
        self.both_agree(name, other)
        if action == "pull":
            self.works(other)
            self.homes[other].forget(self.any_text(other))
            assert self.pushed(other) is None
        if action != "prune":
            self.works(name)
        if "push" in meanwhile:
            self.works(other)
        with self.meanwhile(request, lambda: self.elsewhere(other, meanwhile)) as happened:
            if action == "push":
                self.lost(name, self.pushed(name), happened and "push" in meanwhile)
            elif action == "pull":
                assert self.outcome(name, lambda: self.homes[name].pull(merge=True)) is None
            else:
                raised = self.outcome(name, self.homes[name].prune)
                assert raised is None or (happened and isinstance(raised, MOVED))
            if action != "push":
                self.unsure.add(name)  # what it agreed on may be the head before the other's push
        self.removals_arrive()

    def both_agree(self, name, other):
        """Both hold what the remote holds."""
        for one in (other, name, other):
            home = self.homes[one]
            if self.head is not None:
                assert self.outcome(one, lambda home=home: home.pull(merge=True)) is None
            if not home.texts():
                self.works(one)
            home.run()
            assert self.pushed(one) is None

    def any_text(self, name):
        text = min(self.homes[name].texts())
        self.forgotten.add(text)
        return text

    def elsewhere(self, name, what):
        """A push, a prune, or both, and all removals arrive."""
        if "push" in what:
            assert self.pushed(name) is None
        if "prune" in what:
            assert self.outcome(name, self.homes[name].prune) is None
        self.removals_arrive()

    def lost(self, name, raised, is_lost):
        """Of two pushes one wins, and only a merge brings both together."""
        if is_lost:
            assert isinstance(raised, ConflictError)
            assert isinstance(self.outcome(name, self.homes[name].pull), ConflictError)
        else:
            assert raised is None

    @contextmanager
    def meanwhile(self, request, act):
        """Before a request of that number, of an action, something else happens, undisturbed."""
        asked, happened = MemoryRemote.asked, []

        def interrupted(remote, verb, name):
            numbers.extend([verb] * self.is_acting)
            if len(numbers) == request + 1 and not happened:
                MemoryRemote.asked = asked
                happened.append(act())
            return asked(remote, verb, name)

        numbers = []
        MemoryRemote.asked = interrupted
        try:
            yield happened
        finally:
            MemoryRemote.asked = asked

    @rule(name=HOMES, age=st.integers(1, 4))
    def an_older_head_is_put_back(self, name, age):
        """Who saw a newer one refuses it, and nothing changes."""
        self.cheats(name, ReplayError, ReplayError, self.heads[-1 - age :][:1])

    @rule(name=HOMES)
    def the_head_is_taken_away(self, name):
        self.cheats(name, LostStateError, RemoteRefusedError, [None])

    def cheats(self, name, of_push, of_pull, shown):
        """The remote's keeper shows another head to a home that saw the newest."""
        home, newest = self.homes[name], self.head
        if newest is None or self.seen[name] != newest or name in self.unsure:
            return
        if len(self.heads) < 2 or not shown or shown[0] == newest:
            return
        before = home.looks()
        self.remote.objects["head"] = shown[0]
        if shown[0] is None:
            del self.remote.objects["head"]
        with pytest.raises(of_push):
            home.push()
        with pytest.raises(of_pull):
            home.pull()
        assert home.looks() == before
        self.remote.objects["head"] = newest

    @rule(place=st.integers(0), of=st.integers(0), kind=st.sampled_from(["raw", "object", None]))
    def an_object_is_put_in_the_place_of_another(self, place, of, kind):
        """Who brings it finds out, and has nothing of it."""
        if self.head is None:
            return
        entries = head_of(self.remote)[1].entries
        names = sorted({entry.name for entry in entries if kind in {None, entry.kind}})
        if not names:
            return
        name, other = names[place % len(names)], names[of % len(names)]
        objects = self.remote.objects
        whole, objects[name] = objects[name], objects[other]
        stranger = SmallHome(self.folder / "c", self.remote)
        if name != other:
            with pytest.raises(FOUND):
                stranger.pull()
            assert stranger.looks() == {"generation": None}
        objects[name] = whole
        stranger.remove()

    @rule()
    def both_come_together(self):
        for name in "aba":
            home = self.homes[name]
            if self.head is not None:
                assert self.outcome(name, lambda home=home: home.pull(merge=True)) is None
            if home.profile.exists:
                home.run()
                assert self.pushed(name) is None
        a, b = self.homes.values()
        if a.profile.exists and b.profile.exists:
            assert self.outcome("b", b.pull) is None
            assert set(a.texts()) == set(b.texts()) == set(self.taken) - self.forgotten
            assert a.generations.current() == b.generations.current()
            assert b.pull().is_news is False
            asked = len(self.remote.requests)
            assert not b.push().is_news
            assert len(self.remote.requests) - asked <= 2

    @invariant()
    def no_acknowledged_state_is_lost_and_the_head_is_whole(self):
        if self.head is not None and self.head not in self.heads[-1:]:
            self.heads.append(self.head)
            reference, _ = head_of(self.remote)
            assert reference.counter > self.counter
            self.counter = reference.counter
            assert self.acknowledged <= history_of(self.remote, reference)

    @invariant()
    def every_home_is_whole(self):
        assert all(home.is_whole() for home in self.homes.values())
