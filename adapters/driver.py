"""One run of one profile: sources, registry and Hamilton, wired together."""

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from adapters import STAGES
from adapters.engine.execution import Engine, Outcome, Request
from adapters.engine.planner import Plan
from adapters.pipeline import BOOKS, FLOW, OUTPUTS, PROJECT, code_index
from adapters.profile import Profile
from adapters.running.asking import Asker, NothingToIngestError, RunOptions
from adapters.running.estimates import with_estimates
from adapters.running.file_reports import (
    file_reports,
    flow_files,
    leaves,
    nothing_to_ingest,
    parse_reports,
    waiting_files,
)
from adapters.running.healing import healed
from adapters.running.quiet_runs import quiet_runs
from adapters.running.report import FileReport, RunReport, node_reports
from adapters.running.run_inputs import as_of_utc, source_of
from adapters.running.state_file import is_state_of, write_state
from adapters.running.view_files import PendingViews
from adapters.running.views import views_of
from adapters.settings import Settings
from adapters.sources import SourceReport
from registry import RegistryError
from registry.database import RegistryWriteError
from registry.durations import Durations
from registry.generations import NodeAction, Output
from registry.objects import WriteError
from registry.raw_files import RawEntry
from registry.remembered_code import RememberedCode
from registry.restoring import hold_of
from registry.store import Artifact


def planned_run(settings: Settings, profile: Profile) -> "Run":
    """A run that is only asked what it would do: call its `prepare`."""
    return Run(settings, profile, RunOptions(dry_run=True))


