import stat

import pyarrow as pa
import pytest

from adapters.corrections import (
    EXCLUSIONS,
    CorrectionsError,
    add_correction,
    exclusions,
    read_corrections,
)
from registry.raw_files import NoSuchRawFileError, RawFiles
from tests.fakes.memory_index import MemoryIndex

NOW = "2025-06-30T12:00:00Z"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "corrections.csv"


@pytest.fixture
def raw_files(tmp_path):
    raw_files = RawFiles(tmp_path / "raw", MemoryIndex())
    archive = raw_files.add_stream([b"PK\x03\x04"], "export.zip", stored_utc=NOW).entry
    for name in ("export.zip/a.csv", "b.csv"):
        container = archive.sha256 if "/" in name else None
        raw_files.add_stream([name.encode()], name, stored_utc=NOW, container=container)
    return raw_files


def rows(path, raw_files):
    found = exclusions(read_corrections(path), raw_files, path)
    assert found.problems == []
    return [tuple(row.values()) for row in found.table.to_pylist()]


def test_without_a_file_nothing_is_left_out(path, raw_files):
    found = exclusions(read_corrections(path), raw_files, path)
    assert found.table.equals(EXCLUSIONS.empty_table())


def test_rows_are_found_by_name_and_hash_sorted_and_unique(path, raw_files):
    a, b = raw_files.find("a.csv").sha256, raw_files.find("b.csv").sha256
    path.write_text(
        f"file,row,reason\nb.csv,12,first\nexport.zip/a.csv,3,\n{b[:8]},12,second\n{b},2,late\n"
    )
    expected = sorted([(a, 3, ""), (b, 2, "late"), (b, 12, "first")])
    assert rows(path, raw_files) == expected
    assert exclusions(read_corrections(path), raw_files, path).table.schema == EXCLUSIONS


@pytest.mark.parametrize(
    "text",
    [
        "file;row;reason\r\nb.csv;7;a, b\r\n",
        '\ufeffFile,Row,Reason\nb.csv, 7 ,"a, b"\n',
        "reason\trow\twhen\tfile\na, b\t7\ttoday\tb.csv",
        '\n\nfile,row,reason\n\n,,\nb.csv,7,"a, b"\n\n',
    ],
)
def test_what_spreadsheet_programs_make_of_it_is_read(path, raw_files, text):
    path.write_bytes(text.encode())
    assert rows(path, raw_files) == [(raw_files.find("b.csv").sha256, 7, "a, b")]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("file,row\nb.csv,7\n", "no column reason; its first row has to be file,row,reason"),
        ("b.csv,7,x\n", "no column file, row, reason"),
        ("file,row,reason\nb.csv,0,x\n", "row 2: '0' is no row"),
        ("file,row,reason\n\nb.csv,seven,x\n", "row 3: 'seven' is no row"),
        ("file,row,reason\nb.csv,2147483648,x\n", "row 2: '2147483648' is no row"),
        ("file,row,reason\nb.csv," + "9" * 5000 + ",x\n", "is no row"),
        ("file,row,reason\nb.csv,7.5,x\n", "row 2: '7.5' is no row"),
        ("file,row,reason\nb.csv,-1,x\n,4,x\n", "row 2: '-1' is no row.*; row 3: no file"),
        ("file,row,reason\nb.csv\n", "row 2: '' is no row"),
        ('file,row,reason\nb.csv,7,"open\n', "row 2: a quotation mark"),
    ],
)
def test_a_bad_row_is_named(path, text, problem):
    path.write_text(text)
    with pytest.raises(CorrectionsError, match=problem) as caught:
        read_corrections(path)
    assert str(caught.value).startswith(str(path))
    assert caught.value.exit_code == 2


def test_a_file_that_is_not_utf8_or_no_file_is_refused(path):
    path.write_bytes("file,row,reason\nb.csv,7,zu früh\n".encode("cp1252"))
    with pytest.raises(CorrectionsError, match="UTF-8"):
        read_corrections(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(CorrectionsError, match="cannot be read"):
        read_corrections(path)


def test_a_row_of_a_file_that_is_unknown_or_an_archive_is_reported(path, raw_files):
    path.write_text("file,row,reason\nab.csv,7,x\nb.csv,7,x\nexport.zip,7,x\n")
    found = exclusions(read_corrections(path), raw_files, path)
    assert found.table.num_rows == 1
    unknown, archive = found.problems
    assert unknown.startswith(f"{path}: row 2: ab.csv: no such file")
    assert "b.csv" in unknown
    assert archive.startswith(f"{path}: row 4: export.zip: it is an archive")
    assert archive.endswith("name the file within it: export.zip/a.csv")


def test_a_correction_is_added_by_hash_and_read_back(path, raw_files):
    entry = raw_files.find("b.csv")
    assert add_correction(path, raw_files, "b.csv", 7, "wrong\n cuff, size")
    assert path.read_text() == f'file,row,reason\n{entry.sha256},7,"wrong cuff, size"\n'
    assert rows(path, raw_files) == [(entry.sha256, 7, "wrong cuff, size")]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_correction_that_is_there_is_not_added_again(path, raw_files):
    path.write_text("file,row,reason\nb.csv,7,mine\n")
    before = path.stat().st_mtime_ns
    assert not add_correction(path, raw_files, raw_files.find("b.csv").sha256[:10], 7, "other")
    assert path.stat().st_mtime_ns == before
    assert add_correction(path, raw_files, "b.csv", 8, "other")


@pytest.mark.parametrize(
    ("text", "added"),
    [
        ("", "file,row,reason\n{},7,x\n"),
        ("\ufeff\r\n", "file,row,reason\n{},7,x\n"),
        ("file,row,reason\nb.csv,1,no end", "file,row,reason\nb.csv,1,no end\n{},7,x\n"),
        ("\ufeffReason;Row;Note;File\r\n", "\ufeffReason;Row;Note;File\r\nx;7;;{}\r\n"),
    ],
)
def test_a_row_is_added_in_the_way_of_the_file(path, raw_files, text, added):
    path.write_bytes(text.encode())
    assert add_correction(path, raw_files, "b.csv", 7, "x")
    assert path.read_bytes().decode() == added.format(raw_files.find("b.csv").sha256)
    assert (raw_files.find("b.csv").sha256, 7, "x") in rows(path, raw_files)


@pytest.mark.parametrize("row", [0, -1, 2**31])
def test_a_row_that_is_none_is_refused(path, raw_files, row):
    with pytest.raises(CorrectionsError, match="from 1"):
        add_correction(path, raw_files, "b.csv", row, "x")
    assert not path.exists()


def test_a_file_that_is_unknown_or_unreadable_changes_nothing(path, raw_files):
    with pytest.raises(NoSuchRawFileError):
        add_correction(path, raw_files, "zz.csv", 7, "x")
    path.write_text("nonsense\n")
    with pytest.raises(CorrectionsError):
        add_correction(path, raw_files, "b.csv", 7, "x")
    assert path.read_text() == "nonsense\n"


def test_the_table_is_what_the_flow_takes(path, raw_files):
    path.write_text("file,row,reason\nb.csv,7,x\n")
    table = exclusions(read_corrections(path), raw_files, path).table
    assert table.schema.types == [pa.string(), pa.int32(), pa.string()]
