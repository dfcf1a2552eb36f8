"""Drive's methods over HTTP: parameters in, answers out; uploads in one piece or resumed."""

import email
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any

from tests.emulators.answers import Answer, RefusedError
from tests.emulators.discovery import ViolationError, check_body

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


@dataclass
class _Session:
    """A resumable upload that is under way."""

    verb: str
    body: dict[str, Any]
    content: bytearray = field(default_factory=bytearray)


class Uploads:
    """Resumable uploads by their ids."""

    def __init__(self) -> None:
        self._sessions: dict[str, _Session] = {}

    def begin(self, verb: str, body: dict[str, Any]) -> str:
        """A new upload's id."""
        upload_id = secrets.token_hex(8)
        self._sessions[upload_id] = _Session(verb, body)
        return upload_id

    def verb_of(self, upload_id: str) -> str:
        """With what verb an upload began; its pieces come with PUT."""
        session = self._sessions.get(upload_id)
        return session.verb if session else "POST"

    def take(self, upload_id: str, piece: bytes, content_range: str) -> _Session | None:
        """Take a piece; the upload when it is whole.

        Raises:
            RefusedError: There is no such upload, or the piece does not follow.
        """
        session = self._sessions.get(upload_id)
        found = _CONTENT_RANGE.fullmatch(content_range)
        if session is None or (content_range and found is None):
            raise RefusedError(404, "notFound", "Upload not found")
        if found and found[1] is not None and int(found[1]) != len(session.content):
            raise RefusedError(400, "badRequest", "Invalid Content-Range")
        session.content += piece
        is_whole = found is None or (found[3] != "*" and len(session.content) == int(found[3]))
        return self._sessions.pop(upload_id) if is_whole else None

    def progress(self, upload_id: str) -> Answer:
        """What has come of an upload so far."""
        length = len(self._sessions[upload_id].content)
        headers = {"Range": f"bytes=0-{length - 1}"} if length else {}
        return Answer(308, None, headers)


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
    found = _RANGE.fullmatch(call.headers.get("Range", ""))
    if found is None:
        return Answer(200, file.content)
    return _part(call, file.content, int(found[1]), int(found[2] or len(file.content) - 1))


def _part(call: Any, content: bytes, first: int, last: int) -> Answer:
    if first >= len(content):
        return Answer(416, None, {"Content-Range": f"bytes */{len(content)}"})
    if call.server.met(call.route.name, "short"):
        last = first + max(0, (last - first) // 2)
    piece = content[first : last + 1]
    told = f"bytes {first}-{first + len(piece) - 1}/{len(content)}"
    return Answer(206, piece, {"Content-Range": told})


def _create(call: Any) -> Answer:
    def make(body: dict[str, Any], content: bytes | None) -> Any:
        drive = call.server.drive
        return drive.create(body, content, all_drives=call.all_drives, app_only=call.app_only)

    return _written(call, make)


def _update(call: Any) -> Answer:
    file = _file(call)
    return _written(call, lambda body, content: call.server.drive.update(file, body, content))


def _written(call: Any, write: Any) -> Answer:
    upload_id = call.one("upload_id")
    if upload_id:
        session = call.server.uploads.take(
            upload_id, call.raw, call.headers.get("Content-Range", "")
        )
        if session is None:
            return call.server.uploads.progress(upload_id)
        return Answer(200, write(session.body, bytes(session.content)).resource())
    kind = call.one("uploadType")
    if kind == "resumable":
        return _begun(call)
    body, content = _parts(call, kind)
    check_body(call.route, body)
    return Answer(200, write(body, content).resource())


def _begun(call: Any) -> Answer:
    body = json.loads(call.raw) if call.raw else {}
    check_body(call.route, body)
    upload_id = call.server.uploads.begin(call.route.method["httpMethod"], body)
    host = call.headers["Host"]
    path = call.route.method["mediaUpload"]["protocols"]["simple"]["path"]
    for name, value in call.route.path.items():
        path = path.replace(f"{{{name}}}", value)
    asked = "&".join(f"{name}={values[0]}" for name, values in call.query.items())
    return Answer(200, b"", {"Location": f"http://{host}{path}?{asked}&upload_id={upload_id}"})


def _parts(call: Any, kind: str | None) -> tuple[dict[str, Any], bytes | None]:
    if kind is None and not call.route.is_upload:
        return json.loads(call.raw or b"{}"), None
    if kind == "media":
        return {}, call.raw
    if kind != "multipart":
        raise ViolationError("an upload says its uploadType")
    head = f"Content-Type: {call.headers['Content-Type']}\r\n\r\n".encode()
    told, content = email.message_from_bytes(head + call.raw).get_payload()
    return json.loads(told.get_payload(decode=True)), _bytes_of(call, content)


def _bytes_of(call: Any, part: Any) -> bytes:
    """The bytes of the last part; the parser of mails would mend the ends of lines."""
    boundary = re.search(r'boundary="?([^";]+)"?', call.headers["Content-Type"])
    assert boundary is not None
    raw = call.raw.rpartition(b"\n--" + boundary[1].encode())[0]
    start = raw.index(b"\n\n", raw.rindex(part["Content-Type"].encode())) + 2
    return bytes(raw[start:])


def _delete(call: Any) -> Answer:
    file = _file(call)
    if call.server.drive.role_of(file) == "reader":
        raise RefusedError(403, "insufficientFilePermissions")
    with call.server.drive.lock:
        call.server.drive.files.pop(file.id, None)
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
