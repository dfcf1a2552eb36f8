"""Edits of a small project, with the definitions whose code key each must move, written first."""

from typing import NamedTuple

PROJECT = {
    "flow/__init__.py": '"""A flow."""\n\nfrom .limits import LOW as LOWEST\n',
    "flow/limits.py": """\
\"\"\"Limits.\"\"\"
import decimal
from typing import Final

LOW: Final = 40
HIGH: Final = 250
UNUSED = 1
PAIR = (LOW, HIGH)
BANDS = {"low": LOW, "wide": [1, 2]}
MARGIN = decimal.Decimal("0.5")


def inside(value: float) -> bool:
    \"\"\"Whether a value is inside.\"\"\"
    return LOW <= value <= HIGH


def above(value):
    return value > HIGH
""",
    "flow/arithmetic.py": """\
# Plain arithmetic.
FACTOR = 2
ROUND = 3


def half(value):
    return value / 2


def quarter(value):
    return half(half(value))


def scaled(value, factor=FACTOR, *, shift=lambda x: x + ROUND):
    return shift(value * factor)


def scaler(by):
    def scale(value):
        nonlocal by
        by = by + 0
        return value * by
    return scale


TRIPLE = scaler(3)


def even(n):
    return n == 0 or odd(n - 1)


def odd(n):
    return n != 0 and even(n - 1)


def total(values):
    found = []
    for value in values:
        found.append(value)
    return sum(x for x in found)
""",
    "flow/tags.py": """\
import functools

TIMES = 1


def tag(**labels):
    def keep(function):
        return function
    return keep


def repeated(times=TIMES):
    def wrap(function):
        @functools.wraps(function)
        def call(*values):
            result = None
            for _ in range(times):
                result = function(*values)
            return result
        return call
    return wrap
""",
    "flow/models.py": """\
from dataclasses import dataclass, field

import checks as ck

from flow import limits

DEFAULT_DEVICE = "none"


@dataclass(frozen=True)
class Reading:
    systolic: float
    device: str = DEFAULT_DEVICE
    notes: list = field(default_factory=list)

    def high(self):
        return limits.above(self.systolic)

    @property
    def name(self):
        return self.device


class Schema(ck.Model):
    systolic: float = ck.Field(ge=limits.LOW, le=300)


class Base:
    unit = "mmHg"

    def label(self):
        return self.unit


class Derived(Base):
    pass
""",
    "flow/units.py": "KPA = 7.5\nMINUTES = 60\n",
    "flow/everything.py": "from flow.units import *\nfrom flow.arithmetic import half as halved\n",
    "flow/sources/__init__.py": "from . import watch, sheet\n\nFORMATS = (watch, sheet)\n",
    "flow/sources/watch.py": """\
from flow import limits, units

NAME = "watch"


def parse(content):
    return _clean(content)


def _clean(content):
    return [c for c in content if limits.inside(c)]
""",
    "flow/sources/sheet.py": """\
NAME = "sheet"


def parse(content):
    return content.split(",")
""",
    "flow/nodes.py": """\
import tables as tb
from arrays import concatenate

import flow.arithmetic
import flow.limits as bounds
from flow import LOWEST, everything, models
from flow.arithmetic import TRIPLE, even, quarter, scaled, total
from flow.models import Derived, Reading
from flow.sources import FORMATS
from flow.tags import repeated, tag

COLUMNS = ["a", "b"]
THRESHOLDS = {
    "first": lambda value: value > bounds.HIGH,
}


def parsed(content):
    return [source.parse(content) for source in FORMATS]


@tag(stage="validation", unit="mmHg")
def valid(parsed: tb.Table) -> tb.Table:
    return [x for x in parsed if bounds.inside(x)]


@repeated(times=2)
def smoothed(valid):
    return [quarter(x) for x in valid]


def summed(valid):
    return total(valid) * everything.MINUTES


def tripled(valid):
    return TRIPLE(valid)


def parity(valid):
    return even(len(valid))


def lowest(valid):
    return max(LOWEST, *valid)


def joined(valid, smoothed):
    return concatenate([valid, smoothed])


def readings(valid) -> "list[Reading]":
    return [1 for _ in valid]


def checked(valid):
    return models.Schema.validate(valid)


def labelled(valid):
    return Derived().label()


def scaled_values(valid):
    return flow.arithmetic.scaled(valid)


def columns(valid):
    LOW = 1
    return [LOW for column in COLUMNS]


def judged(valid):
    return THRESHOLDS["first"](valid)


def halves(valid):
    from flow.everything import halved
    return halved(valid)


def counted(valid, *, window=len(COLUMNS)):
    match valid:
        case {"n": n, **rest}:
            return n
        case [first, *others]:
            return first + window
    return everything.KPA
""",
}

