"""The paper account of a live run is the backtest of the bars that its journal accepted."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from dataclasses import replace
from urllib.request import urlopen

import numpy as np
import pandas
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from alvh_rules.backtest.loading import load
from alvh_rules.backtest.result import Settings as Costs
from alvh_rules.backtest.run import backtest
from alvh_rules.check.checked import Role
from alvh_rules.cli.main import main
from alvh_rules.core.kinds import Kind
from alvh_rules.core.resources import ruleset_path
from alvh_rules.core.source import Source
from alvh_rules.live.errors import LiveError
from alvh_rules.live.paper import PaperSettings
from alvh_rules.live.settings import Settings
from alvh_rules.market.formats import read_table
from alvh_rules.market.read import Options
from alvh_rules.market.simulate import simulate
from alvh_rules.pipeline import check_source
from tests.backtest.test_account import plain
from tests.backtest.test_simulate import programs
from tests.backtest.world import HEAD
from tests.live.conftest import Lives, Told, checked_text, take, told
from tests.live.test_equality import messages_of

PAPER = Settings(paper=PaperSettings())
PUTS = ruleset_path("put_write").read_text()
CORE = ruleset_path("alvh_core").read_text()
# A book that decides on its own losses, and a promise that is not always kept.
CAREFUL = """\
ruleset careful version 1.0.0
  fill next close
  cash earns tbill
data
  spx   price
  vix   volatility
  tbill rate  from "tbill_3m"  carry 3 sessions
signal worried when book.loss > $800 or short.breached
target lost = book.loss
layer short
  sell put spread on spx
    expiring 20 to 40 days
    at delta 30%
    wings 4%
  size 2 contracts
  at most 3 open
  every 3 sessions
  open when not worried
  close when any of
    profit >= 30% of credit
    loss >= 100% of credit for 2 sessions
    days_to_expiry <= 5 days
limit book.drawdown <= 4%
always vix <= 18
"""


def same_as_backtest(journal, text, path, costs=None, name="r.alvh") -> None:
    """The journal's account and decisions are those of a backtest over a file."""
    ruleset = check_source(Source(name, text)).ruleset
    loaded, found = load(ruleset, [path], Options())
    assert loaded is not None, found
    done = backtest(ruleset, loaded.market, loaded.inputs, costs or Costs())
    bars = list(journal.bars())
    traded = [bar for bar in bars if bar.account is not None]
    rows = plain(done.equity.drop(columns="equity_without_hedge"))
    assert [bar.key for bar in traded] == [row["date"] for row in rows]
    for bar, row in zip(traded, rows, strict=True):
        assert {"date": bar.key, **bar.account.equity} == row
    assert [trade for bar in bars if bar.account for trade in bar.account.trades] == plain(
        done.trades
    )
    positions = [leg for bar in traded for leg in bar.account.positions]
    positions.sort(key=lambda leg: (leg["date"], leg["position"], leg["leg"]))
    assert positions == plain(done.positions)
    # What was decided is what the backtest decided, for its book.
    for name in ruleset.outputs:
        kind = ruleset.values[name].type.kind
        for bar, value in zip(traded, done.decisions[name].tolist(), strict=True):
            mine = bar.decisions[name]
            if pandas.isna(value):
                assert mine is None
            elif kind in (Kind.FLAG, Kind.LABEL):
                assert mine == value
            else:
                assert np.float64(mine).tobytes() == np.float64(value).tobytes()


# An example takes a second: finding a smaller one that fails would take many minutes.
@settings(max_examples=10, deadline=None, phases=[Phase.generate])
@given(
    programs(), st.integers(0, 1000), st.sets(st.integers(1, 58), max_size=6), st.integers(0, 60)
)
def test_random_rulesets(tmp_path_factory, program, seed, without, cut) -> None:
    """Random rulesets, sessions without a bar and without values, and a restart at a random row."""
    text, header = program
    text = HEAD.format(header=header) + text
    checked_text(text)
    frame = simulate(60, seed).rename(columns={"tbill_3m": "tbill"})
    rng = np.random.default_rng(seed)
    for name in frame.columns.drop("date"):
        frame.loc[rng.random(len(frame)) < 0.05, name] = np.nan
    frame = frame.drop(index=sorted(without)).reset_index(drop=True)
    folder = tmp_path_factory.mktemp("paper")
    frame.to_csv(folder / "daily.csv", index=False)
    with ExitStack() as stack:
        lives = Lives(folder, stack)
        live = lives.start(text, settings=PAPER)
        for row, message in enumerate(messages_of(frame)):
            if row and row == cut:
                live = lives.start(text, settings=PAPER)
            live.take(message)
        assert not live.health.quarantined
        same_as_backtest(live.journal, text, folder / "daily.csv")


