"""The syntax tree: immutable typed nodes, each with the span of text it was read from.

Nodes say what was written, not what it means: names are not resolved and numbers keep their text
and unit. Two nodes are equal when the same was written, wherever it stood (`span` takes no part in
equality), which is what lets a test say that formatting changes nothing. The field `node` names a
node's class in JSON (see `export.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from alvh_rules.core.source import Span

# --- expressions ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written, without separators; `unit` is `%`, `$`, `days`, `sessions`, … or empty."""

    text: str
    unit: str
    span: Span = field(compare=False)
    node: Literal["Number"] = "Number"


@dataclass(frozen=True, slots=True)
class Word:
    """A bare name."""

    name: str
    span: Span = field(compare=False)
    node: Literal["Word"] = "Word"


@dataclass(frozen=True, slots=True)
class Attribute:
    """A dotted name: `short.open`."""

    owner: str
    name: str
    span: Span = field(compare=False)
    node: Literal["Attribute"] = "Attribute"


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted text."""

    value: str
    span: Span = field(compare=False)
    node: Literal["Text"] = "Text"


@dataclass(frozen=True, slots=True)
class Date:
    """A date, `2020-03-16`."""

    text: str
    span: Span = field(compare=False)
    node: Literal["Date"] = "Date"


@dataclass(frozen=True, slots=True)
class Truth:
    """`true` or `false`."""

    value: bool
    span: Span = field(compare=False)
    node: Literal["Truth"] = "Truth"


@dataclass(frozen=True, slots=True)
class Missing:
    """The word `missing`, after `is`."""

    span: Span = field(compare=False)
    node: Literal["Missing"] = "Missing"


@dataclass(frozen=True, slots=True)
class Call:
    """A function's call."""

    function: Word
    arguments: tuple[Expression, ...]
    span: Span = field(compare=False)
    node: Literal["Call"] = "Call"


