"""`doctor` over Google: what is wrong, and the click that mends it."""

from dataclasses import replace

import pytest

from adapters.settings import Settings
from adapters.terminal.google_doctor import google_findings
from tests.emulators.sheets import Tab


@pytest.fixture
def settings(google, tmp_path):
    """Settings with which everything is fine."""
    sheet = google.spreadsheet()
    sheet.tabs.append(Tab(0, "Log"))
    return Settings(
        google_credentials_file=google.credentials(tmp_path / "key.json"),
        google_sheet=sheet.id,
        drive_folder=google.drive.folder("exports", role="reader"),
        remote=f"drive:{google.drive.folder('health', google.drive.shared_drive('state'))}",
        google_endpoint=google.url,
    )


def findings(settings):
    return {
        finding.check: (finding.is_fine, finding.found) for finding in google_findings(settings)
    }


def test_nothing_is_asked_where_nothing_is_used():
    assert findings(Settings()) == {}


def test_what_works_is_described(settings):
    found = findings(settings)
    assert all(is_fine for is_fine, _ in found.values()), found
    assert "1 tab, times in Europe/Berlin, dates as in en_GB" in found["Google Sheet"][1]
    assert "exports can be read" in found["Drive folder"][1]
    assert "in a shared drive" in found["remote state"][1]


@pytest.mark.parametrize(
    ("spoil", "check", "click"),
    [
        (lambda google: google.spreadsheets.clear(), "Google Sheet", "click Share"),
        (lambda google: google.disabled.add("sheets"), "Google Sheet", "click Enable"),
        (lambda google: google.disabled.add("drive"), "Drive folder", "click Enable"),
        (lambda google: google.drive.files.clear(), "Drive folder", "click Share"),
        (lambda google: google.drive.files.clear(), "remote state", "click Share"),
        (lambda google: setattr(google.tokens, "is_revoked", True), "Drive folder", "Add key"),
        (
            lambda google: setattr(google.tokens, "clock_offset_seconds", 9999),
            "Google Sheet",
            "timedatectl",
        ),
    ],
)
def test_what_is_wrong_says_the_click(google, settings, spoil, check, click):
    spoil(google)
    is_fine, found = findings(settings)[check]
    assert not is_fine
    assert click in found


def test_a_folder_without_storage_is_found_before_the_first_push(google, settings):
    mine = google.drive.folder("mine", role="writer")
    is_fine, found = findings(replace(settings, remote=f"drive:{mine}"))["remote state"]
    assert (is_fine, "Shared drives > New" in found) == (False, True)
    google.drive.quota_bytes = 15_000_000_000
    assert findings(replace(settings, remote=f"drive:{mine}"))["remote state"][0]


def test_a_folder_that_may_only_be_read_is_found_too(google, settings):
    shown = google.drive.folder("shown", role="reader")
    found = findings(replace(settings, remote=f"drive:{shown}"))["remote state"]
    assert not found[0]
    assert "Content manager" in found[1]


def test_a_bucket_is_looked_at_like_a_folder(google, settings):
    settings = replace(settings, remote="gs://bucket/health")
    assert "is not there" in findings(settings)["remote state"][1]
    bucket = google.storage.bucket("bucket")
    assert findings(settings)["remote state"] == (True, "the bucket bucket can be written to")
    bucket.permissions -= {"storage.objects.delete"}
    is_fine, found = findings(settings)["remote state"]
    assert not is_fine
    assert "Storage Object User" in found
    assert "storage.objects.delete is missing" in found
    assert not findings(replace(settings, remote="gs:bucket"))["remote state"][0]


def test_a_key_that_others_can_read_is_told(settings):
    settings.google_credentials_file.chmod(0o644)
    is_fine, found = findings(settings)["Google key"]
    assert (is_fine, "chmod 600" in found) == (False, True)


def test_a_missing_key_ends_no_check(settings, tmp_path):
    found = findings(replace(settings, google_credentials_file=tmp_path / "none"))
    assert not any(
        is_fine for check, (is_fine, _) in found.items() if check != "google-api-python-client"
    )
