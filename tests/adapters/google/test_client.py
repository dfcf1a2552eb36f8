"""How Google is asked: patience where it helps, none where it does not, and words that help."""

import json
import threading
import time

import pytest

from adapters.google.client import _DOCUMENTS, GoogleClient
from adapters.google.credentials import account_facts
from adapters.google.errors import (
    GoogleNotFoundError,
    GoogleRefusedError,
    GoogleSetupError,
    GoogleUnavailableError,
)
from adapters.google.media import PIECE, download
from tests.conftest import PROJECT
from tests.emulators.faults import Fault
from tests.emulators.tokens import EMAIL

LIST = "drive.files.list"


@pytest.fixture
def folder(google):
    return google.drive.folder("exports", role="reader")


def listing(client, folder):
    request = client.drive.files().list(q=f"'{folder}' in parents", fields="files(id)")
    return client.ask(request, "the Drive folder")


@pytest.mark.parametrize(
    ("status", "reason"),
    [(429, "rateLimitExceeded"), (403, "rateLimitExceeded"), (403, "userRateLimitExceeded"),
     (500, "backendError"), (503, "backendError")],
)  # fmt: skip
def test_what_passes_is_asked_again_after_longer_and_longer_pauses(
    google, google_client, folder, status, reason
):
    google.faults.append(Fault(LIST, status=status, reason=reason, times=3))
    client = google_client("folder")
    assert listing(client, folder) == {"files": []}
    assert google.count(LIST) == 4
    first, second, third = client.pauses
    assert 0.25 <= first <= 0.5 <= second <= 1.0 <= third <= 2.0


@pytest.mark.parametrize(
    ("reason", "click"),
    [
        ("dailyLimitExceeded", "iam-admin/quotas"),
        ("storageQuotaExceeded", "Shared drives > New"),
        ("insufficientPermissions", "make a new key"),
        ("insufficientFilePermissions", "make it Editor"),
        ("accessNotConfigured", "click Enable"),
        ("forbidden", f"paste {EMAIL}"),
    ],
)
def test_what_does_not_pass_is_asked_once_and_says_the_click_that_mends_it(
    google, google_client, folder, reason, click
):
    google.faults.append(Fault(LIST, status=403, reason=reason, times=9))
    client = google_client("folder")
    with pytest.raises(GoogleRefusedError) as refused:
        listing(client, folder)
    assert click in str(refused.value)
    assert (google.count(LIST), client.pauses) == (1, [])


def test_patience_has_an_end_and_a_budget_for_all_requests(google, google_client, folder):
    google.faults.append(Fault(LIST, status=503, times=1000))
    client = google_client("folder", budget_seconds=5.0)
    for _ in range(20):  # each one pauses for a quarter of a second at least, while it can
        with pytest.raises(GoogleUnavailableError, match="fault of its own"):
            listing(client, folder)
    assert 4.5 < sum(client.pauses) <= 5.0
    assert google.count(LIST) == 20 + len(client.pauses)


def test_google_says_how_long_to_wait(google, google_client, folder):
    google.faults.append(Fault(LIST, status=429, reason="rateLimitExceeded", retry_after=7))
    client = google_client("folder")
    listing(client, folder)
    assert client.pauses == [7.0]


def test_a_broken_connection_is_asked_again(google, google_client, folder):
    google.faults.append(Fault(LIST, "cut", bytes_sent=5, times=2))
    assert listing(google_client("folder"), folder) == {"files": []}


def test_nobody_at_the_other_end_is_an_outage(google, google_client, folder, tmp_path):
    credentials = google.credentials(tmp_path / "key.json")
    client = GoogleClient(credentials, ("folder",), endpoint="http://127.0.0.1:9", pause=len)
    client._pause = lambda _seconds: None
    with pytest.raises(GoogleUnavailableError, match="cannot be reached"):
        listing(client, folder)


