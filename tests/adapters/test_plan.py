"""What a plan says is what then runs; what it says of time is what past runs took."""

import hashlib
import importlib.util
import random
import sys
import textwrap

import pytest

from adapters.engine.execution import Engine, Request
from adapters.engine.planner import RUN
from registry.code_identity import CodeIndex
from registry.database import Database
from registry.durations import Durations
from registry.store import Artifact, Computation, EncodedArtifact, Input, Store

FLOW = '''
    from collections.abc import Mapping, Sequence

    from hamilton.function_modifiers import extract_fields
    from hamilton.htypes import Collect, Parallelizable

    CAP = 6
    STEP = 3
    WORDS = ("few", "many")


    def _capped(value: int) -> int:
        return min(value, CAP)


    def number(numbers: list) -> Parallelizable[int]:
        """One number."""
        yield from numbers


    def scaled(number: int, factor: int) -> int:
        """Times a factor, capped."""
        return _capped(number * factor)


    def remainder(scaled: int) -> int:
        """What is left."""
        return scaled % STEP


    def remainders(remainder: Collect[int]) -> list:
        """Of all numbers."""
        return list(remainder)


    def group(remainders: Sequence[int]) -> Parallelizable[dict]:
        """The numbers that leave the same."""
        for left in sorted(set(remainders)):
            yield {"left": left, "count": remainders.count(left)}


    def described(group: Mapping[str, int]) -> str:
        """A group in words."""
        return f"{WORDS[group['count'] > 2]} leave {group['left']}"


    def descriptions(described: Collect[str]) -> list:
        """All groups in words."""
        return list(described)


    @extract_fields({"lowest": int, "highest": int})
    def span(remainders: Sequence[int]) -> dict:
        """From where to where."""
        return {"lowest": min(remainders, default=0), "highest": max(remainders, default=0)}


    def parity(highest: int) -> str:
        """Even or odd."""
        return "even" if highest % 2 == 0 else "odd"


    def report(parity: str, descriptions: Sequence[str], title: str, lowest: int) -> str:
        """Everything."""
        return f"{title}: {parity}, {lowest}, {', '.join(descriptions)}"
'''


