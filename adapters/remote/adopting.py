"""What came takes its place: files first, rows in one transaction, what is visible last.

Killed anywhere in between, the profile is what it was or what it will be, and the next pull goes
on.
"""

import contextlib
import os
from collections.abc import Collection
from pathlib import Path

from adapters.profile import Profile
from adapters.remote.arriving import Arrived
from adapters.remote.bringing import Bringer
from adapters.remote.memory import FOLDER
from adapters.remote.parallel import all_durable
from adapters.remote.sealing import Entry
from registry.manifests import manifest_path
from registry.objects import (
    ContentStore,
    flush_folder,
    leftovers_in,
    make_folder,
    rename_aside,
    replace_file,
)
from registry.travelling import receive


def adopt(profile: Profile, arrived: Arrived, bringer: Bringer) -> None:
    """Put it there. The caller holds the profile's lock and that of its folder `remote`."""
    profile.make_folders()
    profile.make_sound()
    raw_files = profile.raw_files
    profile.drop_snapshot()
    for path in leftovers_in(profile.folder / FOLDER):
        path.unlink(missing_ok=True)
    _place_files(arrived, bringer)
    all_durable(lambda raw: raw_files.write_origin(raw.entry, raw.names), arrived.raw)
    for number in arrived.replaced:
        manifest_path(profile.folder, number).unlink(missing_ok=True)
    for number in arrived.files.keys() - set(arrived.replaced):
        _write(profile, number, arrived.files[number])
    with profile.database.atomic() as connection:
        receive(
            connection,
            rows=arrived.rows,
            documents=arrived.documents,
            raw_files=[named.entry for named in arrived.raw],
            pins=arrived.pins,
            current=arrived.current,
            replaced=arrived.replaced,
        )
    profile.reread()
    for number in arrived.files.keys() & set(arrived.replaced):
        _write(profile, number, arrived.files[number])
    profile.generations.write_head()
    _write_corrections(profile, arrived.corrections)
    _forget(profile, arrived.forgotten)


def _write(profile: Profile, number: int, content: bytes) -> None:
    path = manifest_path(profile.folder, number)
    if not (path.is_file() and path.read_bytes() == content):
        replace_file(path, [content])


def _forget(profile: Profile, sha256s: Collection[str]) -> None:
    """Forget raw files, each with what came from it; one may go with the archive it lay in."""
    if not sha256s:
        return
    from adapters.upkeep.forgetting import forget, preview  # noqa: PLC0415 - it needs tables, a pull none

    archives = {e.sha256 for e in profile.raw_files.entries() if e.kind == "archive"}
    for sha256 in sorted(sha256s, key=lambda found: (found not in archives, found)):
        entries = {entry.sha256: entry for entry in profile.raw_files.entries()}
        if sha256 in entries:
            forget(profile, preview(profile, entries[sha256]).told)
            profile.reread()


def _place_files(arrived: Arrived, bringer: Bringer) -> None:
    """Give every content its place; all names are durable when this returns."""
    folders = set[Path]()
    for entry in arrived.manifest.entries:
        place = bringer.place(entry)
        if place is not None and not place[0].holds(entry.sha256, place[1], entry.size):
            path = _give_name(bringer, entry, *place)
            folders |= {path.parent, path.parent.parent, place[0].root}
    all_durable(flush_folder, sorted(folders))


def _give_name(bringer: Bringer, entry: Entry, store: ContentStore, name: str) -> Path:
    make_folder(store.root)
    path = store.path(entry.sha256, name)
    for folder in (path.parent.parent, path.parent):
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
    if os.path.lexists(path):
        rename_aside(path)
    try:
        path.hardlink_to(bringer.staged(entry))
    except OSError:  # a file system without hard links
        store.add(bringer.chunks(entry), name)
    return path


def _write_corrections(profile: Profile, content: bytes | None) -> None:
    if content is not None:
        replace_file(profile.corrections, [content])
    else:
        with contextlib.suppress(FileNotFoundError):
            profile.corrections.unlink()
