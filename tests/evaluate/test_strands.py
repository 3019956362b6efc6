"""Strands of the native machine and of Numba give the bits of the steps, and take part in a run as steps do.

Numba compiles each example anew, which takes a second or two: it has few of them.
"""

import json
import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh_rules import load
from alvh_rules.cli.main import main
from alvh_rules.core.resources import shipped_rulesets
from alvh_rules.core.source import Source
from alvh_rules.evaluate import engines, native_code, scalar_patterns, strands
from alvh_rules.evaluate.blocks import blocks_of
from alvh_rules.evaluate.compiled import CompiledStrand
from alvh_rules.evaluate.engine import Run
from alvh_rules.evaluate.engine import evaluate as evaluate_plan
from alvh_rules.evaluate.engines import AbsentEngineError, Engine, engine_of, is_there, takes_of
from alvh_rules.evaluate.strands import pieces
from alvh_rules.market.read import market_from_frame
from alvh_rules.pipeline import check_source
from alvh_rules.plan import graph as g
from tests.evaluate.test_blocks import DAYS, INTRADAY, MINUTES, random_market, same_bits
from tests.evaluate.test_interpreter import CONDITIONS, TEXT

needs_numba = pytest.mark.skipif(
    not is_there(Engine.COMPILED), reason="Numba, of the extra `fast`, is not there"
)
needs_native = pytest.mark.skipif(
    not is_there(Engine.NATIVE), reason="the native engine was not built: there was no C compiler"
)
STRANDS = [
    pytest.param(Engine.NATIVE, marks=needs_native),
    pytest.param(Engine.COMPILED, marks=needs_numba),
]

PATTERNS = """\
ruleset patterns version 1.0.0
data
  a price
  b price
  c price
  p price
  up flag
  word size
labels size = low, high
calendar fomc
let kind = if a > b then high else low
let inner = if up then word else kind
table banded by a / b
  up to 90% => 0%
  over 90% up to 100% => 50%
  over 100% => 75%
  missing => 125%
table gridded by a / c, kind
               | low | high
  below 100%   | 0%  | 50%
  100% or more | 75% | 100%
table ramp by b / c, interpolated
  at 50% => 0%
  at 150% => 100%
table worded by word
  low => 1%
  high => 2%
table mixed by inner
  low => a / b
  high => b / c
let rise = crosses_above(a, b) or crosses_below(b, c)
let lasted = up for 3 sessions
let turns = rsi(a, 4) / rsi(b, 3)
let spread = stdev(macd(a, 3, 5), 3) - macd_histogram(a, 3, 5, 2) - macd_signal(b, 3, 5, 2)
let width = highest(-abs(a - b), 7) - lowest(sma(c, 6), 2)
let moved = realized_volatility(p, 5) - realized_volatility(highest(p, 2), 13)
let gathered = cumulative(change(b, 2)) + ema(c, 4) - ago(-a, 3)
let weeks = weekly(highest(b, 2)) - a
let scored = zscore(b, 5) + stdev(p, 2) / stdev(p, 13) + wma(b, 6) / wma(p, 1)
let paired = correlation(b, p, 5) + beta(a, b, 6) + percentile_rank(b, 7)
let ranged = atr(highest(a, 2), lowest(a, 2), b, 3) / b * sqrt(abs(c / b))
let bounded = min(a, b) / max(b, c, a) + sessions_since(up) / 5 sessions
let certain = a is missing or held(up, 2) and latch(up, b > c)
let same_kind = kind is word
signal first when gathered > weeks and not lasted
signal second from rise until up and turns > ramp
target one = clip(banded * gridded + worded, 0%, 60%)
target two = mixed
layer condor
  sell iron condor on p expiring 30 days
  weight 60%
  open when all of
    certain
    spread > 0
layer other like condor
  weight banded
hedge
  ratio gridded of vega
  hold by b / c
    below 100% => p call expiring 30 days
    100% or more => nothing
event fomc from 2 sessions before to 1 session after
  condor x 150%
regime tight when a / b > 120%
  weight x 75%
regime loose when up
  weight x 110%
limit total_weight <= 100%
"""


def checked(text: str):
    result = check_source(Source("r.alvh", text))
    assert result.ruleset is not None, result.rendered()
    return result


def agree(ruleset, plan, market, sizes, engine) -> None:
    """Every node of the plan, in strands and not."""
    whole = evaluate_plan(ruleset, plan, market, engine="blocks")
    for size in sizes:
        same_bits(whole, evaluate_plan(ruleset, plan, market, block=size, engine=engine))


