"""`state.json`: the last run, stage by stage, for other tools. The registry knows its hash."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from adapters.profile import Profile
from registry.database import put_setting, setting
from registry.objects import replace_file

_HASH: Final = "state_sha256"


def state_path(profile: Profile) -> Path:
    """Where it is."""
    return profile.folder / "state.json"


def write_state(profile: Profile, document: Mapping[str, Any]) -> None:
    """Replace it.

    Raises:
        WriteError: It could not be written.
    """
    content = (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()
    replace_file(state_path(profile), [content])
    with profile.database.atomic() as connection:
        put_setting(connection, _HASH, hashlib.sha256(content).hexdigest())


def is_state_of(profile: Profile, generation: int | None) -> bool:
    """Whether it is whole and of this generation; a killed run may not have come to write it."""
    if not is_state_whole(profile):
        return False
    document = json.loads(state_path(profile).read_bytes())
    return bool(document.get("generation") == generation)


def is_state_whole(profile: Profile, *, reads_bytes: bool = True) -> bool:
    """Whether it is there as it was written."""
    path, expected = state_path(profile), setting(profile.database, _HASH)
    if expected is None or path.is_symlink() or not path.is_file():
        return False
    return not reads_bytes or hashlib.sha256(path.read_bytes()).hexdigest() == expected
