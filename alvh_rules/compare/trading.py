"""Trades rulesets over one set of files, for `results.py`.

Files are read once for all rulesets that ask the same of them. The book without its hedge is left out:
nothing is told of it here, and it would take as long again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from alvh_rules.backtest.loading import Loaded, Reading, load
from alvh_rules.backtest.result import Settings
from alvh_rules.backtest.run import backtest
from alvh_rules.backtest_report.metrics import metrics
from alvh_rules.backtest_report.words import day
from alvh_rules.check.checked import CheckedRuleset
from alvh_rules.compare.results import CannotTradeError, Figures, Ran
from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.pipeline import Checked

Told = Callable[[str, int, int], None]


class FilesTrader:
    """Trades a ruleset over files. `columns` are all that either ruleset reads; `settings` are a
    ruleset's; `tell` hears of a run's name, and how many of how many rows are done.

    `found` collects what is to be said of the data, each once.
    """

    def __init__(
        self,
        files: Reading,
        columns: frozenset[str],
        settings: Callable[[CheckedRuleset], Settings],
        tell: Told,
    ) -> None:
        self._files, self._columns = files, columns
        self._settings, self._tell = settings, tell
        self._loaded: list[tuple[object, Loaded]] = []
        self.found: list[Diagnostic] = []

    def __call__(self, checked: Checked, name: str) -> Ran:
        """The ruleset's backtest. Raises `CannotTradeError` where there is none."""
        ruleset = checked.ruleset
        assert ruleset is not None
        self._tell(name, 0, 0)
        loaded = self._load(ruleset)
        try:
            done = backtest(
                ruleset,
                loaded.market,
                loaded.inputs,
                self._settings(ruleset),
                on_step=lambda row, of: self._tell(name, row, of),
                both=False,
            )
        except ValueError as problem:
            raise CannotTradeError(str(problem)) from None
        told = metrics(done)
        book, trading = told.hedged, told.trading
        return Ran(
            Figures(
                book.final_equity,
                book.cagr,
                book.volatility,
                book.max_drawdown,
                book.worst_day,
                trading.hedge_cost_per_year,
                trading.trades,
            ),
            day(told.first),
            day(told.last),
            told.sessions,
        )

    def _load(self, ruleset: CheckedRuleset) -> Loaded:
        """The market and its prices; read again only for a ruleset that asks something else."""
        structures = [item.structure.underlying for item in ruleset.layers]
        structures += [item.structure.underlying for item in ruleset.holdings]
        hedge = ruleset.hedge
        structures += [item.underlying for item in (hedge.structures if hedge else ())]
        structures += [hedge.keep.structure.underlying] if hedge and hedge.keep else []
        key = (ruleset.schema, frozenset(structures), ruleset.fill)
        for known, loaded in self._loaded:
            if known == key:
                return loaded
        own = {column.name for column in ruleset.schema.columns}
        options = self._files.options
        mapping = {
            name: column
            for name, column in options.mapping.items()
            if name.partition("[")[0] in own or name.partition("[")[0] not in self._columns
        }
        loaded_now, found = load(
            ruleset,
            self._files.paths,
            replace(options, mapping=mapping),
            chains=self._files.chains,
            chain_columns=self._files.chain_columns,
            dividend_yield=self._files.dividend_yield,
            skew=self._files.skew,
        )
        self.found += [item for item in found if item not in self.found]
        if loaded_now is None:
            raise CannotTradeError("the data cannot be read for it")
        self._loaded.append((key, loaded_now))
        return loaded_now
