"""What `explain` names: the part that changed, its old and new form, who uses it, what it moves."""

import importlib.util
import sys
import textwrap

import pytest

from adapters.engine.execution import Engine, Request
from adapters.engine.flow import UnsupportedFlowError
from adapters.explaining.explanation import Explainer
from registry.code_identity import CodeIndex
from registry.database import Database
from registry.store import Store

FLOW = '''
    from collections.abc import Sequence

    from explained_helpers import clipped
    from hamilton.htypes import Collect, Parallelizable


    def number(numbers: list) -> Parallelizable[int]:
        """One number."""
        yield from numbers


    def square(number: int, exponent: int) -> int:
        """Its power."""
        return clipped(number) ** exponent


    def squares(square: Collect[int]) -> list:
        """All powers."""
        return list(square)


    def total(squares: Sequence[int]) -> int:
        """Their sum."""
        return sum(squares)


    def sentence(total: int, greeting: str) -> str:
        """In words."""
        return f"{greeting}: {total}"


    def unrelated(greeting: str) -> str:
        """Nothing to do with it."""
        return greeting.upper()
'''
HELPERS = '''
    LIMIT = 10
    OTHER = 3


    def _inner(number: int) -> int:
        """What is still allowed."""
        # This remark is no part of the code.
        return min(number, LIMIT)


    def clipped(number: int) -> int:
        """A number, clipped."""
        return _inner(number)
'''


class Workshop:
    """A flow of two modules that is published as it is first written."""

    def __init__(self, folder):
        self.folder, self.home = folder / "src", folder / "home"
        self.folder.mkdir()
        self.write("explained_flow", FLOW)
        self.write("explained_helpers", HELPERS)
        self.inputs = {"numbers": [1, 2, 3], "exponent": 2, "greeting": "sum"}
        self.published = {}

    def write(self, module, text):
        (self.folder / f"{module}.py").write_text(textwrap.dedent(text))

    def edit(self, module, before, after):
        path = self.folder / f"{module}.py"
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))

    def _import(self):
        for name in ("explained_helpers", "explained_flow"):
            spec = importlib.util.spec_from_file_location(name, self.folder / f"{name}.py")
            sys.modules[name] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(sys.modules[name])
        return sys.modules["explained_flow"]

    def planned(self, **versions):
        code = CodeIndex([self.folder], distribution_version=lambda name: {name: "1"}, **versions)
        self.store = Store(self.home, Database(self.home / "registry.sqlite"))
        engine = Engine([self._import()], self.store, code)
        request = Request(dict(self.inputs), published=self.published)
        return engine, request, engine.plan(request)

    def publish(self):
        engine, request, plan = self.planned()
        self.outcome = engine.run(request, plan, "run")
        self.published = {place: made.key for place, made in self.outcome.computed().items()}

    def explainer(self, names=None, **versions):
        return Explainer(*self.planned(**versions), names or {})

    def explain(self, node, **versions):
        return self.explainer(**versions).explain(node, check_bytes=True)


@pytest.fixture
def workshop(tmp_path):
    made = Workshop(tmp_path)
    made.publish()
    return made


def told(explanation):
    return [(change.kind, change.what) for change in explanation.changes]


def test_a_node_that_is_as_published_is_fresh_and_has_no_change(workshop):
    found = workshop.explain("total")
    assert (found.state, found.changes, found.below) == ("fresh", (), ())
    assert workshop.explainer().causes() == []


def test_an_edited_constant_shows_old_and_new_value_and_the_way_to_it(workshop):
    workshop.edit("explained_helpers", "LIMIT = 10", "LIMIT = 12")
    found = workshop.explain("square")
    (change,) = found.changes
    assert (found.state, change.kind, change.part) == ("stale", "code", "constant")
    assert change.what == "explained_helpers:LIMIT"
    assert change.diff.splitlines()[-2:] == ["-LIMIT = 10", "+LIMIT = 12"]
    assert change.called_by == (
        "explained_flow:square",
        "explained_helpers:clipped",
        "explained_helpers:_inner",
        "explained_helpers:LIMIT",
    )
    assert found.below == ("squares", "total", "sentence")
    assert found.items == {"stale": 3}


def test_an_edited_helper_shows_only_its_own_statement(workshop):
    workshop.edit("explained_helpers", "min(number, LIMIT)", "min(LIMIT, number)")
    (change,) = workshop.explain("square").changes
    assert change.what == "explained_helpers:_inner"
    assert change.part == "function"
    lines = change.diff.splitlines()
    assert "-    return min(number, LIMIT)" in lines
    assert "+    return min(LIMIT, number)" in lines
    assert not any("clipped" in line or "LIMIT = " in line for line in lines)


def test_a_part_that_is_new_and_one_that_is_gone_are_shown_whole(workshop):
    workshop.edit("explained_helpers", "_inner(number)", "_outer(number)")
    workshop.edit("explained_helpers", "def _inner", "def _outer")
    changes = {change.what: change for change in workshop.explain("square").changes}
    assert "+def _outer(number: int) -> int:" in changes["explained_helpers:_outer"].diff
    assert "-def _inner(number: int) -> int:" in changes["explained_helpers:_inner"].diff


