"""From items back to lines, in the canonical form.

Each printed line remembers the lines of the source that its node was read from, which is how
`format.py` gives comments and blank lines their places again. What the tree does not tell apart
(a `given` on one line or in a block, two choices on one line or two) is printed as it stood.
Columns are aligned within one block: bands and values of a table, names and kinds of data rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from alvh_rules.core.source import Source, Span
from alvh_rules.syntax import ast
from alvh_rules.syntax.print_expressions import (
    ATOM,
    SUM,
    band_text,
    choice_text,
    expression_text,
    number_text,
    structure_text,
)

CHOICES = (
    ast.Expiring,
    ast.Selection,
    ast.AtTheMoney,
    ast.AtStrike,
    ast.Offset,
    ast.Months,
    ast.ConstantMaturity,
)


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """A line's indentation and text, and the source lines it stands for, from one, inclusive."""

    indent: int
    text: str
    first: int
    last: int


def pad_columns(rows: Sequence[Sequence[str]], gap: str) -> list[str]:
    """Rows with their cells aligned to the left; the last cell of a row is not padded."""
    widths: dict[int, int] = {}
    for row in rows:
        for at, cell in enumerate(row[:-1]):
            widths[at] = max(widths.get(at, 0), len(cell))
    return [
        gap.join([*(cell.ljust(widths[at]) for at, cell in enumerate(row[:-1])), row[-1]])
        for row in rows
    ]


