"""Somebody else's Hamilton flow: every decorator, in both forms, against Hamilton alone."""

import importlib.util
import logging
import shutil
import sys
import textwrap
from pathlib import Path

import pandas as pd
import pytest
from hamilton import async_driver, base, driver
from hamilton.ad_hoc_utils import create_module, create_temporary_module, module_from_source
from hamilton.lifecycle import GraphConstructionHook, NodeExecutionMethod

import adapters.engine.execution
import adapters.standalone
from adapters.engine.codecs import UnsupportedValueError
from adapters.engine.execution import Engine, Request
from adapters.engine.flow import SourceChangedError, UnsupportedFlowError
from adapters.engine.imported_code import UnknownSourceError
from adapters.engine.materializer import NodeFailedError
from adapters.standalone import Builder, RegisteredResults, RivalAdapterError
from registry.store import DamagedArtifactError

FOREIGN = Path(__file__).parent / "foreign"
POWER = {"hamilton.enable_power_user_mode": True}
CONFIG = {"mode": "fast", "extra": 4, **POWER}
INPUTS = {"raw": 3, "guests": ["bob", "eve"]}


class Kitchen:
    """A folder with a foreign flow and one with its results; every use is as by a new process."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.source, self.home = folder / "src", folder / "results"
        shutil.copytree(FOREIGN, self.source, ignore=shutil.ignore_patterns("__pycache__"))
        monkeypatch.syspath_prepend(str(self.source))
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
        self._monkeypatch = monkeypatch

    def write(self, name: str, text: str) -> str:
        (self.source / f"{name}.py").write_text(textwrap.dedent(text))
        return name

    def edit(self, before: str, after: str, name: str = "kitchen") -> None:
        path = self.source / f"{name}.py"
        text = path.read_text()
        assert text.count(before) == 1
        path.write_text(text.replace(before, after))

    def modules(self, *names: str) -> list:
        for path in self.source.glob("*.py"):
            self._monkeypatch.delitem(sys.modules, path.stem, raising=False)
        importlib.invalidate_caches()
        return [importlib.import_module(name) for name in names or ("kitchen",)]

    def driver(self, *names: str, config=None, builder=None, dynamic=True) -> driver.Driver:
        builder = Builder(self.home) if builder is None else builder
        builder.with_modules(*self.modules(*names)).with_config(config or CONFIG)
        if dynamic:
            builder.enable_dynamic_execution(allow_experimental_mode=True)
        return builder.build()

    def run(self, *names, targets=(), config=None, inputs=None, overrides=None, **options):
        """The values and the nodes that ran, through the plain adapter."""
        builder = Builder(self.home)
        made = self.driver(*names, config=config, builder=builder, **options)
        wanted = list(targets) or nodes_of(made)
        values = made.execute(wanted, inputs=inputs or INPUTS, overrides=overrides)
        return values, builder.results.ran

    def engine(self, *names, targets=(), config=None, inputs=None, **options):
        """The values and the nodes that ran, through the engine."""
        engine = Engine.open(self.home, *self.modules(*names), config=config or CONFIG, **options)
        request = Request(inputs or INPUTS, targets=targets)
        outcome = engine.run(request, engine.plan(request), "run")
        whole = [node for node, item in outcome.artifacts if not item]
        ran = sorted(place for place, done in outcome.actions.items() if done.action == "ran")
        return engine.values(outcome, whole), [node for node, _ in ran]


@pytest.fixture
def kitchen(tmp_path, monkeypatch):
    return Kitchen(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The folder of one run of the whole flow, through the plain adapter."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        kitchen = Kitchen(tmp_path_factory.mktemp("cooked"), monkeypatch)
        kitchen.run()
    return kitchen.home


@pytest.fixture
def cooked(kitchen, results):
    """A kitchen in which the whole flow ran before."""
    shutil.copytree(results, kitchen.home)
    return kitchen


def nodes_of(made: driver.Driver) -> list[str]:
    """All nodes that have one value: computed, and in no parallel block."""
    names = {node.name for node in made.graph.nodes.values() if not node.user_defined}
    return sorted(names - {"guest", "plate"})


def same(one, other) -> bool:
    if isinstance(one, pd.DataFrame | pd.Series):
        return one.equals(other) and one.index.equals(other.index)
    if hasattr(one, "tolist"):
        return type(one) is type(other) and one.tolist() == other.tolist()
    return type(one) is type(other) and one == other


FORMS = pytest.mark.parametrize("form", ["run", "engine"])


@FORMS
def test_every_decorator_gives_what_hamilton_alone_gives_and_the_second_time_nothing_runs(
    kitchen, form
):
    alone = kitchen.driver(builder=driver.Builder())
    expected = alone.execute(nodes_of(alone), inputs=INPUTS)
    first, ran = getattr(kitchen, form)()
    assert {*ran} == {*expected, "plate"}
    assert ran.count("plate") == 2
    second, again = getattr(kitchen, form)()
    assert again == []
    for name, value in expected.items():
        assert same(value, first[name]), name
        assert same(value, second[name]), name


def test_both_forms_and_all_executors_share_their_results(cooked):
    assert cooked.engine()[1] == []
    assert cooked.engine(executor="threads")[1] == []


PIPE = {"piped.richer", "piped.with_negative", "piped"}
POUR = {"poured", "poured.raw", "poured.more_raw"}
SUBDAG = {"served", "served.number", "served.factor", "served.portion", "served.rounded"}
FRAME = {"ingredients", "amount", "label", "share", "largest_share", "shares"}
WEIGHED = {"weighed", "weighed_raw", "weighed_range_validator"}
HALVED = {"halved", "halved_raw", "halved_divisible"}
TASTED = {"tasted", "tasted_raw", "tasted_range_validator"}
BELOW_TENFOLD = {
    "smallest", "limits", "low", "high", "pair", "recipe", "everything", *PIPE, *POUR
}  # fmt: skip
BELOW_DOUBLED = {
    "smallest", "limits", "low", "high", "pair", "recipe", "everything", "long_word", "short_word",
    "seasoned", "seasoned.raw", "seasoned.with_salted", "topped", "plate", "plates", "bill",
    *(SUBDAG - {"served.factor"}), *FRAME, *WEIGHED, *TASTED, *HALVED,
}  # fmt: skip

# What is edited -> the nodes that have to run again. Where decorators divide one function into
# several nodes that run it, all of these run: its decorators are its code. Equal results stop it.
EDITS = [
    ("SHIFT = 1", "SHIFT = 1  # kept", "kitchen", set()),
    ("return raw + 2", "return raw + 9", "kitchen", set()),
    ("tenfold * 2", "tenfold * 3", "kitchen", {"piped"}),
    ('unit=value("g")', 'unit=value("kg")', "kitchen", {"recipe"}),
    ("return amount + more", "return amount - more", "kitchen", {*PIPE, *POUR}),
    ("return -amount", "return -2 * amount", "kitchen", PIPE - {"piped.richer"}),
    ("more=5", "more=6", "kitchen", PIPE),
    ("return dish + 7", "return dish + 8", "kitchen", {"seasoned", "seasoned.with_salted"}),
    ('"factor": 3', '"factor": 7', "kitchen", SUBDAG - {"served.number"}),
    ("rounded + 100", "rounded + 101", "kitchen", {"served"}),
    ("-(-portion // 10) * 10", "-(-portion // 20) * 20", "portions", {"served", "served.rounded"}),
    ("portion // 10 * 10", "portion // 20 * 20", "portions", {"served"}),
    ("range=(0, 1000)", "range=(0, 999)", "kitchen", WEIGHED),
    ("range=(0, 5)", "range=(0, 6)", "kitchen", TASTED),
    ("_Divisible(2)", "_Divisible(4)", "kitchen", HALVED),
    ('"divided", {', '"is divided", {', "kitchen", HALVED),
    ('[doubled, 1], "label"', '[doubled, 2], "label"', "kitchen", FRAME),
    ("return sum(parts.values())", "return -sum(parts.values())", "kitchen", {"everything"}),
    ("return doubled + more", "return doubled - more", "kitchen", {"topped"}),
    ('"Short."): "ab"', '"Short."): "xy"', "kitchen", {"long_word", "short_word"}),
    ("tip: float = 0.25", "tip: float = 0.5", "kitchen", {"bill"}),
    ("guest.upper()", "guest.lower()", "kitchen", {"plate", "plates", "bill"}),
    ('by": value(2)', 'by": value(3)', "kitchen", {"doubled", "tenfold", *BELOW_DOUBLED}),
    ('by": value(10)', 'by": value(11)', "kitchen", {"doubled", "tenfold", *BELOW_TENFOLD}),
]


@pytest.mark.parametrize(("before", "after", "name", "expected"), EDITS)
def test_an_edit_reruns_its_nodes_and_gives_what_hamilton_alone_gives(
    cooked, before, after, name, expected
):
    cooked.edit(before, after, name)
    values, ran = cooked.run()
    assert {*ran} == expected
    alone = cooked.driver(builder=driver.Builder())
    for node, value in alone.execute(nodes_of(alone), inputs=INPUTS).items():
        assert same(value, values[node]), node


def test_a_changed_configuration_reruns_what_it_chose_and_what_it_bound(cooked):
    _, ran = cooked.run(config={**CONFIG, "extra": 5})
    assert ran == ["topped"]
    _, ran = cooked.run(config={**CONFIG, "mode": "exact"}, inputs={**INPUTS, "raw": 3})
    assert {"number", "doubled"} <= {*ran}
    assert not {"tenfold", "piped", "poured"} & {*ran}
    assert cooked.run(config={**CONFIG, "mode": "fast"})[1] == []


def test_columns_that_the_configuration_names_are_part_of_their_nodes(kitchen):
    kitchen.write("named", """
        import pandas as pd
        from hamilton.function_modifiers import (
            ParameterizedExtract, parameterize_extract_columns, resolve_from_config, value
        )

        @resolve_from_config(decorate_with=lambda by: parameterize_extract_columns(
            ParameterizedExtract(("a", "b"), {"by": value(by)}), reassign_columns=True))
        def frame(raw: int, by: int) -> pd.DataFrame:
            return pd.DataFrame([[raw, raw * by]])
    """)  # fmt: skip
    for by, runs in ((2, True), (2, False), (5, True)):
        values, done = kitchen.run(
            "named", targets=["b"], config={"by": by, **POWER}, inputs={"raw": 3}
        )
        assert values["b"].tolist() == [3 * by]
        assert bool(done) is runs


def test_one_more_item_runs_its_own_part_of_the_block(cooked):
    _, ran = cooked.run(inputs={**INPUTS, "guests": ["bob", "eve", "ida"]})
    assert ran == ["bill", "plate", "plates"]


def test_an_equal_result_of_a_changed_input_stops_the_change(kitchen):
    kitchen.write("parity", """
        def parity(raw: int) -> int:
            return raw % 2

        def word(parity: int) -> str:
            return "odd" if parity else "even"
    """)  # fmt: skip
    kitchen.run("parity", inputs={"raw": 3})
    assert kitchen.run("parity", inputs={"raw": 5}) == ({"parity": 1, "word": "odd"}, ["parity"])


def test_frames_and_arrays_may_come_in_from_outside_and_in_place_of_a_node(kitchen):
    kitchen.write("outside", """
        import pandas as pd

        def total(frame: pd.DataFrame) -> int:
            return int(frame["a"].sum())

        def more(total: int) -> int:
            return total + 1
    """)  # fmt: skip
    frame = pd.DataFrame({"a": [1, 2]})
    for form in (kitchen.run, kitchen.engine):
        values, _ = form("outside", inputs={"frame": frame})
        assert values == {"total": 3, "more": 4}
    assert kitchen.run("outside", inputs={"frame": frame.copy()})[1] == []
    assert kitchen.run("outside", inputs={"frame": frame * 2}) == (
        {"total": 6, "more": 7}, ["more", "total"]
    )  # fmt: skip
    values, ran = kitchen.run(
        "outside", targets=["more"], inputs={"frame": frame}, overrides={"total": 9}
    )
    assert (values, ran) == ({"more": 10}, ["more"])


def test_an_input_of_the_wrong_type_is_refused_as_hamilton_does(kitchen):
    with pytest.raises(ValueError, match=r"Type requirement mismatch"):
        kitchen.run(inputs={**INPUTS, "raw": "three"})


def test_a_failed_validation_fails_its_node_and_names_no_value(kitchen):
    kitchen.edit("range=(0, 1000)", "range=(0, 9)")
    with pytest.raises(NodeFailedError, match=r"weighed failed: its value did not pass") as failed:
        kitchen.run(targets=["weighed"], inputs={**INPUTS, "raw": 4321})
    assert "432" not in str(failed.value)
    assert failed.value.__suppress_context__
    kitchen.edit("range=(0, 9)", "range=(0, 99999)")
    values, _ = kitchen.run(targets=["weighed"], inputs={**INPUTS, "raw": 4321})
    assert values == {"weighed": 25932}


def test_a_warning_of_a_validation_is_told_and_the_flow_goes_on(kitchen, caplog):
    with caplog.at_level(logging.WARNING, "hamilton"):
        logging.getLogger("hamilton").setLevel(logging.WARNING)
        values, _ = kitchen.run(targets=["tasted"])
    assert values == {"tasted": 12}
    assert "tasted" in caplog.text


def test_what_a_node_does_to_its_arguments_reaches_nobody_else(kitchen):
    kitchen.write("careless", """
        import pandas as pd

        def items(raw: int) -> list[int]:
            return [raw]

        def frame(raw: int) -> pd.DataFrame:
            return pd.DataFrame({"a": [raw]})

        def first(items: list[int], frame: pd.DataFrame) -> int:
            items.append(1)
            frame.loc[0, "a"] = 9
            return 0

        def second(first: int, items: list[int], frame: pd.DataFrame) -> int:
            return len(items) * 100 + int(frame["a"].sum())
    """)  # fmt: skip
    assert kitchen.run("careless", targets=["second"])[0] == {"second": 103}


def test_a_value_that_has_no_exact_bytes_is_refused_by_node_and_type(kitchen):
    kitchen.write("odd", """
        from dataclasses import dataclass

        @dataclass
        class Point:
            x: int

        def points(raw: int) -> dict:
            return {"all": [raw, Point(raw)]}
    """)  # fmt: skip
    with pytest.raises(UnsupportedValueError, match=r"points\.all\[1\]: .*type Point cannot") as no:
        kitchen.run("odd", inputs={"raw": 3})
    assert "dicts" in str(no.value)
    kitchen.write("even", "def seen(thing: object) -> int:\n    return 1\n")
    with pytest.raises(UnsupportedValueError, match=r"input thing: .*type object cannot"):
        kitchen.run("even", inputs={"thing": object()})


def test_loaders_and_savers_always_run_and_what_they_give_is_compared_by_content(kitchen):
    kitchen.write("world", """
        from pathlib import Path

        from hamilton.function_modifiers import dataloader, datasaver

        @dataloader()
        def lines(path: str) -> tuple[list, dict]:
            return Path(path).read_text().split(), {"path": path}

        def count(lines: list) -> int:
            return len(lines)

        @datasaver()
        def saved(count: int, path: str) -> dict:
            Path(path + ".count").write_text(str(count))
            return {"written": path}
    """)  # fmt: skip
    place = kitchen.source / "lines.txt"
    place.write_text("a b")
    inputs = {"path": str(place)}
    assert kitchen.run("world", inputs=inputs)[0]["count"] == 2
    assert "count" not in kitchen.run("world", inputs=inputs)[1]
    place.write_text("a b c")
    (kitchen.source / "lines.txt.count").unlink()
    assert kitchen.run("world", inputs=inputs)[0]["count"] == 3
    assert (kitchen.source / "lines.txt.count").read_text() == "3"
    place.write_text("a")
    assert kitchen.engine("world", inputs=inputs)[0]["count"] == 1


def test_schemas_columns_and_files_of_decorators_work_too(kitchen):
    kitchen.write("columns", """
        import pandas as pd

        def twice(a: pd.Series) -> pd.Series:
            return a * 2
    """)  # fmt: skip
    kitchen.write("tables", """
        import columns
        import pandas as pd
        import pandera.pandas as pa
        from hamilton.function_modifiers import check_output, load_from, source
        from hamilton.plugins.h_pandas import with_columns

        SCHEMA = pa.DataFrameSchema({"a": pa.Column(int, pa.Check.ge(0))})

        @check_output(schema=SCHEMA, importance="fail")
        def frame(raw: int) -> pd.DataFrame:
            return pd.DataFrame({"a": [raw, 2]})

        @with_columns(columns, columns_to_pass=["a"], select=["twice"])
        def wide(frame: pd.DataFrame) -> pd.DataFrame:
            return frame

        @load_from.json(path=source("path"))
        def loaded(data: dict) -> dict:
            return data

        def total(wide: pd.DataFrame, loaded: dict) -> int:
            return int(wide.to_numpy().sum()) + loaded["x"]
    """)  # fmt: skip
    path = kitchen.source / "in.json"
    path.write_text('{"x": 1000}')
    inputs = {"raw": 3, "path": str(path)}
    assert kitchen.run("tables", targets=["total"], inputs=inputs)[0] == {"total": 1015}
    loading = ["loaded.load_data.data", "loaded.select_data.data"]
    assert kitchen.run("tables", targets=["total"], inputs=inputs)[1] == loading
    path.write_text('{"x": 2000}')
    kitchen.edit("a * 2", "a * 3", "columns")
    assert kitchen.run("tables", targets=["total"], inputs=inputs)[0] == {"total": 2020}
    kitchen.edit("ge(0)", "ge(4)", "tables")
    with pytest.raises(NodeFailedError, match=r"frame failed: its value did not pass"):
        kitchen.run("tables", targets=["total"], inputs=inputs)


# -- what is refused -----------------------------------------------------------------------------


class Rival(NodeExecutionMethod):
    def run_to_execute_node(self, *, node_callable, node_kwargs, **_future):
        return node_callable(**node_kwargs)


class Quiet(GraphConstructionHook):
    def run_after_graph_construction(self, **_future):
        pass


@pytest.mark.parametrize(
    ("rival", "methods"),
    [
        (Rival(), "do_node_execute"),
        (base.DictResult(), "do_build_result"),
        (base.SimplePythonGraphAdapter(base.DictResult()), "do_node_execute"),
    ],
)
def test_a_second_adapter_of_the_same_method_is_refused_by_name(kitchen, rival, methods):
    with pytest.raises(RivalAdapterError, match=f"{type(rival).__name__} .*{methods}.*leave one"):
        kitchen.driver(builder=Builder(kitchen.home).with_adapters(rival))
    if isinstance(rival, base.HamiltonGraphAdapter):
        with pytest.raises(RivalAdapterError, match=r"leave one of the two out"):
            kitchen.driver(builder=Builder(kitchen.home).with_adapter(rival))


def test_hamiltons_own_cache_is_refused_and_hooks_are_welcome(kitchen):
    with pytest.raises(RivalAdapterError, match=r"HamiltonCacheAdapter"):
        kitchen.driver(builder=Builder(kitchen.home).with_cache(kitchen.home / "cache"))
    made = kitchen.driver(builder=Builder(kitchen.home).with_adapters(Quiet()))
    assert made.execute(["doubled"], inputs=INPUTS) == {"doubled": 8}


def test_a_graph_adapter_that_sends_nodes_away_is_refused_also_without_our_builder(kitchen):
    from hamilton.lifecycle.base import BaseDoRemoteExecute

    class Distributed(BaseDoRemoteExecute):
        def do_remote_execute(self, *, execute_lifecycle_for_node, **kwargs):
            return execute_lifecycle_for_node(**kwargs)

    builder = driver.Builder().with_adapters(RegisteredResults(kitchen.home), Distributed())
    with pytest.raises(RivalAdapterError, match=r"Distributed .do_remote_execute. decides"):
        kitchen.driver(builder=builder)


def test_async_functions_and_the_async_driver_are_refused(kitchen):
    kitchen.write("later", "async def later(raw: int) -> int:\n    return raw\n")
    with pytest.raises(UnsupportedFlowError, match=r"later: an async function cannot be mat"):
        kitchen.driver("later")
    with pytest.raises(UnsupportedFlowError, match=r"later: an async function"):
        Engine.open(kitchen.home, *kitchen.modules("later"))
    (module,) = kitchen.modules("portions")
    builder = async_driver.Builder().with_modules(module).with_config({"rounding": "up"})
    with pytest.raises(ValueError, match=r"do_node_execute"):
        builder.with_adapters(RegisteredResults(kitchen.home)).build_without_init()


def test_savers_that_the_driver_adds_are_refused_with_what_to_do(kitchen):
    from hamilton.io.materialization import to

    builder = Builder(kitchen.home).with_materializers(
        to.json(id="kept", dependencies=["limits"], path=str(kitchen.home / "kept.json"))
    )
    with pytest.raises(UnsupportedFlowError, match=r"kept: no function of ours .*write a function"):
        kitchen.driver(builder=builder)


# -- where the source is -------------------------------------------------------------------------

CELL = """
    LIMIT = 10

    def _clipped(number: int) -> int:
        return min(number, LIMIT)

    def answer(raw: int) -> int:
        return _clipped(raw) + 1
