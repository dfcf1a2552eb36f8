"""What the page answers when something asked for is not there."""

import json

import pytest

from adapters.dashboard.background import RegistryBackground
from adapters.dashboard.page import Page
from adapters.dashboard.private.unlocked_registry import UnlockedRegistry
from adapters.dashboard.published import Facts, Published
from adapters.vault import DamagedError
from tests.dashboard.invented import TablesInMemory


class Shelf:
    """A store with one generation."""

    def __init__(self, published):
        self.published = published

    def current(self):
        return self.published


@pytest.fixture
def damaged():
    """The registry of a remote whose rows of runs are none."""
    return UnlockedRegistry({"generation": 1, "raw_files": []}, lambda: b"no rows")


def shown(page, action):
    """What the page is told of a click."""
    page.bridge.clicks.tags = [f"{action}#1"]
    return json.loads(page.bridge.texts.tags[0])


def test_where_there_is_nothing_to_save_the_page_says_so():
    page = Page(Shelf(Published(Facts("me", 1, "2026-06-30T00:00:00Z"), (), TablesInMemory({}))))
    assert shown(page, "save:pdf")["readout"] == "This generation has nothing to save here."


def test_rows_that_are_of_no_registry_are_damage(damaged):
    with pytest.raises(DamagedError, match="rows of runs"):
        damaged.ask(lambda database: database.rows("SELECT 1"))


def test_what_cannot_be_read_is_told_in_place_of_an_answer(damaged):
    background = RegistryBackground(damaged.ask, 1)
    facts = Facts("me", 1, "2026-06-30T00:00:00Z")
    page = Page(Shelf(Published(facts, (), TablesInMemory({}), background=background)))
    assert "damaged" in shown(page, "detail:runs")["readout"]