class ItemPrinter:
    """Prints the items of one source, one at a time. `name_width` aligns a run of lets."""

    def __init__(self, source: Source, content_lines: Sequence[int]) -> None:
        self._source = source
        self._content = content_lines
        self._lines: list[PrintedLine] = []
        self._from = 0

    def print_item(self, item: ast.Item, name_width: int = 0) -> list[PrintedLine]:
        """An item's lines, in the order of the source."""
        self._lines = []
        self._from = self._line(item.span.start)
        match item:
            case ast.Header():
                self._header(item)
            case ast.Data():
                self._add(0, "data", item.span.start)
                self._data_rows(item.rows)
            case ast.Params():
                self._params(item)
            case ast.Let():
                name = item.name.name.ljust(name_width)
                self._span(0, f"let {name} = {expression_text(item.value)}", item.span)
            case ast.Table():
                self._table(item)
            case ast.Signal() if item.when is not None:
                self._condition(0, f"signal {item.name.name} when", item.when, item.span)
            case ast.Layer():
                self._layer(item)
            case ast.Hedge():
                self._add(0, "hedge", item.span.start)
                for clause in item.clauses:
                    self._hedge_clause(clause)
            case ast.Holding():
                text = f"hold {structure_text(item.structure, item.structure.choices)}"
                self._add(0, text, item.span.start, item.structure.span.end - 1)
                if item.weight is not None:
                    self._span(2, f"weight {expression_text(item.weight)}", item.weight.span)
            case ast.Event():
                self._event(item)
            case ast.Regime():
                self._regime(item)
            case ast.Reallocate():
                self._reallocate(item)
            case ast.Assume():
                self._condition(0, "assume", item.condition, item.span)
            case ast.Test():
                self._test(item)
            case _:
                self._span(0, one_line_text(item), item.span)
        return self._lines

    # --- lines ---

    def _line(self, offset: int) -> int:
        return self._source.position(offset).line

    def _add(self, indent: int, text: str, start: int, end: int | None = None) -> None:
        first = self._line(start)
        self._lines.append(
            PrintedLine(indent, text, first, first if end is None else self._line(end))
        )

    def _span(self, indent: int, text: str, span: Span) -> None:
        self._add(indent, text, span.start, max(span.start, span.end - 1))

    def _rows(self, indent: int, texts: Iterable[str], nodes: Iterable[Any]) -> None:
        for text, node in zip(texts, nodes, strict=True):
            self._span(indent, text, node.span)

    def _by_line(self, nodes: Sequence[Any]) -> list[list[Any]]:
        """Nodes in groups that stand on one line of the source."""
        groups: list[list[Any]] = []
        last = 0
        for node in nodes:
            if not groups or self._line(node.span.start) > last:
                groups.append([])
            groups[-1].append(node)
            last = self._line(max(node.span.start, node.span.end - 1))
        return groups

    def _group(self, indent: int, text: str, group: Sequence[Any]) -> None:
        self._add(indent, text, group[0].span.start, group[-1].span.end - 1)

    def _condition(self, indent: int, words: str, node: ast.Expression, span: Span) -> None:
        """`words` and a condition after it: on the line, or as a block under it."""
        if isinstance(node, ast.Logical) and node.block:
            self._add(indent, f"{words} {_block_words(node)}", span.start, node.span.start)
            self._clauses(indent + 2, node)
        else:
            self._span(indent, f"{words} {expression_text(node)}", span)

    def _clauses(self, indent: int, block: ast.Logical) -> None:
        for clause in block.items:
            if isinstance(clause, ast.Logical) and clause.block:
                self._add(indent, _block_words(clause), clause.span.start)
                self._clauses(indent + 2, clause)
            else:
                self._span(indent, expression_text(clause), clause.span)

    # --- header and declarations ---

    def _header(self, header: ast.Header) -> None:
        version = f" version {header.version}" if header.version else ""
        self._add(0, f"ruleset {header.name.name}{version}", header.span.start)
        rows = [(setting.span, setting_text(setting)) for setting in header.settings]
        # The sentence has no node of its own, but its row is the one that begins with a quote.
        for line in self._content:
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

    # --- layers and the hedge ---

    def _layer(self, layer: ast.Layer) -> None:
        like = f" like {layer.like.name}" if layer.like else ""
        self._add(0, f"layer {layer.name.name}{like}", layer.span.start)
        for group in self._by_line(layer.clauses):
            first = group[0]
            if isinstance(first, CHOICES):
                self._group(2, ", ".join(map(choice_text, group)), group)
                continue
            match first:
                case ast.Structure():
                    self._structure(first)
                case ast.Legs():
                    self._legs(first)
                case ast.OpenWhen():
                    self._condition(2, "open when", first.condition, first.span)
                case ast.CloseWhen():
                    self._condition(2, "close when", first.condition, first.span)
                case _:
                    self._span(2, clause_text(first), first.span)

    def _structure(self, structure: ast.Structure) -> None:
        head_line = self._line(structure.span.start)
        groups = self._by_line(structure.choices)
        beside = groups.pop(0) if groups and self._starts(groups[0]) == head_line else []
        end = beside[-1].span.end - 1 if beside else structure.span.start
        self._add(2, structure_text(structure, tuple(beside)), structure.span.start, end)
        for group in groups:
            self._group(4, ", ".join(map(choice_text, group)), group)

    def _starts(self, group: Sequence[Any]) -> int:
        return self._line(group[0].span.start)

    def _legs(self, legs: ast.Legs) -> None:
        head = " ".join([f"legs on {legs.underlying}", *map(choice_text, legs.choices)])
        end = legs.choices[-1].span.end - 1 if legs.choices else legs.span.start
        self._add(2, head, legs.span.start, end)
        counted = any(leg.quantity is not None for leg in legs.legs)
        cells = []
        for leg in legs.legs:
            count = [number_text(leg.quantity) if leg.quantity else ""] if counted else []
            choices = " ".join(map(choice_text, leg.choices))
            cells.append([leg.side, *count, leg.right, choices])
        self._rows(4, (text.rstrip() for text in pad_columns(cells, " ")), legs.legs)

    def _hedge_clause(self, clause: ast.HedgeClause) -> None:
        match clause:
            case ast.HedgeRatio(value=value, basis=basis):
                # A basis that was not written is vega; it is written out where that costs nothing.
                named = value.span.end < clause.span.end
                text = expression_text(value, ATOM if named else 0)
                if named or expression_text(value, ATOM) == text:
                    text += f" of {basis}"
                self._span(2, f"ratio {text}", clause.span)
            case ast.HoldBy(input=value, rows=rows):
                head = f"hold by {expression_text(value, SUM)}"
                self._add(2, head, clause.span.start, value.span.end - 1)
                bands = [band_text(row.band) for row in rows]
                width = max(map(len, bands))
                texts = (
                    f"{band.ljust(width)} => {structure_text(row.structure, row.structure.choices)}"
                    for band, row in zip(bands, rows, strict=True)
                )
                self._rows(4, texts, rows)
            case ast.HoldOne(structure=structure):
                self._span(2, f"hold {structure_text(structure, structure.choices)}", clause.span)
            case ast.TimeShift(condition=condition):
                words = "time_shift to next expiry when"
                self._condition(2, words, condition, clause.span)

    # --- events, regimes, reallocation ---

    def _event(self, event: ast.Event) -> None:
        begin, end = offset_text(event.begin), offset_text(event.end)
        window = f"on {begin}" if begin == end else f"from {begin} to {end}"
        self._add(0, f"event {event.calendar.name} {window}", event.span.start)
        self._effects(event.effects)

    def _regime(self, regime: ast.Regime) -> None:
        head = f"regime {regime.name.name}"
        condition = regime.condition
        if isinstance(condition, ast.Logical) and condition.block:
            self._add(0, head, regime.span.start)
            self._condition(2, "when", condition, condition.span)
        elif condition is not None:
            text = f"{head} when {expression_text(condition)}"
            self._add(0, text, regime.span.start, condition.span.end - 1)
        self._effects(regime.effects)

    def _effects(self, effects: Sequence[ast.Effect]) -> None:
        """Rows of one sort that stand together have their names aligned."""
        runs: list[list[ast.Effect]] = []
        for effect in effects:
            if not runs or type(runs[-1][0]) is not type(effect):
                runs.append([])
            runs[-1].append(effect)
        for run in runs:
            width = max(len(effect.subject.name) for effect in run)
            for effect in run:
                name = effect.subject.name.ljust(width)
                if isinstance(effect, ast.Scale):
                    self._span(2, f"{name} x {expression_text(effect.factor)}", effect.span)
                else:
                    self._span(2, f"{name} = {expression_text(effect.value)}", effect.span)

    def _reallocate(self, item: ast.Reallocate) -> None:
        self._add(0, f"reallocate {item.period}", item.span.start)
        rows: list[tuple[int, int, str]] = []
        if item.layers:
            text = f"between {', '.join(word.name for word in item.layers)}"
            rows.append((item.layers[0].span.start, item.layers[-1].span.end, text))
        if item.measure is not None:
            span = item.measure.span
            rows.append((span.start, span.end, f"by {item.measure.name}"))
        if item.step is not None:
            text = f"at most {expression_text(item.step, SUM)} a step"
            rows.append((item.step.span.start, item.step.span.end, text))
        for start, end, text in sorted(rows):
            self._add(2, text, start, end - 1)

    # --- tests ---

    def _test(self, test: ast.Test) -> None:
        self._add(0, f'test "{test.name.value}"', test.span.start)
        parts: list[Any] = [*test.given, *test.expect]
        parts += [part for part in (test.on, test.cases) if part is not None]
        parts.sort(key=lambda part: part.span.start)
        expected = {id(node) for node in test.expect}
        at = 0
        while at < len(parts):
            part = parts[at]
            if isinstance(part, ast.OnDate):
                self._span(2, f'on {part.date.text} of "{part.file.value}"', part.span)
                at += 1
            elif isinstance(part, ast.Cases):
                self._cases(part)
                at += 1
            else:
                end = at
                while end < len(parts) and _test_word(parts[end], expected) == _test_word(
                    part, expected
                ):
                    end += 1
                self._test_lines(_test_word(part, expected), self._by_line(parts[at:end]))
                at = end

    def _test_lines(self, word: str, groups: list[list[Any]]) -> None:
        texts = [", ".join(map(_test_text, group)) for group in groups]
        line = self._starts(groups[0])
        start = self._source.line_text(line).split()[0]
        # A given may itself be of a name that begins with the word: `given_up = 1`.
        if start == word and len(groups) == 1:
            self._group(2, f"{word} {texts[0]}", groups[0])
            return
        opener = line if start == word else self._line_above(line)
        self._lines.append(PrintedLine(2, word, opener, min(opener, line - 1)))
        for text, group in zip(texts, groups, strict=True):
            self._group(4, text, group)

    def _line_above(self, line: int) -> int:
        above = [other for other in self._content if other < line]
        return above[-1]

    def _cases(self, cases: ast.Cases) -> None:
        self._add(2, "sessions" if cases.sessions else "cases", cases.span.start)
        sides = [(cases.inputs, cases.outputs), *((row.inputs, row.outputs) for row in cases.rows)]
        left = pad_columns([_with_commas(inputs) for inputs, _ in sides], " ")
        right = pad_columns([_with_commas(outputs) for _, outputs in sides], " ")
        width = max(map(len, left))
        texts = [f"{a.ljust(width)} => {b}" for a, b in zip(left, right, strict=True)]
        self._group(4, texts[0], (*cases.inputs, *cases.outputs))
        self._rows(4, texts[1:], cases.rows)


