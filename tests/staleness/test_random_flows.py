"""Random flows and edits, against runs without a registry: equal results, and nothing in vain."""

import random

from tests.staleness.laboratory import Laboratory, imported, lay_out
from tests.staleness.random_flows import NODE_MODULES, Oracle, RandomFlow, random_edit, random_flow

MODULES = [f"flow.{name}" for name in NODE_MODULES]
SAMPLED, EVERY = 10, 150
EDITS, MORE_EDITS = 7, 20


def true_values(flow: RandomFlow, folder) -> dict[tuple[str, str], int]:
    """Every node's value, by calling the functions one after another."""
    values: dict[tuple[str, str], int] = {}
    numbers = flow.inputs["numbers"]
    with imported(folder, MODULES) as found:
        functions = {n: getattr(found[node.module], n) for n, node in flow.nodes.items()}
        for name, node in flow.nodes.items():
            if node.role == "item":
                values |= {(name, str(n)): functions[name](n) for n in numbers}
            elif node.role == "collect":
                values[name, ""] = functions[name]([values[node.needs[0], str(n)] for n in numbers])
            elif node.role == "plain":
                given = {n: flow.inputs.get(n, values.get((n, ""))) for n in node.needs}
                values[name, ""] = functions[name](**given)
    return values


def told(values):
    """Values as they can be compared: the items of a block in no order."""
    return sorted((node, value) for (node, _), value in values.items())


def pytest_generate_tests(metafunc):
    if "seed" not in metafunc.fixturenames:
        return
    count = EVERY if metafunc.config.getoption("--complete") else SAMPLED
    metafunc.parametrize("seed", range(count))


def test_random_edits_give_true_results_and_run_no_node_in_vain(seed, complete, tmp_path):
    chance = random.Random(seed)
    laboratory, oracle = Laboratory(tmp_path / "home"), Oracle()
    flow, history = random_flow(chance), []
    for step in range(MORE_EDITS if complete else EDITS):
        folder = tmp_path / str(step)
        lay_out(folder, flow.files())
        ran, values = laboratory.run(folder, MODULES, flow.inputs)
        truth = true_values(flow, folder)
        assert told(values) == told(truth), [claim for claim, _ in history]
        assert ran == oracle.must_run(flow, truth), [claim for claim, _ in history]
        claim, after = random_edit(flow, chance)
        if history and chance.random() < 0.2:
            claim, after = "taken back", history[-1][1]
        history.append((claim, flow))
        flow = after


def test_the_oracle_asks_for_some_runs_and_spares_others():
    chance = random.Random(0)
    asked = []
    for _ in range(100):
        oracle, flow = Oracle(), random_flow(chance)
        if "item" in flow.nodes:
            continue
        values = {(name, ""): 1 for name in flow.nodes}
        oracle.must_run(flow, values)
        _, after = random_edit(flow, chance)
        asked.append(len(oracle.must_run(after, values)) / len(values))
    assert asked.count(0) > 8
    assert sum(0 < share < 1 for share in asked) > 8
