"""A Drive folder as the remote: races without a compare-and-set, and whatever goes wrong."""

import io
from dataclasses import replace

import pytest

from adapters.remote.backend import (
    OBJECTS,
    LostRaceError,
    NotInRemoteError,
    RemoteRefusedError,
    RemoteUnavailableError,
)
from adapters.remote.google_drive import GoogleDriveBackend
from adapters.remote.google_drive_heads import ADVICE
from adapters.remote.opening import backend_of
from adapters.settings import Settings
from tests.emulators.faults import Fault

NAME = OBJECTS + "a" * 64
LARGE = bytes(range(256)) * (20 << 12)
LIST, CREATE, GET, DELETE = (f"drive.files.{verb}" for verb in ("list", "create", "get", "delete"))


@pytest.fixture
def folder(google):
    return google.drive.folder("health", google.drive.shared_drive("state"))


@pytest.fixture
def machine(google_client, folder):
    """Another machine each time that it is called."""
    return lambda: GoogleDriveBackend(google_client("state"), folder)


def put(backend, content, name=NAME):
    return backend.put_if_absent(name, io.BytesIO(content))


def names(google, folder):
    return sorted(file.name for file in google.drive.children(folder))


def test_looking_whether_there_is_anything_new_is_one_request(google, machine):
    machine().swap_head(b"1", None)
    google.requests.clear()
    assert machine().head().content == b"1"
    assert google.requests == ["token", LIST]


def test_who_creates_the_promised_head_first_wins(google, machine):
    one, two = machine(), machine()
    first = one.swap_head(b"1", None)
    won = []
    google.faults.append(
        Fault("drive.files.generateIds", "race", act=lambda: won.append(two.swap_head(b"2", first)))
    )
    with pytest.raises(LostRaceError):
        one.swap_head(b"lost", first)
    assert one.head() == two.head() == won[0]


def test_of_two_first_heads_the_older_counts(google, machine):
    one, two = machine(), machine()
    won = []
    google.faults.append(
        Fault("drive.files.generateIds", "race", act=lambda: won.append(two.swap_head(b"2", None)))
    )
    with pytest.raises(LostRaceError):
        one.swap_head(b"1", None)
    assert one.head() == won[0]


def test_a_first_head_that_lost_and_was_left_behind_never_counts(google, machine, folder):
    one, two = machine(), machine()
    won = []
    google.faults += [
        Fault("drive.files.generateIds", "race", act=lambda: won.append(two.swap_head(b"2", None))),
        Fault("drive.files.update", status=403, reason="insufficientFilePermissions", times=2),
    ]
    with pytest.raises(LostRaceError):
        one.swap_head(b"1", None)
    assert names(google, folder) == ["head", "head"]
    assert machine().head() == won[0]
    third = two.swap_head(b"3", won[0])
    assert machine().head() == third
    fourth = one.swap_head(b"4", third)
    assert machine().head() == fourth
    assert names(google, folder) == ["head", "head"]


def test_superseded_heads_go_to_the_bin(google, machine, folder):
    backend, head = machine(), None
    for number in range(6):
        head = backend.swap_head(str(number).encode(), head)
    assert names(google, folder) == ["head", "head"]


def test_an_answer_that_got_lost_is_found_out_about(google, machine):
    backend = machine()
    first = backend.swap_head(b"1", None)
    google.faults.append(Fault(CREATE, "cut", bytes_sent=3))
    second = backend.swap_head(b"2", first)
    assert machine().head() == second


