"""What a command line and its environment mean for a run: which profile, and what is configured."""

import json
import os
from pathlib import Path

from adapters.profile import Profile, default_profile
from adapters.running.run_inputs import configured, home_time_zone
from adapters.settings import Settings
from registry.fast_path import Asked
from registry.snapshot import sha256_at


def meaning_of(asked: Asked) -> tuple[Path, tuple[str, ...]]:
    """The profile's folder, and what the settings mean for its numbers.

    Raises:
        SettingsError: A setting cannot be used.
    """
    settings = Settings.load(os.environ, Path(".env"))
    home = Path(asked.home) if asked.home else settings.home
    name = (
        asked.profile
        or settings.profile
        or default_profile(home, has_remote_source=bool(settings.remote_sources))
    )
    profile = Profile(home, Settings.load({"PDP_PROFILE": name}).profile or name)
    return profile.folder, resolved(profile, settings)


def resolved(profile: Profile, settings: Settings) -> tuple[str, ...]:
    """What the settings mean for the numbers of a profile."""
    file = settings.zip_password_file
    return (
        json.dumps(configured(settings), sort_keys=True),
        json.dumps(settings.remote_sources),
        *home_time_zone(profile, settings),
        settings.as_of.isoformat() if settings.as_of else "",
        os.path.abspath(file) if file else "",  # noqa: PTH100 - keeps links
        str(sha256_at(str(file))) if file else "",
    )
