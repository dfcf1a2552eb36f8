"""A small flow of 22 nodes in eleven modules, as source texts, with its data and configuration.

It is written down as texts, so that an edit is a replacement in a text, and so that one and the
same flow can be run by Hamilton, by this project and by other tools.
"""

LIMITS = '''\
"""Limits of the field."""
from typing import Final

LOW: Final = 40
HIGH: Final = 250
PULSE_HIGH = 120
SPARE = 7
BANDS = {"raised": 120, "high": 140}


def inside(value):
    """Whether a value can be true."""
    return LOW <= value <= HIGH


def clipped(value):
    return min(value, PULSE_HIGH)
'''

ARITHMETIC = """\
# Plain arithmetic.
FACTOR = 2
OFFSET = 1


def half(value):
    return value / 2


def quarter(value):
    return half(half(value))


def mean(values):
    total = 0
    for value in values:
        total = total + value
    return total / len(values)


def scaled(value, factor=FACTOR, *, shift=lambda x: x + OFFSET):
    return shift(value * factor)


def scaler(by):
    def scale(value):
        return value * by

    return scale


TRIPLE = scaler(3)


def even(n):
    return n == 0 or odd(n - 1)


def odd(n):
    return n != 0 and even(n - 1)
"""

SCHEMA = '''\
from flow import limits

UNIT = "mmHg"


class Column:
    """A column and its bounds."""

    step = 1

    def __init__(self, low, high):
        self.low, self.high = low, high

    def accepts(self, value):
        return self.low <= value <= self.high and value % self.step == 0


class WholeColumn(Column):
    pass


class Reading:
    systolic = WholeColumn(50, 300)
    pulse = Column(20, 2 * limits.PULSE_HIGH)

    @classmethod
    def valid(cls, row):
        return cls.systolic.accepts(row["systolic"]) and cls.pulse.accepts(row["pulse"])
'''

MARKS = """\
import functools

PLACES = 1
WORDS = {}


def rounded(places=PLACES):
    def wrap(function):
        @functools.wraps(function)
        def call(*args, **kwargs):
            return round(function(*args, **kwargs), places)

        return call

    return wrap


def word(name):
    def register(function):
        WORDS[name] = function
        return function

    return register


def tag(**labels):
    def keep(function):
        function.label = labels.get("label")
        return function

    return keep
"""

VOCABULARY = """\
from flow.marks import tag, word

GREETING = "Your pressure"


@word("normal")
def normal_word():
    return "is normal"


@word("raised")
@tag(label="raised")
def raised_word():
    return "is " + raised_word.label


@word("high")
def high_word():
    return "is high"
"""

VENDORS = {
    "flow/vendors/__init__.py": "from . import watch, sheet\n\nFORMATS = (watch, sheet)\n",
    "flow/vendors/watch.py": """\
NAME = "watch"


def matches(line):
    return line.startswith("w ")


def parse(line):
    _, date, systolic, pulse = line.split()
    return {"source": NAME, "date": date, "systolic": int(systolic), "pulse": int(pulse)}
""",
    "flow/vendors/sheet.py": """\
from flow.vendors import watch

NAME = "sheet"
SEPARATOR = ";"


def matches(line):
    return not watch.matches(line)


def parse(line):
    date, systolic, pulse = line[2:].split(SEPARATOR)
    return {"source": NAME, "date": date, "systolic": int(systolic), "pulse": int(pulse)}
""",
}

PARSING = '''\
from hamilton.function_modifiers import tag

from flow import limits
from flow.schema import Reading
from flow.vendors import FORMATS


def lines(readings_text: str) -> list:
    """The lines of the file."""
    return [line for line in readings_text.splitlines() if line]


@tag(stage="normalization", owner="ann")
def parsed(lines: list) -> list:
    """A row for each line."""
    rows = []
    for line in lines:
        for vendor in FORMATS:
            if vendor.matches(line):
                rows.append(vendor.parse(line))
    return rows


@tag(stage="validation", unit="mmHg")
def valid(parsed: list) -> list:
    """The rows that can be true."""
    return [row for row in parsed if limits.inside(row["systolic"]) and Reading.valid(row)]


def rejected_count(parsed: list, valid: list) -> int:
    """How many cannot."""
    return len(parsed) - len(valid)
'''

