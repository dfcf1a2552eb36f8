import hashlib
import json
import os
import stat
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.objects import WriteError
from registry.raw_files import NoSuchRawFileError, RawFiles, plain_name
from registry.stamps import ChangedError, ReadError, stamp_of, unchanged_bytes
from tests.fakes.memory_index import MemoryIndex

NOW = "2025-06-30T12:00:00Z"
LATER = "2025-07-01T12:00:00Z"


@pytest.fixture
def raw_files(tmp_path):
    return RawFiles(tmp_path / "me" / "raw", MemoryIndex())


@pytest.fixture
def put(tmp_path):
    def write(name, content):
        path = tmp_path / "inbox" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    return write


def origin(raw_files, sha256):
    text = raw_files.path(sha256).with_name("origin.json").read_text("utf-8")
    return {key: value for key, value in json.loads(text).items() if key != "check"}


def temporary_files(raw_files):
    return list(raw_files.root.rglob("*.tmp"))


def test_a_file_is_stored_under_its_hash_with_its_origin_beside_it(raw_files, put):
    added = raw_files.add_path(put("a.csv", b"date\n"), "a.csv", stored_utc=NOW)
    sha256 = hashlib.sha256(b"date\n").hexdigest()
    assert added.is_new
    assert added.entry.sha256 == sha256
    assert raw_files.path(sha256) == raw_files.root / sha256[:2] / sha256 / "content"
    assert raw_files.path(sha256).read_bytes() == b"date\n"
    assert origin(raw_files, sha256) == {
        "names": ["a.csv"],
        "stored_utc": NOW,
        "container": None,
        "size": 5,
        "kind": "file",
        "retired": False,
    }
    assert raw_files.entries() == [added.entry]
    assert not temporary_files(raw_files)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_modes_do_not_depend_on_the_umask(tmp_path, put, umask):
    path = put("a.csv", b"x")
    previous = os.umask(umask)
    try:
        raw_files = RawFiles(tmp_path / "me" / "raw", MemoryIndex())
        entry = raw_files.add_path(path, "a.csv", stored_utc=NOW).entry
    finally:
        os.umask(previous)
    content = raw_files.path(entry.sha256)
    modes = {
        path: stat.S_IMODE(path.stat().st_mode)
        for path in [content, content.with_name("origin.json"), *content.parents[:4]]
    }
    assert [oct(mode) for mode in modes.values()] == ["0o400", "0o600"] + ["0o700"] * 4


def test_the_same_bytes_under_another_name_are_one_file_with_two_names(raw_files, put):
    first = raw_files.add_path(put("a.csv", b"x"), "a.csv", stored_utc=NOW)
    second = raw_files.add_path(put("b.csv", b"x"), "b.csv", stored_utc=LATER)
    third = raw_files.add_stream([b"x"], "c.csv", stored_utc=LATER, container="f" * 64)
    assert not second.is_new
    assert not third.is_new
    assert first.entry == second.entry == third.entry
    assert raw_files.names(first.entry) == ["a.csv", "b.csv", "c.csv"]
    assert raw_files.entries() == [first.entry]


def test_a_newer_export_of_the_same_name_replaces_nothing(raw_files, put):
    old = raw_files.add_path(put("a.csv", b"old"), "a.csv", stored_utc=NOW).entry
    new = raw_files.add_path(put("a.csv", b"newer"), "a.csv", stored_utc=LATER).entry
    assert raw_files.path(old.sha256).read_bytes() == b"old"
    assert raw_files.path(new.sha256).read_bytes() == b"newer"


def test_a_stream_is_stored_in_one_piece_with_its_container(raw_files):
    added = raw_files.add_stream([b"PK", b"\x03\x04", b"rest"], "x", stored_utc=NOW, container="c")
    assert raw_files.path(added.entry.sha256).read_bytes() == b"PK\x03\x04rest"
    assert added.entry.container == "c"


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"PK\x03\x04...", "archive"), (b"PK\x05\x06", "archive"), (b"PK", "file"), (b"", "file")],
)
def test_an_archive_is_told_by_its_first_bytes(raw_files, put, content, kind):
    assert raw_files.add_path(put("x", content), "x", stored_utc=NOW).entry.kind == kind