@dataclass(frozen=True, slots=True)
class Negative:
    """`-a`."""

    operand: Expression
    span: Span = field(compare=False)
    node: Literal["Negative"] = "Negative"


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`a + b`, and `a of b`: a ratio times an atom, binding tighter than `*`."""

    operator: Literal["+", "-", "*", "/", "of"]
    left: Expression
    right: Expression
    span: Span = field(compare=False)
    node: Literal["Arithmetic"] = "Arithmetic"


@dataclass(frozen=True, slots=True)
class Comparison:
    """`a < b`."""

    operator: Literal["<", "<=", ">", ">="]
    left: Expression
    right: Expression
    span: Span = field(compare=False)
    node: Literal["Comparison"] = "Comparison"


@dataclass(frozen=True, slots=True)
class Between:
    """`a between low and high`, both ends included."""

    value: Expression
    low: Expression
    high: Expression
    span: Span = field(compare=False)
    node: Literal["Between"] = "Between"


@dataclass(frozen=True, slots=True)
class Is:
    """`a is b`, `a is not b`, `a is missing`."""

    value: Expression
    other: Expression
    negated: bool
    span: Span = field(compare=False)
    node: Literal["Is"] = "Is"


@dataclass(frozen=True, slots=True)
class Lasting:
    """`condition for N sessions`: true on each of the last N rows, today included."""

    condition: Expression
    count: Expression
    span: Span = field(compare=False)
    node: Literal["Lasting"] = "Lasting"


@dataclass(frozen=True, slots=True)
class Not:
    """`not a`."""

    operand: Expression
    span: Span = field(compare=False)
    node: Literal["Not"] = "Not"


@dataclass(frozen=True, slots=True)
class Logical:
    """`a and b and c`; in block form `all of` with a clause a line."""

    operator: Literal["and", "or"]
    items: tuple[Expression, ...]
    block: bool
    span: Span = field(compare=False)
    node: Literal["Logical"] = "Logical"


@dataclass(frozen=True, slots=True)
class Conditional:
    """`if a then b else c`."""

    condition: Expression
    then: Expression
    otherwise: Expression
    span: Span = field(compare=False)
    node: Literal["Conditional"] = "Conditional"


Expression = (
    Number
    | Word
    | Attribute
    | Text
    | Date
    | Truth
    | Missing
    | Call
    | Negative
    | Arithmetic
    | Comparison
    | Between
    | Is
    | Lasting
    | Not
    | Logical
    | Conditional
)

# --- bands of tables -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Band:
    """One stretch of the line, or one label.

    `form` is the way it was said: `below` (high), `to` (low, high), `or_more` (low), `up_to`
    (high, included), `over` (low, left out), `over_up_to`, `at` (low: a point of an interpolated
    table), `word` (low: a label or true/false) or `missing`.
    """

    form: Literal["below", "to", "or_more", "up_to", "over", "over_up_to", "at", "word", "missing"]
    low: Expression | None
    high: Expression | None
    span: Span = field(compare=False)
    node: Literal["Band"] = "Band"


@dataclass(frozen=True, slots=True)
class TableRow:
    """A band and its values: one, or one for each column of a grid."""

    band: Band
    values: tuple[Expression, ...]
    span: Span = field(compare=False)
    node: Literal["TableRow"] = "TableRow"


# --- structures ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Expiring:
    """`expiring 7 to 21 days, nearest 14 days`; `30 days and 60 days`; `next monthly`.

    `cycle` is `monthly` or `weekly` for `expiring next …`; `second` the far expiry of a calendar.
    """

    low: Expression | None
    high: Expression | None
    nearest: Expression | None
    second: Expression | None
    cycle: Literal["", "monthly", "weekly"]
    span: Span = field(compare=False)
    node: Literal["Expiring"] = "Expiring"


@dataclass(frozen=True, slots=True)
class Selection:
    """`probability_of_profit 70% to 85%, nearest 80%`, `at delta 20%`, `wings 25 points`."""

    measure: Literal["probability_of_profit", "delta", "wings"]
    low: Expression
    high: Expression | None
    nearest: Expression | None
    span: Span = field(compare=False)
    node: Literal["Selection"] = "Selection"


@dataclass(frozen=True, slots=True)
class AtTheMoney:
    """`at the money`, `at the money or below`."""

    side: Literal["", "below", "above"]
    span: Span = field(compare=False)
    node: Literal["AtTheMoney"] = "AtTheMoney"


@dataclass(frozen=True, slots=True)
class AtStrike:
    """`at 95% of spot`."""

    strike: Expression
    span: Span = field(compare=False)
    node: Literal["AtStrike"] = "AtStrike"


@dataclass(frozen=True, slots=True)
class Offset:
    """`25 points below the short put`."""

    distance: Expression
    side: Literal["below", "above"]
    leg: Literal["short put", "short call", "long put", "long call"]
    span: Span = field(compare=False)
    node: Literal["Offset"] = "Offset"


@dataclass(frozen=True, slots=True)
class Months:
    """`months 4 to 7`, `month 1`, `rolling months 1 to 2`, of a futures curve."""

    low: Expression
    high: Expression | None
    rolling: bool
    span: Span = field(compare=False)
    node: Literal["Months"] = "Months"


@dataclass(frozen=True, slots=True)
class ConstantMaturity:
    """`constant maturity 30 days`, of a futures curve."""

    days: Expression
    span: Span = field(compare=False)
    node: Literal["ConstantMaturity"] = "ConstantMaturity"


Choice = Expiring | Selection | AtTheMoney | AtStrike | Offset | Months | ConstantMaturity


@dataclass(frozen=True, slots=True)
class Structure:
    """A catalogue structure: `sell iron condor on spx`, `vix call butterfly`, `nothing`.

    `side` is empty where the place says it (a hedge is bought). `right` is `call` or `put` where
    the structure has one.
    """

    side: Literal["", "sell", "buy"]
    shape: Literal[
        "iron condor",
        "spread",
        "butterfly",
        "calendar",
        "straddle",
        "strangle",
        "option",
        "futures",
        "shares",
        "nothing",
    ]
    right: Literal["", "call", "put"]
    underlying: str
    choices: tuple[Choice, ...]
    span: Span = field(compare=False)
    node: Literal["Structure"] = "Structure"


@dataclass(frozen=True, slots=True)
class Leg:
    """`sell put at delta 20%`; `quantity` is a ratio among the legs."""

    side: Literal["sell", "buy"]
    quantity: Number | None
    right: Literal["call", "put", "futures", "shares"]
    choices: tuple[Choice, ...]
    span: Span = field(compare=False)
    node: Literal["Leg"] = "Leg"


@dataclass(frozen=True, slots=True)
class Legs:
    """`legs on spx expiring 30 to 45 days`, with a leg a line."""

    underlying: str
    choices: tuple[Choice, ...]
    legs: tuple[Leg, ...]
    span: Span = field(compare=False)
    node: Literal["Legs"] = "Legs"


# --- clauses of layers and of the hedge ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Weight:
    """`weight 30%`."""

    value: Expression
    span: Span = field(compare=False)
    node: Literal["Weight"] = "Weight"


@dataclass(frozen=True, slots=True)
class Size:
    """`size cash_secured`, `size covered`, `size max_loss is 10% of equity`,
    `size required_return is 12%`, `size 5 contracts`."""

    measure: Literal["cash_secured", "covered", "max_loss", "required_return", "contracts"]
    value: Expression | None
    span: Span = field(compare=False)
    node: Literal["Size"] = "Size"


@dataclass(frozen=True, slots=True)
class AtMost:
    """`at most 3 open`."""

    count: Expression
    span: Span = field(compare=False)
    node: Literal["AtMost"] = "AtMost"


@dataclass(frozen=True, slots=True)
class Every:
    """`every 5 sessions`."""

    count: Expression
    span: Span = field(compare=False)
    node: Literal["Every"] = "Every"


@dataclass(frozen=True, slots=True)
class OpenWhen:
    """`open when …`."""

    condition: Expression
    span: Span = field(compare=False)
    node: Literal["OpenWhen"] = "OpenWhen"


@dataclass(frozen=True, slots=True)
class CloseWhen:
    """`close when …`."""

    condition: Expression
    span: Span = field(compare=False)
    node: Literal["CloseWhen"] = "CloseWhen"


@dataclass(frozen=True, slots=True)
class HoldToExpiry:
    """`hold to expiry`."""

    span: Span = field(compare=False)
    node: Literal["HoldToExpiry"] = "HoldToExpiry"


LayerClause = (
    Structure
    | Legs
    | Expiring
    | Selection
    | AtTheMoney
    | AtStrike
    | Months
    | ConstantMaturity
    | Weight
    | Size
    | AtMost
    | Every
    | OpenWhen
    | CloseWhen
    | HoldToExpiry
)


@dataclass(frozen=True, slots=True)
class HedgeRatio:
    """`ratio hedge_ratio of vega`."""

    value: Expression
    basis: Literal["vega", "max_loss", "contracts", "capital"]
    span: Span = field(compare=False)
    node: Literal["HedgeRatio"] = "HedgeRatio"


@dataclass(frozen=True, slots=True)
class HoldRow:
    """A band of `hold by`, and what to hold in it."""

    band: Band
    structure: Structure
    span: Span = field(compare=False)
    node: Literal["HoldRow"] = "HoldRow"


@dataclass(frozen=True, slots=True)
class HoldBy:
    """`hold by slope`, a band a line."""

    input: Expression
    rows: tuple[HoldRow, ...]
    span: Span = field(compare=False)
    node: Literal["HoldBy"] = "HoldBy"


@dataclass(frozen=True, slots=True)
class HoldOne:
    """`hold vix futures months 4 to 7`, whatever the market."""

    structure: Structure
    span: Span = field(compare=False)
    node: Literal["HoldOne"] = "HoldOne"


@dataclass(frozen=True, slots=True)
class TimeShift:
    """`time_shift to next expiry when short.breached`."""

    condition: Expression
    span: Span = field(compare=False)
    node: Literal["TimeShift"] = "TimeShift"


@dataclass(frozen=True, slots=True)
class KeepDelta:
    """`keep delta between -50 and 50 by spx shares`: the band of gamma scalping."""

    low: Expression
    high: Expression
    structure: Structure
    span: Span = field(compare=False)
    node: Literal["KeepDelta"] = "KeepDelta"


HedgeClause = HedgeRatio | HoldBy | HoldOne | TimeShift | KeepDelta

# --- effects of events and regimes ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scale:
    """`short x 50%`; `weight x 50%` scales every layer."""

    subject: Word
    factor: Expression
    span: Span = field(compare=False)
    node: Literal["Scale"] = "Scale"


@dataclass(frozen=True, slots=True)
class Swap:
    """`steep = 8%`, in a regime: the param's value while it lasts."""

    subject: Word
    value: Expression
    span: Span = field(compare=False)
    node: Literal["Swap"] = "Swap"


