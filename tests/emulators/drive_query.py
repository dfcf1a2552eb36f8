"""The search language of Drive, as far as anybody here speaks it."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.emulators.answers import RefusedError

Test = Callable[[Any], bool]
_TOKEN = re.compile(r"\s*('(?:[^'\\]|\\.)*'|[()]|!=|=|[A-Za-z]+)")


def matching(query: str) -> tuple[Test, set[str]]:
    """Whether a file matches, and the folders that the query names.

    Raises:
        RefusedError: The query cannot be read.
    """
    reader = _Reader(query)
    test = reader.either()
    if reader.token is not None:
        raise RefusedError(400, "invalid", "Invalid Value")
    return test, reader.folders


class _Reader:
    def __init__(self, query: str) -> None:
        self._tokens = _tokens(query)
        self.folders: set[str] = set()
        self.token = next(self._tokens, None)

    def _take(self) -> str:
        if self.token is None:
            raise RefusedError(400, "invalid", "Invalid Value")
        token, self.token = self.token, next(self._tokens, None)
        return token

    def either(self) -> Test:
        tests = [self._both()]
        while self.token == "or":
            self._take()
            tests.append(self._both())
        return lambda file: any(test(file) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self.token == "and":
            self._take()
            tests.append(self._one())
        return lambda file: all(test(file) for test in tests)

    def _one(self) -> Test:
        first = self._take()
        if first == "(":
            test = self.either()
            self._take()
            return test
        sign, second = self._take(), self._take()
        if sign == "in" and second == "parents":
            folder = _text(first)
            self.folders.add(folder)
            return lambda file: folder in file.parents
        if first == "trashed" and sign == "=":
            return lambda file: file.is_trashed == (second == "true")
        return _comparison(first, sign, _text(second))


def _comparison(name: str, sign: str, value: str) -> Test:
    fields: dict[str, Callable[[Any], str]] = {
        "name": lambda file: file.name,
        "mimeType": lambda file: file.mime_type,
    }
    if name not in fields:
        raise RefusedError(400, "invalid", "Invalid Value")
    read = fields[name]
    if sign == "=":
        return lambda file: read(file) == value
    if sign == "!=":
        return lambda file: read(file) != value
    if sign == "contains":
        return lambda file: read(file).lower().startswith(value.lower())
    raise RefusedError(400, "invalid", "Invalid Value")


def _tokens(query: str) -> Iterator[str]:
    place = 0
    while place < len(query.rstrip()):
        found = _TOKEN.match(query, place)
        if found is None:
            raise RefusedError(400, "invalid", "Invalid Value")
        yield found[1]
        place = found.end()


def _text(token: str) -> str:
    if not token.startswith("'"):
        raise RefusedError(400, "invalid", "Invalid Value")
    return re.sub(r"\\(.)", r"\1", token[1:-1])
