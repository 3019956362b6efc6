"""Positions as a broker's file says them: CSV, a leg a row, its columns mapped by name.

| column | holds |
|---|---|
| `underlying` | a column that the ruleset trades: `spx`, `vix` |
| `right` | put, call (or P, C), future, share; or cash, and then `contracts` is dollars |
| `strike`, `expiry` | points and a day; empty for shares and cash, `strike` also for futures |
| `contracts` | signed: negative where sold |
| `price` | paid or received for a unit, in points (optional: then the last mark) |
| `owner` | the layer, `hedge` or `holding` (optional, see below) |
| `position` | what belongs together (optional: the same owner and the same nearest expiry) |
| `override` | why a trader keeps it as it is (optional): no order is made for it |

Without an owner what is written on a volatility is the hedge's, shares are a holding's, and the rest is
the layer's where there is one layer. What cannot be told apart is refused.
"""

from __future__ import annotations

import csv
import datetime
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from alvh_rules.backtest import errors
from alvh_rules.backtest.context import underlying_of, volatilities
from alvh_rules.backtest.instruments import NEVER, Contract
from alvh_rules.check.checked import CheckedRuleset
from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.options.contracts import Right
from alvh_rules.options.listing import listed

NAMES = (
    *("underlying", "right", "strike", "expiry", "contracts"),
    *("price", "owner", "position", "override"),
)
NEEDED = ("underlying", "right", "contracts")
MOST_ROWS = 100_000
_RIGHTS = {
    "put": Right.PUT,
    "p": Right.PUT,
    "call": Right.CALL,
    "c": Right.CALL,
    "future": Right.OUTRIGHT,
    "futures": Right.OUTRIGHT,
    "share": Right.OUTRIGHT,
    "shares": Right.OUTRIGHT,
}
_EPOCH = datetime.date(1970, 1, 1)


@dataclass(frozen=True)
class HeldLeg:
    """A row of the file; `price` is NaN where it is not said."""

    contract: Contract
    count: float
    price: float
    owner: str
    position: str
    override: str


@dataclass(frozen=True)
class Holdings:
    """What a broker holds: cash in dollars (None where the file does not say), and legs."""

    cash: float | None
    legs: tuple[HeldLeg, ...]


def read_holdings(
    path: Path, ruleset: CheckedRuleset, mapping: Mapping[str, str]
) -> tuple[Holdings | None, list[Diagnostic]]:
    """The positions of a file; None where a row cannot be read, with the first ten of them."""
    found: list[Diagnostic] = []
    for name in mapping:
        if name not in NAMES:
            found.append(errors.holdings(str(path), f"there is no `{name}` to map", NAMES))
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            header = {(name or "").strip().casefold(): name for name in reader.fieldnames or ()}
            places = {name: header.get(mapping.get(name, name).casefold()) for name in NAMES}
            lost = [name for name in NEEDED if places[name] is None]
            if lost or found:
                more = [errors.holdings(str(path), f"no column `{lost[0]}`", NAMES)] if lost else []
                return None, [*found, *more]
            rows = []
            for row in reader:
                rows.append(row)
                if len(rows) > MOST_ROWS:
                    return None, [errors.holdings(str(path), f"over {MOST_ROWS:,} rows", ())]
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        reason = (getattr(problem, "strerror", None) or str(problem)).lower()
        if isinstance(problem, UnicodeDecodeError):
            reason = "it is no text in UTF-8"
        return None, [errors.holdings(str(path), reason, ())]
    cash: float | None = None
    legs: list[HeldLeg] = []
    for number, row in enumerate(rows, 2):
        cells = {
            name: (row.get(place) or "").strip() if place is not None else ""
            for name, place in places.items()
        }
        if cells["right"].casefold() == "cash":
            amount = _number(cells["contracts"])
            if amount is None:
                found.append(errors.holdings(f"{path}, row {number}", "no amount of cash", ()))
            else:
                cash = amount if cash is None else cash + amount
            continue
        leg = _leg(cells, ruleset)
        if isinstance(leg, str):
            found.append(errors.holdings(f"{path}, row {number}", leg, ()))
        else:
            legs.append(leg)
    return (None, found[:10]) if found else (Holdings(cash, tuple(legs)), [])


def _number(text: str) -> float | None:
    try:
        value = float(text.replace(",", "").replace("$", ""))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _leg(cells: Mapping[str, str], ruleset: CheckedRuleset) -> HeldLeg | str:
    known = {column.name.casefold(): column.name for column in ruleset.schema.columns}
    name = known.get(cells["underlying"].casefold())
    if name is None:
        return f"`{cells['underlying']}` is no data column of the ruleset"
    underlying = underlying_of(ruleset, name)
    right = _RIGHTS.get(cells["right"].casefold())
    if right is None:
        return f"`{cells['right']}` is no put, call, future, share or cash"
    count = _number(cells["contracts"])
    if not count:
        return f"`{cells['contracts']}` is no number of contracts"
    strike, expiry = 0.0, NEVER
    if right is not Right.OUTRIGHT:
        wanted = _number(cells["strike"])
        if wanted is None or wanted <= 0.0:
            return f"`{cells['strike']}` is no strike"
        strike = wanted
    if not cells["right"].casefold().startswith("share"):
        try:
            expiry = (datetime.date.fromisoformat(cells["expiry"]) - _EPOCH).days
        except ValueError:
            return f"`{cells['expiry']}` is no day of expiry such as 2026-03-20"
    price = _number(cells["price"])
    if cells["price"] and price is None:
        return f"`{cells['price']}` is no price"
    owner = cells["owner"] or _owner(ruleset, underlying, expiry)
    known_owners = [*(layer.name for layer in ruleset.layers), "hedge", "holding"]
    if owner not in known_owners:
        return f"whose position it is cannot be told: `owner` is one of {', '.join(known_owners)}"
    # The style of settlement is not in a broker's file: where a day has one that settles AM, it is it.
    morning = _is_morning(underlying, expiry, ruleset)
    contract = Contract(underlying, expiry, right, strike, morning)
    return HeldLeg(
        contract,
        count,
        math.nan if price is None else price,
        owner,
        cells["position"],
        cells["override"],
    )


def _owner(ruleset: CheckedRuleset, underlying: str, expiry: int) -> str:
    if underlying in volatilities(ruleset):
        return "hedge" if ruleset.hedge is not None else "holding"
    if expiry == NEVER:
        return "holding"
    return ruleset.layers[0].name if len(ruleset.layers) == 1 else ""


def _is_morning(underlying: str, expiry: int, ruleset: CheckedRuleset) -> bool:
    if underlying in volatilities(ruleset):
        return True
    if expiry == NEVER:
        return False
    table = listed(underlying.upper(), Right.PUT)
    standard = table.date[table.morning].astype("datetime64[D]").astype(int)
    return bool((standard == expiry).any())


def grouped(legs: Sequence[HeldLeg]) -> dict[tuple[str, str], list[HeldLeg]]:
    """Legs that belong together, by owner and position."""
    found: dict[tuple[str, str], list[HeldLeg]] = {}
    for leg in legs:
        # A hedge and a holding are one position each; layers hold one for each expiry.
        alone = leg.owner in ("hedge", "holding")
        name = leg.position or ("" if alone else str(leg.contract.expiry))
        found.setdefault((leg.owner, name), []).append(leg)
    return found