def _answers_missing(row: ast.TableRow) -> bool:
    """Whether a grid's row says one value for a missing input."""
    return row.band.form == "missing" and len(row.values) == 1


def _with_bars(cells: list[str]) -> list[str]:
    return [cells[0], *(f"| {cell}" for cell in cells[1:])]


def _with_commas(nodes: Sequence[ast.Expression]) -> list[str]:
    texts = [expression_text(node) for node in nodes]
    return [*(f"{text}," for text in texts[:-1]), texts[-1]]


def _block_words(block: ast.Logical) -> str:
    return "all of" if block.operator == "and" else "any of"


def _test_word(part: Any, expected: set[int]) -> str:
    if id(part) in expected:
        return "expect"
    return "given" if isinstance(part, ast.Given) else ""


def _test_text(part: Any) -> str:
    if not isinstance(part, ast.Given):
        return expression_text(part)
    subject = expression_text(part.subject)
    return (
        f"event {subject}" if part.value is None else f"{subject} = {expression_text(part.value)}"
    )


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


def offset_text(sessions: int) -> str:
    """An end of an event's window: `same session`, `2 sessions before`."""
    if sessions == 0:
        return "same session"
    word = "session" if abs(sessions) == 1 else "sessions"
    return f"{abs(sessions)} {word} {'before' if sessions < 0 else 'after'}"


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
        case ast.Requires(version=version):
            return f"requires alvh >= {version}"


