"""A comparison as Markdown, made for the comment of a pull request.

What a reviewer must see stands first and what is unchanged is one line. Texts of the ruleset stand as
code, so that nothing in them is read as Markdown.
"""

from __future__ import annotations

from alvh_rules.compare.comparison import (
    OFF_BOUNDARY,
    SAME,
    Comparison,
    Decision,
)
from alvh_rules.compare.markdown_words import code, plain
from alvh_rules.compare.text import (
    count,
    example_text,
    history_text,
    nothing_in_common,
    title,
    verdict_lines,
)

_WORDS = {OFF_BOUNDARY: "same off a boundary"}


def as_markdown(comparison: Comparison) -> str:
    """The whole comparison."""
    first, *rest = verdict_lines(comparison)
    verdict, _, reasons = first.partition(" (")
    lines = [f"### {plain(title(comparison))}", "", f"**{_capital(verdict)}**"]
    if reasons:
        lines[-1] += f" – {plain(reasons.removesuffix(')'))}"
    # These hold no text of the ruleset but its versions; their code stays code.
    lines += [f"{_capital(plain(line.strip()))}.".replace("\\`", "`") for line in rest]
    lines.append("")
    if comparison.nothing_in_common:
        lines += [plain(nothing_in_common(comparison)) + ".", ""]
    changed = [item for item in comparison.decisions if item.status != SAME or item.kind]
    if changed:
        lines += ["| decision | | where | for example |", "|---|---|---|---|"]
        lines += [_row(item) for item in changed]
        lines.append("")
    causes = [(item, cause) for item in changed for cause in item.causes]
    told = dict.fromkeys((cause.name, cause.old, cause.new) for _, cause in causes)
    if told or comparison.changes:
        lines += ["| clause | was | is | |", "|---|---|---|---|"]
        lines += [f"| {code(name)} | {code(old)} | {code(new)} | |" for name, old, new in told]
        lines += [
            f"| {code(item.what)} | {code(item.old)} | {code(item.new)} | {plain(item.note)} |"
            for item in comparison.changes
        ]
        lines.append("")
    same = [item.name for item in comparison.decisions if item.status == SAME]
    if same:
        lines += [f"The same for every market: {', '.join(map(code, same))}.", ""]
    if comparison.proof:
        lines += [f"No proof was made: {plain(comparison.proof)}.", ""]
    lines += _history(comparison)
    if comparison.results is not None:
        from alvh_rules.compare.results_text import results_markdown

        lines += results_markdown(comparison.results)
    return "\n".join(lines).rstrip()


def _history(comparison: Comparison) -> list[str]:
    history = comparison.history
    if history is None:
        return []
    digest = f"{history.changed:,} of {count(history.sessions, history.unit)}"
    lines = [f"**{digest} change** ({history.first} to {history.last}).", ""]
    if not history.decisions:
        return lines
    lines += ["| decision | how | first | last | most |", "|---|---|---|---|---|"]
    for item in history.decisions:
        moments = [
            "" if moment is None else f"{moment.when}: {code(moment.old)} → {code(moment.new)}"
            for moment in (item.first, item.last, item.most if item.average is not None else None)
        ]
        how = history_text(item, history.unit).removeprefix(f"{item.name}: ")
        lines.append(f"| {code(item.name)} | {plain(how)} | {' | '.join(moments)} |")
    return [*lines, ""]


def _row(item: Decision) -> str:
    where = item.region or item.reason
    if item.status == OFF_BOUNDARY:
        where = item.boundary
    where = "; ".join(filter(None, (where, item.kind)))
    example = ""
    if item.example is not None:
        given = code(example_text(item.example))
        example = f"{f'{given}: ' if given else ''}{code(item.old)} → {code(item.new)}"
    status = _WORDS.get(item.status, item.status)
    return f"| {code(item.name)} | {status} | {plain(where)} | {example} |"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
