"""What Google refuses, and which click mends it.

GoogleError                 root; a sentence for people, never what Google sent
  GoogleSetupError          the settings or the credentials' file (exit code 2)
  GoogleRefusedError        will be refused again: permission, sharing, a full storage
    GoogleNotFoundError     it is not there, or not shared
  GoogleUnavailableError    passes by itself: an outage, a limit, no network
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from adapters import AdapterError

PASSING_REASONS: Final = frozenset(
    {"rateLimitExceeded", "userRateLimitExceeded", "sharingRateLimitExceeded", "backendError"}
)
NO_ADVICE: Final[Mapping[str, str]] = MappingProxyType({})
_PASSING_STATUS: Final = frozenset({408, 429})
_SERVER_FAULT: Final = 500
_RPC_REASONS: Final = {
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": "insufficientPermissions",
    "SERVICE_DISABLED": "accessNotConfigured",
    "RATE_LIMIT_EXCEEDED": "rateLimitExceeded",
}
_CONSOLE: Final = "https://console.cloud.google.com"


class GoogleError(AdapterError):
    """Google did not do what was asked.

    Args:
        problem: What happened, and what to do about it.
        reason: Google's word for it, where it has one.
    """

    def __init__(self, problem: str, reason: str = "") -> None:
        super().__init__(problem)
        self.reason = reason


class GoogleSetupError(GoogleError):
    """The settings or the credentials cannot be used."""

    exit_code = 2


class GoogleRefusedError(GoogleError):
    """Asking again will not help; a click will."""


class GoogleNotFoundError(GoogleRefusedError):
    """It is not there, or not shared with the service account."""


class GoogleUnavailableError(GoogleError):
    """Asking again later will help."""


def reason_of(content: bytes) -> str:
    """Google's word for what is wrong, from the body of an error in either of its forms."""
    try:
        error = json.loads(content)["error"]
        errors = error.get("errors") or [{}]
        details = [item.get("reason") for item in error.get("details", [])]
    except (ValueError, LookupError, AttributeError, TypeError):
        return ""
    reason = next((item for item in details if item), None) or errors[0].get("reason")
    return _RPC_REASONS.get(str(reason), str(reason or error.get("status") or ""))


def is_passing(status: int, reason: str) -> bool:
    """Whether the same request may be granted in a moment."""
    return status in _PASSING_STATUS or status >= _SERVER_FAULT or reason in PASSING_REASONS


def refused(
    status: int, reason: str, what: str, account: str, more: Mapping[str, str] = NO_ADVICE
) -> GoogleError:
    """The error that says which click mends it.

    Args:
        status: Of HTTP.
        reason: Google's word.
        what: What was asked for: "the spreadsheet", "the Drive folder".
        account: The service account's e-mail address.
        more: Reason or status -> advice that goes before the usual one.
    """
    if is_passing(status, reason):
        return GoogleUnavailableError(_passing(status, reason), reason)
    kind = GoogleNotFoundError if status == 404 else GoogleRefusedError  # noqa: PLR2004
    known = (advice.get(key) for key in (reason, str(status)) for advice in (more, _ADVICE))
    advice = next(filter(None, known), _UNKNOWN)
    return kind(advice.format(what=what, account=account, status=status, reason=reason), reason)


def _passing(status: int, reason: str) -> str:
    if status >= _SERVER_FAULT:
        return f"Google has a fault of its own just now ({status}); run again later"
    return f"Google asks to slow down ({reason or status}); run again in a few minutes"


_UNKNOWN: Final = (
    "Google refuses access to {what} ({status} {reason}); `python cli.py doctor` looks closer"
)
_SHARE: Final = (
    "open {what} in a browser, click Share, paste {account}, choose Viewer and click Send"
)
_ADVICE: Final = {
    "dailyLimitExceeded": (
        "the project's daily limit is used up; it starts anew at midnight Pacific Time, or raise "
        f"it: {_CONSOLE}/iam-admin/quotas"
    ),
    "storageQuotaExceeded": (
        "the storage is full: a service account has none of its own. Make a shared drive (Drive > "
        "Shared drives > New), add {account} as Content manager, and name a folder in it"
    ),
    "insufficientPermissions": (
        "the access token does not cover {what}: make a new key of the service account and name "
        "its file in PDP_GOOGLE_CREDENTIALS_FILE"
    ),
    "insufficientFilePermissions": (
        "{account} may read {what} and not write to it: click Share there and make it Editor"
    ),
    "accessNotConfigured": (
        "the interface is not enabled in the Google project: click Enable at "
        f"{_CONSOLE}/apis/library/drive.googleapis.com and at "
        f"{_CONSOLE}/apis/library/sheets.googleapis.com (for gs:, at "
        f"{_CONSOLE}/apis/library/storage.googleapis.com), and wait a minute"
    ),
    "fileNotDownloadable": "{what} has no bytes of its own; download it as CSV into the folder",
    "cannotDownloadFile": "{what} may not be downloaded; its owner can allow it under Share > gear",
    "401": (
        "Google does not know the service account's key; make a new one (IAM & Admin > Service "
        "Accounts > Keys > Add key) and name its file in PDP_GOOGLE_CREDENTIALS_FILE"
    ),
    "403": "{what} is not shared with the service account: " + _SHARE,
    "404": "{what} is not there, or is not shared with the service account: check its id; "
    + _SHARE,
}