"""


@pytest.mark.parametrize("make", [create_module, module_from_source])
def test_a_notebook_cell_and_a_file_with_its_text_share_their_results(kitchen, make, monkeypatch):
    kitchen.write("answers", CELL)
    assert kitchen.run("answers", inputs={"raw": 3}) == ({"answer": 4}, ["answer"])
    for name in ("answers", "another_name"):
        monkeypatch.delitem(sys.modules, name, raising=False)
        cell = make(textwrap.dedent(CELL), name)
        builder = Builder(kitchen.home).with_modules(cell)
        assert builder.build().execute(["answer"], inputs={"raw": 3}) == {"answer": 4}
        assert builder.results.ran == []
    monkeypatch.delitem(sys.modules, "answers")
    cell = make(textwrap.dedent(CELL).replace("LIMIT = 10", "LIMIT = 2"), "answers")
    builder = Builder(kitchen.home).with_modules(cell)
    assert builder.build().execute(["answer"], inputs={"raw": 3}) == {"answer": 3}


def test_a_copied_builder_serves_the_next_cell_with_the_same_results(kitchen, monkeypatch):
    """`%%cell_to_module --builder` builds each cell's driver on a copy."""
    builder = Builder(kitchen.home)
    for text, ran in ((CELL, ["answer"]), (CELL, []), (CELL.replace("+ 1", "+ 2"), ["answer"])):
        cell = create_module(textwrap.dedent(text), "copied_cell")
        made = builder.copy().with_config({}).with_modules(cell).build()
        made.execute(["answer"], inputs={"raw": 3})
        assert builder.results.ran == ran
        monkeypatch.delitem(sys.modules, "copied_cell")
    assert isinstance(builder.copy(), Builder)
    with pytest.raises(RivalAdapterError):
        builder.copy().with_adapters(Rival()).build()


