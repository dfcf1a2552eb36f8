import io
import stat
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import pyzipper
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.sources.archives import Archives, Limits
from adapters.sources.inbox import Inbox, import_paths
from registry.raw_files import RawFiles
from tests.adapters.sources.workbook_parts import ONE, xlsx
from tests.fakes.memory_index import MemoryIndex

NOW = "2025-06-30T12:00:00Z"
LATER = "2025-07-01T12:00:00Z"
# A member encrypted the old way: Python writes none, so this one was made with Info-ZIP's zip.
ZIPCRYPTO = Path(__file__).with_name("zipcrypto.zip")


def zipped(*members, compression=zipfile.ZIP_DEFLATED):
    """A zip of (name or ZipInfo, content) pairs."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def encrypted(password, *members, bits=256):
    buffer = io.BytesIO()
    with pyzipper.AESZipFile(buffer, "w", pyzipper.ZIP_DEFLATED) as archive:
        archive.setpassword(password)
        archive.setencryption(pyzipper.WZ_AES, nbits=bits)
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "me" / "inbox"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def raw_files(tmp_path):
    return RawFiles(tmp_path / "me" / "raw", MemoryIndex())


@pytest.fixture
def collect(inbox, raw_files):
    def run(content=None, *, name="export.zip", passwords=None, stored_utc=NOW):
        if content is not None:
            (inbox / name).write_bytes(content)
        report = Inbox(inbox, passwords).collect(raw_files, stored_utc=stored_utc)
        return [(file.name, file.status) for file in report.files]

    return run


@pytest.fixture
def reasons(inbox, raw_files):
    def run(content, passwords=None):
        (inbox / "export.zip").write_bytes(content)
        report = Inbox(inbox, passwords).collect(raw_files, stored_utc=NOW)
        return {file.name: file.reason for file in report.files if file.reason}

    return run


def stored(raw_files):
    """Name -> bytes of what the flow would parse."""
    return {
        entry.name: raw_files.path(entry.sha256).read_bytes()
        for entry in raw_files.entries()
        if entry.kind == "file"
    }


def test_an_archive_and_each_of_its_members_become_raw_files(collect, raw_files):
    content = zipped(("SLEEP/a.csv", b"1"), ("b.csv", b"2"))
    assert collect(content) == [
        ("export.zip", "stored"),
        ("export.zip/SLEEP/a.csv", "stored"),
        ("export.zip/b.csv", "stored"),
    ]
    archive = raw_files.find("export.zip")
    assert archive.kind == "archive"
    assert raw_files.path(archive.sha256).read_bytes() == content
    assert stored(raw_files) == {"export.zip/SLEEP/a.csv": b"1", "export.zip/b.csv": b"2"}
    for name in stored(raw_files):
        assert raw_files.find(name).container == archive.sha256


def test_an_archive_is_unpacked_once(collect, raw_files, monkeypatch):
    content = zipped(("a.csv", b"1"))
    collect(content)
    monkeypatch.setattr("adapters.sources.archives.opened", None)
    assert collect() == [("export.zip", "known")]
    assert collect(content, name="copy.zip") == [("copy.zip", "known"), ("export.zip", "known")]


def test_a_newer_archive_adds_only_what_is_new(collect, raw_files):
    collect(zipped(("a.csv", b"1"), ("b.csv", b"2")), name="old.zip")
    assert collect(zipped(("a.csv", b"1"), ("b.csv", b"3")), name="new.zip", stored_utc=LATER) == [
        ("new.zip", "stored"),
        ("new.zip/a.csv", "known"),
        ("new.zip/b.csv", "stored"),
        ("old.zip", "known"),
    ]
    assert raw_files.names(raw_files.find("old.zip/a.csv")) == ["old.zip/a.csv", "new.zip/a.csv"]


def test_a_member_whose_copy_is_lost_is_unpacked_again(collect, raw_files):
    collect(zipped(("a.csv", b"1")))
    raw_files.path(raw_files.find("a.csv").sha256).unlink()
    collect()
    assert stored(raw_files) == {"export.zip/a.csv": b"1"}


def test_a_lost_index_costs_one_unpacking_and_changes_nothing(collect, inbox, raw_files):
    collect(zipped(("a.csv", b"1")))
    rebuilt = RawFiles(raw_files.root, MemoryIndex())
    rebuilt.rebuild()
    Inbox(inbox).collect(rebuilt, stored_utc=LATER)
    assert rebuilt.entries() == raw_files.entries()


A, B = ONE.replace("<v>1", "<v>2"), ONE


def test_each_sheet_of_a_workbook_becomes_a_raw_file_and_an_equal_one_is_known(collect, raw_files):
    assert collect(xlsx(A, B, ""), name="log") == [
        ("log", "stored"),
        ("log/S0", "stored"),
        ("log/S1", "stored"),
    ]
    assert raw_files.find("log/S0").container == raw_files.find("log").sha256
    assert stored(raw_files) == {
        "log/S0": b'{"workbook_sheet": 1}\n[1, [2]]\n',
        "log/S1": b'{"workbook_sheet": 1}\n[1, [1]]\n',
    }
    lines = collect(zipped(("newer.xlsx", xlsx(A, B + '<row r="2"><c><v>3</v></c></row>'))))
    assert lines[1:4] == [
        ("export.zip/newer.xlsx", "stored"),
        ("export.zip/newer.xlsx/S0", "known"),
        ("export.zip/newer.xlsx/S1", "stored"),
    ]


def test_sheets_whose_names_look_alike_are_two(collect, raw_files):
    content = xlsx(A, B, names=["a/b", "a_b"])
    assert [name for name, _ in collect(content)] == ["export.zip", *["export.zip/a_b"] * 2]
    assert len(raw_files.entries()) == 3


def test_a_workbook_that_an_earlier_version_refused_or_read_otherwise_is_read_again(
    collect, raw_files, monkeypatch
):
    def with_version(version, content=None):
        monkeypatch.setattr("adapters.sources.archives._VERSION", version)
        lines = collect(content)
        return lines, [entry.name for entry in raw_files.entries() if not entry.retired]

    refused = "adapters.sources.workbooks._READERS"
    with monkeypatch.context() as patch:
        patch.setattr(refused, ())
        assert with_version(1, xlsx(A, B))[0] == [("export.zip", "failed")]
    assert sorted(with_version(2)[1]) == ["export.zip", "export.zip/S0", "export.zip/S1"]
    with monkeypatch.context() as patch:
        patch.setattr("adapters.sources.workbooks.open_xml._numbered", lambda *_: 7)
        assert len(with_version(3)[1]) == 2
    assert sorted(with_version(4)[1]) == ["export.zip", "export.zip/S0", "export.zip/S1"]


def test_a_workbook_is_held_to_the_limits_of_archives(raw_files, tmp_path):
    path = tmp_path / "log.xlsx"
    path.write_bytes(xlsx(ONE, strings=" " * 100_000))
    limits = Limits(ratio=10, ratio_matters_from_bytes=1_000)
    added = raw_files.add_path(path, "log.xlsx", stored_utc=NOW)
    (line,) = Archives(raw_files, None, stored_utc=NOW, limits=limits).open(added, "log.xlsx")
    assert "as a trap does" in line.reason


def test_a_workbook_of_empty_sheets_says_so(reasons):
    assert reasons(xlsx("", "")) == {"export.zip": "all sheets of the workbook are empty"}


def test_zips_within_zips_are_unpacked_to_a_small_depth(collect, raw_files):
    content = zipped(("d.csv", b"deep"))
    for level in range(5):
        content = zipped((f"{level}.zip", content), (f"{level}.csv", str(level).encode()))
    seen = dict(collect(content))
    assert sorted(stored(raw_files).values()) == [b"1", b"2", b"3", b"4"]
    assert list(seen.values()).count("failed") == 1
    assert seen["export.zip/4.zip/3.zip/2.zip/1.zip"] == "failed"
    assert dict(collect())["export.zip/4.zip/3.zip/2.zip/1.zip"] == "failed"


def test_an_archive_that_holds_itself_comes_to_an_end(raw_files, inbox):
    """Russ Cox's zip that holds itself, in spirit: the member's bytes are those of the archive."""
    entry = raw_files.add_stream([zipped(("a.csv", b"1"))], "r.zip", stored_utc=NOW)
    archives = Archives(raw_files, None, stored_utc=NOW)
    assert len(archives.open(entry, "r.zip")) == 2
    assert len(archives.open(entry, "r.zip")) == 1


@pytest.mark.parametrize("bits", [128, 192, 256])
def test_an_encrypted_archive_opens_with_its_password(collect, tmp_path, raw_files, bits):
    (tmp_path / "passwords").write_bytes(b"\xef\xbb\xbfwrong\r\n\r\nsw\xc3\xb6rdfish\r\nother")
    content = encrypted("swördfish".encode(), ("a.csv", b"1"), ("empty.csv", b""), bits=bits)
    assert {status for _, status in collect(content, passwords=tmp_path / "passwords")} == {
        "stored"
    }
    assert stored(raw_files) == {"export.zip/a.csv": b"1", "export.zip/empty.csv": b""}


def test_the_old_encryption_opens_too(collect, tmp_path, raw_files):
    assert collect(ZIPCRYPTO.read_bytes()) == [("export.zip", "locked")]
    (tmp_path / "passwords").write_text("swordfish")
    assert dict(collect(passwords=tmp_path / "passwords"))["export.zip/a.csv"] == "stored"
    assert stored(raw_files) == {"export.zip/a.csv": b"date,value\n" * 50}


def test_a_wrong_password_of_the_old_encryption_is_never_taken(collect, tmp_path, raw_files):
    """One of 256 wrong passwords passes the quick check."""
    (tmp_path / "passwords").write_text("\n".join(map(str, range(1000))))
    assert collect(ZIPCRYPTO.read_bytes(), passwords=tmp_path / "passwords") == [
        ("export.zip", "locked")
    ]
    assert stored(raw_files) == {}


def test_a_locked_archive_is_kept_and_opened_when_its_password_comes(
    collect, inbox, tmp_path, raw_files
):
    passwords = tmp_path / "passwords"
    content = encrypted(b"right", ("a.csv", b"1"))
    assert collect(content) == [("export.zip", "locked")]
    (inbox / "export.zip").unlink()
    passwords.write_text("wrong")
    assert collect(passwords=passwords) == [("export.zip", "locked")]
    passwords.write_text("wrong\nright\n")
    assert collect(passwords=passwords) == [("export.zip", "known"), ("export.zip/a.csv", "stored")]
    assert collect() == []


def test_a_locked_archive_that_was_forgotten_is_not_tried_again(collect, inbox, raw_files):
    collect(encrypted(b"right", ("a.csv", b"1")))
    raw_files.retire(raw_files.find("export.zip").sha256)
    assert collect() == [("export.zip", "known")]
    (inbox / "export.zip").unlink()
    assert collect() == []


def test_a_locked_archive_within_an_archive_is_tried_again(collect, tmp_path, raw_files):
    content = zipped(("in.zip", encrypted(b"right", ("a.csv", b"1"))), ("b.csv", b"2"))
    assert dict(collect(content))["export.zip/in.zip"] == "locked"
    assert collect() == [("export.zip", "known"), ("export.zip/in.zip", "locked")]
    (tmp_path / "passwords").write_text("right")
    assert dict(collect(passwords=tmp_path / "passwords"))["export.zip/in.zip/a.csv"] == "stored"


@pytest.mark.parametrize(
    ("passwords", "advice"),
    [
        (None, "write its password into a file"),
        ("absent", "No such file"),
        ("empty", "no password in the file"),
        ("wrong", "add the right one"),
    ],
)
def test_a_locked_archive_says_what_to_do_and_no_secret(reasons, tmp_path, passwords, advice):
    (tmp_path / "empty").write_text("")
    (tmp_path / "wrong").write_text("hunter2")
    path = tmp_path / passwords if passwords else None
    (reason,) = reasons(encrypted(b"right", ("a.csv", b"1")), path).values()
    assert advice in reason
    assert "PDP_ZIP_PASSWORD_FILE" in reason
    assert "hunter2" not in reason


def test_no_member_name_leads_anywhere(collect, raw_files, tmp_path):
    names = ["../../up.csv", "/abs.csv", "C:\\win\\a.csv", "a/./b//c.csv", "..", "a\nb.csv"]
    seen = collect(zipped(*[(name, name) for name in names]))
    assert [name.removeprefix("export.zip/") for name, _ in seen[1:]] == [
        "up.csv",
        "abs.csv",
        "win/a.csv",
        "a/b/c.csv",
        "unnamed",
        "a\\nb.csv",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["me"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_of_one_name_are_all_stored(collect, raw_files):
    collect(zipped(("a.csv", b"1"), ("a.csv", b"2")))
    found = [entry for entry in raw_files.entries() if entry.name == "export.zip/a.csv"]
    assert len(found) == 2


def test_what_systems_add_is_passed_over(collect):
    content = zipped(
        ("folder/", b""),
        ("win\\", b""),
        ("__MACOSX/._a.csv", b"x"),
        ("folder/.DS_Store", b"x"),
        ("Thumbs.db", b"x"),
        ("folder/a.csv", b"1"),
    )
    assert collect(content) == [("export.zip", "stored"), ("export.zip/folder/a.csv", "stored")]


def test_names_that_are_utf8_without_saying_so_are_read(collect):
    content = zipped(("NAME.csv", b"1")).replace(b"NAME.csv", "üü.csv".encode())
    assert ("export.zip/üü.csv", "stored") in collect(content)


def test_names_in_no_known_encoding_are_labels_all_the_same(collect):
    content = zipped(("NAME.csv", b"1")).replace(b"NAME", b"\xcc\xe5\xd6\xd8")
    assert [status for _, status in collect(content)] == ["stored", "stored"]


def test_names_that_lie_about_utf8_fail_the_archive_only(collect, inbox):
    (inbox / "z.csv").write_bytes(b"x")
    content = zipped(("ÄÄ.csv", b"1")).replace("ÄÄ".encode(), b"\xff\xff\xff\xff")
    assert collect(content) == [("export.zip", "failed"), ("z.csv", "stored")]


def test_a_link_within_an_archive_is_refused(collect):
    link = zipfile.ZipInfo("link.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert dict(collect(zipped((link, b"/etc/passwd"), ("a.csv", b"1")))) == {
        "export.zip": "stored",
        "export.zip/link.csv": "failed",
        "export.zip/a.csv": "stored",
    }


def test_a_damaged_member_is_told_at_each_run_and_the_others_are_stored(collect, raw_files):
    content = zipped(("a.csv", b"damaged"), ("b.csv", b"2"), compression=zipfile.ZIP_STORED)
    content = content.replace(b"damaged", b"dam\0ged")
    assert collect(content) == [
        ("export.zip", "stored"),
        ("export.zip/a.csv", "failed"),
        ("export.zip/b.csv", "stored"),
    ]
    assert collect() == [("export.zip", "known"), ("export.zip/a.csv", "failed")]
    assert stored(raw_files) == {"export.zip/b.csv": b"2"}


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (zipped(("a.csv", b"x" * 99))[:60], "download it again"),
        (b"PK\x03\x04", "download it again"),
        (zipped(), "export again"),
        (zipped(("[Content_Types].xml", b"<x/>"), ("word/document.xml", b"")), "as .xlsx or CSV"),
        (zipped(("mimetype", b"application/vnd.oasis")), "as .xlsx or CSV"),
    ],
    ids=["cut short", "four bytes", "empty", "Word", "OpenDocument"],
)
def test_an_archive_that_is_none_is_kept_and_told_at_each_run(
    reasons, raw_files, content, advice, monkeypatch
):
    for _ in range(2):
        (reason,) = reasons(content).values()
        assert advice in reason
        monkeypatch.setattr("adapters.sources.archives.opened", None)
    assert [entry.kind for entry in raw_files.entries()] == ["archive"]


def test_an_unusual_compression_says_what_to_do(reasons):
    content = bytearray(zipped(("a.csv", b"1")))
    struct.pack_into("<H", content, 8, 9)
    struct.pack_into("<H", content, content.index(b"PK\x01\x02") + 10, 9)
    assert "unpack it by hand" in reasons(bytes(content))["export.zip/a.csv"]


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_the_usual_compressions_are_read(collect, raw_files, compression):
    collect(zipped(("a.csv", b"1" * 1000), compression=compression))
    assert stored(raw_files) == {"export.zip/a.csv": b"1" * 1000}


def unpack(raw_files, content, limits):
    added = raw_files.add_stream([content], "bomb.zip", stored_utc=NOW)
    lines = Archives(raw_files, None, stored_utc=NOW, limits=limits).open(added, "bomb.zip")
    return {line.name: line.reason for line in lines if line.reason}


def test_an_archive_that_swells_is_refused_before_anything_is_unpacked(raw_files):
    content = zipped(("zeros", bytes(3_000_000)))
    limits = Limits(ratio_matters_from_bytes=1_000_000)
    assert "as a trap does" in unpack(raw_files, content, limits)["bomb.zip"]
    assert stored(raw_files) == {}


def test_a_trap_made_of_nested_archives_is_judged_as_a_whole(raw_files):
    inner = [zipped(("zeros", bytes([index]) * 900_000)) for index in range(4)]
    content = zipped(*[(f"{index}.zip", inner[index]) for index in range(4)])
    problems = unpack(raw_files, content, Limits(ratio_matters_from_bytes=1_000_000))
    assert set(problems) == {"bomb.zip/1.zip", "bomb.zip/2.zip", "bomb.zip/3.zip"}


def test_too_many_members_and_too_many_bytes_are_refused(raw_files):
    content = zipped(*[(str(index), b"1234") for index in range(10)])
    assert "more than 9 files" in unpack(raw_files, content, Limits(members=9))["bomb.zip"]
    content = zipped(*[(str(index), b"12345") for index in range(10)])
    assert "more than 49 bytes" in unpack(raw_files, content, Limits(total_bytes=49))["bomb.zip"]


def test_a_member_never_gives_more_than_it_declares(raw_files):
    content = bytearray(zipped(("zeros", bytes(3_000_000))))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", content, content.index(mark) + offset, 1000)
    problems = unpack(raw_files, bytes(content), Limits())
    assert "damaged" in problems["bomb.zip/zeros"]
    assert stored(raw_files) == {}


def test_members_share_bytes_but_not_trust(raw_files):
    """Members that overlap, as in Fifield's bomb: each counts with all that it declares."""
    single = zipped(("a", bytes(900_000)))
    end = single.index(b"PK\x01\x02")
    entry, tail = single[end:-22], bytearray(single[-22:])
    struct.pack_into("<HHI", tail, 8, 5, 5, 5 * len(entry))
    content = single[:end] + entry * 5 + tail
    assert zipfile.ZipFile(io.BytesIO(content)).namelist() == ["a"] * 5
    limits = Limits(ratio_matters_from_bytes=1_000_000)
    assert "as a trap does" in unpack(raw_files, content, limits)["bomb.zip"]


