"""Lines of the header, and of the items that give something a name.

Columns are aligned within one block: bands and values of a table, names and kinds of data rows.
"""

from __future__ import annotations

from collections.abc import Sequence

from alvh_rules.syntax import ast
from alvh_rules.syntax.print_expressions import SUM, band_text, expression_text, number_text
from alvh_rules.syntax.print_lines import LinePrinter, pad_columns


class DeclarationPrinter(LinePrinter):
    """Prints the header, data, params and tables."""

    def _header(self, header: ast.Header) -> None:
        version = f" version {header.version}" if header.version else ""
        self._add(0, f"ruleset {header.name.name}{version}", header.span.start)
        rows = [(setting.span, setting_text(setting)) for setting in header.settings]
        # The sentence has no node of its own, but its row is the one that begins with a quote.
        first, last = self._line(header.span.start), self._line(header.span.end)
        for line in self._content_between(first, last):
            text = self._source.line_text(line)
            start = self._source.offset(line, len(text) - len(text.lstrip(" ")) + 1)
            if header.span.start < start < header.span.end and text.lstrip(" ").startswith('"'):
                rows.append((self._source.span(start, start + 1), f'"{header.description}"'))
        for span, text in sorted(rows):
            self._span(2, text, span)

    def _data_rows(self, rows: Sequence[ast.DataRow]) -> None:
        cells = [[row.name.name, row.kind.name, "  ".join(_column_words(row))] for row in rows]
        self._rows(2, (text.rstrip() for text in pad_columns(cells, "  ")), rows)

    def _params(self, params: ast.Params) -> None:
        cells = []
        for row in params.rows:
            words = []
            if row.low is not None and row.high is not None:
                low, high = expression_text(row.low, SUM), expression_text(row.high, SUM)
                words.append(f"from {low} to {high}")
            if row.step is not None:
                words.append(f"by {expression_text(row.step, SUM)}")
            cells.append((row.name.name, expression_text(row.value, SUM), " ".join(words)))
        if self._line(params.rows[0].span.start) == self._from:
            name, value, rest = cells[0]
            self._span(0, f"param {name} = {value} {rest}".rstrip(), params.span)
            return
        self._add(0, "param", params.span.start)
        names = max(len(name) for name, _, _ in cells)
        values = max(len(value) for _, value, _ in cells)
        texts = (
            f"{name.ljust(names)} = {value.ljust(values)}  {rest}".rstrip()
            for name, value, rest in cells
        )
        self._rows(2, texts, params.rows)

    def _table(self, table: ast.Table) -> None:
        inputs = ", ".join(expression_text(item, SUM) for item in table.inputs)
        interpolated = ", interpolated" if table.interpolated else ""
        head = f"table {table.name.name} by {inputs}{interpolated}"
        self._add(0, head, table.span.start, table.inputs[-1].span.end - 1)
        bands = [band_text(row.band) for row in table.rows]
        width = max(map(len, bands), default=0)
        if not table.columns:
            texts = [
                f"{band.ljust(width)} => {expression_text(row.values[0])}"
                for band, row in zip(bands, table.rows, strict=True)
            ]
            self._rows(2, texts, table.rows)
            return
        grid = [["", *map(band_text, table.columns)]]
        grid += [
            [band, *map(expression_text, row.values)]
            for band, row in zip(bands, table.rows, strict=True)
            if not _answers_missing(row)
        ]
        # Cells are padded two past the widest, so that the bars stand apart from the figures.
        padded = iter(pad_columns([_with_bars(cells) for cells in grid], "  "))
        self._group(2, next(padded), table.columns)
        for band, row in zip(bands, table.rows, strict=True):
            if _answers_missing(row):
                text = f"{band.ljust(width)}  => {expression_text(row.values[0])}"
            else:
                text = next(padded)
            self._span(2, text, row.span)


def _answers_missing(row: ast.TableRow) -> bool:
    """Whether a grid's row says one value for a missing input."""
    return row.band.form == "missing" and len(row.values) == 1


def _with_bars(cells: list[str]) -> list[str]:
    return [cells[0], *(f"| {cell}" for cell in cells[1:])]


def _column_words(row: ast.DataRow) -> list[str]:
    words = ["optional"] if row.optional else []
    if row.description:
        words.append(f'"{row.description}"')
    if row.sources:
        words.append("from " + " to ".join(f'"{source.value}"' for source in row.sources))
    if row.carry is not None:
        words.append(f"carry {number_text(row.carry)}")
    if row.known is not None:
        sessions = row.known.sessions
        when = {0: "same session", 1: "next session"}.get(sessions, f"{sessions} sessions later")
        words.append(" ".join(filter(None, ("known", row.known.time, when))))
    return words


def column_text(row: ast.DataRow) -> str:
    """A row of `data`, on one line."""
    return " ".join([row.name.name, row.kind.name, *_column_words(row)])


def setting_text(setting: ast.Setting) -> str:
    """A row of the header."""
    match setting:
        case ast.Capital(amount=amount):
            return f"capital {expression_text(amount, SUM)}"
        case ast.Risk(share=share):
            return f"risk {expression_text(share, SUM)}"
        case ast.BarsSetting(minutes=0, always_open=always_open):
            return "bars 24/7" if always_open else "bars daily"
        case ast.BarsSetting(minutes=minutes, always_open=always_open):
            count, unit = (minutes // 60, "hour") if minutes % 60 == 0 else (minutes, "minute")
            plural = "" if count == 1 else "s"
            return f"bars {count} {unit}{plural}{' 24/7' if always_open else ''}"
        case ast.Fill(when=when):
            return f"fill {when}"
        case ast.Contracts(fractional=fractional):
            return f"contracts {'fractional' if fractional else 'whole'}"
        case ast.CashEarns(column=column):
            return f"cash earns {column.name}"
        case ast.Fee(amount=amount):
            return f"fee {expression_text(amount, SUM)}"
        case ast.Slippage(share=share):
            return f"slippage {expression_text(share, SUM)}"
        case ast.Requires(version=version):
            return f"requires alvh >= {version}"
