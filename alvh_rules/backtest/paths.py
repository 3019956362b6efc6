"""What a position is worth and amounts to, session by session, while its legs stay as they are.

1. From the row on which a position is first marked with its legs, every figure is worked out in arrays
   over the sessions that follow: values in cents, Greeks, extrinsic value, whether it is breached.
2. The loop over sessions looks its row up, and reads no later one. When a leg is traded or settles the
   path is dropped, and the next mark begins another.
3. A leg without a quote keeps the last mark that was known, which may be from before the path.

Figures are summed leg by leg in the order of the legs, so that they are the same bits as if each
session were worked out alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alvh_rules.backtest.exposure import Greeks, Needs
from alvh_rules.backtest.instruments import NEVER, Contract
from alvh_rules.backtest.ledger import Held, Position
from alvh_rules.backtest.marks import NO_MARK, Mark, Marks
from alvh_rules.evaluate.inputs import Boolean, Float
from alvh_rules.options.contracts import Right

MOST_SESSIONS = 32
"""Of a path: a longer life has several, so that what is traded every day costs no more than that."""


@dataclass(frozen=True, slots=True)
class LegPath:
    """A leg over a path's sessions: its marks, and `cells`, their fields by sessions; `values` in cents;
    `greeks` in dollars, delta to vega by sessions."""

    held: Held
    contract: Contract
    count: float
    marks: list[Mark | None]
    cells: Float
    values: list[int]
    greeks: Float

    @property
    def own(self) -> Float:
        """Delta, gamma and vega in dollars to the leg's own price and volatility, by sessions: of what is
        on a volatility too, whose `greeks` speak of the book's vega."""
        own = self.held.multiplier * self.count * self.cells[[4, 5, 7]]
        return np.asarray(np.where(np.isnan(own), 0.0, own))


class Path:
    """A position from row `first` on, an entry a session in each list.

    `value` is that of what is no future, `futures` that of futures, both in cents; `stale` how many legs
    had no quote; `needs` what it needs, where that does not move with prices.
    """

    def __init__(
        self,
        position: Position,
        marks: Marks,
        volatilities: frozenset[str],
        row: int,
        reference: str = "",
    ) -> None:
        self.first = row
        self.nearest = min(contract.expiry for contract in position.legs)
        self.needs: Needs | None = None
        self.has_futures = any(contract.is_future for contract in position.legs)
        tracks = [marks.track(contract, row) for contract in position.legs]
        left = [track.cells.shape[1] - (row - track.first) for track in tracks]
        count = max(min(MOST_SESSIONS, *left), 1)
        value, futures = np.zeros(count, np.int64), np.zeros(count, np.int64)
        greeks, time_value = np.zeros((4, count)), np.zeros(count)
        breached, stale = np.zeros(count, bool), np.zeros(count, np.int64)
        self.legs: list[LegPath] = []
        for held, track, some in zip(position.legs.values(), tracks, left, strict=True):
            contract = held.contract
            seed = held.mark
            if some < 1:
                # Its last session is past and it has not settled: nothing is quoted.
                cells, own = np.full((len(Mark._fields), 1), np.nan), [NO_MARK]
            else:
                at = row - track.first
                cells, own = track.cells[:, at : at + count], track.marks[at : at + count]
            known = np.isfinite(cells[2])
            kept: list[Mark | None] = list(own)
            before = np.zeros(count, bool)
            if not known.all():
                stale += ~known
                cells, kept, before = _filled(cells, own, known, seed)
            size = held.multiplier * held.count
            with np.errstate(invalid="ignore"):
                worth = np.rint(cells[2] * held.multiplier * held.count * 100.0)
            if seed is None and before.any():
                worth = np.where(before, held.value, worth)
            worth = worth.astype(np.int64)
            mine = _greeks(cells, size, contract.underlying in volatilities)
            self.legs.append(LegPath(held, contract, held.count, kept, cells, worth.tolist(), mine))
            whole = mine
            if reference and contract.underlying not in (*volatilities, reference):
                by = moves(reference, contract.underlying, cells[9], marks, row)
                whole = np.array([mine[0] * by, mine[1] * by * by, mine[2], mine[3]])
            greeks += np.where(np.isnan(whole), 0.0, whole)
            if contract.is_future:
                futures += worth
            else:
                value += worth
            if contract.is_option:
                away = float(contract.right) * (cells[9] - contract.strike)
                time_value += size * (cells[2] - np.maximum(away, 0.0))
                if held.count < 0:
                    breached |= away > 0.0
        self.value, self.futures = value.tolist(), futures.tolist()
        self.stale, self.breached = stale.tolist(), breached.tolist()
        self.extrinsic = np.abs(time_value).tolist()
        self.greeks = [Greeks(*parts) for parts in greeks.T.tolist()]

    def reaches(self, row: int) -> bool:
        """Whether it has an entry for a row."""
        return row - self.first < len(self.value)


def _filled(
    cells: Float, own: list[Mark], known: Boolean, seed: Mark | None
) -> tuple[Float, list[Mark | None], Boolean]:
    """Marks with the last known one in place of each that is not, and where that is from before."""
    last = np.maximum.accumulate(np.where(known, np.arange(len(known)), -1))
    first = np.array([NO_MARK if seed is None else seed]).T
    cells = np.concatenate([first, cells], axis=1)[:, last + 1]
    return cells, [seed if at < 0 else own[at] for at in last.tolist()], last < 0


def _greeks(cells: Float, size: float, of_volatility: bool) -> Float:
    """Delta, gamma, theta and vega in dollars, by sessions."""
    parts = cells[4:8]
    parts = size * np.where(np.isnan(parts), 0.0, parts)
    if of_volatility:
        nothing = np.zeros(cells.shape[1])
        return np.array([nothing, nothing, parts[2], parts[0]])
    return np.asarray(parts)


def moves(reference: str, underlying: str, spot: Float, marks: Marks, row: int) -> Float | float:
    """How many points an underlying moves on a point of the reference, by an equal relative move, at its
    spots from a row on; NaN where the reference is not known. One for the reference itself."""
    if underlying == reference or not reference:
        return 1.0
    track = marks.track(Contract(reference, NEVER, Right.OUTRIGHT, 0.0, False), row)
    at = row - track.first
    return np.asarray(spot / track.cells[2, at : at + len(spot)])


def path_at(position: Position, row: int) -> tuple[Path, int]:
    """A position's path and the place of a row in it. Raises ValueError where it is not marked."""
    path = position.path
    if path is None or not path.reaches(row):
        raise ValueError(f"{position.name} is not marked on row {row}")
    return path, row - path.first
