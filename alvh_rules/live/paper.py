"""The paper account of a live run: what it reads of a bar, and what its journal is held to.

The account itself is `backtest/account.py`: the book of `alvh backtest`, one session at a time. It needs more
of a bar than the ruleset's own columns (`options/trading_data.py`): these stand in the journal after
them. It trades by daily bars on the exchange's sessions, as a backtest does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any

from alvh_rules.backtest.account import Account
from alvh_rules.backtest.deciding import Rules
from alvh_rules.backtest.loading import asked_of
from alvh_rules.backtest.result import Settings
from alvh_rules.check.checked import CheckedRuleset
from alvh_rules.core.schema import Column
from alvh_rules.live import errors
from alvh_rules.live.cells import Held
from alvh_rules.live.errors import LiveError
from alvh_rules.live.rows import prepared_for
from alvh_rules.market.read import TIME_NAMES, Options
from alvh_rules.options.quotes import SPX_SKEW
from alvh_rules.options.skew import Skew
from alvh_rules.options.trading_data import Asked, options_for, trading_schema


@dataclass(frozen=True)
class PaperSettings:
    """What an account assumes beside the ruleset: costs and the first day of trading, as a backtest's
    settings, and the shape of the surface."""

    settings: Settings = field(default_factory=Settings)
    skew: Skew = SPX_SKEW

    def told(self) -> dict[str, Any]:
        """The same for JSON."""
        settings = self.settings
        return {
            "fee": settings.fee,
            "slippage": {str(legs): share for legs, share in sorted(settings.slippage.items())},
            "dividend_yield": settings.dividend_yield,
            "from": None if settings.first is None else str(settings.first),
            "surface": asdict(self.skew),
        }


def settings_of(told: Mapping[str, Any]) -> PaperSettings:
    """The settings of which `told` is what was told."""
    first = told["from"]
    settings = Settings(
        fee=told["fee"],
        slippage={int(legs): share for legs, share in told["slippage"].items()},
        dividend_yield=told["dividend_yield"],
        first=None if first is None else date.fromisoformat(first),
    )
    return PaperSettings(settings, Skew(**told["surface"]))


class Paper:
    """What a ruleset's account is made of, before there is an engine to ask.

    `columns` are those that it reads of a bar, each with its field; `names` what prices call them;
    `files` what the journal calls the ruleset's files.
    Raises `LiveError` where there can be no account of the ruleset.
    """

    def __init__(
        self,
        ruleset: CheckedRuleset,
        options: Options,
        settings: PaperSettings,
        files: Mapping[str, str],
    ) -> None:
        check_tradable(ruleset)
        self.settings, self._files = settings, files
        self.rules = Rules(ruleset)
        self._asked = asked_of(ruleset, options, dividend_yield=settings.settings.dividend_yield)
        prepared, fields = prepared_for(trading_schema(self._asked), options_for(self._asked))
        self.names = [item.key for item in prepared.sought]
        self.columns: list[tuple[Column, str]] = [
            (item.column, name) for item, name in zip(prepared.sought, fields, strict=True)
        ]

    def account(self, places: Mapping[int, int]) -> Account:
        """A new account that is told values at these places."""
        settings = self.settings
        return Account(
            self.rules, self._asked, settings.settings, places, settings.skew, self._files
        )

    def bar(self, values: list[Held]) -> dict[str, float]:
        """The values of `columns` by name."""
        return dict(zip(self.names, values, strict=True))


def check_tradable(ruleset: CheckedRuleset) -> None:
    """Raise `LiveError` where a ruleset's bars are not the exchange's sessions, or it trades nothing."""
    bars = ruleset.schema.bars
    if bars.minutes or bars.always_open:
        raise LiveError(errors.paper_needs_days())
    hedges = ruleset.hedge is not None and (ruleset.hedge.structures or ruleset.hedge.keep)
    if not (ruleset.layers or ruleset.holdings or hedges):
        raise LiveError(errors.paper_trades_nothing())


def paper_columns(ruleset: CheckedRuleset) -> list[str]:
    """The columns that a ruleset's account is priced from."""
    return [column.name for column in trading_schema(asked_of(ruleset, Options())).columns]


def own_options(ruleset: CheckedRuleset, options: Options) -> Options:
    """The options of reading the ruleset's own columns, without the fields of columns that only prices
    are made from."""
    asked: Asked = asked_of(ruleset, options)
    own = {name for column in ruleset.schema.columns for name in (column.name, column.source)}
    only_prices = {column.name for column in trading_schema(asked).columns} - own
    mapping = {
        name: wanted
        for name, wanted in options.mapping.items()
        if name not in only_prices or name.lower() in TIME_NAMES
    }
    return replace(options, mapping=mapping)
