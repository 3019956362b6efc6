"""Run the LALR(1) automaton over one item, and hand each rule that it reads to a maker.

1. The next token is read, as one of the terminals the current state can take (`lex.py`).
2. At a line's end outside of brackets the indentation decides which `_INDENT` and `_DEDENT` follow.
3. While the state says that a rule has been read, its children leave the stack, its node takes
   their place, and the state follows; then the token goes onto the stack.

Nodes, and where each begins and ends in the text, lie in lists beside the states; a part with no
text begins at -1. All that changes belongs to the one call, so that any number may run at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from alvh_rules.core.source import Span
from alvh_rules.syntax.gather import Gatherer
from alvh_rules.syntax.lex import Token, read_terminal, skip_blanks
from alvh_rules.syntax.table import (
    CLOSE_BRACKET,
    DEDENT,
    END,
    INDENT,
    LAYOUT,
    NEW_LINE,
    OPEN_BRACKET,
    VALUES,
    Rule,
    Table,
)

_TAB_COLUMNS = 8


class UnreadableError(Exception):
    """An item that the grammar does not take; never leaves `alvh_rules.syntax`.

    `token` is the one that does not fit, or None where no token begins at `at`. `listed` are the
    terminals that the state lists, `fitting` those of them that could really follow.
    """

    def __init__(
        self, token: Token | None, at: int, listed: frozenset[str], fitting: frozenset[str]
    ) -> None:
        super().__init__(at)
        self.token = token
        self.at = at
        self.listed = listed
        self.fitting = fitting


class LayoutError(Exception):
    """A line's indentation fits no line above it; never leaves `alvh_rules.syntax`."""


