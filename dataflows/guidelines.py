"""What a guideline calls a mean blood pressure, at home or in the office, and what is severe.

Bands are half-open: a band begins at its lines and reaches up to those of the next. The exact mean
is judged, never a rounded one, and where the two pressures fall into different bands the higher one
counts. Only a mean over a protocol is ever given a category, never a single reading; for those
there is the severe range alone. Every guideline has a scale for the office and one for home, since
the same pressure reads lower at home. Nothing here is medical advice.

Marks: [2nd] the rule was read in somebody else's words; [RECALL] it is written from memory. All
other rules were read in the guideline's own words.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Final, Literal

from dataflows import DataflowError

Mmhg = Fraction | float
Scale = Literal["home", "office"]

DEFAULT_GUIDELINE: Final = "esc_2024"


class UnknownGuidelineError(DataflowError):
    """No guideline has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no guideline is called {name!r}; use one of {', '.join(GUIDELINES)}")


@dataclass(frozen=True)
class Band:
    """A category, and where it begins.

    Attributes:
        category: What the guideline calls it.
        systolic: From this systolic pressure on; None where it never decides.
        diastolic: From this diastolic pressure on; None where it never decides.
    """

    category: str
    systolic: int | None = None
    diastolic: int | None = None

    def is_reached(self, systolic: Mmhg, diastolic: Mmhg) -> bool:
        """Whether either pressure is at its line or above."""
        return any(
            line is not None and value >= line
            for value, line in ((systolic, self.systolic), (diastolic, self.diastolic))
        )


@dataclass(frozen=True)
class SevereRange:
    """From where on a single reading needs an answer.

    Attributes:
        systolic: Its systolic line.
        diastolic: Its diastolic line.
        includes_lines: Whether a reading on a line is in the range.
    """

    systolic: int
    diastolic: int
    includes_lines: bool

    def holds(self, systolic: Mmhg, diastolic: Mmhg) -> bool:
        """Whether either pressure is in the range."""
        if self.includes_lines:
            return systolic >= self.systolic or diastolic >= self.diastolic
        return systolic > self.systolic or diastolic > self.diastolic

    def __str__(self) -> str:
        sign = ">=" if self.includes_lines else ">"
        return f"{sign}{self.systolic} and/or {sign}{self.diastolic} mmHg"


@dataclass(frozen=True)
class Guideline:
    """A guideline's scales.

    Attributes:
        title: Its name and year, for people.
        home: Bands of a mean measured at home, ascending; the first has no lines.
        office: Bands of a mean measured in the office.
        severe: The range of single readings.
    """

    title: str
    home: tuple[Band, ...]
    office: tuple[Band, ...]
    severe: SevereRange

    def bands(self, scale: Scale) -> tuple[Band, ...]:
        """The bands of a scale."""
        return self.home if scale == "home" else self.office


AHA_ACC_2025: Final = Guideline(
    "AHA/ACC 2025",
    home=(
        Band("normal"),
        Band("elevated", systolic=120),
        Band("stage_1_hypertension", 130, 80),
        Band("stage_2_hypertension", 135, 85),
    ),
    office=(
        Band("normal"),
        Band("elevated", systolic=120),
        Band("stage_1_hypertension", 130, 80),
        Band("stage_2_hypertension", 140, 90),
    ),
    severe=SevereRange(180, 120, includes_lines=False),
)
"""Office bands are those of 2017 ACC/AHA, kept in 2025 [2nd: several]. Home: the equivalents in
table 7 of the AHA pocket guide, office 120/80, 130/80 and 140/90 being 120/80, 130/80 and 135/85.
Severe: section 6.2, strictly above 180 and/or 120; an emergency only with acute organ damage."""

ESC_2024: Final = Guideline(
    "ESC 2024",
    home=(Band("non_elevated"), Band("elevated", 120, 70), Band("hypertension", 135, 85)),
    office=(Band("non_elevated"), Band("elevated", 120, 70), Band("hypertension", 140, 90)),
    severe=SevereRange(180, 110, includes_lines=True),
)
"""Eur Heart J 2024;45:3912, doi 10.1093/eurheartj/ehae178: table 5 (half-open at home, 120/70 to
below 135/85) and section 10.1.1 (180/110 or higher; with acute organ damage an emergency).
Section 7 writes "above 180/110", so the guideline differs from itself at equality."""

ESH_2023: Final = Guideline(
    "ESH 2023",
    home=(Band("below_hypertension"), Band("hypertension", 135, 85)),
    office=(
        Band("optimal"),
        Band("normal", 120, 80),
        Band("high_normal", 130, 85),
        Band("grade_1_hypertension", 140, 90),
        Band("grade_2_hypertension", 160, 100),
        Band("grade_3_hypertension", 180, 110),
    ),
    severe=SevereRange(180, 110, includes_lines=True),
)
"""Office grades [2nd: epocrates, BMJ Best Practice]. Home 135 and/or 85 [2nd: J Clin Hypertens
2018;20:1116, table 3, PMC8030885]; ESH grades no home means, so neither do we. Severe: where
grade 3 begins [2nd]."""

