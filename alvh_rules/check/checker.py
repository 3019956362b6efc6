"""Check a parsed ruleset: the list of passes.

1. Gather items from the file and those it uses; declare names.
2. Declare the types of the decisions; order names by their dependence, reporting cycles.
3. Elaborate each name in that order; then regimes, events, layers, hedge, limits, properties, tests.
4. Settle the params, order all values, look for what is never used and what can never change.
"""

from __future__ import annotations

from pathlib import Path

from alvh_rules.check import checked as c
from alvh_rules.check import cover_tables, declare, errors, order_names
from alvh_rules.check.conditions import check_conditions
from alvh_rules.check.decide import Decider
from alvh_rules.check.infer_kinds import Elaborator, name_of_set
from alvh_rules.check.measures import measure, measure_structure
from alvh_rules.check.removal import of_declarations
from alvh_rules.check.scope import Scope
from alvh_rules.check.tests import check_tests
from alvh_rules.core.diagnostics import Diagnostic, in_order
from alvh_rules.core.kinds import NUMERIC, Kind, Type
from alvh_rules.core.schema import Schema
from alvh_rules.core.source import Source, Span
from alvh_rules.core.version import VERSION
from alvh_rules.syntax import ast
from alvh_rules.syntax.parse import Parsed
from alvh_rules.syntax.walk import walk


def check(
    source: Source, parsed: Parsed, root: Path | None = None, scope: Scope | None = None
) -> tuple[c.CheckedRuleset | None, list[Diagnostic], dict[str, Source]]:
    """The checked ruleset (None where an error was found), the findings, and the sources read.

    `scope`, an empty one, is filled for a caller that asks what is known where errors stand.
    """
    scope = scope or Scope()
    scope.sources[source.path] = source
    scope.lost |= parsed.lost
    scope.found.extend(parsed.diagnostics)
    items = declare.gather(scope, parsed.file, root)
    header = declare.read_header(scope, items, parsed.file.span)
    declare.Declarations(scope).fill(items)
    work = Elaborator(scope)
    capital, risk = _money(scope, work, header)
    moves = [item for item in items if isinstance(item, ast.Reallocate)]
    scope.reallocated = frozenset(word.name for item in moves for word in item.layers)
    decider = Decider(scope)
    decider.declare()
    for name, column in scope.columns.items():
        held = Type(column.kind, name_of_set(scope, column.labels))
        decider.put(name, c.Column(name, held, scope.column_spans[name]), c.Role.COLUMN)
    _named(scope, work, decider)
    decider.regimes()
    decider.events()
    layers = decider.layers()
    hedge = decider.hedge()
    limits = decider.limits([item for item in items if isinstance(item, ast.Limit)])
    decider.finish()
    promise = Elaborator(scope, promise=True)
    always = _always(scope, promise, decider, items)
    monotone = _monotone(scope, promise, items)
    assumed = [promise.condition(item.condition) for item in items if isinstance(item, ast.Assume)]
    _others(scope, work, items)
    cash = _cash(scope, header)
    fee, slippage = _costs(scope, work, header)
    params = _params(scope, decider)
    tests = check_tests(scope, items)
    if not any(item.is_error for item in parsed.diagnostics):
        # What a line that could not be read would have used is not known.
        _unused(scope, items)
    values = _ordered(scope)
    check_conditions(scope, values, layers)
    found = in_order(scope.found)
    if header is None or any(item.is_error for item in found):
        return None, found, scope.sources
    settings = {type(item): item for item in header.settings}
    fill, contracts = settings.get(ast.Fill), settings.get(ast.Contracts)
    ruleset = c.CheckedRuleset(
        name=header.name.name,
        version=header.version,
        description=header.description,
        capital=capital,
        risk=risk,
        fill=fill.when if isinstance(fill, ast.Fill) else "next close",
        fractional=isinstance(contracts, ast.Contracts) and contracts.fractional,
        schema=Schema(scope.bars, tuple(scope.columns.values()), tuple(scope.calendars)),
        values=values,
        roles=dict(scope.roles),
        labels=dict(scope.label_sets),
        params=params,
        layers=layers,
        hedge=hedge,
        holdings=tuple(item for item in items if isinstance(item, ast.Holding)),
        reallocate=moves[0] if moves else None,
        limits=limits,
        always=always,
        monotone=monotone,
        assumptions=tuple(item for item in assumed if item is not None),
        tests=tests,
        outputs=_outputs(scope),
        sources=scope.sources,
        cash_earns=cash,
        fee=fee,
        slippage=slippage,
        measures=dict(scope.measures),
    )
    return ruleset, found, scope.sources


