"""Files are written whole, durably, and never changed."""

import os
import resource
import subprocess
import sys

import pytest

from registry.objects import (
    ContentStore,
    WriteError,
    make_folder,
    replace_file,
    sha256_of_file,
    write_pending,
)


def test_stored_bytes_are_found_by_their_hash(tmp_path):
    store = ContentStore(tmp_path / "objects")
    stored = store.add([b"ab", memoryview(b"cd")], "content")
    assert stored.size == 4
    assert store.holds(stored.sha256, "content", 4)
    assert store.verify(stored.sha256, "content")
    assert store.path(stored.sha256, "content").read_bytes() == b"abcd"
    assert not store.holds(stored.sha256, "content", 5)
    assert not store.holds("0" * 64, "content", 4)


def test_a_second_copy_changes_nothing(tmp_path):
    store = ContentStore(tmp_path)
    first = store.add([b"same"], "content")
    before = store.path(first.sha256, "content").read_bytes()
    assert store.add([b"sa", b"me"], "content") == first
    assert store.path(first.sha256, "content").read_bytes() == before
    assert list(store.leftovers()) == []


def test_a_changed_byte_is_found(tmp_path):
    store = ContentStore(tmp_path)
    stored = store.add([b"abcd"], "content")
    path = store.path(stored.sha256, "content")
    path.chmod(0o600)
    path.write_bytes(b"abcx")
    assert not store.verify(stored.sha256, "content")


@pytest.mark.parametrize("mask", [0o000, 0o077, 0o777])
def test_modes_do_not_depend_on_the_umask(tmp_path, mask):
    store = ContentStore(tmp_path / "objects")
    old = os.umask(mask & 0o077)
    try:
        path = store.path(store.add([b"x"], "content").sha256, "content")
        replace_file(tmp_path / "deep" / "view.csv", [b"y"])
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o400
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "deep" / "view.csv").stat().st_mode & 0o777 == 0o600


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(OSError, match=r"symbolic link|Too many levels"):
        sha256_of_file(tmp_path / "link")


def test_replacing_a_link_leaves_what_it_pointed_to(tmp_path):
    (tmp_path / "other").write_bytes(b"other")
    (tmp_path / "view").symlink_to(tmp_path / "other")
    replace_file(tmp_path / "view", [b"new"])
    assert (tmp_path / "other").read_bytes() == b"other"
    assert (tmp_path / "view").read_bytes() == b"new"


def test_an_error_while_the_bytes_are_made_leaves_no_file(tmp_path):
    def broken():
        yield b"some"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_pending(tmp_path, broken(), mode=0o600)
    assert list(tmp_path.iterdir()) == []


LIMITED = """
import resource, signal, sys
from pathlib import Path
from registry.objects import WriteError, replace_file
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    replace_file(Path(sys.argv[1]), [b"x" * 5000])
except WriteError as error:
    print(error)
"""


def test_when_the_disk_is_full_the_old_file_stands_and_the_error_says_what_to_do(tmp_path):
    target = tmp_path / "view.csv"
    target.write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(target)],
        capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert "cannot write (File too large); free some space" in done.stdout
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["view.csv"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 1000


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises((OSError, WriteError)):
        make_folder(tmp_path / "file" / "folder")
