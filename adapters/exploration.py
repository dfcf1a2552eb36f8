"""A profile's flow in a notebook: draw it, plan it, run its nodes one by one, add nodes to it.

    from adapters.exploration import Explorer

    flow = Explorer(profile="demo")
    flow.draw("daily_metrics")
    flow.run("blood_pressure_daily")

What is run here is registered where the command line registers it, under the same keys, so neither
makes again what the other has made. The profile is held and its registry open only during a run.

UnknownNodeError      the flow has no such node, or a node needs one that is not there
NoResultError         the node hands items on one by one, and has no result of its own
"""

import difflib
import os
from collections.abc import Iterable, Sequence
from contextlib import closing, nullcontext
from pathlib import Path
from types import ModuleType

from hamilton.node import NodeType

from adapters import AdapterError
from adapters.engine.execution import build_driver
from adapters.explaining.differences import TablesCompared
from adapters.explaining.drawing import Drawing, draw, svg_of
from adapters.explaining.explanation import Explainer, named_files
from adapters.explaining.lineage import LineageReader
from adapters.explaining.lineage_drawing import dot_of, mermaid_of
from adapters.explaining.row_lineage import RowTracer
from adapters.notebooks import html
from adapters.notebooks.opened_artifact import NoTableError, OpenedArtifact, VerifiedFiles
from adapters.notebooks.rows import EXAMPLES, DifferenceView, RowLineageView
from adapters.notebooks.views import BlockResults, ExplanationView, NodeList, RunView
from adapters.pipeline import FLOW
from adapters.profile import Profile
from adapters.reader import load, profile_at, project_folder
from adapters.running.asking import RunOptions
from adapters.running.node_run import NodeRun, code_of
from adapters.running.report import RunReport
from adapters.settings import PREFIX, Settings
from adapters.terminal.commands.command import writing
from registry.generations import NodeAction


class UnknownNodeError(AdapterError):
    """The flow has no node of this name."""

    exit_code = 2

    def __init__(self, name: str, known: Iterable[str], needed_by: str = "") -> None:
        near = difflib.get_close_matches(name, sorted(known), n=3)
        advice = f"did you mean {' or '.join(near)}?" if near else "flow.nodes lists all"
        who = f"{needed_by} needs {name!r}, which no node is called" if needed_by else ""
        super().__init__(f"{who or f'no node is called {name!r}'}; {advice}")


class NoResultError(AdapterError):
    """A node that opens a parallel block hands items on and keeps nothing."""

    exit_code = 2

    def __init__(self, node: str, users: Iterable[str]) -> None:
        super().__init__(f"{node} hands items on one by one; run what takes them: {list(users)}")