def test_a_cell_may_use_another_cell_and_a_file(kitchen, monkeypatch):
    kitchen.write("tools", "def doubled_by_hand(number):\n    return number * 2\n")
    kitchen.modules("tools")
    monkeypatch.delitem(sys.modules, "first", raising=False)

    def build(shift):
        create_module(f"def shifted(number):\n    return number + {shift}\n", "first")
        second = """
            from first import shifted
            from tools import doubled_by_hand

            def answer(raw: int) -> int:
                return doubled_by_hand(shifted(raw))
        """
        builder = Builder(kitchen.home)
        builder.with_modules(create_module(textwrap.dedent(second), "second"))
        value = builder.build().execute(["answer"], inputs={"raw": 3})["answer"]
        return value, builder.results.ran

    assert build(1) == (8, ["answer"])
    assert build(1) == (8, [])
    assert build(2) == (10, ["answer"])
    kitchen.write("tools", "def doubled_by_hand(number):\n    return number * 20\n")
    kitchen.modules("tools")
    assert build(2) == (100, ["answer"])


def test_functions_without_a_source_are_refused_with_what_to_do(kitchen):
    def answer(raw: int) -> int:
        return raw

    module = create_temporary_module(answer, module_name="nowhere_to_be_found")
    with pytest.raises(UnknownSourceError, match=r"made at run time.*%%cell_to_module"):
        Builder(kitchen.home).with_modules(module).build()
    del sys.modules["nowhere_to_be_found"]


