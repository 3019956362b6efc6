"""Nodes for the header, and for the items that give something a name."""

from __future__ import annotations

from typing import Any

from alvh_rules.core.source import Span
from alvh_rules.syntax import ast
from alvh_rules.syntax.gather import Gatherer, Group, Part, group, phrase
from alvh_rules.syntax.lex import Token


class DeclarationMaker(Gatherer):
    """The callbacks of the header, data, params, labels, lets and tables."""

    # --- header ---

    def header(self, span: Span, name: ast.Word, version: Any = None, *rows: Any) -> ast.Header:
        settings = tuple(row for row in rows if row is not None and not isinstance(row, Part))
        text = version.text if version is not None else ""
        return ast.Header(name, text, self.parts(rows).get("description", ""), settings, span)

    def description(self, span: Span, text: Token) -> Part:
        return Part("description", text.text[1:-1], span)

    def capital(self, span: Span, amount: Any) -> ast.Capital:
        return ast.Capital(amount, span)

    def risk(self, span: Span, share: Any) -> ast.Risk:
        return ast.Risk(share, span)

    def bars_word(self, span: Span, word: Token) -> ast.BarsSetting:
        return ast.BarsSetting(0, False, span)

    def bars_minutes(self, span: Span, count: Token, unit: Token, always: Any) -> ast.BarsSetting:
        minutes = self.whole_number(count)
        scale = 60 if unit.text.startswith("hour") else 1
        return ast.BarsSetting(minutes * scale, always is not None, span)

    def bars_always(self, span: Span, word: Token) -> ast.BarsSetting:
        return ast.BarsSetting(0, True, span)

    def fill(self, span: Span, word: Token) -> ast.Fill:
        return ast.Fill(phrase(word), span)  # type: ignore[arg-type]

    def contracts(self, span: Span, word: Token) -> ast.Contracts:
        return ast.Contracts(word.text == "fractional", span)

    def cash_earns(self, span: Span, column: ast.Word) -> ast.CashEarns:
        return ast.CashEarns(column, span)

    def fee(self, span: Span, amount: Any) -> ast.Fee:
        return ast.Fee(amount, span)

    def slippage(self, span: Span, share: Any) -> ast.Slippage:
        return ast.Slippage(share, span)

    def requires(self, span: Span, version: Token) -> ast.Requires:
        return ast.Requires(version.text, span)

    # --- declarations ---

    def data(self, span: Span, *rows: ast.DataRow) -> ast.Data:
        return ast.Data(rows, span)

    def data_row(self, span: Span, name: ast.Word, kind: ast.Word, *modifiers: Part) -> ast.DataRow:
        parts = self.parts(modifiers)
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

    def data_description(self, span: Span, text: Token) -> Part:
        return Part("description", text.text[1:-1], span)

    def data_optional(self, span: Span) -> Part:
        return Part("optional", True, span)

    def data_from(self, span: Span, first: ast.Text, last: ast.Text | None) -> Part:
        return Part("from", (first,) if last is None else (first, last), span)

    def data_carry(self, span: Span, count: ast.Number) -> Part:
        return Part("carry", count, span)

    def data_known(self, span: Span, time: Token | None, when: Part) -> Part:
        known = ast.Known("" if time is None else time.text, when.value, span)
        return Part("known", known, span)

    def known_next(self, span: Span, word: Token) -> Part:
        return Part("sessions", 1, span)

    def known_same(self, span: Span, word: Token) -> Part:
        return Part("sessions", 0, span)

    def known_later(self, span: Span, count: Token, word: Token) -> Part:
        return Part("sessions", self.whole_number(count), span)

    def calendars(self, span: Span, *names: ast.Word) -> ast.Calendars:
        return ast.Calendars(names, span)

    def params(self, span: Span, *rows: ast.ParamRow) -> ast.Params:
        return ast.Params(rows, span)

    params_inline = params

    def param_row(
        self, span: Span, name: ast.Word, value: Any, low: Any, high: Any, step: Any
    ) -> ast.ParamRow:
        return ast.ParamRow(name, value, low, high, step, span)

    def labels(self, span: Span, name: ast.Word, *words: ast.Word) -> ast.Labels:
        return ast.Labels(name, words, span)

    def let(self, span: Span, name: ast.Word, value: Any) -> ast.Let:
        return ast.Let(name, value, span)

    def target(self, span: Span, name: ast.Word, value: Any) -> ast.Target:
        return ast.Target(name, value, span)

    def use(self, span: Span, path: ast.Text) -> ast.Use:
        return ast.Use(path, span)

    def table(
        self, span: Span, name: ast.Word, inputs: Group, interpolated: Any, *rows: ast.TableRow
    ) -> ast.Table:
        return ast.Table(name, tuple(inputs), interpolated is not None, (), rows, span)

    def grid(
        self, span: Span, name: ast.Word, inputs: Group, header: Group, *rows: ast.TableRow
    ) -> ast.Table:
        return ast.Table(name, tuple(inputs), False, tuple(header), rows, span)

    def table_inputs(self, span: Span, *inputs: Any) -> Group:
        return group(inputs)

    def grid_header(self, span: Span, *bands: ast.Band) -> Group:
        return group(bands)

    def table_row(self, span: Span, band: ast.Band, *values: Any) -> ast.TableRow:
        return ast.TableRow(band, values, span)

    def band_below(self, span: Span, edge: Any) -> ast.Band:
        return ast.Band("below", None, edge, span)

    def band_to(self, span: Span, low: Any, high: Any) -> ast.Band:
        return ast.Band("to", low, high, span)

    def band_or_more(self, span: Span, edge: Any) -> ast.Band:
        return ast.Band("or_more", edge, None, span)

    def band_up_to(self, span: Span, edge: Any) -> ast.Band:
        return ast.Band("up_to", None, edge, span)

    def band_over(self, span: Span, low: Any, high: Any = None) -> ast.Band:
        return ast.Band("over" if high is None else "over_up_to", low, high, span)

    def band_at(self, span: Span, edge: Any) -> ast.Band:
        return ast.Band("at", edge, None, span)

    def band_word(self, span: Span, word: ast.Word) -> ast.Band:
        return ast.Band("word", word, None, span)

    def band_truth(self, span: Span, token: Token) -> ast.Band:
        return ast.Band("word", ast.Truth(token.text == "true", span), None, span)

    def missing_band(self, span: Span) -> ast.Band:
        return ast.Band("missing", None, None, span)