DAILY = '''\
from hamilton.function_modifiers import extract_fields

import flow.arithmetic
from flow import limits
from flow.arithmetic import TRIPLE, even, mean, quarter
from flow.marks import rounded

COLUMNS = ["systolic", "pulse"]
KEPT = 3


def systolic(valid: list) -> list:
    """Systolic values."""
    return [row[COLUMNS[0]] for row in valid]


def pulse(valid: list) -> list:
    """Pulse values, clipped."""
    return [limits.clipped(row["pulse"]) for row in valid]


def systolic_mean(systolic: list) -> float:
    """Their mean."""
    return mean(systolic)


@rounded(places=2)
def pulse_mean(pulse: list) -> float:
    """Their mean, rounded."""
    return mean(pulse)


@extract_fields({"lowest": int, "highest": int})
def extremes(systolic: list) -> dict:
    """The two ends."""
    return {"lowest": min(systolic), "highest": max(systolic)}


def pressure_index(systolic_mean: float, index_percent: int) -> float:
    """A share of the scaled mean."""
    return flow.arithmetic.scaled(systolic_mean) * index_percent / 100


def tripled(pulse_mean: float) -> float:
    """Three times the pulse."""
    return TRIPLE(pulse_mean)


def parity(valid: list) -> bool:
    """Whether the number of rows is even."""
    return even(len(valid))


def quarter_range(lowest: int, highest: int) -> float:
    """A quarter of the range."""
    return quarter(highest - lowest)


def latest(valid: list, *, kept: int = KEPT) -> list:
    """The last dates."""
    LOW = 0
    return [row["date"] for row in valid][LOW - kept :]
'''

REPORT = '''\
import smoothing
from hamilton.function_modifiers import parameterize, value

from flow import vocabulary
from flow.limits import BANDS
from flow.marks import WORDS


@parameterize(is_raised={"level": value("raised")}, is_high={"level": value("high")})
def is_above(systolic_mean: float, level: str) -> bool:
    """Whether the mean is above a level."""
    return systolic_mean > BANDS[level]


def words(is_raised: bool, is_high: bool) -> str:
    """The level in words."""
    found = "high" if is_high else "raised" if is_raised else "normal"
    return f"{vocabulary.GREETING} {WORDS[found]()}"


def headline(words: str, title: str) -> str:
    """The first line."""
    return title + ": " + words


def smoothed(systolic: list) -> list:
    """Systolic values without noise."""
    return smoothing.smooth(systolic)


def day_report(
    headline: str,
    pressure_index: float,
    quarter_range: float,
    smoothed: list,
    rejected_count: int,
    tripled: float,
    parity: bool,
    latest: list,
) -> dict:
    """All of it."""
    return {
        "headline": headline,
        "numbers": [pressure_index, quarter_range, rejected_count, tripled],
        "smoothed": smoothed,
        "parity": parity,
        "latest": latest,
    }
'''

FILES = {
    "flow/__init__.py": '"""A flow."""\n',
    "flow/limits.py": LIMITS,
    "flow/arithmetic.py": ARITHMETIC,
    "flow/schema.py": SCHEMA,
    "flow/marks.py": MARKS,
    "flow/vocabulary.py": VOCABULARY,
    **VENDORS,
    "flow/parsing.py": PARSING,
    "flow/daily.py": DAILY,
    "flow/report.py": REPORT,
}

# A library that the flow uses, and one that it does not: name -> version and source.
LIBRARIES = {
    "smoothing": (
        "1.0",
        "def smooth(values):\n    return [(a + b) / 2 for a, b in zip(values, values[1:])]\n",
    ),
    "plotting": ("1.0", "def plot(values):\n    return None\n"),
}

READINGS = """\
w 2024-01-01 120 60
w 2024-01-01 131 66
s 2024-01-02;140;71
w 2024-01-02 280 80
w 2024-01-03 118 130
s 2024-01-03;35;50
"""

CONFIGURATION = {"index_percent": 50, "title": "January"}

NODE_MODULES = ("parsing", "daily", "report")
