"""A paper account over some bars holds what a backtest over the same bars holds, to the cent."""

import json
import math

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from alvh_rules.backtest.account import STALE, Account
from alvh_rules.backtest.deciding import Program, Rules
from alvh_rules.backtest.loading import asked_of, load
from alvh_rules.backtest.result import Settings
from alvh_rules.backtest.run import backtest
from alvh_rules.core.resources import ruleset_path
from alvh_rules.core.source import Source
from alvh_rules.evaluate.scalar_code import BarByBar
from alvh_rules.market.read import Options
from alvh_rules.market.simulate import simulate
from alvh_rules.options.trading_data import read_trading_data
from alvh_rules.pipeline import check_source
from tests.backtest.test_simulate import programs
from tests.backtest.world import HEAD

NAMES = ("equity", "trades", "positions")


class Walk:
    """An account that is taken through the rows of a file, and may be saved and loaded between them."""

    def __init__(self, ruleset, path, setting=None) -> None:
        self.loaded, found = load(ruleset, [path], Options())
        assert self.loaded is not None, found
        self.settings = setting or Settings()
        self.asked = asked_of(ruleset, Options())
        data, _ = read_trading_data([path], self.asked)
        self.columns = {name: column.tolist() for name, column in data.market.columns.items()}
        self.program = Program(ruleset, self.loaded.market)
        # What a live engine keeps: more nodes than the rules want, in another order.
        wanted = [
            number
            for number, node in enumerate(self.program.plan.nodes)
            if not node.clock and node.type.kind.name != "CURVE"
        ][::-1]
        self.code = BarByBar(self.program.plan.nodes, wanted)
        self.places = {number: at for at, number in enumerate(wanted)}
        self.account = self.fresh()
        self.told = {name: [] for name in NAMES}

    def fresh(self) -> Account:
        return Account(Rules(self.program.ruleset), self.asked, self.settings, self.places)

    def again(self) -> None:
        """As after a restart: nothing is left but what was saved, as text."""
        saved = json.loads(json.dumps(self.account.save()))
        self.account = self.fresh()
        self.account.load(saved)
        assert json.dumps(self.account.save()) == json.dumps(saved)

    def step(self, row: int, *, stale: bool = False) -> None:
        program = self.program
        rates = program.data.get(program.ruleset.cash_earns)

        def ask(facts):
            values = [
                program.data[name][row]
                if name in program.data
                else facts.get(name, program.empty.get(name, math.nan))
                for name in self.code.columns
            ]
            moment = program.moments[row]
            return self.code.decide(values, moment), moment

        told = self.account.session(
            program.moments[row].ordinal,
            {name: column[row] for name, column in self.columns.items()},
            math.nan if rates is None else rates[row],
            ask,
            stale=stale,
        )
        if told is not None:
            date = str(program.market.timeline.dates[row])
            self.told["equity"].append({"date": date, **told.equity})
            self.told["trades"] += told.trades
            self.told["positions"] += told.positions

    def same_as_backtest(self) -> None:
        done = backtest(self.program.ruleset, self.loaded.market, self.loaded.inputs, self.settings)
        for name in NAMES:
            frame = getattr(done, name)
            rows = plain(frame.drop(columns="equity_without_hedge", errors="ignore"))
            mine = self.told[name]
            if name == "positions":
                mine = sorted(mine, key=lambda item: (item["date"], item["position"], item["leg"]))
            assert len(rows) == len(mine), name
            for there, here in zip(rows, mine, strict=True):
                assert there == here


def plain(frame) -> list[dict]:
    """The rows of a frame as a statement has them."""
    rows = []
    for fields in frame.to_dict("records"):
        row = {}
        for name, value in fields.items():
            if hasattr(value, "strftime"):
                value = None if value != value else value.strftime("%Y-%m-%d")
            elif isinstance(value, float) and value != value:
                value = None
            row[name] = value
        rows.append(row)
    return rows


def checked(text: str):
    result = check_source(Source("r.alvh", text))
    assert result.ruleset is not None, result.rendered()
    return result.ruleset


# An example takes a second: finding a smaller one that fails would take many minutes.
@settings(max_examples=15, deadline=None, phases=[Phase.generate])
@given(
    programs(),
    st.integers(0, 1000),
    st.sets(st.integers(1, 78), max_size=8),
    st.sets(st.integers(0, 79), max_size=5),
    st.booleans(),
)
def test_an_account_is_the_backtest_of_its_bars(
    tmp_path_factory, program, seed, without, restarts, curve
) -> None:
    """Random rulesets over simulated markets with gaps and absent sessions, loaded again at random."""
    text, header = program
    ruleset = checked(HEAD.format(header=header) + text)
    frame = simulate(80, seed).rename(columns={"tbill_3m": "tbill"})
    rng = np.random.default_rng(seed)
    names = [name for name in frame.columns if name != "date"]
    for name in names:
        frame.loc[rng.random(len(frame)) < 0.05, name] = np.nan
    if curve:
        for month in range(1, 9):
            frame[f"m{month}"] = frame["vix"] + month
            frame.loc[rng.random(len(frame)) < 0.1, f"m{month}"] = np.nan
    path = tmp_path_factory.mktemp("account") / "daily.csv"
    frame.drop(index=sorted(without)).to_csv(path, index=False)
    walk = Walk(ruleset, path)
    for row in range(len(walk.program.moments)):
        if row in restarts:
            walk.again()
        walk.step(row)
    walk.same_as_backtest()


@pytest.mark.parametrize("name", ["alvh_core", "put_write", "buy_write", "condor_monthly"])
def test_real_history(tmp_path, shared_data, name) -> None:
    path = tmp_path / "daily.csv"
    lines = (shared_data / "market" / "daily.csv").read_text().splitlines()
    path.write_text("\n".join([lines[0], *(x for x in lines if "2017" <= x[:4] <= "2020")]) + "\n")
    ruleset = checked(ruleset_path(name).read_text())
    walk = Walk(ruleset, path)
    for row in range(len(walk.program.moments)):
        if row in (1, 100, 555):
            walk.again()
        walk.step(row)
    assert len(walk.told["trades"]) > 40
    walk.same_as_backtest()


def test_trading_may_begin_after_the_first_bar(tmp_path) -> None:
    path = tmp_path / "daily.csv"
    frame = simulate(120, 5)
    frame.to_csv(path, index=False)
    first = str(frame["date"].iloc[70])[:10]
    walk = Walk(checked(ruleset_path("put_write").read_text()), path, Settings(first=first))
    for row in range(120):
        walk.step(row)
    assert len(walk.told["equity"]) == 50
    walk.same_as_backtest()


def test_a_stale_session_opens_nothing(tmp_path) -> None:
    path = tmp_path / "daily.csv"
    simulate(60, 5).to_csv(path, index=False)
    walk = Walk(checked(ruleset_path("put_write").read_text()), path)
    for row in range(20):
        walk.step(row, stale=row < 10)
    opened = [item for item in walk.told["trades"] if item["action"] == "open"]
    refused = [item for item in walk.told["trades"] if item["action"] == "refuse"]
    dates = [item["date"] for item in walk.told["equity"]]
    assert opened[0]["date"] == dates[10]
    assert [item["reason"] for item in refused] == [STALE] * 10
