"""Damage at random, as a bad disk, a spreadsheet program, a script or a strange device does it."""

import re
import sqlite3
from contextlib import closing

NUMBERS = [
    "-1", "0", "1e400", "NaN", "inf", "-inf", "null", "", "[]", "{}", "true", "0x10", "1_000",
    "1e3", "9" * 26, str(2**63), str(-(2**63)), str(2**31), "1e18", "5e-324", "\u0663", "--5",
    "a" * 9000,
]  # fmt: skip
TIMES = [
    "9999-12-31T23:59:59Z", "0001-01-01 00:00:00", "0001-01-01T00:00:00+14:00", "253402300799",
    "253402300800000", "-62135596800", "1700000000", "1700000000000", "1700000000000000",
    "2024-03-31 02:30:00", "2024-10-27 02:30:00", "+14:00", "-12:00", "UTC+1400", "+99:99", "24:00",
    "12:60", "2024-02-30",
]  # fmt: skip
MARKS = ["\x00", "'", '"', '""', "<", "&", "&#0;", "&lol;", "\\u0000", "\\ud800", "+2K8-", "\ufeff"]
STORED = [
    None, 0, -1, 1, 2**63 - 1, -(2**63), 1e308, float("inf"), "", "x", b"\x00\xff", 0.5, "12", 255,
    253_402_300_799, 253_402_300_799_000, -62_135_596_800_000, 1_700_000_000, 1 << 40, 50_400, 1e18,
]  # fmt: skip
ENCODINGS = ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "utf-7"]
LINE_ENDS = [b"\r\n", b"\r", b"\n\n", b"\n\r"]
_TOKEN = re.compile(rb"-?\d[\d:.,TZ+-]*|\b[A-Za-z_]{3,}\b")


def damaged(chance, content):
    """The content with one to three things done to it."""
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        ways = _OF_A_DATABASE if content.startswith(b"SQLite") else _OF_A_TEXT
        content = chance.choice(ways)(chance, content)
    return content


def _cut(chance, content):
    return content[: chance.randrange(len(content) + 1)]


def _bytes(chance, content):
    place = chance.randrange(len(content) + 1)
    noise = chance.randbytes(chance.randrange(8))
    return content[:place] + noise + content[place + chance.choice([0, len(noise)]) :]


def _gap(chance, content):
    place = chance.randrange(len(content) + 1)
    return content[:place] + content[place + chance.randrange(1, 60) :]


def _echo(chance, content):
    place, length = chance.randrange(len(content) + 1), chance.randrange(1, 200)
    return content[: place + length] + content[place:]


def _lines(chance, content):
    lines = content.split(b"\n")
    place = chance.randrange(len(lines))
    lines[place : place + 1] = chance.choice(
        [[], [lines[place]] * 2, lines[place : place + 2][::-1]]
    )
    return b"\n".join(lines)


def _line_ends(chance, content):
    return content.replace(b"\n", chance.choice(LINE_ENDS))


def _encoding(chance, content):
    return content.decode("utf-8", "replace").encode(chance.choice(ENCODINGS), "replace")


def _columns(chance, content):
    head, end, rest = content.partition(b"\n")
    mark = chance.choice([b",", b";"])
    names = head.split(mark)
    names[chance.randrange(len(names))] = chance.choice(names)
    return mark.join(names) + end + rest


def _delimiter(chance, content):
    return content.replace(b",", chance.choice([b";", b"\t", b",,", b", "]))


def _cell(chance, content):
    tokens = [*_TOKEN.finditer(content)]
    if not tokens:
        return content
    token = chance.choice(tokens)
    odd = chance.choice(chance.choice([NUMBERS, TIMES, MARKS])).encode()
    return content[: token.start()] + odd + content[token.end() :]


def _stored(chance, content):
    """An odd value in a column of a table, a table or a column that is gone, a view for a table."""
    raw = bytearray(content)
    raw[18:20] = b"\x01\x01"
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.deserialize(bytes(raw))
            connection.execute(*_change(chance, connection))
            connection.commit()
            return connection.serialize()
        except (sqlite3.Error, IndexError):
            return content


def _change(chance, connection):
    listed = "SELECT name FROM sqlite_master WHERE type = 'table'"
    filled = [
        name
        for (name,) in connection.execute(listed).fetchall()
        if connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
    ]
    table = chance.choice(filled)
    columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
    column = chance.choice(columns)
    if chance.random() < 0.8:
        return f'UPDATE "{table}" SET "{column}" = ?', [chance.choice(STORED)]
    if chance.random() < 0.5:
        return (f'ALTER TABLE "{table}" RENAME COLUMN "{column}" TO zz',)
    connection.execute(f'ALTER TABLE "{table}" RENAME TO zz')
    return (f'CREATE VIEW "{table}" AS SELECT * FROM zz',)


_ANY = [_cut, _bytes, _gap, _echo]
_OF_A_TEXT = [*_ANY, _lines, _line_ends, _encoding, _columns, _delimiter, *[_cell] * 6]
_OF_A_DATABASE = [*_ANY, *[_stored] * 10]
