"""Calls: words, curves, months, repeated and defaulted arguments, amounts in dollars."""

import pytest

from alvh_rules.check import checked as c
from alvh_rules.core.kinds import Kind
from tests.programs import HEAD, checked, found

CURVE = HEAD + '  vx curve from "m1" to "m7"\n'
MODEL = "spx, 4800, vix, 30 days"


@pytest.mark.parametrize(
    ("line", "code", "column", "help"),
    [
        (f"let p = option_price(calls, {MODEL})", "ALV111", 22, "did you mean `call`?"),
        (f"let p = option_price(Put, {MODEL})", "ALV111", 22, "did you mean `put`?"),
        (f"let p = option_price(straddle, {MODEL})", "ALV111", 22, "write `call` or `put`"),
        (f"let p = option_price(1, {MODEL})", "ALV111", 22, "write `call` or `put`"),
        (f'let p = option_price("call", {MODEL})', "ALV111", 22, "did you mean `call`?"),
        ("let call = spx", "ALV103", 5, "choose another name"),
        ("let p = option_price(call, spx)", "ALV203", 9, "`option_price(call or put, spot, strike"),
        ("let p = option_price(call, spx, vix, vix, 30 days)", "ALV204", 33, "one kind"),
        ("let p = option_price(call, spx, 4800, spx, 30 days)", "ALV204", 39, "points a year"),
        ("let p = option_price(call, vix, $20, 90, 30 days)", "ALV207", 33, ""),
        ("let p = roll_yield(vx, 1.5)", "ALV212", 24, ""),
        ("let p = roll_yield(vx, 0)", "ALV212", 24, ""),
        ("let p = roll_yield(vx, 1, 8)", "ALV212", 27, ""),
        ("let p = roll_yield(vx, 1, -2)", "ALV212", 27, ""),
        ("let p = roll_yield(vx, 2)", "ALV212", 9, "its form is `roll_yield(curve, near = 1"),
        ("let p = roll_yield(vx, 5, 4)", "ALV212", 9, "its form is `roll_yield(curve, near = 1"),
        ("let p = roll_yield(vx, vix)", "ALV204", 24, "the nearer month's number"),
        ("let p = roll_yield(vxx)", "ALV101", 20, "did you mean `vx`?"),
        ("let p = roll_yield(vix)", "ALV204", 20, "a declared curve"),
        ("let p = roll_yield(vix + spx)", "ALV201", 20, "only values of one kind"),
        ("let p = constant_maturity(3, 30 days)", "ALV204", 27, "a declared curve"),
        ("let p = constant_maturity(vx, 30 sessions)", "ALV204", 31, "calendar days"),
        ("let p = constant_maturity(sma(vx, 3), 30 days)", "ALV213", 31, "constant_maturity(vx"),
        ("signal s when vx > 20", "ALV213", 15, "constant_maturity(vx, 30 days)"),
        ("let p = vx", "ALV213", 9, "constant_maturity(vx, 30 days)"),
        ("let p = reer(vix, vix, vix3m, vix3m)", "ALV203", 9, "`reer(x, norm, other"),
        ("let p = reer(vix, vix, vix3m, vix3m, 1, vix3m)", "ALV203", 9, ""),
        ("let p = reer(vix, vix, vix3m, vix3m, 1, vix3m, spx, 1)", "ALV204", 48, ""),
        ("let p = irr($5)", "ALV203", 9, "`irr(first, flow, …)`"),
        ("let p = max($25, vix)", "ALV207", 13, ""),
    ],
)
def test_a_bad_call_gets_one_diagnostic_at_its_place(line, code, column, help) -> None:
    errors = [item for item in checked(line + "\n", CURVE).diagnostics if item.is_error]
    assert found(line + "\n", CURVE) == [(code, 1, column)]
    assert help in errors[0].help


def test_how_many_arguments_a_call_may_have() -> None:
    def message(line: str) -> str:
        return next(item.message for item in checked(line).diagnostics if item.is_error)

    lacking = message("let p = reer(vix, vix, vix3m, vix3m, 1, vix3m)\n")
    assert lacking == "`reer` takes 5, 8, 11, … arguments, not 6"
    assert message("let p = irr($5)\n") == "`irr` takes at least 2 arguments, not 1"
    assert message("let p = abs()\n") == "`abs` takes 1 argument, not 0"
    assert message("let p = delta(call)\n") == "`delta` takes 5 to 7 arguments, not 1"


