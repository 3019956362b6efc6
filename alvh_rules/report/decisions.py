"""Decisions as a frame, as files, and as a summary.

Ratios are fractions, volatilities and rates points, yes/no true or false, labels their names;
unknown is an empty cell. Floats are written with the fewest digits that read back the same.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from alvh_rules.check.checked import CheckedRuleset, Column, Expression, Reference, Role, operands
from alvh_rules.core.files import write_atomically, write_text_atomically
from alvh_rules.core.kinds import Kind
from alvh_rules.core.kleene import FALSE, TRUE
from alvh_rules.evaluate.engine import Evaluation
from alvh_rules.evaluate.inputs import is_missing
from alvh_rules.plan.look_back import look_backs

if TYPE_CHECKING:
    import pandas

_SHOWN_IN_ALL = (Role.LET, Role.TABLE, Role.EVENT, Role.BOUND, Role.ALWAYS)


def shown_names(ruleset: CheckedRuleset, columns: str) -> list[str]:
    """The names of a result's columns: the decisions, and with `all` every measure."""
    names = list(ruleset.outputs)
    if columns == "all":
        names += [
            name
            for name in ruleset.values
            if ruleset.roles[name] in _SHOWN_IN_ALL and name not in names
        ]
    return names


def summary_names(ruleset: CheckedRuleset) -> list[str]:
    """The names whose columns `summary` and `violated` read."""
    bounds = [limit.binds for limit in ruleset.limits if limit.binds is not None]
    return [*ruleset.outputs, *bounds, *(item.name for item in ruleset.always)]


def decision_frame(evaluation: Evaluation, columns: str = "decisions") -> pandas.DataFrame:
    """A row for every row of the timeline; the index is named `date` (or `time`)."""
    import pandas

    timeline = evaluation.market.timeline
    data: dict[str, Any] = {}
    for name in shown_names(evaluation.ruleset, columns):
        type = evaluation.ruleset.values[name].type
        column = evaluation.columns[name]
        if type.kind is Kind.FLAG:
            out = np.full(len(column), None, dtype=object)
            out[column == TRUE] = True
            out[column == FALSE] = False
            data[name] = pandas.array(out, dtype="boolean")
        elif type.kind is Kind.LABEL:
            words = np.array([*evaluation.ruleset.labels[type.labels], None], dtype=object)
            data[name] = pandas.array(words[column], dtype="string")
        else:
            # Adding zero turns a negative zero into zero.
            data[name] = column + 0.0
    label = "date" if timeline.daily else "time"
    return pandas.DataFrame(data, index=pandas.DatetimeIndex(timeline.times, name=label))


def write_frame(frame: pandas.DataFrame, path: Path) -> None:
    """CSV or Parquet, by the path's ending."""
    if path.suffix == ".parquet":
        write_atomically(path, lambda target: frame.to_parquet(target))
        return
    table = frame.copy()
    for name in table.columns:
        if str(table[name].dtype) == "boolean":
            table[name] = table[name].map({True: "true", False: "false"}).astype(object)
        elif table[name].dtype == np.float64:
            table[name] = [repr(item) if item == item else "" for item in table[name].tolist()]
    write_atomically(path, lambda target: table.to_csv(target))


def write_kinds(evaluation: Evaluation, names: list[str], path: Path) -> None:
    """The kind and unit of each column, in a sidecar file."""
    kinds = {}
    for name in names:
        type = evaluation.ruleset.values[name].type
        kinds[name] = {"kind": type.kind.value}
        if type.kind is Kind.LABEL:
            kinds[name]["labels"] = list(evaluation.ruleset.labels[type.labels])  # type: ignore[assignment]
    text = json.dumps(kinds, indent=2, ensure_ascii=False) + "\n"
    write_text_atomically(path, text)


def wants(evaluation: Evaluation, name: str, rows: np.ndarray[Any, Any]) -> dict[str, int]:
    """For the given rows, how many lacked each data column that the name rests on."""
    values = evaluation.ruleset.values
    seen: set[str] = set()
    columns: list[str] = []
    stack: list[Expression] = [values[name]]
    while stack:
        node = stack.pop()
        if isinstance(node, Reference) and node.name not in seen and node.name in values:
            seen.add(node.name)
            stack.append(values[node.name])
        elif isinstance(node, Column) and node.name not in columns:
            columns.append(node.name)
        stack.extend(operands(node))
    counts = {}
    for column in columns:
        kind = values[column].type.kind
        # A curve is missing where its nearest month is.
        held = evaluation.market.columns.get(f"{column}[1]" if kind is Kind.CURVE else column)
        if held is not None:
            counts[column] = int(is_missing(np.asarray(held), kind)[rows].sum())
    return {column: count for column, count in counts.items() if count}


def summary(evaluation: Evaluation, rows: np.ndarray[Any, Any]) -> list[str]:
    """How often each decision was taken, unknown (and for want of what), or bound by a limit."""
    ruleset = evaluation.ruleset
    total = int(rows.sum())
    unit = "sessions" if evaluation.market.timeline.daily else "bars"
    lines = [f"{total:,} {unit}"]
    bars = ruleset.schema.bars
    warm_ups = look_backs(evaluation.plan.nodes, bars)
    for name in ruleset.outputs:
        type = ruleset.values[name].type
        column = evaluation.columns[name]
        unknown = is_missing(column, type.kind) & rows
        count = int(unknown.sum())
        if type.kind is Kind.FLAG:
            text = f"true on {int(((column == TRUE) & rows).sum()):,}"
        elif type.kind is Kind.LABEL:
            words = ruleset.labels[type.labels]
            text = ", ".join(
                f"{word} on {int(((column == code) & rows).sum()):,}"
                for code, word in enumerate(words)
            )
        else:
            known = column[rows & ~unknown]
            text = "never known"
            if len(known):
                text = f"{known.min():g} to {known.max():g}, on average {known.mean():.4g}"
        line = f"  {name}: {text}"
        if count:
            line += f"; unknown on {count:,}"
            reasons = wants(evaluation, name, unknown)
            why = [f"{key} missing on {n:,}" for key, n in reasons.items()]
            warm_up = warm_ups[evaluation.plan.names[name]]
            early = int(unknown[: warm_up.most_rows(bars)].sum())
            if early:
                why.insert(0, f"warming up ({warm_up.describe(bars)}) on {early:,}")
            if why:
                line += f" ({', '.join(why)})"
        lines.append(line)
    for limit in ruleset.limits:
        if limit.binds is None:
            lines.append(f"  {limit.text}: waits for positions; not applied here")
        else:
            bound = int(((evaluation.columns[limit.binds] == TRUE) & rows).sum())
            lines.append(f"  {limit.text}: bound on {bound:,}")
    for item in ruleset.always:
        broken = (evaluation.columns[item.name] == FALSE) & rows
        count = int(broken.sum())
        first = f", first on {evaluation.market.timeline.dates[np.argmax(broken)]}" if count else ""
        lines.append(f"  {item.text}: " + (f"VIOLATED on {count:,}{first}" if count else "held"))
    for name, count in evaluation.market.carried.items():
        gaps = "gap" if count == 1 else "gaps"
        lines.append(f"  {name}: {count:,} {gaps} filled with the last value")
    if any(layer.close is not None for layer in ruleset.layers):
        lines.append("  closing conditions speak of open positions; a run of decisions holds none")
    return lines


def violated(evaluation: Evaluation, rows: np.ndarray[Any, Any]) -> bool:
    """Whether a property failed on any of the rows."""
    return any(
        bool(((evaluation.columns[item.name] == FALSE) & rows).any())
        for item in evaluation.ruleset.always
    )
