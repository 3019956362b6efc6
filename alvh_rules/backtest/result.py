"""What a backtest gives: frames with fixed columns, from which files, metrics and reports are made.

Money is in dollars, to the cent; profits are cumulative from the first session. At every session
`equity = cash + the sum of market_value of the open legs`, to the cent, and `equity = capital + the
sum of all profits`.

equity: one row a session.
  date                    the session
  equity                  cash and the market value of all that is held
  cash                    settled cash
  margin                  what the positions need by their exact payoff
  equity_without_hedge    of the same rules run without the hedge (a run of its own, since size
                          follows equity)
  interest                earned on cash, cumulative
  NAME_profit             of each layer, by its name; `hedge_profit`; `holding_profit` where the
                          ruleset holds something outright
  book_delta, book_gamma, book_theta, book_vega   dollars for a point of the underlying, dollars for a
                          point squared, dollars a calendar day, dollars for a point of volatility
  hedge_ratio             decided; hedge_held what was held against it, as a ratio of the same measure
  drawdown                from the highest equity so far, a fraction
  skipped                 openings refused on this session (no quote, no money, a limit)

trades: one row an opening, change, roll, closing, settlement or refusal, in order.
  number, date, position  the trade's number, session, and the position it belongs to (`short-0012`)
  owner                   the layer's name, `hedge` or `holding`
  action                  open, resize, roll, close, settle, refuse, override
  structure               as the ruleset says it, on one line
  legs                    `-2 SPX 2018-02-16 P2650 @ 12.35; …`: signed contracts, price a unit
  contracts               units of the structure, signed changes for a resize
  cash                    received (positive) or paid, before fees
  fees, slippage          dollars, both costs as positive numbers
  profit                  realised by this trade
  clause                  the ruleset's text that caused it, on one line
  place                   FILE:LINE of that clause
  decided                 the session at whose close it was decided
  source                  chain, model, settlement, column, or mixed
  reason                  why it was refused, or what should be known of it
  underlyings             `2731.2; …`: the price of what each leg is on, at the fill or the settlement
  volatilities            `18.4; …`: each leg's implied volatility at the fill, in points
  version                 in a run as governed: the version that decided it (`1.1.0 a25beb093703`, the
                          number and the first characters of its proposal)

positions: one row a leg and session, sorted by date, position, leg.
  date, position, owner, leg, underlying, right (put, call, future, share), strike, expiry, contracts
  (signed), bid, ask, mark, market_value, volatility, delta, gamma, theta, vega (all of the whole leg,
  in dollars; what is on VIX counts in the book's vega and has no delta), source, spot (the price of
  what the leg is on: of VIX options their future), own_delta, own_gamma, own_vega (to that price and
  to the leg's own volatility)

prevented: one row a clause that kept a layer from opening, ranked.
  owner, clause, place, sessions (on which it alone was false or unknown), false, unknown, and in a run
  as governed `version`
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from alvh_rules.core.diagnostics import Diagnostic

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class Settings:
    """What a run was asked to assume beside the ruleset; all of it is written to `run.json`.

    `fee` dollars a contract and leg; `slippage` the share of the half-spread paid by each leg (0 mid,
    1 the quote), by the number of legs of the package; `first` and `last` trim what is traded, never
    the history that measures look back on.
    """

    fee: float = 0.65
    slippage: Mapping[int, float] = field(
        default_factory=lambda: {1: 0.50, 2: 0.32, 3: 0.12, 4: 0.06}
    )
    dividend_yield: float | None = None
    first: Any = None
    last: Any = None


@dataclass(frozen=True)
class GovernedVersion:
    """A version of a run as governed: the sessions on which it decided, both taken in.

    `name` is what `trades` calls it; `proposal` the entry of the ledger that fixed it, `content` the
    digest of its canonical form, `files` those of its texts, all SHA-256; `how` says who approved it.
    """

    name: str
    first: date
    last: date
    proposal: str
    content: str
    files: Mapping[str, str]
    how: str
    account: tuple[str, ...] = ()
    """Settings of its header that are of the account, and are not followed: the first version's are."""


@dataclass(frozen=True)
class Backtest:
    """A finished backtest. The frames' columns are those named at the head of this module."""

    ruleset: str
    version: str
    capital: float
    settings: Settings
    equity: pandas.DataFrame
    trades: pandas.DataFrame
    positions: pandas.DataFrame
    prevented: pandas.DataFrame
    decisions: pandas.DataFrame
    market: pandas.DataFrame
    """One row a session: the underlying's close as `spot`, and every data column and decision."""
    events: Mapping[str, tuple[Any, ...]]
    """By calendar: the sessions of its dates that lie in the run."""
    found: tuple[Diagnostic, ...]
    """What should be known of the data and of the run: warnings."""
    sources: Mapping[str, str]
    """Hashes of the ruleset and data files, by name; versions by library."""
    versions: tuple[GovernedVersion, ...] = ()
    """In a run as governed: the versions that decided, in order."""
