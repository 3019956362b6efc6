"""Orders as text for the terminal, and as a table for a file."""

from __future__ import annotations

import csv
import io
import math

from alvh_rules.backtest.orders import Order, Orders

COLUMNS = (
    *("date", "owner", "position", "action", "structure", "legs"),
    *("limit", "clause", "place", "reason"),
)


def order_lines(made: Orders, told: bool) -> list[str]:
    """What to do, an order after another; `told` where the broker's positions are known."""
    start = f"{made.day}: equity ${made.equity:,.2f}, cash ${made.cash:,.2f}"
    lines = [start if told else f"{start} (nothing is held: say what is with `--holdings FILE`)"]
    done = [order for order in made.orders if order.action not in ("refuse", "override")]
    for order in done:
        lines += _order(order)
    if not done:
        lines.append("nothing to trade")
    for order in made.orders:
        if order.action == "override":
            lines.append(f"{order.position}: {order.reason}")
        elif order.action == "refuse":
            lines.append(f"not done, {order.owner}: {order.structure}: {order.reason}")
            lines.append(f"    {order.clause} ({order.place})")
    return lines


def _order(order: Order) -> list[str]:
    name = order.position or order.owner
    lines = [f"{order.action} {name}: {order.structure}"]
    lines += [
        f"    {'buy' if count > 0 else 'sell'} {abs(count):,.10g} {contract}"
        for contract, count in order.legs
    ]
    if not math.isnan(order.limit):
        verb = "receive at least" if order.limit >= 0 else "pay at most"
        lines.append(f"    limit: {verb} ${abs(order.limit):,.2f} in all, before fees")
    lines.append(f"    because {order.clause} ({order.place})")
    return lines


def order_table(made: Orders) -> str:
    """The orders as CSV; a cell that a spreadsheet would run is written as text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for order in made.orders:
        legs = "; ".join(f"{count:+.10g} {contract}" for contract, count in order.legs)
        limit = "" if math.isnan(order.limit) else f"{order.limit:.2f}"
        cells = (
            *(made.day, order.owner, order.position, order.action, order.structure, legs),
            *(limit, order.clause, order.place, order.reason),
        )
        writer.writerow([f"'{cell}" if cell[:1] in ("=", "@") else cell for cell in cells])
    return out.getvalue()
