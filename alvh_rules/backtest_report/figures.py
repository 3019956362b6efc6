"""The charts of a report, as Plotly's JSON.

A figure's traces leave `x` out where it is the sessions: the page fills in the dates of `rows`, which
all its traces share. Colours are names of the page's style (`--hedged`), so that it can be light or dark.
Text of a ruleset is put into Plotly's markup with `marked`, since Plotly reads tags in it.
"""

from __future__ import annotations

import html
import math
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from alvh_rules.backtest.result import Backtest
from alvh_rules.backtest_report.book import (
    hedge_measure,
    hedges,
    on_sessions,
    owners,
    rows_of_events,
)
from alvh_rules.backtest_report.returns import dates_of
from alvh_rules.backtest_report.risk import drawdowns
from alvh_rules.backtest_report.thin import drawn_rows
from alvh_rules.evaluate.inputs import Float, Integer

MOST_MARKS: Final = 4_000
"""Trades drawn on the price chart; the latest ones."""
MOST_HOVER: Final = 90
"""Characters shown beside a mark."""
MOST_POINTS: Final = 2_000
"""Points of a scatter chart."""
MOST_CALENDARS: Final = 8
_ACTIONS: Final = {
    "open": ("opened", "triangle-up", "--good"),
    "close": ("closed", "triangle-down", "--warm"),
    "settle": ("settled", "circle-open", "--hedged"),
    "roll": ("rolled", "diamond", "--violet"),
    "refuse": ("refused", "x", "--bad"),
    "override": ("overridden", "star", "--warm"),
}
COLOURS: Final = tuple(f"--series-{at}" for at in range(1, 9))


@dataclass(frozen=True)
class Figure:
    """A chart: where it stands, what it shows in a sentence, and what Plotly draws."""

    name: str
    title: str
    caption: str
    traces: list[dict[str, Any]]
    layout: dict[str, Any] = field(default_factory=dict)
    rows: Integer | None = None
    """The sessions on the x axis; None where it is something else."""
    height: int = 320
    texts: tuple[str, ...] = ()
    """What traces' `customdata` count, so that a text of many marks stands in the page once."""

    def document(self) -> dict[str, Any]:
        """The chart as JSON has it."""
        return {
            "name": self.name,
            "height": self.height,
            "rows": None if self.rows is None else self.rows.tolist(),
            "traces": self.traces,
            "layout": self.layout,
            "texts": self.texts,
        }


def figures(backtest: Backtest) -> list[Figure]:
    """Every chart that the run has something to show in."""
    made = (equity(backtest), fall(backtest), contributions(backtest), *hedge(backtest))
    rest = (exposures(backtest), price(backtest))
    return [figure for figure in (*made, *rest) if figure is not None]


def marked(text: str) -> str:
    """A text that Plotly shows as it is."""
    return html.escape(text, quote=False)


def _cut(text: str) -> str:
    """A text that fits beside a mark."""
    return text if len(text) <= MOST_HOVER else text[: MOST_HOVER - 1] + "…"


def numbers(values: Float, places: int) -> list[float | None]:
    """Values rounded for a chart; null where unknown."""
    return [round(item, places) if math.isfinite(item) else None for item in values.tolist()]


def line(name: str, values: Float, colour: str, places: int = 2, **more: Any) -> dict[str, Any]:
    """A line over the sessions."""
    style = {"color": colour, "width": 1.5, **more.pop("line", {})}
    return {
        "type": "scatter",
        "mode": "lines",
        "name": marked(name),
        "y": numbers(values, places),
        "line": style,
        **more,
    }


