"""A dataflow by somebody else: every decorator of Hamilton's that makes or changes nodes."""

import numpy as np
import pandas as pd
import portions
from hamilton.data_quality.base import DataValidator, ValidationResult
from hamilton.function_modifiers import (
    check_output,
    check_output_custom,
    config,
    does,
    extract_columns,
    extract_fields,
    group,
    inject,
    mutate,
    parameterize,
    parameterize_sources,
    parameterize_values,
    pipe_input,
    pipe_output,
    resolve_from_config,
    source,
    step,
    subdag,
    value,
)
from hamilton.htypes import Collect, Parallelizable

SHIFT = 1


@config.when(mode="fast")
def number__fast(raw: int) -> int:
    """One way."""
    return raw + SHIFT


@config.when(mode="exact")
def number__exact(raw: int) -> int:
    """Another way."""
    return raw + 2


@parameterize(doubled={"by": value(2)}, tenfold={"by": value(10), "number": source("raw")})
def multiplied(number: int, by: int) -> int:
    """A multiple."""
    return number * by


@parameterize_sources(smallest={"one": "doubled", "other": "tenfold"})
def lesser(one: int, other: int) -> int:
    """The lesser."""
    return min(one, other)


@parameterize_values("word", {("long_word", "Long."): "abcdefgh", ("short_word", "Short."): "ab"})
def cut(word: str, doubled: int) -> str:
    """The beginning of a word."""
    return word[:doubled]


@subdag(portions, inputs={"number": source("doubled")}, config={"factor": 3, "rounding": "up"})
def served(rounded: int) -> int:
    """Out of the subdag."""
    return rounded + 100


def _added(amount: int, more: int) -> int:
    return amount + more


def _negative(amount: int) -> int:
    return -amount


@pipe_input(step(_added, more=5).named("richer"), step(_negative), on_input="tenfold")
def piped(tenfold: int) -> int:
    """What came through the pipe."""
    return tenfold * 2


@pipe_output(step(_added, more=source("raw")).named("more_raw"))
def poured(tenfold: int) -> int:
    """Changed on its way out."""
    return tenfold


def seasoned(doubled: int) -> int:
    """Changed by somebody else."""
    return doubled


@mutate(seasoned)
def _salted(dish: int) -> int:
    return dish + 7


@extract_columns("amount", "label")
def ingredients(doubled: int) -> pd.DataFrame:
    """A frame."""
    index = pd.Index(["flour", "salt"], name="what")
    return pd.DataFrame({"amount": [doubled, 1], "label": ["a", None]}, index=index)


def share(amount: pd.Series) -> pd.Series:
    """Each part of the whole."""
    return amount / amount.sum()


def largest_share(share: pd.Series) -> np.float64:
    """A numpy scalar."""
    return share.to_numpy().max()


def shares(share: pd.Series) -> np.ndarray:
    """An array."""
    return share.to_numpy()


@extract_fields({"low": int, "high": int})
def limits(smallest: int, tenfold: int) -> dict:
    """A dict of two."""
    return {"low": smallest, "high": tenfold}


def pair(low: int, high: int) -> tuple[int, int]:
    """A tuple."""
    return low, high


@check_output(range=(0, 1000), importance="fail")
def weighed(doubled: int) -> int:
    """In range, or the run fails."""
    return doubled * 3


@check_output(range=(0, 5), importance="warn")
def tasted(doubled: int) -> int:
    """In range, or somebody is told."""
    return doubled + 4


class _Divisible(DataValidator):
    """A validator with a value of its own."""

    def __init__(self, by: int) -> None:
        super().__init__(importance="fail")
        self.by = by

    def applies_to(self, datatype: type) -> bool:
        return datatype is int

    def description(self) -> str:
        return "divisible"

    @classmethod
    def name(cls) -> str:
        return "divisible"

    def validate(self, dataset: int) -> ValidationResult:
        return ValidationResult(dataset % self.by == 0, "divided", {"rest": dataset % self.by})


@check_output_custom(_Divisible(2))
def halved(doubled: int) -> int:
    """Validated by a class of the flow's."""
    return doubled


@inject(parts=group(source("doubled"), source("tenfold")), unit=value("g"))
def recipe(parts: list[int], unit: str) -> str:
    """In words."""
    return f"{sum(parts)} {unit}"


def _total(**parts: int) -> int:
    return sum(parts.values())


@does(_total)
def everything(doubled: int, tenfold: int) -> int:
    """All of it."""


@resolve_from_config(decorate_with=lambda extra: parameterize(topped={"more": value(extra)}))
def decorated(doubled: int, more: int) -> int:
    """A value that came from the configuration."""
    return doubled + more


def guest(guests: list) -> Parallelizable[str]:
    """One at a time."""
    yield from guests


def plate(guest: str, doubled: int) -> dict:
    """A dict with keys that are no text, in an order of its own."""
    return {2: guest.upper(), 1: [doubled, 0.5], "x": None}


def plates(plate: Collect[dict]) -> list:
    """All plates."""
    return sorted(plate, key=lambda found: found[2])


def bill(plates: list, tip: float = 0.25) -> float:
    """Of all plates."""
    return len(plates) * (1 + tip)
