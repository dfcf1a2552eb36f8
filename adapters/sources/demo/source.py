"""The demo person as a source: their exports are made when they are not stored yet."""

import json
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Final

from adapters.sources import SeenFile, SourceReport, Status
from adapters.sources.archives import Archives
from adapters.sources.demo import DEMO_END_DATE, demo_exports
from registry.raw_files import RawFiles

_NOTE: Final = "demo"


@dataclass(frozen=True)
class DemoSource:
    """Writes the synthetic person's exports; those of another end date or version are retired.

    Args:
        end: The last day.
    """

    end: date = DEMO_END_DATE

    @property
    def name(self) -> str:
        """What the source is called in reports."""
        return "demo"

    def collect(self, raw_files: RawFiles, *, stored_utc: str) -> SourceReport:
        """Store the exports, unless this very person is stored already."""
        made = _generator_sha256()
        note = json.loads(raw_files.index.note(_NOTE) or "{}")
        wanted = {"end": self.end.isoformat(), "generator": made}
        if {key: note.get(key) for key in wanted} == wanted and self._all_held(raw_files):
            return SourceReport(self.name, [])
        before = {entry.sha256 for entry in raw_files.entries()}
        lines, kept = self._store(raw_files, stored_utc)
        for sha256_ in before - kept:
            raw_files.retire(sha256_)
        raw_files.index.put_note(_NOTE, json.dumps(wanted))
        return SourceReport(self.name, lines)

    def _store(self, raw_files: RawFiles, stored_utc: str) -> tuple[list[SeenFile], set[str]]:
        archives = Archives(raw_files, None, stored_utc=stored_utc)
        lines: list[SeenFile] = []
        kept: set[str] = set()
        for name, content in demo_exports(end=self.end).items():
            added = raw_files.add_stream([content], name, stored_utc=stored_utc)
            kept.add(added.entry.sha256)
            if added.entry.retired:
                raw_files.retire(added.entry.sha256, retired=False)
            if added.entry.kind == "archive":
                lines += archives.open(added, name)
            else:
                status: Status = "stored" if added.is_new else "known"
                lines.append(SeenFile(name, status, added.entry.sha256))
        members = {e.sha256 for e in raw_files.entries() if e.container in kept}
        for member in members:
            raw_files.retire(member, retired=False)
        return lines, kept | members

    def _all_held(self, raw_files: RawFiles) -> bool:
        active = [entry for entry in raw_files.entries() if not entry.retired]
        return bool(active) and all(map(raw_files.holds, active))


def _generator_sha256() -> str:
    digest = sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