def cells_of(run: Run, market, wanted, size: int) -> list[bytes]:
    found = []
    with np.errstate(all="ignore"):
        for block in blocks_of(market, {}, size):
            run.feed(block)
            found.append([np.array(run.cell(number), dtype=float) for number in wanted])
    return [np.concatenate(parts).tobytes() for parts in zip(*found, strict=True)]


def random_ruleset_agrees(conditions, seed, engine) -> None:
    result = check_source(Source("r.alvh", TEXT.format(*conditions)))
    if result.ruleset is not None:
        market = random_market(result.ruleset, seed)
        agree(result.ruleset, result.plan, market, [1, 7, 4_000], engine)


@needs_numba
@settings(max_examples=3, deadline=None)
@given(st.lists(CONDITIONS, min_size=5, max_size=5), st.integers(0, 2**32 - 1))
def test_random_rulesets_compiled(conditions, seed) -> None:
    random_ruleset_agrees(conditions, seed, Engine.COMPILED)


@needs_native
@settings(max_examples=60, deadline=None)
@given(st.lists(CONDITIONS, min_size=5, max_size=5), st.integers(0, 2**32 - 1))
def test_random_rulesets_native(conditions, seed) -> None:
    random_ruleset_agrees(conditions, seed, Engine.NATIVE)


@pytest.mark.parametrize("engine", STRANDS)
@pytest.mark.parametrize("path", shipped_rulesets(), ids=lambda path: path.stem)
def test_shipped_rulesets(path, engine) -> None:
    rules = load(path)
    market, _ = market_from_frame(DAYS, rules.checked.schema)
    agree(rules.checked, rules.plan, market, [13, 4_000], engine)


def patterns_market(ruleset, seed: int):
    market = random_market(checked(TEXT.format(*["up"] * 5)).ruleset, seed)
    random = np.random.default_rng(seed)
    rows = len(market.timeline)
    columns = {**market.columns, "word": random.integers(-1, 2, rows).astype(np.int32)}
    # Quotients by zero and of both signs of it, and prices of which there is no logarithm.
    columns["b"] = np.where(random.random(rows) < 0.1, 0.0, columns["b"])
    columns["p"] = columns["p"] - random.choice([0.0, 5.0, 1e9], rows, p=[0.8, 0.1, 0.1])
    columns["a"] = np.where(random.random(rows) < 0.1, columns["c"] * 1e300, columns["a"])
    return type(market)(market.timeline, columns, market.calendars)


def strand_operations(plan, engine) -> list[g.Operation]:
    nodes = plan.nodes
    return [
        nodes[number].operation
        for piece in pieces(nodes, range(len(nodes)), takes_of(engine))
        if piece.is_strand
        for number in piece.numbers
    ]


@pytest.mark.parametrize("engine", STRANDS)
def test_every_pattern(engine) -> None:
    result = checked(PATTERNS)
    operations = strand_operations(result.plan, engine)
    called = {item.function for item in operations if isinstance(item, g.Call)}
    others = {type(item) for item in operations} - {g.Call}
    by_folding = {g.Combination, g.Lookup}
    if engine is Engine.COMPILED:
        assert called == set(scalar_patterns._CALLS)
        assert others == set(scalar_patterns._OPERATIONS) - by_folding - {g.Interpolate}
    else:
        assert called == {*native_code._CALLS, "realized_volatility"}
        assert others == set(native_code._OPERATIONS) - by_folding
    for seed in range(3):
        market = patterns_market(result.ruleset, seed)
        agree(result.ruleset, result.plan, market, [1, 69, 4_000], engine)


@pytest.mark.parametrize("engine", STRANDS)
def test_folded_states(engine) -> None:
    result = checked(PATTERNS)
    market = patterns_market(result.ruleset, 3)
    wanted = [result.plan.names[name] for name in result.ruleset.outputs]
    plain = Run(result.plan.nodes, wanted, fold=True)
    strands = Run(result.plan.nodes, wanted, fold=True, engine=engine)
    assert any(isinstance(node.operation, g.Lookup) for node in strands.nodes)
    assert cells_of(plain, market, wanted, 70) == cells_of(strands, market, wanted, 23)