def equity(backtest: Backtest) -> Figure:
    """Equity with and without the hedge, and the days of events below."""
    frame = backtest.equity
    with_hedge = frame["equity"].to_numpy(dtype=float)
    series = {"with the hedge" if hedges(backtest) else "equity": (with_hedge, "--hedged")}
    if hedges(backtest):
        without = frame["equity_without_hedge"].to_numpy(dtype=float)
        series["without the hedge"] = (without, "--unhedged")
    rows = drawn_rows([values for values, _ in series.values()])
    dollars: dict[str, Any] = {"hovertemplate": "%{y:$,.0f}"}
    traces = [
        line(name, values[rows], colour, **dollars) for name, (values, colour) in series.items()
    ]
    traces += _changes(backtest, [values for values, _ in series.values()])
    days = dates_of(frame)
    calendars = list(rows_of_events(backtest).items())[:MOST_CALENDARS]
    for at, (name, each) in enumerate(calendars):
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": marked(name),
                "x": [str(day) for day in days[each]],
                "y": [at] * len(each),
                "yaxis": "y2",
                "hovertemplate": "%{x|%Y-%m-%d}",
                "marker": {
                    "symbol": "line-ns-open",
                    "size": 8,
                    "color": COLOURS[(at + 2) % len(COLOURS)],
                },
            }
        )
    layout: dict[str, Any] = {"yaxis": {"tickformat": "$~s"}}
    if calendars:
        share = 0.05 * len(calendars)
        layout["yaxis"]["domain"] = [share + 0.06, 1]
        layout["yaxis2"] = {
            "domain": [0, share],
            "range": [len(calendars) - 0.5, -0.5],
            "showgrid": False,
            "showticklabels": False,
            "fixedrange": True,
            "zeroline": False,
        }
    told = "Equity at the close of every session"
    if len(backtest.versions) > 1:
        told += "; dotted lines are the sessions from which another version was in force"
    if calendars:
        told += "; the marks below are the sessions of the calendars"
    return Figure("equity", "Equity", told + ".", traces, layout, rows, 400)


def _changes(backtest: Backtest, series: list[Float]) -> list[dict[str, Any]]:
    """Upright lines where another version came into force, each named."""
    later = backtest.versions[1:]
    if not later:
        return []
    known = np.concatenate([values[~np.isnan(values)] for values in series])
    low, high = (round(float(item), 2) for item in (known.min(), known.max()))
    told = [marked(f"{item.name}, {item.how}") for item in later]
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "name": "change of version",
            "x": [day for item in later for day in (str(item.first), str(item.first), None)],
            "y": [level for _ in later for level in (low, high, None)],
            "text": [text for item in told for text in (item, item, "")],
            "hovertemplate": "%{text}<extra></extra>",
            "line": {"color": "--violet", "width": 1, "dash": "dot"},
        }
    ]


def fall(backtest: Backtest) -> Figure:
    """How far equity stood below its highest."""
    frame = backtest.equity
    mine = drawdowns(frame["equity"].to_numpy(dtype=float), backtest.capital)
    series = [mine]
    if hedges(backtest):
        without = frame["equity_without_hedge"].to_numpy(dtype=float)
        series.append(drawdowns(without, backtest.capital))
    rows = drawn_rows(series)
    style = {"hovertemplate": "%{y:.2%}"}
    first = "with the hedge" if len(series) > 1 else "drawdown"
    traces = [
        line(first, mine[rows], "--hedged", 5, fill="tozeroy", fillcolor="--hedged-faint", **style)
    ]
    traces += [
        line("without the hedge", other[rows], "--unhedged", 5, **style) for other in series[1:]
    ]
    caption = "Below the highest equity so far, the capital included."
    return Figure(
        "drawdown", "Drawdown", caption, traces, {"yaxis": {"tickformat": ".0%"}}, rows, 240
    )


