"""The emulator holds everybody to Google's own description, itself included."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.google.client import GoogleClient
from adapters.google.errors import GoogleRefusedError
from adapters.settings import Settings
from tests.emulators.discovery import (
    ViolationError,
    check_answer,
    check_query,
    masked,
    parsed_mask,
    route_of,
)

PROJECT = Path(__file__).parents[2]
LIST = route_of("GET", "/drive/v3/files")
SHEET = route_of("GET", "/v4/spreadsheets/abc")


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"pagesize": ["1"]}, "no parameter pagesize"),
        ({"pageSize": ["many"]}, "is a number"),
        ({"pageSize": ["1001"]}, "between"),
        ({"supportsAllDrives": ["yes"]}, "true or false"),
        ({"q": ["a", "b"]}, "more than once"),
        ({"alt": ["xml"]}, "cannot be xml"),
    ],
)
def test_a_request_that_google_would_not_know_is_refused(query, problem):
    with pytest.raises(ViolationError, match=problem):
        check_query(LIST, query)


def test_a_path_that_no_method_has_is_refused():
    with pytest.raises(ViolationError, match="no method"):
        route_of("GET", "/drive/v2/files")
    assert route_of("GET", "/drive/v3/files/generateIds").name == "drive.files.generateIds"
    assert route_of("GET", "/drive/v3/files/x1").path == {"fileId": "x1"}


def test_names_in_a_path_are_read_as_they_were_before_they_were_written_there():
    route = route_of("GET", "/storage/v1/b/bucket/o/health%2Fobjects%2F1")
    assert (route.name, route.path["object"]) == ("storage.objects.get", "health/objects/1")


def test_what_is_asked_of_storage_and_not_heeded_is_refused(google, google_client):
    client = google_client("bucket")
    request = client.storage.objects().list(bucket="bucket", matchGlob="*")
    with pytest.raises(GoogleRefusedError):
        client.ask(request, "the bucket")
    assert google.violations.pop() == "the emulator does not know matchGlob"


@pytest.mark.parametrize(
    "answer",
    [{"files": [{"id": 1}]}, {"files": [{"uuid": "1"}]}, {"files": {}},
     {"files": [{"size": 12}]}, {"files": [{"modifiedTime": "yesterday"}]}],
)  # fmt: skip
def test_an_answer_that_google_cannot_give_is_refused(answer):
    with pytest.raises(ViolationError):
        check_answer(LIST, answer)


def test_what_fields_do_not_name_is_not_sent():
    answer = {"nextPageToken": "2", "files": [{"id": "1", "name": "a", "parents": ["p"]}]}
    assert masked(LIST, "files(id,parents)", answer) == {"files": [{"id": "1", "parents": ["p"]}]}
    assert masked(LIST, "files/name,nextPageToken", answer)["nextPageToken"] == "2"
    with pytest.raises(ViolationError, match="has no idd"):
        masked(LIST, "files(idd)", answer)
    deep = "sheets(data(rowData(values(effectiveValue))))"
    assert masked(SHEET, deep, {"spreadsheetId": "x", "sheets": []}) == {"sheets": []}


def test_a_mask_that_cannot_be_read_is_refused():
    assert parsed_mask("a/b/c,d(e,f/g)") == {"a": {"b": {"c": {}}}, "d": {"e": {}, "f": {"g": {}}}}
    for text in ("a(", "a,,b", "a)", ""):
        with pytest.raises(ViolationError):
            parsed_mask(text)


def test_a_token_for_reading_does_not_write(google, google_client):
    folder = google.drive.folder("exports", google.drive.shared_drive("family"))
    client = google_client("folder")
    body = {"name": "x", "parents": [folder]}
    with pytest.raises(GoogleRefusedError, match="does not cover"):
        client.ask(client.drive.files().create(body=body, supportsAllDrives=True), "the folder")


def test_who_does_not_know_of_shared_drives_does_not_see_them(google, google_client):
    folder = google.drive.folder("exports", google.drive.shared_drive("family"))
    client = google_client("folder")
    with pytest.raises(GoogleRefusedError, match="not there"):
        client.ask(client.drive.files().get(fileId=folder), "the folder")


def test_a_developer_starts_it_with_one_command(tmp_path):
    (tmp_path / "exports" / "deeper").mkdir(parents=True)
    (tmp_path / "exports" / "deeper" / "a.csv").write_text("1")
    (tmp_path / "log.csv").write_text("date,time,systolic,diastolic\n2025-06-30,07:30,128,82\n")
    command = [
        sys.executable, "-m", "tests.emulators.google_server", "--port", "0",
        "--folder", tmp_path / "exports", "--sheet", tmp_path / "log.csv",
        "--fault", "drive.files.list=503x1",
    ]  # fmt: skip
    server = subprocess.Popen(
        command,
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    try:
        told = [server.stdout.readline() for _ in range(6)]
        exported = (line.removeprefix("export ").split("#")[0].strip() for line in told)
        settings = Settings.load(dict(line.split("=", 1) for line in exported if line))
        client = GoogleClient(
            settings.google_credentials_file, ("folder", "sheet"),
            endpoint=settings.google_endpoint, pause=lambda _seconds: None,
        )  # fmt: skip
        request = client.sheets.spreadsheets().get(
            spreadsheetId=settings.google_sheet, includeGridData=True
        )
        rows = client.ask(request, "the sheet")["sheets"][0]["data"][0]["rowData"]
        assert rows[1]["values"][2]["effectiveValue"] == {"numberValue": 128}
        listing = client.drive.files().list(q=f"'{settings.drive_folder}' in parents")
        assert [file["name"] for file in client.ask(listing, "it")["files"]] == ["deeper"]
        (tmp_path / "exports" / "b.csv").write_text("2")
        assert len(client.ask(listing, "it")["files"]) == 2
    finally:
        server.terminate()
        server.wait(10)
