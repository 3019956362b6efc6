"""A param that no sweep can walk.

What it does
------------
Looks for a `param` that has no range (`from … to … by …`). One that nothing reads is ALV105, and is
not reported here again.

Why is this bad
---------------
A param is there to be varied: without a range nobody learns whether the ruleset's results hang on
this very number.

Example
-------
```alvh
ruleset example version 1.0.0
data
  vix volatility
param calm = 20
signal low when vix < calm
```

Use instead
-----------
```alvh
ruleset example version 1.0.0
data
  vix volatility
param calm = 20 from 15 to 25 by 1
signal low when vix < calm
```
"""

from __future__ import annotations

from collections.abc import Iterator

from alvh_rules.core.diagnostics import Severity
from alvh_rules.core.source import Span
from alvh_rules.lint.record import Finding, Lint, Subject


def _run(subject: Subject) -> Iterator[Finding]:
    unused = {item.span for item in subject.findings if item.code == "ALV105"}
    for param in subject.ruleset.params:
        start = param.span.start
        name = Span(param.span.file, start, start + len(param.name))
        if param.low is None and name not in unused:
            yield Finding(
                f"param `{param.name}` has no range, so no sweep can walk it",
                name,
                f"say how far it may go: `{subject.text(param.span)} from … to … by …`",
            )


LINT = Lint("ALV755", "unswept-param", Severity.ADVICE, _run)
