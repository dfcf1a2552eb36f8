"""Whether Google can be reached as the settings want it: key, clock, scopes, sharing, storage.

Every line that is not fine says which click mends it.
"""

import stat
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from adapters.google.addresses import folder_id
from adapters.google.client import GoogleClient
from adapters.google.credentials import account_facts
from adapters.google.errors import NO_ADVICE, GoogleError
from adapters.remote.backend import RemoteRefusedError
from adapters.remote.google_storage import ADVICE, bucket_and_prefix
from adapters.settings import Settings
from adapters.terminal.doctor import Finding

_PACKAGE: Final = "google-api-python-client"
_PATIENCE_SECONDS: Final = 5.0
_DRIVE: Final = "drive:"
_STORAGE: Final = "gs:"
_STORAGE_METHODS: Final = ("create", "delete", "get", "list")
_FOLDER_FIELDS: Final = "name,driveId,mimeType,capabilities(canAddChildren,canListChildren)"


def google_findings(settings: Settings) -> Iterator[Finding]:
    """Every check of what the settings use of Google; none where they use nothing."""
    remote = settings.remote or ""
    in_drive, in_bucket = remote.startswith(_DRIVE), remote.startswith(_STORAGE)
    if not (settings.remote_sources or in_drive or in_bucket):
        return
    packages = _packages()
    yield packages
    yield _key(settings)
    if not packages.is_fine:
        return
    if settings.google_sheet:
        yield _asked("Google Sheet", settings, "sheet", _sheet)
    if settings.drive_folder:
        yield _asked("Drive folder", settings, "folder", _folder)
    if in_drive:
        yield _asked("remote state", settings, "state", _state)
    if in_bucket:
        yield _asked("remote state", settings, "bucket", _bucket)


def _packages() -> Finding:
    try:
        return Finding(_PACKAGE, is_fine=True, found=version(_PACKAGE))
    except PackageNotFoundError:
        advice = "missing; `pip install -c constraints.txt -e '.[google]'`"
        return Finding(_PACKAGE, is_fine=False, found=advice)


def _key(settings: Settings) -> Finding:
    path = settings.google_credentials_file
    try:
        account = account_facts(path)["client_email"]
    except GoogleError as error:
        return Finding("Google key", is_fine=False, found=str(error))
    if path is not None and stat.S_IMODE(path.stat().st_mode) & 0o077:
        found = f"{path} is readable by others: chmod 600 it"
        return Finding("Google key", is_fine=False, found=found)
    return Finding("Google key", is_fine=True, found=f"{path}, of {account}")


def _asked(
    check: str,
    settings: Settings,
    purpose: str,
    ask: Callable[[GoogleClient, Settings], tuple[bool, str]],
) -> Finding:
    try:
        client = GoogleClient(
            settings.google_credentials_file,
            (purpose,),
            endpoint=settings.google_endpoint,
            budget_seconds=_PATIENCE_SECONDS,
            advice=ADVICE if purpose == "bucket" else NO_ADVICE,
        )
        is_fine, found = ask(client, settings)
    except (GoogleError, RemoteRefusedError) as error:
        return Finding(check, is_fine=False, found=str(error))
    return Finding(check, is_fine=is_fine, found=found)


def _sheet(client: GoogleClient, settings: Settings) -> tuple[bool, str]:
    request = client.sheets.spreadsheets().get(
        spreadsheetId=settings.google_sheet,
        fields="properties(title,locale,timeZone),sheets(properties(title))",
    )
    answer = client.ask(request, "the spreadsheet")
    about = answer["properties"]
    tabs = len(answer.get("sheets", []))
    words = f"{about['title']}: {tabs} {'tab' if tabs == 1 else 'tabs'}"
    return True, (
        f"{words}, times in {about['timeZone']}, dates as in {about['locale']} "
        "(File > Settings, if that is wrong)"
    )


def _folder(client: GoogleClient, settings: Settings) -> tuple[bool, str]:
    found = _file(client, str(settings.drive_folder), "the Drive folder")
    if not found.get("capabilities", {}).get("canListChildren", True):
        return False, f"{found['name']} is no folder; copy the address of the folder around it"
    return True, f"{found['name']} can be read"


def _state(client: GoogleClient, settings: Settings) -> tuple[bool, str]:
    place = folder_id((settings.remote or "").removeprefix(_DRIVE))
    found = _file(client, place, "the folder of the remote state")
    if not found.get("capabilities", {}).get("canAddChildren", False):
        return False, (
            f"{client.account} may not write to {found['name']}; click Share there and make it "
            "Content manager"
        )
    if "driveId" in found:
        return True, f"{found['name']}, in a shared drive, can be written to"
    return _own_storage(client, str(found["name"]))


def _bucket(client: GoogleClient, settings: Settings) -> tuple[bool, str]:
    bucket, _prefix = bucket_and_prefix(settings.remote or "")
    wanted = [f"storage.objects.{method}" for method in _STORAGE_METHODS]
    request = client.storage.buckets().testIamPermissions(bucket=bucket, permissions=wanted)
    granted = client.ask(request, f"the bucket {bucket}").get("permissions", [])
    if lacking := sorted(set(wanted) - set(granted)):
        told = ADVICE["403"].format(what=f"the bucket {bucket}", account=client.account)
        verb = "is" if len(lacking) == 1 else "are"
        return False, f"{told} ({', '.join(lacking)} {verb} missing)"
    return True, f"the bucket {bucket} can be written to"


def _own_storage(client: GoogleClient, name: str) -> tuple[bool, str]:
    """Outside of a shared drive, what a service account writes counts against its own storage."""
    request = client.drive.about().get(fields="storageQuota")
    quota = client.ask(request, "the storage")["storageQuota"]
    limit, usage = int(quota.get("limit", 0)), int(quota.get("usage", 0))
    if limit > usage:
        return True, f"{name} can be written to; {(limit - usage) / 1e9:.1f} GB are free"
    return False, (
        f"{name} is in nobody's shared drive, and a service account has no storage of its own: "
        "Drive > Shared drives > New, add the account as Content manager, and name a folder there"
    )


def _file(client: GoogleClient, file_id: str, what: str) -> Any:
    request = client.files.get(fileId=file_id, fields=_FOLDER_FIELDS, supportsAllDrives=True)
    return client.ask(request, what)
