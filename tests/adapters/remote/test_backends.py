"""What every back-end of the remote promises."""

import io
import threading

import boto3
import pytest

from adapters.remote.backend import (
    HEADS,
    OBJECTS,
    LostRaceError,
    NotInRemoteError,
    RemoteRefusedError,
)
from adapters.remote.bringing import Amount
from adapters.remote.folder import FolderBackend
from adapters.remote.google_drive import GoogleDriveBackend
from adapters.remote.google_storage import GoogleStorageBackend
from adapters.remote.remote_state import ConflictError
from adapters.remote.s3 import BLOCK, S3Backend
from tests.adapters.remote.small_homes import SmallHome, head_of
from tests.fakes.memory_remote import MemoryRemote

NAME = OBJECTS + "a" * 64


def _memory(_request):
    return MemoryRemote()


def _folder(request):
    return FolderBackend(request.getfixturevalue("tmp_path") / "remote")


def _s3(request):
    request.getfixturevalue("s3_server")
    return S3Backend("s3://bucket/health")


def _google_drive(request):
    drive = request.getfixturevalue("google").drive
    client = request.getfixturevalue("google_client")("state")
    return GoogleDriveBackend(client, drive.folder("health", drive.shared_drive("state")))


def _google_storage(request):
    request.getfixturevalue("google").storage.bucket("bucket")
    client = request.getfixturevalue("google_client")("bucket")
    return GoogleStorageBackend(client, "bucket", "health/")


@pytest.fixture(
    params=[_memory, _folder, _s3, _google_drive, _google_storage],
    ids=["memory", "folder", "s3", "google drive", "google storage"],
)
def backend(request):
    return request.param(request)


def put(backend, name, content):
    return backend.put_if_absent(name, io.BytesIO(content))


def test_what_was_put_comes_back_whole_and_from_any_place_on(backend):
    content = bytes(range(256)) * 9000
    assert put(backend, NAME, content)
    assert b"".join(backend.get(NAME)) == content
    assert b"".join(backend.get(NAME, start=1_234_567)) == content[1_234_567:]


