"""`alvh fit-surface`: the parameters of the volatility surface from an option chain."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from alvh_rules.cli.output import CANNOT_RUN, FINE, colour

if TYPE_CHECKING:
    from alvh_rules.core.diagnostics import Diagnostic
    from alvh_rules.options.fit import Fitted
    from alvh_rules.options.skew import Skew


def fit_surface(arguments: argparse.Namespace) -> int:
    if arguments.out is not None and (
        arguments.out.suffix != ".toml" or not arguments.out.resolve().parent.is_dir()
    ):
        print(f"`{arguments.out}` must be a .toml file in a folder that exists")
        return CANNOT_RUN
    from alvh_rules.core.diagnostics import Diagnostic
    from alvh_rules.core.files import write_text_atomically
    from alvh_rules.core.render import render_all
    from alvh_rules.options.fit import fit
    from alvh_rules.options.quotes import SPX_SKEW
    from alvh_rules.options.surface_file import read_parameters, written
    from alvh_rules.options.trading_data import Asked, read_trading_data

    start: Skew | Diagnostic = SPX_SKEW
    if arguments.surface is not None:
        start = read_parameters(arguments.surface)
    if isinstance(start, Diagnostic):
        print(render_all([start], {}, colour=colour()))
        return CANNOT_RUN
    asked = Asked(
        chains=[arguments.chains],
        chain_columns=dict(arguments.map_chain),
        chain_underlying=arguments.underlying,
        dividend_yield=arguments.dividend_yield,
    )
    data, found = read_trading_data(arguments.data, asked)
    if found:
        print(render_all(found, {}, colour=colour()) + "\n")
    if data is None:
        return CANNOT_RUN
    fitted = fit(data.arrays, str(arguments.chains), start)
    if isinstance(fitted, Diagnostic):
        print(render_all([fitted], {}, colour=colour()))
        return CANNOT_RUN
    print("\n".join(_lines(fitted)))
    if arguments.out is not None:
        remark = f"fitted to {fitted.quotes:,} quotes of {fitted.first} to {fitted.last}"
        write_text_atomically(arguments.out, written(fitted.skew, (remark,)))
        print(f"wrote {arguments.out}")
    return FINE


def _lines(fitted: Fitted) -> list[str]:
    skew = fitted.skew
    lines = [
        f"{fitted.quotes:,} quotes on {fitted.sessions:,} sessions",
        f"rho {skew.rho:.4f} where the skew index is {skew.index:g}, eta {skew.eta:.4f}",
        "",
        "model less market, in points of volatility, and prices in half-spreads",
        f"{'delta':<17}{'quotes':>7}{'mean before':>13}{'after':>8}"
        f"{'absolute before':>17}{'after':>8}{'half-spreads before':>21}{'after':>8}",
    ]
    for before, after in zip(fitted.before, fitted.after, strict=True):
        lines.append(
            f"{before.bucket:<17}{before.quotes:>7,}{before.mean:>13.2f}{after.mean:>8.2f}"
            f"{before.absolute:>17.2f}{after.absolute:>8.2f}"
            f"{before.half_spreads:>21.1f}{after.half_spreads:>8.1f}"
        )
    return lines
