"""A backtest as one HTML file that needs nothing else: no network, no other file, no server.

Plotly's program is written into the page. A policy at its head forbids the browser to fetch anything
and to run any script but the two that are written here, known by their digests: a text of a ruleset
that slipped through as markup could neither run nor reach out. Data stand as JSON in an element that is
no script. Nothing of the machine or the clock goes in: the same run makes the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Final

from alvh_rules.backtest.result import Backtest
from alvh_rules.backtest_report import sections
from alvh_rules.backtest_report.figures import Figure, figures
from alvh_rules.backtest_report.metrics import Metrics, metrics
from alvh_rules.backtest_report.returns import dates_of
from alvh_rules.backtest_report.sections import safe
from alvh_rules.backtest_report.shocks import shocks
from alvh_rules.backtest_report.words import count, day
from alvh_rules.backtest_report.worst_days import worst_days
from alvh_rules.core.files import write_text_atomically
from alvh_rules.core.version import VERSION

INSTALL: Final = "pip install 'alvh-rules[report]'"
"""The command that brings what a page needs."""


class NoPlotlyError(Exception):
    """Plotly is not installed; the text says what installs it."""

    def __init__(self) -> None:
        super().__init__(f"a report needs Plotly, which is not installed: {INSTALL}")


def write(backtest: Backtest, path: Path, trials: Sequence[float] = ()) -> int:
    """Write the report of a backtest, whole or not at all; returns its size in bytes.

    `trials` as in `metrics`. Raises `NoPlotlyError`, and OSError where the file cannot be written.
    """
    text = page(backtest, metrics(backtest, trials))
    write_text_atomically(path, text)
    return len(text.encode())


def page(backtest: Backtest, known: Metrics) -> str:
    """The report as HTML. Raises `NoPlotlyError`."""
    library, program = _plotly(), _asset("page.js")
    charts = figures(backtest)
    title = f"{backtest.ruleset} {backtest.version}: backtest"
    span = f"{day(known.first)} to {day(known.last)}, {count(known.sessions, 'session')}"
    place = {item.name: _chart(item) for item in charts}
    parts = [
        ("", sections.headline(backtest, known) + sections.tiles(backtest, known)),
        ("", place.pop("equity", "") + place.pop("drawdown", "")),
        ("Figures", sections.figure_table(backtest, known)),
        ("Returns by month", sections.monthly(backtest)),
        ("", place.pop("contributions", "")),
        ("", place.pop("hedge", "") + place.pop("hedge-by-measure", "")),
        ("Known shocks", sections.shock_table(backtest, shocks(backtest))),
        ("Worst days", sections.worst(backtest, worst_days(backtest))),
        ("", "".join(place.values())),
        ("What kept it from opening", sections.openings(backtest)),
        ("What this rests on", sections.assumptions(backtest, known)),
    ]
    body = "\n".join(_section(head, content) for head, content in parts if content)
    policy = (
        f"default-src 'none'; script-src {_allowed(library)} {_allowed(program)};"
        " style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>{safe(title)}</title>
<style>
{_asset("page.css")}</style>
</head>
<body>
<header>
<h1>{safe(backtest.ruleset)} <small>{safe(backtest.version)}</small></h1>
<p class="span">{span}</p>
<button id="theme" type="button" hidden>Light or dark</button>
</header>
<main>
<noscript><p class="note">The charts need JavaScript; every table is here without it.</p></noscript>
{body}
</main>
<footer><p>Made by alvh-rules {safe(VERSION)}. Past returns, on assumed fills, of rules that may have been
chosen because they did well.</p></footer>
<script type="application/json" id="data">{_data(backtest, charts)}</script>
<script>{library}</script>
<script>{program}</script>
</body>
</html>
"""


def _section(head: str, content: str) -> str:
    return f"<section>{f'<h2>{head}</h2>' if head else ''}{content}</section>"


def _chart(figure: Figure) -> str:
    """The place of a chart. Its height stands there before it is drawn, so that nothing jumps."""
    return (
        f"<figure><h2>{safe(figure.title)}</h2>"
        f'<div class="chart" id="chart-{safe(figure.name)}" role="img" aria-label="{safe(figure.title)}"'
        f' style="height:{figure.height}px"></div>'
        f"<figcaption>{safe(figure.caption)}{_drawn(figure)}</figcaption></figure>"
    )


def _drawn(figure: Figure) -> str:
    """Which sessions a chart leaves out, where it leaves any out."""
    if figure.rows is None or not len(figure.rows):
        return ""
    every = int(figure.rows[-1]) + 1
    if len(figure.rows) == every:
        return ""
    return (
        f" Drawn with {len(figure.rows):,} of {every:,} sessions, among them the highest and lowest of"
        " every stretch."
    )


def _data(backtest: Backtest, charts: list[Figure]) -> str:
    """The charts as JSON that cannot end its element: `<`, `>` and `&` are written as escapes."""
    content = {
        "dates": [str(item) for item in dates_of(backtest.equity)],
        "figures": [figure.document() for figure in charts],
    }
    text = json.dumps(content, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _allowed(script: str) -> str:
    """A script's digest, as a policy names it."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _asset(name: str) -> str:
    text = resources.files("alvh_rules.backtest_report").joinpath("assets", name)
    return text.read_text(encoding="utf-8")


def _plotly() -> str:
    """Plotly's own program, from the installed package."""
    try:
        from plotly.offline import get_plotlyjs
    except ImportError:
        raise NoPlotlyError from None
    # A browser takes a line's end for one character, whichever it is, before it works out the digest.
    text: str = get_plotlyjs()
    return text.replace("\r\n", "\n").replace("\r", "\n")
