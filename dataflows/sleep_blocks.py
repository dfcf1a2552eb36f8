"""Blocks of stages, the nights they may belong to, and the shift that fits them.

The reasons are in `sleep_alignment`. Arrays of one file are ordered by label and
wall time.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dataflows.sleep_tables import DAY, MINUTE

SHIFTS: Final = (0, -1, 1)
"""Days added to a label, the first of equally good ones counts. Ours: the two readings that are
published, and their mirror image."""

BLOCK_GAP_MINUTES: Final = 15
"""Ours: minutes further apart are tried apart. Smaller than any pause that makes two sleeps."""

EVENING_HOUR: Final = 18
"""Ours: a block that starts from here on is an evening's. The published rule says 20, which would
split the early sleeper's."""

EDGE_TOLERANCE_MINUTES: Final = 2
"""Ours: labels are whole minutes, nights are not, and both are cut at their ends."""

FIT_RATIO: Final = 0.8
"""Ours: a block fits where so much of it lies in nights."""

NEIGHBOURS: Final = 3
"""Ours: the blocks of its kind, before and after, that a block is judged with. A file may be put
together from parts whose dates do not mean the same."""

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Nights:
    """Sessions of one source by their start, and the latest-ending of those before each.

    Of equal sessions the last one here is the first of the sessions given.
    """

    starts: Integers
    ends: Integers
    latest: Integers
    positions: Integers

    def at(self, times: Integers) -> Integers:
        """The index of the night that each time lies in, -1 for none."""
        if not len(self.starts):
            return np.full(len(times), -1, np.int64)
        tolerance = EDGE_TOLERANCE_MINUTES * MINUTE
        last = np.searchsorted(self.starts - tolerance, times, side="right") - 1
        found = np.full(len(times), -1, np.int64)
        for candidate in (self.latest[last], last):
            inside = (last >= 0) & (times < self.ends[candidate] + tolerance)
            found = np.where(inside, candidate, found)
        return found

    def meets(self, edges: Integers, night: Integers, times: Integers) -> Flags:
        """Whether each time is that edge of its night."""
        if not len(edges):
            return np.zeros(len(times), np.bool_)
        met: Flags = np.abs(times - edges[night]) <= EDGE_TOLERANCE_MINUTES * MINUTE
        return met & (night >= 0)


@dataclass(frozen=True)
class Times:
    """Stages in time.

    Attributes:
        walls: Wall time of each as its export labels it.
        starts: Instants under every shift; the first axis is that of `SHIFTS`.
        ends: The same.
        labels: Days since 1970 that they are labelled with.
    """

    walls: Integers
    starts: Integers
    ends: Integers
    labels: Integers

    def of(self, rows: Integers, shifts: int) -> "Times":
        """Those of some rows under the first shifts."""
        return Times(
            self.walls[rows],
            self.starts[:shifts, rows],
            self.ends[:shifts, rows],
            self.labels[rows],
        )


@dataclass(frozen=True)
class _Tried:
    """One file under every shift; the first axis is that of `SHIFTS`.

    Attributes:
        starts: Where each block begins.
        ends: Where it ends.
        nights: The night of each stage.
        scores: How well each block fits.
    """

    starts: Integers
    ends: Integers
    nights: Integers
    scores: NDArray[np.float64]


