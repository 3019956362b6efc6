"""Twenty tables and thirty rules over eight columns, without windows, and its peers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from alvh_rules.core.source import Source
from alvh_rules.evaluate.inputs import Market
from alvh_rules.pipeline import check_source
from tests.benchmarks.core_workload import core_market

COLUMNS = tuple("abcdefgh")
TABLES, RULES = 20, 30


def edges(number: int) -> list[int]:
    return [10 + number % 7, 20 + number % 5, 30 + number % 3, 40 + number % 11]


def clauses(number: int) -> list[tuple[str, str, int]]:
    """Three comparisons of a rule: column, sign, limit."""
    return [
        (COLUMNS[(number * step + step) % 8], "<>"[(number + step) % 2], 15 + (number * step) % 20)
        for step in (1, 3, 5)
    ]


def rules() -> Any:
    """The ruleset; each rule holds where two of three comparisons do, by `or` and `and`."""
    lines = ["ruleset rules version 1.0.0", "  bars 1 minute", "data"]
    lines += [f"  {name} volatility" for name in COLUMNS]
    for number in range(TABLES):
        a, b, c, d = edges(number)
        lines += [
            f"table t{number} by {COLUMNS[number % 8]}",
            f"  below {a} => {number}%",
            f"  {a} to {b} => {number + 1}%",
            f"  {b} to {c} => {number + 2}%",
            f"  {c} to {d} => {number + 3}%",
            f"  {d} or more => {number + 4}%",
        ]
    for number in range(RULES):
        one, two, three = (f"{name} {sign} {limit}" for name, sign, limit in clauses(number))
        lines.append(f"signal r{number} when {one} and ({two} or {three})")
    lines += [f"target g{number} = t{number}" for number in range(TABLES)]
    result = check_source(Source("rules.alvh", "\n".join(lines) + "\n"))
    assert result.ruleset is not None, result.rendered()
    return result


def rules_market(rows: int, missing: float = 0.0) -> Market:
    """Eight columns from 5 to 55 on the core workload's bars."""
    random = np.random.default_rng(7)
    columns = {name: random.uniform(5, 55, rows) for name in COLUMNS}
    if missing:
        for column in columns.values():
            column[random.random(rows) < missing] = np.nan
    return Market(core_market(rows).timeline, columns)


def numpy_rules(market: Market) -> Mapping[str, Any]:
    """Whole columns, tables by `select`."""
    columns = market.columns
    found: dict[str, Any] = {}
    for number in range(TABLES):
        value = columns[COLUMNS[number % 8]]
        conditions = [value < edge for edge in edges(number)]
        answers = [(number + step) / 100 for step in range(5)]
        last = np.where(np.isnan(value), np.nan, answers[4])
        found[f"g{number}"] = np.select(conditions, answers[:4], last)
    for number in range(RULES):
        one, two, three = (
            columns[name] < limit if sign == "<" else columns[name] > limit
            for name, sign, limit in clauses(number)
        )
        found[f"r{number}"] = one & (two | three)
    return found


def polars_rules(market: Market) -> Mapping[str, Any]:
    """One lazy query, run by the streaming engine."""
    import polars as pl

    selected = {}
    for number in range(TABLES):
        value = pl.col(COLUMNS[number % 8])
        chain: Any = pl
        for step, edge in enumerate(edges(number)):
            chain = chain.when(value < edge).then((number + step) / 100)
        last = pl.when(value.is_null()).then(None).otherwise((number + 4) / 100)
        selected[f"g{number}"] = chain.otherwise(last)
    for number in range(RULES):
        one, two, three = (
            pl.col(name) < limit if sign == "<" else pl.col(name) > limit
            for name, sign, limit in clauses(number)
        )
        selected[f"r{number}"] = one & (two | three)
    columns = {name: market.columns[name] for name in COLUMNS}
    frame = pl.DataFrame(columns, nan_to_null=True)
    found = frame.lazy().select(**selected).collect(engine="streaming")
    return {name: found[name].to_numpy() for name in selected}


PEERS = {"NumPy, select": numpy_rules, "Polars, streaming": polars_rules}
