import inspect
import itertools
import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path

import pytest

from adapters.sources import Source
from adapters.sources.inbox import Inbox, import_paths
from registry.raw_files import RawFiles
from registry.stamps import stamp_of
from tests.fakes.memory_index import MemoryIndex

NOW = "2025-06-30T12:00:00Z"
LATER = "2025-07-01T12:00:00Z"


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
    def run(stored_utc=NOW):
        source: Source = Inbox(inbox)
        report = source.collect(raw_files, stored_utc=stored_utc)
        assert report.source == "inbox"
        return [(file.name, file.status) for file in report.files]

    return run


def put(folder, name, content=b"x"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_an_inbox_that_is_empty_or_absent_brings_nothing(collect, inbox, raw_files):
    assert collect() == []
    inbox.rmdir()
    assert collect() == []
    assert not raw_files.root.exists()


def test_files_and_folders_are_stored_in_the_order_of_their_names(collect, inbox, raw_files):
    put(inbox, "b/z.csv", b"1")
    put(inbox, "b/deeper/y.csv", b"2")
    put(inbox, "a.csv", b"3")
    assert collect() == [("a.csv", "stored"), ("b/deeper/y.csv", "stored"), ("b/z.csv", "stored")]
    assert {entry.name for entry in raw_files.entries()} == {"a.csv", "b/deeper/y.csv", "b/z.csv"}
    assert {entry.stored_utc for entry in raw_files.entries()} == {NOW}


def test_a_second_run_knows_everything_and_writes_nothing(collect, inbox, raw_files):
    put(inbox, "a.csv")
    put(inbox, "the same.csv")
    assert collect() == [("a.csv", "stored"), ("the same.csv", "known")]
    before = {path: stamp_of(path.lstat()) for path in raw_files.root.parent.rglob("*")}
    index = (dict(raw_files.index.stamps), dict(raw_files.index.notes))
    assert collect(LATER) == [("a.csv", "known"), ("the same.csv", "known")]
    assert {path: stamp_of(path.lstat()) for path in raw_files.root.parent.rglob("*")} == before
    assert (raw_files.index.stamps, raw_files.index.notes) == index


def test_an_emptied_inbox_loses_nothing(collect, inbox, raw_files):
    put(inbox, "a.csv", b"kept").unlink()
    put(inbox, "a.csv", b"kept")
    collect()
    (inbox / "a.csv").unlink()
    assert collect() == []
    (entry,) = raw_files.entries()
    assert raw_files.path(entry.sha256).read_bytes() == b"kept"


def test_a_changed_file_is_stored_beside_the_old_one(collect, inbox, raw_files):
    put(inbox, "a.csv", b"old")
    collect()
    put(inbox, "a.csv", b"new")
    assert collect(LATER) == [("a.csv", "stored")]
    assert len(raw_files.entries()) == 2


@pytest.mark.parametrize(
    "name",
    [
        ".hidden",
        ".git/config",
        "export.zip.crdownload",
        "export.zip.PART",
        "copy.tmp",
        "Safari.download/export.zip",
        "__MACOSX/a.csv",
        "Thumbs.db",
        "~$log.xlsx",
    ],
)
def test_what_is_no_export_is_passed_over(collect, inbox, name):
    put(inbox, name)
    assert collect() == []


@pytest.mark.parametrize("target", ["/etc/hosts", "/etc", "a.csv", "../raw", ".", "absent"])
def test_no_link_is_followed_and_each_is_named(inbox, raw_files, target):
    put(inbox, "a.csv")
    (inbox / "link").symlink_to(target)
    report = Inbox(inbox).collect(raw_files, stored_utc=NOW)
    assert names_and_status(report) == [("a.csv", "stored"), ("link", "failed")]
    assert "links are not followed" in report.files[1].reason


def test_the_inbox_itself_may_be_a_link(collect, inbox, tmp_path):
    inbox.rmdir()
    put(tmp_path / "elsewhere", "a.csv")
    inbox.symlink_to(tmp_path / "elsewhere")
    assert collect() == [("a.csv", "stored")]


def test_a_pipe_in_the_inbox_does_not_stop_the_run(collect, inbox):
    os.mkfifo(inbox / "pipe")
    put(inbox, "z.csv")
    assert collect() == [("pipe", "failed"), ("z.csv", "stored")]


def test_hostile_names_are_labels_and_nothing_else(collect, inbox, raw_files, tmp_path):
    names = ["*", "-rf", "a\nb", "'; DROP TABLE raw_file; --", "%s{x}", "\x1b[2J", " ", "$(id)"]
    for index, name in enumerate(names):
        put(inbox, name, str(index).encode())
    (Path(os.fsdecode(os.fsencode(inbox) + b"/\xff\xfe"))).write_bytes(b"not utf-8")
    seen = collect()
    assert {status for _, status in seen} == {"stored"}
    assert len(seen) == len(names) + 1
    for name, _ in seen:
        assert name.isprintable()
        assert raw_files.find(name).name == name
    assert sorted(path.name for path in tmp_path.iterdir()) == ["me"]


def test_folders_may_be_nested_deeper_than_the_stack(collect, inbox):
    put(inbox, "d/" * 200 + "a.csv")
    previous = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 100)
    try:
        assert collect() == [("d/" * 200 + "a.csv", "stored")]
    finally:
        sys.setrecursionlimit(previous)