def value(line: str, head: str = CURVE) -> c.Expression:
    result = checked(line + "\nsignal used when p is missing\n", head)
    assert result.ruleset is not None, result.rendered()
    return result.ruleset.values["p"]


def test_a_word_means_itself_whatever_has_its_name() -> None:
    for head in (CURVE, CURVE + "labels right = call, put\n"):
        call = value(f"let p = option_price(put, {MODEL})", head)
        assert isinstance(call, c.Invoke)
        assert call.arguments[0] == c.Constant("put", call.arguments[0].type, call.span)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (f"let p = option_price(call, {MODEL})", Kind.PRICE),
        ("let p = option_price(call, spx, $4,800, vix, 30)", Kind.PRICE),
        ("let p = option_price(call, 5000, 4800, 20, 30)", Kind.PRICE),
        ("let p = option_price(call, constant_maturity(vx, 30), 20, 90, 30, 4%, 4%)", Kind.VOLATILITY),
        ("let p = theta(call, vix, 20, 90, 30)", Kind.VOLATILITY),
        ("let p = breakeven(put, $4,800, 25.5)", Kind.PRICE),
        ("let p = breakeven(put, 4800, -$2)", Kind.PRICE),
        (f"let p = delta(call, {MODEL})", Kind.RATIO),
        ("let p = implied_volatility(put, $25, spx, 4600, 30)", Kind.VOLATILITY),
        ("let p = probability_of_profit(spx, 0, $5,100, vix, 30, 4%)", Kind.RATIO),
        ("let p = irr(-$100, $60, $60)", Kind.RATE),
        ("let p = max($25, 30)", Kind.MONEY),
        ("let p = max($25, spx)", Kind.PRICE),
        ("let p = roll_yield(vx)", Kind.RATE),
    ],
)  # fmt: skip
def test_the_kind_of_a_call(line, kind) -> None:
    call = value(line)
    assert call.type.kind is kind
    assert isinstance(call, c.Invoke)
    pairs = list(zip(call.builtin.parameters_of(len(call.arguments)), call.arguments, strict=True))
    for group in {parameter.group for parameter, _ in pairs if parameter.group}:
        members = {item.type.kind for parameter, item in pairs if parameter.group == group}
        assert len(members) == 1


def test_a_param_may_say_a_month_and_a_window_of_no_rows_is_one() -> None:
    call = value("param\n  far = 7\nlet p = roll_yield(vx, 4, far)")
    assert isinstance(call, c.Invoke)
    assert [item.value for item in call.arguments[1:] if isinstance(item, c.Constant)] == [4, 7]
    zero = value("let p = ago(vix, 0)")
    assert isinstance(zero, c.Invoke)
    assert isinstance(zero.arguments[1], c.Constant)
    assert zero.arguments[1].value == 0


def test_a_name_of_a_greek_is_the_positions_bare_and_the_function_called() -> None:
    layer = (
        "layer short\n"
        "  sell iron condor on spx\n"
        "    expiring 7 to 21 days\n"
        "    probability_of_profit 70% to 85%, nearest 80%\n"
        "  weight 10%\n"
        "  open when probability_of_profit(spx, 0, 5100, vix, 30) > 20%\n"
        "  close when any of\n"
        "    delta > 30%\n"
        f"    delta(call, {MODEL}) > 30%\n"
    )
    result = checked(layer)
    assert result.ruleset is not None, result.rendered()
    close = result.ruleset.layers[0].close
    assert isinstance(close, c.Logical)
    kinds = [type(item.left) for item in close.items if isinstance(item, c.Compare)]
    assert kinds == [c.Position, c.Invoke]


def test_an_amount_speaks_for_no_argument_but_its_own() -> None:
    head = HEAD + "  tbill rate\n"
    lines = "target w = wacc($70, $30, capm_return(tbill, 120%, tbill + 5), 4%, 21%)\n"
    assert found(lines, head) == []
    assert found(lines.replace("$30", "vix"), head) == [("ALV204", 1, 22)]
