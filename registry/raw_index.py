"""The registry's answer to what is known of raw files and of the files they came from."""

from registry.database import Database
from registry.raw_files import RawEntry
from registry.stamps import Stamp


class DatabaseRawIndex:
    """A `RawIndex` in the registry of one profile."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def raw_entries(self) -> list[RawEntry]:
        """Every raw file that was put, retired ones too."""
        rows = self._database.rows(
            "SELECT sha256, size, name, stored_utc, container, kind, retired FROM raw_file"
        )
        return [RawEntry(**{**dict(row), "retired": bool(row["retired"])}) for row in rows]

    def put_raw_entry(self, entry: RawEntry) -> None:
        """Add a raw file, or replace what is known about it."""
        with self._database.atomic() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO raw_file VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    entry.sha256,
                    entry.size,
                    entry.name,
                    entry.stored_utc,
                    entry.container,
                    entry.kind,
                    int(entry.retired),
                ),
            )

    def remembered_sha256(self, stamp: Stamp) -> str | None:
        """The hash of the file that had this stamp."""
        row = self._database.row(
            "SELECT sha256 FROM file_stamp WHERE device = ? AND inode = ? AND size = ? "
            "AND mtime_ns = ? AND ctime_ns = ?",
            *stamp,
        )
        return None if row is None else row["sha256"]

    def remember_sha256(self, stamp: Stamp, sha256: str) -> None:
        """A file with this stamp has these bytes, until the stamp moves."""
        with self._database.atomic() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO file_stamp VALUES (?, ?, ?, ?, ?, ?)", (*stamp, sha256)
            )

    def note(self, key: str) -> str | None:
        """What was noted under a key."""
        row = self._database.row("SELECT text FROM note WHERE key = ?", key)
        return None if row is None else row["text"]

    def put_note(self, key: str, text: str) -> None:
        """Note something, in place of what was noted under the key."""
        with self._database.atomic() as connection:
            connection.execute("INSERT OR REPLACE INTO note VALUES (?, ?)", (key, text))