def test_a_file_that_is_still_written_is_told_and_taken_at_the_next_run(inbox, tmp_path):
    written = put(inbox, "a.csv").stat().st_ino
    put(inbox, "b.csv", b"y")
    ticks = itertools.count()

    def moving(found):
        stamp = stamp_of(found)
        return stamp._replace(mtime_ns=next(ticks)) if stamp.inode == written else stamp

    index = MemoryIndex()
    report = Inbox(inbox).collect(RawFiles(tmp_path / "raw", index, moving), stored_utc=NOW)
    assert names_and_status(report) == [("a.csv", "failed"), ("b.csv", "stored")]
    assert "run again" in report.files[0].reason
    report = Inbox(inbox).collect(RawFiles(tmp_path / "raw", index), stored_utc=LATER)
    assert names_and_status(report) == [("a.csv", "stored"), ("b.csv", "known")]


@pytest.fixture
def unprivileged():
    """A folder of an ordinary user, as whom the test runs: nothing is unreadable to root."""
    folder = Path(tempfile.mkdtemp())
    if os.geteuid() != 0:
        yield folder
    else:
        os.chown(folder, 65534, 65534)
        os.seteuid(65534)
        yield folder
        os.seteuid(0)
    for path in folder.rglob("*"):
        path.chmod(0o700)
    shutil.rmtree(folder)


def test_unreadable_files_and_folders_are_told_and_the_others_stored(unprivileged):
    inbox = unprivileged / "inbox"
    put(inbox, "a.csv").chmod(0)
    put(inbox, "b/c.csv").parent.chmod(0)
    put(inbox, "d.csv")
    raw_files = RawFiles(unprivileged / "raw", MemoryIndex())
    files = Inbox(inbox).collect(raw_files, stored_utc=NOW).files
    assert [(file.name, file.status) for file in files] == [
        ("a.csv", "failed"),
        ("b", "failed"),
        ("d.csv", "stored"),
    ]
    assert "Permission denied" in files[0].reason
    assert "Permission denied" in files[1].reason


def names_and_status(report):
    return [(file.name, file.status) for file in report.files]


def test_import_takes_files_and_folders_by_name(tmp_path, raw_files):
    put(tmp_path, "downloads/zepp/SLEEP/a.csv", b"1")
    put(tmp_path, "downloads/log.csv", b"2")
    report = import_paths(
        [tmp_path / "downloads" / "zepp", tmp_path / "downloads" / "log.csv"],
        raw_files,
        stored_utc=NOW,
    )
    assert report.source == "import"
    assert names_and_status(report) == [("zepp/SLEEP/a.csv", "stored"), ("log.csv", "stored")]


@pytest.mark.parametrize("way", [".", "../exports", "deep/..", "deep/../../exports/"])
def test_a_folder_is_called_by_its_name_whichever_way_leads_to_it(
    tmp_path, raw_files, monkeypatch, way
):
    folder = tmp_path / "exports"
    (folder / "deep").mkdir(parents=True)
    (folder / "log.csv").write_text("date\n")
    monkeypatch.chdir(folder)
    report = import_paths([Path(way)], raw_files, stored_utc=NOW)
    assert [file.name for file in report.files] == ["exports/log.csv"]


def test_import_follows_a_link_that_is_named_but_none_below(tmp_path, raw_files):
    put(tmp_path, "real/a.csv")
    (tmp_path / "real" / "link").symlink_to("a.csv")
    (tmp_path / "named").symlink_to("real")
    report = import_paths([tmp_path / "named"], raw_files, stored_utc=NOW)
    assert names_and_status(report) == [("named/a.csv", "stored"), ("named/link", "failed")]


def test_import_tells_of_a_path_that_is_not_there(tmp_path, raw_files):
    report = import_paths([tmp_path / "absent", Path("a\0b")], raw_files, stored_utc=NOW)
    assert [file.status for file in report.files] == ["failed", "failed"]
    assert "check the path" in report.files[0].reason


def test_import_keeps_out_of_profiles(tmp_path, raw_files):
    put(tmp_path, "me/registry.sqlite")
    put(tmp_path, "me/raw/00/secret")
    put(tmp_path, "a.csv")
    report = import_paths([tmp_path], raw_files, stored_utc=NOW)
    assert [file.status for file in report.files] == ["stored", "failed"]
    assert "import what is in its inbox" in report.files[1].reason


def test_a_file_is_known_by_import_after_the_inbox(collect, inbox, raw_files):
    path = put(inbox, "a.csv")
    collect()
    assert names_and_status(import_paths([path], raw_files, stored_utc=LATER)) == [
        ("a.csv", "known")
    ]
    assert stat.S_IMODE(path.stat().st_mode) != 0o400