def test_a_stream_that_breaks_off_leaves_nothing(raw_files):
    def broken():
        yield b"half"
        raise ReadError("gone")

    with pytest.raises(ReadError):
        raw_files.add_stream(broken(), "x", stored_utc=NOW)
    assert raw_files.entries() == []
    assert list(raw_files.root.rglob("*")) == []


def unreadable(*_):
    raise AssertionError("it was read")


def test_an_unchanged_file_is_not_read_again(raw_files, put, monkeypatch):
    path = put("a.csv", b"x")
    entry = raw_files.add_path(path, "a.csv", stored_utc=NOW).entry
    monkeypatch.setattr("registry.raw_files.unchanged_bytes", unreadable)
    before = sorted(raw_files.root.rglob("*"))
    again = raw_files.add_path(path, "a.csv", stored_utc=LATER)
    assert again.entry == entry
    assert not again.is_new
    assert sorted(raw_files.root.rglob("*")) == before


def test_an_unchanged_file_whose_copy_is_lost_is_stored_again(raw_files, put):
    path = put("a.csv", b"x")
    entry = raw_files.add_path(path, "a.csv", stored_utc=NOW).entry
    raw_files.path(entry.sha256).unlink()
    again = raw_files.add_path(path, "a.csv", stored_utc=LATER)
    assert raw_files.path(entry.sha256).read_bytes() == b"x"
    assert again.entry.stored_utc == NOW


def test_a_damaged_copy_is_replaced_by_a_stream_of_the_right_bytes(raw_files):
    entry = raw_files.add_stream([b"right"], "x", stored_utc=NOW).entry
    raw_files.path(entry.sha256).chmod(0o600)
    raw_files.path(entry.sha256).write_bytes(b"wrong")
    raw_files.add_stream([b"right"], "x", stored_utc=NOW)
    assert raw_files.path(entry.sha256).read_bytes() == b"right"


def coarse(found):
    """Stamps of a file system whose clock ticks once in a century."""
    return stamp_of(found)._replace(mtime_ns=0, ctime_ns=0)


def test_two_changes_within_one_tick_are_both_seen(tmp_path, put):
    raw_files = RawFiles(tmp_path / "raw", MemoryIndex(), coarse)
    path = put("a.csv", b"one")
    raw_files.add_path(path, "a.csv", stored_utc=NOW)
    path.write_bytes(b"two")
    added = raw_files.add_path(path, "a.csv", stored_utc=NOW)
    assert raw_files.path(added.entry.sha256).read_bytes() == b"two"
    assert added.is_new


def test_a_stamp_in_the_future_is_not_trusted(raw_files, put):
    path = put("a.csv", b"one")
    os.utime(path, (4e9, 4e9))
    raw_files.add_path(path, "a.csv", stored_utc=NOW)
    assert raw_files.index.stamps == {}


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"x" * 3_000_000)
    chunks = unchanged_bytes(path, stamp_of(path.lstat()))
    next(chunks)
    with path.open("r+b") as file:
        file.write(b"y")
    with pytest.raises(ChangedError, match="run again"):
        list(chunks)


def test_a_file_that_grows_while_it_is_read_is_refused_at_once(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"x")
    chunks = unchanged_bytes(path, stamp_of(path.lstat()))
    with path.open("ab") as file:
        file.write(b"y")
    with pytest.raises(ChangedError):
        next(chunks)


def test_a_file_that_is_replaced_while_it_is_read_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"x")
    chunks = unchanged_bytes(path, stamp_of(path.lstat()))
    next(chunks)
    (tmp_path / "b.csv").write_bytes(b"y")
    (tmp_path / "b.csv").rename(path)
    with pytest.raises(ChangedError):
        next(chunks)


