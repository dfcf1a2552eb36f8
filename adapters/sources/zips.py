"""Zip files as they are found: opened, listed and read with every fault told in one sentence.

ArchiveError              an archive, or a member of one, cannot be used
    WrongPasswordError    this password does not open a member; another may
    LockedError           no password that there is opens a member
"""

import contextlib
import re
import stat
import sys
import zipfile
import zlib
from collections.abc import Iterator
from lzma import LZMAError
from pathlib import Path
from struct import error as StructError  # noqa: N812 - it is a class
from typing import Any, Final, NoReturn

from adapters import AdapterError
from adapters.sources import is_ignored
from registry.objects import CHUNK
from registry.raw_files import plain_name

BY_HAND: Final = "unpack it by hand and put the files there"
_AES: Final = 99
_ENCRYPTED: Final = 0x1
_UTF8_NAME: Final = 0x800
# What only documents hold. Source: ECMA-376 part 2, OpenDocument 1.3 part 2, and Apple's programs.
_DOCUMENT_MARKS: Final = frozenset(
    {
        "[content_types].xml",
        "mimetype",
        "meta-inf/manifest.xml",
        "meta-inf/manifest.mf",
        "index/document.iwa",
        "encrypted-package",
    }
)


class ArchiveError(AdapterError):
    """An archive or a member cannot be used; `is_final` if trying again would tell the same."""

    def __init__(self, reason: str, *, is_final: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_final = is_final


class WrongPasswordError(ArchiveError):
    """This password does not open a member; another may."""


class LockedError(ArchiveError):
    """No password that there is opens a member."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, is_final=False)


def opened(path: Path) -> zipfile.ZipFile:
    """An archive, to be closed by the caller.

    Raises:
        ArchiveError: It is no whole zip file.
    """
    try:
        archive = zipfile.ZipFile(path)
        if any(info.compress_type == _AES for info in archive.infolist()):
            archive.close()
            import pyzipper  # noqa: PLC0415 - most archives do without it

            archive = pyzipper.AESZipFile(path)
    except NotImplementedError as error:
        _raise_unsupported(error)
    except OSError as error:
        raise _unreadable(error) from None
    except _damage():
        raise ArchiveError("it is cut short or damaged; download it again") from None
    return archive


def is_document(archive: zipfile.ZipFile) -> bool:
    """Whether the whole is one document of an office program, and no archive of files."""
    names = (info.filename.replace("\\", "/").casefold() for info in archive.infolist())
    return not _DOCUMENT_MARKS.isdisjoint(names)


def members_of(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The members that are files and no system's litter.

    Raises:
        ArchiveError: There are none.
    """
    members = [
        info
        for info in archive.infolist()
        if not info.filename.endswith(("/", "\\")) and not any(map(is_ignored, _parts(info)))
    ]
    if not members:
        raise ArchiveError("it holds no files; export again")
    return members


def label_of(info: zipfile.ZipInfo) -> str:
    """A member's name, for people: it never leads out of the archive."""
    return plain_name("/".join(_parts(info))) or "unnamed"


def _parts(info: zipfile.ZipInfo) -> list[str]:
    name = info.filename
    if not info.flag_bits & _UTF8_NAME:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    parts = re.split(r"[/\\]", re.sub("^[A-Za-z]:", "", name))
    return [part for part in parts if part not in {"", ".", ".."}]


def is_encrypted(info: zipfile.ZipInfo) -> bool:
    """Whether a member needs a password."""
    return bool(info.flag_bits & _ENCRYPTED)


def passwords_in(path: Path | None) -> list[bytes]:
    """The passwords in a file, one a line.

    Raises:
        LockedError: There is no such file.
    """
    if path is None:
        raise LockedError(
            "it is encrypted; write its password into a file, name that file in "
            "PDP_ZIP_PASSWORD_FILE, and run again"
        )
    try:
        lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").splitlines()
    except OSError as error:
        raise LockedError(
            "it is encrypted, and the file that PDP_ZIP_PASSWORD_FILE names cannot be read "
            f"({error.strerror}); mend that, and run again"
        ) from None
    return [line for line in lines if line]


def member_bytes(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, password: bytes | None
) -> Iterator[bytes]:
    """A member's bytes: never more than it declares.

    Raises:
        ArchiveError: They cannot be had; what was yielded counts for nothing.
    """
    if stat.S_ISLNK(info.external_attr >> 16):
        raise ArchiveError("it is a link; put the file itself into the archive")
    try:
        with archive.open(info, pwd=password) as member:
            while chunk := member.read(CHUNK):
                yield chunk
    except NotImplementedError as error:
        _raise_unsupported(error)
    except OSError as error:
        raise _unreadable(error) from None
    except _damage():
        # A wrong password passes the quick check once in 256 times (AES: once in 65,536), and
        # then what comes out looks damaged.
        if password is not None:
            raise WrongPasswordError("the password does not fit") from None
        raise ArchiveError("it is damaged; download the archive again") from None


def _damage() -> tuple[type[Exception], ...]:
    """What a reader of zips raises over hostile bytes; pyzipper's error is a class of its own."""
    pyzipper: Any = sys.modules.get("pyzipper")
    return (
        RuntimeError,
        zipfile.BadZipFile,
        zlib.error,
        LZMAError,
        StructError,
        EOFError,
        LookupError,
        OverflowError,
        ValueError,
        *([pyzipper.BadZipFile] if pyzipper else []),
    )


def _raise_unsupported(error: NotImplementedError) -> NoReturn:
    raise ArchiveError(f"it is packed in an unusual way ({error}); {BY_HAND}") from None


def _unreadable(error: OSError) -> ArchiveError:
    return ArchiveError(f"it cannot be read ({error.strerror}); run again", is_final=False)
