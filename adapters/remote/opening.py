"""Which remote an address means: a folder, or what its scheme says."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from adapters.google.addresses import folder_id
from adapters.remote.backend import Backend, RemoteError, RemoteRefusedError
from adapters.settings import Settings


class NoRemoteError(RemoteError):
    """No remote is named."""

    exit_code = 2

    def __init__(self) -> None:
        super().__init__(
            "no remote is named; say with PDP_REMOTE where the encrypted state is kept: a folder, "
            "s3://bucket/folder, gs://bucket/folder or drive:FOLDER_ID"
        )


def backend_of(settings: Settings) -> Backend:
    """The remote that the settings name.

    Raises:
        NoRemoteError: They name none.
        RemoteRefusedError: Nobody knows this kind of address, or its package is missing.
    """
    address = address_of(settings)
    scheme, mark, rest = address.partition(":")
    if not mark or "/" in scheme or scheme == "file":
        return _folder(rest.removeprefix("//") if scheme == "file" else address)
    if scheme not in _SCHEMES:
        known = ", ".join(f"{name}:" for name in _SCHEMES)
        raise RemoteRefusedError(f"PDP_REMOTE: {scheme}: is no kind of remote; known are {known}")
    return _SCHEMES[scheme](address, settings)


def address_of(settings: Settings) -> str:
    """The address of the remote; of a folder, the same from wherever it is named.

    Raises:
        NoRemoteError: The settings name none.
    """
    if not settings.remote:
        raise NoRemoteError
    if ":" in settings.remote:
        return settings.remote
    return str(Path(settings.remote).absolute())


def _folder(path: str) -> Backend:
    from adapters.remote.folder import FolderBackend  # noqa: PLC0415 - one of several

    return FolderBackend(Path(path))


def _google_drive(address: str, settings: Settings) -> Backend:
    from adapters.remote.google_drive import google_drive  # noqa: PLC0415 - slow to import

    try:
        return google_drive(folder_id(address.partition(":")[2]), settings)
    except ValueError as error:
        raise RemoteRefusedError(f"PDP_REMOTE: {error}") from None


def _google_storage(address: str, settings: Settings) -> Backend:
    from adapters.remote.google_storage import google_storage  # noqa: PLC0415 - slow to import

    return google_storage(address, settings)


def _s3(address: str, _settings: Settings) -> Backend:
    try:
        from adapters.remote.s3 import S3Backend  # noqa: PLC0415 - slow to import
    except ModuleNotFoundError:
        raise RemoteRefusedError(
            "PDP_REMOTE: S3 needs a package more; `pip install -c constraints.txt -e '.[s3]'`"
        ) from None
    return S3Backend(address)


_SCHEMES: Final[Mapping[str, Callable[[str, Settings], Backend]]] = {
    "drive": _google_drive,
    "gs": _google_storage,
    "s3": _s3,
}