@pytest.mark.parametrize("line", ["LIMIT = 10", "return min(number, LIMIT)"])
def test_a_file_edited_after_its_import_is_not_taken_for_what_runs(kitchen, line):
    kitchen.write("answers", CELL)
    (module,) = kitchen.modules("answers")
    kitchen.edit(line, line.replace("10", "2").replace("min", "max"), "answers")
    with pytest.raises(UnknownSourceError, match=r"is not what its source says; import it again"):
        Builder(kitchen.home).with_modules(module).build()


def test_the_order_of_a_set_that_was_read_from_byte_code_plays_no_part(kitchen):
    kitchen.write("answers", "def answer(raw: int) -> bool:\n    return raw in {0, 8}\n")
    (module,) = kitchen.modules("answers")
    code = module.answer.__code__
    ordered = [frozenset([8, 0]) if one == {0, 8} else one for one in code.co_consts]
    assert repr(ordered) != repr([frozenset([0, 8]) if one == {0, 8} else one for one in ordered])
    module.answer.__code__ = code.replace(co_consts=tuple(ordered))
    dr = Builder(kitchen.home).with_modules(module).build()
    assert dr.execute(["answer"], inputs={"raw": 8}) == {"answer": True}


def test_a_file_edited_after_its_driver_was_built_registers_nothing(kitchen):
    kitchen.write("answers", CELL)
    made = kitchen.driver("answers")
    kitchen.edit("LIMIT = 10", "LIMIT = 2", "answers")
    with pytest.raises(SourceChangedError, match=r"answers.py was edited during the run"):
        made.execute(["answer"], inputs={"raw": 3})


