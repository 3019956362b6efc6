"""The lines of a source with what a diagnostic says of them, drawn as rustc draws them.

Each line stands once, in the order of the file, however many marks are on it:

1. A mark within one line is underlined. The message of the last one follows its carets where
   nothing overlaps it; every other message gets a row below, hung from its mark by a bar.
2. A mark over several lines gets a lane in the left margin: `/` or a rule to its caret where it
   begins, a bar beside its lines, and a rule to the caret under its last character.
3. Between marked lines one unmarked line (inside a mark, four) is shown; more become `...`.
4. A line longer than the page is a window onto its first mark, `…` at each end that is cut.

Columns become terminal cells by `cells.width`, so that carets stand under what they mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from alvh_rules.core.cells import escaped, width
from alvh_rules.core.source import Position, Source, Span

Paint = Callable[[str, str], str]
"""A text in a style: `primary`, `secondary`, `removed`, `added`, or none."""

WIDE: Final = 110
"""Characters of a source line that are shown."""
_FILLED_BETWEEN: Final = 1
_FILLED_INSIDE: Final = 4


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the source from `begin` up to, not including, `end`, and what is said of it."""

    begin: Position
    end: Position
    message: str
    primary: bool

    @property
    def style(self) -> str:
        """How the mark and its message are painted."""
        return "primary" if self.primary else "secondary"

    @property
    def sign(self) -> str:
        """What underlines the mark."""
        return "^" if self.primary else "-"

    @property
    def is_long(self) -> bool:
        """Whether the mark goes over several lines."""
        return self.begin.line < self.end.line


def extent(source: Source, span: Span) -> tuple[Position, Position]:
    """Where a span begins and ends, without the blanks and line ends after its last word.

    A span of blanks alone ends at the end of its line; the two are equal where it holds nothing.
    """
    start = max(0, min(span.start, len(source.text)))
    text = source.text[start : span.end]
    kept = len(text.rstrip()) or len(text.split("\n")[0])
    begin = source.position(start)
    if not kept:
        return begin, begin
    last = source.position(start + kept - 1)
    return begin, Position(last.line, last.column + 1)


def mark_of(source: Source, span: Span, message: str, primary: bool) -> Mark:
    """The mark of a span, one character wide where the span holds nothing."""
    begin, end = extent(source, span)
    if begin == end:
        end = Position(begin.line, begin.column + 1)
    return Mark(begin, end, message, primary)


@dataclass(slots=True)
class _Row:
    """Cells of one character with a style each, and a text after them."""

    cells: list[tuple[str, str]] = field(default_factory=list)
    tail: str = ""
    tail_style: str = ""

    def put(self, at: int, text: str, style: str) -> None:
        """Write over the cells from `at` on."""
        self.cells += [(" ", "")] * (at + len(text) - len(self.cells))
        self.cells[at : at + len(text)] = [(item, style) for item in text]

    def say(self, at: int, text: str, style: str) -> None:
        """End the row with a text that begins at a cell, which lies past all that is written."""
        self.cells += [(" ", "")] * (at - len(self.cells))
        self.tail, self.tail_style = text, style

    def painted(self, paint: Paint) -> str:
        """The row as text, without blanks at its end."""
        parts: list[tuple[str, str]] = []
        for sign, style in [*self.cells, (self.tail, self.tail_style)]:
            if parts and parts[-1][1] == style:
                parts[-1] = (parts[-1][0] + sign, style)
            else:
                parts.append((sign, style))
        while parts and not parts[-1][0].strip():
            parts.pop()
        if parts:
            parts[-1] = (parts[-1][0].rstrip(), parts[-1][1])
        return "".join(paint(text, style) for text, style in parts)


