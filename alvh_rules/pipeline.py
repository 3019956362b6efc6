"""The pipeline: text → syntax → checked ruleset → plan → columns. Reads as the table of contents."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alvh_rules.check.checked import CheckedRuleset
from alvh_rules.check.checker import check as check_parsed
from alvh_rules.check.scope import Scope
from alvh_rules.core import bounds
from alvh_rules.core.diagnostics import (
    DataWarning,
    Diagnostic,
    RulesetError,
    Severity,
    has_errors,
    in_order,
)
from alvh_rules.core.render import render_all
from alvh_rules.core.source import Source
from alvh_rules.plan.from_checked import plan_of
from alvh_rules.plan.graph import Plan
from alvh_rules.plan.look_back import refuse_long_chains
from alvh_rules.syntax import ast
from alvh_rules.syntax.parse import parse

if TYPE_CHECKING:
    import pandas

    from alvh_rules.evaluate.engine import Evaluation, Run
    from alvh_rules.evaluate.inputs import Market


@dataclass(frozen=True)
class Checked:
    """What checking gave: the ruleset and its plan (None where an error stands), the findings, the
    sources, and the syntax of the ruleset's own file (None where it could not be opened)."""

    ruleset: CheckedRuleset | None
    plan: Plan | None
    diagnostics: tuple[Diagnostic, ...]
    sources: Mapping[str, Source]
    file: ast.File | None = None

    def rendered(self, *, colour: bool = False) -> str:
        """The findings as text."""
        return render_all(self.diagnostics, self.sources, colour=colour)


def read_source(path: Path) -> Source | Diagnostic:
    """A ruleset's text, or why it cannot be had."""

    def refuse(code: str, reason: str) -> Diagnostic:
        return Diagnostic(
            code, Severity.ERROR, f"this ruleset cannot be read: {reason}", location=str(path)
        )

    try:
        if path.is_dir():
            return refuse("ALV904", "it is a folder")
        if path.stat().st_size > bounds.MOST_BYTES:
            return refuse("ALV905", f"it is larger than {bounds.MOST_BYTES:,} bytes")
        raw = path.read_bytes()
    except OSError as problem:
        return refuse("ALV904", problem.strerror or str(problem))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        return refuse("ALV906", f"it is not UTF-8 text (byte {problem.start + 1})")
    return Source(str(path), text.replace("\r\n", "\n").replace("\r", "\n"))


def check_source(source: Source, root: Path | None = None, scope: Scope | None = None) -> Checked:
    """Parse and check a text. `root` is the folder `use` may read from; `scope`, an empty one, says
    how those files are read."""
    parsed = parse(source)
    ruleset, found, sources = check_parsed(source, parsed, root, scope)
    return planned(ruleset, found, sources, parsed.file)


def planned(
    ruleset: CheckedRuleset | None,
    found: Iterable[Diagnostic],
    sources: Mapping[str, Source],
    file: ast.File | None,
) -> Checked:
    """What a check gave, with the plan made and what it shows among the findings."""
    findings = tuple(found)
    plan = None
    if ruleset is not None:
        plan = plan_of(ruleset)
        long = refuse_long_chains(plan, ruleset.schema.bars)
        if long:
            findings = tuple(in_order([*findings, *long]))
        if has_errors(findings):
            ruleset = plan = None
    return Checked(ruleset, plan, findings, sources, file)


def check(path: str | Path) -> Checked:
    """Parse and check a file; never raises for what the file holds."""
    path = Path(path)
    source = read_source(path)
    if isinstance(source, Diagnostic):
        return Checked(None, None, (source,), {})
    return check_source(source, path.resolve().parent)


def evaluate(
    ruleset: CheckedRuleset,
    market: Market,
    *,
    plan: Plan | None = None,
    names: Iterable[str] | None = None,
    on_step: Callable[[int, int], None] = lambda done, of: None,
    profile: Callable[[Run], None] | None = None,
    engine: str = "auto",
    threads: int | None = None,
) -> Evaluation:
    """The columns of a ruleset over a market: those of the names, or all that there are.

    `on_step` is told how many rows of how many are done; `profile` is handed the run at its end, with
    the time that each step took. `engine` is one of `evaluate.engines.ENGINES`,
    `threads` how many threads to run on (None: by the rows and the processors): they change how long
    a run takes and nothing in what is found. Raises ValueError for another engine, where `compiled`
    is asked for and Numba is not there, and for less than one thread.
    """
    from alvh_rules.evaluate.engine import evaluate as evaluate_plan

    plan = plan or plan_of(ruleset)
    return evaluate_plan(
        ruleset,
        plan,
        market,
        names=names,
        on_step=on_step,
        profile=profile,
        engine=engine,
        threads=threads,
    )


@dataclass(frozen=True)
class Rules:
    """A checked ruleset with the calls a notebook makes."""

    checked: CheckedRuleset
    plan: Plan
    diagnostics: tuple[Diagnostic, ...]

    def run(
        self,
        frame: pandas.DataFrame,
        *,
        columns: str = "decisions",
        engine: str = "auto",
        threads: int | None = None,
        **options: Any,
    ) -> pandas.DataFrame:
        """The decisions over a pandas frame, indexed as it is.

        `columns` is `decisions` or `all`; `engine` and `threads` are those of `evaluate`; `options`
        are those of `market.read.Options`. Raises `RulesetError`, with the diagnostics, where the
        data cannot be read; warns with `DataWarning` of what should be known of data that can.
        """
        from alvh_rules.market.read import Options, market_from_frame
        from alvh_rules.report.decisions import decision_frame, shown_names

        market, found = market_from_frame(frame, self.checked.schema, Options(**options))
        if market is None:
            raise RulesetError(found, render_all(found, {}))
        for item in found:
            warnings.warn(DataWarning(item), stacklevel=2)
        names = shown_names(self.checked, columns)
        evaluation = evaluate(
            self.checked, market, plan=self.plan, names=names, engine=engine, threads=threads
        )
        present = market.timeline.present
        table = decision_frame(evaluation, columns, None if present.all() else present)
        if len(table) == len(frame):
            table.index = frame.index
        return table

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from html import escape

        rows = "".join(
            f"<tr><td><code>{escape(name)}</code></td><td>{escape(self.checked.values[name].type.describe())}</td></tr>"
            for name in self.checked.outputs
        )
        title = escape(f"{self.checked.name} {self.checked.version}")
        return f"<b>{title}</b><p>{escape(self.checked.description)}</p><table>{rows}</table>"


def load(path: str | Path) -> Rules:
    """A ruleset from a file. Raises `RulesetError`, with the diagnostics, where it has errors."""
    result = check(path)
    if result.ruleset is None or result.plan is None:
        raise RulesetError(result.diagnostics, result.rendered())
    return Rules(result.ruleset, result.plan, result.diagnostics)