SAMPLES = [
    zipped(("a.csv", b"date,value\n" * 20), ("in.zip", zipped(("b.csv", b"2" * 50)))),
    encrypted(b"right", ("a.csv", b"date,value\n" * 20)),
    zipped(("a.csv", b"1" * 200), compression=zipfile.ZIP_LZMA),
    zipped(("a.csv", b"1" * 200), compression=zipfile.ZIP_BZIP2),
    ZIPCRYPTO.read_bytes(),
]


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from(SAMPLES),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=4),
    st.floats(0, 1),
)
def test_no_damage_stops_a_run(tmp_path_factory, sample, flips, kept):
    folder = tmp_path_factory.mktemp("damage")
    content = bytearray(sample)
    for place, value in flips:
        content[int(place * len(content))] = value
    content = bytes(content[: int(kept * len(content)) + 1] if kept < 0.3 else content)
    (folder / "passwords").write_text("right\nswordfish")
    (folder / "x.zip").write_bytes(content)
    raw_files = RawFiles(folder / "raw", MemoryIndex())
    report = import_paths(
        [folder / "x.zip"],
        raw_files,
        stored_utc=NOW,
        zip_password_file=folder / "passwords",
    )
    assert report.files[0].sha256
    assert list(folder.rglob("*.tmp")) == []


def test_pyzipper_is_imported_only_for_what_needs_it(tmp_path):
    (tmp_path / "a.zip").write_bytes(zipped(("a.csv", b"1")))
    script = f"""
import sys
from pathlib import Path
from adapters.sources.inbox import import_paths
from registry.raw_files import RawFiles
from tests.adapters.sources.workbook_parts import ONE, xlsx
from tests.fakes.memory_index import MemoryIndex
raw_files = RawFiles(Path({str(tmp_path / "raw")!r}), MemoryIndex())
report = import_paths([Path({str(tmp_path / "a.zip")!r})], raw_files, stored_utc={NOW!r})
print(len(report.files), "pyzipper" in sys.modules, "Cryptodome" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "2 False False\n"
