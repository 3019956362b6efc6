"""The lints' pages, made from the texts of their modules: `python -m alvh_rules.lint.pages`.

A lint's module text is written in ruff's manner: a title, then `What it does`, `Why is this bad`,
`Example` and `Use instead`, each underlined. From it comes the page of the lint's code in
`alvh_rules/findings/codes/`, and `docs/codes.md` from all pages; a test says when they are behind.
"""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Final

from alvh_rules.findings.code_records import as_markdown
from alvh_rules.lint.record import Lint
from alvh_rules.lint.registry import MODULES

SECTIONS: Final = ("What it does", "Why is this bad", "Example", "Use instead")
_UNDERLINED: Final = re.compile(r"^(.+)\n-{3,}\n", re.M)
_PACKAGE: Final = Path(__file__).resolve().parent.parent


def page_of(module: ModuleType) -> str:
    """The page of a lint's code. Raises ValueError where a section is absent."""
    lint: Lint = module.LINT
    title, *rest = _UNDERLINED.split((module.__doc__ or "").strip())
    parts = dict(zip(rest[::2], (part.strip() for part in rest[1::2]), strict=True))
    if tuple(parts) != SECTIONS:
        raise ValueError(f"the text of {module.__name__} must have {', '.join(SECTIONS)}")
    heading = title.strip().removesuffix(".")
    heading = heading[:1].lower() + heading[1:]
    what, why, fails, passes = (parts[name] for name in SECTIONS)
    told = f"{what}\n\n{_settings(lint)}"
    return (
        f"# {lint.code}: {heading}\n\n{told}\n\n## Why it matters\n\n{why}\n\n"
        f"## Fails\n\n{fails}\n\n## Passes\n\n{passes}\n"
    )


def _settings(lint: Lint) -> str:
    """The lint's name, level and options, as `alvh.toml` has them."""
    lines = [f"This is the lint `{lint.name}`, by default of level `{lint.severity.value}`"]
    lines[0] += "." if lint.enabled else ", and runs only where it is selected."
    for option in lint.options:
        default = "{}" if option.default == () else str(option.default).lower()
        lines.append(f"Option `{option.name}` (default {default}): {option.doc}.")
    return "\n".join(lines)


def write_pages() -> None:
    """Every lint's page, and the document of all pages."""
    for module in MODULES:
        path = _PACKAGE / "findings" / "codes" / f"{module.LINT.code}.md"
        path.write_text(page_of(module), encoding="utf-8")
    (_PACKAGE.parent / "docs" / "codes.md").write_text(as_markdown(), encoding="utf-8")


if __name__ == "__main__":
    write_pages()
