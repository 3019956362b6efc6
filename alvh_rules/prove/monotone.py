"""`always … never rises as … rises` (placeholder until the syntax is there)."""

from __future__ import annotations

from collections.abc import Iterator

from alvh_rules.prove.context import Context
from alvh_rules.prove.verdicts import Verdict


def monotone(context: Context) -> Iterator[Verdict]:
    """Every monotone property."""
    yield from ()