class Workshop:
    """A flow with two blocks that edits are made to, one after another."""

    def __init__(self, folder, seed):
        self.draws = random.Random(seed)
        self.source = folder / "src" / "planned_flow.py"
        self.source.parent.mkdir()
        self.source.write_text(textwrap.dedent(FLOW))
        self.home = folder / "home"
        self.inputs = {"numbers": [1, 2, 3, 4], "factor": 1, "title": "Numbers"}
        self.published, self.known, self.forced = {}, {}, frozenset()

    def edit(self, before, after):
        text = self.source.read_text()
        self.source.write_text(text.replace(before, after, 1))

    def change(self):
        """One edit of code, configuration, data or stored bytes, or a node that is forced."""
        changes = [self._edit_code, self._edit_code, self._configure, self._regroup, self._regroup,
                   self._lose, self._force, lambda: "nothing"]  # fmt: skip
        return self.draws.choice(changes)()

    def _edit_code(self):
        draws = self.draws
        constant = draws.choice(["CAP", "STEP"])
        (line,) = (x for x in self.source.read_text().splitlines() if x.startswith(constant))
        edit = draws.choice([
            (line, f"{constant} = {draws.randint(2, 9)}"),
            ('("few"', '("a few"'),
            ("min(value, CAP)", "min(CAP, value)"),
            ('"""All groups', '"""Every one of the groups'),
        ])  # fmt: skip
        self.edit(*edit)
        return edit

    def _configure(self):
        self.inputs["factor"] = self.draws.randint(1, 4)
        self.inputs["title"] = self.draws.choice(["Numbers", "Figures"])
        return "configuration"

    def _regroup(self):
        """A number more, one less, or all in another order."""
        numbers = self.inputs["numbers"]
        more = [*numbers, self.draws.randint(1, 30)]
        less = self.draws.sample(numbers, k=max(1, len(numbers) - 1))
        self.inputs["numbers"] = self.draws.choice([more, less, numbers[::-1]])
        return "numbers"

    def _lose(self):
        _, artifact = self.draws.choice(sorted(self.known.items()))
        self.store.path(artifact).unlink(missing_ok=True)
        return "a lost result"

    def _force(self):
        self.forced = frozenset({self.draws.choice(["remainders", "report", "scaled", "span"])})
        return "forced"

    def run(self):
        """Plan and run; the plan and the outcome are told."""
        self.inputs["numbers"] = list(dict.fromkeys(self.inputs["numbers"]))
        code = CodeIndex([self.source.parent])
        spec = importlib.util.spec_from_file_location("planned_flow", self.source)
        module = sys.modules["planned_flow"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self.store = Store(self.home, Database(self.home / "registry.sqlite"))
        engine = Engine([module], self.store, code)
        request = Request(dict(self.inputs), published=self.published, forced=self.forced)
        plan = engine.plan(request)
        outcome = engine.run(request, plan, "run")
        self.known = outcome.computed()
        self.published = {place: made.key for place, made in self.known.items()}
        self.forced = frozenset()
        self.store.database.close()
        return plan, outcome


@pytest.fixture
def seeds(complete):
    return range(60 if complete else 4)


def may_be_spared(place, plan, ran, outcome):
    """Whether a planned node had a reason not to run after all.

    What is above it came out equal; or another item with the same inputs ran; or the lost bytes
    were made again as another node's result, or stored again as an item.
    """
    key, lost = plan.actions[place].key, plan.known.get(place)
    keys = {outcome.actions[other].key for other in ran}
    results = {outcome.artifacts[other] for other in ran}
    results |= {item for block in plan.blocks.values() for item in block.items}
    return key is None or key in keys or (lost is not None and lost in results)


def test_what_a_plan_would_run_is_what_runs_but_for_nodes_that_an_equal_result_cuts_off(
    tmp_path, seeds
):
    cut_off = decided_later = 0
    for seed in seeds:
        folder = tmp_path / str(seed)
        folder.mkdir()
        workshop = Workshop(folder, seed)
        workshop.run()
        for _ in range(8):
            change = workshop.change()
            plan, outcome = workshop.run()
            ran = {place for place, done in outcome.actions.items() if done.action == "ran"}
            would = {place for place, action in plan.actions.items() if action.action == RUN}
            later = {place for place in ran - would if place[0] in plan.undecided}
            assert not {p for p in would - ran if not may_be_spared(p, plan, ran, outcome)}, change
            assert ran - later <= would, change
            assert all(outcome.actions[place].action == "reused" for place in would - ran), change
            cut_off += len(would - ran)
            decided_later += len(later)
        plan, outcome = workshop.run()
        assert not plan.stale
        assert not plan.undecided
    assert cut_off
    assert decided_later


# -- estimates ------------------------------------------------------------------------------------


@pytest.fixture
def registry(tmp_path):
    store = Store(tmp_path, Database(tmp_path / "registry.sqlite"))
    with store.database.atomic() as connection:
        for name, size in [("small", 100), ("large", 1000), ("new", 3000)]:
            connection.execute(
                "INSERT INTO raw_file VALUES (?, ?, ?, '2026', NULL, 'file', 0)", (name, size, name)
            )
    return store


def past(store, node, seconds, item="", inputs=()):
    key = f"{node} {item} {seconds}"
    made = EncodedArtifact(Artifact(hashlib.sha256(key.encode()).hexdigest(), "json", 1), [b"1"])
    store.commit(Computation(key, node, item, "merge", "code", inputs, seconds, "run"), made)
    store.flush()
    return key


def test_a_node_that_never_ran_takes_an_unknown_time(registry):
    assert Durations(registry.database).estimate("node") is None


def test_a_node_takes_what_it_took_at_its_place_else_the_median(registry):
    key = past(registry, "node", 7.0)
    for seconds in (1.0, 2.0, 30.0):
        past(registry, "other", seconds)
    durations = Durations(registry.database)
    assert durations.estimate("node", "", key) == 7.0
    assert durations.estimate("other") == 2.0


def test_a_new_file_takes_its_time_a_byte_where_the_file_itself_is_read(registry):
    for item, seconds in (("small", 0.2), ("large", 2.0)):
        past(registry, "parsed", seconds, item, (Input("file", "raw", item),))
        past(registry, "below", seconds, item)
    durations = Durations(registry.database)
    assert durations.estimate("parsed", "new") == pytest.approx(3000 * 2.2 / 1100)
    assert durations.estimate("parsed", "large") == 2.0
    assert durations.estimate("below", "new") == pytest.approx(1.1)
