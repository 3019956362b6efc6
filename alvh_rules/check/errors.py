"""What checking can find wrong: all of the stage's messages, a function each.

Codes: ALV1xx names, ALV2xx kinds and units, ALV3xx tables, ALV4xx time, ALV5xx conditions,
ALV6xx strategy, ALV7xx tests, ALV9xx files.
"""

from __future__ import annotations

from collections.abc import Sequence

from alvh_rules.core.diagnostics import Diagnostic, Edit, Fix, Label, Severity
from alvh_rules.core.source import Span


def _make(
    severity: Severity,
    code: str,
    message: str,
    span: Span,
    help: str = "",
    label: str = "",
    labels: Sequence[Label] = (),
    fix: Fix | None = None,
) -> Diagnostic:
    return Diagnostic(code, severity, message, span, label, tuple(labels), help, fix)


def _error(
    code: str,
    message: str,
    span: Span,
    help: str = "",
    label: str = "",
    labels: Sequence[Label] = (),
    fix: Fix | None = None,
) -> Diagnostic:
    return _make(Severity.ERROR, code, message, span, help, label, labels, fix)


def _warning(
    code: str,
    message: str,
    span: Span,
    help: str = "",
    label: str = "",
    labels: Sequence[Label] = (),
    fix: Fix | None = None,
) -> Diagnostic:
    return _make(Severity.WARNING, code, message, span, help, label, labels, fix)


def _did_you_mean(span: Span, near: str) -> tuple[str, Fix | None]:
    if not near:
        return "", None
    return f"did you mean `{near}`?", Fix(f"write `{near}`", (Edit(span, near),))


# --- names ---------------------------------------------------------------------------------------


def unknown_name(name: str, span: Span, near: str, what: str = "nothing here is") -> Diagnostic:
    """A name that nothing declares."""
    help, fix = _did_you_mean(span, near)
    return _error("ALV101", f"{what} called `{name}`", span, help, "unknown name", fix=fix)


def duplicate_name(what: str, name: str, span: Span, first: Span) -> Diagnostic:
    """Two declarations of one name."""
    return _error(
        "ALV102",
        f"{what} `{name}` is declared twice",
        span,
        "give one of them another name",
        "declared again here",
        [Label(first, "first declared here")],
    )


def taken_name(name: str, span: Span, what: str) -> Diagnostic:
    """A declaration that would hide a word, a function or an attribute."""
    return _error(
        "ALV103", f"`{name}` is {what} and cannot be declared", span, "choose another name"
    )


def cycle(names: Sequence[str], edges: Sequence[tuple[Span, str]]) -> Diagnostic:
    """Names that need one another. `edges` are the uses, in order."""
    path = " → ".join(f"`{name}`" for name in names)
    labels = [Label(span, text) for span, text in edges[1:]]
    return _error(
        "ALV104",
        f"these need one another's value: {path}",
        edges[0][0],
        "a value may depend on an earlier row by `ago(…)` of a data column, not on itself",
        edges[0][1],
        labels,
    )


def unused_name(what: str, name: str, span: Span, removal: Span | None) -> Diagnostic:
    """A declaration nothing reads. `removal` is what takes it out: whether it should be is a guess."""
    fix = Fix(f"take out `{name}`", (Edit(removal, ""),)) if removal else None
    return _warning(
        "ALV105", f"{what} `{name}` is never used", span, "use it, or take it out", fix=fix
    )


def unknown_function(name: str, span: Span, near: str) -> Diagnostic:
    """A call of nothing."""
    help, fix = _did_you_mean(span, near)
    return _error(
        "ALV106",
        f"there is no function called `{name}`",
        span,
        help or "`alvh functions` lists them",
        fix=fix,
    )


def function_without_call(name: str, span: Span, signature: str) -> Diagnostic:
    """A function's name where a value is wanted."""
    return _error(
        "ALV106", f"`{name}` is a function: it needs its arguments", span, f"write `{signature}`"
    )


