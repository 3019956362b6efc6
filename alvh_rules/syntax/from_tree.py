"""From the parser's reductions to syntax nodes.

Lark calls a method here for each rule it reduces, with every token of the rule still in place
(`keep_all_tokens`), so that a node's span is that of its first to its last token. `_rule` works the
span out, drops the tokens that only punctuate, and hands the method the rest. No parse tree is
built in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from lark import Token

from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.core.source import Span
from alvh_rules.syntax import ast, errors

_LAYOUT = frozenset({"_NL", "_INDENT", "_DEDENT", "_GRID_LINE"})
_VALUES = frozenset(
    [
        "NAME",
        "STRING",
        "DATE",
        "TIME",
        "VERSION",
        "MONEY",
        "PERCENT",
        "NUMBER",
        "UNIT",
        "SESSION",
        "MINUTES",
        "ALWAYS_OPEN",
        "BARS_WORD",
        "FILL",
        "CONTRACTS_WORD",
        "SIDE",
        "LEG_RIGHT",
        "SHAPE",
        "CYCLE",
        "MEASURE",
        "AT_THE_MONEY",
        "MONTHS",
        "OFFSET",
        "BEFORE_AFTER",
        "PERIOD",
        "PER",
        "CASES",
        "INTERPOLATED",
        "TRUTH",
        "COMPARE",
        "PLUS",
        "TIMES",
    ]
)
"""The terminals whose text matters to the rule that holds them."""

UNITS = {
    "day": "days",
    "point": "points",
    "contract": "contracts",
    "month": "months",
    "share": "shares",
    "session": "sessions",
    "minute": "minutes",
    "hour": "hours",
}
"""The plural, by which a unit is known, of each singular."""


OPERATOR_WORDS = [
    "and",
    "or",
    "not",
    "is",
    "if",
    "then",
    "else",
    "between",
    "of",
    "for",
    "when",
    "from",
    "until",
    "to",
    "by",
]
"""The words between the parts of an expression or a row."""


class Group(list[Any]):
    """Several children of one rule on their way to the node that will hold them."""

    span: Span | None = None


class Part:
    """A named piece of a row (`("carry", 5)`), gathered by the row that holds it."""

    __slots__ = ("name", "span", "value")

    def __init__(self, name: str, value: Any, span: Span) -> None:
        self.name = name
        self.value = value
        self.span = span


def _rule(method: Callable[..., Any]) -> Callable[[Builder, list[Any]], Any]:
    def build(self: Builder, children: list[Any]) -> Any:
        start = end = -1
        kept: list[Any] = []
        for child in children:
            if child is None:
                kept.append(None)
            elif isinstance(child, Token):
                kind = child.type
                if kind in _LAYOUT:
                    continue
                if start < 0:
                    start = child.start_pos or 0
                end = child.end_pos or 0
                if kind in _VALUES:
                    kept.append(child)
            else:
                span = child.span
                if span is not None:
                    if start < 0:
                        start = span.start
                    end = span.end
                kept.append(child)
        return method(self, Span(self.file, start, end), *kept)

    build.__name__ = method.__name__
    return build


def _fixed_word(word: str) -> Callable[[Builder, list[Any]], Any]:
    """The callback of a rule that reads one word of the language as a name."""
    return _rule(lambda self, span: ast.Word(word, span))


def _only(items: Iterable[Any], *types: type) -> tuple[Any, ...]:
    return tuple(item for item in items if isinstance(item, types))


def _group(span: Span, items: Iterable[Any]) -> Group:
    found = Group(item for item in items if item is not None)
    found.span = span if span.start >= 0 else None
    return found


def _words(token: Token) -> str:
    return " ".join(token.split())


class Builder:
    """The callbacks, by rule. `file` names the source being parsed.

    `found` gathers what is wrong with a line that the grammar takes; `parse` empties it.
    """

    def __init__(self) -> None:
        self.file = ""
        self.found: list[Diagnostic] = []

    def _parts(self, items: Iterable[Any]) -> dict[str, Any]:
        """The value of each named part."""
        parts: dict[str, Any] = {}
        for item in items:
            if isinstance(item, Part):
                if item.name in parts:
                    self.found.append(errors.said_twice(item.span, f"`{item.name}`"))
                parts[item.name] = item.value
        return parts

    def _whole(self, token: Token) -> int:
        """A whole number; 6 digits are as many as any bound allows."""
        if str(token).isdecimal() and len(token) < 7:
            return int(token)
        self.found.append(errors.not_whole(self._at(token), str(token)))
        return 0

    # --- leaves ---

    @_rule
    def name(self, span: Span, token: Token) -> ast.Word:
        return ast.Word(str(token), span)

    owner = name

    owner_hedge = _fixed_word("hedge")

    attribute_name = name

    attribute_open = _fixed_word("open")
    attribute_weight = _fixed_word("weight")
    attribute_ratio = _fixed_word("ratio")
    attribute_hold = _fixed_word("hold")
    attribute_close = _fixed_word("close")
    attribute_time_shift = _fixed_word("time_shift")

    @_rule
    def number(self, span: Span, token: Token, unit: Token | None = None) -> ast.Number:
        text = str(token)
        if token.type == "PERCENT":
            return ast.Number(text[:-1].strip(), "%", span)
        if token.type == "MONEY":
            return ast.Number(text[1:].replace(",", ""), "$", span)
        word = "" if unit is None else str(unit)
        return ast.Number(text, UNITS.get(word, word), span)

    @_rule
    def date(self, span: Span, token: Token) -> ast.Date:
        return ast.Date(str(token), span)

    @_rule
    def text(self, span: Span, token: Token) -> ast.Text:
        return ast.Text(str(token)[1:-1], span)

    @_rule
    def truth(self, span: Span, token: Token) -> ast.Truth:
        return ast.Truth(str(token) == "true", span)

    @_rule
    def word(self, span: Span, name: ast.Word) -> ast.Word:
        # The lexer takes a word that cannot stand in a place for a name.
        if name.name in OPERATOR_WORDS:
            self.found.append(errors.reserved_word(span, name.name))
        return name

    @_rule
    def attribute(self, span: Span, owner: ast.Word, name: ast.Word) -> ast.Attribute:
        return ast.Attribute(owner.name, name.name, span)

    @_rule
    def missing_word(self, span: Span) -> ast.Missing:
        return ast.Missing(span)

    # --- expressions ---

    @_rule
    def call(self, span: Span, function: ast.Word, *arguments: Any) -> ast.Call:
        return ast.Call(function, tuple(item for item in arguments if item is not None), span)

    @_rule
    def parenthesis(self, span: Span, inner: Any) -> Any:
        # The brackets belong to the span, so that a node's text can be read on its own.
        return replace(inner, span=span)

    @_rule
    def negative(self, span: Span, operand: Any) -> ast.Negative:
        return ast.Negative(operand, span)

    @_rule
    def of(self, span: Span, left: Any, right: Any) -> ast.Arithmetic:
        return ast.Arithmetic("of", left, right, span)

    @_rule
    def arithmetic(self, span: Span, left: Any, operator: Any, right: Any) -> ast.Arithmetic:
        return ast.Arithmetic(str(operator), left, right, span)  # type: ignore[arg-type]

    @_rule
    def subtract(self, span: Span, left: Any, right: Any) -> ast.Arithmetic:
        return ast.Arithmetic("-", left, right, span)

    @_rule
    def compare(self, span: Span, left: Any, operator: Any, right: Any) -> ast.Comparison:
        return ast.Comparison(str(operator), left, right, span)  # type: ignore[arg-type]

    @_rule
    def between(self, span: Span, value: Any, low: Any, high: Any) -> ast.Between:
        return ast.Between(value, low, high, span)

    @_rule
    def is_(self, span: Span, value: Any, other: Any) -> ast.Is:
        return ast.Is(value, other, False, span)

    @_rule
    def is_not(self, span: Span, value: Any, other: Any) -> ast.Is:
        return ast.Is(value, other, True, span)

    @_rule
    def lasting(self, span: Span, condition: Any, count: Any) -> ast.Lasting:
        return ast.Lasting(condition, count, span)

    @_rule
    def lasting_word(self, span: Span, name: Any) -> Any:
        return name

    @_rule
    def not_(self, span: Span, operand: Any) -> ast.Not:
        return ast.Not(operand, span)

    @_rule
    def conjunction(self, span: Span, *items: Any) -> ast.Logical:
        return ast.Logical("and", items, False, span)

    @_rule
    def disjunction(self, span: Span, *items: Any) -> ast.Logical:
        return ast.Logical("or", items, False, span)

    @_rule
    def conditional(self, span: Span, condition: Any, then: Any, other: Any) -> ast.Conditional:
        return ast.Conditional(condition, then, other, span)

    @_rule
    def condition(self, span: Span, inner: Any) -> Any:
        return inner

    @_rule
    def all_of(self, span: Span, *items: Any) -> ast.Logical:
        return ast.Logical("and", items, True, span)

    @_rule
    def any_of(self, span: Span, *items: Any) -> ast.Logical:
        return ast.Logical("or", items, True, span)

    # --- header ---

    @_rule
    def header(self, span: Span, name: ast.Word, version: Any = None, *rows: Any) -> ast.Header:
        settings = tuple(row for row in rows if row is not None and not isinstance(row, Part))
        text = str(version) if version is not None else ""
        return ast.Header(name, text, self._parts(rows).get("description", ""), settings, span)

    @_rule
    def description(self, span: Span, text: Token) -> Part:
        return Part("description", str(text)[1:-1], span)

    @_rule
    def capital(self, span: Span, amount: Any) -> ast.Capital:
        return ast.Capital(amount, span)

    @_rule
    def risk(self, span: Span, share: Any) -> ast.Risk:
        return ast.Risk(share, span)

    @_rule
    def bars_word(self, span: Span, word: Token) -> ast.BarsSetting:
        return ast.BarsSetting(0, False, span)

    @_rule
    def bars_minutes(self, span: Span, count: Token, unit: Token, always: Any) -> ast.BarsSetting:
        minutes = self._whole(count)
        scale = 60 if str(unit).startswith("hour") else 1
        return ast.BarsSetting(minutes * scale, always is not None, span)

    @_rule
    def bars_always(self, span: Span, word: Token) -> ast.BarsSetting:
        return ast.BarsSetting(0, True, span)

    @_rule
    def fill(self, span: Span, word: Token) -> ast.Fill:
        return ast.Fill(_words(word), span)  # type: ignore[arg-type]

    @_rule
    def contracts(self, span: Span, word: Token) -> ast.Contracts:
        return ast.Contracts(str(word) == "fractional", span)

    @_rule
    def requires(self, span: Span, version: Token) -> ast.Requires:
        return ast.Requires(str(version), span)

    # --- declarations ---

    @_rule
    def data(self, span: Span, *rows: ast.DataRow) -> ast.Data:
        return ast.Data(rows, span)

    @_rule
    def data_row(self, span: Span, name: ast.Word, kind: ast.Word, *modifiers: Part) -> ast.DataRow:
        parts = self._parts(modifiers)
        return ast.DataRow(
            name,
            kind,
            parts.get("description", ""),
            "optional" in parts,
            parts.get("from", ()),
            parts.get("carry"),
            parts.get("known"),
            span,
        )

    @_rule
    def data_description(self, span: Span, text: Token) -> Part:
        return Part("description", str(text)[1:-1], span)

    @_rule
    def data_optional(self, span: Span) -> Part:
        return Part("optional", True, span)

    @_rule
    def data_from(self, span: Span, first: ast.Text, last: ast.Text | None) -> Part:
        return Part("from", (first,) if last is None else (first, last), span)

    @_rule
    def data_carry(self, span: Span, count: ast.Number) -> Part:
        return Part("carry", count, span)

    @_rule
    def data_known(self, span: Span, time: Token | None, when: Part) -> Part:
        known = ast.Known("" if time is None else str(time), when.value, span)
        return Part("known", known, span)

    @_rule
    def known_next(self, span: Span, word: Token) -> Part:
        return Part("sessions", 1, span)

    @_rule
    def known_same(self, span: Span, word: Token) -> Part:
        return Part("sessions", 0, span)

    @_rule
    def known_later(self, span: Span, count: Token, word: Token) -> Part:
        return Part("sessions", self._whole(count), span)

    @_rule
    def calendars(self, span: Span, *names: ast.Word) -> ast.Calendars:
        return ast.Calendars(names, span)

    @_rule
    def params(self, span: Span, *rows: ast.ParamRow) -> ast.Params:
        return ast.Params(rows, span)

    params_inline = params

    @_rule
    def param_row(
        self, span: Span, name: ast.Word, value: Any, low: Any, high: Any, step: Any
    ) -> ast.ParamRow:
        return ast.ParamRow(name, value, low, high, step, span)

    @_rule
    def labels(self, span: Span, name: ast.Word, *words: ast.Word) -> ast.Labels:
        return ast.Labels(name, words, span)

    @_rule
    def let(self, span: Span, name: ast.Word, value: Any) -> ast.Let:
        return ast.Let(name, value, span)

    @_rule
    def target(self, span: Span, name: ast.Word, value: Any) -> ast.Target:
        return ast.Target(name, value, span)

    @_rule
    def use(self, span: Span, path: ast.Text) -> ast.Use:
        return ast.Use(path, span)

    @_rule
    def table(
        self, span: Span, name: ast.Word, inputs: Group, interpolated: Any, *rows: ast.TableRow
    ) -> ast.Table:
        return ast.Table(name, tuple(inputs), interpolated is not None, (), rows, span)

    @_rule
    def grid(
        self, span: Span, name: ast.Word, inputs: Group, header: Group, *rows: ast.TableRow
    ) -> ast.Table:
        return ast.Table(name, tuple(inputs), False, tuple(header), rows, span)

    @_rule
    def table_inputs(self, span: Span, *inputs: Any) -> Group:
        return _group(span, inputs)

    @_rule
    def grid_header(self, span: Span, *bands: ast.Band) -> Group:
        return _group(span, bands)

    @_rule
    def table_row(self, span: Span, band: ast.Band, *values: Any) -> ast.TableRow:
        return ast.TableRow(band, values, span)

    @_rule
    def band_below(self, span: Span, edge: Any) -> ast.Band:
        return ast.Band("below", None, edge, span)

    @_rule
    def band_to(self, span: Span, low: Any, high: Any) -> ast.Band:
        return ast.Band("to", low, high, span)

    @_rule
    def band_or_more(self, span: Span, edge: Any) -> ast.Band:
        return ast.Band("or_more", edge, None, span)

    @_rule
    def band_up_to(self, span: Span, edge: Any) -> ast.Band:
        return ast.Band("up_to", None, edge, span)

    @_rule
    def band_over(self, span: Span, low: Any, high: Any = None) -> ast.Band:
        return ast.Band("over" if high is None else "over_up_to", low, high, span)

    @_rule
    def band_at(self, span: Span, edge: Any) -> ast.Band:
        return ast.Band("at", edge, None, span)

    @_rule
    def band_word(self, span: Span, word: ast.Word) -> ast.Band:
        return ast.Band("word", word, None, span)

    @_rule
    def band_truth(self, span: Span, token: Token) -> ast.Band:
        return ast.Band("word", ast.Truth(str(token) == "true", span), None, span)

    @_rule
    def missing_band(self, span: Span) -> ast.Band:
        return ast.Band("missing", None, None, span)

    # --- decisions ---

    @_rule
    def signal_when(self, span: Span, name: ast.Word, condition: Any) -> ast.Signal:
        return ast.Signal(name, condition, None, None, span)

    @_rule
    def signal_latch(self, span: Span, name: ast.Word, begin: Any, end: Any) -> ast.Signal:
        return ast.Signal(name, None, begin, end, span)

    @_rule
    def layer(self, span: Span, name: ast.Word, like: Any, *clauses: Any) -> ast.Layer:
        flat: list[Any] = []
        for clause in clauses:
            flat.extend(clause if isinstance(clause, Group) else [clause])
        return ast.Layer(name, like, tuple(item for item in flat if item is not None), span)

    @_rule
    def keep(self, span: Span, structure: ast.Structure) -> ast.Structure:
        return structure

    @_rule
    def structure_block(self, span: Span, head: ast.Structure, *lines: Group) -> ast.Structure:
        choices = (*head.choices, *(choice for line in lines for choice in line))
        return ast.Structure(head.side, head.shape, head.right, head.underlying, choices, span)

    @_rule
    def legs(self, span: Span, name: ast.Word, choices: Group, *legs: ast.Leg) -> ast.Legs:
        return ast.Legs(name.name, tuple(choices), legs, span)

    @_rule
    def leg(self, span: Span, side: Token, count: Any, right: Token, choices: Group) -> ast.Leg:
        quantity = None if count is None else ast.Number(str(count), "", self._at(count))
        word = str(right)
        if word in ("future", "share"):
            word += "s"
        return ast.Leg(str(side), quantity, word, tuple(choices), span)  # type: ignore[arg-type]

    @_rule
    def choice_list(self, span: Span, *choices: Any) -> Group:
        return _group(span, choices)

    choice_line = choice_list

    @_rule
    def weight(self, span: Span, value: Any) -> ast.Weight:
        return ast.Weight(value, span)

    @_rule
    def size_cash(self, span: Span) -> ast.Size:
        return ast.Size("cash_secured", None, span)

    @_rule
    def size_loss(self, span: Span, value: Any) -> ast.Size:
        return ast.Size("max_loss", value, span)

    @_rule
    def size_contracts(self, span: Span, value: Any) -> ast.Size:
        return ast.Size("contracts", value, span)

    @_rule
    def at_most(self, span: Span, count: Any) -> ast.AtMost:
        return ast.AtMost(count, span)

    @_rule
    def every(self, span: Span, count: Any) -> ast.Every:
        return ast.Every(count, span)

    @_rule
    def open_when(self, span: Span, condition: Any) -> ast.OpenWhen:
        return ast.OpenWhen(condition, span)

    @_rule
    def close_when(self, span: Span, condition: Any) -> ast.CloseWhen:
        return ast.CloseWhen(condition, span)

    @_rule
    def hold_to_expiry(self, span: Span) -> ast.HoldToExpiry:
        return ast.HoldToExpiry(span)

    @_rule
    def hedge(self, span: Span, *clauses: Any) -> ast.Hedge:
        return ast.Hedge(clauses, span)

    @_rule
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

    @_rule
    def hold_by(self, span: Span, value: Any, *rows: ast.HoldRow) -> ast.HoldBy:
        return ast.HoldBy(value, rows, span)

    @_rule
    def hold_row(self, span: Span, band: ast.Band, structure: ast.Structure) -> ast.HoldRow:
        return ast.HoldRow(band, structure, span)

    @_rule
    def hold_one(self, span: Span, structure: ast.Structure) -> ast.HoldOne:
        return ast.HoldOne(structure, span)

    @_rule
    def time_shift(self, span: Span, condition: Any) -> ast.TimeShift:
        return ast.TimeShift(condition, span)

    @_rule
    def holding(self, span: Span, structure: ast.Structure, *weight: Any) -> ast.Holding:
        return ast.Holding(structure, weight[0], span)

    # --- structures ---

    def _shape(
        self, span: Span, side: str, shape: Token, underlying: ast.Word, choices: Group
    ) -> ast.Structure:
        words = _words(shape).split(" ")
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

    @_rule
    def structure(self, span: Span, name: ast.Word, shape: Token, choices: Group) -> ast.Structure:
        return self._shape(span, "", shape, name, choices)

    @_rule
    def structure_sided(
        self, span: Span, side: Token, shape: Token, name: ast.Word, choices: Group
    ) -> ast.Structure:
        return self._shape(span, str(side), shape, name, choices)

    @_rule
    def structure_nothing(self, span: Span) -> ast.Structure:
        return ast.Structure("", "nothing", "", "", (), span)

    @_rule
    def expiring_one(self, span: Span, days: Any) -> ast.Expiring:
        return ast.Expiring(days, None, None, None, "", span)

    @_rule
    def expiring_range(self, span: Span, low: Any, high: Any, nearest: Any) -> ast.Expiring:
        return ast.Expiring(low, high, nearest, None, "", span)

    @_rule
    def expiring_pair(self, span: Span, near: Any, far: Any) -> ast.Expiring:
        return ast.Expiring(near, None, None, far, "", span)

    @_rule
    def expiring_cycle(self, span: Span, cycle: Token) -> ast.Expiring:
        return ast.Expiring(None, None, None, None, str(cycle), span)  # type: ignore[arg-type]

    @_rule
    def select_one(self, span: Span, measure: Token, value: Any) -> ast.Selection:
        return ast.Selection("probability_of_profit", value, None, None, span)

    @_rule
    def select_range(
        self, span: Span, measure: Token, low: Any, high: Any, nearest: Any
    ) -> ast.Selection:
        return ast.Selection("probability_of_profit", low, high, nearest, span)

    @_rule
    def delta_one(self, span: Span, value: Any) -> ast.Selection:
        return ast.Selection("delta", value, None, None, span)

    @_rule
    def delta_range(self, span: Span, low: Any, high: Any, nearest: Any) -> ast.Selection:
        return ast.Selection("delta", low, high, nearest, span)

    @_rule
    def wings_one(self, span: Span, value: Any) -> ast.Selection:
        return ast.Selection("wings", value, None, None, span)

    @_rule
    def wings_range(self, span: Span, low: Any, high: Any, nearest: Any) -> ast.Selection:
        return ast.Selection("wings", low, high, nearest, span)

    @_rule
    def at_the_money(self, span: Span, words: Token) -> ast.AtTheMoney:
        last = words.split()[-1]
        side = last if last in ("below", "above") else ""
        return ast.AtTheMoney(side, span)  # type: ignore[arg-type]

    @_rule
    def at_strike(self, span: Span, value: Any) -> ast.AtStrike:
        return ast.AtStrike(value, span)

    @_rule
    def months(self, span: Span, word: Token, low: Any, high: Any) -> ast.Months:
        return ast.Months(low, high, word.startswith("rolling"), span)

    @_rule
    def constant_maturity(self, span: Span, days: Any) -> ast.ConstantMaturity:
        return ast.ConstantMaturity(days, span)

    @_rule
    def offset(self, span: Span, distance: Any, words: Token) -> ast.Offset:
        side, _, position, right = words.split()
        return ast.Offset(distance, side, f"{position} {right}", span)  # type: ignore[arg-type]

    # --- events, regimes, limits ---

    @_rule
    def event(self, span: Span, name: ast.Word, window: Part, *effects: Any) -> ast.Event:
        begin, end = window.value
        return ast.Event(name, begin, end, _only(effects, ast.Scale, ast.Swap), span)

    @_rule
    def window_on(self, span: Span, offset: Part) -> Part:
        return Part("window", (offset.value, offset.value), span)

    @_rule
    def window_range(self, span: Span, begin: Part, end: Part) -> Part:
        return Part("window", (begin.value, end.value), span)

    @_rule
    def offset_same(self, span: Span, word: Token) -> Part:
        return Part("offset", 0, span)

    @_rule
    def offset_one(self, span: Span, word: Token, side: Token) -> Part:
        return Part("offset", -1 if str(side) == "before" else 1, span)

    @_rule
    def offset_many(self, span: Span, count: Token, word: Token, side: Token) -> Part:
        return Part("offset", self._whole(count) * (-1 if str(side) == "before" else 1), span)

    @_rule
    def scale(self, span: Span, name: ast.Word, factor: Any) -> ast.Scale:
        return ast.Scale(name, factor, span)

    @_rule
    def scale_weight(self, span: Span, factor: Any) -> ast.Scale:
        at = Span(span.file, span.start, span.start + len("weight"))
        return ast.Scale(ast.Word("weight", at), factor, span)

    @_rule
    def scale_hedge(self, span: Span, factor: Any) -> ast.Scale:
        at = Span(span.file, span.start, span.start + len("hedge"))
        return ast.Scale(ast.Word("hedge", at), factor, span)

    @_rule
    def swap(self, span: Span, name: ast.Word, value: Any) -> ast.Swap:
        return ast.Swap(name, value, span)

    @_rule
    def regime(self, span: Span, name: ast.Word, condition: Any, *effects: Any) -> ast.Regime:
        return ast.Regime(name, condition, _only(effects, ast.Scale, ast.Swap), span)

    regime_block = regime

    @_rule
    def reallocate(self, span: Span, period: Token, *rows: Any) -> ast.Reallocate:
        parts = self._parts(rows)
        return ast.Reallocate(
            str(period),  # type: ignore[arg-type]
            parts.get("between", ()),
            parts.get("by"),
            parts.get("step"),
            span,
        )

    @_rule
    def reallocate_between(self, span: Span, *names: ast.Word) -> Part:
        return Part("between", names, span)

    @_rule
    def reallocate_by(self, span: Span, name: ast.Word) -> Part:
        return Part("by", name, span)

    @_rule
    def reallocate_step(self, span: Span, step: Any) -> Part:
        return Part("step", step, span)

    @_rule
    def limit(self, span: Span, inner: Any, per: Any) -> ast.Limit | ast.Always:
        period = "" if per is None else str(per)
        if isinstance(inner, ast.Comparison):
            return ast.Limit(inner.left, inner.operator, inner.right, period, span)  # type: ignore[arg-type]
        # Kept with its bound missing, for the checker to say what a limit looks like.
        return ast.Limit(inner, "<=", ast.Missing(span), period, span)  # type: ignore[arg-type]

    @_rule
    def always(self, span: Span, condition: Any, when: Any) -> ast.Always:
        return ast.Always(condition, when, span)

    @_rule
    def assume(self, span: Span, condition: Any) -> ast.Assume:
        return ast.Assume(condition, span)

    # --- tests ---

    @_rule
    def test(self, span: Span, name: ast.Text, *items: Part | None) -> ast.Test:
        given: list[ast.Given] = []
        expect: list[Any] = []
        on = cases = None
        for item in items:
            if item is None:
                continue
            if item.name == "given":
                given.extend(item.value)
            elif item.name == "expect":
                expect.extend(item.value)
            elif item.name == "on":
                if on is not None:
                    self.found.append(errors.said_twice(item.span, "`on`"))
                on = item.value
            else:
                if cases is not None:
                    self.found.append(errors.said_twice(item.span, "the table of cases"))
                cases = item.value
        return ast.Test(name, tuple(given), on, cases, tuple(expect), span)

    @_rule
    def given(self, span: Span, *lines: Any) -> Part:
        return Part("given", [item for line in lines for item in line], span)

    @_rule
    def given_line(self, span: Span, *items: Any) -> Group:
        return _group(span, items)

    expect_line = given_line

    @_rule
    def given_value(self, span: Span, subject: Any, value: Any) -> ast.Given:
        return ast.Given(subject, value, span)

    @_rule
    def given_event(self, span: Span, name: ast.Word) -> ast.Given:
        return ast.Given(name, None, span)

    @_rule
    def expect(self, span: Span, *lines: Any) -> Part:
        return Part("expect", [item for line in lines for item in line], span)

    @_rule
    def on_date(self, span: Span, date: ast.Date, file: ast.Text) -> Part:
        return Part("on", ast.OnDate(date, file, span), span)

    @_rule
    def cases(self, span: Span, word: Token, header: Part, *rows: ast.CaseRow) -> Part:
        inputs, outputs = header.value
        node = ast.Cases(str(word) == "sessions", inputs, outputs, rows, span)
        return Part("cases", node, span)

    @_rule
    def case_header(self, span: Span, inputs: Group, outputs: Group) -> Part:
        return Part("header", (tuple(inputs), tuple(outputs)), span)

    @_rule
    def case_row(self, span: Span, inputs: Group, outputs: Group) -> ast.CaseRow:
        return ast.CaseRow(tuple(inputs), tuple(outputs), span)

    case_values = case_names = given_line

    def _at(self, token: Token) -> Span:
        return Span(self.file, token.start_pos or 0, token.end_pos or 0)
