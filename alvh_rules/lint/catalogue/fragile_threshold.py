"""A clause that turns on many sessions if its threshold moves by 1%.

What it does
------------
With `--data`, takes each comparison of a measure with a threshold that is fixed before any data is
read (a number, a param, arithmetic of these), moves the threshold up and down by the option `move`
(0.01: one part in a hundred of its own value, so that 20 goes to 20.2 and 19.8, and 5% to 5.05% and
4.95%), and counts the sessions on which the comparison comes out otherwise, one way or the other,
than it does as written. It reports the clause where they are more than `share` of the sessions on
which it is known, and `least-sessions` or more. A threshold of zero does not move; band edges of
tables, comparisons of two measures, closing conditions and what `weekly` and its like sample are
not looked at.

Why is this bad
---------------
A threshold is never known to a part in a hundred. Where so small a move changes many decisions, the
measure lives about the threshold, and results on this history rest on the digits chosen.

Example
-------
```alvh
ruleset example version 1.0.0
data
  vix volatility
signal high when vix > 20
```

`alvh.toml`:

```toml
[lint.fragile-threshold]
least-sessions = 2
share = 0.4
```

`data.csv`:

```csv
date,vix
2020-03-13,19.9
2020-03-16,20.1
2020-03-17,19.95
2020-03-18,30.0
```

```sh
alvh check example.alvh --data data.csv
```

Use instead
-----------
```alvh
ruleset example version 1.0.0
data
  vix volatility
signal high when vix > 25
```

`alvh.toml`:

```toml
[lint.fragile-threshold]
least-sessions = 2
share = 0.4
```

`data.csv`:

```csv
date,vix
2020-03-13,19.9
2020-03-16,20.1
2020-03-17,19.95
2020-03-18,30.0
```

```sh
alvh check example.alvh --data data.csv
```
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from alvh_rules.check import checked as c
from alvh_rules.core.diagnostics import Label, Severity
from alvh_rules.lint.clauses import clauses
from alvh_rules.lint.record import Finding, Lint, Option, Subject
from alvh_rules.plan.scalars import COMPARE

_MOVE = Option("move", 0.01, "how far a threshold moves, as a part of its own value", most=1.0)
_SHARE = Option("share", 0.05, "the part of known sessions above which there are many", most=1.0)
_LEAST = Option("least-sessions", 10, "fewer sessions than these are not many", least=1)


def _run(subject: Subject) -> Iterator[Finding]:
    import numpy as np

    evaluation = subject.evaluation
    assert evaluation is not None
    move, share, least = (subject.number(item) for item in (_MOVE, _SHARE, _LEAST))
    unit = "sessions" if evaluation.market.timeline.daily else "bars"
    for clause in clauses(subject.ruleset):
        if clause.closing:
            continue
        compare = clause.compare
        left, right = evaluation.value(compare.left), evaluation.value(compare.right)
        known = ~(np.isnan(left) | np.isnan(right))
        holds: Callable[[Any, Any], Any] = COMPARE[compare.operator]
        moves_left = clause.threshold is compare.left
        turned = np.zeros(len(left), dtype=bool)
        for factor in (1.0 - move, 1.0 + move):
            after = holds(left * factor, right) if moves_left else holds(left, right * factor)
            turned |= after != holds(left, right)
        count, total = int((turned & known).sum()), int(known.sum())
        if count < least or count <= share * total:
            continue
        text = subject.text(compare.span)
        yield Finding(
            f"`{text}` turns on {count:,} of {total:,} {unit} ({count / total:.1%}) "
            f"if its threshold moves by {move * 100:.4g}% of its value",
            clause.place,
            "the measure lives about this threshold: sweep it before trusting results to it",
            "this threshold",
            _declaration(subject, clause.threshold),
        )


def _declaration(subject: Subject, threshold: c.Expression) -> tuple[Label, ...]:
    if not isinstance(threshold, c.Reference):
        return ()
    spans = [param.span for param in subject.ruleset.params if param.name == threshold.name]
    return tuple(Label(span, "declared here") for span in spans)


LINT = Lint(
    "ALV750",
    "fragile-threshold",
    Severity.ADVICE,
    _run,
    needs_data=True,
    options=(_MOVE, _SHARE, _LEAST),
)
