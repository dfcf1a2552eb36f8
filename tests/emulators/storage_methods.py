"""Cloud Storage's methods over HTTP: parameters in, answers out."""

from typing import Any

from tests.emulators.answers import Answer
from tests.emulators.discovery import ViolationError
from tests.emulators.media import downloaded, written

_DEFAULT_PAGE = 1000
_ANY = frozenset({"alt", "fields", "prettyPrint", "uploadType", "upload_id"})


def _insert(call: Any) -> Answer:
    _see(call, "ifGenerationMatch")

    def make(body: dict[str, Any], content: bytes | None) -> dict[str, Any]:
        follows = call.one("ifGenerationMatch")
        made = call.server.storage.insert(_bucket_of(call), body, content or b"", follows)
        return made.resource()

    return written(call, make)


def _get(call: Any) -> Answer:
    _see(call)
    found = call.server.storage.there(_bucket_of(call)).found(call.route.path["object"])
    if call.one("alt") != "media":
        return Answer(200, found.resource())
    answer = downloaded(call, found.content)
    answer.headers["X-Goog-Generation"] = found.generation
    return answer


def _delete(call: Any) -> Answer:
    _see(call, "generation")
    name = call.route.path["object"]
    call.server.storage.delete(_bucket_of(call), name, call.one("generation"))
    return Answer(204)


def _list(call: Any) -> Answer:
    _see(call, "prefix", "maxResults", "pageToken")
    page = call.server.storage.page(
        _bucket_of(call),
        call.one("prefix") or "",
        int(call.one("maxResults") or _DEFAULT_PAGE),
        call.one("pageToken"),
    )
    return Answer(200, page)


def _test_permissions(call: Any) -> Answer:
    held = call.server.storage.there(_bucket_of(call)).permissions
    granted = [asked for asked in call.query["permissions"] if asked in held]
    told = {"kind": "storage#testIamPermissionsResponse"}
    return Answer(200, told | ({"permissions": granted} if granted else {}))


def _bucket_of(call: Any) -> str:
    return str(call.route.path["bucket"])


def _see(call: Any, *known: str) -> None:
    """What is not heeded here must not be asked for."""
    if others := set(call.query) - set(known) - _ANY:
        raise ViolationError(f"the emulator does not know {', '.join(sorted(others))}")


METHODS = {
    "storage.objects.insert": _insert,
    "storage.objects.get": _get,
    "storage.objects.delete": _delete,
    "storage.objects.list": _list,
    "storage.buckets.testIamPermissions": _test_permissions,
}