def unknown_attribute(
    owner: str, name: str, span: Span, known: Sequence[str], near: str
) -> Diagnostic:
    """`short.opne`."""
    help, fix = _did_you_mean(span, f"{owner}.{near}" if near else "")
    listing = ", ".join(f"`{owner}.{item}`" for item in known)
    return _error(
        "ALV107", f"`{owner}` has no `{name}`", span, help or f"it has {listing}", fix=fix
    )


def unknown_calendar(name: str, span: Span, near: str) -> Diagnostic:
    """An event of a calendar that is not declared."""
    help, fix = _did_you_mean(span, near)
    return _error(
        "ALV108",
        f"no calendar `{name}` is declared",
        span,
        help or f"add a line `calendar {name}`",
        fix=fix,
    )


def unknown_label(
    name: str, span: Span, labels: str, words: Sequence[str], near: str
) -> Diagnostic:
    """A label that its set does not have."""
    help, fix = _did_you_mean(span, near)
    return _error(
        "ALV109",
        f"`{name}` is not a label of `{labels}`",
        span,
        help or "it has " + ", ".join(f"`{word}`" for word in words),
        fix=fix,
    )


def unknown_word(
    function: str, shown: str, span: Span, words: Sequence[str], near: str
) -> Diagnostic:
    """`option_price(calls, …)`."""
    help, fix = _did_you_mean(span, near)
    listing = " or ".join(f"`{word}`" for word in words)
    return _error(
        "ALV111",
        f"`{function}` wants a word here, {listing}, not `{shown}`",
        span,
        help or f"write {listing}",
        fix=fix,
    )


def position_name_outside(name: str, span: Span) -> Diagnostic:
    """`profit` where no position is meant."""
    return _error(
        "ALV110",
        f"`{name}` speaks of an open position, and none is meant here",
        span,
        "position names belong in `close when` of a layer",
    )


def position_name_promised(name: str, span: Span, of_layer: str) -> Diagnostic:
    """`always profit >= 0`; `of_layer` is what a layer has of that name, `short.profit`, or nothing."""
    instead = f" or write `{of_layer}`, which is of all that the layer holds;" if of_layer else ""
    return _error(
        "ALV110",
        f"`{name}` speaks of one open position, and nothing can be proved of it: what is open, and at what"
        " price, is no matter of one market",
        span,
        f"keep it to `close when` of a layer;{instead} what is decided, data, and facts such as"
        " `book.drawdown` can be promised, whatever is held",
    )


# --- kinds ---------------------------------------------------------------------------------------


def mismatch(
    verb: str, left: str, right: str, span: Span, left_span: Span, right_span: Span, help: str = ""
) -> Diagnostic:
    """Two kinds that do not go together."""
    return _error(
        "ALV201",
        f"{left} cannot be {verb} {right}",
        span,
        help,
        "",
        [Label(left_span, left), Label(right_span, right)],
    )


def implausible(
    shown: str, meaning: str, span: Span, what: str, suggestion: str, escape: str
) -> Diagnostic:
    """A literal that no level of its kind has."""
    fix = Fix(f"write `{suggestion}`", (Edit(span, suggestion),)) if suggestion else None
    help = f"did you mean `{suggestion}`?" if suggestion else ""
    if escape:
        help += f" (if {shown} is meant, write `{escape}`)"
    return _error(
        "ALV202",
        f"`{shown}` here is {meaning}, which is no likely {what}",
        span,
        help.strip(),
        fix=fix,
    )


def argument_count(name: str, signature: str, given: int, wanted: str, span: Span) -> Diagnostic:
    """Too many or too few arguments."""
    return _error(
        "ALV203", f"`{name}` takes {wanted}, not {given}", span, f"its form is `{signature}`"
    )


def wrong_argument(
    name: str, parameter: str, wanted: str, got: str, span: Span, doc: str
) -> Diagnostic:
    """An argument of a kind the function does not take."""
    return _error("ALV204", f"`{name}` wants {wanted} for `{parameter}`, not {got}", span, doc)


