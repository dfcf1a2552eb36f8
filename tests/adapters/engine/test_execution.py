"""The engine on small flows of its own: what runs, what is reused, what a failure leaves."""

import importlib.util
import os
import sys
import textwrap
from pathlib import Path

import pyarrow as pa
import pytest

from adapters.engine.execution import Engine, Request
from adapters.engine.flow import SourceChangedError, UnsupportedFlowError
from adapters.engine.materializer import NodeFailedError
from registry.code_identity import CodeIndex
from registry.database import Database
from registry.store import Store

FLOW = """
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from hamilton.function_modifiers import extract_fields, tag
    from hamilton.htypes import Collect, Parallelizable

    LIMIT = 10


    def _clipped(number: int) -> int:
        return min(number, LIMIT)


    def number(numbers: list) -> Parallelizable[int]:
        \"\"\"One number.\"\"\"
        yield from numbers


    def square(number: int, exponent: int) -> pa.Table:
        \"\"\"Its power.\"\"\"
        return pa.table({"value": [_clipped(number) ** exponent]})


    def squares(square: Collect[pa.Table]) -> list:
        \"\"\"All powers.\"\"\"
        return list(square)


    def joined(squares: Sequence[pa.Table]) -> pa.Table:
        \"\"\"One table.\"\"\"
        return pa.concat_tables(squares) if squares else pa.table({"value": pa.array([], "i8")})


    @extract_fields({"total": int, "largest": int})
    def figures(joined: pa.Table) -> dict:
        \"\"\"Two figures.\"\"\"
        values = joined["value"].to_pylist()
        return {"total": sum(values), "largest": max(values, default=0)}


    def parity(total: int) -> str:
        \"\"\"Even or odd.\"\"\"
        return "even" if total % 2 == 0 else "odd"


    def sentence(parity: str, largest: int) -> str:
        \"\"\"In words.\"\"\"
        return f"{parity}, up to {largest}"
"""


class Workshop:
    """A folder with one flow module and one registry, as a new process would find them."""

    def __init__(self, folder: Path) -> None:
        self.source = folder / "src" / "workshop_flow.py"
        self.source.parent.mkdir(parents=True)
        self.home = folder / "home"
        self.write(FLOW)

    def write(self, text: str) -> None:
        self.source.write_text(textwrap.dedent(text))

    def edit(self, before: str, after: str) -> None:
        text = self.source.read_text()
        assert before in text
        self.source.write_text(text.replace(before, after))

    def engine(self, **options) -> Engine:
        code = CodeIndex([self.source.parent])
        spec = importlib.util.spec_from_file_location("workshop_flow", self.source)
        module = importlib.util.module_from_spec(spec)
        sys.modules["workshop_flow"] = module
        spec.loader.exec_module(module)
        self.store = Store(self.home, Database(self.home / "registry.sqlite"))
        return Engine([module], self.store, code, **options)

    def run(self, *, numbers=(1, 2, 3), exponent=2, forced=(), targets=(), **options):
        self.engine_used = engine = self.engine(**options)
        request = Request(
            {"numbers": list(numbers), "exponent": exponent},
            targets=targets,
            forced=frozenset(forced),
        )
        plan = engine.plan(request)
        outcome = engine.run(request, plan, "run")
        ran = sorted(node for (node, _), done in outcome.actions.items() if done.action == "ran")
        return outcome, ran

    def value(self, outcome, node):
        return self.engine_used.materializer.codecs.decode(outcome.artifact(node))


@pytest.fixture
def workshop(tmp_path):
    return Workshop(tmp_path)


ALL = ["figures", "joined", "largest", "parity", "sentence", "square", "square", "square",
       "squares", "total"]  # fmt: skip


def test_the_first_run_runs_every_node_and_gives_the_values(workshop):
    outcome, ran = workshop.run()
    assert ran == ALL
    assert workshop.value(outcome, "sentence") == "even, up to 9"
    assert workshop.value(outcome, "joined").to_pydict() == {"value": [1, 4, 9]}


