"""Several connections of one process, and of others, share a registry's file."""

import subprocess
import sys

from registry.database import Database

WRITE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("INSERT INTO note VALUES ('other', 'process')")
connection.close()
"""


def test_a_second_connection_lets_go_of_no_lock_of_the_first(tmp_path):
    path = tmp_path / "registry.sqlite"
    first, second = Database(path), Database(path)
    subprocess.run([sys.executable, "-c", WRITE, str(path)], check=True)
    log = tmp_path / "registry.sqlite-wal"
    assert log.exists(), "the other process took itself for the last one"
    with first.atomic() as connection:
        connection.execute("INSERT INTO note VALUES ('first', 'connection')")
    assert first.row("PRAGMA integrity_check")[0] == "ok"
    assert len(second.rows("SELECT key FROM note")) == 2
