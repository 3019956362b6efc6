"""Several threads give the bits of one, and end together whatever happens to one of them."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh_rules import load
from alvh_rules.cli.main import main
from alvh_rules.core.resources import shipped_rulesets
from alvh_rules.core.source import Source
from alvh_rules.evaluate import lanes, steps
from alvh_rules.evaluate.blocks import blocks_of
from alvh_rules.evaluate.engine import LEAST_BLOCK, MOST_BLOCK, Run, block_of, evaluate_parts
from alvh_rules.evaluate.engine import evaluate as evaluate_plan
from alvh_rules.evaluate.engines import Engine, is_there
from alvh_rules.evaluate.inputs import Market
from alvh_rules.market.read import market_from_frame
from alvh_rules.pipeline import check_source
from tests.evaluate.test_blocks import DAYS, INTRADAY, MINUTES, random_market, same_bits
from tests.evaluate.test_interpreter import CONDITIONS, TEXT


@settings(max_examples=40, deadline=None)
@given(st.lists(CONDITIONS, min_size=5, max_size=5), st.integers(0, 2**32 - 1), st.data())
def test_random_rulesets(conditions, seed, data) -> None:
    result = check_source(Source("r.alvh", TEXT.format(*conditions)))
    if result.ruleset is None:
        return
    market = random_market(result.ruleset, seed)
    size, threads = data.draw(st.sampled_from([1, 2, 7, 30])), data.draw(st.integers(2, 4))
    whole = evaluate_plan(result.ruleset, result.plan, market, threads=1)
    several = evaluate_plan(result.ruleset, result.plan, market, block=size, threads=threads)
    same_bits(whole, several)


@pytest.mark.parametrize("path", shipped_rulesets(), ids=lambda path: path.stem)
def test_shipped_rulesets(path) -> None:
    rules = load(path)
    market, _ = market_from_frame(DAYS, rules.checked.schema)
    whole = evaluate_plan(rules.checked, rules.plan, market)
    same_bits(whole, evaluate_plan(rules.checked, rules.plan, market, block=5, threads=2))


ENGINES = [engine for engine in Engine if is_there(engine)]


@pytest.mark.parametrize("engine", ENGINES)
def test_clocks_and_curves(engine) -> None:
    result = check_source(Source("r.alvh", INTRADAY))
    assert result.ruleset is not None, result.rendered()
    market, _ = market_from_frame(MINUTES, result.ruleset.schema)
    whole = evaluate_plan(result.ruleset, result.plan, market)
    several = evaluate_plan(result.ruleset, result.plan, market, block=13, threads=3, engine=engine)
    same_bits(whole, several)


def halves(market: Market):
    """The market in two parts, each with its own rows alone."""
    for cut in (slice(0, 31), slice(31, None)):
        timeline = market.timeline
        part = type(timeline)(
            timeline.times[cut],
            timeline.dates[cut],
            timeline.ordinals[cut],
            timeline.present[cut],
            {
                name: type(found)(
                    *(
                        side[(found.available >= cut.start) & (found.available < (cut.stop or 999))]
                        - cut.start
                        for side in (found.sample, found.available)
                    )
                )
                for name, found in timeline.periods.items()
            },
        )
        columns = {name: column[cut] for name, column in market.columns.items()}
        yield Market(part, columns, market.calendars)


def test_what_is_remembered_is_the_same_from_part_to_part(monkeypatch) -> None:
    from alvh_rules.evaluate import engine

    rules = load(next(path for path in shipped_rulesets() if path.stem == "alvh_core"))
    market, _ = market_from_frame(DAYS, rules.checked.schema)
    names = rules.checked.outputs
    whole = evaluate_plan(rules.checked, rules.plan, market, names=names)
    monkeypatch.setattr(engine, "LEAST_BLOCK", 4)
    sizes = []
    feed = lanes.feed_all
    monkeypatch.setattr(
        engine,
        "feed_all",
        lambda lanes, blocks, *rest: sizes.append(len(blocks)) or feed(lanes, blocks, *rest),
    )
    parts = list(
        evaluate_parts(rules.checked, rules.plan, halves(market), len(DAYS), names=names, threads=2)
    )
    assert len(parts) == 2
    # Each thread has a share of each part.
    assert sizes == [2, 2]
    for name in names:
        found = np.concatenate([part.columns[name] for part in parts])
        assert found.tobytes() == whole.columns[name].tobytes(), name


def test_a_run_on_threads_saves_what_one_thread_saves() -> None:
    result = check_source(Source("r.alvh", TEXT.format("up", "up", "up", "rsi(a, 4) > 50", "up")))
    assert result.ruleset is not None, result.rendered()
    market = random_market(result.ruleset, 5)
    wanted = [result.plan.names[name] for name in result.ruleset.outputs]
    one, several = (Run(result.plan.nodes, wanted) for _ in range(2))
    blocks = list(blocks_of(market, {}, 6))
    with np.errstate(all="ignore"):
        for block in blocks:
            one.feed(block)
    several.feed_all(blocks, [{}] * len(blocks), lambda cell, number: None, lambda rows: None, 3)
    assert repr(several.save()) == repr(one.save())


def flagship():
    rules = load(next(path for path in shipped_rulesets() if path.stem == "alvh_core"))
    market, _ = market_from_frame(DAYS, rules.checked.schema)
    return rules, market


def fails(rules, market, **more) -> None:
    evaluate_plan(rules.checked, rules.plan, market, block=3, threads=3, engine="blocks", **more)


@pytest.mark.parametrize("after", [0, 4, 9])
def test_a_failure_on_any_thread_is_raised_and_ends_the_others(monkeypatch, after) -> None:
    rules, market = flagship()
    calls = iter(range(10**6))
    compute = steps.Remembering.compute

    def failing(self, *rest):
        if next(calls) == after:
            raise MemoryError("no room")
        return compute(self, *rest)

    monkeypatch.setattr(steps.Remembering, "compute", failing)
    with pytest.raises(MemoryError, match="no room"):
        fails(rules, market)
    assert threading.active_count() == 1


def test_an_interrupt_ends_all_threads() -> None:
    rules, market = flagship()

    def interrupted(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fails(rules, market, on_step=interrupted)
    assert threading.active_count() == 1


def test_progress_ends_with_every_row_and_is_told_on_the_callers_thread() -> None:
    rules, market = flagship()
    told = []
    fails(
        rules,
        market,
        on_step=lambda done, of: told.append((done, of, threading.current_thread())),
    )
    done = [rows for rows, _, _ in told]
    assert done == sorted(done)
    assert done[-1] == len(market.timeline)
    assert {of for _, of, _ in told} == {len(market.timeline)}
    assert {thread for _, _, thread in told} == {threading.main_thread()}


def test_how_many_rows_a_block_has() -> None:
    assert block_of(1, 10) == MOST_BLOCK
    assert block_of(1, 10_000_000) == LEAST_BLOCK
    sizes = [block_of(threads, 200) for threads in (1, 2, 4)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[-1]


def test_how_many_threads(monkeypatch) -> None:
    monkeypatch.setattr(lanes, "processors", lambda: 2)
    many = lanes.THREADS_FROM
    assert [lanes.threads_of(None, rows) for rows in (many - 1, many)] == [1, 2]
    assert lanes.threads_of(3, 1) == 3
    monkeypatch.setattr(lanes, "processors", lambda: 64)
    assert lanes.threads_of(None, many) == lanes.MOST_THREADS
    with pytest.raises(ValueError, match="one thread or more"):
        lanes.threads_of(0, many)


def test_threads_from_python_and_from_the_command(tmp_path, capsys) -> None:
    rules, _ = flagship()
    one, two = (rules.run(DAYS, threads=threads) for threads in (1, 2))
    assert one.equals(two)
    DAYS.to_csv(tmp_path / "days.csv", index=False)
    command = ["run", str(shipped_rulesets()[0]), "--data", str(tmp_path / "days.csv")]
    capsys.readouterr()
    shown = []
    for threads in ("1", "2"):
        main([*command, "--threads", threads])
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1]
    assert main([*command, "--threads", "3", "--explain-plan"]) in (0, 1)
    assert "threads: 3" in capsys.readouterr().out
    assert main([*command, "--threads", "0"]) == 2
    assert "one thread or more" in capsys.readouterr().out