def test_a_second_run_runs_nothing(workshop):
    first, _ = workshop.run()
    second, ran = workshop.run()
    assert ran == []
    assert first.artifacts == second.artifacts


def test_one_more_item_runs_its_own_block_and_what_collects_it(workshop):
    workshop.run()
    outcome, ran = workshop.run(numbers=(1, 2, 3, 4))
    assert ran == [
        "figures",
        "joined",
        "largest",
        "parity",
        "sentence",
        "square",
        "squares",
        "total",
    ]
    assert workshop.value(outcome, "joined").to_pydict() == {"value": [1, 4, 9, 16]}


def test_one_item_less_runs_no_block(workshop):
    workshop.run()
    outcome, ran = workshop.run(numbers=(1, 3))
    assert "square" not in ran
    assert workshop.value(outcome, "sentence") == "even, up to 9"


def test_no_item_at_all_is_a_run_like_any_other(workshop):
    outcome, _ = workshop.run(numbers=())
    assert workshop.value(outcome, "sentence") == "even, up to 0"
    assert workshop.run(numbers=())[1] == []


def test_an_equal_result_of_a_changed_input_stops_the_change(workshop):
    workshop.run(numbers=(1, 2, 3))
    _, ran = workshop.run(numbers=(3, 2, 1))
    assert ran == ["figures", "joined", "squares"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("LIMIT = 10", "LIMIT = 2", ["figures", "joined", "largest", "parity", "sentence",
                                     "square", "square", "square", "squares", "total"]),
        ("LIMIT = 10", "LIMIT = 100", ["square", "square", "square"]),
        ("return min(number, LIMIT)", "return min(LIMIT, number)", ["square", "square", "square"]),
        ('"odd"', '"uneven"', ["parity"]),
        ("up to", "as far as", ["sentence"]),
        ('"""Even or odd."""', '"""Odd or even."""', []),
        ("LIMIT = 10", "# a remark\nLIMIT =    10", []),
        ("exponent: int) ->", "exponent: float) ->", ["square", "square", "square"]),
    ],
)  # fmt: skip
def test_an_edit_reruns_exactly_what_depends_on_it(workshop, before, after, expected):
    workshop.run()
    workshop.edit(before, after)
    assert workshop.run()[1] == expected


def test_a_configuration_value_is_part_of_the_identity_by_type(workshop):
    workshop.run(exponent=2)
    assert workshop.run(exponent=2.0)[1].count("square") == 3


def test_touching_the_source_runs_nothing(workshop):
    workshop.run()
    os.utime(workshop.source, (1, 1))
    assert workshop.run()[1] == []


def test_forcing_a_node_runs_it_and_stops_at_its_equal_result(workshop):
    workshop.run()
    assert workshop.run(forced=["joined"])[1] == ["joined"]


def test_only_wanted_nodes_and_what_they_need_run(workshop):
    _, ran = workshop.run(targets=["joined"])
    assert set(ran) == {"square", "squares", "joined"}


def test_an_unknown_node_is_refused_by_name(workshop):
    with pytest.raises(UnsupportedFlowError, match="no such node: juined"):
        workshop.run(targets=["juined"])


def test_a_missing_object_is_made_again_and_nothing_else(workshop):
    outcome, _ = workshop.run()
    workshop.store.path(outcome.artifact("joined")).unlink()
    again, ran = workshop.run()
    assert ran == ["joined"]
    assert again.artifacts == outcome.artifacts


def test_a_missing_object_inside_a_block_is_made_again(workshop):
    outcome, _ = workshop.run()
    (place,) = [p for p, a in outcome.artifacts.items() if p[0] == "square" and a.rows == 1][:1]
    workshop.store.path(outcome.artifacts[place]).unlink()
    again, ran = workshop.run()
    assert ran == ["square"]
    assert again.artifacts == outcome.artifacts


