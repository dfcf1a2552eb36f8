"""The forms in which a generation is handed out, and the files that each of them makes.

EmptyTimeError     the asked time ends before it begins
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from typing import Final

import pyarrow as pa

from adapters import AdapterError
from adapters.profile import Profile
from adapters.publishing.table_files import csv_bytes, parquet_bytes
from adapters.publishing.tables import Publication, publication_of, within
from dataflows.guidelines import DEFAULT_GUIDELINE

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
        guideline: Whose bands, protocol and line a report uses.
    """

    outputs: Sequence[str] = ()
    first: date | None = None
    last: date | None = None
    name: str = ""
    guideline: str = DEFAULT_GUIDELINE

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
    """A form of what is published.

    Attributes:
        summary: What it is, for people.
        make: Makes it.
        heeds: Which of `Wanted` it heeds beside the dates.
    """

    summary: str
    make: Callable[[Profile, Wanted], Made]
    heeds: AbstractSet[str]


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


def _report(profile: Profile, wanted: Wanted) -> Made:
    from adapters.publishing import report  # noqa: PLC0415 - brings a typesetter

    source = publication_of(profile, report.OUTPUTS, optional=report.OPTIONAL_OUTPUTS)
    made = report.report_of(
        source.tables,
        source,
        name=wanted.name,
        guideline=wanted.guideline,
        first=wanted.first,
        last=wanted.last,
    )
    return Made(source, {file_name(source, "report", "pdf"): made.pdf}, made.warnings)


def file_name(source: Publication, name: str, suffix: str) -> str:
    """What a file is called when nobody says: `daily_metrics.demo-g3.csv`."""
    return f"{name}.{source.profile}-g{source.generation}.{suffix}"


FORMS: Final[Mapping[str, Form]] = {
    "csv": Form("tables for a spreadsheet", _csv, {"outputs"}),
    "parquet": Form("tables for programs, exact", _parquet, {"outputs"}),
    "fhir": Form("a FHIR R4 bundle for clinical systems", _fhir, {"name"}),
    "report": Form("one or two pages of PDF for a doctor's visit", _report, {"name", "guideline"}),
}