def clause_text(clause: Any) -> str:
    """A clause of a layer that stands on one line."""
    match clause:
        case ast.Weight(value=value):
            return f"weight {expression_text(value)}"
        case ast.Size(measure="contracts", value=value) if value is not None:
            return f"size {expression_text(value)}"
        case ast.Size(measure=measure, value=value):
            return f"size {measure}" if value is None else f"size max_loss is {_sum(value)}"
        case ast.AtMost(count=count):
            return f"at most {expression_text(count)} open"
        case ast.Every(count=count):
            return f"every {expression_text(count)}"
        case _:
            return "hold to expiry"


def one_line_text(item: Any) -> str:
    """An item that stands on one line."""
    match item:
        case ast.Calendars(names=names):
            return f"calendar {', '.join(name.name for name in names)}"
        case ast.Labels(name=name, words=words):
            return f"labels {name.name} = {', '.join(word.name for word in words)}"
        case ast.Target(name=name, value=value):
            return f"target {name.name} = {expression_text(value)}"
        case ast.Signal(name=name, begin=begin, end=end):
            assert begin is not None
            assert end is not None
            return f"signal {name.name} from {expression_text(begin)} until {expression_text(end)}"
        case ast.Limit(subject=subject, bound=bound, operator=operator, per=per):
            # A limit that is no comparison has no bound; the checker says what is wrong with it.
            text = (
                expression_text(subject)
                if isinstance(bound, ast.Missing)
                else f"{_sum(subject)} {operator} {_sum(bound)}"
            )
            return f"limit {text} per {per}" if per else f"limit {text}"
        case ast.Always(condition=condition, when=when):
            text = f"always {expression_text(condition)}"
            return text if when is None else f"{text} when {expression_text(when)}"
        case ast.Use(path=path):
            return f'use "{path.value}"'
        case _:
            raise AssertionError(f"{type(item).__name__} is no one-line item")


def _sum(node: ast.Expression) -> str:
    return expression_text(node, SUM)