def test_a_flipped_bit_is_found_before_use_and_healed(workshop):
    outcome, _ = workshop.run()
    path = workshop.store.path(outcome.artifact("joined"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)
    again, ran = workshop.run(forced=["figures"])
    assert ran == ["figures", "joined"]
    assert again.artifact("joined") == outcome.artifact("joined")
    assert workshop.value(again, "sentence") == "even, up to 9"


def test_threads_give_the_same_artifacts(workshop, tmp_path):
    outcome, _ = workshop.run()
    other = Workshop(tmp_path / "other")
    threaded, ran = other.run(executor="threads", workers=4)
    assert ran == ALL
    assert threaded.artifacts.keys() == outcome.artifacts.keys()
    assert all(threaded.artifacts[place] == made for place, made in outcome.artifacts.items())


def test_a_failing_node_is_named_without_a_value_and_finished_work_is_kept(workshop, caplog):
    workshop.edit(
        'return "even" if total', 'raise ValueError(f"canary {total}")\n    return "even" if total'
    )
    with pytest.raises(
        NodeFailedError, match=r"node parity failed: ValueError at workshop_flow.py"
    ) as failure:
        workshop.run()
    assert "canary" not in str(failure.value)
    assert failure.value.__cause__ is None
    assert failure.value.__suppress_context__
    assert "canary" not in caplog.text
    workshop.edit('raise ValueError(f"canary {total}")\n    ', "")
    assert workshop.run()[1] == ["parity", "sentence"]


def test_a_source_edited_during_the_run_registers_nothing(workshop):
    engine = workshop.engine()
    request = Request({"numbers": [1], "exponent": 2})
    plan = engine.plan(request)
    workshop.edit("LIMIT = 10", "LIMIT = 0")
    with pytest.raises(SourceChangedError, match="edited during the run"):
        engine.run(request, plan, "run")
    assert workshop.store.database.rows("SELECT key FROM computation") == []


def test_the_plan_says_why(workshop):
    workshop.run()
    outcome, _ = workshop.run()
    published = {place: made.key for place, made in outcome.artifacts.items()}
    workshop.edit("LIMIT = 10", "LIMIT = 3")
    engine = workshop.engine()
    plan = engine.plan(Request({"numbers": [1, 2, 3], "exponent": 3}, published=published))
    reasons = {action.node: action.reason for action in plan.actions.values()}
    assert "LIMIT changed" in reasons["square"]
    assert "configuration exponent changed" in reasons["square"]
    assert reasons["squares"] == "square will be recomputed"


def test_what_ran_says_why(workshop):
    workshop.run()
    workshop.edit('"odd"', '"uneven"')
    outcome, ran = workshop.run()
    assert ran == ["parity"]
    assert outcome.actions["parity", ""].reason == "first run"
    forced, _ = workshop.run(forced=["joined"])
    assert forced.actions["joined", ""].reason == "forced"
    assert all(action.reason for action in forced.actions.values())


def test_stored_files_are_immutable_and_private(workshop):
    old = os.umask(0)
    try:
        outcome, _ = workshop.run()
    finally:
        os.umask(old)
    path = workshop.store.path(outcome.artifact("joined"))
    assert path.stat().st_mode & 0o777 == 0o400
    assert (workshop.home / "registry.sqlite").stat().st_mode & 0o777 == 0o600
    assert {p.stat().st_mode & 0o777 for p in workshop.home.rglob("*") if p.is_dir()} == {0o700}


def test_a_table_passed_on_unchanged_is_the_same_artifact(tmp_path):
    workshop = Workshop(tmp_path)
    workshop.write("""
        import pyarrow as pa

        def first(numbers: list) -> pa.Table:
            \"\"\"A table.\"\"\"
            return pa.table({"value": numbers}).replace_schema_metadata({"made": "here"})

        def second(first: pa.Table) -> dict:
            \"\"\"The same table inside a dict.\"\"\"
            return {"again": first}
    """)
    outcome, _ = workshop.run()
    assert workshop.value(outcome, "second")["again"] is workshop.value(outcome, "first")
    assert isinstance(workshop.value(outcome, "first"), pa.Table)
