"""The discovery documents that the Google client ships, as the law of the emulator.

Every request is matched to a method of a document and its parameters and body are checked; every
answer is checked against the schema that the method promises, after the `fields` mask was applied
as Google applies it: what the mask does not name is not sent.
"""

import functools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any
from urllib.parse import unquote

DOCUMENTS = {"drive": "drive.v3.json", "sheets": "sheets.v4.json", "storage": "storage.v1.json"}
_KINDS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
    "array": (list,),
}


class ViolationError(Exception):
    """A request or an answer that Google's own description of its interface rules out."""


@dataclass(frozen=True)
class Route:
    """A method of a document, with the parameters that stand in the path."""

    api: str
    method: Mapping[str, Any]
    path: Mapping[str, str]
    is_upload: bool

    @property
    def name(self) -> str:
        """`drive.files.list`."""
        return str(self.method["id"])


@functools.cache
def document(api: str) -> Any:
    """A discovery document of the installed client."""
    folder = files("googleapiclient") / "discovery_cache" / "documents"
    return json.loads((folder / DOCUMENTS[api]).read_text("utf-8"))


def route_of(verb: str, path: str) -> Route:
    """The method that a request means.

    Raises:
        ViolationError: There is none.
    """
    for api, method, pattern, is_upload in _patterns():  # those without parameters come first
        found = pattern.fullmatch(path)
        if found and method["httpMethod"] == verb:
            path_values = {name: unquote(value) for name, value in found.groupdict().items()}
            return Route(api, method, path_values, is_upload)
    raise ViolationError(f"no method answers {verb} {path}")


@functools.cache
def _patterns() -> tuple[tuple[str, Any, re.Pattern[str], bool], ...]:
    found = [
        (api, method, _pattern(path), is_upload)
        for api in DOCUMENTS
        for method in _methods(document(api))
        for path, is_upload in _paths(document(api), method)
    ]
    return tuple(sorted(found, key=lambda item: item[2].groups))


def _methods(resource: Any) -> Iterator[Any]:
    yield from resource.get("methods", {}).values()
    for inner in resource.get("resources", {}).values():
        yield from _methods(inner)


def _paths(whole: Any, method: Any) -> Iterator[tuple[str, bool]]:
    yield f"/{whole['servicePath']}{method.get('flatPath', method['path'])}", False
    for protocol in method.get("mediaUpload", {}).get("protocols", {}).values():
        yield protocol["path"], True
        yield protocol["path"].replace("/resumable/", "/"), True


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{\+?(\w+)\}", path)
    return re.compile(
        "".join(
            f"(?P<{part}>[^/:]+)" if place % 2 else re.escape(part)
            for place, part in enumerate(parts)
        )
    )


def check_query(route: Route, query: Mapping[str, list[str]]) -> None:
    """Hold the parameters of a request against the document.

    Raises:
        ViolationError: One is unknown, missing, repeated or of the wrong type.
    """
    known = {**document(route.api)["parameters"], **route.method.get("parameters", {})}
    if route.is_upload:
        known["upload_id"] = {"type": "string"}
    if route.method.get("supportsMediaDownload"):
        known["alt"] = {"type": "string", "enum": ["json", "media"]}
    for name, values in query.items():
        if name not in known:
            raise ViolationError(f"{route.name} has no parameter {name}")
        if len(values) > 1 and not known[name].get("repeated"):
            raise ViolationError(f"{name} is given more than once")
        for value in values:
            _check_text(name, value, known[name])
    given = {*query, *route.path}
    for name, spec in route.method.get("parameters", {}).items():
        if spec.get("required") and name not in given:
            raise ViolationError(f"{route.name} needs {name}")


def _check_text(name: str, value: str, spec: Any) -> None:
    if "enum" in spec and value not in spec["enum"]:
        raise ViolationError(f"{name} cannot be {value}")
    if spec["type"] == "boolean" and value not in {"true", "false"}:
        raise ViolationError(f"{name} is true or false")
    if spec["type"] == "integer":
        if not re.fullmatch(r"-?\d+", value):
            raise ViolationError(f"{name} is a number")
        low, high = int(spec.get("minimum", -(1 << 31))), int(spec.get("maximum", 1 << 31))
        if not low <= int(value) <= high:
            raise ViolationError(f"{name} lies between {low} and {high}")


def check_body(route: Route, body: Any) -> None:
    """Hold the body of a request against its schema.

    Raises:
        ViolationError: It has what the schema does not know.
    """
    reference = route.method.get("request", {}).get("$ref")
    if reference is None:
        if body is not None:
            raise ViolationError(f"{route.name} takes no body")
        return
    check(route.api, {"$ref": reference}, {} if body is None else body, route.name)


