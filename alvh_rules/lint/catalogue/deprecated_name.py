"""A name that has another one now.

What it does
------------
Looks for functions and words of the language that have been renamed (`DEPRECATED` in this lint's file;
so far there are none), and for names that a house has renamed itself and lists in `alvh.toml`, under
`[lint.deprecated-name.renamed]`. The old name still works; where the language renamed it, the new one
means the same, and the fix is safe.

Why is this bad
---------------
An old name is taken away one day, and two names for one thing are hard to read.

Example
-------
```alvh
ruleset example version 1.0.0
data
  vix volatility
let fear = vix
let stress = vix
signal high when fear > 30
signal low when stress < 15
```

`alvh.toml`:

```toml
[lint.deprecated-name.renamed]
fear = "stress"
```

Use instead
-----------
```alvh
ruleset example version 1.0.0
data
  vix volatility
let stress = vix
signal high when stress > 30
signal low when stress < 15
```

`alvh.toml`:

```toml
[lint.deprecated-name.renamed]
fear = "stress"
```
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from alvh_rules.core.diagnostics import Edit, Fix, Severity
from alvh_rules.core.source import Span
from alvh_rules.lint.record import Finding, Lint, Option, Subject
from alvh_rules.syntax import ast
from alvh_rules.syntax.walk import walk


@dataclass(frozen=True, slots=True)
class Deprecated:
    """A name of the language, its new one, and the version that renamed it; both mean the same."""

    old: str
    new: str
    since: str


DEPRECATED: tuple[Deprecated, ...] = ()
"""What the language has renamed. The old name stays in the language for as long as it stands here."""

_RENAMED = Option("renamed", (), "names of your own rulesets, old = new")


def _run(subject: Subject) -> Iterator[Finding]:
    renamed = {item.old: (item.new, f"since alvh {item.since}", True) for item in DEPRECATED}
    listed = subject.options["renamed"]
    assert isinstance(listed, tuple)
    renamed |= {old: (new, "by alvh.toml", False) for old, new in listed}
    if not renamed:
        return
    for item in subject.items:
        nodes = list(walk(item))
        declared = {name.span for node in nodes for name in _declared(node)}
        for node in nodes:
            match node:
                case ast.Word(name=name, span=span):
                    pass
                case ast.Attribute(owner=name, span=whole):
                    span = Span(whole.file, whole.start, whole.start + len(name))
                case _:
                    continue
            if name not in renamed or span in declared:
                continue
            new, when, same = renamed[name]
            yield Finding(
                f"`{name}` is called `{new}` {when}",
                span,
                f"write `{new}`",
                fix=Fix(f"write `{new}`", (Edit(span, new),), safe=same),
            )


def _declared(node: object) -> tuple[ast.Word, ...]:
    """The names that a node gives, which are no uses of them."""
    match node:
        case ast.Calendars():
            return node.names
        case ast.Labels():
            return (node.name, *node.words)
        case (
            ast.Header()
            | ast.DataRow()
            | ast.ParamRow()
            | ast.Let()
            | ast.Table()
            | ast.Signal()
            | ast.Target()
            | ast.Layer()
            | ast.Regime()
        ):
            return (node.name,)
        case _:
            return ()


LINT = Lint("ALV759", "deprecated-name", Severity.WARNING, _run, options=(_RENAMED,))