def aligned_file(times: Times, nights: Nights) -> tuple[Integers, Integers]:
    """For each stage of one file the index into `SHIFTS` and that of its night."""
    walls, lengths = times.walls, times.ends[0] - times.starts[0]
    firsts = _block_starts(walls, lengths, times.labels)
    blocks = np.cumsum(np.isin(np.arange(len(walls)), firsts)) - 1
    tried = _tried(times, firsts, nights)
    evening = walls[firsts] % DAY >= EVENING_HOUR * 60 * MINUTE
    late = (walls // DAY > times.labels).any()
    believed = (-1, -1) if late else (_evening_shift(walls, lengths, firsts), 0)
    preferred = _preferred_shifts(tried.scores, evening, believed)
    chosen, fits = _chosen_shifts(tried, preferred)
    night = tried.nights[chosen[blocks], np.arange(len(walls))]
    return chosen[blocks], _completed(np.where(fits[blocks], night, -1), blocks, fits)


def _block_starts(walls: Integers, lengths: Integers, labels: Integers) -> Integers:
    """Where a block begins: with a new label, and after a gap."""
    new = walls[1:] - walls[:-1] - lengths[:-1] > BLOCK_GAP_MINUTES * MINUTE
    new |= np.diff(labels) != 0
    return np.concatenate(([0], np.flatnonzero(new) + 1))


def _tried(times: Times, firsts: Integers, nights: Nights) -> _Tried:
    """How well each block fits under each shift: its part inside nights, and edges that meet."""
    lasts = np.append(firsts[1:], len(times.walls)) - 1
    found, scores = [], []
    for start, end in zip(times.starts, times.ends, strict=True):
        night = nights.at((start + end) // 2)
        length = end - start
        inside = np.add.reduceat(np.where(night >= 0, length, 0), firsts)
        share = inside / np.maximum(np.add.reduceat(length, firsts), 1)
        edges = nights.meets(nights.starts, night[firsts], start[firsts])
        edges = edges + nights.meets(nights.ends, night[lasts], end[lasts])
        found.append(night)
        scores.append(np.where(share >= FIT_RATIO, share + edges, 0.0))
    begins, finishes = times.starts[:, firsts], times.ends[:, lasts]
    return _Tried(begins, finishes, np.stack(found), np.stack(scores))


def _preferred_shifts(
    scores: NDArray[np.float64], evening: Flags, believed: tuple[int, int]
) -> Integers:
    """The shift, as index, that suits most of the neighbours of each block, of the same kind.

    Args:
        scores: Of each block under each shift.
        evening: Which blocks are an evening's.
        believed: Shift of evenings, relative to other blocks if those fit anywhere, and of others,
            where no night tells.
    """
    preferred = np.zeros(len(evening), np.int64)
    best = {kind: _best_shift(scores[:, evening == kind]) for kind in (True, False)}
    mornings = next(
        (shift for shift in (best[False], best[True]) if shift is not None), believed[1]
    )
    evenings = mornings + believed[0] - believed[1] if best[True] is None else best[True]
    for kind, shift in ((True, evenings), (False, mornings)):
        known = SHIFTS[: len(scores)]
        index = known.index(shift) if shift in known else 0
        preferred[evening == kind] = _suiting(scores[:, evening == kind], index)
    return preferred


def _best_shift(scores: NDArray[np.float64]) -> int | None:
    """The shift that suits most of all blocks; None if no shift suits any."""
    totals = scores.sum(axis=1).round(6)
    return SHIFTS[int(np.argmax(totals))] if totals.any() else None


def _suiting(scores: NDArray[np.float64], otherwise: int) -> Integers:
    """The index that suits most of a block's neighbours; `otherwise` if it is as good as any."""
    sums = np.cumsum(np.pad(scores, ((0, 0), (NEIGHBOURS + 1, NEIGHBOURS))), axis=1)
    near = (sums[:, 2 * NEIGHBOURS + 1 :] - sums[:, : -2 * NEIGHBOURS - 1]).round(6)
    return np.where(near[otherwise] == near.max(axis=0), otherwise, np.argmax(near, axis=0))


def _evening_shift(walls: Integers, lengths: Integers, firsts: Integers) -> int:
    """-1 where dates are wake dates, 0 where a night goes on under the next date."""
    gap = BLOCK_GAP_MINUTES * MINUTE
    ends = (walls + lengths)[np.append(firsts[1:], len(walls)) - 1]
    evenings = ends[(ends + gap) % DAY <= 2 * gap]
    evenings = (evenings + gap) // DAY - 1
    begins = walls[firsts]
    mornings = begins[begins % DAY <= gap] // DAY
    own = np.isin(evenings, mornings).sum()
    following = np.isin(evenings + 1, mornings).sum()
    return -1 if own > following else 0


def _chosen_shifts(tried: _Tried, preferred: Integers) -> tuple[Integers, Flags]:
    """The shift of each block, and whether it fits a night there that no other block fills."""
    everyone = np.arange(len(preferred))
    chosen = preferred.copy()
    fits = np.zeros(len(preferred), np.bool_)
    liked = tried.scores[preferred, everyone]
    for block in np.lexsort((everyone, -liked)):
        others = np.argsort(-tried.scores[:, block], kind="stable")
        for shift in (preferred[block], *others):
            if tried.scores[shift, block] > 0 and not _filled(tried, chosen, fits, shift, block):
                chosen[block], fits[block] = shift, True
                break
    return chosen, fits


def _filled(tried: _Tried, chosen: Integers, fits: Flags, shift: int, block: int) -> bool:
    """Whether a block that has found its night lies where this one would."""
    placed = np.flatnonzero(fits)
    starts, ends = tried.starts[chosen[placed], placed], tried.ends[chosen[placed], placed]
    tolerance = EDGE_TOLERANCE_MINUTES * MINUTE
    begin, end = tried.starts[shift, block] + tolerance, tried.ends[shift, block] - tolerance
    return bool(((starts < end) & (ends > begin)).any())


def _completed(night: Integers, blocks: Integers, fits: Flags) -> Integers:
    """The few stages of a fitting block that lie outside go with the stage before or after."""
    rows = np.arange(len(night))
    filled = np.where(night >= 0, rows, -1)
    before = np.maximum.accumulate(filled)
    after = np.minimum.accumulate(np.where(night >= 0, rows, len(night))[::-1])[::-1]
    for candidate in (before, after):
        near = np.where((candidate >= 0) & (candidate < len(night)), candidate, rows)
        same = blocks[near] == blocks
        night = np.where((night < 0) & fits[blocks] & same, night[near], night)
    return night