class Explorer:
    """The flow of one profile, for a notebook.

    Args:
        profile: Whose; as the command line chooses when left out.
        home: The folder of all profiles; as for the command line when left out.
        modules: Modules of nodes beside the flow's own, as `%%cell_to_module` makes them.
        settings: What `.env` would say, for these runs alone: `time_zone="Asia/Tokyo"`.
    """

    def __init__(
        self,
        profile: str | None = None,
        home: Path | str | None = None,
        modules: Sequence[ModuleType] = (),
        **settings: str,
    ) -> None:
        of = profile_at(profile, home)
        self.profile, self.home = of.name, of.home
        self._modules, self._told = tuple(modules), settings
        self._all_modules = (*FLOW, *self._modules)
        environment = {**os.environ, **{PREFIX + k.upper(): v for k, v in settings.items()}}
        self._settings = Settings.load(environment, project_folder() / ".env")
        self._driver = build_driver(self._all_modules)
        if self._modules:
            self._refuse_unknown_inputs()

    def with_modules(self, *modules: ModuleType) -> "Explorer":
        """The same flow with more nodes; a module of the same name takes the place of an older."""
        names = {module.__name__ for module in modules}
        kept = [module for module in self._modules if module.__name__ not in names]
        return Explorer(self.profile, self.home, [*kept, *modules], **self._told)

    # -- looking ---------------------------------------------------------------------------------

    @property
    def nodes(self) -> NodeList:
        """Every node with its stage, what it needs and what it is."""
        return NodeList(self._driver.graph)

    def draw(self, *nodes: str) -> Drawing:
        """The flow as a picture, or what these nodes are made from."""
        self._refuse_unknown(nodes)
        return draw(self._driver, nodes)

    def plan(self, *nodes: str) -> RunView:
        """What a run would do, and why; nothing is computed and nothing written."""
        report, _ = self._run(nodes, dry_run=True)
        return RunView(report)

    def explain(self, *nodes: str) -> ExplanationView:
        """What changed since the published results, with old and new source or value.

        Args:
            nodes: What to explain; when left out, every change and all that it makes stale.
        """
        self._refuse_unknown(nodes)
        profile = Profile(self.home, self.profile, leaves_no_trace=True)
        with closing(profile):
            run = self._node_run(profile, RunOptions(dry_run=True))
            names = named_files(profile.raw_files.entries())
            explainer = Explainer(*run.prepare(), names)
            found = [explainer.explain(node, check_bytes=True) for node in nodes]
            return ExplanationView(found, [] if nodes else explainer.causes())

    def lineage(self, node: str, *, row: int | None = None) -> Drawing | RowLineageView:
        """Where a published node comes from, as a picture; or the raw rows behind one row of it.

        Args:
            node: A node; an output when a row is asked for.
            row: The row as a spreadsheet shows the CSV view: the header is row 1.

        Raises:
            NoLineageError: Nothing of the node is published.
            RowError: There is no such row.
        """
        self._refuse_unknown([node])
        profile = Profile(self.home, self.profile, leaves_no_trace=True)
        with closing(profile):
            engine, request, plan = self._node_run(profile, RunOptions(dry_run=True)).prepare()
            current = profile.generations.current() or 0
            if row is None:
                run_id = str(profile.generations.describe(current).get("run_id", ""))
                graph = LineageReader(engine, request, plan, run_id).graph(node)
                return Drawing(svg_of(dot_of(graph, direction="TB")), mermaid_of(graph))
            names = named_files(profile.raw_files.entries())
            outputs = profile.generations.outputs(current)
            return RowLineageView(RowTracer(engine, request, outputs, names).trace(node, row))

    def diff(self, output: str, before: int, after: int) -> DifferenceView:
        """How two versions of a published table differ: rows, columns, values.

        Raises:
            UnknownVersionError: There is no such version.
            NoTableError: The output is no table.
        """
        found = [
            load(output, version=version, profile=self.profile, home=self.home)
            for version in (before, after)
        ]
        if not all(each.tables for each in found):
            raise NoTableError(output)
        profile = Profile(self.home, self.profile, leaves_no_trace=True)
        with closing(profile):
            was, now = ([each.artifact] for each in found)
            difference = TablesCompared(profile.store, was, now, EXAMPLES).difference()
        return DifferenceView(output, (before, after), difference)

    # -- running ---------------------------------------------------------------------------------

    def run(self, node: str, *, force: bool = False) -> OpenedArtifact | BlockResults:
        """Compute one node with all that it needs, or reuse what is registered.

        Args:
            node: Its name; of a node in a parallel block, all items are given.
            force: Compute this node whatever is known.

        Raises:
            UnknownNodeError: There is no such node.
            NoResultError: The node has no result of its own.
            AdapterError: As for `python cli.py run --only`.
        """
        self._refuse_unknown([node])
        self._refuse_expanding(node)
        run = self._run([node], force=(node,) if force else ())[1]
        assert run.outcome is not None
        found = [item for name, item in run.outcome.artifacts if name == node]
        opened = [self._opened(run, node, item) for item in found]
        return opened[0] if found == [""] else BlockResults(node, opened)

    def publish(self) -> RunView:
        """Run the whole flow and publish it, as `python cli.py` does; a notebook's nodes stay out.

        Raises:
            AdapterError: As for `python cli.py`.
        """
        report, _ = self._run((), modules=FLOW)
        return RunView(report)

    def _run(
        self,
        only: Sequence[str],
        *,
        force: tuple[str, ...] = (),
        dry_run: bool = False,
        modules: Sequence[ModuleType] | None = None,
    ) -> tuple[RunReport, NodeRun]:
        self._refuse_unknown(only)
        profile = Profile(self.home, self.profile, leaves_no_trace=dry_run)
        options = RunOptions(only=tuple(only), force=force, dry_run=dry_run)
        run = self._node_run(profile, options, modules)
        with nullcontext() if dry_run else writing(profile), closing(profile):
            return run.execute(), run

    def _node_run(
        self, profile: Profile, options: RunOptions, modules: Sequence[ModuleType] | None = None
    ) -> NodeRun:
        run = NodeRun(self._settings, profile, options)
        run.modules = modules if modules is not None else self._all_modules
        run.code = code_of(self._all_modules)
        return run

    def _opened(self, run: NodeRun, node: str, item: str) -> OpenedArtifact:
        assert run.outcome is not None
        artifact = run.outcome.artifact(node, item)
        value, tables = VerifiedFiles(self.home / self.profile).value(artifact)
        return OpenedArtifact(
            node,
            artifact,
            value,
            tables,
            profile=self.profile,
            item=item,
            item_name=run.file_names.get(item, item[: html.SHORT_HASH]),
            how=_how(run.outcome.actions[node, item]),
        )

    # -- errors ----------------------------------------------------------------------------------

    def _refuse_unknown(self, names: Iterable[str]) -> None:
        known = [n.name for n in self._driver.graph.nodes.values() if not n.user_defined]
        for name in names:
            if name not in known:
                raise UnknownNodeError(name, known)

    def _refuse_unknown_inputs(self) -> None:
        """Hamilton takes a misspelt parameter for an input that somebody will hand in."""
        known, nodes = build_driver(FLOW).graph.nodes, self._driver.graph.nodes
        for node in nodes.values():
            if node.user_defined and node.name not in known:
                users = [found.name for found in node.depended_on_by]
                raise UnknownNodeError(node.name, nodes.keys() - {node.name}, users[0])

    def _refuse_expanding(self, name: str) -> None:
        node = self._driver.graph.nodes[name]
        if node.node_role is NodeType.EXPAND:
            raise NoResultError(name, [found.name for found in node.depended_on_by])


def _how(action: NodeAction) -> str:
    return f"ran in {action.seconds or 0.0:.3f} s" if action.action == "ran" else action.action