Effect = Scale | Swap

# --- header --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Capital:
    """`capital $1,000,000`."""

    amount: Expression
    span: Span = field(compare=False)
    node: Literal["Capital"] = "Capital"


@dataclass(frozen=True, slots=True)
class Risk:
    """`risk 10% of equity`."""

    share: Expression
    span: Span = field(compare=False)
    node: Literal["Risk"] = "Risk"


@dataclass(frozen=True, slots=True)
class BarsSetting:
    """`bars daily`, `bars 5 minutes`, `bars 24/7`; `minutes` 0 is daily."""

    minutes: int
    always_open: bool
    span: Span = field(compare=False)
    node: Literal["BarsSetting"] = "BarsSetting"


@dataclass(frozen=True, slots=True)
class Fill:
    """`fill next close`."""

    when: Literal["next close", "next open", "same close"]
    span: Span = field(compare=False)
    node: Literal["Fill"] = "Fill"


@dataclass(frozen=True, slots=True)
class Contracts:
    """`contracts fractional`."""

    fractional: bool
    span: Span = field(compare=False)
    node: Literal["Contracts"] = "Contracts"


@dataclass(frozen=True, slots=True)
class Requires:
    """`requires alvh >= 1.2`."""

    version: str
    span: Span = field(compare=False)
    node: Literal["Requires"] = "Requires"


