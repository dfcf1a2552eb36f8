"""Workbooks as Excel, LibreOffice, Google Sheets and libraries write them, and what is no such."""

import contextlib
import io
import json
import zipfile
from datetime import date, datetime, time

import openpyxl
import pytest
import python_calamine
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sources.workbooks import sheets_of
from adapters.sources.workbooks.number_formats import kind_of
from adapters.sources.zips import ArchiveError
from tests.adapters.sources.workbook_parts import ONE, STRICT, ods, styles, xlsx, xlsx_parts, zipped
from tests.emulators.sheets import serial


def sheets(content):
    """Title -> row number -> cells."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        found = [(sheet.title, sheet.content()) for sheet in sheets_of(archive)]
    told = {title: map(json.loads, text.splitlines()[1:]) for title, text in found}
    return {title: dict(lines) for title, lines in told.items()}


def rows(content):
    (found,) = sheets(content).values()
    return found


def reason(content):
    with pytest.raises(ArchiveError) as told:
        sheets(content)
    return str(told.value)


def cells(*xml):
    """The cells of row 1, of a sheet with these."""
    return rows(xlsx(f'<row r="1">{"".join(xml)}</row>'))[1]


# -- Office Open XML ------------------------------------------------------------------------------


def test_shared_strings_join_their_runs_and_leave_reading_aids_out():
    strings = (
        "<si><t>date</t></si>"
        '<si><r><t>sys</t></r><r><rPr><b/></rPr><t xml:space="preserve"> mmHg</t></r></si>'
        "<si><t>脈拍</t><rPh sb='0' eb='2'><t>ミャクハク</t></rPh></si>"
    )
    cell = '<c r="{0}1" t="s"><v>{1}</v></c>'
    row = "".join(cell.format(column, number) for number, column in enumerate("ABC"))
    found = rows(xlsx(f'<row r="1">{row}</row>', strings=strings))
    assert found == {1: ["date", "sys mmHg", "脈拍"]}


def test_a_cell_is_what_its_program_says_it_is():
    assert cells(
        '<c t="inlineStr"><is><t>a_x000D_\n</t></is></c>',
        '<c t="str"><f>A1</f><v>x</v></c>',
        '<c t="e"><v>#N/A</v></c>',
        '<c t="b"><v>1</v></c>',
        "<c><v>120</v></c>",
        "<c><v>36.6</v></c>",
        "<c><v>1.2E2</v></c>",
    ) == ["a\r\n", "x", "#N/A", True, 120, 36.6, 120.0]


def test_a_formula_gives_its_last_value_or_itself_if_it_never_had_one():
    assert cells(
        "<c><f>B1*2</f><v>240</v></c>",
        "<c><f>B1+1</f></c>",
        "<c><f>B1+2</f><v/></c>",
        '<c t="str"><f>""</f><v></v></c>',
        '<c t="e"><f>1/0</f><v>#DIV/0!</v></c>',
    ) == [240, "=B1+1", "=B1+2", None, "#DIV/0!"]


def test_a_cell_that_is_not_what_it_should_be_is_its_text_and_costs_no_other():
    assert cells("<c><v>many</v></c>", '<c t="d"><v>soon</v></c>', "<c><v>1</v></c>") == [
        "many",
        "soon",
        1,
    ]
    found = rows(ods(ods_row(ods_cell("date", "soon", "4.3."), ods_cell("float", "1", "1"))))
    assert found == {1: ["4.3.", 1]}


def test_rows_and_cells_without_a_place_follow_the_one_before():
    found = rows(
        xlsx(
            "<row><c><v>1</v></c><c/><c><v>2</v></c></row><row/>"
            '<row r="7"><c><v>3</v></c></row><row><c><v>4</v></c></row>'
        )
    )
    assert found == {1: [1, None, 2], 7: [3], 8: [4]}


def test_hidden_rows_and_sheets_count_and_charts_do_not():
    parts = xlsx_parts('<row r="3" hidden="1"><c r="B3"><v>1</v></c></row>', '<row r="1"/>')
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace("<sheet ", '<sheet state="hidden" ')
    assert sheets(zipped(parts)) == {"S0": {3: [None, 1]}}
    relations = "xl/_rels/workbook.xml.rels"
    parts[relations] = parts[relations].replace(
        "relationships/worksheet", "relationships/chartsheet"
    )
    assert sheets(zipped(parts)) == {}


@pytest.mark.parametrize("prefix", ["", "x:"])
def test_a_strict_workbook_is_read_whatever_its_prefix(prefix):
    row = f'<{prefix}row r="1"><{prefix}c r="A1" t="d"><{prefix}v>2025-03-04T07:30:00</{prefix}v>'
    content = xlsx(f"{row}</{prefix}c></{prefix}row>", main=STRICT)
    if prefix:
        parts = xlsx_parts("")
        parts["xl/worksheets/sheet0.xml"] = (
            f'<x:worksheet xmlns:x="{STRICT}"><x:sheetData>{row}</x:c></x:row></x:sheetData>'
            "</x:worksheet>"
        )
        content = zipped(parts)
    assert rows(content) == {1: [{"moment": serial(datetime(2025, 3, 4, 7, 30))}]}  # noqa: DTZ001


def test_names_of_parts_may_have_backslashes_and_another_letter_case():
    parts = xlsx_parts('<row r="1"><c r="A1"><v>1</v></c></row>')
    odd = {
        name.replace("/", "\\").replace("sheet0", "Sheet0"): part for name, part in parts.items()
    }
    assert rows(zipped(odd)) == {1: [1]}


DATED = "".join(
    f'<c r="{column}1" s="{style}"><v>{value}</v></c>'
    for column, style, value in [
        ("A", 1, 45838.25),
        ("B", 2, 45838),
        ("C", 3, 0.25),
        ("D", 0, 45838),
    ]
)


@pytest.mark.parametrize(
    ("properties", "shift"),
    [("", 0), ('<workbookPr date1904="1"/>', 1462), ('<workbookPr date1904="false"/>', 0)],
)
def test_both_date_systems_count_from_one_day_and_a_time_has_none(properties, shift):
    style = styles("yyyy\\-mm\\-dd hh:mm", built_in=(14, 20))
    found = rows(xlsx(f'<row r="1">{DATED}</row>', style=style, properties=properties))
    assert found == {
        1: [{"moment": 45838.25 + shift}, {"date": 45838 + shift}, {"time": 0.25}, 45838]
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2025-03-04", {"date": 45720}),
        ("2025-03-04T06:00:00Z", {"moment": 45720.25}),
        ("06:00:00.000", {"time": 0.25}),
    ],
)
def test_a_date_in_iso_8601_is_a_serial_number_too(text, value):
    assert cells(f'<c t="d"><v>{text}</v></c>') == [value]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("General", None),
        ("0.00", None),
        ('0 "days"', None),
        ('#,##0.00 "Dhs"', None),
        ("[Red]0", None),
        ("@", None),
        ("", None),
        ("0.00E+00", None),
        ("yyyy\\-mm\\-dd", "date"),
        ("[$-407]d. mmmm yyyy", "date"),
        ('[$-409]d"th of" mmm', "date"),
        ("dd/mm/yyyy;@", "date"),
        ("m/d", "date"),
        ('yyyy"年"m"月"d"日"', "date"),
        ("mm", "date"),
        ("hh:mm", "time"),
        ("[$-409]h:mm AM/PM;@", "time"),
        ("[h]:mm:ss", "time"),
        ("mm:ss.0", "time"),
        ("ss.000", "time"),
        ('h"時"mm"分"', "time"),
        ("yyyy-mm-dd hh:mm", "moment"),
        ("dd.mm.yy\\ h:mm", "moment"),
    ],
)
def test_a_number_format_tells_dates_and_times_from_numbers(code, kind):
    assert kind_of(164, code) == kind


@pytest.mark.parametrize(
    ("number", "kind"),
    [(0, None), (2, None), (14, "date"), (18, "time"), (22, "moment"), (31, "date"), (33, "time"),
     (46, "time"), (49, None), (57, "date"), (400, None)],
)  # fmt: skip
def test_built_in_formats_need_no_code(number, kind):
    assert kind_of(number, None) == kind


def test_merged_cells_say_the_same_in_each_row_that_has_others():
    row = '<row r="{0}"><c r="A{0}">{1}</c><c r="B{0}"><v>{0}</v></c></row>'
    data = row.format(1, "<v>45838</v>") + row.format(2, "") + row.format(5, "") + row.format(6, "")
    merged = '<mergeCells><mergeCell ref="A1:A5"/><mergeCell ref="B1"/></mergeCells>'
    found = rows(xlsx(data, after=merged))
    assert found == {1: [45838, 1], 2: [45838, 2], 5: [45838, 5], 6: [None, 6]}


def test_a_sheet_with_a_million_empty_rows_costs_nothing():
    content = xlsx(
        '<row r="1"><c r="A1"><v>1</v></c></row>'
        '<row r="1048576"><c r="A1048576"><v>2</v></c><c r="XFD1048576"><v>3</v></c></row>'
    )
    assert rows(content) == {1: [1], 1048576: [2]}


# -- OpenDocument ---------------------------------------------------------------------------------


def ods_cell(kind, value, shown, *attributes):
    name = {"float": "value", "boolean": "boolean-value"}.get(kind, f"{kind}-value")
    told = f'office:value-type="{kind}" office:{name}="{value}" {" ".join(attributes)}'
    return f"<table:table-cell {told}><text:p>{shown}</text:p></table:table-cell>"


def ods_row(*found, repeated=1):
    attribute = f' table:number-rows-repeated="{repeated}"' if repeated > 1 else ""
    return f"<table:table-row{attribute}>{''.join(found)}</table:table-row>"


EMPTY = '<table:table-cell table:number-columns-repeated="{}"/>'


def test_open_document_cells_are_typed_too():
    found = rows(
        ods(
            ods_row(
                ods_cell("date", "2025-03-04", "04.03.25"),
                ods_cell("date", "2025-03-04T00:00:00", "04.03.25 00:00"),
                ods_cell("date", "2025-03-04T07:30:00", "2025-03-04"),
                ods_cell("time", "PT07H30M00S", "07:30"),
                ods_cell("float", "128.5", "128,50"),
                ods_cell("float", "82", "82"),
                ods_cell("boolean", "true", "WAHR"),
                "<table:table-cell office:value-type='string'>"
                "<text:p>a<text:s text:c='2'/>b</text:p><text:p>c</text:p></table:table-cell>",
                ods_cell("string", "", "#N/A", 'calcext:value-type="error"'),
                ods_cell("float", "0", "Err:502"),
            )
        )
    )
    moment = serial(datetime(2025, 3, 4, 7, 30))  # noqa: DTZ001
    assert found[1] == [
        {"date": 45720}, {"moment": 45720}, {"date": moment}, {"time": 0.3125}, 128.5, 82, True,
        "a  b\nc", "#N/A", "Err:502",
    ]  # fmt: skip


def test_alike_rows_and_cells_that_stand_once_are_as_many_as_they_are():
    one = ods_cell("float", "1", "1", 'table:number-columns-repeated="2"')
    found = rows(
        ods(
            ods_row(EMPTY.format(3), repeated=2)
            + ods_row(EMPTY.format(1), one, EMPTY.format(16381), repeated=3)
            + ods_row(EMPTY.format(16384), repeated=1048000)
            + ods_row(one)
        )
    )
    assert found == {3: [None, 1, 1], 4: [None, 1, 1], 5: [None, 1, 1], 1048006: [1, 1]}


def test_comments_shapes_and_recorded_changes_are_no_cells():
    note = "<office:annotation><text:p>who</text:p></office:annotation>"
    shape = "<draw:frame><draw:text-box><text:p>box</text:p></draw:text-box></draw:frame>"
    cell = f"<table:table-cell office:value-type='string'>{note}{shape}<text:p>x</text:p>"
    gone = f"<table:tracked-changes><table:deletion>{ods_cell('float', '9', '9')}</table:deletion>"
    content = ods(ods_row(cell + "</table:table-cell>"), before=f"{gone}</table:tracked-changes>")
    assert rows(content) == {1: ["x"]}


def test_merged_cells_of_an_open_document_say_the_same_too():
    head = ods_cell("date", "2025-03-04", "4.3.", 'table:number-rows-spanned="2"')
    covered = "<table:covered-table-cell/>"
    one = ods_cell("float", "1", "1")
    found = rows(ods(ods_row(head, one) + ods_row(covered, one)))
    assert found == {1: [{"date": 45720}, 1], 2: [{"date": 45720}, 1]}


# -- what cannot be used --------------------------------------------------------------------------


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><worksheet>&b;</worksheet>'


def with_part(name, content, rows=ONE):
    return zipped(xlsx_parts(rows) | {name: content})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (with_part("xl/worksheets/sheet0.xml", BOMB), "defines entities"),
        (with_part("xl/worksheets/sheet0.xml", "<worksheet><sheetData>"), "damaged"),
        (with_part("xl/styles.xml", "<styleSheet><numFmts></styleSheet>"), "damaged"),
        (xlsx('<row r="1"><c r="A1" t="s"><v>7</v></c></row>'), "damaged"),
        (xlsx('<row r="1"><c r="A1" t="s"><v>-1</v></c></row>'), "damaged"),
        (xlsx('<row r="1"><c r="??"><v>1</v></c></row>'), "damaged"),
        (xlsx('<row r="99999999"><c><v>1</v></c></row>'), "more rows"),
        (ods(ods_row(ods_cell("time", "PT", "") + "<table:table-cell")), "damaged"),
        (ods("", manifest="<file-entry><encryption-data/></file-entry>"), "has a password"),
        (zipped({"mimetype": "x", "encrypted-package": "?"}), "has a password"),
        (zipped({"mimetype": "application/vnd.oasis.opendocument.text"}), "no workbook"),
        (zipped({"[Content_Types].xml": "", "word/document.xml": ""}), "no workbook"),
        (zipped({"[Content_Types].xml": "", "xl/workbook.bin": ""}), "no workbook"),
        (zipped({"Index/Document.iwa": ""}), "no workbook"),
    ],
)
def test_what_cannot_be_used_says_why(content, told):
    assert told in reason(content)


def test_a_workbook_that_unpacks_to_too_much_is_not_unpacked(monkeypatch):
    monkeypatch.setattr("adapters.sources.workbooks.parts.LARGEST_BYTES", 1 << 10)
    assert "unpacks to more than" in reason(with_part("xl/styles.xml", " " * 2000))


WIDE = "".join(f'<row r="{n}"><c r="IV{n}"><v>1</v></c></row>' for n in range(1, 6))
MERGED = '<mergeCell ref="A1:A2"/>' * 1001


@pytest.mark.parametrize(
    "content",
    [
        xlsx(WIDE),
        xlsx(*[WIDE[: len(WIDE) // 5 * 2]] * 3),
        xlsx(ONE, strings="<si/>" * 1001),
        xlsx(ONE, style=styles(built_in=[0] * 1001)),
        xlsx(ONE, after=f"<mergeCells>{MERGED}</mergeCells>"),
        ods(ods_row(ods_cell("float", "1", "1"), repeated=10**9)),
        ods("", before='<table:table table:name="x"/>' * 1001),
    ],
    ids=["cells", "cells of all sheets", "strings", "styles", "merges", "repeated", "sheets"],
)
def test_what_would_fill_the_memory_is_refused_before_it_does(monkeypatch, content):
    monkeypatch.setattr("adapters.sources.workbooks.parts.MOST_ITEMS", 1000)
    assert "than a log can have" in reason(content)


@settings(max_examples=150)
@given(st.data())
def test_a_damaged_workbook_is_read_or_refused_and_nothing_else(data):
    name = data.draw(st.sampled_from(["xl/workbook.xml", "xl/styles.xml", "xl/sharedStrings.xml",
        "xl/worksheets/sheet0.xml", "_rels/.rels", "xl/_rels/workbook.xml.rels"]))  # fmt: skip
    parts = xlsx_parts(f'<row r="1">{DATED}</row>', style=styles("yyyy", built_in=(14,)),
                       after='<mergeCells><mergeCell ref="A1:A3"/></mergeCells>')  # fmt: skip
    text = bytearray(parts[name].encode())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(text) - 1))
        text[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with contextlib.suppress(ArchiveError):
        sheets(zipped(parts | {name: bytes(text)}))


# -- beside two libraries -------------------------------------------------------------------------

VALUES = st.one_of(
    st.none(),
    st.integers(-(10**9), 10**9),
    st.floats(-1e6, 1e6).map(lambda value: round(value, 6)).filter(lambda v: not v.is_integer()),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=9)
    .filter(lambda text: not text.startswith(("=", "#")) and text.strip() == text),
    st.booleans(),
    st.dates(date(1905, 1, 1), date(2199, 12, 31)),
    st.times().map(lambda found: found.replace(microsecond=0)),
    st.datetimes(datetime(1905, 1, 1), datetime(2199, 12, 31)).map(  # noqa: DTZ001
        lambda found: found.replace(microsecond=0)
    ),
)  # fmt: skip


def written(table, epoch):
    """A workbook that openpyxl wrote."""
    book = openpyxl.Workbook()
    book.epoch = epoch
    for cells in table:
        book.active.append(cells)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def seconds(value):
    """A date, time or both, rounded to seconds."""
    if isinstance(value, time):
        value = datetime.combine(date(1899, 12, 30), value)
    elif not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return round((value - datetime(1899, 12, 30)).total_seconds())  # noqa: DTZ001


def ours(value):
    """A typed cell as a value to compare."""
    if isinstance(value, dict):
        ((kind, days),) = value.items()
        return (kind, round(days * 86_400))
    return value


def told(value):
    """What was written, in the same form."""
    if isinstance(value, datetime):
        return ("moment", seconds(value))
    if isinstance(value, date):
        return ("date", seconds(value))
    return ("time", seconds(value)) if isinstance(value, time) else value


def as_library(value):
    """What a library gives, which tells no kind where the time is midnight."""
    return seconds(value) if isinstance(value, date | time) else value


TABLES = st.lists(st.lists(VALUES, min_size=1, max_size=5), min_size=1, max_size=6)
EPOCHS = st.sampled_from([datetime(1899, 12, 30), datetime(1904, 1, 1)])  # noqa: DTZ001


@settings(max_examples=60)
@given(TABLES, EPOCHS)
def test_random_workbooks_come_back_as_they_were_written(table, epoch):
    found = sheets(written(table, epoch)).get("Sheet", {})
    expected = {}
    for number, cells in enumerate(table, 1):
        values = list(map(told, cells))
        while values and values[-1] is None:
            values.pop()
        if values:
            expected[number] = values
    assert {number: list(map(ours, cells)) for number, cells in found.items()} == expected


@settings(max_examples=30)
@given(TABLES, EPOCHS)
def test_random_workbooks_are_what_calamine_and_openpyxl_see_in_them(table, epoch):
    content = written(table, epoch)
    found = sheets(content).get("Sheet", {})
    plain = {
        number: [None if v is None else ours(v)[1] if isinstance(v, dict) else v for v in cells]
        for number, cells in found.items()
    }
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    assert plain == _numbered(book.active.iter_rows(values_only=True))
    opened = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    calamine = opened.get_sheet_by_index(0).to_python(skip_empty_area=False)
    assert plain == _numbered([[None if v == "" else v for v in row] for row in calamine])


def _numbered(lines):
    """Row number -> cells as a library gives them, without what is empty at the end."""
    found = {}
    for number, cells in enumerate(lines, 1):
        values = list(map(as_library, cells))
        while values and values[-1] is None:
            values.pop()
        if values:
            found[number] = values
    return found


def test_what_the_libraries_lose_is_kept():
    midnight = datetime(2025, 3, 4)  # noqa: DTZ001
    content = written([[midnight, time(0, 0), "#N/A"]], datetime(1899, 12, 30))  # noqa: DTZ001
    opened = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    assert opened.get_sheet_by_index(0).to_python()[0] == [midnight.date(), time(0, 0), ""]
    assert rows(content) == {1: [{"moment": 45720}, {"time": 0}, "#N/A"]}
    style = styles(built_in=(14,)).replace(
        "<cellXfs>", "<fonts><font><family val='99'/></font></fonts><cellXfs>"
    )
    odd = xlsx('<row r="1"><c r="A1" s="1"><v>45720</v></c></row>', style=style)
    with pytest.raises(ValueError, match="Unable to read workbook"):
        openpyxl.load_workbook(io.BytesIO(odd))
    assert rows(odd) == {1: [{"date": 45720}]}