@pytest.mark.parametrize("name", ["alvh_core", "put_write"])
def test_real_history(lives, tmp_path, shared_data, name) -> None:
    lines = (shared_data / "market" / "daily.csv").read_text().splitlines()
    path = tmp_path / "daily.csv"
    # The crash and what came before it; `tests/backtest/test_account.py` has the years around.
    kept = [line for line in lines if "2019-07" <= line[:7] <= "2020-12"]
    path.write_text("\n".join([lines[0], *kept]) + "\n")
    text = ruleset_path(name).read_text()
    table = read_table(path)
    columns = [table.fetch(at).to_pylist() for at in range(len(table.names))]
    live = lives.start(text, settings=PAPER)
    for row, cells in enumerate(zip(*columns, strict=True)):
        if row in (1, 100, 200):
            live = lives.start(text, settings=PAPER)
        take(live, **dict(zip(table.names, cells, strict=True)))
    assert not live.health.quarantined
    assert live.journal.count() > 370
    same_as_backtest(live.journal, text, path)


def test_a_book_that_decides_on_its_losses(lives, tmp_path) -> None:
    frame = simulate(400, 11)
    path = tmp_path / "daily.csv"
    frame.to_csv(path, index=False)
    costs = Costs(fee=1.5, slippage={1: 0.5}, first=str(frame["date"].iloc[30])[:10])
    paper = Settings(paper=PaperSettings(costs))
    live = lives.start(CAREFUL, settings=paper)
    for row, message in enumerate(messages_of(frame)):
        if row in (20, 40, 250, 399):
            live = lives.start(CAREFUL, settings=paper)
        live.take(message)
    same_as_backtest(live.journal, CAREFUL, path, costs)
    bars = list(live.journal.bars())
    assert {bar.decisions["worried"] for bar in bars[30:]} == {True, False}
    assert any(bar.decisions["lost"] for bar in bars)
    reasons = {trade["reason"] for trade in live.journal.trades()}
    assert "`always vix <= 18` does not hold: nothing is opened" in reasons
    # Without an account the same bars are decided as for a book that holds nothing.
    plain_run = lives.start(CAREFUL, journal=lives.journal("plain.db"))
    for message in messages_of(frame):
        plain_run.take(message)
    assert {bar.decisions["worried"] for bar in plain_run.journal.bars()} == {False}
    assert not list(plain_run.journal.trades())


def bars_of(frame, rows):
    """The bars of some rows as fields."""
    return [
        {key: None if value != value else value for key, value in frame.iloc[row].items()}
        for row in rows
    ]


def test_a_stale_bar_opens_nothing_and_is_decided_so_again(lives) -> None:
    frame = simulate(4, 3)
    frame["date"] = ["2024-03-04", "2024-03-05", "2024-03-06", "2024-03-07"]
    # The first two come too late; the others on the evening of their day.
    at = Told("2024-03-06T22:30")
    live = lives.start(PUTS, at=at, settings=PAPER)
    for fields in bars_of(frame, range(3)):
        take(live, **fields)
    at.set("2024-03-07T22:30")
    [last] = bars_of(frame, [3])
    take(live, **last)
    bars = list(live.journal.bars())
    assert [bar.account.stale for bar in bars] == [True, True, False, False]
    actions = [(bar.key, trade["action"]) for bar in bars for trade in bar.account.trades]
    assert actions == [
        ("2024-03-04", "refuse"),
        ("2024-03-05", "refuse"),
        ("2024-03-06", "open"),
    ]
    assert "stale" in bars[0].account.trades[0]["reason"]
    # A restart decides these again, at any time, and finds what stands there.
    at.set("2024-03-20T12:00")
    again = lives.start(PUTS, at=at, settings=PAPER)
    assert again.health.statement == bars[-1].account
    lives.let_go()
    assert main(["journal", "replay", str(lives.folder / "journal.db")]) == 0