class _Line:
    """One line of the source through its window."""

    def __init__(self, source: Source, number: int, first: int) -> None:
        text = source.line_text(number)
        begin = 0
        if len(text) > WIDE and first > WIDE // 2:
            begin = min(first - WIDE // 2, len(text) - WIDE)
        self.begin, self.end = begin, min(begin + WIDE, len(text))
        self.visible = text[self.begin : self.end]
        self.lead = "…" if begin else ""
        self.shown = self.lead + escaped(self.visible) + ("…" if self.end < len(text) else "")
        self.first_word = len(text) - len(text.lstrip()) + 1

    def cell(self, column: int) -> int:
        """The cell at which a column begins; one outside the window is at the `…` on its side."""
        if column <= self.begin:
            return 0
        return width(self.lead) + width(self.visible[: column - 1 - self.begin])


class _Lane:
    """A mark over several lines, and its place in the margin."""

    def __init__(self, mark: Mark, depth: int, slashed: bool) -> None:
        self.mark = mark
        self.at = 2 * depth
        self.slashed = slashed


def draw(source: Source, marks: Sequence[Mark], gutter: int, paint: Paint) -> list[str]:
    """The excerpt's rows. `gutter` is the width of line numbers."""
    drawing = _Drawing(source, marks, gutter, paint)
    rows: list[str] = []
    before = 0
    for number in sorted({line for mark in marks for line in (mark.begin.line, mark.end.line)}):
        if before:
            inside = any(
                lane.mark.begin.line <= before < lane.mark.end.line for lane in drawing.lanes
            )
            between = range(before + 1, number)
            if len(between) <= (_FILLED_INSIDE if inside else _FILLED_BETWEEN):
                for line in between:
                    rows += drawing.line(line)
            else:
                rows.append(drawing.left_out(before))
        rows += drawing.line(number)
        before = number
    return rows


class _Drawing:
    """The marks of one source, their lanes, and the rows of each line."""

    def __init__(self, source: Source, marks: Sequence[Mark], gutter: int, paint: Paint) -> None:
        self.source, self.gutter, self.paint = source, gutter, paint
        self.short = [mark for mark in marks if not mark.is_long]
        self.lanes: list[_Lane] = []
        long = [mark for mark in marks if mark.is_long]
        for mark in sorted(long, key=lambda mark: (mark.begin.line, -mark.end.line)):
            beside = {lane.at // 2 for lane in self.lanes if lane.mark.end.line >= mark.begin.line}
            depth = next(depth for depth in range(len(long)) if depth not in beside)
            line = _Line(source, mark.begin.line, 1)
            alone = sum(other.begin.line == mark.begin.line for other in marks) == 1
            slashed = alone and mark.begin.column == line.first_word
            self.lanes.append(_Lane(mark, depth, slashed))
        self.margin = max((lane.at + 2 for lane in self.lanes), default=0)

    def line(self, number: int) -> list[str]:
        """A source line and everything under it."""
        short = [mark for mark in self.short if mark.begin.line == number]
        begun = [lane for lane in self.lanes if lane.mark.begin.line == number and not lane.slashed]
        ended = [lane for lane in self.lanes if lane.mark.end.line == number]
        columns = [mark.begin.column for mark in sorted(short, key=lambda mark: not mark.primary)]
        columns += [lane.mark.begin.column for lane in begun]
        columns += [lane.mark.end.column - 1 for lane in ended]
        line = _Line(self.source, number, columns[0] if columns else 1)
        bars = {
            lane
            for lane in self.lanes
            if lane.mark.begin.line < number <= lane.mark.end.line
            or (lane.slashed and lane.mark.begin.line == number)
        }
        top = self._row(bars)
        for lane in bars:
            if lane.mark.begin.line == number:
                top.put(lane.at, "/", lane.mark.style)
        top.say(self.margin, line.shown, "")
        rows = [top, *self._under(line, short, bars)]
        for lane in begun:
            rows.append(self._rule(line, lane, lane.mark.begin.column, bars, ""))
            bars.add(lane)
        for lane in ended:
            rows.append(self._rule(line, lane, lane.mark.end.column - 1, bars, lane.mark.message))
            bars.discard(lane)
        painted = [row.painted(self.paint) for row in rows]
        blank = " " * self.gutter
        numbers = [f"{number:>{self.gutter}}", *([blank] * (len(rows) - 1))]
        return [
            f"{self.paint(f'{label} |', 'secondary')} {text}".rstrip()
            for label, text in zip(numbers, painted, strict=True)
        ]

    def left_out(self, after: int) -> str:
        """The row in place of lines that are not shown."""
        bars = {lane for lane in self.lanes if lane.mark.begin.line <= after < lane.mark.end.line}
        dots = self.paint("...", "secondary")
        return (dots + " " * self.gutter + self._row(bars).painted(self.paint)).rstrip()

    def _row(self, bars: set[_Lane]) -> _Row:
        row = _Row()
        for lane in bars:
            row.put(lane.at, "|", lane.mark.style)
        return row

    def _rule(self, line: _Line, lane: _Lane, column: int, bars: set[_Lane], message: str) -> _Row:
        """The rule from a lane to the caret under a column."""
        row = _Row()
        end = self.margin + line.cell(column)
        row.put(lane.at + 1, "_" * (end - lane.at - 1), lane.mark.style)
        for other in bars:
            row.put(other.at, "|", other.mark.style)
        row.put(end, lane.mark.sign, lane.mark.style)
        if message:
            row.say(end + 2, escaped(message), lane.mark.style)
        return row

    def _under(self, line: _Line, marks: Sequence[Mark], bars: set[_Lane]) -> list[_Row]:
        """The carets of the marks within a line, and their messages."""
        if not marks:
            return []
        places = []
        for mark in marks:
            begin = line.cell(mark.begin.column)
            end = max(begin + 1, line.cell(mark.end.column))
            places.append((begin + self.margin, end + self.margin, mark))
        carets = self._row(bars)
        # The shorter on top: a mark inside another stays to be seen.
        for begin, end, mark in sorted(
            places, key=lambda place: (place[0] - place[1], place[2].primary)
        ):
            carets.put(begin, mark.sign * (end - begin), mark.style)
        said = sorted(
            (place for place in places if place[2].message), key=lambda place: (place[0], place[1])
        )
        if said:
            begin, end, mark = said[-1]
            alone = all(other[1] <= begin for other in places if other[2] is not mark)
            if alone:
                carets.say(end + 1, escaped(mark.message), mark.style)
                said.pop()
        rows = [carets]
        if said:
            hung = self._row(bars)
            for begin, _, mark in said:
                hung.put(begin, "|", mark.style)
            rows.append(hung)
        while said:
            at, _, mark = said.pop()
            row = self._row(bars)
            for begin, _, other in said:
                if begin < at:
                    row.put(begin, "|", other.style)
            row.say(at, escaped(mark.message), mark.style)
            rows.append(row)
        return rows
