"""How a feed is read and watched: what the command line and `[live]` of alvh.toml say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from alvh_rules.live.paper import PaperSettings
from alvh_rules.market.read import Options


@dataclass(frozen=True)
class TickSettings:
    """`[live.ticks]`: how bars are made of ticks.

    With `symbol` and `value`, a tick's fields: it is of the column that `symbol` names. `wait` is how
    many seconds after a bar's end it is closed although no later tick has come. `columns` gives for a
    field of the bar what it is made of: one of `ticks.MEASURES` and a tick's field.
    """

    symbol: str = ""
    value: str = ""
    wait: float = 2.0
    columns: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """What is said of a feed.

    `time` is the field of a bar's end, `time_unit` the unit of a number in it; `bounds` the least and
    the greatest value of a column. Seconds: `stale_after` (None: `due.default_wait`), `most_ahead`. A
    sink may lag `most_behind` outputs before the feed is made to wait. `subscribe` are texts sent once
    a WebSocket is open, `items` the field that holds a message's list of bars. `paper` is of the paper
    account, if there is one.
    """

    options: Options = field(default_factory=Options)
    time: str = ""
    time_unit: str = ""
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    stale_after: float | None = None
    most_ahead: float = 60.0
    most_behind: int = 1000
    subscribe: tuple[str, ...] = ()
    items: str = ""
    ticks: TickSettings | None = None
    paper: PaperSettings | None = None
