"""Bad files and settings as a trader meets them at the command line: what is said, to the word, that it
is no traceback, and that nothing is written."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from alvh_rules.cli.main import main
from alvh_rules.market.sessions import exchange
from tests.options.markets import write_chain, write_daily

RULES = """\
ruleset small version 1.0.0
  "One condor at a time."
  cash earns tbill

data
  spx    price
  vix    volatility
  tbill  rate  from "tbill_3m"

layer short
  sell iron condor on spx
    expiring 5 to 30 days
    at delta 20%
    wings 50 points
  weight 50%
  open when vix > 5

hedge
  ratio 30% of vega
  hold vix futures months 1 to 2
"""


SPREAD = (
    RULES.split("  sell iron")[0]
    + """\
  sell put spread on spx
    expiring 29 days
    at 2650
    wings 50 points
  weight 50%
  open when vix > 5
"""
)
"""On the strikes and the expiry of the chain, which fit it exactly."""
JANUARY = ("--from", "2018-01-02", "--to", "2018-01-03")


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    (tmp_path / "small.alvh").write_text(RULES)
    monkeypatch.chdir(tmp_path)
    # SPX moves a little, so that there is something to mark.
    write_daily(Path("daily.csv"), count=20, spx=2700.0 + np.arange(20) % 3)
    return tmp_path


def run(capsys, *more: str, data: tuple[str, ...] = ("daily.csv",)) -> tuple[int, str]:
    """The exit code of a backtest and all that it said."""
    files = [part for name in data for part in ("--data", name)]
    try:
        code = main(["backtest", "small.alvh", *files, *more])
    except SystemExit as left:
        code = int(left.code or 0)
    said = capsys.readouterr()
    return code, said.out + said.err


def edited(path: str, edit) -> str:
    frame = pd.read_csv(path, dtype=str)
    edit(frame).to_csv(path, index=False)
    return path


def chain(edit=lambda frame: frame) -> str:
    """A chain of two sessions, edited."""
    for day, name in (("2018-01-02", "one.csv"), ("2018-01-03", "two.csv")):
        write_chain(Path(name), day)
    frame = pd.concat([pd.read_csv(name, dtype=str) for name in ("one.csv", "two.csv")])
    edit(frame.reset_index(drop=True)).to_csv("chain.csv", index=False)
    return "chain.csv"


def put(column: str, value: str, rows=slice(None)):
    def edit(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[frame.index[rows], column] = value
        return frame

    return edit


def later(frame: pd.DataFrame) -> pd.DataFrame:
    for name in ("quotedate", "expiration"):
        frame[name] = frame[name].str.replace("2018", "2012")
    return frame


CHAINS = [
    (
        put("expiration", "2017-12-29"),
        "error[ALV836]: every row of this file is of a day after the contract's own expiry; the first is"
        " row 2\n  --> chain.csv, row 2\n"
        "   = help: are the columns of the day and the expiry taken for each other?\n",
    ),
    (
        later,
        "error[ALV835]: no row of this file is of a session of the daily data (2018-01-02 to 2018-01-30);"
        " the first is of 2012-01-02\n  --> chain.csv\n"
        "   = help: give the daily data of those days, or a file of these\n",
    ),
    (
        lambda frame: pd.concat([frame, frame.iloc[:2]]),
        "error[ALV834]: one option stands twice on one day: on row 2 and on row 26; 1 more row is wrong\n"
        "  --> chain.csv, row 26\n"
        "   = help: keep one row a contract and day; a column `root` tells SPX from SPXW\n",
    ),
    (
        lambda frame: frame.rename(columns={"expiration": "expirashun"}),
        "error[ALV830]: no column says the expiry of the options: none is called `expiration`, `expiry`,"
        " `expire_date`, `expirationdate`, `expiration_date`, `exdate`\n  --> chain.csv\n"
        "   = help: did you mean `expirashun`? Say so with `--map-chain expiry=expirashun`; the columns"
        " are `quotedate`, `optionroot`, `expirashun`, `type`, `strike`, `bid`, `ask`\n",
    ),
    (
        put("bid", "-1.5", [3]),
        "error[ALV805]: `-1.5` is not a bid of 0 or more\n  --> chain.csv, row 5, column bid\n",
    ),
    (
        put("expiration", "2018-02-30", [0, 4]),
        "error[ALV805]: `2018-02-30` is not a date; 1 more cell of this file is wrong\n"
        "  --> chain.csv, row 2, column expiration\n   = help: write it as 2018-01-31\n",
    ),
    (
        put("type", "X", [1]),
        "error[ALV805]: `X` is not call or put\n  --> chain.csv, row 3, column type\n",
    ),
    (
        put("optionroot", "QQQ", [1]),
        "error[ALV837]: the options of this file are of `QQQ`, `SPX`: a chain is of one\n"
        "  --> chain.csv\n"
        "   = help: keep the rows of one, or name it in a column `underlying`\n",
    ),
]


@pytest.mark.parametrize(("edit", "said"), CHAINS)
def test_a_chain_that_cannot_be_read(folder, capsys, edit, said) -> None:
    code, text = run(capsys, "--chains", chain(edit), "--out", "run")
    assert code == 2
    assert said in text
    assert not (folder / "run").exists()


def test_crossed_and_empty_quotes_are_counted_and_their_package_refused(folder, capsys) -> None:
    """Every put is crossed or has no quote: nothing opens, and the log and the summary say why."""

    def spoilt(frame: pd.DataFrame) -> pd.DataFrame:
        puts = frame.index[frame["type"] == "put"]
        frame.loc[puts[::2], ["bid", "ask"]] = ["9.5", "9.1"]
        frame.loc[puts[1::2], ["bid", "ask"]] = ["0", "0"]
        return frame

    (folder / "small.alvh").write_text(SPREAD)
    code, text = run(capsys, "--chains", chain(spoilt), "--out", "run", *JANUARY)
    assert code == 0
    assert (
        "warning[ALV831]: 6 quotes have a bid above the ask; the first is on row 2\n"
        "  --> chain.csv, row 2\n"
        "   = help: they count as unknown: nothing is bought, sold or marked at them\n"
    ) in text
    assert (
        "warning[ALV832]: 6 contracts have nothing asked, or no bid stated; the first is on row 4\n"
    ) in text
    # The first choice is the chain's expiry: it is passed over, and what is traded is the model's.
    trades = pd.read_csv("run/trades.csv").query("owner == 'short'")
    assert not trades["legs"].fillna("").str.contains("2018-01-31").any()


def test_a_leg_without_a_quote_at_the_fill_refuses_the_whole_package(folder, capsys) -> None:
    """All is quoted when it is decided; at the fill one of four legs is not."""
    (folder / "small.alvh").write_text(SPREAD)
    run(capsys, "--chains", chain(), "--out", "whole", *JANUARY)
    opened = pd.read_csv("whole/trades.csv").iloc[0]
    assert (opened["action"], opened["source"]) == ("open", "chain")
    assert "+" in opened["legs"].split("; ")[1]
    strike = opened["legs"].split("; ")[1].split(" P")[1].split(" ")[0]

    def lost(frame: pd.DataFrame) -> pd.DataFrame:
        gone = (frame["strike"].astype(float) == float(strike)) & (frame["type"] == "put")
        frame.loc[gone & (frame["quotedate"] == "2018-01-03"), ["bid", "ask"]] = ""
        return frame

    code, text = run(capsys, "--chains", chain(lost), "--out", "run", *JANUARY)
    assert code == 0
    trades = pd.read_csv("run/trades.csv")
    first = trades.iloc[0]
    reason = f"no quote for SPX 2018-01-31 P{strike}"
    assert (first["action"], first["date"], first["reason"]) == ("refuse", "2018-01-03", reason)
    assert not (trades["action"] == "open").any()
    assert f"short: {reason}" in text
    assert (pd.read_csv("run/equity.csv")["short_profit"] == 0).all()


def futures(edit=lambda frame: frame) -> str:
    sessions = exchange().sessions
    first = int(np.searchsorted(sessions, np.datetime64("2018-01-02")))
    rows = [
        (str(day), expiry, price)
        for day in sessions[first : first + 10]
        for expiry, price in (("2018-01-17", "11.5"), ("2018-02-14", "12.5"))
    ]
    edit(pd.DataFrame(rows, columns=["date", "expiry", "settle"])).to_csv("vx.csv", index=False)
    return "vx.csv"


FUTURES = [
    (
        put("expiry", "20268-03-18", [4]),
        "error[ALV805]: `20268-03-18` is not a date\n  --> vx.csv, row 6, column expiry\n"
        "   = help: did you mean 2026-03-18?\n",
    ),
    (
        put("settle", "0"),
        "error[ALV840]: all settlements of this file are zero (20 rows): it says nothing\n"
        "  --> vx.csv, column settle\n"
        "   = help: is another column the settlement? No contract settles at zero\n",
    ),
    (
        put("settle", "-3", [1]),
        "error[ALV805]: `-3` is not a settlement of 0 or more\n  --> vx.csv, row 3, column settle\n",
    ),
    (
        lambda frame: frame.drop(columns="settle"),
        "error[ALV804]: no column says the settlement of the futures: none is called `settle`,"
        " `settlement`, `settlement price`, `settlement_price`\n  --> vx.csv\n"
        "   = help: give it one of these names; the columns are `date`, `expiry`\n",
    ),
    (
        lambda frame: pd.concat([frame, frame.iloc[:1]]),
        "error[ALV834]: one future stands twice on one day: on row 2 and on row 22\n"
        "  --> vx.csv, row 22\n   = help: keep one row a contract and day\n",
    ),
]


@pytest.mark.parametrize(("edit", "said"), FUTURES)
def test_settlements_that_cannot_be_read(folder, capsys, edit, said) -> None:
    code, text = run(capsys, "--out", "run", data=("daily.csv", futures(edit)))
    assert code == 2
    assert said in text
    assert not (folder / "run").exists()


def test_zero_settlements_are_told_of_the_days_that_are_traded(folder, capsys) -> None:
    futures(put("settle", "0", [0, 12, 14]))
    days = ("--from", "2018-01-09", "--to", "2018-01-10")
    code, text = run(capsys, *days, data=("daily.csv", "vx.csv"))
    assert code == 0
    assert (
        "warning[ALV840]: 1 settlement is zero, which no contract settles at; the first is on row 14"
        in text
    )
    assert (
        "advice[ALV848]: findings like these on 2 rows or sessions of days that are not traded"
        " (2018-01-09 to 2018-01-10 are) are not shown\n"
    ) in text
    code, text = run(capsys, data=("daily.csv", "vx.csv"))
    assert "warning[ALV840]: 3 settlements are zero" in text
    assert "ALV848" not in text


def test_dividend_yields_that_are_none(folder, capsys) -> None:
    help = "   = help: it is read in percent a year: 1.8 means 1.8%\n"
    code, text = run(capsys, "--dividend-yield", "400")
    assert code == 2
    said = "error[ALV842]: a dividend yield of 400% is not between 0% and 20%\n"
    assert f"{said}  --> --dividend-yield\n{help}" in text
    edited("daily.csv", put("dividend_yield", "400"))
    code, text = run(capsys)
    assert code == 2
    said = "error[ALV842]: a dividend yield of 400% on 2018-01-02 is not between 0% and 20%\n"
    assert f"{said}  --> daily.csv, column dividend_yield\n{help}" in text
    edited("daily.csv", put("dividend_yield", "0.018"))
    code, text = run(capsys)
    assert code == 0
    assert (
        "warning[ALV842]: no dividend yield of this column is above 0.018%: it seems to be a fraction\n"
        "  --> daily.csv, column dividend_yield\n"
        "   = help: it is read in percent a year: 0.018 means 0.018%, and 1.8% is written 1.8\n"
    ) in text


SETTINGS = [
    (
        ("--from", "2018-01-10", "--to", "2018-01-05"),
        "`--from 2018-01-10` is after `--to 2018-01-05`: are the two taken for each other?\n",
    ),
    (
        ("--from", "2019-02-01", "--to", "2019-03-05"),
        "no session of the data lies between 2019-02-01 and 2019-03-05: it goes from 2018-01-02 to"
        " 2018-01-30\n",
    ),
    (("--out", "file"), "`file` is a file: `--out file` must be a folder\n"),
    (("--out", "file/run"), "file` is a file: `--out file/run` must be a folder\n"),
    (
        ("--report", "none/page.html"),
        "`none/page.html` must be an .html file in a folder that exists\n",
    ),
    (
        ("--chains", "empty"),
        "error[ALV801]: this file cannot be read: it is a folder\n  --> empty\n",
    ),
    (("--data", "empty"), "error[ALV801]: this file cannot be read: this folder holds no data"),
    (
        ("--map-chain", "bids=bid", "--chains", "daily.csv"),
        "error[ALV830]: a chain has no `bids` to map a column to\n  --> --map-chain\n"
        "   = help: did you mean `bid`? there are `date`, `expiry`, `strike`, `right`, `bid`, `ask`,"
        " `root`, `underlying`\n",
    ),
]


@pytest.mark.parametrize(("settings", "said"), SETTINGS)
def test_settings_that_cannot_be_followed(folder, capsys, settings, said) -> None:
    (folder / "empty").mkdir()
    (folder / "file").write_text("x")
    before = sorted(item.name for item in folder.rglob("*"))
    code, text = run(capsys, *settings)
    assert code == 2
    assert said in text
    assert "Traceback" not in text
    assert sorted(item.name for item in folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "error[ALV802]: this file has no rows of data\n"),
        (
            b"\x00\x01\x02\xff" * 40,
            "error[ALV801]: this file cannot be read: it holds binary data, not text\n",
        ),
        ("date,späx\n2018-01-02,1\n".encode("latin-1"), "it is no text in UTF-8\n"),
        (b"date,spx\n2018-01-02\n", "error[ALV811]: this row has 1 cell, the first line has 2\n"),
    ],
)
def test_files_that_are_none(folder, capsys, content, said) -> None:
    (folder / "odd.csv").write_bytes(content)
    for data, more in ((("odd.csv",), ()), (("daily.csv",), ("--chains", "odd.csv"))):
        code, text = run(capsys, *more, data=data)
        assert code == 2
        assert said in text
        assert "Traceback" not in text


def test_a_folder_that_may_not_be_written_is_told_before_the_run(
    folder, capsys, monkeypatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)
    code, text = run(capsys, "--out", "run", data=("nothing.csv",))
    assert code == 2
    assert text == f"`{folder.resolve()}` may not be written to\n"