def _money(scope: Scope, work: Elaborator, header: ast.Header | None) -> tuple[float, float]:
    capital, risk = 1_000_000.0, 0.10
    for setting in header.settings if header else ():
        if isinstance(setting, ast.Capital):
            amount = work.expecting(setting.amount, Type(Kind.MONEY))
            if isinstance(amount, c.Constant):
                capital = float(amount.value)
                if capital <= 0:
                    scope.report(
                        errors.header_problem("capital is more than nothing", setting.span)
                    )
        elif isinstance(setting, ast.Risk):
            share = setting.share
            if isinstance(share, ast.Arithmetic) and share.operator == "of":
                share = share.left
            value = work.expecting(share, c.RATIO, level=True)
            if isinstance(value, c.Constant):
                risk = float(value.value)
                if not 0 < risk <= 1:
                    scope.report(
                        errors.header_problem(
                            "risk lies between 0% and 100% of equity", setting.span
                        )
                    )
        elif isinstance(setting, ast.Requires) and _parts(setting.version) > _parts(VERSION):
            scope.report(errors.needs_newer(setting.version, VERSION, setting.span))
    scope.capital = capital
    return capital, risk


def _costs(
    scope: Scope, work: Elaborator, header: ast.Header | None
) -> tuple[float | None, float | None]:
    """The fee (dollars a contract and leg) and the slippage (a share of the half-spread), None where
    the ruleset does not say."""
    fee = slippage = None
    for setting in header.settings if header else ():
        if isinstance(setting, ast.Fee):
            amount = work.expecting(setting.amount, Type(Kind.MONEY))
            if isinstance(amount, c.Constant):
                fee = float(amount.value)
                if not 0 <= fee <= 1_000:
                    scope.report(
                        errors.header_problem(
                            "a fee lies between $0 and $1,000 a contract", setting.span
                        )
                    )
        elif isinstance(setting, ast.Slippage):
            share = work.expecting(setting.share, c.RATIO, level=True)
            if isinstance(share, c.Constant):
                slippage = float(share.value)
                if not 0 <= slippage <= 10:
                    scope.report(
                        errors.header_problem(
                            "slippage is a share of the half-spread, from 0% to 1,000%",
                            setting.span,
                        )
                    )
    return fee, slippage


def _cash(scope: Scope, header: ast.Header | None) -> str:
    """The column that cash earns, or nothing."""
    for setting in header.settings if header else ():
        if isinstance(setting, ast.CashEarns):
            name = setting.column.name
            scope.used.add(name)
            column = scope.columns.get(name)
            if column is not None and column.kind is Kind.RATE:
                return name
            if name in scope.lost or name in scope.broken:
                return ""
            rates = [key for key, item in scope.columns.items() if item.kind is Kind.RATE]
            shown = ", ".join(f"`{rate}`" for rate in rates)
            scope.report(
                errors.header_problem(
                    f"cash earns a data column of kind rate, and `{name}` is none",
                    setting.column.span,
                    f"columns of rates: {shown}"
                    if rates
                    else 'declare `tbill rate from "tbill_3m"`',
                )
            )
    return ""


def _parts(version: str) -> tuple[int, ...]:
    """A version's numbers, to compare; `1.2` is as `1.2.0`."""
    numbers = [int(part) for part in version.split(".") if part.isdigit()]
    return (*numbers, 0, 0, 0)[:3]