class Run:
    """One run of one profile, from its sources to its published generation.

    The caller holds the profile's lock.

    Args:
        settings: What the program was told.
        profile: Whose exports.
        options: What this run was asked for.
        on_action: Told what was done with each node.
        on_phase: Told what is being done, in words.
    """

    def __init__(
        self,
        settings: Settings,
        profile: Profile,
        options: RunOptions,
        *,
        on_action: Callable[[NodeAction], None] = lambda _action: None,
        on_phase: Callable[[str], None] = lambda _words: None,
    ) -> None:
        self._settings, self._profile, self._options = settings, profile, options
        self._on_action, self._on_phase = on_action, on_phase
        self._started = datetime.now(UTC)
        self._clock = time.perf_counter()
        self.run_id = f"{self._started:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        self._source_report = SourceReport("none", [])
        self._actions: dict[tuple[str, str], NodeAction] = {}
        self._stages: dict[str, str] = {}
        self._flow_entries: Sequence[RawEntry] = ()
        self._messages: list[str] = []
        self.reads_text, self.is_complete = True, True

    def execute(self) -> RunReport:
        """Do it.

        Raises:
            NothingToIngestError: No file could be read as an export.
            NotPublishedError: There is nothing to start a later stage from.
            NodeFailedError: A node raised; nothing is published, what finished is kept.
            WriteError: The disk is full or broken; nothing is published.
            DamagedArtifactError: An export's bytes are damaged and are to be had nowhere else.
        """
        self._profile.make_sound()
        return healed(self._execute, self._profile, self._regained)

    def _regained(self, sha256: str) -> bool:
        """Whether the bytes of a damaged export could be had from the source once more."""
        if not self._options.asks_sources:
            return False
        self._profile.raw_files.set_aside(sha256)
        source_of(self._profile, self._settings).collect(
            self._profile.raw_files, stored_utc=f"{self._started:%Y-%m-%dT%H:%M:%SZ}"
        )
        return self._profile.raw_files.path(sha256).is_file()

    def _execute(self) -> RunReport:
        self._profile.store.reads_bytes = self._options.full_check
        self._profile.raw_files.reads_bytes = self._options.full_check
        engine, request, plan = self.prepare()
        if self._options.full_check:
            self._messages += self._damaged_raw_files()
        if self._options.dry_run:
            return self._planned_report(engine, request, plan)
        self._on_phase("computing")
        outcome = engine.run(request, plan, self.run_id)
        self._actions = dict(outcome.actions)
        return self._publish(engine, outcome)

    def _damaged_raw_files(self) -> list[str]:
        """What no source could mend."""
        return [
            f"{entry.name}: its stored bytes are missing or damaged; import it again"
            for entry in self._profile.raw_files.entries()
            if not self._profile.raw_files.holds(entry)
        ]

    def prepare(self) -> tuple[Engine, Request, Plan]:
        """What `execute` does before anything is computed; of a dry run, all that it does.

        Raises:
            NothingToIngestError: No file could be read as an export.
            NotPublishedError: There is nothing to start a later stage from.
        """
        self._on_phase("reading the code")
        code = RememberedCode(code_index(), PROJECT, PROJECT / "dataflows" / "__pycache__")
        if self._options.asks_sources:
            self._on_phase("looking for exports")
            source = source_of(self._profile, self._settings)
            stored_utc = f"{self._started:%Y-%m-%dT%H:%M:%SZ}"
            self._source_report = source.collect(self._profile.raw_files, stored_utc=stored_utc)
        self._on_phase("planning")
        engine = self._engine(code)
        self.reads_text = code.reads_text()
        code.keep()
        self._stages = {name: node.stage for name, node in engine.flow.nodes.items()}
        asker = Asker(self._settings, self._profile, self._options, self._source_report)
        asked = asker.ask(engine, self._published_keys())
        self._flow_entries = asked.entries
        self._messages = [*self._profile.notices, *self._source_report.notices, *asked.problems]
        plan = engine.plan(asked.request)
        self._actions = dict(plan.actions)
        return engine, asked.request, plan

    def failed(self, error: Exception) -> RunReport:
        """The report of a run that raised: what had been done by then."""
        actions = [
            replace(action, action="skipped", reason="the run failed before")
            if action.action == "would-run"
            else action
            for action in self._actions.values()
        ]
        return RunReport(
            profile=self._profile.name,
            run_id=self.run_id,
            status="failed",
            generation=self._published_or_none(),
            nodes=node_reports(actions, self._stages, {}),
            seconds=time.perf_counter() - self._clock,
            messages=[str(error)],
        )

    def _published_or_none(self) -> int | None:
        try:
            return self._current() if self._profile.exists else None
        except RegistryError:
            return None

    def _engine(self, code: RememberedCode) -> Engine:
        return Engine(
            FLOW,
            self._profile.store,
            code,
            executor=self._options.executor,
            workers=self._options.workers,
            on_action=self._note_action,
        )

    def _note_action(self, action: NodeAction) -> None:
        self._actions[action.node, action.item] = action
        self._on_action(action)

    def _published_keys(self) -> dict[tuple[str, str], str]:
        """The key of every node, and of every file of it, in the published generation."""
        current = self._current()
        if current is None:
            return {}
        keys = self._profile.generations.node_keys(current)
        return {(node.node, node.item): node.key for node in keys}

    def _current(self) -> int | None:
        return self._profile.generations.current()

    # -- what came of it -------------------------------------------------------------------------

    def _publish(self, engine: Engine, outcome: Outcome) -> RunReport:
        if self._options.only:
            ran = any(action.action == "ran" for action in outcome.actions.values())
            status = "computed" if ran else "up-to-date"
            return self._finish(engine, status, outcome, self._current())
        files = self._file_reports(engine, outcome.artifacts, outcome.actions)
        if not any(file.status in {"parsed", "reused"} for file in leaves(files)):
            raise NothingToIngestError(nothing_to_ingest(self._profile, self._source_report))
        made, current = outcome.computed(), self._current()
        publishes = not self._stays(made)
        artifacts = {name: outcome.artifact(name) for name in (*OUTPUTS, BOOKS)}
        outputs = (
            self._profile.generations.next_outputs(artifacts, {})
            if publishes or current is None
            else self._profile.generations.outputs(current)
        )
        with self._views(outputs) as views:
            if publishes or current is None:
                self._on_phase("publishing")
                current = self._profile.generations.publish(
                    run_id=self.run_id,
                    published_utc=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
                    artifacts=artifacts,
                    nodes=made,
                    facts=self._manifest_facts(),
                )
            with self._only_warning():
                views.publish()
                self._profile.generations.write_head()
        status = "published" if publishes else "up-to-date"
        return self._finish(engine, status, outcome, current)

    def _views(self, outputs: Mapping[str, Output]) -> AbstractContextManager[PendingViews]:
        return views_of(
            self._profile.outputs,
            outputs,
            self._profile.store,
            trusts_stamps=not self._options.full_check,
        )

    @contextmanager
    def _only_warning(self) -> Iterator[None]:
        """What fails after the commit does not undo it; the next run makes up for it."""
        try:
            yield
        except (WriteError, RegistryWriteError) as error:
            self.is_complete = False
            self._messages.append(f"the results are kept, but {error}; run again to make up for it")

    def _stays(self, made: Mapping[tuple[str, str], Artifact]) -> bool:
        """Whether what the flow gave leaves the published generation as it is."""
        keys = {place: found.key for place, found in made.items()}
        hold = hold_of(self._profile.generations)
        if hold is None:
            return keys == self._published_keys()
        if not hold.stands(self._profile.generations, self._profile.store, keys):
            return self._options.start_stage != STAGES[0] and keys == self._published_keys()
        self._messages.append(str(hold))
        return True

    def _manifest_facts(self) -> dict[str, Any]:
        entries = self._profile.raw_files.entries()
        return {
            "profile": self._profile.name,
            "as_of_utc": as_of_utc(self._profile, self._settings, flow_files(entries)),
            "started_utc": f"{self._started:%Y-%m-%dT%H:%M:%SZ}",
            "options": asdict(self._options),
        }

    def _finish(
        self,
        engine: Engine,
        status: str,
        outcome: Outcome,
        generation: int | None,
    ) -> RunReport:
        report = self._report(engine, status, outcome.artifacts, generation)
        ended = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        started = f"{self._started:%Y-%m-%dT%H:%M:%SZ}"
        ran = [action for action in outcome.actions.values() if action.action != "reused"]
        did_something = bool(ran) or status == "published"
        with self._only_warning():
            if did_something:
                quiet, mark = quiet_runs(self._profile.logs, self._profile.runs.log_mark)
                self._profile.runs.record(
                    run_id=self.run_id,
                    started_utc=started,
                    ended_utc=ended,
                    status=status,
                    generation=generation,
                    options=asdict(self._options),
                    actions=ran,
                    quiet=quiet,
                    log_mark=mark,
                )
            if did_something or not is_state_of(self._profile, generation):
                document = {"started_utc": started, "ended_utc": ended, **report.as_json()}
                write_state(self._profile, document)
        return report

    def _planned_report(self, engine: Engine, request: Request, plan: Plan) -> RunReport:
        if self._options.would_ask_sources:
            self._messages += waiting_files(self._profile)
        self._actions |= {(name, ""): action for name, action in plan.undecided.items()}
        report = self._report(engine, "planned", plan.known, self._current())
        durations = Durations(self._profile.database)
        nodes = with_estimates(report.nodes, plan, durations, request.published)
        return replace(report, nodes=nodes)

    def _report(
        self,
        engine: Engine,
        status: str,
        artifacts: Mapping[tuple[str, str], Artifact],
        generation: int | None,
    ) -> RunReport:
        outputs = self._profile.generations.outputs(generation) if generation else {}
        books = artifacts.get((BOOKS, ""))
        return RunReport(
            profile=self._profile.name,
            run_id=self.run_id,
            status=status,
            generation=generation,
            files=self._file_reports(engine, artifacts, self._actions),
            books=json.loads(engine.store.check(books).read_bytes()) if books else {},
            nodes=node_reports(self._actions.values(), self._stages, outputs),
            seconds=time.perf_counter() - self._clock,
            messages=self._messages,
        )

    def _file_reports(
        self,
        engine: Engine,
        artifacts: Mapping[tuple[str, str], Artifact],
        actions: Mapping[tuple[str, str], NodeAction],
    ) -> list[FileReport]:
        entries = [e for e in self._profile.raw_files.entries() if not e.retired]
        collected = artifacts.get(("checked_exports", ""))
        parsed = {}
        if collected is not None and engine.store.present(collected):
            parsed = parse_reports(engine.store, collected, self._flow_entries)
        new = [
            item
            for (node, item), action in actions.items()
            if node == "parsed_export" and action.action in {"ran", "would-run"}
        ]
        return file_reports(entries, parsed, new, self._source_report)
