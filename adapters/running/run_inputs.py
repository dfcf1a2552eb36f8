"""What a run is given, by profile and settings: a source, the home zone, the moment that is now."""

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, date
from typing import Any

from adapters.profile import DEMO, Profile
from adapters.settings import Settings, machine_time_zone
from adapters.sources import Source, Together
from adapters.sources.demo import DEMO_END_DATE, DEMO_TIME_ZONE
from adapters.sources.demo.source import DemoSource
from adapters.sources.inbox import Inbox
from registry.raw_files import RawEntry

BEGINNING_OF_TIME = "1970-01-01T00:00:00Z"


def source_of(profile: Profile, settings: Settings) -> Source:
    """Where a profile's exports come from."""
    if profile.name == DEMO:
        return DemoSource(demo_end(settings))
    inbox = Inbox(profile.inbox, settings.zip_password_file)
    return Together([inbox, *_remote_sources(settings)]) if settings.remote_sources else inbox


def _remote_sources(settings: Settings) -> Iterator[Source]:
    from adapters.google.client import GoogleClient  # noqa: PLC0415 - only where it is configured
    from adapters.sources.drive_folder import DriveFolder  # noqa: PLC0415 - goes with it
    from adapters.sources.google_sheet import GoogleSheet  # noqa: PLC0415 - goes with it

    purposes = {"sheet": settings.google_sheet, "folder": settings.drive_folder}
    client = GoogleClient(
        settings.google_credentials_file,
        tuple(purpose for purpose, wanted in purposes.items() if wanted),
        endpoint=settings.google_endpoint,
    )
    if settings.google_sheet:
        yield GoogleSheet(client, settings.google_sheet, settings.google_sheet_range)
    if settings.drive_folder:
        yield DriveFolder(client, settings.drive_folder, settings.zip_password_file)


def demo_end(settings: Settings) -> date:
    """The demo person's last day: a constant, unless the settings say as of when."""
    return settings.as_of.date() if settings.as_of else DEMO_END_DATE


def home_time_zone(profile: Profile, settings: Settings) -> tuple[str, str]:
    """The zone of records that carry none, and whether it was configured or is assumed."""
    if settings.time_zone:
        return settings.time_zone, "configured"
    if profile.name == DEMO:
        return DEMO_TIME_ZONE, "configured"
    return machine_time_zone(os.environ), "assumed"


def configured(settings: Settings) -> dict[str, Any]:
    """The inputs of the flow that the settings give as they are: what changes a number."""
    return {
        "date_order": settings.date_order,
        "guideline": settings.guideline,
        "day_windows": {"morning": str(settings.morning), "evening": str(settings.evening)},
        "birth_year": settings.birth_year,
    }


def as_of_utc(profile: Profile, settings: Settings, entries: Iterable[RawEntry]) -> str:
    """The instant that counts as now: told, or the moment the newest raw file was first stored.

    So nothing goes stale by waiting.
    """
    if settings.as_of:
        return f"{settings.as_of.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if profile.name == DEMO:
        return f"{demo_end(settings)}T23:59:59Z"
    return max((entry.stored_utc for entry in entries), default=BEGINNING_OF_TIME)