def wants_condition(got: str, span: Span) -> Diagnostic:
    """A number where a yes/no is wanted."""
    return _error(
        "ALV205",
        f"a condition is wanted here, not {got}",
        span,
        "compare it: `… > 5%`, for example",
    )


def never_moves(name: str, span: Span) -> Diagnostic:
    """`as NAME rises` of something that no market moves."""
    return _error(
        "ALV612",
        f"`{name}` is the same in every market, so it neither rises nor falls",
        span,
        "name a data column, a `let`, a table or a target that is a number",
    )


def wants_number(got: str, span: Span) -> Diagnostic:
    """A yes/no where a number is wanted."""
    return _error("ALV206", f"a number is wanted here, not {got}", span)


def wrong_unit(shown: str, kind: str, span: Span, help: str) -> Diagnostic:
    """`5 sessions` where a volatility is wanted."""
    return _error("ALV207", f"`{shown}` cannot be {kind}", span, help)


def calendar_has_no_value(name: str, span: Span) -> Diagnostic:
    """`not fomc`, of a calendar."""
    return _error(
        "ALV213",
        f"`{name}` is a calendar, and has no value of its own",
        span,
        f"ask for its dates: `days_until({name}) is 0 days`, for example, on the day itself",
    )


def divided_by_zero(span: Span) -> Diagnostic:
    """`vix / 0`."""
    return _error(
        "ALV214",
        "this divides by zero, and so is never known",
        span,
        "what was it to be divided by?",
    )


def column_has_no_parts(name: str, span: Span) -> Diagnostic:
    """`spx.close`, of a column."""
    return _error(
        "ALV101",
        f"no layer here is called `{name}`: it is a column, and has no parts",
        span,
        f"write `{name}`; another column of the file is declared under `data`, by `from`",
    )


def curve_has_no_value(name: str, span: Span) -> Diagnostic:
    """`vx > 20`, of a futures curve."""
    return _error(
        "ALV213",
        f"`{name}` is a futures curve, and has no single value",
        span,
        f"take one from it: `constant_maturity({name}, 30 days)`, for example",
    )


def wants_constant(what: str, span: Span, reason: str, near: str = "") -> Diagnostic:
    """A value that must be known before any data is read; `near` is what was probably meant."""
    help, fix = _did_you_mean(span, near)
    message = f"{what} must be a number known before any data is read"
    return _error("ALV208", message, span, help or reason, fix=fix)


def unknown_kind(name: str, span: Span, near: str, known: Sequence[str]) -> Diagnostic:
    """`vix volatilty`."""
    help, fix = _did_you_mean(span, near)
    return _error(
        "ALV209",
        f"`{name}` is no kind of data",
        span,
        help or "the kinds are " + ", ".join(known),
        fix=fix,
    )


def param_range(name: str, span: Span, problem: str) -> Diagnostic:
    """A param outside its range, or a range that walks nowhere."""
    return _error("ALV210", f"param `{name}` {problem}", span)


def param_two_kinds(name: str, span: Span, now: str, before: str, first: Span) -> Diagnostic:
    """A param used as two kinds."""
    return _error(
        "ALV211",
        f"param `{name}` is used as {now} here, and as {before} elsewhere",
        span,
        "a param has one kind: make two of it",
        "",
        [Label(first, f"here it is {before}")],
    )


def wrong_literal(message: str, span: Span, help: str = "") -> Diagnostic:
    """A literal that says nothing sensible in its place."""
    return _error("ALV212", message, span, help)


# --- tables --------------------------------------------------------------------------------------


def table_gap(table: str, where: str, span: Span, labels: Sequence[Label], help: str) -> Diagnostic:
    """Points that no band takes in."""
    return _error("ALV301", f"no band of `{table}` takes in {where}", span, help, "", labels)


def table_overlap(table: str, where: str, span: Span, other: Span) -> Diagnostic:
    """Points that two bands take in."""
    return _error(
        "ALV302",
        f"two bands of `{table}` take in {where}",
        span,
        "`a to b` takes in a and leaves out b; `up to` takes in its end, `over` leaves it out",
        "this band and",
        [Label(other, "this one")],
    )