@pytest.mark.parametrize("target", ["a.csv", "pipe"])
def test_a_file_that_is_replaced_by_a_link_is_not_read(tmp_path, target):
    (tmp_path / "a.csv").write_bytes(b"x")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(target)
    stamp = stamp_of((tmp_path / "a.csv").lstat())
    with pytest.raises(ReadError, match="cannot be read"):
        next(unchanged_bytes(tmp_path / "link", stamp))


@pytest.mark.parametrize(
    "make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/etc/hosts")]
)
def test_only_regular_files_are_read(raw_files, tmp_path, make):
    make(tmp_path / "thing")
    with pytest.raises(ReadError, match="no regular file"):
        raw_files.add_path(tmp_path / "thing", "thing", stored_utc=NOW)


@pytest.mark.parametrize("name", ["absent", "a\0b", "x" * 300])
def test_a_file_that_is_not_there_is_a_read_error(raw_files, tmp_path, name):
    with pytest.raises(ReadError, match="cannot be read"):
        raw_files.add_path(tmp_path / name, "a", stored_utc=NOW)


def test_a_disk_without_space_changes_nothing(tmp_path, put):
    """The limit is real: the system refuses files of more than 64 KiB to a child."""
    path = put("big.csv", b"x" * 100_000)
    put("small.csv", b"x")
    script = f"""
import resource, sys
from pathlib import Path
from registry.objects import WriteError
from registry.raw_files import RawFiles
from tests.fakes.memory_index import MemoryIndex
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
raw_files = RawFiles(Path({str(tmp_path / "raw")!r}), MemoryIndex())
inbox = Path({str(path.parent)!r})
raw_files.add_path(inbox / "small.csv", "small.csv", stored_utc={NOW!r})
try:
    raw_files.add_path(inbox / "big.csv", "big.csv", stored_utc={NOW!r})
except WriteError as error:
    print(error)
print(len(raw_files.entries()), len(list(raw_files.root.rglob("*.tmp"))))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    message, counts = done.stdout.splitlines()
    assert "free some space" in message
    assert counts == "1 0"


def test_a_file_as_the_profiles_folder_is_a_write_error(tmp_path):
    (tmp_path / "me").write_text("")
    with pytest.raises(WriteError, match="PDP_HOME"):
        RawFiles(tmp_path / "me" / "raw", MemoryIndex()).add_stream([b""], "a", stored_utc=NOW)


def test_a_copy_cut_short_by_a_kill_is_completed_by_the_next_run(tmp_path, put):
    path = put("a.csv", b"x" * 5_000_000)
    script = f"""
import os, signal
from pathlib import Path
from registry import raw_files
from registry.objects import PendingFile
from tests.fakes.memory_index import MemoryIndex
published = PendingFile.publish
def die(self, target):
    if target.name == "origin.json":
        os.kill(os.getpid(), signal.SIGKILL)
    published(self, target)
PendingFile.publish = die
store = raw_files.RawFiles(Path({str(tmp_path / "raw")!r}), MemoryIndex())
store.add_path(Path({str(path)!r}), "a.csv", stored_utc={NOW!r})
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    raw_files = RawFiles(tmp_path / "raw", MemoryIndex())
    added = raw_files.add_path(path, "a.csv", stored_utc=LATER)
    assert added.is_new
    assert added.entry.stored_utc == LATER
    assert raw_files.names(added.entry) == ["a.csv"]


def test_memory_does_not_grow_with_the_file(raw_files, tmp_path):
    with (tmp_path / "big").open("wb") as file:
        file.truncate(64_000_000)
    tracemalloc.start()
    raw_files.add_path(tmp_path / "big", "big", stored_utc=NOW)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000


@pytest.fixture
def three(raw_files):
    return [
        raw_files.add_stream([b"one"], "export.csv", stored_utc=NOW).entry,
        raw_files.add_stream([b"two"], "export.csv", stored_utc=LATER).entry,
        raw_files.add_stream([b"three"], "export.zip/in/sleep.csv", stored_utc=NOW).entry,
    ]


