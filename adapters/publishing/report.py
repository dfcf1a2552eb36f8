"""The report for a doctor's visit: one or two pages of A4, as PDF.

It is set by Typst, in this process and without network, with fonts that come along; so the same
tables give the same bytes on every machine. Only a name in a script which those fonts lack is
shown in the fonts of the machine. It is tagged (PDF/UA-1), so that it can be read aloud.

EmptyReportError     there is no data at all to report on
TypesettingError     the pages could not be made: a defect of this program
"""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import typst

from adapters import AdapterError
from adapters.publishing.report_content import content_of, period_of
from adapters.publishing.tables import Publication
from dataflows.guidelines import DEFAULT_GUIDELINE

if TYPE_CHECKING:
    from typst import PDFStandard

OUTPUTS: Final = ("daily_metrics", "blood_pressure_readings", "sleep_sessions")
OPTIONAL_OUTPUTS: Final = (
    "home_blood_pressure",
    "blood_pressure_days",
    "blood_pressure_alerts",
    "heart_rate_days",
    "sleep_nights",
    "sleep_regularity",
    "annotations",
    "period_comparisons",
    "trends",
    "source_coverage",
    "rejected_rows",
    "shadowed_rows",
)
_ACCESSIBLE: Final[list["PDFStandard"]] = ["ua-1"]
_LACKS_CHARACTER: Final = "could not be displayed"
_LACKING: Final = (
    "no font of this machine has every character of the name or the notes, so some are shown as "
    "boxes; install a font that has them"
)
_TEMPLATE: Final = Path(__file__).with_name("report.typ")


class _LackingCharacterError(Exception):
    """A character is in none of the fonts."""


class EmptyReportError(AdapterError):
    """The generation holds no day with data, and no period was asked for."""

    exit_code = 2

    def __init__(self) -> None:
        super().__init__("there is no data to report on; import exports, run, then try again")


class TypesettingError(AdapterError):
    """Typst refused the template or what was put into it."""

    def __init__(self) -> None:
        super().__init__("the report could not be typeset; a defect of this program: report it")


@dataclass(frozen=True)
class Report:
    """A report, and what people should know beside it.

    Attributes:
        pdf: Its bytes.
        warnings: What could not be shown as it is.
    """

    pdf: bytes
    warnings: tuple[str, ...] = ()


def report_of(
    tables: Mapping[str, pa.Table],
    source: Publication,
    *,
    name: str = "",
    guideline: str = DEFAULT_GUIDELINE,
    first: date | None = None,
    last: date | None = None,
) -> Report:
    """The report on some days.

    Args:
        tables: The published tables by name, whole: `OUTPUTS`, and those of `OPTIONAL_OUTPUTS`
            that the generation has.
        source: The generation that they came from.
        name: What the person is called; empty for no name.
        guideline: Whose bands, protocol and line are used.
        first: The first day; the ninetieth before the last when left out.
        last: The last day; the newest with data when left out.

    Raises:
        EmptyReportError: There is no data, and no day was asked for.
        UnknownGuidelineError: There is no such guideline.
    """
    period = period_of([tables["daily_metrics"], tables["blood_pressure_readings"]], first, last)
    if period is None:
        raise EmptyReportError
    return _typeset(content_of(tables, source, name, guideline, period))


def _typeset(content: Mapping[str, Any]) -> Report:
    """The pages, in the fonts of the machine only if those that come along lack a character."""
    inputs = {"report": json.dumps(content, ensure_ascii=False)}
    for ignoring in (True, False):
        with contextlib.suppress(_LackingCharacterError):
            return Report(_compiled(inputs, _ACCESSIBLE, ignores_system_fonts=ignoring))
    return Report(_compiled(inputs, [], ignores_system_fonts=False), (_LACKING,))


def _compiled(
    inputs: dict[str, str], standards: list["PDFStandard"], *, ignores_system_fonts: bool
) -> bytes:
    try:
        found = typst.compile(
            _TEMPLATE.read_bytes(),
            sys_inputs=inputs,
            format="pdf",
            ignore_system_fonts=ignores_system_fonts,
            pdf_standards=standards,
        )
    except typst.TypstError as error:
        if _LACKS_CHARACTER in str(error):
            raise _LackingCharacterError from None
        raise TypesettingError from None  # its text may quote what the report says
    assert isinstance(found, bytes)
    return found
