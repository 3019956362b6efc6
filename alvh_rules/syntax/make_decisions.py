"""Nodes for signals, layers, the hedge and what it holds, and what scales and bounds them."""

from __future__ import annotations

from typing import Any

from alvh_rules.core.source import Span
from alvh_rules.syntax import ast
from alvh_rules.syntax.gather import Gatherer, Group, Part, group, of_types, phrase
from alvh_rules.syntax.lex import Token


class DecisionMaker(Gatherer):
    """The callbacks of signals, layers, structures, events, regimes and limits."""

    # --- decisions ---

    def signal_when(self, span: Span, name: ast.Word, condition: Any) -> ast.Signal:
        return ast.Signal(name, condition, None, None, span)

    def signal_latch(self, span: Span, name: ast.Word, begin: Any, end: Any) -> ast.Signal:
        return ast.Signal(name, None, begin, end, span)

    def layer(self, span: Span, name: ast.Word, like: Any, *clauses: Any) -> ast.Layer:
        flat: list[Any] = []
        for clause in clauses:
            flat.extend(clause if isinstance(clause, Group) else [clause])
        return ast.Layer(name, like, tuple(item for item in flat if item is not None), span)

    def keep(self, span: Span, structure: ast.Structure) -> ast.Structure:
        return structure

    def structure_block(self, span: Span, head: ast.Structure, *lines: Group) -> ast.Structure:
        choices = (*head.choices, *(choice for line in lines for choice in line))
        return ast.Structure(head.side, head.shape, head.right, head.underlying, choices, span)

    def legs(self, span: Span, name: ast.Word, choices: Group, *legs: ast.Leg) -> ast.Legs:
        return ast.Legs(name.name, tuple(choices), legs, span)

    def leg(self, span: Span, side: Token, count: Any, right: Token, choices: Group) -> ast.Leg:
        quantity = None if count is None else ast.Number(count.text, "", self.place(count))
        word = right.text
        if word in ("future", "share"):
            word += "s"
        return ast.Leg(side.text, quantity, word, tuple(choices), span)  # type: ignore[arg-type]

    def choice_list(self, span: Span, *choices: Any) -> Group:
        return group(choices)

    choice_line = choice_list

    def weight(self, span: Span, value: Any) -> ast.Weight:
        return ast.Weight(value, span)

    def size_cash(self, span: Span) -> ast.Size:
        return ast.Size("cash_secured", None, span)

    def size_covered(self, span: Span) -> ast.Size:
        return ast.Size("covered", None, span)

    def size_required(self, span: Span, value: Any) -> ast.Size:
        return ast.Size("required_return", value, span)

    def size_loss(self, span: Span, value: Any) -> ast.Size:
        return ast.Size("max_loss", value, span)

    def size_contracts(self, span: Span, value: Any) -> ast.Size:
        return ast.Size("contracts", value, span)

    def at_most(self, span: Span, count: Any) -> ast.AtMost:
        return ast.AtMost(count, span)

    def every(self, span: Span, count: Any) -> ast.Every:
        return ast.Every(count, span)

    def open_when(self, span: Span, condition: Any) -> ast.OpenWhen:
        return ast.OpenWhen(condition, span)

    def close_when(self, span: Span, condition: Any) -> ast.CloseWhen:
        return ast.CloseWhen(condition, span)

    def hold_to_expiry(self, span: Span) -> ast.HoldToExpiry:
        return ast.HoldToExpiry(span)

    def hedge(self, span: Span, *clauses: Any) -> ast.Hedge:
        return ast.Hedge(clauses, span)

    def hedge_ratio(self, span: Span, value: Any) -> ast.HedgeRatio:
        # `ratio hedge_ratio of vega`: the grammar reads `of` as it does everywhere.
        basis = "vega"
        if (
            isinstance(value, ast.Arithmetic)
            and value.operator == "of"
            and isinstance(value.right, ast.Word)
            and value.right.name in ("vega", "max_loss", "contracts", "capital")
        ):
            basis = value.right.name
            value = value.left
        return ast.HedgeRatio(value, basis, span)  # type: ignore[arg-type]

    def hold_by(self, span: Span, value: Any, *rows: ast.HoldRow) -> ast.HoldBy:
        return ast.HoldBy(value, rows, span)

    def hold_row(self, span: Span, band: ast.Band, structure: ast.Structure) -> ast.HoldRow:
        return ast.HoldRow(band, structure, span)

    def hold_one(self, span: Span, structure: ast.Structure) -> ast.HoldOne:
        return ast.HoldOne(structure, span)

    def time_shift(self, span: Span, condition: Any) -> ast.TimeShift:
        return ast.TimeShift(condition, span)

    def keep_delta(
        self, span: Span, low: Any, high: Any, structure: ast.Structure
    ) -> ast.KeepDelta:
        return ast.KeepDelta(low, high, structure, span)

    def holding(self, span: Span, structure: ast.Structure, *weight: Any) -> ast.Holding:
        return ast.Holding(structure, weight[0], span)

    # --- structures ---

    def _shape(
        self, span: Span, side: str, shape: Token, underlying: ast.Word, choices: Group
    ) -> ast.Structure:
        words = phrase(shape).split(" ")
        right = words[0] if words[0] in ("call", "put") else ""
        kind = " ".join(words[1:]) if right else " ".join(words)
        return ast.Structure(
            side,  # type: ignore[arg-type]
            kind or "option",  # type: ignore[arg-type]
            right,  # type: ignore[arg-type]
            underlying.name,
            tuple(choices),
            span,
        )

    def structure(self, span: Span, name: ast.Word, shape: Token, choices: Group) -> ast.Structure:
        return self._shape(span, "", shape, name, choices)

    def structure_sided(
        self, span: Span, side: Token, shape: Token, name: ast.Word, choices: Group
    ) -> ast.Structure:
        return self._shape(span, side.text, shape, name, choices)

    def structure_nothing(self, span: Span) -> ast.Structure:
        return ast.Structure("", "nothing", "", "", (), span)

    def expiring_one(self, span: Span, days: Any) -> ast.Expiring:
        return ast.Expiring(days, None, None, None, "", span)

    def expiring_range(self, span: Span, low: Any, high: Any, nearest: Any) -> ast.Expiring:
        return ast.Expiring(low, high, nearest, None, "", span)

    def expiring_pair(self, span: Span, near: Any, far: Any) -> ast.Expiring:
        return ast.Expiring(near, None, None, far, "", span)

    def expiring_cycle(self, span: Span, cycle: Token) -> ast.Expiring:
        return ast.Expiring(None, None, None, None, cycle.text, span)  # type: ignore[arg-type]

    def select_one(self, span: Span, measure: Token, value: Any) -> ast.Selection:
        return ast.Selection("probability_of_profit", value, None, None, span)

    def select_range(
        self, span: Span, measure: Token, low: Any, high: Any, nearest: Any
    ) -> ast.Selection:
        return ast.Selection("probability_of_profit", low, high, nearest, span)

    def delta_one(self, span: Span, value: Any) -> ast.Selection:
        return ast.Selection("delta", value, None, None, span)

    def delta_range(self, span: Span, low: Any, high: Any, nearest: Any) -> ast.Selection:
        return ast.Selection("delta", low, high, nearest, span)

    def wings_one(self, span: Span, value: Any) -> ast.Selection:
        return ast.Selection("wings", value, None, None, span)

    def wings_range(self, span: Span, low: Any, high: Any, nearest: Any) -> ast.Selection:
        return ast.Selection("wings", low, high, nearest, span)

    def at_the_money(self, span: Span, words: Token) -> ast.AtTheMoney:
        last = words.text.split()[-1]
        side = last if last in ("below", "above") else ""
        return ast.AtTheMoney(side, span)  # type: ignore[arg-type]

    def at_strike(self, span: Span, value: Any) -> ast.AtStrike:
        return ast.AtStrike(value, span)

    def months(self, span: Span, word: Token, low: Any, high: Any) -> ast.Months:
        return ast.Months(low, high, word.text.startswith("rolling"), span)

    def constant_maturity(self, span: Span, days: Any) -> ast.ConstantMaturity:
        return ast.ConstantMaturity(days, span)

    def offset(self, span: Span, distance: Any, words: Token) -> ast.Offset:
        side, _, position, right = words.text.split()
        return ast.Offset(distance, side, f"{position} {right}", span)  # type: ignore[arg-type]

    # --- events, regimes, limits ---

    def event(self, span: Span, name: ast.Word, window: Part, *effects: Any) -> ast.Event:
        begin, end = window.value
        return ast.Event(name, begin, end, of_types(effects, ast.Scale, ast.Swap), span)

    def window_on(self, span: Span, offset: Part) -> Part:
        return Part("window", (offset.value, offset.value), span)

    def window_range(self, span: Span, begin: Part, end: Part) -> Part:
        return Part("window", (begin.value, end.value), span)

    def offset_same(self, span: Span, word: Token) -> Part:
        return Part("offset", 0, span)

    def offset_one(self, span: Span, word: Token, side: Token) -> Part:
        return Part("offset", -1 if side.text == "before" else 1, span)

    def offset_many(self, span: Span, count: Token, word: Token, side: Token) -> Part:
        return Part("offset", self.whole_number(count) * (-1 if side.text == "before" else 1), span)

    def scale(self, span: Span, name: ast.Word, factor: Any) -> ast.Scale:
        return ast.Scale(name, factor, span)

    def scale_weight(self, span: Span, factor: Any) -> ast.Scale:
        at = Span(span.file, span.start, span.start + len("weight"))
        return ast.Scale(ast.Word("weight", at), factor, span)

    def scale_hedge(self, span: Span, factor: Any) -> ast.Scale:
        at = Span(span.file, span.start, span.start + len("hedge"))
        return ast.Scale(ast.Word("hedge", at), factor, span)

    def swap(self, span: Span, name: ast.Word, value: Any) -> ast.Swap:
        return ast.Swap(name, value, span)

    def regime(self, span: Span, name: ast.Word, condition: Any, *effects: Any) -> ast.Regime:
        return ast.Regime(name, condition, of_types(effects, ast.Scale, ast.Swap), span)

    regime_block = regime

    def reallocate(self, span: Span, period: Token, *rows: Any) -> ast.Reallocate:
        parts = self.parts(rows)
        return ast.Reallocate(
            period.text,  # type: ignore[arg-type]
            parts.get("between", ()),
            parts.get("by"),
            parts.get("step"),
            span,
        )

    def reallocate_between(self, span: Span, *names: ast.Word) -> Part:
        return Part("between", names, span)

    def reallocate_by(self, span: Span, name: ast.Word) -> Part:
        return Part("by", name, span)

    def reallocate_step(self, span: Span, step: Any) -> Part:
        return Part("step", step, span)

    def limit(self, span: Span, inner: Any, per: Any) -> ast.Limit | ast.Always:
        period = "" if per is None else per.text
        if isinstance(inner, ast.Comparison):
            return ast.Limit(inner.left, inner.operator, inner.right, period, span)  # type: ignore[arg-type]
        # Kept with its bound missing, for the checker to say what a limit looks like.
        return ast.Limit(inner, "<=", ast.Missing(span), period, span)  # type: ignore[arg-type]

    def always(self, span: Span, condition: Any, when: Any) -> ast.Always:
        return ast.Always(condition, when, span)

    def monotone(
        self, span: Span, value: Any, never: Token, subject: ast.Word, turn: Token, when: Any
    ) -> ast.Monotone:
        return ast.Monotone(
            value,
            never.text.split()[1],  # type: ignore[arg-type]
            subject,
            turn.text,  # type: ignore[arg-type]
            when,
            span,
        )

    def assume(self, span: Span, condition: Any) -> ast.Assume:
        return ast.Assume(condition, span)
