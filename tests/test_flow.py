"""The shape of the flow, which no import linter can see."""

import pytest

from adapters import STAGES
from adapters.engine.execution import Engine
from adapters.pipeline import FLOW, OUTPUTS, PROJECT
from registry.code_identity import CodeIndex
from registry.database import Database
from registry.store import Store

INPUTS = {
    "as_of_utc",
    "birth_year",
    "date_order",
    "day_windows",
    "exclusions",
    "export_files",
    "guideline",
    "home_time_zone",
    "home_time_zone_source",
}


@pytest.fixture(scope="module")
def flow(tmp_path_factory):
    folder = tmp_path_factory.mktemp("flow")
    store = Store(folder, Database(folder / "registry.sqlite"))
    return Engine(FLOW, store, CodeIndex([PROJECT], packages={"dataflows"})).flow


def test_the_external_inputs_are_exactly_these(flow):
    assert flow.inputs == INPUTS


def test_every_node_says_its_stage(flow):
    assert {node.name: node.stage for node in flow.nodes.values() if node.stage not in STAGES} == {}


def test_every_edge_goes_forward_through_the_stages(flow):
    backward = [
        (need, node.name)
        for node in flow.nodes.values()
        for need in node.needs
        if need in flow.nodes and STAGES.index(flow.nodes[need].stage) > STAGES.index(node.stage)
    ]
    assert backward == []


def test_every_output_is_a_node(flow):
    assert set(OUTPUTS) <= flow.nodes.keys()


def test_every_node_leads_to_an_output(flow):
    needed = flow.ancestors([*OUTPUTS, "books"])
    assert flow.nodes.keys() - needed == set()


def test_every_node_has_a_docstring_with_its_units(flow):
    documented = {
        function.__name__: function.__doc__ or ""
        for module in FLOW
        for function in vars(module).values()
        if callable(function)
        and getattr(function, "__module__", "") == module.__name__
        and not function.__name__.startswith("_")
        and not isinstance(function, type)
    }
    assert {name for name, text in documented.items() if not text.strip()} == set()
    assert {name for name, text in documented.items() if "Units:" not in text} == set()


def test_no_node_is_opaque_to_the_analysis(flow):
    assert {node.name: node.code.opaque for node in flow.nodes.values() if node.code.opaque} == {}
