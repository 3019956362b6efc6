"""A rule that always fired on the data.

What it does
------------
With `--data`, looks for a signal, an opening of a layer, a regime, a limit or an event's window that
held on every session on which it is known, of which there must be `least-sessions` or more. Rules
that speak of what is held are let be: a run of decisions holds nothing.

Why is this bad
---------------
What always holds decides nothing. A limit that always binds is the weight in truth, and an opening
condition that always holds opens on any day at all.

Example
-------
```alvh
ruleset example version 1.0.0
data
  vix volatility
signal crisis when vix > 5
```

`alvh.toml`:

```toml
[lint.always-fired]
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
[lint.always-fired]
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
    unit = "sessions" if subject.evaluation.market.timeline.daily else "bars"
    for rule in rules(subject):
        if rule.held == rule.known >= subject.number(_LEAST):
            yield Finding(
                f"{rule.what} {rule.verb} on every one of the {rule.known:,} {unit} where it is known",
                rule.span,
                "what always holds decides nothing: check its thresholds against the data",
            )


LINT = Lint("ALV752", "always-fired", Severity.ADVICE, _run, needs_data=True, options=(_LEAST,))