def table_dead_row(table: str, span: Span, why: str, labels: Sequence[Label] = ()) -> Diagnostic:
    """A row that no value can reach."""
    return _error("ALV303", f"this row of `{table}` can never answer: {why}", span, "", "", labels)


def table_form(table: str, span: Span, problem: str, help: str = "") -> Diagnostic:
    """A row or header that does not suit its table."""
    return _error("ALV304", f"in table `{table}`, {problem}", span, help)


def table_missing_label(table: str, words: Sequence[str], span: Span) -> Diagnostic:
    """A label with no row."""
    listing = ", ".join(f"`{word}`" for word in words)
    return _error(
        "ALV305", f"table `{table}` has no row for {listing}", span, f"add a row for {listing}"
    )


def edge_on_ratio(table: str, span: Span, exact: str) -> Diagnostic:
    """A band's edge on a quotient less one, which floating point moves by a hair."""
    return _make(
        Severity.ADVICE,
        "ALV310",
        f"the edges of `{table}` stand on a quotient minus a number: on an edge itself, rounding decides",
        span,
        exact,
    )


# --- time ----------------------------------------------------------------------------------------


def look_ahead(what: str, span: Span, help: str) -> Diagnostic:
    """A value that is not known yet."""
    return _error(
        "ALV401", f"{what} looks ahead: it is not known on the row that would use it", span, help
    )


def look_back_too_long(rows: int, most: int, span: Span) -> Diagnostic:
    """More history than any market has."""
    return _error(
        "ALV402",
        f"this looks back {rows:,} rows; the most is {most:,}",
        span,
        "a year has 252 sessions",
    )


def window_form(what: str, span: Span, help: str = "") -> Diagnostic:
    """A window that is not a whole, positive number."""
    return _error("ALV403", what, span, help)


# --- conditions ----------------------------------------------------------------------------------


def always_true(text: str, why: str, span: Span) -> Diagnostic:
    """A clause that decides nothing."""
    return _warning(
        "ALV501", f"`{text}` is always true", span, why or "it decides nothing: take it out"
    )


def always_false(text: str, why: str, span: Span) -> Diagnostic:
    """A clause that can never hold."""
    return _warning("ALV502", f"`{text}` is never true", span, why)


def contradiction(span: Span, other: Span, text: str, text_other: str) -> Diagnostic:
    """Two clauses of one `and` that exclude each other."""
    return _error(
        "ALV503",
        f"`{text}` and `{text_other}` can never hold together",
        span,
        "so the whole never holds",
        "this clause and",
        [Label(other, "this one exclude each other")],
    )


def repeated_clause(text: str, span: Span, first: Span, removal: Span | None) -> Diagnostic:
    """The same clause twice. Taking one out is safe: in Kleene's logic `a and a` is `a`, as in any."""
    fix = Fix("take out the second", (Edit(removal, ""),), safe=True) if removal else None
    return _warning(
        "ALV504",
        f"`{text}` is said twice",
        span,
        "",
        "again here",
        [Label(first, "first here")],
        fix,
    )


# --- strategy ------------------------------------------------------------------------------------


def missing_clause(what: str, clause: str, span: Span, help: str) -> Diagnostic:
    """A part that is needed."""
    return _error("ALV601", f"{what} has no {clause}", span, help)


def repeated_part(what: str, clause: str, span: Span, first: Span) -> Diagnostic:
    """A part said twice."""
    return _error(
        "ALV602",
        f"{what} has two `{clause}`",
        span,
        "keep one",
        "again here",
        [Label(first, "first here")],
    )


def reversed_range(what: str, low: str, high: str, span: Span, turned: str = "") -> Diagnostic:
    """`21 to 7 days`; `turned` is the range the other way round."""
    return _error(
        "ALV603",
        f"{what} runs from {low} to {high}, which holds nothing",
        span,
        f"write `{turned or f'{high} to {low}'}`",
    )