def test_what_is_not_shared_looks_as_if_it_was_not_there(google, google_client):
    secret = google.drive.folder("private")
    with pytest.raises(GoogleNotFoundError, match=f"paste {EMAIL}"):
        listing(google_client("folder"), secret)


def test_a_token_covers_what_was_asked_for_and_no_more(google, google_client, folder):
    with pytest.raises(GoogleRefusedError, match="does not cover"):
        listing(google_client("sheet"), folder)


def test_a_clock_that_is_off_is_named(google, google_client, folder):
    google.tokens.clock_offset_seconds = -3600
    with pytest.raises(GoogleRefusedError, match="clock is off"):
        listing(google_client("folder"), folder)


def test_a_key_that_was_deleted_is_named(google, google_client, folder):
    google.tokens.is_revoked = True
    with pytest.raises(GoogleRefusedError, match="deleted or disabled"):
        listing(google_client("folder"), folder)


def test_a_token_that_expired_is_renewed(google, google_client, folder):
    client = google_client("folder")
    listing(client, folder)
    google.tokens.forget()
    assert listing(client, folder) == {"files": []}
    assert google.count("token") == 2


def test_a_file_comes_whole_through_cut_short_and_slow_answers(google, google_client, folder):
    content = bytes(range(251)) * (2 * PIECE // 251 + 1000)
    file_id = google.drive.put("big.zip", content, folder)
    google.faults += [
        Fault("drive.files.get", "cut", bytes_sent=100_000),
        Fault("drive.files.get", "short", times=2),
        Fault("drive.files.get", "slow", seconds=0.001),
        Fault("drive.files.get", status=503),
    ]
    client = google_client("folder")
    request = client.drive.files().get_media(fileId=file_id)
    assert b"".join(download(client, request, "a file")) == content
    assert b"".join(download(client, request, "a file", start=PIECE)) == content[PIECE:]


def test_threads_share_a_client(google, google_client, folder):
    client, found = google_client("folder"), []
    threads = [
        threading.Thread(target=lambda: found.append(listing(client, folder))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [{"files": []}] * 8


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("no json, secret-1f", "no key of a service account"),
        ('{"installed": {"client_secret": "secret-1f"}}', "OAuth client"),
        ('{"type": "service_account", "private_key": "secret-1f"}', "lacks client_email"),
    ],
)
def test_another_file_is_no_key_and_is_never_shown(tmp_path, content, problem):
    path = tmp_path / "key.json"
    path.write_text(content)
    with pytest.raises(GoogleSetupError, match=problem) as refused:
        account_facts(path)
    assert "secret-1f" not in str(refused.value)


def test_a_key_never_goes_to_an_address_that_is_no_https(google, tmp_path):
    credentials = google.credentials(tmp_path / "key.json")
    with pytest.raises(GoogleSetupError, match="token_uri"):
        GoogleClient(credentials, ("folder",))
    spoilt = json.loads(credentials.read_text()) | {"private_key": "secret-1f"}
    credentials.write_text(json.dumps(spoilt))
    with pytest.raises(GoogleSetupError, match="private key cannot be read"):
        GoogleClient(credentials, ("folder",), endpoint=google.url)


def test_ten_thousand_files_are_listed_by_pages_alone(google, google_client, folder):
    for number in range(10_000):
        google.drive.put(f"{number}.csv", b"", folder)
    client, started = google_client("folder"), time.perf_counter()
    pages = client.pages(
        client.drive.files().list, "the Drive folder", q=f"'{folder}' in parents",
        pageSize=1000, fields="nextPageToken,files(id)",
    )  # fmt: skip
    assert len({file["id"] for page in pages for file in page["files"]}) == 10_000
    assert google.count(LIST) == 10
    assert time.perf_counter() - started < 10


def test_the_image_keeps_every_description_that_the_client_reads():
    built = (PROJECT / "Containerfile").read_text()
    assert all(f"! -name {name}" in built for name in _DOCUMENTS.values())