def test_functions_made_by_functions_are_told_apart_by_what_they_hold(kitchen):
    text = """
        def _make(name, by):
            def multiple(raw: int) -> int:
                return raw * by

            multiple.__name__ = name
            return multiple

        twice = _make("twice", {twice})
        thrice = _make("thrice", 3)
    """
    kitchen.write("made", text.format(twice=2))
    assert kitchen.run("made", inputs={"raw": 3})[0] == {"twice": 6, "thrice": 9}
    assert kitchen.run("made", inputs={"raw": 3})[1] == []
    kitchen.write("made", text.format(twice=4))
    assert kitchen.run("made", inputs={"raw": 3}) == ({"twice": 12, "thrice": 9}, ["twice"])
    kitchen.write("made", text.format(twice="open(__file__)"))
    with pytest.raises(UnsupportedFlowError, match=r"holds a TextIOWrapper, which no source shows"):
        kitchen.driver("made")


# -- damage, and the documentation ---------------------------------------------------------------


def test_damaged_results_are_told_removed_and_made_again(kitchen):
    kitchen.run("portions", config={"rounding": "up"}, inputs={"number": 3, "factor": 4})
    files = list((kitchen.home / "objects").rglob("value.json"))
    for path in files:
        path.chmod(0o600)
        path.write_bytes(b"9" * path.stat().st_size)
    options = {"config": {"rounding": "up"}, "inputs": {"number": 3, "factor": 4}}
    for _ in files:
        with pytest.raises(DamagedArtifactError, match=r"the next run makes it again"):
            kitchen.run("portions", **options)
    values, ran = kitchen.run("portions", **options)
    assert values == {"portion": 12, "rounded": 20}
    assert ran == ["rounded"]