def test_an_object_of_several_requests_comes_back_whole(s3_server):
    backend = S3Backend("s3://bucket/health")
    for size in (BLOCK - 1, BLOCK, 2 * BLOCK, 2 * BLOCK + 1):
        name = OBJECTS + f"{size:064x}"
        content = bytes(251) * (size // 251) + b"z" * (size % 251)
        assert put(backend, name, content)
        assert b"".join(backend.get(name)) == content
        assert b"".join(backend.get(name, start=size - 3)) == content[-3:]


def test_a_bucket_that_is_not_there_is_no_empty_remote(s3_server):
    with pytest.raises(RemoteRefusedError, match="bucket"):
        S3Backend("s3://another-bucket/health").head()


def test_a_bucket_that_keeps_versions_keeps_none_of_what_was_removed(s3_server):
    client = boto3.client("s3")
    client.create_bucket(Bucket="versions")
    client.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    backend = S3Backend("s3://versions/health")
    put(backend, NAME, b"1")
    assert backend.remove(NAME)
    found = client.list_object_versions(Bucket="versions")
    assert not found.get("Versions")
    assert not found.get("DeleteMarkers")
    client.delete_bucket(Bucket="versions")


def test_a_second_put_changes_nothing(backend):
    assert put(backend, NAME, b"first")
    assert not put(backend, NAME, b"second")
    assert b"".join(backend.get(NAME)) == b"first"


def test_what_was_removed_is_gone_and_removing_it_again_changes_nothing(backend):
    other = OBJECTS + "b" * 64
    for name in (NAME, other, HEADS + "a" * 64):
        put(backend, name, name.encode())
    head = backend.swap_head(b"1", None)
    for _ in range(2):
        assert backend.remove(NAME) in {True, False}
        with pytest.raises(NotInRemoteError):
            list(backend.get(NAME))
    assert [stored.name for stored in backend.list(OBJECTS)] == [other]
    assert b"".join(backend.get(HEADS + "a" * 64)) == (HEADS + "a" * 64).encode()
    assert backend.head() == head
    backend.remove(HEADS + "a" * 64)
    assert not list(backend.list(HEADS))
    assert put(backend, NAME, b"anew")
    assert b"".join(backend.get(NAME)) == b"anew"


def test_what_never_was_there_is_removed_without_a_word(backend):
    assert backend.remove(NAME)


def test_an_empty_object_is_one(backend):
    assert put(backend, NAME, b"")
    assert b"".join(backend.get(NAME)) == b""


def test_what_is_not_there_is_said_to_be_not_there(backend):
    with pytest.raises(NotInRemoteError):
        list(backend.get(NAME))
    assert backend.head() is None
    assert not [*backend.list(OBJECTS), *backend.list(HEADS)]


def test_a_listing_has_every_object_of_its_folder_with_its_size(backend):
    names = [OBJECTS + f"{number:064x}" for number in range(30)]
    for number, name in enumerate(names):
        put(backend, name, b"x" * number)
    put(backend, HEADS + "b" * 64, b"kept")
    backend.swap_head(b"head", None)
    found = {stored.name: stored.size for stored in backend.list(OBJECTS)}
    assert found == {name: number for number, name in enumerate(names)}
    assert [stored.name for stored in backend.list(HEADS)] == [HEADS + "b" * 64]


def test_a_head_is_replaced_only_by_who_saw_the_one_before(backend):
    first = backend.swap_head(b"1", None)
    assert backend.head() == first
    with pytest.raises(LostRaceError):
        backend.swap_head(b"2", None)
    second = backend.swap_head(b"2", backend.head())
    with pytest.raises(LostRaceError):
        backend.swap_head(b"3", first)
    assert backend.head() == second
    assert backend.head().content == b"2"


def test_of_many_who_swap_at_once_one_wins(backend):
    start = threading.Barrier(6)
    won = []

    def swap(number):
        start.wait()
        try:
            backend.swap_head(str(number).encode(), None)
        except LostRaceError:
            return
        won.append(number)

    threads = [threading.Thread(target=swap, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert backend.head().content == str(won[0]).encode()


def test_what_a_killed_writer_left_in_a_folder_is_removed_by_a_prune(tmp_path):
    remote = tmp_path / "remote"
    home = SmallHome(tmp_path / "a", FolderBackend(remote))
    home.take_in("one")
    home.push()
    folder = next(remote.glob("objects/??"))
    leftover, stranger = folder / ("a" * 16 + ".tmp"), folder / "a note of mine.tmp"
    for path in (leftover, stranger):
        path.write_bytes(b"12345")
    assert home.prune().removed == Amount(1, 5)
    assert not leftover.exists()
    assert stranger.exists()
    home.remove()


def test_a_prune_that_takes_what_is_being_written_for_a_leftover_delays_it(tmp_path):
    backend = FolderBackend(tmp_path / "remote")

    class Taken(io.BytesIO):
        times = 1

        def read(self, size=-1):
            found = super().read(size)
            if not found and Taken.times:
                Taken.times -= 1
                (leftover,) = (s.name for s in backend.list(OBJECTS))
                backend.remove(leftover)
            return found

    assert backend.put_if_absent(NAME, Taken(b"content"))
    assert b"".join(backend.get(NAME)) == b"content"
    assert [stored.name for stored in backend.list(OBJECTS)] == [NAME]


def test_a_pruned_remote_holds_the_state_and_nothing_else(backend, tmp_path):
    a, b = SmallHome(tmp_path / "a", backend), SmallHome(tmp_path / "b", backend)
    forgotten = a.take_in("one")
    a.take_in("two")
    a.run()
    a.push()
    b.pull()
    a.forget(forgotten)
    a.run()
    a.push()
    before = sum(1 for _ in backend.list(OBJECTS))
    removed = a.prune().removed.objects
    assert removed > 2
    _, manifest = head_of(backend)
    names = {entry.name for entry in manifest.entries}
    assert names < {stored.name for stored in backend.list(OBJECTS)}
    assert sum(1 for _ in backend.list(OBJECTS)) == before - removed == len(names) + 2
    assert not a.prune().removed.objects
    b.take_in("three")
    b.run()
    b.pull(merge=True)
    b.run()
    b.push()
    a.pull()
    assert set(a.texts().values()) == {"two", "three"}
    for home in (a, b):
        home.remove()


def test_two_homes_that_go_different_ways_come_together_there(backend, tmp_path):
    a, b = SmallHome(tmp_path / "a", backend), SmallHome(tmp_path / "b", backend)
    a.take_in("one")
    a.run()
    a.push()
    b.pull()
    assert b.texts() == a.texts()
    for home, text in ((a, "two"), (b, "three")):
        home.take_in(text)
        home.run()
    a.push()
    with pytest.raises(ConflictError):
        b.push()
    b.pull(merge=True)
    b.run()
    b.push()
    a.pull()
    assert set(a.texts().values()) == {"one", "two", "three"}
    assert a.is_whole()
    assert not a.push().is_news
    for home in (a, b):
        home.remove()
