"""Checking never raises, whatever was written: words of good programs in places they do not fit."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from alvh_rules.core.resources import shipped_rulesets
from alvh_rules.core.source import Source
from alvh_rules.pipeline import check_source
from alvh_rules.testing.run_tests import run_tests
from tests.check.test_language import BLOCKS

TEXTS = [path.read_text(encoding="utf-8") for path in shipped_rulesets()] + BLOCKS
TOKENS = sorted(
    {word for text in TEXTS for word in re.findall(r'[\w.]+%?|"[^"\n]*"|[<>=|()*/,-]+', text)}
)


@settings(max_examples=300)
@given(
    st.sampled_from(TEXTS),
    st.lists(st.tuples(st.floats(0, 0.999), st.sampled_from(TOKENS)), min_size=1, max_size=3),
)
def test_words_exchanged(text, changes) -> None:
    parts = re.split(r'([\w.]+%?|"[^"\n]*")', text)
    for where, word in changes:
        at = int(where * (len(parts) // 2)) * 2 + 1
        parts[min(at, len(parts) - 2)] = word
    result = check_source(Source("t.alvh", "".join(parts)))
    result.rendered()
    if result.ruleset is not None:
        run_tests(result.ruleset)


@settings(max_examples=100)
@given(st.sampled_from(TEXTS), st.data())
def test_lines_taken_out_or_doubled(text, data) -> None:
    lines = text.splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    changed = lines[:at] + lines[at : at + 1] * data.draw(st.integers(0, 2)) + lines[at + 1 :]
    result = check_source(Source("t.alvh", "\n".join(changed)))
    result.rendered()


def test_suggestions_for_thousands_of_errors_are_bounded(monkeypatch) -> None:
    from alvh_rules.check import scope

    compared = []
    real = scope.nearest
    monkeypatch.setattr(scope, "nearest", lambda n, k: compared.append(len(k)) or real(n, k))
    lines = "".join(f"signal s{n} when vix{n} > {n}\n" for n in range(2_000))
    text = "ruleset r version 1.0.0\ndata\n  vix volatility\n" + lines
    found = [i for i in check_source(Source("r.alvh", text)).diagnostics if i.code == "ALV101"]
    assert len(found) == 2_000
    assert found[0].help == "did you mean `vix`?"
    assert sum(compared) < 110_000
