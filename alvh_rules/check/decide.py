"""Layers, hedge, regimes, events and limits as expressions.

The order of the language's document: base weight, the first regime that matches, events (a rule
counts once a session, factors multiply), limits as written. Each stage of a weight is a value of
its own (`short.weight@1`), so that an explanation can show it and nothing is computed twice. A
decided weight or ratio is rounded to 12 decimals: 150% times 120% is 180%, not a hair less.
"""

from __future__ import annotations

from alvh_rules.check import checked as c
from alvh_rules.check import errors
from alvh_rules.check.choices import check_structure
from alvh_rules.check.cover_tables import axis
from alvh_rules.check.infer_kinds import Elaborator
from alvh_rules.check.measures import measure, measure_structure
from alvh_rules.check.scope import Scope
from alvh_rules.core.kinds import Kind, Type
from alvh_rules.core.kleene import FALSE
from alvh_rules.core.source import Span
from alvh_rules.syntax import ast

_CHOICES = (
    ast.Expiring,
    ast.Selection,
    ast.AtTheMoney,
    ast.AtStrike,
    ast.Months,
    ast.ConstantMaturity,
)
_ONCE = {
    ast.Weight: "weight",
    ast.Size: "size",
    ast.AtMost: "at most",
    ast.Every: "every",
    ast.OpenWhen: "open when",
    ast.CloseWhen: "close when",
    ast.HoldToExpiry: "hold to expiry",
    ast.Structure: "structure",
    ast.Legs: "structure",
    ast.HedgeRatio: "ratio",
    ast.HoldBy: "hold",
    ast.HoldOne: "hold",
    ast.TimeShift: "time_shift",
    ast.KeepDelta: "keep",
}


def by_clause(scope: Scope, what: str, clauses: tuple[object, ...]) -> dict[str, object]:
    """The clauses by what they say; one said twice is reported."""
    found: dict[str, object] = {}
    for clause in clauses:
        name = _ONCE.get(type(clause))
        if name is None:
            continue
        if name in found:
            scope.report(
                errors.repeated_part(what, name, clause.span, found[name].span)  # type: ignore[attr-defined]
            )
        else:
            found[name] = clause
    return found


class LayerPlan:
    """A layer's clauses after `like`, before they are checked."""

    def __init__(self, scope: Scope, node: ast.Layer) -> None:
        self.node = node
        chain = [node]
        while (like := chain[-1].like) is not None:
            scope.used.add(like.name)
            parent = scope.layers.get(like.name)
            if parent is None:
                if like.name not in scope.lost:
                    scope.report(
                        errors.unknown_name(
                            like.name,
                            like.span,
                            scope.nearest(like.name, scope.layers),
                            "no layer here is",
                        )
                    )
                break
            if parent in chain:
                scope.report(
                    errors.cycle(
                        [node.name.name, parent.name.name], [(like.span, "each is like the other")]
                    )
                )
                break
            chain.append(parent)
        self.parts: dict[str, object] = {}
        self.choices: dict[object, ast.Choice] = {}
        for layer in reversed(chain):
            parts = by_clause(scope, f"layer `{layer.name.name}`", layer.clauses)
            if "weight" in parts:
                self.parts.pop("size", None)
            if "size" in parts:
                self.parts.pop("weight", None)
            structure = parts.get("structure")
            if structure is not None:
                self.choices = {_slot(item): item for item in structure.choices}  # type: ignore[attr-defined]
            self.parts.update(parts)
            for clause in layer.clauses:
                if isinstance(clause, _CHOICES):
                    self.choices[_slot(clause)] = clause


def _slot(choice: ast.Choice) -> object:
    """What a choice selects: a later one of the same slot takes its place."""
    if isinstance(choice, ast.Selection):
        return "strikes" if choice.measure in ("delta", "probability_of_profit") else choice.measure
    if isinstance(choice, (ast.AtTheMoney, ast.AtStrike, ast.Offset)):
        return "strikes"
    return type(choice)