@dataclass(frozen=True, slots=True)
class CashEarns:
    """`cash earns tbill`: the column of the rate that cash is paid."""

    column: Word
    span: Span = field(compare=False)
    node: Literal["CashEarns"] = "CashEarns"


@dataclass(frozen=True, slots=True)
class Fee:
    """`fee $0.65`: what a contract of each leg costs to trade."""

    amount: Expression
    span: Span = field(compare=False)
    node: Literal["Fee"] = "Fee"


@dataclass(frozen=True, slots=True)
class Slippage:
    """`slippage 50%`: the share of the half-spread that each leg pays."""

    share: Expression
    span: Span = field(compare=False)
    node: Literal["Slippage"] = "Slippage"


Setting = Capital | Risk | BarsSetting | Fill | Contracts | CashEarns | Fee | Slippage | Requires


@dataclass(frozen=True, slots=True)
class Header:
    """`ruleset NAME version 1.0.0`, its sentence and settings."""

    name: Word
    version: str
    description: str
    settings: tuple[Setting, ...]
    span: Span = field(compare=False)
    node: Literal["Header"] = "Header"


# --- declarations --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """`known 08:30 next session`: when a row's value can be read. `sessions` after its own."""

    time: str
    sessions: int
    span: Span = field(compare=False)
    node: Literal["Known"] = "Known"


