"""Every edit of the list reruns exactly the nodes that it must, and gives the true results."""

import pytest

from tests.staleness.edits import EDITS, Edit, State
from tests.staleness.flow import NODE_MODULES
from tests.staleness.laboratory import Laboratory, lay_out, touch, values_without_registry

MODULES = [f"flow.{name}" for name in NODE_MODULES]
BASE = State()


def laid_out(folder, state):
    lay_out(folder, {**state.files, "readings.txt": state.readings}, state.libraries)
    return folder


def inputs(state):
    return {"readings_text": state.readings, **state.configuration}


@pytest.fixture(scope="module")
def unedited(tmp_path_factory):
    """A home in which the flow has run, and its values."""
    folder = tmp_path_factory.mktemp("unedited")
    laboratory = Laboratory(folder / "home")
    ran, values = laboratory.run(laid_out(folder / "src", BASE), MODULES, inputs(BASE))
    assert len(ran) == 22
    return laboratory, values


def test_the_list_has_a_hundred_edits_some_of_which_must_rerun_nothing():
    assert len({edit.claim for edit in EDITS}) == len(EDITS) >= 100
    assert sum(not edit.reruns for edit in EDITS) >= 40


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.claim)
def test_an_edit_reruns_exactly_what_it_must(edit: Edit, unedited, tmp_path):
    laboratory = unedited[0].copy(tmp_path / "home")
    after = edit.applied(BASE)
    folder = laid_out(tmp_path / "src", after)
    for name in edit.touched:
        touch(folder / name)
    ran, values = laboratory.run(folder, MODULES, inputs(after))
    if edit.reverted:
        after, folder = BASE, laid_out(tmp_path / "again", BASE)
        ran, values = laboratory.run(folder, MODULES, inputs(after))
    assert ran == sorted(edit.reruns)
    truth = values_without_registry(folder, MODULES, inputs(after))
    assert {node: value for (node, _), value in values.items()} == truth