@pytest.mark.parametrize("engine", STRANDS)
@pytest.mark.parametrize("cut", [1, 33, 69])
def test_a_saved_run_goes_on_exactly(cut, engine) -> None:
    result = checked(PATTERNS)
    market = patterns_market(result.ruleset, 1)
    wanted = list(dict.fromkeys(result.plan.names.values()))
    whole = cells_of(Run(result.plan.nodes, wanted, engine=engine), market, wanted, 70)
    before, after = (Run(result.plan.nodes, wanted, engine=engine) for _ in range(2))
    first, *_ = blocks_of(market, {}, cut)
    with np.errstate(all="ignore"):
        before.feed(first)
        found = [[np.array(before.cell(number), dtype=float) for number in wanted]]
        after.load(json.loads(json.dumps(before.save())))
        for block in list(blocks_of(market, {}, 1))[cut:]:
            after.feed(block)
            found.append([np.array(after.cell(number), dtype=float) for number in wanted])
    assert [np.concatenate(parts).tobytes() for parts in zip(*found, strict=True)] == whole


@pytest.mark.parametrize("engine", STRANDS)
def test_what_steps_saved_is_not_taken_for_a_strand(engine) -> None:
    result = checked(PATTERNS)
    wanted = [result.plan.names[name] for name in result.ruleset.outputs]
    steps, strands = (
        Run(result.plan.nodes, wanted, engine=item) for item in (Engine.BLOCKS, engine)
    )
    with np.errstate(all="ignore"):
        for block in blocks_of(patterns_market(result.ruleset, 1), {}, 35):
            steps.feed(block)
    with pytest.raises(KeyError, match="strand"):
        strands.load(steps.save())


@pytest.mark.parametrize("engine", STRANDS)
def test_clocks_and_curves_stand_between_strands(engine) -> None:
    result = checked(INTRADAY)
    market, _ = market_from_frame(MINUTES, result.ruleset.schema)
    agree(result.ruleset, result.plan, market, [1, 14, 37], engine)
    found = pieces(result.plan.nodes, result.plan.names.values(), takes_of(engine))
    order = [piece.is_strand for piece in found]
    assert True in order
    assert order.index(True) > 0
    for piece in found:
        for number in piece.numbers if piece.is_strand else ():
            assert result.plan.nodes[number].clock == g.ROWS


@needs_numba
def test_no_multiplication_is_fused_with_an_addition() -> None:
    result = checked(PATTERNS)
    run = Run(result.plan.nodes, range(len(result.plan.nodes)), engine=Engine.COMPILED)
    strands = [step for step, _ in run._steps if isinstance(step, CompiledStrand)]
    assert strands
    for strand in strands:
        for text in strand._loop.inspect_asm().values():
            # x86 says vfmadd213sd, vfmsub…, vfnmadd…; Arm says fmadd, fmla.
            assert "mulsd" in text or "fmul" in text
            for fused in ("fmadd", "fmsub", "fnmadd", "fnmsub", "fmla", "fmls"):
                assert fused not in text


@pytest.mark.parametrize("engine", STRANDS)
def test_a_code_that_a_table_lacks_reads_nothing_beside_it(engine) -> None:
    result = checked(PATTERNS)
    market = patterns_market(result.ruleset, 2)
    wild = np.full(len(market.timeline), 10_000_000, dtype=np.int32)
    market = type(market)(market.timeline, {**market.columns, "word": wild}, market.calendars)
    found = evaluate_plan(
        result.ruleset, result.plan, market, names=["worded"], engine=engine
    ).columns["worded"]
    assert np.isnan(found).all()


def moved(column):
    """The same column at an address that is no multiple of its items' size."""
    space = np.zeros(column.nbytes + 1, dtype=np.int8)[1:].view(column.dtype)
    space[:] = column
    return space


@needs_native
def test_columns_at_any_address() -> None:
    result = checked(PATTERNS)
    market = patterns_market(result.ruleset, 1)
    columns = {name: moved(column) for name, column in market.columns.items()}
    assert not columns["a"].flags.aligned
    market = type(market)(market.timeline, columns, market.calendars)
    agree(result.ruleset, result.plan, market, [7, 4_000], Engine.NATIVE)


@pytest.mark.parametrize("engine", Engine)
def test_what_has_no_pattern_has_no_strand(engine) -> None:
    result = checked("ruleset plain version 1.0.0\ndata\n  a ratio\nlet one = log(a)\n")
    found = pieces(result.plan.nodes, result.plan.names.values(), takes_of(engine))
    assert not any(piece.is_strand for piece in found)


