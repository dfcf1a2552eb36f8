"""An older generation published again: what it was, with the versions that it had."""

import pytest

from registry.garbage import Collector
from registry.restoring import NotRestorableError, hold_of, places, restore
from tests.registry.chains import Chain

FILES = {"a" * 64: "first"}


@pytest.fixture
def chain(tmp_path):
    made = Chain(tmp_path)
    for code in ("one", "two", "three"):
        made.publish(FILES, code)
    return made


def roll_back(chain, number):
    return restore(
        chain.generations, chain.store, number, run_id="r", published_utc="2026-01-02T00:00:00Z"
    )


def version(chain):
    return chain.generations.outputs(chain.generations.current())["table"].version


def test_a_restored_generation_is_a_new_one_with_the_results_and_versions_of_then(chain):
    assert roll_back(chain, 1) == chain.generations.current() == 4
    assert chain.generations.outputs(4) == chain.generations.outputs(1)
    assert places(chain.generations, 4) == places(chain.generations, 1)
    assert (chain.folder / "head").read_text() == "4\n"
    assert (chain.folder / "manifests" / "4.json").exists()


def test_it_stands_while_the_flow_gives_what_it_gave_before(chain):
    given = places(chain.generations, 3)
    roll_back(chain, 1)
    hold = hold_of(chain.generations)
    assert (hold.generation, hold.restores, hold.held_against) == (4, 1, 3)
    assert hold.stands(chain.generations, chain.store, given)
    assert not hold.stands(chain.generations, chain.store, places(chain.generations, 2))
    assert not hold.stands(chain.generations, chain.store, places(chain.generations, 1))


def test_it_falls_when_its_results_are_lost(chain):
    given = places(chain.generations, 3)
    roll_back(chain, 1)
    chain.store.path(chain.generations.outputs(4)["table"].artifact).unlink()
    assert not hold_of(chain.generations).stands(chain.generations, chain.store, given)


def test_a_second_rollback_holds_against_what_the_flow_gives_and_not_against_the_first(chain):
    roll_back(chain, 1)
    roll_back(chain, 2)
    assert hold_of(chain.generations).held_against == 3
    assert version(chain) == 2


def test_rolled_forward_nothing_is_held(chain):
    roll_back(chain, 1)
    roll_back(chain, 3)
    assert hold_of(chain.generations) is None
    assert version(chain) == 3


def test_results_that_the_flow_gave_before_the_rollback_keep_their_version(chain):
    roll_back(chain, 1)
    chain.publish_nodes(chain.make(FILES, "three"))
    assert version(chain) == 3
    chain.publish(FILES, "four")
    assert version(chain) == 4


@pytest.mark.parametrize(
    ("number", "words"), [(3, "published already"), (9, "there is none with this number")]
)
def test_the_current_and_unknown_generations_are_refused(chain, number, words):
    with pytest.raises(NotRestorableError, match=words):
        roll_back(chain, number)


def test_the_generation_that_is_restored_already_is_refused(chain):
    roll_back(chain, 1)
    with pytest.raises(NotRestorableError, match="generation 4 is that one already"):
        roll_back(chain, 1)


def test_a_generation_without_its_results_is_refused_and_nothing_changes(chain):
    Collector(chain.store, chain.generations).collect(newest=1)
    with pytest.raises(NotRestorableError, match="2 of its 2 results are gone"):
        roll_back(chain, 1)
    assert chain.generations.current() == 3