def _named(scope: Scope, work: Elaborator, decider: Decider) -> None:
    uses = {}
    for name, node in scope.named.items():
        uses[name] = [
            (part.name, part.span)
            for part in walk(node)
            if isinstance(part, ast.Word) and part.name in scope.named and part is not node.name
        ]

    def on_cycle(names: list[str], spans: list[Span]) -> None:
        scope.broken.update(names)
        edges = [
            (span, f"`{user}` needs `{used}`")
            for span, user, used in zip(spans, names, names[1:], strict=False)
        ]
        scope.report(errors.cycle(names, edges))

    for name in order_names.in_order(uses, on_cycle):
        node = scope.named[name]
        if name in scope.broken:
            continue
        role = c.Role(type(node).__name__.lower())
        value: c.Expression | None
        match node:
            case ast.Let():
                # An alias of an alias is a value like any other, so that none is followed far.
                words = any(isinstance(part, ast.Word) for part in walk(node.value))
                if work.is_bare(node.value) and not words:
                    scope.aliases.add(name)
                    continue
                value = work.infer(node.value)
            case ast.Target():
                value = work.infer(node.value)
            case ast.Table():
                value = cover_tables.table(work, node)
            case ast.Signal():
                value = _signal(work, node)
        if value is None:
            scope.broken.add(name)
        else:
            decider.put(name, value, role)


def _signal(work: Elaborator, node: ast.Signal) -> c.Expression | None:
    if node.when is not None:
        return work.condition(node.when)
    assert node.begin is not None
    assert node.end is not None
    begin, end = work.condition(node.begin), work.condition(node.end)
    if begin is None or end is None:
        return None
    return c.Latch(begin, end, c.FLAG, node.span)


def _always(
    scope: Scope, work: Elaborator, decider: Decider, items: list[ast.Item]
) -> tuple[c.Always, ...]:
    made: list[c.Always] = []
    for item in items:
        if not isinstance(item, ast.Always):
            continue
        condition = work.condition(item.condition)
        when = work.condition(item.when) if item.when is not None else None
        if condition is None or (item.when is not None and when is None):
            continue
        if when is not None:
            unless = c.Not(when, c.FLAG, when.span)
            condition = c.Logical("or", (unless, condition), c.FLAG, item.span)
        name = f"always.{len(made) + 1}"
        decider.put(name, condition, c.Role.ALWAYS)
        made.append(c.Always(name, scope.shown(item.span), item.span))
    return tuple(made)


def _monotone(scope: Scope, work: Elaborator, items: list[ast.Item]) -> tuple[c.Monotone, ...]:
    """`always … never rises as … rises`: a number, and the name that it follows."""
    made: list[c.Monotone] = []
    for item in items:
        if not isinstance(item, ast.Monotone):
            continue
        value = work.infer(item.value)
        if value is not None and value.type.kind not in NUMERIC:
            scope.report(errors.wants_number(value.type.describe(), item.value.span))
            value = None
        when = work.condition(item.when) if item.when is not None else None
        if item.subject.name in scope.params or item.subject.name in scope.aliases:
            scope.used.add(item.subject.name)
            scope.report(errors.never_moves(item.subject.name, item.subject.span))
            continue
        subject = work.infer(item.subject)
        if subject is not None and not isinstance(subject, c.Reference):
            scope.report(errors.never_moves(item.subject.name, item.subject.span))
            continue
        if subject is not None and subject.type.kind not in NUMERIC:
            scope.report(errors.wants_number(subject.type.describe(), item.subject.span))
            continue
        if value is None or subject is None or (item.when is not None and when is None):
            continue
        falling = (item.never == "rises") == (item.turn == "rises")
        text = scope.shown(item.span)
        made.append(c.Monotone(text, value, item.subject.name, falling, when, item.span))
    return tuple(made)


