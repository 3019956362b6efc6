"""Write what commands print now, and what the code says now, into the pages that show it.

Rulesets in the pages are written in their canonical form, as `alvh fmt` does it.

`python -m tests.docs.record` from the top of the repository; read the difference before you commit.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alvh_rules.core.source import Source
from alvh_rules.syntax.format import format_source
from tests.docs.generated import filled
from tests.docs.transcripts import PAGES, ROOT, fenced_blocks, plain_terminal, recorded


def formatted(text: str) -> str:
    """The page with its rulesets in canonical form."""
    for block in reversed(fenced_blocks(text)):
        if block.language == "alvh":
            new, _ = format_source(Source("page.alvh", block.body))
            text = text[: block.start] + new + text[block.start + len(block.body) :]
    return text


def record() -> list[Path]:
    """Rewrite the pages; returns those that changed."""
    changed = []
    for page in PAGES:
        before = page.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder, plain_terminal():
            after = recorded(formatted(filled(before)), Path(folder))
        if after != before:
            page.write_text(after, encoding="utf-8")
            changed.append(page)
    return changed


if __name__ == "__main__":
    for page in record():
        print(f"changed {page.relative_to(ROOT)}")
    sys.exit(0)
