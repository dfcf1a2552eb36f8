"""One way to ask Google: shipped discovery documents, one connection a thread, patient retries."""

import functools
import json
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPException
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from adapters.google.credentials import account_facts, service_account, token_refused
from adapters.google.errors import (
    NO_ADVICE,
    GoogleError,
    GoogleSetupError,
    GoogleUnavailableError,
    is_passing,
    reason_of,
    refused,
)

_DOCUMENTS: Final = {
    "drive": "drive.v3.json",
    "sheets": "sheets.v4.json",
    "storage": "storage.v1.json",
}
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 32.0
_MOST_ATTEMPTS: Final = 7
_TIMEOUT_SECONDS: Final = 60
_UPLOAD_GOES_ON: Final = 308  # a redirect, were it not for Google

# It warns of each refusal on stderr, in words of its own; ours say more.
logging.getLogger("googleapiclient").setLevel(logging.CRITICAL)


class GoogleClient:
    """Drive, Sheets and Cloud Storage for one service account. Several threads may use it.

    Args:
        credentials_file: The service account's key.
        purposes: What it will be used for, of `credentials.SCOPES`.
        endpoint: Another address than Google's: an emulator on this machine.
        budget_seconds: How long all pauses together may take.
        pause: Waits.
        advice: Reason or status -> which click mends it, where the usual words do not fit.

    Raises:
        GoogleSetupError: The packages are not installed, or the key cannot be used.
    """

    def __init__(
        self,
        credentials_file: Path | None,
        purposes: tuple[str, ...],
        *,
        endpoint: str | None = None,
        budget_seconds: float = 30.0,
        pause: Callable[[float], None] = time.sleep,
        advice: Mapping[str, str] = NO_ADVICE,
    ) -> None:
        require_packages()
        facts = account_facts(credentials_file)
        self.account: str = facts["client_email"]
        self._credentials = service_account(facts, purposes, endpoint)
        self._endpoint, self._pause, self._advice = endpoint, pause, advice
        self._budget = budget_seconds
        self._local, self._lock = threading.local(), threading.Lock()

    @functools.cached_property
    def drive(self) -> Any:
        """Drive v3: a request is made with it, and asked with `ask`."""
        return self._service("drive")

    @functools.cached_property
    def sheets(self) -> Any:
        """Sheets v4."""
        return self._service("sheets")

    @functools.cached_property
    def storage(self) -> Any:
        """Cloud Storage v1."""
        return self._service("storage")

    @functools.cached_property
    def files(self) -> Any:
        """The files of Drive: made once, since each making takes milliseconds and memory."""
        return self.drive.files()

    @functools.cached_property
    def objects(self) -> Any:
        """The objects of Cloud Storage."""
        return self.storage.objects()

    def ask(self, request: Any, what: str) -> Any:
        """The answer to a request, asked again for as long as that makes sense.

        Args:
            request: Made by `drive`, `sheets` or `storage`.
            what: What it asks for, in words for people.

        Raises:
            GoogleRefusedError: Asking again does not help.
            GoogleUnavailableError: It may help later.
        """
        return self.patiently(lambda http: request.execute(http=http), what)

    def pages(self, method: Any, what: str, **parameters: Any) -> Iterator[Any]:
        """Each page of a listing; `fields` has to name `nextPageToken`."""
        token = None
        while True:
            page = self.ask(method(**parameters, pageToken=token), what)
            yield page
            token = page.get("nextPageToken")
            if not token:
                return

    def upload(self, request: Any, what: str) -> Any:
        """The answer to an upload that goes in pieces, each of them tried again."""
        answer = None
        while answer is None:
            _, answer = self.patiently(lambda http: request.next_chunk(http=http), what)
        return answer

    def _service(self, api: str) -> Any:
        import httplib2  # noqa: PLC0415 - slow to import
        from googleapiclient.discovery import build_from_document  # noqa: PLC0415 - slow to import

        folder = files("googleapiclient") / "discovery_cache" / "documents"
        document = json.loads((folder / _DOCUMENTS[api]).read_bytes())
        if self._endpoint:
            document["rootUrl"] = f"{self._endpoint}/"
            document["baseUrl"] = f"{self._endpoint}/{document['servicePath']}"
        return build_from_document(document, http=httplib2.Http())

    def _http(self) -> Any:
        """This thread's connection."""
        if not hasattr(self._local, "http"):
            import google_auth_httplib2  # noqa: PLC0415 - slow to import
            import httplib2  # noqa: PLC0415 - slow to import

            plain = httplib2.Http(timeout=_TIMEOUT_SECONDS)
            plain.redirect_codes = plain.redirect_codes - {_UPLOAD_GOES_ON}
            self._local.http = google_auth_httplib2.AuthorizedHttp(self._credentials, http=plain)
        return self._local.http

    # -- patience --------------------------------------------------------------------------------

    def patiently(self, attempt: Callable[[Any], Any], what: str) -> Any:
        """What an attempt with this thread's connection gives, made again while that makes sense.

        Raises:
            GoogleRefusedError: Trying again does not help.
            GoogleUnavailableError: It may help later.
        """
        for number in range(_MOST_ATTEMPTS):
            try:
                return attempt(self._http())
            except _passing_errors() as error:
                found, asked_for = self._judged(error, what)
                if not self._waits(number, asked_for):
                    raise found from None
        raise GoogleUnavailableError("Google gave no usable answer; run again later")

    def _judged(self, error: Any, what: str) -> tuple[GoogleError, float]:
        """What an error means, and how long Google asks to wait.

        Raises:
            GoogleError: It will not pass.
        """
        from google.auth.exceptions import RefreshError  # noqa: PLC0415 - slow to import
        from googleapiclient.errors import HttpError  # noqa: PLC0415 - slow to import

        if isinstance(error, HttpError):
            reason = reason_of(error.content)
            found = refused(error.resp.status, reason, what, self.account, self._advice)
            if not is_passing(error.resp.status, reason):
                raise found from None
            return found, _seconds(error.resp.get("retry-after"))
        if isinstance(error, RefreshError):
            found = token_refused(error)
            if not isinstance(found, GoogleUnavailableError):
                raise found from None
            return found, 0.0
        problem = "Google cannot be reached, or its answer broke off; check the network, run again"
        return GoogleUnavailableError(problem), 0.0

    def _waits(self, number: int, asked_for: float) -> bool:
        """Pause before the next attempt; False when patience is at its end."""
        longest = min(_FIRST_PAUSE * 2**number, _LONGEST_PAUSE)
        seconds = max(asked_for, longest * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
        with self._lock:
            if seconds > self._budget or number == _MOST_ATTEMPTS - 1:
                return False
            self._budget -= seconds
        self._pause(seconds)
        return True


def require_packages() -> None:
    """See that the packages which reach Google are there.

    Raises:
        GoogleSetupError: They are not installed.
    """
    try:
        import googleapiclient  # noqa: F401, PLC0415 - looks whether it is there
    except ImportError:
        raise GoogleSetupError(
            "the packages that reach Google are not installed; run "
            "`.venv/bin/pip install -c constraints.txt -e '.[google]'`"
        ) from None


def _passing_errors() -> tuple[type[Exception], ...]:
    """What may be worth another attempt."""
    import httplib2  # noqa: PLC0415 - slow to import
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415 - slow to import
    from googleapiclient.errors import HttpError  # noqa: PLC0415 - slow to import

    return (HttpError, GoogleAuthError, httplib2.HttpLib2Error, HTTPException, OSError)


def _seconds(text: str | None) -> float:
    return float(text) if text and text.isdigit() else 0.0
