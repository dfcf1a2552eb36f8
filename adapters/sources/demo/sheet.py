"""CSV files under construction, and the book of what was planted in them on purpose."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from adapters.sources.demo.life.draws import Draws

DAMAGE: Final = "damage"
SENTINEL: Final = "sentinel"
DUPLICATE: Final = "duplicate"


class Planted(NamedTuple):
    """One row that was planted on purpose.

    Attributes:
        name: The leaf file; a member of an archive is `archive/member`.
        raw_row: Its row as a spreadsheet program counts: the header is row 1.
        signal: blood_pressure, heart_rate or sleep.
        kind: `damage` (must be rejected), `sentinel` (no record, must only be counted) or
            `duplicate` (a second copy of a record, must be shadowed).
        check: The code a damaged row is rejected with, else empty.
    """

    name: str
    raw_row: int
    signal: str
    kind: str
    check: str


class Extra(NamedTuple):
    """A line to plant."""

    line: str
    signal: str
    kind: str
    check: str = ""


@dataclass
class Sheet:
    """One CSV file: its lines so far, the header first, and what was planted in it."""

    name: str
    lines: list[str]
    planted: list[Planted] = field(default_factory=list)

    def plant(self, extra: Extra) -> None:
        """Append a planted line and write it into the book."""
        self.lines.append(extra.line)
        row = len(self.lines)
        self.planted.append(Planted(self.name, row, extra.signal, extra.kind, extra.check))

    def scatter(self, lines: list[str], extras: list[Extra], draws: Draws) -> None:
        """Append lines with the extras among them, at places that are drawn."""
        places = sorted((draws.whole(0, len(lines)), number) for number in range(len(extras)))
        begin = 0
        for place, number in places:
            self.lines += lines[begin:place]
            self.plant(extras[number])
            begin = place
        self.lines += lines[begin:]

    def content(self, *, line_end: str = "\n", mark: bool = False) -> bytes:
        """The bytes of the file, with the UTF-8 byte order mark where the app writes one."""
        text = line_end.join([*self.lines, ""])
        return text.encode("utf-8-sig" if mark else "utf-8")
