"""A Drive folder as a source: what is new is fetched once, whatever goes wrong on the way."""

import io
import zipfile

import pytest

from adapters.sources.drive_folder import DriveFolder
from registry.raw_files import RawFiles
from tests.emulators.faults import Fault
from tests.fakes.memory_index import MemoryIndex

NOW = "2025-06-30T12:00:00Z"
GET, LIST = "drive.files.get", "drive.files.list"


@pytest.fixture
def raw_files(tmp_path):
    return RawFiles(tmp_path / "raw", MemoryIndex())


@pytest.fixture
def folder(google):
    return google.drive.folder("exports", role="reader")


@pytest.fixture
def collect(google, google_client, folder, raw_files):
    client = google_client("folder")

    def run(place=folder):
        google.requests.clear()
        report = DriveFolder(client, place).collect(raw_files, stored_utc=NOW)
        return [(file.name, file.status) for file in report.files]

    return run


def contents(raw_files):
    return {raw_files.path(entry.sha256).read_bytes() for entry in raw_files.entries()}


def test_files_of_the_folder_and_of_those_below_are_fetched(google, collect, folder, raw_files):
    drive = google.drive
    deeper = drive.folder("b", drive.folder("a", folder))
    drive.put("one.csv", b"1", folder)
    drive.put("two.csv", b"2", deeper)
    drive.put("elsewhere.csv", b"3", drive.folder("other", role="reader"))
    assert collect() == [("a/b/two.csv", "stored"), ("one.csv", "stored")]
    assert contents(raw_files) == {b"1", b"2"}


def test_where_nothing_changed_one_request_is_made(google, collect, folder):
    google.drive.put("one.csv", b"1", folder)
    collect()
    assert collect() == [("one.csv", "known")]
    assert google.requests == [LIST]


def test_only_a_new_revision_is_fetched_and_both_are_kept(google, collect, folder, raw_files):
    drive = google.drive
    first = drive.put("one.csv", b"1", folder)
    drive.put("two.csv", b"2", folder)
    collect()
    drive.put("one.csv", b"1 and more", folder, first)
    assert collect() == [("one.csv", "stored"), ("two.csv", "known")]
    assert google.requests.count(GET) == 1
    assert contents(raw_files) == {b"1", b"1 and more", b"2"}


def test_where_drive_tells_no_sha256_id_md5_and_size_will_do(
    google, collect, folder, raw_files, monkeypatch
):
    drive = google.drive
    file_id = drive.put("old.csv", b"1", folder)
    resource = type(drive.files[file_id]).resource
    monkeypatch.setattr(
        type(drive.files[file_id]),
        "resource",
        lambda file: {k: v for k, v in resource(file).items() if k != "sha256Checksum"},
    )
    collect()
    assert collect() == [("old.csv", "known")]
    assert google.requests == [LIST]
    drive.put("old.csv", b"2", folder, file_id)
    assert collect() == [("old.csv", "stored")]
    assert contents(raw_files) == {b"1", b"2"}


def test_what_is_stored_already_is_not_fetched(google, collect, folder, raw_files):
    raw_files.add_stream([b"1"], "mine.csv", stored_utc=NOW)
    google.drive.put("one.csv", b"1", folder)
    assert collect() == [("one.csv", "known")]
    assert google.requests.count(GET) == 0


def test_a_listing_of_many_pages_is_read_to_its_end(google, collect, folder):
    google.drive.largest_page = 7
    for number in range(30):
        google.drive.put(f"{number:02}.csv", str(number).encode(), folder)
    assert len(collect()) == 30
    assert google.requests.count(LIST) == 5


def test_a_hundred_folders_take_four_requests(google, collect, folder):
    for number in range(100):
        inner = google.drive.folder(f"{number:03}", folder)
        google.drive.put("a.csv", str(number).encode(), inner)
    assert len(collect()) == 100
    assert google.requests.count(LIST) == 1 + 4


def test_a_folder_of_a_shared_drive_will_do(google, collect):
    drive = google.drive
    place = drive.folder("exports", drive.shared_drive("family", role="reader"))
    drive.put("one.csv", b"1", place)
    assert collect(place) == [("one.csv", "stored")]


