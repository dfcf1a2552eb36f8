"""Workbooks put together from their XML parts, as different programs write them."""

import io
import zipfile

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"

_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
ONE = '<row r="1"><c r="A1"><v>1</v></c></row>'
_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"


def zipped(parts):
    """A zip of name -> text or bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def relations(*pairs):
    told = "".join(
        f'<Relationship Id="r{number}" Type="{_RELATION}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(pairs)
    )
    return f'<Relationships xmlns="{_PACKAGE}">{told}</Relationships>'


def styles(*codes, built_in=()):
    """A style sheet: style 0 is plain, then come the codes, then the built-in formats."""
    formats = "".join(
        f'<numFmt numFmtId="{number}" formatCode="{code}"/>'
        for number, code in enumerate(codes, 164)
    )
    used = [0, *range(164, 164 + len(codes)), *built_in]
    cells = "".join(f'<xf numFmtId="{number}"/>' for number in used)
    return (
        f'<styleSheet xmlns="{MAIN}"><numFmts>{formats}</numFmts>'
        f'<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs>{cells}</cellXfs></styleSheet>'
    )


def xlsx_parts(
    *sheets, strings="", style=None, properties="", main=MAIN, after="", names=("S0", "S1", "S2")
):
    """The parts of a workbook whose sheets have this XML in `sheetData`."""
    files = [f"worksheets/sheet{number}.xml" for number in range(len(sheets))]
    tabs = "".join(
        f'<sheet name="{names[number]}" sheetId="{number + 1}" r:id="r{number}"/>'
        for number in range(len(sheets))
    )
    beside = [("sharedStrings", "sharedStrings.xml"), ("styles", "styles.xml")]
    return {
        "[Content_Types].xml": f'<Types xmlns="{_TYPES}">'
        f'<Default Extension="xml" ContentType="{_WORKBOOK}"/></Types>',
        "_rels/.rels": relations(("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{_RELATION}">{properties}'
        f"<sheets>{tabs}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": relations(*(("worksheet", name) for name in files), *beside),
        "xl/sharedStrings.xml": f'<sst xmlns="{main}">{strings}</sst>',
        "xl/styles.xml": style or styles(),
        **{
            f"xl/{name}": f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData>{after}'
            "</worksheet>"
            for name, rows in zip(files, sheets, strict=True)
        },
    }


def xlsx(*sheets, **options):
    return zipped(xlsx_parts(*sheets, **options))


_NAMES = {
    "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
    "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
    "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
    "draw": "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0",
    "calcext": "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0",
}
_ODS_TYPE = "application/vnd.oasis.opendocument.spreadsheet"


def ods(rows, *, title="Log", manifest="", before=""):
    """An OpenDocument workbook of one table with these rows."""
    spaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in _NAMES.items())
    content = (
        f"<office:document-content {spaces}><office:body><office:spreadsheet>{before}"
        f'<table:table table:name="{title}">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    return zipped(
        {
            "mimetype": _ODS_TYPE,
            "content.xml": content,
            "META-INF/manifest.xml": f"<manifest>{manifest}</manifest>",
        }
    )
