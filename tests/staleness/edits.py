"""Edits of the flow, each with the nodes that it must rerun: these, and no others.

The sets were written down from what Python does, before any tool met them. A node has to run again
when code that it can reach, a value that it is given, or the content of one of its inputs is
another one; where a node's result turns out equal, the nodes below it stay. The nodes that one
decorated function makes (`extract_fields`, `parameterize`) stand and fall together with its text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tests.staleness.flow import CONFIGURATION, FILES, LIBRARIES, READINGS


@dataclass(frozen=True)
class State:
    """Everything that a run of the flow starts from."""

    files: Mapping[str, str] = field(default_factory=lambda: FILES)
    readings: str = READINGS
    configuration: Mapping[str, object] = field(default_factory=lambda: CONFIGURATION)
    libraries: Mapping[str, tuple[str, str]] = field(default_factory=lambda: LIBRARIES)


@dataclass(frozen=True)
class Edit:
    """What is changed, and the nodes that must run again.

    Attributes:
        claim: What it is, in words.
        reruns: The nodes.
        texts: (module, old text, new text); an old text of "" makes a new file.
        readings: (old, new) in the data file.
        configuration: Values given to the run.
        library: (name, version, source).
        touched: Files that only get a new time.
        reverted: The edit is run and then taken back; what is measured is the run after that.
    """

    claim: str
    reruns: frozenset[str]
    texts: tuple[tuple[str, str, str], ...] = ()
    readings: tuple[str, str] | None = None
    configuration: Mapping[str, object] | None = None
    library: tuple[str, str, str] | None = None
    touched: tuple[str, ...] = ()
    reverted: bool = False

    def applied(self, state: State) -> State:
        """The state after the edit."""
        files = dict(state.files)
        for module, old, new in self.texts:
            name = path_of(module)
            if old:
                assert old in files[name], f"{self.claim}: {old!r} is not in {name}"
                files[name] = files[name].replace(old, new)
            else:
                assert name not in files, f"{self.claim}: {name} exists"
                files[name] = new
        state = replace(state, files=files)
        if self.readings is not None:
            assert self.readings[0] in state.readings
            state = replace(state, readings=state.readings.replace(*self.readings))
        if self.configuration is not None:
            given = {**state.configuration, **self.configuration}
            state = replace(state, configuration=given)
        if self.library is not None:
            name, *rest = self.library
            state = replace(state, libraries={**state.libraries, name: tuple(rest)})
        return state


def path_of(module: str) -> str:
    """The file of a module of the flow."""
    return f"flow/{module.replace('.', '/')}.py"


def text(claim: str, module: str, old: str, new: str, *reruns: str) -> Edit:
    """One replacement in one file."""
    return Edit(claim, frozenset(reruns), ((module, old, new),))


def texts(claim: str, changes: tuple[tuple[str, str, str], ...], *reruns: str) -> Edit:
    """Several replacements."""
    return Edit(claim, frozenset(reruns), changes)


END = "day_report"
FIELDS = ("extremes", "lowest", "highest")
LEVELS = ("is_raised", "is_high")
WORDS = ("words", "headline", END)
INDEX = ("pressure_index", END)
PULSE_MEAN = ("pulse_mean", "tripled", END)
READS_VALID = ("rejected_count", "systolic", "pulse", "parity", "latest")
# All below `valid` but the words, which stay while the mean stays in its band.
BELOW_VALID = (
    *(*READS_VALID, "systolic_mean", "pulse_mean", *FIELDS, "pressure_index", "tripled"),
    *("quarter_range", *LEVELS, "smoothed", END),
)
TRIPLED = '''\
def tripled(pulse_mean: float) -> float:
    """Three times the pulse."""
    return TRIPLE(pulse_mean)


'''
MARKS_TEXT = FILES["flow/marks.py"]
SCHEMA_TEXT = FILES["flow/schema.py"]

NOTHING_SAID = [
    text("a comment", "limits", "LOW: Final = 40", "# low\nLOW: Final = 40  # here"),
    text("a comment inside a node", "report", "    found =", "    # chosen\n    found ="),
    text("a comment at the top", "arithmetic", "# Plain arithmetic.", "# Arithmetic."),
    text("a module's docstring", "limits", '"""Limits of the field."""', '"""Limits."""'),
    text("a helper's docstring", "limits", "Whether a value can be true.", "Can it?"),
    text("a node's docstring", "daily", '"""Their mean."""', '"""The mean."""'),
    text("a node's docstring gone", "parsing", '    """How many cannot."""\n', ""),
    text("a class's docstring", "schema", "A column and its bounds.", "A column."),
    text("quotes", "report", '"high" if is_high', "'high' if is_high"),
    text("line breaks", "limits", '{"raised": 120, "high": 140}',
         '{\n    "raised": 120,\n    "high": 140,\n}'),
    text("parentheses", "limits", "LOW <= value <= HIGH", "(LOW <= (value) <= HIGH)"),
    text("the spelling of a number", "limits", "= 250", "= 0xFA"),
    text("blank lines everywhere", "daily", "\n\n\n", "\n\n\n\n\n\n"),
    text("a pass", "arithmetic", "def even(n):", "def even(n):\n    pass"),
    text("line endings", "arithmetic", "\n", "\r\n"),
    text("an unused import", "report", "import smoothing", "import json\nimport smoothing"),
    text("the order of imports", "daily", "TRIPLE, even, mean, quarter",
         "quarter, mean, even, TRIPLE"),
    text("an import taken apart", "daily",
         "from flow.arithmetic import TRIPLE, even, mean, quarter",
         "from flow.arithmetic import TRIPLE, even\nfrom flow.arithmetic import mean, quarter"),
    text("a relative import", "daily", "from flow import limits", "from . import limits"),
    text("a type comment", "arithmetic", "FACTOR = 2", "FACTOR = 2  # type: int"),
]  # fmt: skip

METADATA = [
    text("a tag's text", "parsing", 'unit="mmHg"', 'unit="kPa"'),
    text("an owner", "parsing", 'owner="ann"', 'owner="bob"'),
    text("one more tag", "parsing", 'owner="ann"', 'owner="ann", team="blue"'),
    text("a tag gone", "parsing", '@tag(stage="validation", unit="mmHg")\n', ""),
    text("a node tagged", "parsing", "def rejected_count",
         '@tag(stage="merge")\ndef rejected_count'),
]  # fmt: skip

RENAMED_AND_MOVED = [
    text("a local of a helper renamed", "arithmetic",
         "    total = 0\n    for value in values:\n        total = total + value\n"
         "    return total",
         "    so_far = 0\n    for value in values:\n        so_far = so_far + value\n"
         "    return so_far"),
    text("a loop's variable renamed", "arithmetic",
         "for value in values:\n        total = total + value",
         "for one in values:\n        total = total + one"),
    text("a node's local renamed", "report",
         'found = "high" if is_high else "raised" if is_raised else "normal"\n'
         '    return f"{vocabulary.GREETING} {WORDS[found]()}"',
         'level = "high" if is_high else "raised" if is_raised else "normal"\n'
         '    return f"{vocabulary.GREETING} {WORDS[level]()}"'),
    text("a comprehension's variable renamed", "parsing",
         "[line for line in readings_text.splitlines() if line]",
         "[one for one in readings_text.splitlines() if one]"),
    text("unpacked locals renamed", "vendors.sheet",
         'date, systolic, pulse = line[2:].split(SEPARATOR)\n    return {"source": NAME, "date": '
         'date, "systolic": int(systolic), "pulse": int(pulse)}',
         'day, s, p = line[2:].split(SEPARATOR)\n    return {"source": NAME, "date": '
         'day, "systolic": int(s), "pulse": int(p)}'),
    texts("a helper moved to another module",
          (("arithmetic", "def half(value):\n    return value / 2\n\n\n",
            "from flow.halves import half\n\n\n"),
           ("halves", "", "def half(value):\n    return value / 2\n"))),
    texts("a node moved to another module",
          (("daily", TRIPLED, ""),
           ("report", "def headline", f"{TRIPLED}def headline"),
           ("report", "from flow import vocabulary",
            "from flow import vocabulary\nfrom flow.arithmetic import TRIPLE"))),
    text("two helpers change places", "limits",
         'def inside(value):\n    """Whether a value can be true."""\n'
         "    return LOW <= value <= HIGH\n\n\n"
         "def clipped(value):\n    return min(value, PULSE_HIGH)\n",
         "def clipped(value):\n    return min(value, PULSE_HIGH)\n\n\n"
         'def inside(value):\n    """Whether a value can be true."""\n'
         "    return LOW <= value <= HIGH\n"),
    texts("a module renamed",
          (("schema", SCHEMA_TEXT, ""),
           ("contract", "", SCHEMA_TEXT),
           ("parsing", "from flow.schema", "from flow.contract"))),
]  # fmt: skip

UNUSED = [
    text("an unused constant", "limits", "SPARE = 7", "SPARE = 8"),
    text("a new constant", "limits", "SPARE = 7", "SPARE = 7\nMORE = 1"),
    text("a constant gone that nobody used", "limits", "SPARE = 7\n", ""),
    text("another unused constant", "schema", '"mmHg"', '"kPa"'),
    text("a new helper", "limits", "def clipped",
         "def below(value):\n    return 1\n\n\ndef clipped"),
    text("a new private helper beside nodes", "report", "def headline",
         "def _helper():\n    return 1\n\n\ndef headline"),
    text("a new class", "schema", "class Reading", "class Other:\n    pass\n\n\nclass Reading"),
    text("a new module", "spare", "", "X = 1\n"),
]  # fmt: skip

TOUCHED = [
    Edit("a helper's file touched", frozenset(), touched=("flow/limits.py",)),
    Edit("a node's file touched", frozenset(), touched=("flow/daily.py",)),
    Edit("the data file touched", frozenset(), touched=("readings.txt",)),
    Edit("every file touched", frozenset(), touched=(*FILES, "readings.txt")),
]

CONSTANTS = [
    text("a limit with its readers", "limits", "LOW: Final = 40", "LOW: Final = 30", "valid"),
    text("a limit that changes a result", "limits", "HIGH: Final = 250", "HIGH: Final = 290",
         "valid", *BELOW_VALID, "words", "headline"),
    text("a constant's type", "limits", "LOW: Final = 40", "LOW: Final = 40.0", "valid"),
    text("a clip", "limits", "PULSE_HIGH = 120", "PULSE_HIGH = 110",
         "valid", "pulse", *PULSE_MEAN),
    text("one value of a table", "limits", '"raised": 120', '"raised": 130', *LEVELS, *WORDS),
    text("one value of a table, equal results", "limits", '"high": 140', '"high": 141', *LEVELS),
    text("a constant in a node's module", "daily", '["systolic", "pulse"]', '["pulse", "pulse"]',
         "systolic", "systolic_mean", *FIELDS, "pressure_index", "quarter_range", *LEVELS,
         *WORDS, "smoothed"),
    text("an element that nobody takes", "daily", '["systolic", "pulse"]', '["systolic", "p"]',
         "systolic"),
    text("a local like a constant", "daily", "    LOW = 0", "    LOW = 1", "latest", END),
    text("a constant of a module kept in a tuple", "vendors.watch", '"watch"', '"band"',
         "parsed", "valid", *READS_VALID),
    text("a constant by another expression", "vendors.sheet", 'SEPARATOR = ";"',
         "SEPARATOR = chr(59)", "parsed"),
    text("a text in another module", "vocabulary", '"Your pressure"', '"Pressure"', *WORDS),
]  # fmt: skip

HELPERS = [
    text("a helper", "limits", "min(value, PULSE_HIGH)", "min(value, PULSE_HIGH) + 1",
         "pulse", *PULSE_MEAN),
    text("a helper, equal result", "limits", "min(value, PULSE_HIGH)", "min(PULSE_HIGH, value)",
         "pulse"),
    text("a helper's helper", "arithmetic", "return value / 2", "return value / 3",
         "quarter_range", END),
    text("a helper's helper, equal result", "arithmetic", "return value / 2",
         "return value * 0.5", "quarter_range"),
    text("a helper between", "arithmetic", "half(half(value))", "half(value)",
         "quarter_range", END),
    text("a helper of two nodes", "arithmetic", "return total / len(values)",
         "return 1 + total / len(values)",
         "systolic_mean", "pulse_mean", *INDEX, "tripled", *LEVELS),
    text("one of two that call each other", "arithmetic", "n != 0 and even(n - 1)",
         "n > 0 and even(n - 1)", "parity"),
    text("the other of the two", "arithmetic", "n == 0 or odd(n - 1)", "n != 0 and odd(n - 1)",
         "parity", END),
    text("a limit's test", "limits", "LOW <= value <= HIGH", "LOW <= value <= HIGH + 40",
         "valid", *BELOW_VALID, "words", "headline"),
    text("a vendor's test", "vendors.watch", 'line.startswith("w ")', 'line.startswith("w")',
         "parsed"),
    text("a vendor's parser", "vendors.watch", '"pulse": int(pulse)', '"pulse": int(pulse) + 1',
         "parsed", "valid", *READS_VALID, *PULSE_MEAN),
    text("the other vendor's parser", "vendors.sheet", "line[2:]", "line[1:].lstrip()", "parsed"),
    texts("a helper renamed with its callers",
          (("limits", "def clipped", "def cut"), ("daily", "limits.clipped", "limits.cut")),
          "pulse"),
    texts("a module's alias in a node",
          (("daily", "from flow import limits", "from flow import limits as bounds"),
           ("daily", "limits.clipped(", "bounds.clipped(")), "pulse"),
    text("a helper's parameter renamed", "arithmetic",
         "def quarter(value):\n    return half(half(value))",
         "def quarter(number):\n    return half(half(number))", "quarter_range"),
    text("a helper's annotation", "limits", "def clipped(value)", "def clipped(value: float)",
         "pulse"),
    text("a helper that raises no more", "arithmetic", "return total / len(values)",
         "return total / max(1, len(values))", "systolic_mean", "pulse_mean"),
]  # fmt: skip

CLOSURES_AND_DEFAULTS = [
    text("a closure's inside", "arithmetic", "return value * by", "return value * by + 1",
         "tripled", END),
    text("a closure's argument", "arithmetic", "scaler(3)", "scaler(4)", "tripled", END),
    text("a closure's argument by its name", "arithmetic", "scaler(3)", "scaler(by=3)", "tripled"),
    text("a default by name", "arithmetic", "FACTOR = 2", "FACTOR = 5", *INDEX),
    text("a default", "arithmetic", "factor=FACTOR", "factor=FACTOR + 1", *INDEX),
    text("a lambda in a default", "arithmetic", "x + OFFSET", "x - OFFSET", *INDEX),
    text("a constant in that lambda", "arithmetic", "OFFSET = 1", "OFFSET = 2", *INDEX),
    text("a keyword default of a node", "daily", "KEPT = 3", "KEPT = 2", "latest", END),
    text("a node's default given plainly", "daily", "kept: int = KEPT", "kept: int = 3", "latest"),
    text("a default that its only user overrides", "marks", "PLACES = 1", "PLACES = 3",
         "pulse_mean"),
]  # fmt: skip

DECORATORS = [
    text("a decorator's argument", "daily", "places=2", "places=0", *PULSE_MEAN),
    text("a decorator's argument, equal result", "daily", "places=2", "places=4", "pulse_mean"),
    text("a decorator's inside", "marks", "return round(function(*args, **kwargs), places)",
         "return 1 + round(function(*args, **kwargs), places)", *PULSE_MEAN),
    text("a decorator gone", "daily", "@rounded(places=2)\n", "", "pulse_mean"),
    text("a decorator more", "daily", "def systolic_mean", "@rounded(0)\ndef systolic_mean",
         "systolic_mean", *INDEX, *LEVELS),
    text("a tag of our own with an effect", "vocabulary", 'label="raised"', 'label="up"', *WORDS),
    text("the inside of a tag of our own", "marks", 'labels.get("label")', 'labels["label"]',
         "words"),
    text("a registered function", "vocabulary", 'return "is " + raised_word.label',
         'return "is so " + raised_word.label', *WORDS),
    text("a registered function, not called", "vocabulary", '"is normal"', '"is good"', "words"),
    text("what registers", "marks", "WORDS[name] = function", "WORDS[name] = lambda: name", *WORDS),
    text("a registration's name", "vocabulary", '@word("high")', '@word("top")', "words"),
    texts("a registry's module renamed, and so what the modules that fill it import",
          (("marks", MARKS_TEXT, ""),
           ("signs", "", MARKS_TEXT),
           ("vocabulary", "from flow.marks", "from flow.signs"),
           ("daily", "from flow.marks", "from flow.signs"),
           ("report", "from flow.marks", "from flow.signs")), "words"),
    text("an entry of a registry replaced", "vocabulary", '@word("high")', '@word("raised")',
         *WORDS),
    text("a value bound by a decorator", "report", 'is_high={"level": value("high")}',
         'is_high={"level": value("raised")}', *LEVELS, *WORDS),
    text("the fields of a decorator", "daily", '{"lowest": int, "highest": int}',
         '{"highest": int, "lowest": int}', *FIELDS),
]  # fmt: skip

SCHEMAS = [
    text("a schema's bound", "schema", "WholeColumn(50, 300)", "WholeColumn(50, 200)", "valid"),
    text("a schema's bound that rejects", "schema", "WholeColumn(50, 300)", "WholeColumn(119, 300)",
         "valid", *BELOW_VALID),
    text("a bound made of a constant", "schema", "2 * limits", "1 * limits",
         "valid", *BELOW_VALID),
    text("a check of a schema", "schema", "value % self.step == 0", "value % self.step < 1",
         "valid"),
    text("a check's constant in a base class", "schema", "step = 1", "step = 10",
         "valid", *BELOW_VALID, "words", "headline"),
    text("the base of a class", "schema", "class WholeColumn(Column)",
         "class Anything(Column):\n    def accepts(self, value):\n        return value > 50\n\n\n"
         "class WholeColumn(Anything)", "valid"),
    text("a class method", "schema", 'cls.pulse.accepts(row["pulse"])', "True", "valid"),
]  # fmt: skip

NODES = [
    text("a node", "daily", '"lowest": min(systolic)', '"lowest": min(systolic) + 4',
         *FIELDS, "quarter_range", END),
    text("a node, equal result", "parsing", "len(parsed) - len(valid)", "-len(valid) + len(parsed)",
         "rejected_count"),
    text("the last node", "report", '"parity": parity', '"is_even": parity', END),
    text("the first node", "parsing", "if line]", "if line.strip()]", "lines"),
    text("the order in a node", "report", 'title + ": " + words', 'words + ": " + title',
         "headline", END),
    texts("a node takes another input",
          (("daily", "def parity(valid: list)", "def parity(parsed: list)"),
           ("daily", "even(len(valid))", "even(len(parsed))")), "parity"),
    text("one statement becomes two", "daily", "    return mean(systolic)",
         "    result = mean(systolic)\n    return result", "systolic_mean"),
]  # fmt: skip

CONFIGURED = [
    Edit("a configuration value", frozenset(INDEX), configuration={"index_percent": 60}),
    Edit("another configuration value", frozenset({"headline", END}),
         configuration={"title": "February"}),
    Edit("a configuration value that nobody takes", frozenset(), configuration={"theme": "dark"}),
    Edit("two configuration values", frozenset({*INDEX, "headline"}),
         configuration={"index_percent": 1, "title": "March"}),
]  # fmt: skip

READ = ("lines", "parsed", "valid", *READS_VALID)
DATA = [
    Edit("one byte of the data", frozenset({*READ, "systolic_mean", *INDEX, *LEVELS, "extremes",
         "smoothed"}), readings=("131", "132")),
    Edit("a byte of a row that is rejected",
         frozenset({"lines", "parsed", "valid", "rejected_count"}), readings=("280", "281")),
    Edit("a blank line", frozenset({"lines"}), readings=("w 2024-01-03 118", "\nw 2024-01-03 118")),
    Edit("one row more", frozenset({*READ, "systolic_mean", *PULSE_MEAN, *INDEX, *LEVELS,
         "extremes", "smoothed"}),
         readings=("s 2024-01-03;35;50\n", "s 2024-01-03;35;50\nw 2024-01-04 125 61\n")),
    Edit("a byte that a helper clips", frozenset(READ), readings=("118 130", "118 131")),
]  # fmt: skip

LIBRARY = [
    Edit("a library's new version", frozenset({"smoothed", END}),
         library=("smoothing", "2.0", "def smooth(values):\n    return sorted(values)\n")),
    Edit("a library's new version, equal result", frozenset({"smoothed"}),
         library=("smoothing", "1.1", LIBRARIES["smoothing"][1])),
    Edit("a library that nobody uses", frozenset(),
         library=("plotting", "2.0", "def plot(values):\n    return 1\n")),
]  # fmt: skip

_TO_REVERT = [
    CONSTANTS[1], HELPERS[2], DECORATORS[0], SCHEMAS[1], CONFIGURED[0], DATA[0], LIBRARY[0],
]  # fmt: skip
REVERTED = [
    replace(edit, claim=f"taken back: {edit.claim}", reruns=frozenset(), reverted=True)
    for edit in _TO_REVERT
]

EDITS = [
    *NOTHING_SAID, *METADATA, *RENAMED_AND_MOVED, *UNUSED, *TOUCHED, *CONSTANTS, *HELPERS,
    *CLOSURES_AND_DEFAULTS, *DECORATORS, *SCHEMAS, *NODES, *CONFIGURED, *DATA, *LIBRARY, *REVERTED,
]  # fmt: skip
