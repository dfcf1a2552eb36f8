"""Publishing, rollback, gc, pins and forgetting in any order, against a model in memory."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from registry.forgetting import Farewell, Leaving, remove_unregistered
from registry.forgotten_rows import remove_rows
from registry.garbage import Collector, pin, unpin
from registry.restoring import NotRestorableError, hold_of, places, restore
from tests.registry.chains import Chain

FILES = {letter * 64: f"canary-{letter}" for letter in "abc"}


class KeptGenerations(RuleBasedStateMachine):
    """The model knows of each generation what it was made of, and whether its results are there."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.chain = Chain(self.folder)
        self.files, self.code = {"a" * 64: FILES["a" * 64]}, "0"
        self.generations, self.pinned, self.current = {}, set(), None
        self.count, self.held_against, self.bytes_of = 0, None, {}

    def teardown(self):
        self.chain.database.close()
        shutil.rmtree(self.folder)

    @property
    def given(self):
        return self.code, frozenset(self.files)

    def _is_published(self, number):
        self.current = number
        self.count = max(self.count, number)
        output = self.chain.generations.outputs(number)["table"]
        known = self.bytes_of.setdefault(output.version, output.artifact.sha256)
        assert known == output.artifact.sha256, "a version names other bytes than before"

    @rule(sha256=st.sampled_from(sorted(FILES)))
    def a_file_comes(self, sha256):
        self.files[sha256] = FILES[sha256]

    @rule(code=st.sampled_from("012"))
    def the_code_changes(self, code):
        self.code = code

    @precondition(lambda self: self.files)
    @rule()
    def a_run(self):
        """As a plain run does: compute, then publish unless what is published stays."""
        nodes = self.chain.make(self.files, self.code)
        for made in self.generations.values():
            made["whole"] |= made["of"] == self.given
        keys = {place: made.key for place, made in nodes.items()}
        hold = hold_of(self.chain.generations)
        if hold is not None:
            stays = hold.stands(self.chain.generations, self.chain.store, keys)
        else:
            stays = self.current is not None
            stays = stays and keys == places(self.chain.generations, self.current)
        expected = self.held_against or self.current
        assert stays == (expected in self.generations
                         and self.generations[expected]["of"] == self.given)  # fmt: skip
        if not stays:
            number = self.chain.publish_nodes(nodes)
            assert number == self.count + 1
            self.generations[number] = {"of": self.given, "whole": True}
            self.held_against = None
            self._is_published(number)

    @rule(number=st.integers(1, 12))
    def a_rollback(self, number):
        wanted = self.generations.get(number)
        now = self.generations.get(self.current)
        can = wanted is not None and wanted["whole"] and number != self.current
        can = can and not (now and now["of"] == wanted["of"])
        try:
            made = restore(
                self.chain.generations,
                self.chain.store,
                number,
                run_id="back",
                published_utc="2026-01-02T00:00:00Z",
            )
        except NotRestorableError:
            assert not can
            return
        assert can
        assert made == self.count + 1
        against = self.held_against or self.current
        gives = self.generations.get(against)
        self.generations[made] = dict(wanted)
        self.held_against = against if gives and gives["of"] != wanted["of"] else None
        assert self.chain.generations.outputs(made) == self.chain.generations.outputs(number)
        self._is_published(made)

    @rule(newest=st.integers(1, 3))
    def a_collection(self, newest):
        whole = sorted(number for number, made in self.generations.items() if made["whole"])
        row = self.chain.generations.describe(self.current) if self.current else {}
        kept = {self.current, row.get("held_against"), *self.pinned, *whole[-newest:]} - {None}
        found = Collector(self.chain.store, self.chain.generations).collect(newest=newest)
        assert set(found.kept) == kept
        needed = {self.generations[number]["of"] for number in kept & self.generations.keys()
                  if self.generations[number]["whole"]}  # fmt: skip
        for made in self.generations.values():
            made["whole"] = made["whole"] and made["of"] in needed

    @rule(number=st.integers(1, 8))
    def a_pin(self, number):
        if number in self.generations and number not in self.pinned:
            pin(self.chain.database, number)
            self.pinned.add(number)
        elif number in self.pinned:
            unpin(self.chain.database, number)
            self.pinned.discard(number)

    @rule(sha256=st.sampled_from(sorted(FILES)))
    def a_file_is_forgotten(self, sha256):
        told = Farewell(f"forget {sha256}", "2026-01-03T00:00:00Z", [Leaving(sha256, 1, ["name"])])
        remove_rows(self.chain.database, self.chain.generations, told)
        remove_unregistered(self.chain.store)
        self.files.pop(sha256, None)
        gone = {n for n, made in self.generations.items() if sha256 in made["of"][1]}
        self.generations = {n: m for n, m in self.generations.items() if n not in gone}
        self.pinned -= gone
        self.held_against = None if self.held_against in gone else self.held_against
        if self.current in gone:
            self.current = self.held_against = None

    @rule()
    def the_registry_is_opened_again(self):
        self.chain.database.close()
        self.chain.reopen()

    @invariant()
    def what_is_published_is_there_and_whole(self):
        assert self.chain.generations.current() == self.current
        if self.current is not None:
            assert self.chain.whole(self.current)

    @invariant()
    def the_registry_knows_what_the_model_knows(self):
        rows = self.chain.database.rows("SELECT number FROM generation")
        assert {row["number"] for row in rows} == self.generations.keys()
        for number, made in self.generations.items():
            assert self.chain.whole(number) == made["whole"], number

    @invariant()
    def a_file_that_nobody_has_is_in_no_object(self):
        known = {sha256 for made in self.generations.values() for sha256 in made["of"][1]}
        texts = [path.read_text() for path in self.chain.objects()]
        for sha256 in FILES.keys() - known - self.files.keys():
            assert not any(FILES[sha256] in text for text in texts)


@pytest.fixture(autouse=True)
def _deeper_if_complete(complete):
    examples, steps = (300, 40) if complete else (12, 14)
    KeptGenerations.TestCase.settings = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None
    )


TestKeptGenerations = KeptGenerations.TestCase