def test_a_zip_is_unpacked(google, collect, folder, raw_files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("inner/one.csv", b"1")
    google.drive.put("export.zip", packed.getvalue(), folder)
    assert collect() == [("export.zip", "stored"), ("export.zip/inner/one.csv", "stored")]
    assert b"1" in contents(raw_files)
    assert collect() == [("export.zip", "known")]


def test_hostile_names_are_labels(google, collect, folder, raw_files):
    names = ["up/../../x.csv", "a'b\\c.csv", "\x1b[2J.csv", "same.csv", "same.csv", " "]
    for number, name in enumerate(names):
        google.drive.put(name, str(number).encode(), folder)
    for name in ("~$lock.csv", "../hidden", "x.part"):
        google.drive.put(name, b"ignored", folder)
    found = [name for name, _ in collect()]
    assert sorted(found) == sorted(
        ["up_.._.._x.csv", "a'b\\c.csv", "\\x1b[2J.csv", "same.csv", "same.csv", "unnamed"]
    )
    assert contents(raw_files) == {b"0", b"1", b"2", b"3", b"4", b"5"}


def test_shortcuts_and_documents_are_told_and_the_bin_is_not(google, collect, folder):
    drive = google.drive
    drive.shortcut("short.csv", folder, "somewhere")
    drive.native("log", folder, "spreadsheet")
    drive.trash(drive.put("gone.csv", b"1", folder))
    assert collect() == [("log", "failed"), ("short.csv", "failed")]


def test_a_folder_within_itself_has_an_end(google, collect, folder):
    inner = google.drive.folder("inner", folder)
    google.drive.files[folder].parents.append(inner)
    google.drive.put("one.csv", b"1", inner)
    assert collect() == [("inner/one.csv", "stored")]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(GET, "cut", bytes_sent=1000),
        Fault(GET, "short"),
        Fault(GET, "slow", seconds=0.001),
        Fault(GET, status=503),
        Fault(GET, status=429, reason="rateLimitExceeded"),
        Fault(LIST, "cut", bytes_sent=10),
        Fault("token", status=503),
    ],
    ids=lambda fault: f"{fault.method}-{fault.kind}-{fault.status}",
)
def test_a_fault_that_passes_changes_nothing(google, collect, folder, raw_files, fault):
    google.drive.put("one.csv", bytes(range(256)) * 1000, folder)
    google.faults.append(fault)
    assert collect() == [("one.csv", "stored")]
    assert contents(raw_files) == {bytes(range(256)) * 1000}


def test_what_came_before_an_outage_is_kept_and_the_rest_comes_later(
    google, collect, folder, raw_files
):
    for number in range(4):
        google.drive.put(f"{number}.csv", str(number).encode(), folder)
    google.faults.append(Fault(GET, status=503, times=999, skip=2))
    found = collect()
    assert found == [("0.csv", "stored"), ("1.csv", "stored"), ("Drive folder", "failed")]
    google.faults.clear()
    collect()
    assert contents(raw_files) == {b"0", b"1", b"2", b"3"}


def test_a_limit_in_the_middle_of_a_listing_leaves_what_was_listed(google, collect, folder):
    google.drive.largest_page = 2
    for number in range(4):
        google.drive.put(f"{number}.csv", str(number).encode(), folder)
    google.faults.append(Fault(LIST, status=403, reason="dailyLimitExceeded", skip=1))
    assert collect() == [("0.csv", "stored"), ("1.csv", "stored"), ("Drive folder", "failed")]


def test_a_file_that_changes_while_it_is_fetched_is_not_stored(google, collect, folder, raw_files):
    file_id = google.drive.put("one.csv", b"before", folder)
    google.faults.append(
        Fault(GET, "race", act=lambda: google.drive.put("one.csv", b"after!", folder, file_id))
    )
    assert collect() == [("one.csv", "failed")]
    assert contents(raw_files) == set()
    assert collect() == [("one.csv", "stored")]
    assert contents(raw_files) == {b"after!"}
