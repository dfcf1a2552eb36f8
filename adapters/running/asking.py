"""What a run asks of the flow: its inputs, what is computed anyway, and what stays as published."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters import STAGES, AdapterError
from adapters.corrections import exclusions, read_corrections
from adapters.engine.execution import Engine, Request
from adapters.profile import Profile
from adapters.running.file_reports import flow_files, nothing_to_ingest
from adapters.running.run_inputs import as_of_utc, configured, home_time_zone
from adapters.settings import Settings
from adapters.sources import SourceReport
from registry.raw_files import RawEntry
from registry.store import Artifact


class NothingToIngestError(AdapterError):
    """No file of the profile could be read as an export."""

    exit_code = 3


class NotPublishedError(AdapterError):
    """A run from a later stage needs a published generation to start from."""

    exit_code = 2


@dataclass(frozen=True)
class RunOptions:
    """What `python cli.py run` was asked for."""

    skip_ingestion: bool = False
    start_stage: str = STAGES[0]
    only: tuple[str, ...] = ()
    force: tuple[str, ...] = ()
    force_all: bool = False
    dry_run: bool = False
    full_check: bool = False
    executor: str = "local"
    workers: int = 2

    @property
    def would_ask_sources(self) -> bool:
        """Whether such a run begins with what the sources have, if it is no dry run."""
        return not (self.skip_ingestion or self.start_stage != STAGES[0])

    @property
    def asks_sources(self) -> bool:
        """Whether new exports are looked for."""
        return self.would_ask_sources and not self.dry_run


@dataclass(frozen=True)
class Asked:
    """A request, and what it was made of.

    Attributes:
        request: For the engine.
        entries: The raw files that the flow gets, in order.
        problems: What was wrong with the corrections.
    """

    request: Request
    entries: Sequence[RawEntry]
    problems: Sequence[str]


@dataclass(frozen=True)
class Asker:
    """Asks the flow for what a run is to do.

    Args:
        settings: What the program was told.
        profile: Whose exports.
        options: What the run was asked for.
        source: What the source found.
    """

    settings: Settings
    profile: Profile
    options: RunOptions
    source: SourceReport

    def ask(self, engine: Engine, published: Mapping[tuple[str, str], str]) -> Asked:
        """The request of this run.

        Args:
            engine: What is asked.
            published: The key of every node, and of every file of it, as published.

        Raises:
            NothingToIngestError: There is no raw file to parse.
            NotPublishedError: There is nothing to start a later stage from.
        """
        forced = frozenset(engine.flow.nodes if self.options.force_all else self.options.force)
        frozen: dict[tuple[str, str], str] = {}
        if self.options.start_stage != STAGES[0]:
            if not published:
                raise NotPublishedError(
                    f"nothing of {self.profile.name} is published yet; "
                    "run once without --start-stage"
                )
            forced |= engine.flow.at_or_after(self.options.start_stage)
            frozen = {place: key for place, key in published.items() if place[0] not in forced}
        entries = self._entries(published if frozen else ())
        excluded, problems = self._exclusions(engine)
        request = Request(
            self._inputs(entries, excluded),
            targets=self.options.only,
            forced=forced,
            frozen=frozen,
            published=published,
        )
        return Asked(request, entries, problems)

    def _entries(self, published: Collection[tuple[str, str]]) -> list[RawEntry]:
        """The raw files to parse; of a run from a later stage, those that were."""
        entries = flow_files(self.profile.raw_files.entries())
        if published:
            items = {item for _, item in published if item}
            entries = [entry for entry in entries if entry.sha256 in items]
        if not entries and not self.options.dry_run:
            raise NothingToIngestError(nothing_to_ingest(self.profile, self.source))
        return entries

    def _inputs(self, entries: Sequence[RawEntry], excluded: Artifact) -> dict[str, Any]:
        home_zone, zone_source = home_time_zone(self.profile, self.settings)
        return {
            "export_files": [Artifact(e.sha256, "raw", e.size) for e in entries],
            "exclusions": excluded,
            **configured(self.settings),
            "home_time_zone": home_zone,
            "home_time_zone_source": zone_source,
            "as_of_utc": as_of_utc(self.profile, self.settings, entries),
        }

    def _exclusions(self, engine: Engine) -> tuple[Artifact, Sequence[str]]:
        path = self.profile.corrections
        found = exclusions(read_corrections(path), self.profile.raw_files, path)
        encoded = engine.materializer.codecs.encode(found.table, "exclusions")
        if not self.options.dry_run:
            engine.store.add_input(encoded)
        return encoded.artifact, found.problems