def _others(scope: Scope, work: Elaborator, items: list[ast.Item]) -> None:
    """Reallocation and standing positions: checked here, executed with positions."""
    from alvh_rules.check.choices import check_structure

    for item in items:
        if isinstance(item, ast.Holding):
            check_structure(scope, item.structure, False)
            measure_structure(work, item.structure)
            if item.weight is not None:
                measure(work, item.weight, c.RATIO, level=True)
        elif isinstance(item, ast.Reallocate):
            for name in item.layers:
                scope.used.add(name.name)
                if name.name not in scope.layers and name.name not in scope.lost:
                    scope.report(
                        errors.names_nothing(
                            "`reallocate`", name.name, name.span, "", list(scope.layers)
                        )
                    )
            if item.step is not None:
                measure(work, item.step, c.RATIO, level=True)


def _params(scope: Scope, decider: Decider) -> tuple[c.Param, ...]:
    work = decider.work
    made = []
    for name, state in scope.params.items():
        row = state.row
        # One that nothing uses is of the kind it says itself; that it is unused is said elsewhere.
        used = state.type is not None
        type = state.type or work.own_type(row.value)
        state.type = type
        value = (
            work.adapt(row.value, type, level=used)
            if work.is_bare(row.value)
            else work.expecting(row.value, type)
        )
        if value is None:
            scope.broken.add(name)
            continue
        numbers = [work.constant_value(value)]
        for part in (row.low, row.high, row.step):
            found = None if part is None else work.expecting(part, type)
            numbers.append(None if found is None else work.constant_value(found))
        now, low, high, step = numbers
        if now is None:
            scope.report(errors.wants_constant(f"param `{name}`", row.value.span, "write a number"))
            continue
        if low is not None and high is not None:
            if low > high:
                scope.report(
                    errors.param_range(name, row.span, "has a range that ends before it begins")
                )
            elif not low <= now <= high:
                scope.report(errors.param_range(name, row.span, "lies outside its own range"))
        if step is not None and step <= 0:
            scope.report(errors.param_range(name, row.span, "has a step that goes nowhere"))
        plain = c.Constant(now, type, row.value.span)
        decider.put(name, decider.swapped(name, plain), c.Role.PARAM)
        made.append(c.Param(name, now, low, high, step, type, row.span))
    return tuple(made)


def _unused(scope: Scope, items: list[ast.Item]) -> None:
    hidden = scope.used | scope.broken | scope.lost
    unused: list[tuple[str, str, Span]] = []
    for name, column in scope.columns.items():
        if name not in hidden and not column.optional:
            unused.append(("data column", name, scope.column_spans[name]))
    for name, state in scope.params.items():
        if name not in hidden:
            unused.append(("param", name, state.row.name.span))
    for name, node in scope.named.items():
        if name not in hidden and isinstance(node, (ast.Let, ast.Table)):
            unused.append((type(node).__name__.lower(), name, node.name.span))
    for name, span in scope.calendars.items():
        if name not in hidden:
            unused.append(("calendar", name, span))
    removals = of_declarations(items, scope.sources) if unused else {}
    for what, name, span in unused:
        scope.report(errors.unused_name(what, name, span, removals.get(span)))


def _ordered(scope: Scope) -> dict[str, c.Expression]:
    """All values, each after those it refers to."""
    uses = {}
    for name, value in scope.values.items():
        found = []
        stack = [value]
        while stack:
            node = stack.pop()
            if isinstance(node, c.Reference):
                found.append((node.name, node.span))
            stack.extend(c.operands(node))
        uses[name] = found

    def on_cycle(names: list[str], spans: list[Span]) -> None:
        plain = [name.split("@")[0] for name in names]
        edges = [(span, "needed here") for span in spans if span.file]
        if edges:
            scope.report(errors.cycle(list(dict.fromkeys(plain)) + plain[:1], edges))

    return {name: scope.values[name] for name in order_names.in_order(uses, on_cycle)}


def _outputs(scope: Scope) -> tuple[str, ...]:
    names = [name for name in scope.decisions if name in scope.values]
    names += [name for name, role in scope.roles.items() if role is c.Role.REGIME]
    shown = (c.Role.SIGNAL, c.Role.TARGET)
    names += [name for name in scope.named if scope.roles.get(name) in shown]
    return tuple(names)