def test_which_engine_is_chosen(monkeypatch) -> None:
    many = engines.COMPILE_FROM
    monkeypatch.setattr(engines, "numba_is_there", lambda: True)
    monkeypatch.setattr(engines, "native_is_there", lambda: True)
    recurs = checked("ruleset r version 1.0.0\ndata\n  a price\ntarget t = ema(a, 3) / a\n").plan
    plain = checked("ruleset r version 1.0.0\ndata\n  a price\ntarget t = sma(a, 3) / a\n").plan
    assert {engine_of("auto", rows, recurs.nodes) for rows in (1, many)} == {Engine.NATIVE}
    monkeypatch.setattr(engines, "native_is_there", lambda: False)
    chosen = [engine_of("auto", rows, recurs.nodes) for rows in (many - 1, many)]
    assert chosen == [Engine.BLOCKS, Engine.COMPILED]
    assert engine_of("auto", many, plain.nodes) is Engine.BLOCKS
    assert [engine_of(name, 1) for name in ("blocks", "compiled")] == ["blocks", "compiled"]
    with pytest.raises(AbsentEngineError, match="takes a C compiler"):
        engine_of("native", 1)
    monkeypatch.setattr(engines, "numba_is_there", lambda: False)
    assert engine_of("auto", many, recurs.nodes) is Engine.BLOCKS
    with pytest.raises(AbsentEngineError, match=r"alvh-rules\[fast\]"):
        engine_of("compiled", 1)
    with pytest.raises(ValueError, match="auto, blocks, native, compiled"):
        engine_of("fast", 1)


@pytest.fixture
def market(tmp_path) -> str:
    DAYS.to_csv(tmp_path / "days.csv", index=False)
    return str(tmp_path / "days.csv")


CORE = next(str(path) for path in shipped_rulesets() if path.stem == "alvh_core")


def untimed(lines: str) -> str:
    """The plan without what it is estimated to cost, and the padding behind that."""
    return re.sub(r"[\d.e-]+ ns +", "ns ", lines.replace("ns a row", "ns  a row"))


@pytest.mark.parametrize("engine", STRANDS)
def test_a_run_says_which_nodes_are_in_strands(market, capsys, engine) -> None:
    assert main(["run", CORE, "--data", market, "--engine", "blocks", "--explain-plan"]) == 0
    blocks = capsys.readouterr().out
    assert main(["run", CORE, "--data", market, "--engine", engine, "--explain-plan"]) == 0
    lines = capsys.readouterr().out.splitlines()
    strands = [line for line in lines if line.startswith("  strand ")]
    assert "strand" not in blocks
    # Nothing else differs, the decisions least of all; but for what a node is estimated to cost.
    others = "\n".join(line for line in lines if line not in strands)
    assert untimed(others) == untimed(blocks.rstrip())
    assert (others == blocks.rstrip()) == (engine is Engine.COMPILED)
    told = {part for line in strands for part in line.split() if part.startswith("%")}
    for text, inside in (("rsi(14)", True), ("event fomc", False), ("realized_vol", True)):
        (line,) = (line for line in lines if text in line)
        assert (line.split()[0] in told) == inside, line


def test_an_engine_that_cannot_be_had_is_told(market, capsys, monkeypatch) -> None:
    monkeypatch.setattr(engines, "numba_is_there", lambda: False)
    assert main(["run", CORE, "--data", market, "--engine", "compiled"]) == 2
    assert "install `alvh-rules[fast]`" in capsys.readouterr().out
    monkeypatch.setattr(engines, "native_is_there", lambda: False)
    assert main(["run", CORE, "--data", market, "--engine", "native"]) == 2
    assert "choose `blocks`" in capsys.readouterr().out
    monkeypatch.undo()
    assert main(["run", CORE, "--data", market, "--engine", "compiled", "--profile"]) == 2
    assert "--profile" in capsys.readouterr().out


@pytest.mark.parametrize("engine", STRANDS)
def test_a_long_strand_is_cut(engine, monkeypatch) -> None:
    result = checked(PATTERNS)
    market = patterns_market(result.ruleset, 4)
    uncut = pieces(result.plan.nodes, result.plan.names.values(), takes_of(engine))
    monkeypatch.setattr(strands, "MOST_NODES", 7)
    cut = pieces(result.plan.nodes, result.plan.names.values(), takes_of(engine))
    assert max(len(piece.numbers) for piece in uncut) > 7
    assert max(len(piece.numbers) for piece in cut) == 7
    agree(result.ruleset, result.plan, market, [33], engine)


@needs_native
def test_a_long_native_run_needs_no_filter_of_scipys() -> None:
    program = """
import sys
from alvh_rules import load
from alvh_rules.evaluate import engine
from alvh_rules.market.read import market_from_frame
from tests.evaluate.test_blocks import DAYS

engine.FILTER_FROM = 1
rules = load(sys.argv[1])
market, _ = market_from_frame(DAYS, rules.checked.schema)
for name in ("native", "blocks"):
    engine.evaluate(rules.checked, rules.plan, market, engine=name)
    print("scipy.signal" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, CORE], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "True"]