@dataclass(frozen=True, slots=True)
class DataRow:
    """A column: its name, kind, sentence and what else is said of it."""

    name: Word
    kind: Word
    description: str
    optional: bool
    sources: tuple[Text, ...]
    carry: Number | None
    known: Known | None
    span: Span = field(compare=False)
    node: Literal["DataRow"] = "DataRow"


@dataclass(frozen=True, slots=True)
class Data:
    """A `data` block."""

    rows: tuple[DataRow, ...]
    span: Span = field(compare=False)
    node: Literal["Data"] = "Data"


@dataclass(frozen=True, slots=True)
class Calendars:
    """`calendar fomc, cpi, ppi`."""

    names: tuple[Word, ...]
    span: Span = field(compare=False)
    node: Literal["Calendars"] = "Calendars"


@dataclass(frozen=True, slots=True)
class ParamRow:
    """`steep = 5% from 2% to 10% by 1%`."""

    name: Word
    value: Expression
    low: Expression | None
    high: Expression | None
    step: Expression | None
    span: Span = field(compare=False)
    node: Literal["ParamRow"] = "ParamRow"


@dataclass(frozen=True, slots=True)
class Params:
    """A `param` block."""

    rows: tuple[ParamRow, ...]
    span: Span = field(compare=False)
    node: Literal["Params"] = "Params"


@dataclass(frozen=True, slots=True)
class Labels:
    """`labels trend = down, flat, up`."""

    name: Word
    words: tuple[Word, ...]
    span: Span = field(compare=False)
    node: Literal["Labels"] = "Labels"


@dataclass(frozen=True, slots=True)
class Let:
    """`let slope = vix3m / vix - 1`."""

    name: Word
    value: Expression
    span: Span = field(compare=False)
    node: Literal["Let"] = "Let"


@dataclass(frozen=True, slots=True)
class Table:
    """A table by one input, or a grid by two: `columns` are the bands of the second."""

    name: Word
    inputs: tuple[Expression, ...]
    interpolated: bool
    columns: tuple[Band, ...]
    rows: tuple[TableRow, ...]
    span: Span = field(compare=False)
    node: Literal["Table"] = "Table"


@dataclass(frozen=True, slots=True)
class Signal:
    """`signal NAME when …`, or a latch `from … until …` (then `when` is None)."""

    name: Word
    when: Expression | None
    begin: Expression | None
    end: Expression | None
    span: Span = field(compare=False)
    node: Literal["Signal"] = "Signal"


@dataclass(frozen=True, slots=True)
class Target:
    """`target NAME = …`."""

    name: Word
    value: Expression
    span: Span = field(compare=False)
    node: Literal["Target"] = "Target"


@dataclass(frozen=True, slots=True)
class Layer:
    """`layer medium like short`, and its clauses."""

    name: Word
    like: Word | None
    clauses: tuple[LayerClause, ...]
    span: Span = field(compare=False)
    node: Literal["Layer"] = "Layer"


@dataclass(frozen=True, slots=True)
class Hedge:
    """The `hedge` block."""

    clauses: tuple[HedgeClause, ...]
    span: Span = field(compare=False)
    node: Literal["Hedge"] = "Hedge"


@dataclass(frozen=True, slots=True)
class Holding:
    """`hold vix futures rolling months 1 to 2` at the top: a standing position and its weight."""

    structure: Structure
    weight: Expression | None
    span: Span = field(compare=False)
    node: Literal["Holding"] = "Holding"


@dataclass(frozen=True, slots=True)
class Event:
    """A window around a calendar's dates: sessions from `begin` to `end`, 0 the event's own."""

    calendar: Word
    begin: int
    end: int
    effects: tuple[Effect, ...]
    span: Span = field(compare=False)
    node: Literal["Event"] = "Event"


@dataclass(frozen=True, slots=True)
class Regime:
    """`regime steward when …`, and its effects."""

    name: Word
    condition: Expression | None
    effects: tuple[Effect, ...]
    span: Span = field(compare=False)
    node: Literal["Regime"] = "Regime"