JSH_2019: Final = Guideline(
    "JSH 2019",
    home=(
        Band("normal"),
        Band("high_normal", systolic=115),
        Band("elevated", 125, 75),
        Band("grade_1_hypertension", 135, 85),
        Band("grade_2_hypertension", 145, 90),
        Band("grade_3_hypertension", 160, 100),
    ),
    office=(
        Band("normal"),
        Band("high_normal", systolic=120),
        Band("elevated", 130, 80),
        Band("grade_1_hypertension", 140, 90),
        Band("grade_2_hypertension", 160, 100),
        Band("grade_3_hypertension", 180, 110),
    ),
    severe=SevereRange(180, 120, includes_lines=True),
)
"""Office bands: page 18 [2nd: medical.jiji.com]. Home grades I to III [2nd: suntory-kenko.com];
normal at home below 115/75 [2nd]; the two home bands between, and the severe range [RECALL]."""

NICE: Final = Guideline(
    "NICE NG136",
    home=(
        Band("below_hypertension"),
        Band("stage_1_range", 135, 85),
        Band("stage_2_range", 150, 95),
    ),
    office=(
        Band("below_hypertension"),
        Band("stage_1_range", 140, 90),
        Band("stage_2_range", 160, 100),
        Band("severe_range", 180, 120),
    ),
    severe=SevereRange(180, 120, includes_lines=True),
)
"""NG136 1.2.7 to 1.2.8: 135/85 at home; 1.2.3: 180/120 or higher. Stage 2, 150/95 at home and
160/100 in the clinic [2nd]. A stage needs the clinic's reading and the mean at home together, so
one of them alone is called its range."""

CANADA_2020: Final = Guideline(
    "Hypertension Canada 2020",
    home=(Band("below_hypertension"), Band("hypertension", 135, 85)),
    office=(Band("below_hypertension"), Band("hypertension", 140, 90)),
    severe=SevereRange(180, 110, includes_lines=True),
)
"""Home: CHEP 2017 and CMAJ, PMC8342011. Office by hand 140/90 [2nd: British Columbia's
guideline of 2020]; 180/110 [2nd: Toronto Notes, citing Can J Cardiol 2020;36:596]."""

CANADA_2025: Final = Guideline(
    "Hypertension Canada 2025",
    home=(Band("below_hypertension"), Band("hypertension", 130, 80)),
    office=(Band("below_hypertension"), Band("hypertension", 130, 80)),
    severe=SevereRange(180, 110, includes_lines=True),
)
"""CMAJ 2025;197:E549, doi 10.1503/cmaj.241770, the abstract: one definition, 130/80 or higher,
to be confirmed out of the office. That it keeps the severe range of 2020 is [RECALL]."""

GUIDELINES: Final[Mapping[str, Guideline]] = {
    "aha_acc_2025": AHA_ACC_2025,
    "esc_2024": ESC_2024,
    "esh_2023": ESH_2023,
    "jsh_2019": JSH_2019,
    "nice": NICE,
    "canada_2020": CANADA_2020,
    "canada_2025": CANADA_2025,
}


def guideline_named(name: str) -> Guideline:
    """The guideline of a name.

    Raises:
        UnknownGuidelineError: There is none.
    """
    if name not in GUIDELINES:
        raise UnknownGuidelineError(name)
    return GUIDELINES[name]


def band_number(guideline: str, systolic: Mmhg, diastolic: Mmhg, scale: Scale = "home") -> int:
    """Which band of a guideline a mean falls into: the highest that either pressure reaches.

    Units: mmHg; the lowest band is 0.

    Raises:
        UnknownGuidelineError: There is no such guideline.
    """
    bands = guideline_named(guideline).bands(scale)
    reached = [n for n, band in enumerate(bands) if band.is_reached(systolic, diastolic)]
    return max(reached, default=0)


def category(guideline: str, systolic: Mmhg, diastolic: Mmhg, scale: Scale = "home") -> str:
    """What a guideline calls a mean.

    Units: mmHg.

    Raises:
        UnknownGuidelineError: There is no such guideline.
    """
    number = band_number(guideline, systolic, diastolic, scale)
    return guideline_named(guideline).bands(scale)[number].category


def lines(guideline: str, scale: Scale = "home") -> tuple[list[int], list[int]]:
    """Where the bands of a guideline begin: systolic and diastolic.

    Units: mmHg.

    Raises:
        UnknownGuidelineError: There is no such guideline.
    """
    bands = guideline_named(guideline).bands(scale)
    systolic = [band.systolic for band in bands if band.systolic is not None]
    diastolic = [band.diastolic for band in bands if band.diastolic is not None]
    return systolic, diastolic


def shown(mean: Mmhg, at: Iterable[int]) -> str:
    """A mean as people read it: whole, or with as many decimals as keep it on its side.

    So 134.6 stays 134.6 where 135 is a line, and is 135 where none is.

    Args:
        mean: The exact mean.
        at: The lines that must not be crossed by rounding.

    Units: mmHg.
    """
    exact, at = Fraction(mean), tuple(at)
    decimals = 0
    while any((_rounded(exact, decimals) >= line) != (exact >= line) for line in at):
        decimals += 1
    return f"{float(_rounded(exact, decimals)):.{decimals}f}"


def _rounded(value: Fraction, decimals: int) -> Fraction:
    scale = 10**decimals
    return Fraction(floor(value * scale + Fraction(1, 2)), scale)
