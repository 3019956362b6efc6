"""The terminal's view of a live run: the decisions, why, what would turn them, the feed's health.

It is drawn on the error stream a few times a second from what the loop holds; nothing waits for it. With a
paper account its money and its open positions stand below the decisions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from statistics import median
from typing import Any

from rich.console import Group, RenderableType
from rich.live import Live as Screen
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from alvh_rules.backtest.account import Statement
from alvh_rules.backtest.outlook import Outlook
from alvh_rules.core.kinds import Kind
from alvh_rules.core.render import escaped
from alvh_rules.live.deliver import Delivery
from alvh_rules.live.loop import Live

_MOST_LINES = 24
_MOST_POSITIONS = 12


def _legs(item: Outlook) -> str:
    """The contracts of a position and their marks; what they are on is said once where it is the same."""
    dates = {(contract.underlying, contract.expiry) for contract, _, _ in item.legs}
    shared = len(dates) == 1 and len(item.legs) > 1
    parts = []
    for contract, count, mark in item.legs:
        name = str(contract)
        if shared:
            name = name.rsplit(" ", 1)[-1]
        parts.append(f"{count:+,g} {name} {'?' if mark != mark else f'{mark:,.2f}'}")
    head = str(item.legs[0][0]).rsplit(" ", 1)[0] + ": " if shared else ""
    return head + ", ".join(parts)


class Dashboard:
    """Draws a run; `refresh` is called from the loop, between bars."""

    def __init__(self, live: Live, deliveries: Sequence[Delivery], screen: Screen) -> None:
        self._live, self._deliveries, self._screen = live, deliveries, screen
        self._turns: dict[str, tuple[str, float]] = {}
        self._turns_of = ""
        self._outlooks: list[Outlook] = []
        self._outlooks_of = ""

    def refresh(self) -> None:
        """Draw how things stand."""
        self._screen.update(self.view(self._live.clock.now()), refresh=True)

    def view(self, now: datetime) -> RenderableType:
        """Everything that is shown."""
        about = self._live.about
        title = f"{about.ruleset} {about.version}"
        parts: list[RenderableType] = [Panel(self._decisions(), title=title)]
        if self._live.health.statement is not None:
            parts.append(Panel(self._account(self._live.health.statement), title="paper account"))
        parts.append(Panel(self._health(now), title="feed"))
        # The reasons come last: what a small screen cuts off is the least of it.
        if lines := self._live.health.explanation:
            shown = [escaped(line) for line in lines[:_MOST_LINES]]
            if len(lines) > _MOST_LINES:
                shown.append(f"… {len(lines) - _MOST_LINES} more lines: `alvh journal explain`")
            parts.append(Panel(Text("\n".join(shown)), title="why"))
        return Group(*parts)

    def _account(self, statement: Statement) -> RenderableType:
        """The account's money on a line or two, and a row a position."""
        account = self._live.engine.account
        assert account is not None
        if self._outlooks_of != self._live.health.key:
            self._outlooks, self._outlooks_of = account.outlooks(), self._live.health.key
        equity = statement.equity
        money = [
            f"equity ${equity['equity']:,.2f}",
            f"cash ${equity['cash']:,.2f}",
            f"margin ${equity['margin']:,.2f}",
            f"drawdown {equity['drawdown'] * 100:.2f}%",
        ]
        if self._live.engine.ruleset.hedge is not None:
            wanted, held = equity["hedge_ratio"], equity["hedge_held"]
            told = "nothing to hedge" if held is None else f"{held * 100:.1f}% held"
            ratio = "unknown" if wanted is None else f"{wanted * 100:.1f}%"
            money.append(f"hedge {ratio} wanted, {told}")
        traded = [trade for trade in statement.trades if trade["action"] != "refuse"]
        done = Counter(trade["action"] for trade in traded)
        if done:
            money.append("today: " + ", ".join(f"{count} {word}" for word, count in done.items()))
        if statement.stale:
            money.append("stale: nothing opened")
        head = Text(" · ".join(money))
        for trade in statement.trades:
            if trade["action"] == "refuse":
                told = f"not done, {trade['owner']}: {trade['reason']}"
                head.append(f"\n{escaped(told)}", style="yellow")
        if not self._outlooks:
            return Group(head, Text("nothing is held", style="dim"))
        table = Table(box=None, expand=True, pad_edge=False)
        table.add_column("position", no_wrap=True)
        table.add_column("contracts and marks", ratio=3)
        table.add_column("profit", justify="right", no_wrap=True)
        table.add_column("days", justify="right", no_wrap=True)
        table.add_column("closes when", ratio=2)
        for item in self._outlooks[:_MOST_POSITIONS]:
            style = "green" if item.profit > 0 else "red" if item.profit < 0 else ""
            closes = Text(escaped(item.closes), style="bold yellow" if item.closing else "")
            if item.closing:
                closes.append(" (ordered)")
            days = "" if item.days is None else str(item.days)
            profit = Text(f"{item.profit:,.0f}", style=style)
            table.add_row(item.position, Text(_legs(item)), profit, days, closes)
        if len(self._outlooks) > _MOST_POSITIONS:
            more = len(self._outlooks) - _MOST_POSITIONS
            table.add_row(f"… {more} more", "`alvh journal show --positions`", "", "", "")
        return Group(head, table)

    def _decisions(self) -> Table:
        health = self._live.health
        if self._turns_of != health.key:
            # What turns a decision moves with the bars alone.
            self._turns, self._turns_of = self._live.engine.turns(), health.key
        table = Table(box=None, expand=True)
        table.add_column("decision", no_wrap=True)
        table.add_column("is", no_wrap=True)
        table.add_column("turns if", ratio=1)
        table.add_column("typical moves", justify="right", no_wrap=True)
        why = health.why_unknown()
        for name, value in health.shown().items():
            if value is None:
                table.add_row(
                    name,
                    Text("unknown", style="yellow"),
                    f"for want of {why[name]}"
                    if why[name] not in ("stale", "withheld")
                    else why[name],
                    "",
                )
                continue
            told, distance = self._turns.get(name, ("", 0.0))
            style = "green" if value is True else ""
            shown = Text(self._shown(name, value), style=style)
            table.add_row(name, shown, Text(escaped(told)), f"{distance:.1f}" if told else "")
        return table

    def _shown(self, name: str, value: Any) -> str:
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, str):
            return escaped(value)
        ratio = self._live.engine.ruleset.values[name].type.kind is Kind.RATIO
        return f"{value * 100:.6g}%" if ratio else f"{value:.6g}"

    def _health(self, now: datetime) -> Table:
        health = self._live.health
        table = Table(box=None, show_header=False)
        table.add_column(style="dim", no_wrap=True)
        table.add_column()
        last = health.key or "none yet"
        if health.received is not None:
            last += f", came {max((now - health.received).total_seconds(), 0):.0f} s ago"
        table.add_row("last bar", last)
        if health.stale:
            table.add_row("decisions", Text("stale: unknown until the next bar", style="bold red"))
        if health.withheld:
            told = "withheld: " + "; ".join(escaped(item) for item in health.withheld)
            table.add_row("decisions", Text(told, style="bold red"))
        table.add_row("feed", Text(escaped(health.feed)))
        counts = f"{health.bars:,} decided, {health.absent:,} sessions without, {health.repeated:,} again"
        table.add_row("bars", counts)
        if health.quarantined:
            table.add_row(
                "quarantine", ", ".join(f"{n:,} {kind}" for kind, n in health.quarantined.items())
            )
        if health.lost or health.clock_jumps:
            table.add_row(
                "trouble", f"lost {health.lost:,} times, clock set {health.clock_jumps:,}"
            )
        if health.seconds:
            took = [*health.seconds]
            table.add_row(
                "bar to journal", f"{median(took) * 1e3:.2f} ms, at most {max(took) * 1e3:.2f}"
            )
        for delivery in self._deliveries:
            _, problem = health.sinks.get(delivery.name, (0, ""))
            told = f"{delivery.behind:,} behind" + (f": {escaped(problem)}" if problem else "")
            table.add_row(f"sink {escaped(delivery.name)}", Text(told))
        return table
