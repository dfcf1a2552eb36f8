"""A run in a process that lives long: of some nodes, with modules that have no file."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType, ModuleType

from adapters.driver import Run
from adapters.engine.execution import Engine, Outcome
from adapters.engine.flow import CodeSource
from adapters.engine.imported_code import ImportedCode
from adapters.pipeline import FLOW
from adapters.running.report import RunReport


class NodeRun(Run):
    """A run whose outcome can be looked at, of the flow and a notebook's modules."""

    modules: Sequence[ModuleType] = FLOW
    code: ImportedCode | None = None
    outcome: Outcome | None = None
    file_names: Mapping[str, str] = MappingProxyType({})

    def _engine(self, code: CodeSource) -> Engine:
        """A kernel lives long: what counts is the code that it has imported."""
        del code
        assert self.code is not None
        store, note = self._profile.store, self._note_action
        return Engine(self.modules, store, self.code, on_action=note)

    def _published_keys(self) -> dict[tuple[str, str], str]:
        """What is published; of a notebook's nodes, what was computed last."""
        latest = {}
        for module in self.modules[len(FLOW) :]:
            for node in vars(module):
                key = self._latest_key(node)
                latest.update({(node, ""): key} if key else {})
        return latest | super()._published_keys()

    def _latest_key(self, node: str) -> str | None:
        row = self._profile.database.row(
            "SELECT c.key FROM computation c JOIN run r ON r.id = c.run_id "
            "WHERE c.node = ? AND c.item = '' ORDER BY r.rowid DESC LIMIT 1",
            node,
        )
        return None if row is None else str(row["key"])

    def _publish(self, engine: Engine, outcome: Outcome) -> RunReport:
        self.outcome = outcome
        self.file_names = {e.sha256: e.name for e in self._profile.raw_files.entries()}
        return super()._publish(engine, outcome)


def code_of(modules: tuple[ModuleType, ...]) -> ImportedCode:
    """The code of imported modules, compared with their sources once more."""
    return _code_of(modules).renewed()


@lru_cache(maxsize=8)
def _code_of(modules: tuple[ModuleType, ...]) -> ImportedCode:
    return ImportedCode(modules)
