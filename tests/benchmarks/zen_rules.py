"""The thirty rules without tables, a row at a time, as compiled expressions of the zen-engine."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np

from alvh_rules.evaluate.inputs import Market
from tests.benchmarks.rules_workload import COLUMNS, RULES, clauses

ROWS = 1_000
"""Rows that are enough to measure it by."""


def zen_rules(market: Market) -> Mapping[str, Any]:
    """The rules on the first `ROWS` rows."""
    import zen

    compiled = {}
    for number in range(RULES):
        one, two, three = (f"{name} {sign} {limit}" for name, sign, limit in clauses(number))
        compiled[f"r{number}"] = zen.compile_expression(f"{one} and ({two} or {three})")
    columns = [market.columns[name][:ROWS].tolist() for name in COLUMNS]
    rows = [dict(zip(COLUMNS, values, strict=True)) for values in zip(*columns, strict=True)]
    found: dict[str, list[Any]] = {name: [] for name in compiled}
    for row, (name, rule) in product(rows, compiled.items()):
        found[name].append(rule.evaluate(row))
    return {name: np.array(values) for name, values in found.items()}