def contributions(backtest: Backtest) -> Figure:
    """What each layer, the hedge and the rest have made so far."""
    profits = owners(backtest)
    rows = drawn_rows(list(profits.values()))
    layers = [name for name in profits if name not in ("hedge", "holding", "interest")]
    colours = {name: COLOURS[at % len(COLOURS)] for at, name in enumerate(layers)}
    colours |= {"hedge": "--warm", "holding": "--violet", "interest": "--muted"}
    traces = [
        line(name, values[rows], colours[name], hovertemplate="%{y:$,.0f}")
        for name, values in profits.items()
    ]
    return Figure(
        "contributions",
        "Profit by layer",
        "Cumulative, after fees and slippage. Together they are the change of equity.",
        traces,
        {"yaxis": {"tickformat": "$~s"}},
        rows,
    )


def hedge(backtest: Backtest) -> list[Figure]:
    """The hedge ratio over time and against the measure that the hedge is held by."""
    frame, measure = backtest.equity, hedge_measure(backtest)
    names = [name for name in ("hedge_ratio", "hedge_held") if name in frame.columns]
    series = {name: frame[name].to_numpy(dtype=float) for name in names}
    series = {name: values for name, values in series.items() if not np.isnan(values).all()}
    if not series or not hedges(backtest):
        return []
    told = {"hedge_ratio": ("decided", "--hedged"), "hedge_held": ("held", "--warm")}
    drawn = [*series.values(), *([measure.values] if measure else [])]
    rows = drawn_rows(drawn)
    style = {"hovertemplate": "%{y:.1%}"}
    traces = [
        line(told[name][0], values[rows], told[name][1], 4, **style, line={"shape": "hv"})
        for name, values in series.items()
    ]
    ratios, beyond = _ratio_axis(list(series.values()))
    layout: dict[str, Any] = {"yaxis": dict(ratios)}
    if measure is None:
        caption = "Decided at each close, and what was held against it." + beyond
        return [Figure("hedge", "Hedge ratio", caption, traces, layout, rows)]
    traces.append(line(measure.name, measure.values[rows], "--muted", 4, yaxis="y2", **style))
    layout["yaxis"]["domain"] = [0.42, 1]
    layout["yaxis2"] = {"domain": [0, 0.34], "tickformat": ".0%", "zeroline": True}
    step = math.ceil(len(measure.values) / MOST_POINTS)
    points = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": told[name][0],
            "x": numbers(measure.values[::step], 4),
            "y": numbers(values[::step], 4),
            "marker": {"color": told[name][1], "size": 5, "opacity": 0.55},
            "hovertemplate": f"{marked(measure.name)} %{{x:.2%}}, ratio %{{y:.1%}}",
        }
        for name, values in series.items()
    ]
    which = "Every session is a point." if step == 1 else f"One session in {step} is a point."
    return [
        Figure(
            "hedge",
            f"Hedge ratio and {measure.name}",
            "Decided at each close and what was held against it; the measure below." + beyond,
            traces,
            layout,
            rows,
            380,
        ),
        Figure(
            "hedge-by-measure",
            f"Hedge ratio against {measure.name}",
            which + beyond,
            points,
            {
                "hovermode": "closest",
                "xaxis": {"tickformat": ".0%", "title": {"text": marked(measure.name)}},
                "yaxis": dict(ratios),
            },
        ),
    ]


def _ratio_axis(series: list[Float]) -> tuple[dict[str, Any], str]:
    """The axis of hedge ratios, and what to say of values beyond it.

    What is held can stand at many times what was decided for a session or two, when a unit of the hedge
    gains next to nothing on volatility: the axis is wide enough for all but the outermost hundredth on
    either side, and says how many lie beyond.
    """
    known = np.concatenate([values[~np.isnan(values)] for values in series])
    low, high = (float(item) for item in np.quantile(known, (0.01, 0.99)))
    low, high = min(low, 0.0), max(high, 0.0)
    room = 0.05 * (high - low) or 0.05
    outside = int(((known < low - room) | (known > high + room)).sum())
    axis = {"tickformat": ".0%", "range": [low - (room if low < 0 else 0.0), high + room]}
    if not outside:
        return axis, ""
    times = "value lies" if outside == 1 else "values lie"
    return axis, f" {outside:,} {times} beyond the axis; double-click or zoom out to see them."


