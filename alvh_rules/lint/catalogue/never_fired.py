"""A rule that never fired on the data.

What it does
------------
With `--data`, looks for a signal, an opening of a layer, a regime, a limit or an event's window that
held on no session of the data, and for one that was never known. The data must know the rule on
`least-sessions` or have so many sessions. Rules that speak of what is held are let be: a run of decisions
holds nothing.

Why is this bad
---------------
It is an unreachable threshold, a misspelt source or a clause too many; or a rule that this history
cannot say anything about, which is worth knowing before money is put behind it.

Example
-------
```alvh
ruleset example version 1.0.0
data
  vix volatility
signal crisis when vix > 90
```

`alvh.toml`:

```toml
[lint.never-fired]
least-sessions = 3
```

`data.csv`:

```csv
date,vix
2020-03-13,57.83
2020-03-16,82.69
2020-03-17,75.91
2020-03-18,76.45
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
signal crisis when vix > 80
```

`alvh.toml`:

```toml
[lint.never-fired]
least-sessions = 3
```

`data.csv`:

```csv
date,vix
2020-03-13,57.83
2020-03-16,82.69
2020-03-17,75.91
2020-03-18,76.45
```

```sh
alvh check example.alvh --data data.csv
```
"""

from __future__ import annotations

from collections.abc import Iterator

from alvh_rules.core.diagnostics import Severity
from alvh_rules.lint.record import Finding, Lint, Option, Subject
from alvh_rules.lint.rules_on_data import rules

_LEAST = Option("least-sessions", 60, "rows of data that say something", least=1)


def _run(subject: Subject) -> Iterator[Finding]:
    assert subject.evaluation is not None
    timeline = subject.evaluation.market.timeline
    unit = "sessions" if timeline.daily else "bars"
    for rule in rules(subject):
        if rule.held:
            continue
        if rule.known >= subject.number(_LEAST):
            yield Finding(
                f"{rule.what} never {rule.verb} on the {rule.known:,} {unit} where it is known",
                rule.span,
                "check its thresholds against the data, or give it data in which it can",
            )
        elif not rule.known and len(timeline) >= subject.number(_LEAST):
            yield Finding(
                f"{rule.what} is unknown on all of the {len(timeline):,} {unit}",
                rule.span,
                "`alvh run` says which columns are missing",
            )


LINT = Lint("ALV751", "never-fired", Severity.ADVICE, _run, needs_data=True, options=(_LEAST,))
