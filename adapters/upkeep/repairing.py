"""What verify found damaged is made again: from the registry, from raw files, by a plain run."""

from collections.abc import Sequence
from pathlib import Path

from adapters import AdapterError
from adapters.driver import Run
from adapters.profile import Profile
from adapters.running.asking import RunOptions
from adapters.settings import Settings
from dataflows import DataflowError
from registry import RegistryError
from registry.database import RegistryDamagedError
from registry.manifests import manifest_path
from registry.objects import rename_aside
from registry.verification import Damage, registered_artifacts


def repair(settings: Settings, profile: Profile, damaged: Sequence[Damage]) -> list[str]:
    """Make again what is damaged. The caller holds the lock, with a sound registry.

    Returns:
        What could not be done, in words.
    """
    _renew_registry(profile, damaged)
    by_kind: dict[str, list[Damage]] = {}
    for damage in damaged:
        by_kind.setdefault(damage.kind, []).append(damage)
    _discard_artifacts(profile, {damage.path for damage in by_kind.get("artifact", [])})
    _rewrite_origins(profile, {damage.sha256 for damage in by_kind.get("origin", [])})
    if "unregistered" in by_kind:
        profile.raw_files.rebuild()
    for damage in by_kind.get("manifest", []):
        _rewrite_manifest(profile, Path(damage.path))
    for damage in by_kind.get("view", []):
        _remove(Path(damage.path))
    profile.drop_snapshot()
    return _run(settings, profile, asks_sources="raw" in by_kind)


def _renew_registry(profile: Profile, damaged: Sequence[Damage]) -> None:
    """A registry that still opens may be damaged where no run looks."""
    found = [damage for damage in damaged if damage.kind == "registry"]
    if found and not profile.notices:
        profile.renew(RegistryDamagedError(Path(found[0].path), found[0].what))


def _discard_artifacts(profile: Profile, paths: set[str]) -> None:
    for artifact in registered_artifacts(profile.database):
        if str(profile.store.path(artifact)) in paths:
            profile.store.discard_damaged(artifact)


def _rewrite_origins(profile: Profile, hashes: set[str | None]) -> None:
    for entry in profile.raw_files.entries():
        if entry.sha256 in hashes:
            profile.raw_files.rewrite_origin(entry)


def _rewrite_manifest(profile: Profile, path: Path) -> None:
    """Write it anew; one whose results gc removed told of the past alone, and goes aside."""
    for row in profile.database.rows("SELECT number FROM generation"):
        if manifest_path(profile.folder, row["number"]) == path:
            try:
                profile.generations.write_manifest(row["number"])
            except LookupError:
                rename_aside(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        rename_aside(path)
    else:
        path.unlink(missing_ok=True)


def _run(settings: Settings, profile: Profile, *, asks_sources: bool) -> list[str]:
    """A plain run that trusts no stamp; after a clean, there is nothing to be made again."""
    if profile.generations.current() is None:
        return []
    options = RunOptions(full_check=True, skip_ingestion=not asks_sources)
    try:
        Run(settings, profile, options).execute()
    except (AdapterError, DataflowError, RegistryError) as error:
        return [str(error)]
    return []
