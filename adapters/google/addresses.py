"""What people copy from their browser's address line, as ids."""

import re
from typing import Final

_ID: Final = re.compile(r"[A-Za-z0-9_-]{10,128}")
_SPREADSHEET: Final = re.compile(r"https://docs\.google\.com/spreadsheets/(?:u/\d+/)?d/([^/?#]+).*")
_FOLDER: Final = re.compile(
    r"https://drive\.google\.com/(?:drive/(?:u/\d+/)?(?:mobile/)?folders/|open\?id=)([^/?#&]+).*"
)


def spreadsheet_id(text: str) -> str:
    """The id of a spreadsheet, from itself or from the spreadsheet's address.

    Raises:
        ValueError: It is neither.
    """
    return _id_in(text, _SPREADSHEET, "spreadsheet")


def folder_id(text: str) -> str:
    """The id of a Drive folder, from itself or from the folder's address.

    Raises:
        ValueError: It is neither.
    """
    return _id_in(text, _FOLDER, "Drive folder")


def _id_in(text: str, address: re.Pattern[str], what: str) -> str:
    found = address.fullmatch(text)
    candidate = found[1] if found else text
    if not _ID.fullmatch(candidate):
        raise ValueError(
            f"this is neither the id nor the address of a {what}; open it in a browser and copy "
            "the address"
        )
    return candidate


def ranges(text: str) -> tuple[str, ...]:
    """Ranges in A1 notation, separated by `;` outside of quoted tab names."""
    parts = re.findall(r"(?:'(?:[^']|'')*'|[^;'])+", text)
    return tuple(part.strip() for part in parts if part.strip())


def loopback_address(text: str) -> str:
    """The address of an emulator on this machine, without a slash at its end.

    Raises:
        ValueError: It leads elsewhere; credentials must not go there.
    """
    from urllib.parse import urlsplit  # noqa: PLC0415 - settings are read where start-up counts

    url = urlsplit(text)
    if url.scheme != "http" or not _is_loopback(url.hostname or "") or url.path.strip("/"):
        raise ValueError(
            "an emulator's address on this machine is wanted, such as http://127.0.0.1:8085; leave "
            "it empty for Google itself"
        )
    return f"http://{url.netloc}"


def _is_loopback(host: str) -> bool:
    from ipaddress import ip_address  # noqa: PLC0415 - as above

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