@dataclass(frozen=True, slots=True)
class Reallocate:
    """`reallocate monthly between … by projected_irr at most 10% a step`."""

    period: Literal["daily", "weekly", "monthly", "quarterly"]
    layers: tuple[Word, ...]
    measure: Word | None
    step: Expression | None
    span: Span = field(compare=False)
    node: Literal["Reallocate"] = "Reallocate"


@dataclass(frozen=True, slots=True)
class Limit:
    """`limit hedge.cost <= 2% of capital per year`."""

    subject: Expression
    operator: Literal["<", "<=", ">", ">="]
    bound: Expression
    per: Literal["", "session", "week", "month", "quarter", "year"]
    span: Span = field(compare=False)
    node: Literal["Limit"] = "Limit"


@dataclass(frozen=True, slots=True)
class Always:
    """`always CONDITION [when CONDITION]`."""

    condition: Expression
    when: Expression | None
    span: Span = field(compare=False)
    node: Literal["Always"] = "Always"


@dataclass(frozen=True, slots=True)
class Monotone:
    """`always VALUE never rises as SUBJECT rises [when CONDITION]`; each may also say `falls`."""

    value: Expression
    never: Literal["rises", "falls"]
    subject: Word
    turn: Literal["rises", "falls"]
    when: Expression | None
    span: Span = field(compare=False)
    node: Literal["Monotone"] = "Monotone"


@dataclass(frozen=True, slots=True)
class Assume:
    """`assume vix between 5 and 150`: what a proof may take for granted."""

    condition: Expression
    span: Span = field(compare=False)
    node: Literal["Assume"] = "Assume"


@dataclass(frozen=True, slots=True)
class Use:
    """`use "common/measures.alvh"`."""

    path: Text
    span: Span = field(compare=False)
    node: Literal["Use"] = "Use"


# --- tests ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Given:
    """`vix = 14`; with `value` None, `event fomc`: that calendar's window is active."""

    subject: Word | Attribute
    value: Expression | None
    span: Span = field(compare=False)
    node: Literal["Given"] = "Given"


@dataclass(frozen=True, slots=True)
class OnDate:
    """`on 2020-03-16 of "daily.csv"`."""

    date: Date
    file: Text
    span: Span = field(compare=False)
    node: Literal["OnDate"] = "OnDate"


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A row of an inline table: what is given, what is expected."""

    inputs: tuple[Expression, ...]
    outputs: tuple[Expression, ...]
    span: Span = field(compare=False)
    node: Literal["CaseRow"] = "CaseRow"


@dataclass(frozen=True, slots=True)
class Cases:
    """An inline table: names given `=>` names expected, then a case a row.

    `sessions` says that the rows are consecutive sessions rather than cases apart.
    """

    sessions: bool
    inputs: tuple[Word | Attribute, ...]
    outputs: tuple[Word | Attribute, ...]
    rows: tuple[CaseRow, ...]
    span: Span = field(compare=False)
    node: Literal["Cases"] = "Cases"


@dataclass(frozen=True, slots=True)
class Test:
    """`test "…"`: given these values, expect those decisions."""

    __test__ = False  # not a pytest class, whatever its name

    name: Text
    given: tuple[Given, ...]
    on: OnDate | None
    cases: Cases | None
    expect: tuple[Expression, ...]
    span: Span = field(compare=False)
    node: Literal["Test"] = "Test"


Item = (
    Header
    | Data
    | Calendars
    | Params
    | Labels
    | Let
    | Table
    | Signal
    | Target
    | Layer
    | Hedge
    | Holding
    | Event
    | Regime
    | Reallocate
    | Limit
    | Always
    | Monotone
    | Assume
    | Use
    | Test
)


@dataclass(frozen=True, slots=True)
class File:
    """One file: its items in order."""

    path: str
    items: tuple[Item, ...]
    span: Span = field(compare=False)
    node: Literal["File"] = "File"
