"""Bytes over HTTP as Google's interfaces have them: ranges; uploads in one piece or resumed."""

import email
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.emulators.answers import Answer, RefusedError
from tests.emulators.discovery import ViolationError, check_body

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")

Write = Callable[[dict[str, Any], bytes | None], dict[str, Any]]
"""Stores a body and a content, and gives the resource that tells of it."""


def downloaded(call: Any, content: bytes) -> Answer:
    """All of a content, or the range of it that was asked for."""
    found = _RANGE.fullmatch(call.headers.get("Range", ""))
    if found is None:
        return Answer(200, content)
    if "gzip" in call.headers.get("Accept-Encoding", ""):
        raise ViolationError("a range of what may be compressed is no range of the file")
    first, last = int(found[1]), int(found[2] or len(content) - 1)
    if first >= len(content):
        return Answer(416, None, {"Content-Range": f"bytes */{len(content)}"})
    if call.server.met(call.route.name, "short"):
        last = first + max(0, (last - first) // 2)
    piece = content[first : last + 1]
    told = f"bytes {first}-{first + len(piece) - 1}/{len(content)}"
    return Answer(206, piece, {"Content-Range": told})


@dataclass
class _Session:
    """A resumable upload that is under way, or done: then it has its answer."""

    verb: str
    body: dict[str, Any]
    content: bytearray = field(default_factory=bytearray)
    answer: dict[str, Any] | None = None


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

    def take(self, upload_id: str, piece: bytes, content_range: str, write: Write) -> Answer:
        """Take a piece; the last one has the answer of the whole, however often it is asked.

        Raises:
            RefusedError: There is no such upload, or the piece does not follow.
        """
        session = self._sessions.get(upload_id)
        found = _CONTENT_RANGE.fullmatch(content_range)
        if session is None or (content_range and found is None):
            raise RefusedError(404, "notFound", "Upload not found")
        if session.answer is not None:
            return Answer(200, session.answer)
        if found and found[1] is not None and int(found[1]) != len(session.content):
            raise RefusedError(400, "badRequest", "Invalid Content-Range")
        session.content += piece
        if found is None or (found[3] != "*" and len(session.content) == int(found[3])):
            session.answer = write(session.body, bytes(session.content))
            session.content = bytearray()
            return Answer(200, session.answer)
        length = len(session.content)
        return Answer(308, None, {"Range": f"bytes=0-{length - 1}"} if length else {})


def written(call: Any, write: Write) -> Answer:
    """The answer to a method that may bring a content, in whichever way it brings it."""
    upload_id = call.one("upload_id")
    if upload_id:
        content_range = call.headers.get("Content-Range", "")
        return call.server.uploads.take(upload_id, call.raw, content_range, write)
    kind = call.one("uploadType")
    if kind == "resumable":
        return _begun(call)
    body, content = _parts(call, kind)
    check_body(call.route, body)
    return Answer(200, write(body, content))


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