INSIDE = {"limits:inside", "sources.watch:parse", "sources.watch:_clean", "nodes:parsed"}
ABOVE = {"limits:above", "models:Reading", "nodes:readings"}
HALF = {"arithmetic:half", "arithmetic:quarter", "nodes:smoothed", "nodes:halves"}
SCALED = {"arithmetic:scaled", "nodes:scaled_values"}
PARITY = {"arithmetic:even", "arithmetic:odd", "nodes:parity"}


class Edit(NamedTuple):
    """Text replaced in one file, and the keys that must move: these, and no others."""

    claim: str
    file: str
    old: str
    new: str
    moved: set[str]


EDITS = [
    # Nothing is said differently
    Edit("a comment", "limits", "LOW: Final = 40", "# low\nLOW: Final = 40  # here", set()),
    Edit("a comment inside", "nodes", "    return total(", "    # sum\n    return total(", set()),
    Edit("a module's docstring", "limits", '"""Limits."""', '"""Limits of the field."""', set()),
    Edit("a docstring", "limits", "Whether a value is inside.", "Is it?", set()),
    Edit("a docstring gone", "limits", '    """Whether a value is inside."""\n', "", set()),
    Edit("a docstring new", "limits", "above(value):", 'above(value):\n    """Yes."""', set()),
    Edit(
        "a class docstring",
        "models",
        "class Schema(ck.Model):",
        'class Schema(ck.Model):\n    "S"',
        set(),
    ),
    Edit("quotes", "nodes", '"first"', "'first'", set()),
    Edit("line breaks", "nodes", '["a", "b"]', '[\n    "a",\n    "b",\n]', set()),
    Edit("parentheses", "limits", "LOW <= value <= HIGH", "(LOW <= (value) <= HIGH)", set()),
    Edit("a number's spelling", "limits", "= 250", "= 0xFA", set()),
    Edit("blank lines", "nodes", "\n\n\n", "\n\n\n\n\n\n", set()),
    Edit("a pass", "arithmetic", "def even(n):", "def even(n):\n    pass", set()),
    Edit(
        "an unused import",
        "nodes",
        "import tables as tb",
        "import tables as tb\nimport json",
        set(),
    ),
    Edit("an import's order", "nodes", "repeated, tag", "tag, repeated", set()),
    Edit(
        "an import in brackets",
        "nodes",
        "import repeated, tag",
        "import (\n    repeated,\n    tag,\n)",
        set(),
    ),
    Edit(
        "an import taken apart",
        "nodes",
        "from flow import LOWEST, everything, models",
        "from flow import everything\nfrom flow import LOWEST\nfrom flow import models",
        set(),
    ),
    Edit("a relative import", "nodes", "from flow import LOWEST", "from . import LOWEST", set()),
    Edit("a type comment", "arithmetic", "FACTOR = 2", "FACTOR = 2  # type: int", set()),
    # Things that nobody uses, or some
    Edit("an unused constant", "limits", "UNUSED = 1", "UNUSED = 2", set()),
    Edit("a new constant", "limits", "UNUSED = 1", "UNUSED = 1\nMORE = 2", set()),
    Edit(
        "a new function",
        "limits",
        "def above",
        "def below(value):\n    return 1\n\n\ndef above",
        {"limits:below"},
    ),
    Edit(
        "a new function in the nodes",
        "nodes",
        "def judged",
        "def new(a):\n    return 1\n\n\ndef judged",
        {"nodes:new"},
    ),
    Edit(
        "a constant with its readers",
        "limits",
        "LOW: Final = 40",
        "LOW: Final = 41",
        INSIDE | {"nodes:valid", "nodes:lowest", "nodes:checked", "models:Schema"},
    ),
    Edit(
        "a constant of two functions",
        "limits",
        "HIGH: Final = 250",
        "HIGH: Final = 251",
        INSIDE | ABOVE | {"nodes:valid", "nodes:judged"},
    ),
    Edit(
        "a constant's type",
        "limits",
        "LOW: Final = 40",
        "LOW: Final = 40.0",
        INSIDE | {"nodes:valid", "nodes:lowest", "nodes:checked", "models:Schema"},
    ),
    Edit("a library's constant", "limits", '"0.5"', '"0.6"', set()),
    Edit("a local name like a constant", "nodes", "    LOW = 1", "    LOW = 2", {"nodes:columns"}),
    # Helpers
    Edit("a helper's helper", "arithmetic", "value / 2", "value // 2", HALF),
    Edit(
        "a helper",
        "arithmetic",
        "half(half(value))",
        "half(value) / 2",
        {"arithmetic:quarter", "nodes:smoothed"},
    ),
    Edit(
        "the limits' test",
        "limits",
        "LOW <= value <= HIGH",
        "LOW < value <= HIGH",
        INSIDE | {"nodes:valid"},
    ),
    Edit("one of two that call each other", "arithmetic", "n != 0", "n > 0", PARITY),
    Edit("the other", "arithmetic", "n == 0", "n <= 0", PARITY),
    Edit(
        "two bodies swapped",
        "arithmetic",
        "return n == 0 or odd(n - 1)\n\n\ndef odd(n):\n    return n != 0 and even",
        "return n != 0 and odd(n - 1)\n\n\ndef odd(n):\n    return n == 0 or even",
        PARITY,
    ),
    Edit(
        "a closure's inside",
        "arithmetic",
        "by = by + 0",
        "by = by + 1",
        {"arithmetic:scaler", "nodes:tripled"},
    ),
    Edit("a closure's argument", "arithmetic", "scaler(3)", "scaler(4)", {"nodes:tripled"}),
    Edit("a default by name", "arithmetic", "FACTOR = 2", "FACTOR = 5", SCALED),
    Edit("a default", "arithmetic", "factor=FACTOR", "factor=FACTOR + 1", SCALED),
    Edit("a lambda in a default", "arithmetic", "x + ROUND", "x - ROUND", SCALED),
    Edit("a constant in that lambda", "arithmetic", "ROUND = 3", "ROUND = 4", SCALED),
    Edit(
        "a loop that fills a list of its own",
        "arithmetic",
        "found.append(value)",
        "found.append(-value)",
        {"arithmetic:total", "nodes:summed"},
    ),
    Edit(
        "a generator expression",
        "arithmetic",
        "sum(x for x",
        "sum(2 * x for x",
        {"arithmetic:total", "nodes:summed"},
    ),
    # Decorators
    Edit("a tag", "nodes", 'unit="mmHg"', 'unit="kPa"', {"nodes:valid"}),
    Edit("a decorator's argument", "nodes", "times=2", "times=3", {"nodes:smoothed"}),
    Edit(
        "a decorator's default",
        "tags",
        "TIMES = 1",
        "TIMES = 2",
        {"tags:repeated", "nodes:smoothed"},
    ),
    Edit(
        "a decorator's inside",
        "tags",
        "result = None",
        "result = 0",
        {"tags:repeated", "nodes:smoothed"},
    ),
    Edit(
        "another decorator's inside",
        "tags",
        "return function\n    return keep",
        "return keep and function\n    return keep",
        {"tags:tag", "nodes:valid"},
    ),
    Edit("a decorator gone", "nodes", "@repeated(times=2)\n", "", {"nodes:smoothed"}),
    # Classes
    Edit("a schema's bound", "models", "le=300", "le=299", {"models:Schema", "nodes:checked"}),
    Edit(
        "a base class",
        "models",
        '"mmHg"',
        '"kPa"',
        {"models:Base", "models:Derived", "nodes:labelled"},
    ),
    Edit(
        "a base class's method",
        "models",
        "return self.unit",
        "return self.unit * 2",
        {"models:Base", "models:Derived", "nodes:labelled"},
    ),
    Edit(
        "a dataclass's default", "models", '"none"', '"watch"', {"models:Reading", "nodes:readings"}
    ),
    Edit(
        "a property",
        "models",
        "return self.device",
        "return self.device + '.'",
        {"models:Reading", "nodes:readings"},
    ),
    Edit("what a method calls", "limits", "value > HIGH", "value >= HIGH", ABOVE),
    # Names through other modules
    Edit(
        "a name through a package", "__init__", "LOW as LOWEST", "HIGH as LOWEST", {"nodes:lowest"}
    ),
    Edit("a name through a star", "units", "MINUTES = 60", "MINUTES = 61", {"nodes:summed"}),
    Edit("another name through it", "units", "KPA = 7.5", "KPA = 7.6", {"nodes:counted"}),
    Edit("an alias", "everything", "half as halved", "quarter as halved", {"nodes:halves"}),
    Edit(
        "a submodule by its dotted name",
        "nodes",
        "flow.arithmetic.scaled(valid)",
        "flow.arithmetic.quarter(valid)",
        {"nodes:scaled_values"},
    ),
    Edit(
        "modules in a tuple", "sources.sheet", '","', '";"', {"sources.sheet:parse", "nodes:parsed"}
    ),
    Edit("a name in such a module", "sources.watch", '"watch"', '"band"', {"nodes:parsed"}),
    Edit(
        "the tuple's order",
        "sources.__init__",
        "(watch, sheet)",
        "(sheet, watch)",
        {"nodes:parsed"},
    ),
    Edit(
        "a helper in such a module",
        "sources.watch",
        "[c for",
        "[+c for",
        {"sources.watch:parse", "sources.watch:_clean", "nodes:parsed"},
    ),
    # Bodies of nodes
    Edit("a node", "nodes", "max(LOWEST", "min(LOWEST", {"nodes:lowest"}),
    Edit(
        "a node's parameter",
        "nodes",
        'def judged(valid):\n    return THRESHOLDS["first"](valid)',
        'def judged(parsed):\n    return THRESHOLDS["first"](parsed)',
        {"nodes:judged"},
    ),
    Edit(
        "an annotation",
        "nodes",
        "valid(parsed: tb.Table)",
        "valid(parsed: tb.Frame)",
        {"nodes:valid"},
    ),
    Edit("a text annotation", "nodes", '"list[Reading]"', '"list[Derived]"', {"nodes:readings"}),
    Edit(
        "a lambda in a table",
        "nodes",
        "value > bounds.HIGH",
        "value >= bounds.HIGH",
        {"nodes:judged"},
    ),
    Edit(
        "an element of a list",
        "nodes",
        '["a", "b"]',
        '["a", "c"]',
        {"nodes:columns", "nodes:counted"},
    ),
    Edit("a pattern", "nodes", '{"n": n, **rest}', '{"m": n, **rest}', {"nodes:counted"}),
    Edit(
        "a library's function",
        "nodes",
        "import concatenate",
        "import stack as concatenate",
        {"nodes:joined"},
    ),
    Edit(
        "a library for another",
        "nodes",
        "import tables as tb",
        "import frames as tb",
        {"nodes:valid"},
    ),
    Edit(
        "a future import",
        "units",
        "KPA = 7.5",
        "from __future__ import annotations\nKPA = 7.5",
        {"nodes:counted", "nodes:summed"},
    ),
]
