"""Fitting: a shape that made a chain is found again; files of parameters; the command."""

import numpy as np
import pandas as pd
import pytest

from alvh_rules.cli.main import main
from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.options.contracts import Contracts
from alvh_rules.options.fit import fit
from alvh_rules.options.quotes import SPX_SKEW, MarketQuotes
from alvh_rules.options.skew import Skew
from alvh_rules.options.surface_file import read_parameters, written
from tests.options.markets import read, write_chain, write_daily

TRUE = Skew(-0.62, 0.9, index=120.0, response=-0.0125, lowest=-0.85, highest=-0.15)


@pytest.fixture
def made(tmp_path):
    """A chain priced by a known shape, to the tenth of a cent, on five sessions."""
    daily = write_daily(
        tmp_path / "daily.csv", vix=np.linspace(11, 25, 40), skew=np.linspace(115, 135, 40)
    )
    data, _ = read(daily)
    held = MarketQuotes(data.arrays, TRUE)
    rows = []
    strikes = np.arange(2300.0, 2950.0, 25.0)
    for row in range(0, 15, 3):
        day = data.arrays.dates[row]
        for right, name in ((-1, "put"), (1, "call")):
            count = len(strikes)
            legs = Contracts(
                "spx",
                np.full(count, right, np.int8),
                strikes,
                np.full(count, np.datetime64("2018-02-16")),
                np.zeros(count, bool),
            )
            mids = held.quote(legs, np.full(count, row)).mid
            rows += [
                (day, "SPXW", "2018-02-16", name, strike, max(mid - 0.001, 0), mid + 0.001)
                for strike, mid in zip(strikes, mids, strict=True)
            ]
    names = ["date", "root", "expiry", "type", "strike", "bid", "ask"]
    chain = tmp_path / "chain.csv"
    pd.DataFrame(rows, columns=names).to_csv(chain, index=False)
    return daily, chain


def test_the_shape_that_made_a_chain_is_found_again(made) -> None:
    daily, chain = made
    data, _ = read(daily, chains=[chain])
    fitted = fit(data.arrays, "chain")
    assert not isinstance(fitted, Diagnostic)
    assert fitted.skew.rho == pytest.approx(TRUE.rho, abs=0.005)
    assert fitted.skew.eta == pytest.approx(TRUE.eta, abs=0.005)
    assert fitted.sessions == 5
    assert max(error.absolute for error in fitted.after) < 0.05
    assert max(error.absolute for error in fitted.before) > 0.3


def test_a_fit_of_the_real_chain_is_nearer_than_the_defaults(shared_data) -> None:
    data, _ = read(
        shared_data / "market" / "daily.csv", chains=[shared_data / "chains" / "spxw_2018_01.csv"]
    )
    fitted = fit(data.arrays, "chain")
    for before, after in zip(fitted.before, fitted.after, strict=True):
        if before.bucket in ("put 5% to 20%", "put 20% to 40%", "at the money"):
            assert after.absolute < before.absolute


def test_too_few_quotes_are_refused(tmp_path) -> None:
    chain = write_chain(tmp_path / "chain.csv", strikes=(2650.0, 2700.0))
    data, _ = read(write_daily(tmp_path / "daily.csv"), chains=[chain])
    found = fit(data.arrays, "chain")
    assert isinstance(found, Diagnostic)
    assert found.code == "ALV847"


def test_a_file_of_parameters_comes_back(tmp_path) -> None:
    path = tmp_path / "surface.toml"
    path.write_text(written(TRUE, ("a remark",)))
    assert read_parameters(path) == TRUE


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rho = 1", "no table"),
        ("[skew]\nrho = -0.5\n", "`eta` is not said"),
        ("[skew]\nrho = -0.5\neta = 3.0\n", "eta is 3"),
        ("[skew]\nrho = -0.5\neta = nan\n", "eta is nan"),
        ("[skew]\nrho = -1.5\neta = 1.0\n", "rho is -1.5"),
        ("[skew]\nrho = true\neta = 1.0\n", "no number"),
        ("[skew]\nrho = -0.5\neta = 1.0\nnu = 2\n", "`nu` is none of"),
        ("[skew", "no TOML"),
        ("x" * 20_000, "longer than"),
    ],
)
def test_bad_parameters_are_refused(tmp_path, text, told) -> None:
    path = tmp_path / "surface.toml"
    path.write_text(text)
    found = read_parameters(path)
    assert isinstance(found, Diagnostic)
    assert told in found.message


def test_the_command_writes_what_it_found(made, tmp_path, capsys) -> None:
    daily, chain = made
    out = tmp_path / "surface.toml"
    arguments = ["fit-surface", "--chains", str(chain), "--data", str(daily), "--out", str(out)]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert "put 5% to 20%" in printed
    assert f"wrote {out}" in printed
    found = read_parameters(out)
    assert found.rho == pytest.approx(TRUE.rho, abs=0.005)
    assert found.lowest == SPX_SKEW.lowest
    assert main([*arguments[:-1], str(tmp_path / "surface.txt")]) == 2