@pytest.mark.parametrize("content", [b"", b"small", LARGE], ids=["empty", "small", "large"])
@pytest.mark.parametrize(
    "fault",
    [Fault(CREATE, status=503, times=2), Fault(CREATE, "cut", bytes_sent=3),
     Fault(GET, "short", times=3), Fault(GET, "cut", bytes_sent=1000),
     Fault("drive.*", status=429, reason="rateLimitExceeded", times=2)],
    ids=lambda fault: f"{fault.method}-{fault.kind}",
)  # fmt: skip
def test_an_object_survives_faults_that_pass(google, machine, content, fault):
    google.faults.append(Fault(**vars(fault)))
    assert put(machine(), content)
    assert b"".join(machine().get(NAME)) == content
    assert b"".join(machine().get(NAME, start=len(content) // 2)) == content[len(content) // 2 :]


def test_many_objects_are_found_by_one_listing(google, machine):
    backend = machine()
    wanted = [OBJECTS + f"{number:064x}" for number in range(20)]
    for name in wanted:
        put(backend, name.encode(), name)
    google.requests.clear()
    other = machine()
    assert [b"".join(other.get(name)) for name in wanted] == [name.encode() for name in wanted]
    assert google.count(LIST) == 1


def test_an_object_that_another_machine_put_meanwhile_is_found(google, machine):
    one, two = machine(), machine()
    assert list(one.list(OBJECTS)) == []
    put(two, b"new")
    assert b"".join(one.get(NAME)) == b"new"
    assert not put(one, b"other")


def test_a_manager_of_the_shared_drive_deletes_for_good(google, google_client):
    folder = google.drive.folder("health", google.drive.shared_drive("mine", role="organizer"))
    backend = GoogleDriveBackend(google_client("state"), folder)
    put(backend, b"1")
    assert backend.remove(NAME)
    assert not [file for file in google.drive.files.values() if file.name == NAME]


def test_a_content_manager_moves_to_the_bin_and_finds_out_once(google, machine, folder):
    backend = machine()
    wanted = [OBJECTS + f"{number:064x}" for number in range(5)]
    for name in wanted:
        put(backend, b"1", name)
    google.requests.clear()
    assert [backend.remove(name) for name in wanted] == [False] * 5
    assert google.count(DELETE) == 1
    assert not google.drive.children(folder)
    assert list(machine().list(OBJECTS)) == []


def test_a_contributor_is_told_which_role_it_needs(google, google_client):
    folder = google.drive.folder("health", google.drive.shared_drive("mine", role="writer"))
    backend = GoogleDriveBackend(google_client("state", advice=ADVICE), folder)
    put(backend, b"1")
    with pytest.raises(RemoteRefusedError, match="Content manager"):
        backend.remove(NAME)
    assert b"".join(backend.get(NAME)) == b"1"


def test_every_file_of_a_name_is_removed(google, machine, folder):
    """Two machines that put one name at once make two files."""
    one, two = machine(), machine()
    for backend in (one, two):
        assert not list(backend.list(OBJECTS))
    google.faults.append(Fault(CREATE, "race", act=lambda: put(two, b"1")))
    put(one, b"1")
    assert names(google, folder) == [NAME, NAME]
    machine().remove(NAME)
    assert names(google, folder) == []


@pytest.mark.parametrize("fault", [Fault(DELETE, "cut", bytes_sent=3), Fault(DELETE, status=503)])
def test_a_removal_survives_faults_that_pass(google, google_client, fault):
    folder = google.drive.folder("health", google.drive.shared_drive("mine", role="organizer"))
    backend = GoogleDriveBackend(google_client("state"), folder)
    put(backend, b"1")
    google.faults.append(Fault(**vars(fault)))
    assert backend.remove(NAME)
    assert names(google, folder) == []


def test_an_object_that_went_away_is_not_there(google, machine, folder):
    backend = machine()
    put(backend, b"1")
    for file in google.drive.children(folder):
        del google.drive.files[file.id]
    with pytest.raises(NotInRemoteError):
        list(backend.get(NAME))


def test_an_outage_may_pass_and_a_refusal_says_the_click(google, google_client, machine):
    google.faults.append(Fault(LIST, status=503, times=999))
    with pytest.raises(RemoteUnavailableError):
        machine().head()
    google.faults.clear()
    mine = google.drive.folder("mine", role="writer")
    with pytest.raises(RemoteRefusedError, match="Shared drives > New"):
        put(GoogleDriveBackend(google_client("state"), mine), b"1")
    shown = google.drive.folder("shown", google.drive.shared_drive("other", role="reader"))
    with pytest.raises(RemoteRefusedError, match="Editor"):
        put(GoogleDriveBackend(google_client("state"), shown), b"1")
    with pytest.raises(RemoteRefusedError, match="click Share"):
        GoogleDriveBackend(google_client("state"), "nowhere").head()


def test_the_address_of_a_remote_may_be_a_folder_of_google_drive(google, folder, tmp_path):
    settings = Settings(
        remote=f"drive:https://drive.google.com/drive/folders/{folder}",
        google_endpoint=google.url,
        google_credentials_file=google.credentials(tmp_path / "key.json"),
    )
    assert backend_of(settings).head() is None
    with pytest.raises(RemoteRefusedError, match="copy the address"):
        backend_of(replace(settings, remote="drive:my folder"))
