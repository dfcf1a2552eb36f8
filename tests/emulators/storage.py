"""The buckets of Cloud Storage: objects, their generations, what an account may do; no HTTP."""

import base64
import hashlib
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.emulators.answers import RefusedError
from tests.emulators.tokens import EMAIL

OBJECT_USER = frozenset(f"storage.objects.{verb}" for verb in ("create", "delete", "get", "list"))
_BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)
_FIRST_GENERATION = 1_735_689_600_000_000


@dataclass(frozen=True)
class StoredObject:
    """A content under a name; another content is another generation."""

    bucket: str
    name: str
    content: bytes
    number: int

    @property
    def generation(self) -> str:
        """Its number, as Google counts: microseconds of some clock."""
        return str(_FIRST_GENERATION + self.number)

    def resource(self) -> dict[str, Any]:
        """As the interface tells it."""
        moment = f"{_BEGINNING + timedelta(seconds=self.number):%Y-%m-%dT%H:%M:%S}.000Z"
        return {
            "kind": "storage#object",
            "id": f"{self.bucket}/{self.name}/{self.generation}",
            "name": self.name,
            "bucket": self.bucket,
            "generation": self.generation,
            "metageneration": "1",
            "contentType": "application/octet-stream",
            "size": str(len(self.content)),
            "md5Hash": md5_of(self.content),
            "timeCreated": moment,
            "updated": moment,
        }


@dataclass
class Bucket:
    """A bucket, what the service account may do in it, and what becomes of what is removed."""

    name: str
    permissions: frozenset[str] = OBJECT_USER
    is_retained: bool = False
    is_versioned: bool = False
    objects: dict[str, StoredObject] = field(default_factory=dict)
    versions: list[StoredObject] = field(default_factory=list)

    def require(self, permission: str) -> None:
        """See that the service account may do it.

        Raises:
            RefusedError: It may not.
        """
        if permission not in self.permissions:
            message = (
                f"{EMAIL} does not have {permission} access to the Google Cloud Storage object."
            )
            raise RefusedError(403, "forbidden", message)

    def found(self, name: str) -> StoredObject:
        """An object; who may not list does not learn that there is none.

        Raises:
            RefusedError: There is none, or it may not be read.
        """
        self.require("storage.objects.get")
        if name not in self.objects:
            self.require("storage.objects.list")
            raise RefusedError(404, "notFound", f"No such object: {self.name}/{name}")
        return self.objects[name]


class Storage:
    """Every bucket.

    Attributes:
        largest_page: No page is longer, whatever was asked for.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.buckets: dict[str, Bucket] = {}
        self.largest_page = 1000
        self._count = 0

    def bucket(self, name: str, **facts: Any) -> Bucket:
        """Make a bucket, as its owner does in the console."""
        return self.buckets.setdefault(name, Bucket(name, **facts))

    def there(self, name: str) -> Bucket:
        """A bucket by its name.

        Raises:
            RefusedError: There is none.
        """
        if name not in self.buckets:
            raise RefusedError(404, "notFound", "The specified bucket does not exist.")
        return self.buckets[name]

    def page(self, bucket: str, prefix: str, most: int, token: str | None) -> dict[str, Any]:
        """Some of the objects whose names begin so, in the order of their names."""
        place = self.there(bucket)
        place.require("storage.objects.list")
        names = sorted(name for name in place.objects if name.startswith(prefix))
        start = int(token or 0)
        end = start + min(most, self.largest_page)
        answer: dict[str, Any] = {"kind": "storage#objects"}
        if start < len(names):
            answer["items"] = [place.objects[name].resource() for name in names[start:end]]
        return answer | ({"nextPageToken": str(end)} if end < len(names) else {})

    def insert(
        self, bucket: str, body: dict[str, Any], content: bytes, follows: str | None
    ) -> StoredObject:
        """Store a content, if what has the name now is of that generation; `0` is none.

        Raises:
            RefusedError: It is not, or the account may not, or the content is not what was told.
        """
        with self.lock:
            place, name = self.there(bucket), body["name"]
            place.require("storage.objects.create")
            old = place.objects.get(name)
            if follows not in {None, old.generation if old else "0"}:
                raise RefusedError(412, "conditionNotMet")
            if old is not None:
                place.require("storage.objects.delete")
                if place.is_retained:
                    raise RefusedError(403, "retentionPolicyNotMet")
            if body.get("md5Hash") not in {None, md5_of(content)}:
                raise RefusedError(400, "invalid", "Provided MD5 hash doesn't match calculated.")
            self._count += 1
            place.objects[name] = made = StoredObject(bucket, name, content, self._count)
            return made

    def delete(self, bucket: str, name: str, generation: str | None) -> None:
        """Remove an object; by its generation for good, else a bucket with versions keeps it.

        Raises:
            RefusedError: The account may not, or there is none.
        """
        with self.lock:
            place = self.there(bucket)
            place.require("storage.objects.delete")
            found = place.objects.get(name)
            if found is None or generation not in {None, found.generation}:
                raise RefusedError(404, "notFound", f"No such object: {bucket}/{name}")
            if place.is_retained:
                raise RefusedError(403, "retentionPolicyNotMet")
            del place.objects[name]
            if place.is_versioned and generation is None:
                place.versions.append(found)


def md5_of(content: bytes) -> str:
    """The hash that an object's resource tells."""
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
