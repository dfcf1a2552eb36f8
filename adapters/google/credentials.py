"""The service account: its file, and the tokens that are had for it."""

import json
from pathlib import Path
from typing import Any, Final

from adapters.google.errors import (
    GoogleError,
    GoogleRefusedError,
    GoogleSetupError,
    GoogleUnavailableError,
)

SCOPES: Final = {
    "sheet": "https://www.googleapis.com/auth/spreadsheets.readonly",
    "folder": "https://www.googleapis.com/auth/drive.readonly",
    "state": "https://www.googleapis.com/auth/drive",
    "bucket": "https://www.googleapis.com/auth/devstorage.read_write",
}
_NEEDED: Final = ("client_email", "private_key", "token_uri")
_HOW: Final = (
    "in Google's console: IAM & Admin > Service Accounts > Keys > Add key > JSON; then name that "
    "file in PDP_GOOGLE_CREDENTIALS_FILE"
)


def account_facts(path: Path | None) -> dict[str, Any]:
    """What the file of a service account says.

    Raises:
        GoogleSetupError: It is not there, or is another file; the error never shows any of it.
    """
    if path is None:
        raise GoogleSetupError(f"there is no key of a service account; make one {_HOW}")
    try:
        facts = json.loads(path.read_bytes())
    except OSError as error:
        raise GoogleSetupError(
            f"{path} cannot be read ({error.strerror}); make one {_HOW}"
        ) from None
    except ValueError:
        raise GoogleSetupError(f"{path} is no key of a service account; make one {_HOW}") from None
    if not isinstance(facts, dict) or facts.get("type") != "service_account":
        raise GoogleSetupError(
            f"{path} is not the key of a service account (an OAuth client's file looks alike); "
            f"make one {_HOW}"
        )
    missing = [name for name in _NEEDED if not isinstance(facts.get(name), str)]
    if missing:
        raise GoogleSetupError(f"{path} lacks {', '.join(missing)}; make a new key {_HOW}")
    return facts


def service_account(facts: dict[str, Any], purposes: tuple[str, ...], endpoint: str | None) -> Any:
    """Credentials for what is to be done, and nothing more.

    Raises:
        GoogleSetupError: The key cannot be used.
    """
    from google.oauth2 import service_account as accounts  # noqa: PLC0415 - slow to import

    if endpoint is None and not facts["token_uri"].startswith("https://"):
        raise GoogleSetupError(
            "the key's token_uri is no https address, as that of an emulator; set "
            f"PDP_GOOGLE_ENDPOINT too, or make a key {_HOW}"
        )
    scopes = [SCOPES[purpose] for purpose in purposes]
    try:
        return accounts.Credentials.from_service_account_info(facts, scopes=scopes)
    except ValueError:
        raise GoogleSetupError(f"the private key cannot be read; make a new key {_HOW}") from None


def token_refused(error: Exception) -> GoogleError:
    """Why there is no token, and what to do about it."""
    text = str(error)
    if "timeframe" in text or "iat" in text:
        return GoogleRefusedError(
            "this machine's clock is off, so Google takes no token request; set the clock "
            "(`timedatectl set-ntp true`) and run again"
        )
    if "invalid_grant" in text or "Signature" in text:
        return GoogleRefusedError(
            f"Google does not know this key any more: it was deleted or disabled; make one {_HOW}"
        )
    return GoogleUnavailableError("Google gives no token just now; run again later")
