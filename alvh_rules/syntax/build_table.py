"""Make the parser's table from the grammar: `python -m alvh_rules.syntax.build_table`.

1. Lark reads `grammar/alvh.lark` and works out the LALR(1) states.
2. The states are numbered in order (`_state_rows`); each rule becomes its size, the callback that
   takes it and the children that the callback gets (`_rule_row`).
3. Terminals made of words only become entries under their first word, longest and most binding
   first; the others are listed under each character they can begin with.
4. The table is written beside the grammar, as JSON: reading it runs nothing and trusts nobody, and
   takes a fiftieth of the time that working out the states does.

The table holds a checksum of the grammar it was made from. `table.py` makes it afresh, in memory,
where the grammar has been edited since, and a test says that the one in the repository is current.
This is the only module that needs Lark.
"""

from __future__ import annotations

import json
import sys
from collections import deque
from collections.abc import Iterable
from re import _constants as op
from re import _parser as regex
from typing import Any

from lark import Lark
from lark.grammar import NonTerminal, Rule, Terminal
from lark.lexer import PatternStr, TerminalDef
from lark.parsers.lalr_analysis import Shift

from alvh_rules.core.files import write_text_atomically
from alvh_rules.core.resources import grammar_path, grammar_table_path
from alvh_rules.syntax.table import NAME, VALUES, Json, checksum

_BLANKS = list(regex.parse(r"[ \t]"))
"""What stands between the words of a phrase."""


def build_table(grammar: str) -> Json:
    """The table of a grammar, as `Table` reads it. Raises Lark's errors for a faulty grammar."""
    lark = Lark(grammar, parser="lalr", lexer="contextual", maybe_placeholders=True, start="start")
    parser: Any = lark.parser
    states: Any = parser.parser._parse_table
    terminals = sorted(lark.terminals, key=_binding)
    names = [
        "$END",
        *(terminal.name for terminal in terminals if terminal.name not in lark.ignore_tokens),
        *sorted(_declared(lark) - {terminal.name for terminal in terminals}),
    ]
    origins = sorted({rule.origin.name for rule in lark.rules})
    symbols = {name: number for number, name in enumerate([*names, *origins])}
    rules = {rule: number for number, rule in enumerate(lark.rules)}
    rows, numbers = _state_rows(states.states, states.start_states["start"], symbols, rules)
    return {
        "grammar": checksum(grammar),
        "symbols": [*names, *origins],
        "terminals": len(names),
        "start": 0,
        "end": numbers[states.end_states["start"]],
        "rules": [_rule_row(rule, symbols) for rule in lark.rules],
        "states": rows,
        **_vocabulary([item for item in terminals if item.name not in {*lark.ignore_tokens, NAME}]),
    }


def _vocabulary(terminals: list[TerminalDef]) -> Json:
    """How terminals are told apart in a text: by first word, by first character, by pattern."""
    words: dict[str, list[list[Any]]] = {}
    signs: dict[str, list[str]] = {}
    patterns: dict[str, str] = {}
    literals: dict[str, str] = {}
    for terminal in terminals:
        pattern = terminal.pattern.to_regexp()
        parsed = regex.parse(pattern)
        if isinstance(terminal.pattern, PatternStr):
            literals[terminal.name] = terminal.pattern.value
        phrases = _phrases(parsed)
        for phrase in phrases or ():
            first, *rest = phrase.split(" ")
            words.setdefault(first, []).append([terminal.name, rest])
        if phrases is None:
            patterns[terminal.name] = pattern
            for character in sorted(_first_characters(parsed)[0]):
                signs.setdefault(character, []).append(terminal.name)
    return {"words": words, "signs": signs, "patterns": patterns, "literals": literals}


def _declared(lark: Lark) -> set[str]:
    """The terminals that rules name, those made by the indentation included."""
    return {
        symbol.name
        for rule in lark.rules
        for symbol in rule.expansion
        if isinstance(symbol, Terminal)
    }


def _binding(terminal: TerminalDef) -> tuple[int, int, int, str]:
    """Lark's order: by priority, then the longest match, then the longest pattern."""
    pattern = terminal.pattern
    return (-terminal.priority, -pattern.max_width, -len(pattern.value), terminal.name)


def _state_rows(
    states: dict[int, dict[str, tuple[Any, Any]]],
    start: int,
    symbols: dict[str, int],
    rules: dict[Rule, int],
) -> tuple[list[list[int]], dict[int, int]]:
    """A row for each state, and the row's number by Lark's number of the state.

    A row has symbol and action in turn: a state to go to, or the complement of a rule to reduce.
    Lark's numbers change from run to run; these are in the order in which the states are come to
    from the first, so that the same grammar always gives the same table.
    """
    numbers = {start: 0}
    queue = deque([start])
    rows: list[list[int]] = []
    while queue:
        row: list[int] = []
        actions = states[queue.popleft()]
        for name in sorted(actions, key=symbols.__getitem__):
            action, target = actions[name]
            if action is Shift:
                if target not in numbers:
                    numbers[target] = len(numbers)
                    queue.append(target)
                row += [symbols[name], numbers[target]]
            else:
                row += [symbols[name], ~rules[target]]
        rows.append(row)
    return rows, numbers


