"""Two homes push and pull at random, requests fail and processes die at random."""

import random
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from adapters.remote.backend import RemoteError
from adapters.remote.remote_state import ConflictError
from tests.adapters.remote.small_homes import SmallHome, ancestors_of, head_of
from tests.fakes.memory_remote import MemoryRemote

HOMES = st.sampled_from("ab")
CHANCES = st.one_of(st.just(0), st.integers(1, 10_000))


class Killed(BaseException):
    """The process died."""


class TwoHomes(RuleBasedStateMachine):
    """The model knows what was acknowledged, and which raw files were ever taken in."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.remote = MemoryRemote()
        self.homes = {name: SmallHome(self.folder / name, self.remote) for name in "ab"}
        self.acknowledged, self.taken = set(), {}
        self.seen, self.looked_at = 0, None

    def teardown(self):
        for home in self.homes.values():
            home.remove()
        shutil.rmtree(self.folder)

    @contextmanager
    def trouble(self, name, chance):
        """Requests fail and the process dies, as a seed has it; at zero, nothing happens."""
        draws = random.Random(chance)

        def faults(_verb, _name):
            drawn = draws.random() if chance else 1
            if drawn < 0.02:
                raise Killed
            return {0: "before", 1: "after", 2: "short"}.get(int((drawn - 0.02) * 60))

        self.remote.faults = faults
        try:
            yield
        except Killed:
            self.homes[name].reopen()
        except ConflictError:
            pass
        except RemoteError:
            if not chance and self.remote.objects:
                raise
        finally:
            self.remote.faults = lambda _verb, _name: None

    @rule(name=HOMES, text=st.sampled_from(["one", "two", "three", "four", "five", "six"]))
    def a_file_is_taken_in(self, name, text):
        sha256 = self.homes[name].take_in(text)
        self.taken[sha256] = text

    @rule(name=HOMES)
    def a_run(self, name):
        self.homes[name].run()

    @rule(name=HOMES, chance=CHANCES)
    def a_push(self, name, chance):
        home = self.homes[name]
        if not home.profile.exists:
            return
        with self.trouble(name, chance):
            pushed = home.push()
            reference, manifest = head_of(self.remote)
            assert reference.counter == pushed.counter
            assert {row[0] for row in manifest.raw_files} == set(home.texts())
            self.acknowledged.add(reference.name)

    @rule(name=HOMES)
    def a_race(self, name):
        """The other home pushes between this one's look at the head and its swap."""
        home, other = self.homes[name], self.homes["ab".replace(name, "")]
        if not (home.profile.exists and other.profile.exists):
            return
        won = []

        def overtaken(verb, _name):
            if verb == "swap_head":
                self.remote.faults = lambda _verb, _name: None
                with suppress(ConflictError):
                    won.append(other.push().is_news)
                if self.remote.objects.get("head"):
                    self.acknowledged.add(head_of(self.remote)[0].name)

        self.remote.faults = overtaken
        try:
            home.push()
            self.acknowledged.add(head_of(self.remote)[0].name)
            assert won != [True]
        except ConflictError:
            kept = [name for name in self.remote.objects if name.startswith("heads/")]
            assert kept or won != [True]
        finally:
            self.remote.faults = lambda _verb, _name: None

    @rule(name=HOMES, chance=CHANCES, merge=st.booleans())
    def a_pull(self, name, chance, merge):
        home = self.homes[name]
        before, texts = home.looks(), set(home.texts())
        done = False
        with self.trouble(name, chance):
            home.pull(merge=merge)
            done = True
        if not done:
            assert home.looks() == before
        assert texts <= set(home.texts())

    @rule()
    def both_come_together(self):
        for name in "aba":
            home = self.homes[name]
            if "head" in self.remote.objects:
                home.pull(merge=True)
            if home.profile.exists:
                home.run()
                home.push()
                self.acknowledged.add(head_of(self.remote)[0].name)
        a, b = self.homes.values()
        if a.profile.exists and b.profile.exists:
            b.pull()
            assert set(a.texts()) == set(b.texts()) == set(self.taken)
            assert a.generations.current() == b.generations.current()
            assert b.pull().is_news is False
            asked = len(self.remote.requests)
            assert not b.push().is_news
            assert len(self.remote.requests) - asked <= 2

    @invariant()
    def no_acknowledged_state_is_lost_and_the_head_is_whole(self):
        content = self.remote.objects.get("head")
        if content != self.looked_at:
            self.looked_at = content
            reference, _ = head_of(self.remote)
            assert reference.counter >= self.seen
            self.seen = reference.counter
            assert self.acknowledged <= set(ancestors_of(self.remote, reference))

    @invariant()
    def every_home_is_whole(self):
        assert all(home.is_whole() for home in self.homes.values())


TwoHomes.TestCase.settings = settings(
    max_examples=8, stateful_step_count=25, deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
test_two_homes_lose_nothing_that_was_acknowledged = TwoHomes.TestCase