def nearest_outside(what: str, span: Span) -> Diagnostic:
    """A preferred value outside its range."""
    return _error("ALV604", f"the nearest {what} asked for lies outside its own range", span)


def impossible_choice(message: str, span: Span, help: str = "") -> Diagnostic:
    """A selection no market can offer."""
    return _error("ALV605", message, span, help)


def names_nothing(what: str, name: str, span: Span, near: str, known: Sequence[str]) -> Diagnostic:
    """An effect, limit or reallocation of something that does not exist."""
    help, fix = _did_you_mean(span, near)
    if not help and known:
        help = "there is " + ", ".join(f"`{item}`" for item in known)
    return _error(
        "ALV606",
        f"{what} names `{name}`, which is no layer or weight of this ruleset",
        span,
        help,
        fix=fix,
    )


def limit_form(message: str, span: Span, help: str) -> Diagnostic:
    """A limit that cannot be enforced as written."""
    return _error("ALV607", message, span, help)


def unlikely_factor(shown: str, span: Span, suggestion: str) -> Diagnostic:
    """`x 50` for `x 50%`."""
    fix = Fix(f"write `{suggestion}`", (Edit(span, suggestion),))
    return _error(
        "ALV608", f"`{shown}` multiplies by {shown}", span, f"did you mean `{suggestion}`?", fix=fix
    )


def credit_of_a_debit(span: Span, structure: str) -> Diagnostic:
    """`credit` in a layer that pays to open."""
    return _error(
        "ALV609", f"`credit` has no meaning for {structure}: it is opened for a debit", span
    )


# --- tests ---------------------------------------------------------------------------------------


def test_expects_nothing(name: str, span: Span) -> Diagnostic:
    """A test that cannot fail."""
    return _error(
        "ALV701",
        f'test "{name}" expects nothing',
        span,
        "add `expect` with the decisions that should follow",
    )


def test_gives_nothing(name: str, span: Span) -> Diagnostic:
    """A test of no market."""
    return _error(
        "ALV702", f'test "{name}" gives no values', span, 'add `given`, or `on DATE of "FILE"`'
    )


def case_width(wanted: int, got: int, span: Span) -> Diagnostic:
    """A case with too many or too few cells."""
    return _error("ALV703", f"this row has {got} values where the header has {wanted}", span)


# --- files and header ----------------------------------------------------------------------------


def header_missing(span: Span) -> Diagnostic:
    """No `ruleset` line."""
    return _error(
        "ALV610", "the ruleset has no header", span, "begin with `ruleset NAME version 1.0.0`"
    )


def header_problem(message: str, span: Span, help: str = "") -> Diagnostic:
    """A header line that cannot be followed."""
    return _error("ALV611", message, span, help)


def use_outside(path: str, span: Span) -> Diagnostic:
    """A path that leaves the ruleset's folder."""
    return _error(
        "ALV910",
        f"`{path}` lies outside the ruleset's folder",
        span,
        "a ruleset may only use .alvh files beside or below it",
    )


def use_unreadable(path: str, span: Span, reason: str) -> Diagnostic:
    """A file that cannot be brought in."""
    return _error("ALV911", f"`{path}` cannot be used: {reason}", span)


def use_cycle(path: str, span: Span) -> Diagnostic:
    """Files that use one another."""
    return _error(
        "ALV912", f"`{path}` uses this file in turn", span, "move what both need to a third file"
    )


def not_for_used_file(what: str, span: Span) -> Diagnostic:
    """A header or decision in a file that is used."""
    return _error(
        "ALV913",
        f"a used file cannot hold {what}",
        span,
        "it may declare names: let, table, param, labels, data, calendar, signal",
    )


def needs_newer(wanted: str, have: str, span: Span) -> Diagnostic:
    """`requires alvh >= 9.0`."""
    return _error(
        "ALV112",
        f"this ruleset needs alvh {wanted} or later; this is {have}",
        span,
        "install a later alvh-rules, or lower what the ruleset asks for",
    )
