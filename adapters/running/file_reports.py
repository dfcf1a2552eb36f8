"""What became of every file: what a source met, and what the flow made of it."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from adapters.profile import DEMO, Profile
from adapters.running.report import FileReport
from adapters.sources import SeenFile, SourceReport
from adapters.sources.inbox import Inbox
from registry.raw_files import RawEntry
from registry.store import Artifact, Store

_UNUSABLE = frozenset({"failed", "locked"})
_SHOWN_NAMES = 5


def flow_files(entries: Iterable[RawEntry]) -> list[RawEntry]:
    """The raw files that the flow parses: neither archives nor retired, in the order of hashes."""
    files = [entry for entry in entries if entry.kind == "file" and not entry.retired]
    return sorted(files, key=lambda entry: entry.sha256)


def parse_reports(
    store: Store, checked_exports: Artifact, entries: Sequence[RawEntry]
) -> dict[str, dict[str, Any]]:
    """What the flow said of each file, by the file's hash.

    Args:
        store: Where the flow's results are.
        checked_exports: The list of what was made of each file.
        entries: The files, in the order in which the flow got them.
    """
    documents = json.loads(store.check(checked_exports).read_bytes())
    return {
        entry.sha256: {**document["report"], "rejected": _rejected_rows(document)}
        for entry, document in zip(entries, documents, strict=True)
    }


def _rejected_rows(document: Mapping[str, Any]) -> int:
    rejected = [document["unreadable"]]
    rejected += [part["rejected"] for part in document.values() if "rejected" in (part or {})]
    return sum(table["rows"] for table in rejected)


def file_reports(
    entries: Sequence[RawEntry],
    parsed: Mapping[str, Mapping[str, Any]],
    new: Iterable[str],
    seen: SourceReport,
) -> list[FileReport]:
    """One report for each file that came in by itself; members stand inside their archive.

    Args:
        entries: All raw files that are not retired.
        parsed: File hash -> what the flow said of it.
        new: The hashes of files that were parsed in this run.
        seen: What the source met; it tells of files that could not even be stored.
    """
    parsed_now = set(new)
    trouble = {file.sha256: file for file in seen.files if file.status in _UNUSABLE}
    lost = [file.name for file in seen.files if file.status in _UNUSABLE and not file.sha256]
    members: dict[str, list[RawEntry]] = {}
    for entry in entries:
        if entry.container is not None:
            members.setdefault(entry.container, []).append(entry)

    def report(entry: RawEntry) -> FileReport:
        if entry.kind == "archive":
            inner = [report(member) for member in by_name(members.get(entry.sha256, []))]
            return _of_archive(entry, inner, trouble.get(entry.sha256), lost)
        return _of_file(entry, parsed.get(entry.sha256), parsed_now)

    known = {entry.sha256 for entry in entries}
    tops = [entry for entry in entries if entry.container not in known]
    reports = [report(entry) for entry in by_name(tops)]
    return reports + [
        FileReport(file.name, file.sha256 or "", None, "failed", reason=file.reason)
        for file in seen.files
        if file.status in _UNUSABLE and file.sha256 not in known
    ]


def by_name(entries: Iterable[RawEntry]) -> list[RawEntry]:
    """Files in the order of their names."""
    return sorted(entries, key=lambda entry: (entry.name, entry.sha256))


def _of_file(entry: RawEntry, parsed: Mapping[str, Any] | None, parsed_now: set[str]) -> FileReport:
    if parsed is None:
        return FileReport(entry.name, entry.sha256, None, "failed", reason="not parsed yet")
    status = parsed["status"]
    if status == "parsed" and entry.sha256 not in parsed_now:
        status = "reused"
    return FileReport(
        entry.name,
        entry.sha256,
        parsed["format"],
        status,
        dict(parsed["records"]),
        parsed["rejected"],
        parsed["reason"],
    )


def _of_archive(
    entry: RawEntry,
    members: Sequence[FileReport],
    trouble: SeenFile | None,
    lost: Sequence[str],
) -> FileReport:
    records: Counter[str] = Counter()
    for member in members:
        records.update(member.records)
    formats = Counter(member.format for member in members if member.format)
    reason = trouble.reason if trouble else None
    if not members and reason is None:
        if any(name.startswith(f"{entry.name}/") for name in lost):
            reason = "none of the files in it can be used"
            return FileReport(entry.name, entry.sha256, None, "failed", reason=reason)
        return FileReport(
            entry.name,
            entry.sha256,
            None,
            "reused",
            reason="all that is in it came in elsewhere too",
        )
    statuses = [member.status for member in members]
    status = next(
        (s for s in ("parsed", "reused", "failed", "unrecognised") if s in statuses), "failed"
    )
    return FileReport(
        entry.name,
        entry.sha256,
        formats.most_common(1)[0][0] if formats else None,
        status,
        dict(records),
        sum(member.rejected for member in members),
        reason,
        tuple(members),
    )


def leaves(reports: Iterable[FileReport]) -> Iterator[FileReport]:
    """Files and members of archives, without the archives around them."""
    for report in reports:
        if report.members:
            yield from leaves(report.members)
        else:
            yield report


def is_unusable(report: FileReport) -> bool:
    """Whether a recognised file, an archive or an unreadable file could not be used."""
    return report.status in _UNUSABLE


def waiting_files(profile: Profile) -> list[str]:
    """What a plan does not count, since it stores nothing: the inbox's new files."""
    names = [] if profile.name == DEMO else Inbox(profile.inbox).waiting(profile.raw_files)
    if not names:
        return []
    listed = ", ".join(names[:_SHOWN_NAMES]) + (", ..." if len(names) > _SHOWN_NAMES else "")
    return [f"new in the inbox, and not in this plan: {listed}; a run stores and parses new files"]


def nothing_to_ingest(profile: Profile, seen: SourceReport) -> str:
    """Why there is nothing, and what to do about it."""
    reasons = [f"{file.name}: {file.reason}" for file in seen.files if file.reason]
    told = ("\n  " + "\n  ".join(reasons)) if reasons else ""
    if profile.name == DEMO:
        return f"the demo person's exports are missing; run without --skip-ingestion{told}"
    return (
        f"nothing usable to ingest for {profile.name}: put exports into {profile.inbox} or name "
        f"them to `python cli.py import`{told}"
    )
