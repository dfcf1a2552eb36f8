"""Drive's methods over HTTP: parameters in, answers out."""

from typing import Any

from tests.emulators.answers import Answer, RefusedError
from tests.emulators.media import downloaded, written


def _list(call: Any) -> Answer:
    if call.one("includeItemsFromAllDrives") == "true" and not call.all_drives:
        raise RefusedError(403, "badRequest", "supportsAllDrives must be true")
    page = call.server.drive.search(
        call.one("q") or "",
        int(call.one("pageSize") or 0),
        call.one("pageToken"),
        all_drives=call.one("includeItemsFromAllDrives") == "true",
        app_only=call.app_only,
    )
    return Answer(200, page)


def _file(call: Any) -> Any:
    return call.server.drive.visible(
        call.route.path["fileId"], all_drives=call.all_drives, app_only=call.app_only
    )


def _get(call: Any) -> Answer:
    file = _file(call)
    if call.one("alt") != "media":
        return Answer(200, call.server.drive.resource(file))
    if file.content is None:
        reason = "fileNotDownloadable"
        raise RefusedError(403, reason, "Only files with binary content can be downloaded.")
    return downloaded(call, file.content)


def _create(call: Any) -> Answer:
    def make(body: dict[str, Any], content: bytes | None) -> dict[str, Any]:
        drive = call.server.drive
        made = drive.create(body, content, all_drives=call.all_drives, app_only=call.app_only)
        return made.resource()

    return written(call, make)


def _update(call: Any) -> Answer:
    file, drive = _file(call), call.server.drive
    return written(call, lambda body, content: drive.update(file, body, content).resource())


def _delete(call: Any) -> Answer:
    call.server.drive.delete(_file(call))
    return Answer(204)


def _about(call: Any) -> Answer:
    if not call.one("fields"):
        raise RefusedError(400, "required", "The 'fields' parameter is required for this method.")
    limit = call.server.drive.quota_bytes
    user = {"kind": "drive#user", "displayName": "pipeline", "emailAddress": "pipeline@example.com"}
    quota = {"limit": str(limit), "usage": "0", "usageInDrive": "0"}
    return Answer(200, {"kind": "drive#about", "user": user, "storageQuota": quota})


def _generate_ids(call: Any) -> Answer:
    ids = call.server.drive.generate_ids(int(call.one("count") or 10))
    return Answer(200, {"kind": "drive#generatedIds", "space": "drive", "ids": ids})


METHODS = {
    "drive.files.generateIds": _generate_ids,
    "drive.files.list": _list,
    "drive.files.get": _get,
    "drive.files.create": _create,
    "drive.files.update": _update,
    "drive.files.delete": _delete,
    "drive.about.get": _about,
}