def _rule_row(rule: Rule, symbols: dict[str, int]) -> list[Any]:
    """A rule's origin, size, callback and kept children.

    The callback is empty where the rule only gathers children for the rule around it (Lark's `_x`
    and repetitions), and `None` where it hands its one child on (Lark's `?x`). A kept child is a
    place in the rule, in a list of its own where its children are gathered, or `None` for the gap
    that an absent `[…]` leaves.
    """
    gaps = rule.options.empty_indices or (False,) * (len(rule.expansion) + 1)
    kept: list[Any] = []
    place = 0
    # `gaps` has True for each part that is absent, among a False for each that is there.
    for absent in gaps:
        if absent:
            kept.append(None)
            continue
        if place < len(rule.expansion):
            symbol = rule.expansion[place]
            if isinstance(symbol, NonTerminal):
                kept.append([place] if symbol.name.startswith("_") else place)
            elif symbol.name in VALUES:
                kept.append(place)
            place += 1
    callback: str | None = rule.alias or rule.origin.name
    if rule.origin.name.startswith("_"):
        callback = ""
    elif rule.options.expand1 and not rule.alias and len(kept) == 1 and isinstance(kept[0], int):
        callback = None
    return [symbols[rule.origin.name], len(rule.expansion), callback, kept]


def _phrases(parsed: Any) -> list[str] | None:
    """The phrases that a pattern of words matches, in its own order; None for other patterns."""
    try:
        found = _expanded(parsed)
    except _NoWordsError:
        return None
    words = [word for phrase in found for word in phrase.split(" ")]
    return found if all(word.isidentifier() and word.isascii() for word in words) else None


class _NoWordsError(Exception):
    """The pattern matches more than a few words."""


def _expanded(parsed: Any) -> list[str]:
    texts = [""]
    for code, argument in parsed:
        texts = [text + more for text in texts for more in _expanded_part(code, argument)]
    return texts


def _expanded_part(code: Any, argument: Any) -> list[str]:
    if code is op.LITERAL:
        return [chr(argument)]
    if code is op.AT and argument is op.AT_BOUNDARY:
        return [""]
    if code is op.SUBPATTERN:
        return _expanded(argument[-1])
    if code is op.BRANCH:
        return [text for branch in argument[1] for text in _expanded(branch)]
    if code is op.IN and all(inner is op.LITERAL for inner, _ in argument):
        return [chr(character) for _, character in argument]
    if code is op.MAX_REPEAT:
        least, most, inner = argument
        if (least, most) == (0, 1):
            return [*_expanded(inner), ""]
        if least == 1 and list(inner) == _BLANKS:
            return [" "]
    raise _NoWordsError


def _first_characters(parsed: Any) -> tuple[set[str], bool]:
    """What a pattern's match can begin with, and whether it can be empty."""
    found: set[str] = set()
    for code, argument in parsed:
        more, may_be_empty = _first_of_part(code, argument)
        found |= more
        if not may_be_empty:
            return found, False
    return found, True


def _first_of_part(code: Any, argument: Any) -> tuple[set[str], bool]:
    if code is op.LITERAL:
        return {chr(argument)}, False
    if code in (op.AT, op.ASSERT, op.ASSERT_NOT):
        return set(), True
    if code is op.SUBPATTERN:
        return _first_characters(argument[-1])
    if code is op.BRANCH:
        branches = [_first_characters(branch) for branch in argument[1]]
        return set().union(*(first for first, _ in branches)), any(empty for _, empty in branches)
    if code is op.MAX_REPEAT:
        first, may_be_empty = _first_characters(argument[2])
        return first, may_be_empty or argument[0] == 0
    if code is op.IN:
        return {character for inner in argument for character in _characters(*inner)}, False
    raise ValueError(f"a terminal may not begin with {code}")


def _characters(code: Any, argument: Any) -> Iterable[str]:
    if code is op.LITERAL:
        return [chr(argument)]
    if code is op.RANGE:
        return [chr(number) for number in range(argument[0], argument[1] + 1)]
    raise ValueError(f"a terminal may not begin with {code}")


def table_text(table: Json) -> str:
    """The table as it is written: a line a rule and a state, so that a change shows as one."""
    parts = []
    for name, value in table.items():
        if name in ("rules", "states"):
            rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in value)
            parts.append(f'"{name}": [\n{rows}\n]')
        else:
            parts.append(f'"{name}": {json.dumps(value, separators=(",", ":"))}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main() -> int:
    """Write the table of the grammar as it stands."""
    table = build_table(grammar_path().read_text(encoding="utf-8"))
    write_text_atomically(grammar_table_path(), table_text(table))
    print(f"wrote {grammar_table_path()}: {len(table['states']):,} states")
    return 0


if __name__ == "__main__":
    sys.exit(main())