def test_a_remark_or_a_docstring_is_no_change(workshop):
    workshop.edit("explained_helpers", "This remark is", "Such a remark is")
    workshop.edit("explained_helpers", "What is still allowed", "What goes")
    workshop.edit("explained_helpers", "OTHER = 3", "OTHER = 4")
    assert workshop.explainer().causes() == []


def test_a_configuration_value_shows_old_and_new(workshop):
    workshop.inputs["exponent"] = 3
    (change,) = workshop.explain("square").changes
    assert (change.kind, change.what, change.diff) == ("configuration", "exponent", "-2\n+3")


def test_another_version_of_python_is_a_change_of_the_environment(workshop):
    found = workshop.explain("unrelated", python_version="3.99")
    (change,) = found.changes
    assert (change.kind, change.what) == ("environment", "python")
    assert change.diff.splitlines()[1] == "+3.99"


def test_a_node_below_names_what_will_be_computed_above_it(workshop):
    workshop.edit("explained_helpers", "LIMIT = 10", "LIMIT = 12")
    found = workshop.explain("sentence")
    assert (found.state, told(found)) == ("stale", [("artifact", "total will be computed again")])
    (cause,) = found.causes
    assert cause.change.what == "explained_helpers:LIMIT"
    assert cause.change.diff.splitlines()[-2:] == ["-LIMIT = 10", "+LIMIT = 12"]
    assert workshop.explain("unrelated").state == "fresh"


def test_files_that_came_and_went_are_told_by_name(workshop):
    _, _, plan = workshop.planned()
    gone = plan.blocks["number"].items[0].sha256
    workshop.inputs["numbers"] = [2, 3, 4]
    _, _, plan = workshop.planned()
    new = plan.blocks["number"].items[-1].sha256
    explainer = workshop.explainer({gone: "old.csv", new: "new.csv"})
    assert told(explainer.explain("square")) == [("data", "new file new.csv")]
    assert told(explainer.explain("squares"))[:2] == [
        ("data", "new file new.csv"),
        ("data", "no more file old.csv"),
    ]
    assert explainer.explain("number").state == "stale"
    assert explainer.explain("square").items == {"stale": 1, "fresh": 2}


def test_a_result_that_is_gone_or_damaged_says_so(workshop):
    path = workshop.store.path(workshop.outcome.artifact("total"))
    content = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    assert workshop.explain("total").state == "damaged"
    assert workshop.explainer().explain("total").state == "fresh"
    path.write_bytes(b"")
    assert workshop.explainer().explain("total").state == "damaged"
    path.unlink()
    found = workshop.explain("total")
    assert (found.state, told(found)) == (
        "missing",
        [("artifact", "the stored result of total is missing")],
    )


def test_before_the_first_run_every_node_is_missing(tmp_path):
    found = Workshop(tmp_path).explain("unrelated")
    assert found.state == "missing"
    assert told(found) == [("artifact", "nothing of it is published yet")]


def test_causes_name_every_change_once_with_all_nodes_that_it_moves(workshop):
    workshop.edit("explained_helpers", "LIMIT = 10", "LIMIT = 12")
    workshop.inputs["greeting"] = "together"
    explainer = workshop.explainer()
    causes = {cause.change.what: cause for cause in explainer.causes()}
    assert causes.keys() == {"explained_helpers:LIMIT", "greeting"}
    assert causes["explained_helpers:LIMIT"].nodes.keys() == {"square"}
    assert causes["explained_helpers:LIMIT"].below == ("squares", "total", "sentence")
    assert causes["greeting"].nodes.keys() == {"sentence", "unrelated"}
    moved = {*causes["greeting"].nodes, "square", *causes["explained_helpers:LIMIT"].below}
    assert moved == set(explainer.stale_nodes())


def test_a_reverted_edit_is_fresh_again_and_an_earlier_result_is_told_apart(workshop):
    workshop.edit("explained_helpers", "LIMIT = 10", "LIMIT = 2")
    engine, request, plan = workshop.planned()
    engine.run(request, plan, "run 2")
    found = workshop.explain("square")
    assert (found.state, told(found)) == ("fresh", [("code", "explained_helpers:LIMIT")])
    workshop.edit("explained_helpers", "LIMIT = 2", "LIMIT = 10")
    assert workshop.explain("square").changes == ()


def test_source_that_was_not_kept_is_said_to_be_unknown(workshop):
    with workshop.store.database.atomic() as connection:
        connection.execute("DELETE FROM source_text")
    workshop.edit("explained_helpers", "LIMIT = 10", "LIMIT = 12")
    (change,) = workshop.explain("square").changes
    assert (change.what, change.diff) == (
        "explained_helpers:LIMIT",
        "its earlier source was not kept",
    )


def test_an_unknown_node_is_refused_with_names_that_are_spelt_alike(workshop):
    with pytest.raises(UnsupportedFlowError, match="no such node: sqare; did you mean square"):
        workshop.explain("sqare")
