"""What a flow says about its nodes runs nothing again, and a renamed node keeps its results."""

import pytest

from tests.staleness.laboratory import Laboratory, lay_out

HELPERS = "def doubled(value):\n    return 2 * value\n"
NODES = """\
from hamilton.function_modifiers import extract_fields, tag, tag_outputs
from hamilton.htypes import Collect, Parallelizable

from flow.helpers import doubled


def number(numbers: list) -> Parallelizable[int]:
    yield from numbers


def square(number: int) -> int:
    return number**2


def squares(square: Collect[int]) -> list:
    return list(square)


def total(squares: list) -> int:
    return sum(squares)


@tag(owner="ann")
def twice(total: int) -> int:
    return doubled(total)


def factorial(total: int) -> int:
    return total if total < 2 else total * len(str(factorial.__class__))


@tag_outputs(low={"unit": "mmHg"}, high={"unit": "mmHg"})
@extract_fields({"low": int, "high": int})
def ends(squares: list) -> dict:
    return {"low": min(squares), "high": max(squares)}


def sentence(twice: int, high: int) -> str:
    return f"{twice} {high}"
"""


class Workshop(Laboratory):
    """A flow of two modules that is edited and run again and again."""

    def __init__(self, folder):
        super().__init__(folder / "home")
        self.folder, self.runs = folder, 0
        self.files = {"flow/helpers.py": HELPERS, "flow/nodes.py": NODES, "flow/__init__.py": ""}
        self.run_again()

    def edit(self, *changes):
        for old, new in changes:
            assert old in self.files["flow/nodes.py"]
            self.files["flow/nodes.py"] = self.files["flow/nodes.py"].replace(old, new)
        return self.run_again()

    def run_again(self):
        self.runs += 1
        source = self.folder / f"src{self.runs}"
        lay_out(source, self.files)
        ran, self.values = self.run(source, ["flow.nodes"], {"numbers": [1, 2, 3]})
        return ran


@pytest.fixture
def workshop(tmp_path):
    return Workshop(tmp_path)


def renamed(old, new, said):
    """A node's function under another name, with a tag that says so."""
    return (f"def {old}(", f"{said}\ndef {new}(")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('owner="ann"', 'owner="bob"'),
        ('@tag(owner="ann")\n', ""),
        ('@tag(owner="ann")', '@tag(owner="ann", stage="merge", docs="https://example.org")'),
        ('@tag(owner="ann")', '@tag(owner="ann")\n@tag(team="blue")'),
        ("def total", '@tag(unit="points")\ndef total'),
        ('low={"unit": "mmHg"}', 'low={"unit": "kPa", "owner": "bob"}'),
        ("-> int:\n    return number**2", '-> int:\n    """Its square."""\n    return number**2'),
    ],
    ids=["an owner", "no tag", "more tags", "another tag", "a first tag", "outputs", "docs"],
)  # fmt: skip
def test_tags_docs_and_owners_run_nothing_again(workshop, old, new):
    assert workshop.edit((old, new)) == []


def test_a_tag_that_is_a_function_of_ours_counts(workshop):
    workshop.files["flow/helpers.py"] += (
        "def tag(**labels):\n    def keep(function):\n        return function\n    return keep\n"
    )
    own = ("extract_fields, tag, tag_outputs", "extract_fields, tag_outputs")
    imported = ("from flow.helpers import doubled", "from flow.helpers import doubled, tag")
    assert workshop.edit(own, imported) == ["twice"]
    assert workshop.edit(('owner="ann"', 'owner="bob"')) == ["twice"]


def test_a_renamed_node_keeps_its_results_and_its_consumers_find_them_equal(workshop):
    ran = workshop.edit(
        ("@tag(owner=\"ann\")\ndef twice(", '@tag(owner="ann", renamed_from="twice")\ndef double('),
        ("def sentence(twice: int", "def sentence(double: int"),
        ('f"{twice} {high}"', 'f"{double} {high}"'),
    )  # fmt: skip
    assert ran == ["sentence"]
    assert workshop.values["double", ""] == 28
    assert workshop.edit(('(owner="ann", renamed_from="twice")', '(owner="ann")')) == []


def test_a_renamed_node_of_a_block_keeps_the_result_of_every_item(workshop):
    ran = workshop.edit(
        renamed("square", "power", '@tag(renamed_from="square")'),
        ("square: Collect[int]", "power: Collect[int]"),
        ("list(square)", "list(power)"),
    )
    assert ran == ["squares"]


def test_a_node_renamed_twice_keeps_its_results(workshop):
    ran = workshop.edit(
        renamed("total", "mass", '@tag(renamed_from=["amount", "total"])'),
        ("(total: int)", "(mass: int)"),
        ("doubled(total)", "doubled(mass)"),
        ("return total if total < 2 else total *", "return mass if mass < 2 else mass *"),
    )
    assert ran == ["factorial", "twice"]


def test_a_node_renamed_and_changed_runs(workshop):
    ran = workshop.edit(
        renamed("total", "mass", '@tag(renamed_from="total")'),
        ("sum(squares)", "sum(squares) + 0"),
        ("(total: int)", "(mass: int)"),
        ("doubled(total)", "doubled(mass)"),
        ("return total if total < 2 else total *", "return mass if mass < 2 else mass *"),
    )
    assert ran == ["factorial", "mass", "twice"]


def test_a_node_renamed_without_a_word_runs(workshop):
    assert workshop.edit(("def twice(", "def double("), ("twice: int", "double: int"),
                         ("{twice}", "{double}")) == ["double", "sentence"]  # fmt: skip


def test_a_renamed_node_below_a_changed_one_is_found_while_the_flow_runs(workshop):
    ran = workshop.edit(
        ("return sum(squares)", "return 0 + sum(squares)"),
        ('@tag(owner="ann")\ndef twice(', '@tag(renamed_from="twice")\ndef double('),
        ("twice: int", "double: int"),
        ("{twice}", "{double}"),
    )
    assert ran == ["sentence", "total"]


def test_a_function_that_calls_itself_keeps_its_result_under_another_name(workshop):
    recursive = (
        "return total if total < 2 else total * len(str(factorial.__class__))",
        "return 1 if total < 2 else total * factorial(total - 1)",
    )
    assert workshop.edit(recursive) == ["factorial"]
    ran = workshop.edit(
        renamed("factorial", "product", '@tag(renamed_from="factorial")'),
        ("* factorial(", "* product("),
    )
    assert ran == []


def test_a_function_that_sees_its_name_runs_under_another(workshop):
    seen = ("return doubled(total)", "return doubled(total) + len(twice.__name__)")
    assert workshop.edit(seen) == ["sentence", "twice"]
    ran = workshop.edit(
        ('@tag(owner="ann")\ndef twice(', '@tag(renamed_from="twice")\ndef double('),
        ("twice.__name__", "double.__name__"),
        ("twice: int", "double: int"),
        ("{twice}", "{double}"),
    )
    assert ran == ["double", "sentence"]
    assert workshop.values["double", ""] == 28 + len("double")


def test_the_name_of_another_node_gives_nothing_away(workshop):
    ran = workshop.edit(
        ("def total(", '@tag(renamed_from="twice")\ndef total('),
    )
    assert ran == []
    assert workshop.values["total", ""] == 14
