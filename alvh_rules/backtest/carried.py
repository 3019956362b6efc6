"""What a book carries from one session to the next, as numbers, texts, lists and dictionaries.

Everything that a session's step reads of earlier sessions stands here, and nothing else: a book that is
loaded goes on with the same bits. Spans are kept by place and by what `names` calls their file, so that the
ruleset may have been moved.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from alvh_rules.backtest.instruments import Contract, Leg
from alvh_rules.backtest.layers import LayerRun, Opening
from alvh_rules.backtest.ledger import Held, Position
from alvh_rules.backtest.limits import YEAR
from alvh_rules.backtest.marks import Mark
from alvh_rules.backtest.simulate import BookRun
from alvh_rules.backtest.targets import Target
from alvh_rules.backtest.trades import Cause
from alvh_rules.core.source import Span
from alvh_rules.options.contracts import Right

_HISTORY: Final = YEAR + 1
"""Sessions of equity that the longest period looks at, both ends included."""


def saved(run: BookRun, names: Mapping[str, str]) -> dict[str, Any]:
    """What a book carries after a session. `names` are what the ruleset's files are called in it."""
    context, book = run.context, run.context.book
    ledger, history = book.ledger, context.history
    return {
        "cash": ledger.cash,
        "interest": ledger.interest,
        "closed": dict(ledger.closed),
        "stale": ledger.stale,
        "positions": [_position(item) for item in ledger.positions.values()],
        "numbers": book.numbers(),
        "equity": [float(item) for item in history.equity[-_HISTORY:]],
        "hedge_profit": [float(item) for item in history.hedge[-_HISTORY:]],
        "peak": run.peak,
        "unknown_rates": run.unknown_rates,
        "limits": [dict(context.limits.bound), dict(context.limits.counted)],
        "layers": {name: _layer(layer, names) for name, layer in run.layers.items()},
        "moved": dict(run.reallocation.moved),
        "parts": [
            {"pending": [_target(item, names) for item in part.targets.pending], **part.save()}
            for part in run.parts
        ],
    }


def load(run: BookRun, held: Mapping[str, Any], names: Mapping[str, str]) -> None:
    """Let a book that has done nothing yet go on from what another of its ruleset carried."""
    files = {name: file for file, name in names.items()}
    context, book = run.context, run.context.book
    ledger, history = book.ledger, context.history
    ledger.cash, ledger.interest, ledger.stale = held["cash"], held["interest"], held["stale"]
    ledger.closed = dict(held["closed"])
    positions = [_position_of(item) for item in held["positions"]]
    ledger.positions = {item.name: item for item in positions}
    book.restore(held["numbers"])
    history.equity, history.hedge = list(held["equity"]), list(held["hedge_profit"])
    run.peak, run.unknown_rates = held["peak"], held["unknown_rates"]
    bound, counted = held["limits"]
    context.limits.bound, context.limits.counted = Counter(bound), dict(counted)
    for name, layer in run.layers.items():
        _load_layer(layer, held["layers"][name], files)
    run.reallocation.moved = dict(held["moved"])
    for part, item in zip(run.parts, held["parts"], strict=True):
        part.targets.pending = [_target_of(order, files) for order in item["pending"]]
        part.load(item)


def _layer(layer: LayerRun, names: Mapping[str, str]) -> dict[str, Any]:
    order = layer.pending
    return {
        "last_opened": layer.last_opened,
        "unknown_closings": layer.unknown_closings,
        "endings": [[name, _cause(cause, names)] for name, cause in layer.endings.items()],
        "pending": None
        if order is None
        else {
            "legs": [_leg(leg) for leg in order.legs],
            "units": order.units,
            "cause": _cause(order.cause, names),
            "covered": order.covered,
        },
    }


def _load_layer(layer: LayerRun, held: Mapping[str, Any], files: Mapping[str, str]) -> None:
    layer.last_opened = held["last_opened"]
    layer.unknown_closings = held["unknown_closings"]
    layer.endings = {name: _cause_of(cause, files) for name, cause in held["endings"]}
    order = held["pending"]
    layer.pending = None
    if order is not None:
        legs = tuple(_leg_of(leg) for leg in order["legs"])
        layer.pending = Opening(
            layer.name,
            layer.structure,
            legs,
            order["units"],
            _cause_of(order["cause"], files),
            order["covered"],
        )


def _position(position: Position) -> dict[str, Any]:
    return {
        "name": position.name,
        "owner": position.owner,
        "structure": position.structure,
        "opened": position.opened,
        "legs": [
            [
                *(_contract(held.contract), float(held.multiplier), float(held.count)),
                *(held.value, held.cost),
                None if held.mark is None else list(held.mark),
            ]
            for held in position.legs.values()
        ],
        "flow": position.flow,
        "premium": position.premium,
        "unit": [_leg(leg) for leg in position.unit],
        "units": float(position.units),
        "covered": position.covered,
        "closing": position.closing,
        "state": position.state,
    }


def _position_of(held: Mapping[str, Any]) -> Position:
    legs = {}
    for contract, multiplier, count, value, cost, mark in held["legs"]:
        key = _contract_of(contract)
        marked = None if mark is None else Mark(*mark)
        legs[key] = Held(key, multiplier, count, value, cost, marked)
    return Position(
        held["name"],
        held["owner"],
        held["structure"],
        held["opened"],
        legs,
        held["flow"],
        held["premium"],
        tuple(_leg_of(leg) for leg in held["unit"]),
        held["units"],
        held["covered"],
        held["closing"],
        held["state"],
    )


def _target(order: Target, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "owner": order.owner,
        "position": order.position,
        "structure": order.structure,
        "contracts": [[_contract(key), float(n)] for key, n in order.contracts.items()],
        "unit": [_leg(leg) for leg in order.unit],
        "units": float(order.units),
        "action": order.action,
        "cause": _cause(order.cause, names),
    }


def _target_of(held: Mapping[str, Any], files: Mapping[str, str]) -> Target:
    return Target(
        held["owner"],
        held["position"],
        held["structure"],
        {_contract_of(key): count for key, count in held["contracts"]},
        tuple(_leg_of(leg) for leg in held["unit"]),
        held["units"],
        held["action"],
        _cause_of(held["cause"], files),
    )


def _contract(contract: Contract) -> list[Any]:
    strike = float(contract.strike)
    return [
        *(contract.underlying, int(contract.expiry), int(contract.right)),
        *(strike, bool(contract.morning)),
    ]


def _contract_of(held: Sequence[Any]) -> Contract:
    underlying, expiry, right, strike, morning = held
    return Contract(underlying, expiry, Right(right), strike, morning)


def _leg(leg: Leg) -> list[Any]:
    return [_contract(leg.contract), float(leg.count)]


def _leg_of(held: Sequence[Any]) -> Leg:
    return Leg(_contract_of(held[0]), held[1])


def _cause(cause: Cause, names: Mapping[str, str]) -> list[Any]:
    span = cause.span
    return [cause.text, [names.get(span.file, span.file), span.start, span.end], cause.row]


def _cause_of(held: Sequence[Any], files: Mapping[str, str]) -> Cause:
    text, (name, start, end), row = held
    return Cause(text, Span(files.get(name, name), start, end), row)