def test_what_is_told_and_shown(lives, capsys) -> None:
    frame = simulate(120, 5)
    live = lives.start(PUTS, settings=PAPER)
    for message in messages_of(frame):
        live.take(message)
    bars = list(live.journal.bars())
    outputs = told(live.journal)
    for bar, output in zip(bars, outputs, strict=True):
        account = output["account"]
        assert account["equity"] == bar.account.equity["equity"]
        worth = sum(round(leg["market_value"] * 100) for leg in account["positions"])
        assert round(account["cash"] * 100) + worth == round(account["equity"] * 100)
    opened = [trade for output in outputs for trade in output["account"]["trades"]]
    assert [trade["number"] for trade in opened] == [*range(1, len(opened) + 1)]
    assert {trade["action"] for trade in opened} == {"open", "settle"}
    # A file may have been moved: what is told names it as the journal does.
    assert {trade["place"] for trade in opened if trade["place"]} == {"r.alvh:17"}
    path = str(lives.folder / "journal.db")
    lives.let_go()
    assert main(["journal", "verify", path]) == 0
    assert main(["journal", "replay", path]) == 0
    capsys.readouterr()
    assert main(["journal", "show", path, "--trades", "--last", "2", "--json"]) == 0
    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert shown == [trade for bar in bars for trade in bar.account.trades][-2:]
    assert main(["journal", "show", path, "--positions"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + len(bars[-1].account.positions) > 1
    equity = f"equity ${bars[-1].account.equity['equity']:,.2f}"
    assert equity in lines[-1]
    assert main(["journal", "show", path, "--last", "1"]) == 0
    assert equity in capsys.readouterr().out
    key = next(bar.key for bar in bars if bar.account.trades)
    assert main(["journal", "explain", path, key]) == 0
    text = capsys.readouterr().out
    assert "account: equity" in text
    assert "because open when spx > 0 (r.alvh:17)" in text


def test_an_account_that_was_changed_by_hand_is_found(lives, capsys) -> None:
    live = lives.start(PUTS, settings=PAPER)
    for message in messages_of(simulate(40, 5)):
        live.take(message)
    key = next(bar.key for bar in live.journal.bars() if bar.account.trades)
    lives.let_go()
    path = str(lives.folder / "journal.db")
    import sqlite3

    with sqlite3.connect(path) as connection:
        [(text,)] = connection.execute("select equity from account where bar = 30")
        row = json.loads(text)
        row["cash"] += 0.01
        connection.execute("update account set equity = ? where bar = 30", [json.dumps(row)])
        [(text,)] = connection.execute("select trade from trades where id = 1")
        row = json.loads(text)
        row["fees"] = 0.0
        connection.execute("update trades set trade = ? where id = 1", [json.dumps(row)])
    connection.close()
    assert main(["journal", "replay", path]) == 1
    out = capsys.readouterr().out
    assert "account cash: " in out
    assert f"{key}  account trades, number 1, fees: 0.0 in the journal" in out
    assert main(["journal", "verify", path]) == 1
    assert "equity on" in capsys.readouterr().out
    with pytest.raises(LiveError, match="account"):
        lives.start(PUTS, settings=PAPER)


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (PUTS.replace("  fill same", "  bars 5 minutes\n  fill same"), "ALV926", "daily bars"),
        ("ruleset t version 1.0.0\ndata\n  vix volatility\ntarget a = vix\n", "ALV926", "nothing"),
    ],
)
def test_what_an_account_cannot_do_is_refused(lives, capsys, text, code, said) -> None:
    path = lives.folder / "r.alvh"
    path.write_text(text)
    journal = lives.folder / "none.db"
    asked = ["live", str(path), "--feed=stdin", f"--journal={journal}", "--paper"]
    assert main(asked) == 2
    assert said in capsys.readouterr().err
    assert not journal.exists()
    with pytest.raises(LiveError, match=said) as refused:
        lives.start(text, settings=PAPER)
    assert refused.value.diagnostic.code == code


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--fee=1"], "`--fee` is of the paper account"),
        (["--from=2020-01-02"], "`--from` is of the paper account"),
        (["--paper", "--fee=-1"], "a fee lies between"),
        (["--paper", "--surface=none.toml"], "none.toml"),
    ],
)
def test_settings_of_an_account_that_cannot_be_are_told(lives, capsys, flags, said) -> None:
    path = lives.folder / "r.alvh"
    path.write_text(PUTS)
    journal = lives.folder / "none.db"
    assert main(["live", str(path), "--feed=stdin", f"--journal={journal}", *flags]) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert not told.out
    assert not journal.exists()


