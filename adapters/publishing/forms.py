"""The forms in which a generation is handed out, and the files that each of them makes.

EmptyTimeError     the asked time ends before it begins
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import pyarrow as pa

from adapters import AdapterError
from adapters.profile import Profile
from adapters.publishing.table_files import csv_bytes, parquet_bytes
from adapters.publishing.tables import Publication, publication_of, within

Content = bytes | memoryview


class EmptyTimeError(AdapterError):
    """The last date is before the first."""

    exit_code = 2

    def __init__(self, first: date, last: date) -> None:
        super().__init__(f"--from {first} is after --to {last}; exchange them")


@dataclass(frozen=True)
class Wanted:
    """What shall be handed out.

    Attributes:
        outputs: Of the forms that are tables: which ones.
        first: The first date; None for no limit.
        last: The last date; None for no limit.
        name: What the person is called in it; nothing when empty.
    """

    outputs: Sequence[str] = ()
    first: date | None = None
    last: date | None = None
    name: str = ""

    def __post_init__(self) -> None:
        if self.first and self.last and self.first > self.last:
            raise EmptyTimeError(self.first, self.last)


@dataclass(frozen=True)
class Made:
    """Files that were made of a generation.

    Attributes:
        source: The generation.
        files: Their bytes, by file name.
        warnings: What people should know beside them.
    """

    source: Publication
    files: Mapping[str, Content]
    warnings: Sequence[str] = ()


@dataclass(frozen=True)
class Form:
    """A form, how it is made, and which of `Wanted` it heeds beside the dates."""

    summary: str
    make: Callable[[Profile, Wanted], Made]
    heeds: str


def _csv(profile: Profile, wanted: Wanted) -> Made:
    return _table_files(profile, wanted, "csv", csv_bytes)


def _parquet(profile: Profile, wanted: Wanted) -> Made:
    return _table_files(profile, wanted, "parquet", parquet_bytes)


def _table_files(
    profile: Profile,
    wanted: Wanted,
    suffix: str,
    encoded: Callable[[pa.Table, Publication], pa.Buffer],
) -> Made:
    names = list(dict.fromkeys(wanted.outputs)) or ["daily_metrics"]
    source = publication_of(profile, names)
    files = {
        file_name(source, name, suffix): memoryview(
            encoded(within(name, table, wanted.first, wanted.last), source)
        )
        for name, table in source.tables.items()
    }
    return Made(source, files)


def _fhir(profile: Profile, wanted: Wanted) -> Made:
    from adapters.publishing import fhir  # noqa: PLC0415 - tables alone need none of it

    source = publication_of(profile, fhir.OUTPUTS, optional=fhir.OPTIONAL_OUTPUTS)
    tables = {
        name: within(name, table, wanted.first, wanted.last)
        for name, table in source.tables.items()
    }
    bundle = fhir.fhir_bundle(tables, source, wanted.name)
    return Made(source, {file_name(source, "bundle", "fhir.json"): fhir.bundle_bytes(bundle)})


def file_name(source: Publication, name: str, suffix: str) -> str:
    """What a file is called when nobody says: `daily_metrics.demo-g3.csv`."""
    return f"{name}.{source.profile}-g{source.generation}.{suffix}"


FORMS: Final[Mapping[str, Form]] = {
    "csv": Form("tables for a spreadsheet", _csv, heeds="outputs"),
    "parquet": Form("tables for programs, exact", _parquet, heeds="outputs"),
    "fhir": Form("a FHIR R4 bundle for clinical systems", _fhir, heeds="name"),
}