def test_a_file_is_found_by_name_last_part_or_hash(raw_files, three):
    raw_files.add_stream([b"three"], "copy.csv", stored_utc=LATER)
    for text in ("export.zip/in/sleep.csv", "sleep.csv", "copy.csv", three[2].sha256[:6].upper()):
        assert raw_files.find(text) == three[2]
    assert raw_files.find(three[0].sha256) == three[0]


def test_a_name_of_two_files_is_refused_with_both_hashes(raw_files, three):
    with pytest.raises(NoSuchRawFileError, match="more than one") as caught:
        raw_files.find("export.csv")
    assert {candidate[:12] for candidate in caught.value.candidates} == {
        entry.sha256[:12] for entry in three[:2]
    }
    assert caught.value.exit_code == 2


def test_an_unknown_name_is_answered_with_the_nearest(raw_files, three):
    with pytest.raises(NoSuchRawFileError, match=r"nearest: export\.csv"):
        raw_files.find("exprt.csv")
    with pytest.raises(NoSuchRawFileError, match="sources"):
        raw_files.find("zzzz")


@pytest.mark.parametrize("text", ["", "abc", "*", "../raw", "%", "\0"])
def test_a_hostile_name_finds_nothing(raw_files, three, text):
    with pytest.raises(NoSuchRawFileError):
        raw_files.find(text)


def test_the_index_is_rebuilt_from_the_folder(raw_files, three):
    raw_files.add_stream([b"one"], "second name.csv", stored_utc=LATER)
    raw_files.retire(three[1].sha256)
    rebuilt = RawFiles(raw_files.root, MemoryIndex())
    rebuilt.rebuild()
    assert rebuilt.entries() == raw_files.entries()
    assert replace(three[1], retired=True) in rebuilt.entries()
    assert rebuilt.rebuild() == []


@pytest.mark.parametrize("text", [None, "", "[]", '{"names": []}', '{"names": ["x"], "size": 1}'])
def test_a_file_whose_origin_is_lost_or_damaged_is_rebuilt_from_its_bytes(raw_files, text):
    entry = raw_files.add_stream([b"PK\x03\x04"], "a.zip", stored_utc=NOW).entry
    path = raw_files.path(entry.sha256).with_name("origin.json")
    path.unlink() if text is None else path.write_text(text)
    os.utime(raw_files.path(entry.sha256), (0, 1e9))
    rebuilt = RawFiles(raw_files.root, MemoryIndex())
    (found,) = rebuilt.rebuild()
    assert found == replace(entry, name=entry.sha256[:12], stored_utc="2001-09-09T01:46:40Z")
    assert rebuilt.names(found) == [entry.sha256[:12]]


def test_what_is_no_raw_file_is_not_taken_up(raw_files, three):
    (raw_files.root / "zz" / "zz").mkdir(parents=True)
    (raw_files.root / "zz" / "zz" / "content").write_text("x")
    assert len(RawFiles(raw_files.root, MemoryIndex()).rebuild()) == 3


def test_a_retired_file_stays_retired_when_it_comes_again(raw_files, three):
    raw_files.retire(three[0].sha256)
    assert raw_files.add_stream([b"one"], "other.csv", stored_utc=LATER).entry.retired
    raw_files.retire(three[0].sha256, retired=False)
    assert raw_files.find("other.csv") == three[0]


@given(st.text(st.characters(codec=None, categories=None)))
def test_a_stored_name_can_be_shown_and_encoded(name):
    plain = plain_name(name)
    assert plain.isprintable()
    assert plain.encode("utf-8").decode("utf-8") == plain
    assert plain_name(plain) == plain


def test_names_that_mislead_are_made_visible():
    assert plain_name("a\nb\x1b[31m\u202ecsv\udcff") == "a\\nb\\x1b[31m\\u202ecsv\\udcff"
    assert plain_name("Mu\u0308ller Übung 体重.csv") == "Müller Übung 体重.csv"
