"""From expressions back to text, in the canonical form.

The tree keeps no parentheses: they are printed where precedence asks for them and nowhere else.
Each kind of expression has the level of the grammar rule that reads it (`alvh.lark`, from
`expression` down to `atom`); one that stands where a tighter level is wanted gets parentheses.
"""

from __future__ import annotations

import re

from alvh_rules.syntax import ast
from alvh_rules.syntax.words import UNITS

EXPRESSION, DISJUNCTION, CONJUNCTION, NEGATION, COMPARISON, SUM, PRODUCT, UNARY, OF, ATOM = range(
    10
)

_SINGULAR = {plural: singular for singular, plural in UNITS.items()}
_LEVELS = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "of": OF}
_TOKENS = re.compile(r'"[^"]*"|[()]| ')


def number_text(number: ast.Number) -> str:
    """A number with its unit: `5%`, `$1,000,000`, `1 day`, `20 sessions`."""
    if number.unit == "%":
        return f"{number.text}%"
    if number.unit == "$":
        whole, point, fraction = number.text.partition(".")
        # The digits are grouped as text: a conversion would drop leading zeros.
        first = len(whole) % 3 or 3
        groups = [whole[:first]] + [whole[at : at + 3] for at in range(first, len(whole), 3)]
        return f"${','.join(groups)}{point}{fraction}"
    if not number.unit:
        return number.text
    unit = _SINGULAR[number.unit] if number.text == "1" else number.unit
    return f"{number.text} {unit}"


def expression_text(node: ast.Expression, level: int = EXPRESSION) -> str:
    """An expression on one line, for a place that takes this level or a tighter one."""
    own, text = _text(node)
    return f"({text})" if own < level else text


def _text(node: ast.Expression) -> tuple[int, str]:
    """The level of an expression and its text."""
    match node:
        case ast.Arithmetic(operator=operator, left=left, right=right):
            # `+` to `/` are read from the left, `of` from the right.
            own = _LEVELS[operator]
            sides = (ATOM, OF) if operator == "of" else (own, own + 1)
            left_text = expression_text(left, sides[0])
            return own, f"{left_text} {operator} {expression_text(right, sides[1])}"
        case ast.Negative(operand=operand):
            return UNARY, f"-{expression_text(operand, UNARY)}"
        case ast.Comparison(operator=operator, left=left, right=right):
            return COMPARISON, (
                f"{expression_text(left, SUM)} {operator} {expression_text(right, SUM)}"
            )
        case ast.Between(value=value, low=low, high=high):
            between = [expression_text(item, SUM) for item in (value, low, high)]
            return COMPARISON, f"{between[0]} between {between[1]} and {between[2]}"
        case ast.Is(value=value, other=other, negated=negated):
            word = "is not" if negated else "is"
            return COMPARISON, f"{expression_text(value, SUM)} {word} {expression_text(other, SUM)}"
        case ast.Lasting(condition=condition, count=count):
            held = expression_text(condition, COMPARISON)
            return COMPARISON, f"{held} for {expression_text(count, ATOM)}"
        case ast.Not(operand=operand):
            return NEGATION, f"not {expression_text(operand, NEGATION)}"
        case ast.Logical(operator=operator, items=items):
            own = CONJUNCTION if operator == "and" else DISJUNCTION
            return own, f" {operator} ".join(expression_text(item, own + 1) for item in items)
        case ast.Conditional(condition=condition, then=then, otherwise=otherwise):
            return EXPRESSION, (
                f"if {expression_text(condition)} then {expression_text(then)}"
                f" else {expression_text(otherwise)}"
            )
        case _:
            return ATOM, _atom_text(node)