def test_threads_give_equal_results_through_the_plain_adapter(kitchen):
    from hamilton.execution.executors import MultiThreadingExecutor

    guests = [f"guest {number}" for number in range(8)]
    builder = Builder(kitchen.home).enable_dynamic_execution(allow_experimental_mode=True)
    builder.with_remote_executor(MultiThreadingExecutor(max_tasks=8))
    made = kitchen.driver(builder=builder, dynamic=False)
    values = made.execute(["bill"], inputs={**INPUTS, "guests": guests})
    assert values == {"bill": 10.0}
    assert builder.results.ran.count("plate") == 8


EXAMPLE_FLOW = """
    from hamilton.function_modifiers import config

    @config.when(mode="fast")
    def half__fast(raw: int) -> float:
        return raw / 2

    def answer(half: float) -> str:
        return f"about {half}"
"""


PRINTED = "{'answer': 'about 1.5'}\n"


@pytest.mark.parametrize(
    ("module", "printed"),
    [
        (adapters.standalone, f"{PRINTED}['answer', 'half']\n{PRINTED}[]\n"),
        (adapters.engine.execution, PRINTED),
    ],
)
def test_the_example_of_the_documentation_runs_and_prints_what_it_should(
    kitchen, module, printed, capsys, monkeypatch
):
    kitchen.write("my_flow", EXAMPLE_FLOW)
    kitchen.modules("my_flow")
    monkeypatch.chdir(kitchen.source)
    _, _, rest = module.__doc__.partition("```python\n")
    example, _, _ = rest.partition("```")
    assert len(example.strip().splitlines()) <= 10
    exec(compile(example, "example", "exec"), {})
    assert capsys.readouterr().out == printed
