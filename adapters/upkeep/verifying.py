"""A whole profile verified, and repaired: what is damaged is made again by a plain run."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from adapters.corrections import CorrectionsError, read_corrections
from adapters.engine.codecs import tables_in
from adapters.engine.stored_tables import tables
from adapters.profile import Profile
from adapters.running.state_file import is_state_whole, state_path
from adapters.running.views import view_problems
from registry.database import RegistryDamagedError
from registry.generations import Output
from registry.store import Artifact, DamagedArtifactError
from registry.verification import (
    Damage,
    Depth,
    Findings,
    artifact_damage,
    manifest_damage,
    raw_damage,
    registry_damage,
)


class Verifier:
    """Looks at everything of one profile, and changes nothing.

    Args:
        profile: Whose.
        depth: How closely.
        on_step: Told what is being looked at.
    """

    def __init__(self, profile: Profile, depth: Depth, on_step: Callable[[str], None]) -> None:
        self._profile, self._depth = profile, depth
        self._findings = Findings(on_step)

    def findings(self) -> Findings:
        """What is damaged. With a damaged registry, nothing else can be judged."""
        try:
            self._look()
        except RegistryDamagedError as damage:
            problem = Damage("registry", str(damage.path), damage.problem)
            self._findings.note("registry", [problem])
        return self._findings

    def _look(self) -> None:
        profile, depth, note = self._profile, self._depth, self._findings.note
        note("registry", registry_damage(profile.folder, profile.database, depth))
        generations = profile.generations
        note("manifests", manifest_damage(profile.folder, profile.database, generations, depth))
        note("raw files", raw_damage(profile.raw_files, depth))
        note("artifacts", artifact_damage(profile.store, generations, depth, self._content_problem))
        note("corrections", [self._corrections_damage()])
        current = generations.current()
        if current is not None:
            outputs = generations.outputs(current)
            note("views", self._view_damage(outputs))
            note("state", [self._state_damage()])
            if depth is Depth.CONTENT:
                note("contracts", self._contract_damage(outputs))

    def _view_damage(self, outputs: Mapping[str, Output]) -> Iterator[Damage | None]:
        found = view_problems(
            self._profile.outputs,
            outputs,
            self._profile.store,
            reads_bytes=self._depth >= Depth.BYTES,
        )
        try:
            for path, problem in found:
                yield None if problem is None else Damage("view", str(path), problem)
        except DamagedArtifactError:
            return  # told as an artifact's damage; its view cannot be compared

    def _state_damage(self) -> Damage | None:
        if is_state_whole(self._profile, reads_bytes=self._depth >= Depth.BYTES):
            return None
        place = str(state_path(self._profile))
        return Damage("state", place, "it is not there as a run wrote it")

    def _corrections_damage(self) -> Damage | None:
        try:
            read_corrections(self._profile.corrections)
        except CorrectionsError as error:
            place = str(self._profile.corrections)
            return Damage("corrections", place, "; ".join(error.problems), "mend it by hand")
        return None

    # -- content ---------------------------------------------------------------------------------

    def _content_problem(self, artifact: Artifact) -> str | None:
        path = self._profile.store.path(artifact)
        try:
            if artifact.codec == "parquet":
                rows = pq.ParquetFile(path).read().num_rows
                return None if rows == artifact.rows else _other_rows(rows, artifact)
            document = json.loads(path.read_bytes())
        except (ValueError, OSError, pa.ArrowException):
            return "it cannot be decoded"
        return self._part_problem(artifact, document)

    def _part_problem(self, artifact: Artifact, document: Any) -> str | None:
        told = {part.sha256: part.rows for part in tables_in(document)}
        kept = {part.sha256: part.rows for part in self._profile.store.parts(artifact)}
        return None if told == kept else "the tables that it refers to are not those registered"

    def _contract_damage(self, outputs: Mapping[str, Output]) -> Iterator[Damage | None]:
        from adapters.upkeep.output_contracts import CONTRACTS, broken  # noqa: PLC0415 - pandera is slow

        for name in CONTRACTS.keys() & outputs.keys():
            store, artifact = self._profile.store, outputs[name].artifact
            try:
                told = [broken(name, table) for table in tables(store, artifact)]
            except DamagedArtifactError:
                continue  # told as an artifact's damage
            place, remedy = str(store.path(artifact)), "`python cli.py --force-all` makes it again"
            problem = next(filter(None, told), None)
            yield None if problem is None else Damage("artifact", place, problem, remedy)


def _other_rows(rows: int, artifact: Artifact) -> str:
    return f"it has {rows} rows, and {artifact.rows} are registered"