class Decider:
    """Turns the declarations into decisions, in `scope.values`."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.work = Elaborator(scope)
        self.plans: dict[str, LayerPlan] = {}
        self.hedge_parts: dict[str, object] = {}
        self.stage: dict[str, str] = {}
        self.event_names: list[str] = []

    # --- what exists, before anything is elaborated ---

    def declare(self) -> None:
        """The types of all decisions, so that any expression may speak of them."""
        scope = self.scope
        for name, node in scope.layers.items():
            plan = LayerPlan(scope, node)
            self.plans[name] = plan
            scope.decisions[f"{name}.open"] = c.FLAG
            if "weight" in plan.parts:
                scope.decisions[f"{name}.weight"] = c.RATIO
        if any("weight" in plan.parts for plan in self.plans.values()):
            scope.decisions["total_weight"] = c.RATIO
        if scope.hedge is not None:
            parts = self.hedge_parts = by_clause(scope, "the hedge", scope.hedge.clauses)
            if "ratio" in parts:
                scope.decisions["hedge.ratio"] = c.RATIO
            if "hold" in parts:
                texts = tuple(
                    dict.fromkeys(scope.shown(item.span) for item in _held(parts["hold"]))
                )
                scope.label_sets["hedge.hold"] = texts
                scope.decisions["hedge.hold"] = Type(Kind.LABEL, "hedge.hold")
            if "time_shift" in parts:
                scope.decisions["hedge.time_shift"] = c.FLAG

    def put(self, name: str, value: c.Expression | None, role: c.Role) -> None:
        """Record a value; one at fault is unknown, so that its users are not reported too."""
        if value is None:
            self.scope.broken.add(name)
            type = self.scope.decisions.get(name, c.RATIO)
            value = c.Constant(float("nan"), type, Span("", 0, 0))
        self.scope.values[name] = value
        self.scope.roles[name] = role

    # --- regimes and events ---

    def regimes(self) -> None:
        """`regime`: which one holds, and the params that each one swaps."""
        scope = self.scope
        if not scope.regimes:
            return
        conditions = []
        for regime in scope.regimes:
            if regime.condition is not None:
                found = self.work.condition(regime.condition)
                conditions.append(found or c.Constant(FALSE, c.FLAG, regime.span))
        words = (*(regime.name.name for regime in scope.regimes), "none")
        scope.label_sets["regime"] = words
        type = Type(Kind.LABEL, "regime")
        self.put(
            "regime", c.FirstTrue(tuple(conditions), type, scope.regimes[0].span), c.Role.REGIME
        )

    def swapped(self, name: str, plain: c.Expression) -> c.Expression:
        """A param's value, or that of the regime in force."""
        scope = self.scope
        options: list[c.Expression] = []
        changed = False
        for regime in scope.regimes:
            value = plain
            for effect in regime.effects:
                if isinstance(effect, ast.Swap) and effect.subject.name == name:
                    state = scope.params[name]
                    if state.fixed_by is not None:
                        scope.report(
                            errors.wants_constant(
                                f"param `{name}`",
                                effect.span,
                                "it counts the rows of a window, so no regime can change it",
                            )
                        )
                        continue
                    found = self.work.expecting(effect.value, plain.type, level=True)
                    value = found or plain
                    changed = True
            options.append(value)
        if not changed:
            return plain
        index = c.Reference("regime", Type(Kind.LABEL, "regime"), plain.span)
        return c.Choose(index, (*options, plain), plain.type, plain.span)

    def events(self) -> None:
        """A window's flag for each `event`; its effects are checked here once."""
        scope = self.scope
        counts: dict[str, int] = {}
        for event in scope.events:
            name = event.calendar.name
            for effect in event.effects:
                self._check_effect(effect, f"event `{name}`", swaps=False)
            if name not in scope.calendars:
                if name not in scope.lost:
                    scope.report(
                        errors.unknown_calendar(
                            name, event.calendar.span, scope.nearest(name, scope.calendars)
                        )
                    )
                self.event_names.append("")
                continue
            scope.used.add(name)
            if event.begin > event.end:
                scope.report(errors.wrong_literal("this window ends before it begins", event.span))
            counts[name] = counts.get(name, 0) + 1
            suffix = f".{counts[name]}" if counts[name] > 1 else ""
            key = f"event.{name}{suffix}"
            window = c.EventWindow(name, event.begin, event.end, c.FLAG, event.span)
            self.put(key, window, c.Role.EVENT)
            self.event_names.append(key)
        for regime in scope.regimes:
            for effect in regime.effects:
                self._check_effect(effect, f"regime `{regime.name.name}`", swaps=True)

    def _check_effect(self, effect: ast.Effect, what: str, *, swaps: bool) -> None:
        scope, name = self.scope, effect.subject.name
        scope.used.add(name)
        if isinstance(effect, ast.Swap):
            if not swaps:
                scope.report(
                    errors.limit_form(
                        "an event scales weights; it cannot change a param",
                        effect.span,
                        "a regime can",
                    )
                )
            elif name not in scope.params and name not in scope.lost:
                near = scope.nearest(name, scope.params)
                scope.report(
                    errors.names_nothing(what, name, effect.subject.span, near, list(scope.params))
                )
            return
        known = [*scope.layers, *(["hedge"] if scope.hedge else []), "weight"]
        if name not in known and name not in scope.lost and name not in scope.broken:
            near = scope.nearest(name, known)
            scope.report(errors.names_nothing(what, name, effect.subject.span, near, known))
        factor = effect.factor
        if isinstance(factor, ast.Number) and factor.unit == "" and float(factor.text) >= 5:
            shown = scope.shown(factor.span)
            scope.report(errors.unlikely_factor(shown, factor.span, f"{factor.text}%"))

    def _scaled(self, subject: str, value: c.Expression, span: Span) -> c.Expression:
        """A weight after its regime and its events."""
        scope = self.scope
        names = (subject,) if subject == "hedge" else (subject, "weight")
        options: list[c.Expression] = []
        one = c.Constant(1.0, c.RATIO, span)
        for regime in scope.regimes:
            factor: c.Expression = one
            for effect in regime.effects:
                if isinstance(effect, ast.Scale) and effect.subject.name in names:
                    found = self.work.expecting(effect.factor, c.RATIO)
                    if found is not None:
                        factor = found if factor is one else _times(factor, found)
            options.append(factor)
        if any(option is not one for option in options):
            index = c.Reference("regime", Type(Kind.LABEL, "regime"), span)
            value = _times(value, c.Choose(index, (*options, one), c.RATIO, span))
        for event, key in zip(scope.events, self.event_names, strict=True):
            for effect in event.effects:
                if key and isinstance(effect, ast.Scale) and effect.subject.name in names:
                    factor_of = self.work.expecting(effect.factor, c.RATIO)
                    if factor_of is not None:
                        active = c.Reference(key, c.FLAG, effect.span)
                        value = _times(
                            value, c.Conditional(active, factor_of, one, c.RATIO, effect.span)
                        )
        return c.Rounded(value, c.RATIO, span)

    # --- layers and hedge ---

    def layers(self) -> tuple[c.Layer, ...]:
        """Each layer's opening condition and weight."""
        made = []
        for name, plan in self.plans.items():
            layer = self._layer(name, plan)
            if layer is not None:
                made.append(layer)
        return tuple(made)

    def _layer(self, name: str, plan: LayerPlan) -> c.Layer | None:
        scope, parts, span = self.scope, plan.parts, plan.node.name.span
        what = f"layer `{name}`"
        condition: c.Expression | None = None
        opening = parts.get("open when")
        if isinstance(opening, ast.OpenWhen):
            condition = self.work.condition(opening.condition)
        elif "open" not in scope.lost:
            scope.report(errors.missing_clause(what, "`open when`", span, "say when it may open"))
        self.put(f"{name}.open", condition, c.Role.DECISION)
        weight = parts.get("weight")
        size = parts.get("size")
        if isinstance(weight, ast.Weight):
            value = self.work.expecting(weight.value, c.RATIO, level=True)
            base = value and self._scaled(name, value, weight.span)
            self._stage(f"{name}.weight", base)
        elif not isinstance(size, ast.Size) and not scope.lost & {"weight", "size"}:
            scope.report(errors.missing_clause(what, "size", span, "add `weight 30%`, or `size …`"))
        if isinstance(size, ast.Size) and size.measure == "max_loss" and size.value is not None:
            measure(self.work, size.value, Type(Kind.MONEY))
        if isinstance(size, ast.Size) and size.measure == "contracts" and size.value is not None:
            measure(self.work, size.value, Type(Kind.COUNT))
        if isinstance(size, ast.Size) and size.measure == "required_return":
            assert size.value is not None
            measure(self.work, size.value, Type(Kind.RATE))
        structure = parts.get("structure")
        if not isinstance(structure, (ast.Structure, ast.Legs)):
            if scope.lost & {"sell", "buy", "legs"}:
                return None
            scope.report(
                errors.missing_clause(
                    what, "structure", span, "add `sell iron condor on spx`, or `legs …`"
                )
            )
            return None
        choices = tuple(plan.choices.values())
        if isinstance(structure, ast.Structure):
            whole: ast.Structure | ast.Legs = ast.Structure(
                structure.side,
                structure.shape,
                structure.right,
                structure.underlying,
                choices,
                structure.span,
            )
        else:
            whole = ast.Legs(structure.underlying, choices, structure.legs, structure.span)
        check_structure(scope, whole, True)
        measure_structure(self.work, whole)
        closing = parts.get("close when")
        close: c.Expression | None = None
        if isinstance(closing, ast.CloseWhen):
            close = Elaborator(scope, position=True).condition(closing.condition)
            debit = isinstance(structure, ast.Structure) and structure.side == "buy"
            if debit and close is not None:
                self._refuse_credit(close, scope.shown(structure.span).split("\n")[0])
        at_most = _count(scope, parts.get("at most"))
        every = _count(scope, parts.get("every"))
        return c.Layer(
            name,
            whole,
            isinstance(weight, ast.Weight),
            size if isinstance(size, ast.Size) else None,
            at_most,
            every,
            "hold to expiry" in parts,
            close,
            plan.node.span,
        )

    def _refuse_credit(self, close: c.Expression, text: str) -> None:
        stack = [close]
        while stack:
            node = stack.pop()
            if isinstance(node, c.Position) and node.name == "credit":
                self.scope.report(errors.credit_of_a_debit(node.span, f"a {text}"))
            stack.extend(c.operands(node))

    def _stage(self, name: str, value: c.Expression | None) -> None:
        """A weight as it stands before the limits; `finish` gives it its own name."""
        if value is None:
            self.scope.broken.add(name)
            value = c.Constant(float("nan"), c.RATIO, Span("", 0, 0))
        self.put(f"{name}@0", value, c.Role.STEP)
        self.stage[name] = f"{name}@0"
        layer = name.removesuffix(".weight")
        if layer in self.scope.reallocated and layer != name:
            moved = c.Book(f"{layer}.reallocated", 0.0, c.RATIO, value.span)
            whole = c.Arithmetic("+", self._now(name, value.span), moved, c.RATIO, value.span)
            self._advance(name, c.Rounded(whole, c.RATIO, value.span))

    def hedge(self) -> c.Hedge | None:
        """The hedge's ratio, what it holds, and the time shift."""
        scope, node = self.scope, self.scope.hedge
        if node is None:
            return None
        parts = self.hedge_parts
        ratio, hold, shift = parts.get("ratio"), parts.get("hold"), parts.get("time_shift")
        keep = parts.get("keep")
        alone = isinstance(keep, ast.KeepDelta) and ratio is None and hold is None
        if isinstance(keep, ast.KeepDelta):
            self._keep(keep)
        if isinstance(ratio, ast.HedgeRatio):
            value = self.work.expecting(ratio.value, c.RATIO, level=True)
            self._stage("hedge.ratio", value and self._scaled("hedge", value, ratio.span))
        elif not alone:
            scope.report(
                errors.missing_clause("the hedge", "`ratio`", node.span, "add `ratio 100% of vega`")
            )
        structures: tuple[ast.Structure, ...] = ()
        if isinstance(hold, (ast.HoldBy, ast.HoldOne)):
            structures = _held(hold)
            for structure in structures:
                check_structure(scope, structure, False)
                measure_structure(self.work, structure)
            self.put("hedge.hold", self._hold(hold), c.Role.DECISION)
        elif not alone:
            scope.report(
                errors.missing_clause(
                    "the hedge",
                    "`hold`",
                    node.span,
                    "add `hold vix futures month 1`, or `hold by …`",
                )
            )
        if isinstance(shift, ast.TimeShift):
            self.put("hedge.time_shift", self.work.condition(shift.condition), c.Role.DECISION)
        basis = ratio.basis if isinstance(ratio, ast.HedgeRatio) else "vega"
        kept = keep if isinstance(keep, ast.KeepDelta) else None
        return c.Hedge(basis, structures, node.span, kept)

    def _keep(self, keep: ast.KeepDelta) -> None:
        """The band of the book's delta, and what is traded to come back into it."""
        low, high = (
            measure(self.work, part, Type(Kind.RATIO, difference=True))
            for part in (keep.low, keep.high)
        )
        ends = [self.work.constant_value(end) for end in (low, high) if end is not None]
        if len(ends) == 2 and None not in ends and ends[0] > ends[1]:  # type: ignore[operator]
            self.scope.report(
                errors.reversed_range(
                    "this band",
                    self.scope.shown(keep.low.span),
                    self.scope.shown(keep.high.span),
                    keep.low.span.cover(keep.high.span),
                )
            )
        check_structure(self.scope, keep.structure, False)
        measure_structure(self.work, keep.structure)
        if keep.structure.shape not in ("shares", "futures"):
            self.scope.report(
                errors.impossible_choice(
                    "the book's delta is kept by shares or futures, which have no gamma of their own",
                    keep.structure.span,
                    "write `by spx shares`",
                )
            )

    def _hold(self, hold: ast.HoldBy | ast.HoldOne) -> c.Expression | None:
        scope = self.scope
        type = Type(Kind.LABEL, "hedge.hold")
        words = scope.label_sets["hedge.hold"]

        def code(structure: ast.Structure) -> c.Constant:
            return c.Constant(words.index(scope.shown(structure.span)), type, structure.span)

        if isinstance(hold, ast.HoldOne):
            return code(hold.structure)
        value = self.work.infer(hold.input)
        if value is None:
            return None
        found = axis(self.work, "hold", value, tuple(row.band for row in hold.rows), hold.span)
        if found is None:
            return None
        values = tuple(code(row.structure) for row in hold.rows)
        spans = tuple(row.span for row in hold.rows)
        return c.Table("hedge.hold", (found,), values, None, type, hold.span, spans)

    # --- limits ---

    def limits(self, nodes: list[ast.Limit]) -> tuple[c.Limit, ...]:
        """Apply each limit to the weights as they stand, in the order written."""
        made = []
        for number, node in enumerate(nodes, 1):
            limit = self._limit(number, node)
            if limit is not None:
                made.append(limit)
        return tuple(made)

    def _limit(self, number: int, node: ast.Limit) -> c.Limit | None:
        scope = self.scope
        subject = scope.shown(node.subject.span)
        if isinstance(node.bound, ast.Missing):
            scope.report(
                errors.limit_form(
                    "this limit has no bound", node.span, "write `limit total_weight <= 100%`"
                )
            )
            return None
        if node.operator in ("<", ">"):
            scope.report(
                errors.limit_form(
                    f"a limit is reached, not passed: `{node.operator}` cannot be enforced",
                    node.span,
                    f"write `{node.operator}=`",
                )
            )
            return None
        value = self.work.infer(node.subject)
        if value is None:
            return None
        bound = self.work.expecting(node.bound, value.type)
        if bound is None:
            return None
        text = scope.shown(node.span)
        if isinstance(value, c.Book):
            return c.Limit(text, None, node, value.name, bound, node.span)
        known = [*self.stage, *(["total_weight"] if "total_weight" in scope.decisions else [])]
        known += [name for name, item in scope.named.items() if isinstance(item, ast.Target)]
        if not isinstance(value, c.Reference) or value.name not in known:
            scope.report(
                errors.names_nothing(
                    "a limit", subject, node.subject.span, scope.nearest(subject, known), known
                )
            )
            return None
        if node.per:
            scope.report(
                errors.limit_form(
                    f"`{subject}` is a level, not a flow: `per {node.per}` has no meaning",
                    node.span,
                    "leave it out",
                )
            )
            return None
        if value.name == "total_weight" and node.operator == ">=":
            scope.report(
                errors.limit_form(
                    "a least total weight cannot be enforced by scaling down",
                    node.span,
                    "give the layers the weights you want",
                )
            )
            return None
        binds = f"limit.{number}"
        self._enforce(binds, value.name, node, bound)
        return c.Limit(text, binds, node, value.name, bound, node.span)

    def _enforce(self, binds: str, subject: str, node: ast.Limit, bound: c.Expression) -> None:
        span = node.span
        flag = c.Reference(binds, c.FLAG, span)
        over = ">" if node.operator == "<=" else "<"
        if subject == "total_weight":
            names = [name for name in self.stage if name.endswith(".weight")]
            total = _sum([self._now(name, span) for name in names], span)
            key = f"{binds}.total"
            self.put(key, c.Rounded(total, c.RATIO, span), c.Role.STEP)
            whole = c.Reference(key, c.RATIO, span)
            self.put(binds, c.Compare(over, whole, bound, c.FLAG, span), c.Role.BOUND)
            for name in names:
                now = self._now(name, span)
                scaled = c.Arithmetic("/", _times(now, bound), whole, c.RATIO, span)
                rounded = c.Rounded(scaled, c.RATIO, span)
                self._advance(name, c.Conditional(flag, rounded, now, c.RATIO, span))
            return
        now = self._now(subject, span)
        self.put(binds, c.Compare(over, now, bound, c.FLAG, span), c.Role.BOUND)
        self._advance(subject, c.Conditional(flag, bound, now, now.type, span))

    def _now(self, name: str, span: Span) -> c.Expression:
        if name not in self.stage:
            value = self.scope.values[name]
            self.put(f"{name}@0", value, c.Role.STEP)
            self.stage[name] = f"{name}@0"
        key = self.stage[name]
        return c.Reference(key, self.scope.values[key].type, span)

    def _advance(self, name: str, value: c.Expression) -> None:
        stem, number = self.stage[name].rsplit("@", 1)
        key = f"{stem}@{int(number) + 1}"
        self.put(key, value, c.Role.STEP)
        self.stage[name] = key

    def finish(self) -> None:
        """Give the last stage of every weight its own name."""
        scope = self.scope
        for name, key in self.stage.items():
            last = scope.values[key]
            role = scope.roles.get(name, c.Role.DECISION)
            self.put(name, c.Reference(key, last.type, last.span), role)
        weights = [name for name in self.stage if name.endswith(".weight")]
        if "total_weight" in scope.decisions and weights:
            at = scope.values[weights[0]].span
            items: list[c.Expression] = [c.Reference(name, c.RATIO, at) for name in weights]
            self.put("total_weight", c.Rounded(_sum(items, at), c.RATIO, at), c.Role.DECISION)


def _held(hold: object) -> tuple[ast.Structure, ...]:
    if isinstance(hold, ast.HoldBy):
        return tuple(row.structure for row in hold.rows)
    assert isinstance(hold, ast.HoldOne)
    return (hold.structure,)


def _times(left: c.Expression, right: c.Expression) -> c.Expression:
    return c.Arithmetic("*", left, right, c.RATIO, right.span)


def _sum(items: list[c.Expression], span: Span) -> c.Expression:
    total = items[0]
    for item in items[1:]:
        total = c.Arithmetic("+", total, item, c.RATIO, span)
    return total


def _count(scope: Scope, clause: object) -> int:
    """The count of `at most N open` or `every N sessions`; 1 where it is not said."""
    if not isinstance(clause, (ast.AtMost, ast.Every)):
        return 1
    node = clause.count
    sound = isinstance(node, ast.Number) and node.text.isdigit() and 0 < int(node.text) < 10_000
    units = ("", "sessions") if isinstance(clause, ast.Every) else ("",)
    if not sound or not isinstance(node, ast.Number) or node.unit not in units:
        scope.report(errors.window_form("a whole number, one or more, is wanted here", node.span))
        return 1
    return int(node.text)
