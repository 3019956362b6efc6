"""The solver's bounds: what does not fit into time or memory is undecided, and the rest goes on."""

import time

import pytest

pytest.importorskip("z3", reason="proofs need the extra `prove`")

import z3

from alvh_rules.cli.main import main
from alvh_rules.prove import solver
from alvh_rules.prove.ruleset import prove
from alvh_rules.prove.solver import Asker, Budget
from alvh_rules.prove.symbols import Symbols
from tests.programs import HEAD, checked

HARD = [
    z3.BitVec("a", 64) * z3.BitVec("b", 64) * z3.BitVec("c", 64) == z3.BitVec("d", 64) + 1,
    z3.BitVec("b", 64) * z3.BitVec("d", 64) == z3.BitVec("a", 64) * z3.BitVec("c", 64) + 7,
    z3.URem(z3.BitVec("a", 64), z3.BitVec("b", 64) | 1) == z3.BitVec("c", 64) * z3.BitVec("d", 64),
]
EASY = z3.Real("x") > 1


def test_a_question_that_takes_too_much_memory_is_undecided_and_the_next_is_answered(
    monkeypatch,
) -> None:
    asker = Asker(Symbols(), Budget(60.0))
    with monkeypatch.context() as small:
        small.setattr(solver, "MOST_MEGABYTES", 20)
        answer = asker.exists(*HARD)
    assert (answer.verdict, answer.reason) == (
        "unknown",
        "the solver would need more than 20 MB",
    )
    for _ in range(3):
        assert asker.exists(EASY).verdict == "yes"
        assert asker.exists(EASY, z3.Real("x") < 0).verdict == "no"


def test_a_proof_that_meets_the_bound_of_memory_says_so_and_ends_with_3(
    monkeypatch, capsys, tmp_path
) -> None:
    path = tmp_path / "t.alvh"
    lines = "let a = vix / vix3m\nlet b = spx / sma(spx, 20)\nalways a * a + b * b >= 2 * a * b\n"
    path.write_text(HEAD + lines)
    with monkeypatch.context() as small:
        small.setattr(solver, "MOST_MEGABYTES", 1)
        assert main(["prove", str(path)]) == 3
    text = capsys.readouterr().out
    assert "undecided: always a * a + b * b >= 2 * a * b\n" in text
    assert "the solver would need more than 1 MB (after " in text
    assert main(["prove", str(path)]) == 0
    assert "proved: always a * a + b * b >= 2 * a * b\n" in capsys.readouterr().out


def test_a_question_that_takes_too_long_is_undecided() -> None:
    asker = Asker(Symbols(), Budget(0.4))
    answer = asker.exists(*HARD)
    assert answer.verdict == "unknown"
    assert answer.reason == "the solver ran out of its time"
    assert asker.budget.left < 0.4


def test_a_thousand_clauses_end_within_their_seconds_with_verdicts_for_what_could() -> None:
    clauses = "".join(
        f"signal s{at} when vix > {at % 90 + 1} and vix3m < {at % 70 + 5} and spx > {at}\n"
        f"always not s{at} or vix > {at % 90 + 1}\n"
        for at in range(500)
    )
    result = checked(clauses)
    assert result.ruleset is not None
    begun = time.perf_counter()
    proof = prove(result.ruleset, seconds=5.0)
    spent = time.perf_counter() - begun
    told = [item.status for item in proof.verdicts]
    assert len(told) == 500
    assert told[0] == "proved"
    assert set(told) <= {"proved", "undecided"}
    assert told.count("proved") > 20
    reasons = {item.reason for item in proof.verdicts if item.status == "undecided"}
    assert reasons <= {solver.OUT_OF_TIME}
    # Not a measure of speed: a bound that is kept is not passed many times over.
    assert spent < 30