def _atom_text(node: ast.Expression) -> str:
    match node:
        case ast.Number():
            return number_text(node)
        case ast.Word(name=name):
            return name
        case ast.Attribute(owner=owner, name=name):
            return f"{owner}.{name}"
        case ast.Text(value=value):
            return f'"{value}"'
        case ast.Date(text=text):
            return text
        case ast.Truth(value=value):
            return "true" if value else "false"
        case ast.Call(function=function, arguments=arguments):
            return f"{function.name}({', '.join(expression_text(item) for item in arguments)})"
        case _:
            return "missing"


def band_text(band: ast.Band) -> str:
    """A band as its row begins: `below -5%`, `0% to 5%`, `missing`."""
    low = "" if band.low is None else expression_text(band.low)
    high = "" if band.high is None else expression_text(band.high)
    return {
        "below": f"below {high}",
        "to": f"{low} to {high}",
        "or_more": f"{low} or more",
        "up_to": f"up to {high}",
        "over": f"over {low}",
        "over_up_to": f"over {low} up to {high}",
        "at": f"at {low}",
        "word": low,
        "missing": "missing",
    }[band.form]


def choice_text(choice: ast.Choice) -> str:
    """A choice of expiry, strike or month."""
    match choice:
        case ast.Expiring(cycle=cycle) if cycle:
            return f"expiring next {cycle}"
        case ast.Expiring(low=low, second=second) if second is not None:
            assert low is not None
            return f"expiring {expression_text(low)} and {expression_text(second)}"
        case ast.Expiring(low=low, high=high, nearest=nearest):
            assert low is not None
            return f"expiring {_range_text(low, high, nearest)}"
        case ast.Selection(measure=measure, low=low, high=high, nearest=nearest):
            words: str = "at delta" if measure == "delta" else measure
            return f"{words} {_range_text(low, high, nearest)}"
        case ast.AtTheMoney(side=side):
            return f"at the money or {side}" if side else "at the money"
        case ast.AtStrike(strike=strike):
            return f"at {expression_text(strike, OF)}"
        case ast.Offset(distance=distance, side=side, leg=leg):
            return f"{expression_text(distance)} {side} the {leg}"
        case ast.Months(low=low, high=high, rolling=rolling):
            words = ("rolling " if rolling else "") + ("month" if high is None else "months")
            return f"{words} {_range_text(low, high, None)}"
        case ast.ConstantMaturity(days=days):
            return f"constant maturity {expression_text(days)}"


def _range_text(
    low: ast.Expression, high: ast.Expression | None, nearest: ast.Expression | None
) -> str:
    text = expression_text(low, SUM)
    if high is not None:
        text += f" to {expression_text(high, SUM)}"
    if nearest is not None:
        text += f", nearest {expression_text(nearest, SUM)}"
    return text


def structure_text(structure: ast.Structure, choices: tuple[ast.Choice, ...]) -> str:
    """A structure with those of its choices that stand on its own line."""
    if structure.shape == "nothing":
        return "nothing"
    shape: str = structure.right if structure.shape == "option" else structure.shape
    if structure.right and structure.shape != "option":
        shape = f"{structure.right} {shape}"
    if structure.side:
        head = f"{structure.side} {shape} on {structure.underlying}"
    else:
        head = f"{structure.underlying} {shape}"
    return " ".join([head, *(choice_text(choice) for choice in choices)])


def break_line(text: str, indent: int, width: int) -> list[str]:
    """A line in pieces of at most `width` columns, as far as its brackets allow.

    A line may go on below only inside brackets, so the breaks are spaces inside brackets, each as
    far right as fits. A line without such a space stays long.
    """
    pieces: list[str] = []
    start = depth = 0
    last: int | None = None
    room = width - indent
    for token in _TOKENS.finditer(text):
        if token.start() - start > room and last is not None:
            pieces.append(text[start:last])
            start, last = last + 1, None
            room = width - indent - 4
        if token[0] == "(":
            depth += 1
        elif token[0] == ")":
            depth -= 1
        elif token[0] == " " and depth > 0:
            last = token.start()
    if len(text) - start > room and last is not None:
        pieces.append(text[start:last])
        start = last + 1
    return [*pieces, text[start:]]
