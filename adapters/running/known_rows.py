"""Whether the published generation knows a row of a raw file."""

import pyarrow.compute as pc

from adapters.engine.stored_tables import tables
from adapters.profile import Profile
from registry.store import DamagedArtifactError


def is_told(profile: Profile, sha256: str, row: int) -> bool:
    """Whether any record, or any rejected row, is of this row; also where nobody can tell.

    Args:
        profile: Whose file it is.
        sha256: Of the file; nothing is known of one that was not parsed yet.
        row: Its row.
    """
    current = profile.generations.current()
    keys = profile.generations.node_keys(current) if current else []
    own = [node.key for node in keys if node.item == sha256]
    try:
        return not own or any(_holds(profile, key, row) for key in own)
    except DamagedArtifactError:
        return True


def _holds(profile: Profile, key: str, row: int) -> bool:
    artifact = profile.store.recorded(key)
    found = () if artifact is None else tables(profile.store, artifact)
    return any(
        pc.any(pc.equal(table["raw_row"], row)).as_py()
        for table in found
        if "raw_row" in table.column_names
    )