def exposures(backtest: Backtest) -> Figure | None:
    """Delta, vega, theta and margin of the book, a panel each."""
    panels = (
        ("book_delta", "delta, $ a point"),
        ("book_vega", "vega, $ a point of volatility"),
        ("book_theta", "theta, $ a day"),
        ("margin", "margin, $"),
    )
    frame = backtest.equity
    series = {
        title: frame[name].to_numpy(dtype=float) for name, title in panels if name in frame.columns
    }
    series = {title: values for title, values in series.items() if not np.isnan(values).all()}
    if not series:
        return None
    rows = drawn_rows(list(series.values()))
    traces, layout = [], {}
    height = 1 / len(series)
    for at, (title, values) in enumerate(series.items()):
        axis = "" if at == 0 else str(at + 1)
        top = 1 - at * height
        colour = COLOURS[at % len(COLOURS)]
        traces.append(
            line(title, values[rows], colour, 2, yaxis=f"y{axis}", hovertemplate="%{y:$,.0f}")
        )
        layout[f"yaxis{axis}"] = {
            "domain": [top - height * 0.86, top],
            "tickformat": "$~s",
            "zeroline": True,
            "nticks": 4,
        }
    caption = (
        "Of all that is held, the hedge included, at the close of every session. Vega is for a point of"
        " every volatility alike; the hedge's ratio counts far ones less."
    )
    return Figure("exposures", "Exposures", caption, traces, layout, rows, 150 * len(series) + 60)


def price(backtest: Backtest) -> Figure | None:
    """Trades on the chart of the underlying."""
    if "spot" not in backtest.market.columns:
        return None
    spot = on_sessions(backtest, backtest.market, "spot")
    if np.isnan(spot).all():
        return None
    rows = drawn_rows([spot])
    traces = [line("close", spot[rows], "--muted", 2, hovertemplate="%{y:,.2f}")]
    trades = backtest.trades[backtest.trades["action"].isin(list(_ACTIONS))]
    # A hedge is traded or refused most days, and its ratio has a chart of its own.
    often = trades["action"].isin(("open", "refuse"))
    trades = trades[(trades["owner"] != "hedge") | ~often]
    caption = (
        "Each mark is a trade of a layer or one that was refused, or an end or roll of a hedge; a name above shows"
        " or hides its marks."
    )
    if len(trades) > MOST_MARKS:
        caption += f" The latest {MOST_MARKS:,} of {len(trades):,} are drawn."
        trades = trades[-MOST_MARKS:]
    level = dict(zip(dates_of(backtest.equity).tolist(), spot.tolist(), strict=True))
    clauses: dict[str, int] = {}
    for action, (word, symbol, colour) in _ACTIONS.items():
        mine = trades[trades["action"] == action]
        if not len(mine):
            continue
        days = dates_of(mine)
        words = [_cut(str(clause)) for clause in mine["clause"]]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": word,
                # What settles or rolls does so by itself, and would hide what was decided.
                "visible": True if action in ("open", "close") else "legendonly",
                "x": [str(day) for day in days],
                "y": numbers(np.array([level.get(day, math.nan) for day in days.tolist()]), 2),
                "text": [marked(str(item)) for item in mine["position"]],
                "customdata": [clauses.setdefault(text, len(clauses)) for text in words],
                "hovertemplate": f"%{{text}} {word}: %{{customdata}}",
                "marker": {
                    "symbol": symbol,
                    "size": 6 if action == "settle" else 8,
                    "color": colour,
                    "opacity": 0.8,
                },
            }
        )
    layout = {"hovermode": "closest", "yaxis": {"tickformat": ",~r"}}
    texts = tuple(marked(text) for text in clauses)
    return Figure("price", "Trades on the price", caption, traces, layout, rows, 380, texts)
