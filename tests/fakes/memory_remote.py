"""A remote in memory that can be told to fail, to answer late, and to be damaged."""

import threading

from adapters.remote.backend import (
    Head,
    LostRaceError,
    NotInRemoteError,
    RemoteUnavailableError,
    Stored,
)


class MemoryRemote:
    """A `Backend` whose objects are a dictionary.

    Attributes:
        objects: Name -> bytes, the head too.
        requests: The verbs that were asked for, in their order.
        faults: Asked before each request (verb, name): "before" fails without an effect, "after"
            does it and fails, "short" cuts an answer, None answers.
        removals: The names whose removal was asked for.
        is_late: Whether removals are granted and happen later.
    """

    def __init__(self):
        self.objects, self.requests, self.removals = {}, [], []
        self.is_late = False
        self.faults = lambda _verb, _name: None
        self._lock = threading.RLock()

    def asked(self, verb, name):
        self.requests.append(verb)
        fault = self.faults(verb, name)
        if fault == "before":
            raise RemoteUnavailableError("a fault on demand")
        return fault

    def head(self):
        self.asked("head", "head")
        content = self.objects.get("head")
        return None if content is None else Head(content, content.hex())

    def get(self, name, *, start=0):
        fault = self.asked("get", name)
        if name not in self.objects:
            raise NotInRemoteError(name)
        content = self.objects[name][start:]
        if fault is not None:
            yield content[: len(content) // 2]
            raise RemoteUnavailableError("an answer cut short on demand")
        for place in range(0, len(content), 65536):
            yield content[place : place + 65536]

    def put_if_absent(self, name, content):
        fault = self.asked("put_if_absent", name)
        content.seek(0)
        with self._lock:
            is_new = name not in self.objects
            self.objects.setdefault(name, content.read())
        if fault is not None:
            raise RemoteUnavailableError("an answer lost on demand")
        return is_new

    def remove(self, name):
        self.removals.append(name)
        fault = self.asked("remove", name)
        with self._lock:
            if not self.is_late:
                self.objects.pop(name, None)
        if fault is not None:
            raise RemoteUnavailableError("an answer lost on demand")
        return True

    def remove_again(self):
        """Every removal that ever was asked for happens now, again or at last."""
        for name in self.removals:
            self.objects.pop(name, None)

    def list(self, folder):
        self.asked("list", folder)
        with self._lock:
            found = [Stored(name, len(content)) for name, content in self.objects.items()]
        yield from (stored for stored in found if stored.name.startswith(folder))

    def swap_head(self, content, expected):
        fault = self.asked("swap_head", "head")
        with self._lock:
            found = self.objects.get("head")
            if found not in {content, expected.content if expected else None}:
                raise LostRaceError
            self.objects["head"] = content
        if fault is not None:
            raise RemoteUnavailableError("an answer lost on demand")
        return Head(content, content.hex())