class Reduction:
    """One reading of one item: the stacks, and the builder that its rules are handed to.

    `callbacks` are the maker's functions by the name of a rule; each takes the maker, the node's
    span and the rule's kept children. The maker knows the file, and where in it the item begins.
    """

    def __init__(
        self, table: Table, callbacks: Mapping[str, Callable[..., Any]], maker: Gatherer
    ) -> None:
        self._table = table
        self._callbacks = callbacks
        self._maker = maker
        self._base = maker.base
        self._states = [table.start]
        self._nodes: list[Any] = []
        self._starts: list[int] = []
        self._ends: list[int] = []

    def read(self, text: str) -> Any:
        """The node of an item's text.

        Raises UnreadableError for what the grammar does not take, LayoutError for an indentation
        between two levels.
        """
        table = self._table
        indents = [0]
        brackets = 0
        last = 0
        end = len(text)
        at = skip_blanks(text, 0)
        while at < end:
            found = read_terminal(table, text, at, table.states[self._states[-1]])
            if found is None:
                raise self._misfit(text, at)
            terminal, after = found
            last = at
            if terminal != NEW_LINE:
                self._shift(terminal, text, at, after)
                brackets += (terminal == OPEN_BRACKET) - (terminal == CLOSE_BRACKET)
            elif brackets == 0:
                self._shift(terminal, text, at, after)
                self._indent(_columns(text, at, after), indents, text, at)
            at = skip_blanks(text, after)
        for _ in indents[1:]:
            self._shift(DEDENT, text, last, last)
        return self._finish(end)

    def _indent(self, columns: int, indents: list[int], text: str, at: int) -> None:
        if columns > indents[-1]:
            indents.append(columns)
            self._shift(INDENT, text, at, at)
            return
        while columns < indents[-1]:
            indents.pop()
            self._shift(DEDENT, text, at, at)
        if columns != indents[-1]:
            raise LayoutError

    def _shift(self, terminal: str, text: str, at: int, after: int) -> None:
        """Put a token onto the stack, after the rules that it completes."""
        states = self._table.states
        rules = self._table.rules
        stack = self._states
        while True:
            action = states[stack[-1]].get(terminal)
            if action is None:
                raise self._unreadable(Token(terminal, text[at:after], at, after), at)
            if action >= 0:
                break
            rule = rules[~action]
            if rule.passes:
                stack[-1] = self._table.after_passing(stack[-2], stack[-1], terminal)
            else:
                self._reduce(rule)
        stack.append(action)
        self._nodes.append(
            Token(terminal, text[at:after], at, after) if terminal in VALUES else None
        )
        self._starts.append(-1 if terminal in LAYOUT else at)
        self._ends.append(after)

    def _reduce(self, rule: Rule) -> None:
        """Replace a rule's children on the stacks by what it makes of them."""
        origin, size, callback, kept, plain, _ = rule
        nodes, starts, ends, stack = self._nodes, self._starts, self._ends, self._states
        base = len(nodes) - size
        start = end = -1
        if size:
            start, end = starts[base], ends[-1]
            if start < 0 or starts[-1] < 0:
                start, end = self._extent(base)
        if plain:
            children = [nodes[base + place] for place in kept]  # type: ignore[operator]
        else:
            children = _children(nodes, base, kept)
        if callback:
            # A rule without a token has no place: it is never a node's own.
            span = Span(self._maker.file, self._base + start, self._base + end)
            node = self._callbacks[callback](self._maker, span, *children)
        else:
            node = children[0] if callback is None else children
        if size:
            del nodes[base:], starts[base:], ends[base:], stack[base + 1 :]
        nodes.append(node)
        starts.append(start)
        ends.append(end)
        stack.append(self._table.states[stack[-1]][origin])

    def _extent(self, base: int) -> tuple[int, int]:
        """Where the parts from a place on the stack begin and end, layout and absent ones apart."""
        placed = [place for place in range(base, len(self._starts)) if self._starts[place] >= 0]
        if not placed:
            return -1, -1
        return self._starts[placed[0]], self._ends[placed[-1]]

    def _finish(self, end: int) -> Any:
        states = self._table.states
        while self._states[-1] != self._table.end:
            action = states[self._states[-1]].get(END)
            if action is None:
                raise self._unreadable(Token(END, "", end, end), end)
            self._reduce(self._table.rules[~action])
        return self._nodes[-1]

    def _misfit(self, text: str, at: int) -> UnreadableError:
        """What stands where nothing that the parser could take does."""
        found = read_terminal(self._table, text, at, self._table.terminals)
        token = None if found is None else Token(found[0], text[at : found[1]], at, found[1])
        return self._unreadable(token, at)

    def _unreadable(self, token: Token | None, at: int) -> UnreadableError:
        row = self._table.states[self._states[-1]]
        listed = frozenset(name for name in row if name in self._table.terminals)
        fitting = frozenset(terminal for terminal in listed if self._takes(terminal))
        return UnreadableError(token, at, listed, fitting)

    def _takes(self, terminal: str) -> bool:
        """Whether a token of this terminal could be put onto the stack (or end the item)."""
        states = self._table.states
        stack = list(self._states)
        while True:
            action = states[stack[-1]].get(terminal)
            if action is None or action >= 0:
                return action is not None
            rule = self._table.rules[~action]
            if rule.size:
                del stack[-rule.size :]
            stack.append(states[stack[-1]][rule.origin])
            if terminal == END and stack[-1] == self._table.end:
                return True


def _children(
    nodes: Sequence[Any], base: int, kept: tuple[int | tuple[int] | None, ...]
) -> list[Any]:
    children: list[Any] = []
    for place in kept:
        if place is None:
            children.append(None)
        elif isinstance(place, int):
            children.append(nodes[base + place])
        elif children:
            children += nodes[base + place[0]]
        else:
            # A repetition's list grows in place: nothing else has a hold of it.
            children = nodes[base + place[0]]
    return children


def _columns(text: str, at: int, after: int) -> int:
    """How far the line after a line's end is indented."""
    indent = text[text.rindex("\n", at, after) + 1 : after]
    return indent.count(" ") + indent.count("\t") * _TAB_COLUMNS