def test_a_journal_is_gone_on_with_as_it_was_begun(lives) -> None:
    live = lives.start(PUTS, settings=PAPER)
    [first, *_] = messages_of(simulate(3, 5))
    live.take(first)
    with pytest.raises(LiveError, match="begun with a paper account"):
        lives.start(PUTS)
    other = replace(PAPER, paper=PaperSettings(Costs(fee=1.0)))
    with pytest.raises(LiveError, match=r"paper fee 0\.65, not 1\.0"):
        lives.start(PUTS, settings=other)
    plain_run = lives.start(PUTS, journal=lives.journal("plain.db"))
    plain_run.take(first)
    with pytest.raises(LiveError, match="begun without a paper account"):
        lives.start(PUTS, journal=lives.journal("plain.db"), settings=PAPER)


def test_prices_are_made_of_fields_that_the_ruleset_does_not_read(lives) -> None:
    """Bounds and mappings are of those too, and what they leave out is told once."""
    frame = simulate(30, 5).rename(columns={"vix": "fear"})
    options = Options(mapping={"vix": "fear"})
    bounded = replace(PAPER, options=options, bounds={"vix": (5.0, 150.0), "spx": (100.0, 9000.0)})
    live = lives.start(PUTS, settings=bounded)
    for row, message in enumerate(messages_of(frame)):
        if row == 20:
            fields = {**message.fields, "fear": 900.0, "spx": 1e6}
            take(live, **fields)
            continue
        live.take(message)
    assert [(item.field, item.kind) for item in live.journal.quarantined()] == [
        ("spx", "absurd"),
        ("fear", "absurd"),
    ]
    bars = list(live.journal.bars())
    assert {leg["source"] for bar in bars for leg in bar.account.positions} == {"model"}
    # A leg without a quote keeps its last mark.
    before, at = (
        {leg["position"]: leg["mark"] for leg in bars[row].account.positions} for row in (19, 20)
    )
    assert before
    assert {key: at[key] for key in before} == before
    roles = {checked_text(PUTS).ruleset.roles[name] for name in bars[0].decisions}
    assert roles <= set(Role)


def test_the_dashboard_and_the_metrics_show_the_account(lives) -> None:
    from rich.console import Console

    from alvh_rules.live.dashboard import Dashboard
    from alvh_rules.live.metrics import serve
    from tests.live.servers import free_port

    frame = simulate(330, 1)
    live = lives.start(CORE, settings=PAPER)
    dashboard = Dashboard(live, [], None)
    said = set()
    for row, message in enumerate(messages_of(frame)):
        live.take(message)
        if row > 200:
            said |= {(item.closing, item.closes) for item in live.engine.account.outlooks()}
    # What is ordered to be closed is said with the clause that ordered it, and closes the session after.
    ordered = {closes for closing, closes in said if closing}
    assert "profit >= 50% of credit" in ordered
    waiting = {closes for closing, closes in said if not closing}
    assert any(text.startswith("profit >= 50% of credit (now $") for text in waiting)
    assert "days_to_expiry <= 2 days (now 3)" in waiting
    statement = live.health.statement
    held = {leg["position"] for leg in statement.positions}
    assert held
    for width in (80, 120):
        console = Console(width=width, height=200, record=True, file=open(os.devnull, "w"))  # noqa: SIM115
        console.print(dashboard.view(live.clock.now()))
        shown = console.export_text()
        console.file.close()
        assert max(map(len, shown.splitlines())) <= width
        for name in held:
            assert name in shown
        assert f"equity ${statement.equity['equity']:,.2f}" in shown
        assert "closes when" in shown
        assert "hedge 35.0% wanted" in " ".join(shown.replace("│", " ").split())
    port = free_port()
    close = serve(live.health, port)
    try:
        with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            text = answer.read().decode()
    finally:
        close()
    readings = dict(line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")
    for name in ("equity", "cash", "margin"):
        assert float(readings[f"alvh_account_{name}_dollars"]) == statement.equity[name]
    assert float(readings["alvh_account_positions"]) == len(held)
    assert float(readings["alvh_account_hedge_wanted_ratio"]) == 0.35


def test_a_journal_of_before_there_were_accounts_goes_on(lives, capsys) -> None:
    import sqlite3

    messages = list(messages_of(simulate(20, 5)))
    live = lives.start(PUTS)
    for message in messages[:10]:
        live.take(message)
    lives.let_go()
    path = str(lives.folder / "journal.db")
    with sqlite3.connect(path) as connection:
        connection.execute("drop table account")
        connection.execute("drop table trades")
    connection.close()
    live = lives.start(PUTS)
    for message in messages[10:]:
        live.take(message)
    lives.let_go()
    for command in ("verify", "replay", "show"):
        assert main(["journal", command, path]) == 0
    capsys.readouterr()
    assert main(["journal", "show", path, "--trades"]) == 2
    assert "begun without `--paper`" in capsys.readouterr().out