def check_answer(route: Route, answer: Any) -> None:
    """Hold an answer against the schema that the method promises.

    Raises:
        ViolationError: The emulator would tell what Google cannot tell.
    """
    reference = route.method.get("response", {}).get("$ref")
    if reference is None:
        if answer is not None:
            raise ViolationError(f"{route.name} answers nothing")
        return
    check(route.api, {"$ref": reference}, answer, route.name)


def check(api: str, schema: Any, value: Any, place: str) -> None:
    """Hold a value against a schema.

    Raises:
        ViolationError: It does not fit.
    """
    if "$ref" in schema:
        schema = document(api)["schemas"][schema["$ref"]]
    kind = schema.get("type", "any")
    if kind == "any":
        return
    is_number = kind in {"integer", "number"} and isinstance(value, bool)
    if is_number or not isinstance(value, _KINDS[kind]):
        raise ViolationError(f"{place} is no {kind}")
    if "enum" in schema and value not in schema["enum"]:
        raise ViolationError(f"{place} cannot be {value}")
    if kind == "string":
        _check_format(value, schema.get("format"), place)
    if kind == "array":
        for number, item in enumerate(value):
            check(api, schema["items"], item, f"{place}[{number}]")
    if kind == "object":
        _check_properties(api, schema, value, place)


def _check_format(value: str, form: str | None, place: str) -> None:
    forms = {"int64": r"-?\d+", "date-time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-].*)"}
    if form in forms and not re.fullmatch(forms[form], value):
        raise ViolationError(f"{place} is no {form}")


def _check_properties(api: str, schema: Any, value: Mapping[str, Any], place: str) -> None:
    known, others = schema.get("properties", {}), schema.get("additionalProperties")
    for name, item in value.items():
        inner = known.get(name, others)
        if inner is None:
            raise ViolationError(f"{place} has no property {name}")
        check(api, inner, item, f"{place}.{name}")


# -- the mask of a partial answer --------------------------------------------------------------

Mask = dict[str, Any]


def masked(route: Route, fields: str | None, answer: Any) -> Any:
    """What of an answer is sent.

    Raises:
        ViolationError: The mask names what the schema does not have.
    """
    if fields is None or answer is None:
        return answer
    mask = parsed_mask(fields)
    _check_mask(route.api, {"$ref": route.method["response"]["$ref"]}, mask, route.name)
    return _within(answer, mask)


def parsed_mask(text: str) -> Mask:
    """`a,b/c,d(e,f)` as nested mappings; an empty one takes everything."""
    mask, rest = _parsed(text)
    if rest:
        raise ViolationError(f"fields cannot be read from {rest}")
    return mask


def _parsed(text: str) -> tuple[Mask, str]:
    mask: Mask = {}
    while True:
        found = re.match(r"[\w*]+", text)
        if found is None:
            raise ViolationError(f"fields cannot be read from {text!r}")
        inner, text = mask.setdefault(found[0], {}), text[found.end() :]
        if text.startswith("/"):
            deeper, text = _one(text[1:])
            inner.update(deeper)
        elif text.startswith("("):
            deeper, text = _parsed(text[1:])
            inner.update(deeper)
            if not text.startswith(")"):
                raise ViolationError("fields lacks a closing bracket")
            text = text[1:]
        if not text.startswith(","):
            return mask, text
        text = text[1:]


def _one(text: str) -> tuple[Mask, str]:
    """A path's next part, with what hangs on it."""
    head = re.match(r"[\w*]+(/[\w*]+)*(\([^()]*\))?", text)
    if head is None:
        raise ViolationError(f"fields cannot be read from {text!r}")
    return _parsed(head[0])[0], text[head.end() :]


def _check_mask(api: str, schema: Any, mask: Mask, place: str) -> None:
    if "$ref" in schema:
        schema = document(api)["schemas"][schema["$ref"]]
    if schema.get("type") == "array":
        _check_mask(api, schema["items"], mask, place)
        return
    for name, inner in mask.items():
        if name != "*" and "additionalProperties" not in schema:
            if name not in schema.get("properties", {}):
                raise ViolationError(f"fields: {place} has no {name}")
            _check_mask(api, schema["properties"][name], inner, f"{place}.{name}")


def _within(value: Any, mask: Mask) -> Any:
    if not mask or "*" in mask:
        return value
    if isinstance(value, list):
        return [_within(item, mask) for item in value]
    return {name: _within(value[name], inner) for name, inner in mask.items() if name in value}
