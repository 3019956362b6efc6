"""Decisions as a frame and as files.

Ratios are fractions, volatilities and rates points, yes/no true or false, labels their names;
unknown is an empty cell. Floats are written with the fewest digits that read back the same.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from alvh_rules.check.checked import CheckedRuleset, Role
from alvh_rules.core.files import NewFile, uninterrupted
from alvh_rules.core.kinds import Kind
from alvh_rules.core.kleene import TRUE, UNKNOWN
from alvh_rules.evaluate.columns import Coded, array_of
from alvh_rules.evaluate.engine import Evaluation
from alvh_rules.evaluate.inputs import Boolean

if TYPE_CHECKING:
    import pandas

_SHOWN_IN_ALL = (Role.LET, Role.TABLE, Role.EVENT, Role.BOUND, Role.ALWAYS)


def shown_names(ruleset: CheckedRuleset, columns: str) -> list[str]:
    """The names of a result's columns: the decisions, and with `all` every measure."""
    names = list(ruleset.outputs)
    if columns == "all":
        names += [
            name
            for name in ruleset.values
            if ruleset.roles[name] in _SHOWN_IN_ALL and name not in names
        ]
    return names


def decision_frame(
    evaluation: Evaluation, columns: str = "decisions", rows: Boolean | None = None
) -> pandas.DataFrame:
    """A row for every row of the timeline, or for those of a mask; the index is named `date` (or
    `time`)."""
    import pandas

    timeline = evaluation.market.timeline
    data: dict[str, Any] = {}
    for name in shown_names(evaluation.ruleset, columns):
        type = evaluation.ruleset.values[name].type
        held = evaluation.held(name)
        if rows is not None:
            held = held.of_rows(rows) if isinstance(held, Coded) else held[rows]
        if type.kind is Kind.FLAG:
            column = array_of(held)
            data[name] = pandas.arrays.BooleanArray(column == TRUE, column == UNKNOWN)
        elif type.kind is Kind.LABEL:
            words = np.array([*evaluation.ruleset.labels[type.labels], None], dtype=object)
            data[name] = pandas.array(words[array_of(held)], dtype="string")
        # Adding zero turns a negative zero into zero.
        elif isinstance(held, Coded):
            data[name] = Coded(held.codes, held.palette + 0.0).array()
        else:
            data[name] = held + 0.0
    label = "date" if timeline.daily else "time"
    times = timeline.times if rows is None else timeline.times[rows]
    index = pandas.DatetimeIndex(times, name=label)
    # The columns are this frame's own: pandas need not copy them into one array.
    return pandas.DataFrame(data, index=index, copy=False)


class DecisionFile:
    """Decisions written part after part, to CSV or Parquet by the path's ending.

    Used in a `with`; the file stands in its place from `commit` on, and never half written.
    """

    def __init__(self, path: Path) -> None:
        self._file = NewFile(path)
        self._writer: Any = None

    def __enter__(self) -> DecisionFile:
        return self

    def __exit__(self, *problem: object) -> None:
        try:
            self._close()
        finally:
            self._file.__exit__(*problem)

    def add(self, frame: pandas.DataFrame) -> None:
        """More rows, of a `decision_frame`."""
        path = self._file.path
        if path.suffix == ".parquet":
            from pyarrow import Table, parquet

            table = Table.from_pandas(frame)
            if self._writer is None:
                self._writer = parquet.ParquetWriter(path, table.schema)
            self._writer.write_table(table)
            return
        header = self._writer is None
        if self._writer is None:
            self._writer = path.open("w", encoding="utf-8", newline="")
        _as_text(frame).to_csv(self._writer, header=header)

    def commit(self, kinds: str) -> None:
        """Put the file in its place, and the text that `kinds_text` gave beside it."""
        self._close()
        target = self._file.target
        with NewFile(target.with_name(f"{target.name}.kinds.json")) as beside:
            beside.path.write_text(kinds, encoding="utf-8", newline="")
            with uninterrupted():
                self._file.commit()
                beside.commit()

    def _close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()


def _as_text(frame: pandas.DataFrame) -> pandas.DataFrame:
    """A frame of the texts that a CSV file holds: each row's are its own, whatever the others are."""
    import pandas

    table = frame.copy()
    for name in table.columns:
        if str(table[name].dtype) == "boolean":
            table[name] = table[name].map({True: "true", False: "false"}).astype(object)
        elif table[name].dtype == np.float64:
            table[name] = [repr(item) if item == item else "" for item in table[name].tolist()]
    times = frame.index.to_numpy().astype("datetime64[ns]")
    if frame.index.name == "date":
        texts = np.datetime_as_string(times, unit="D").tolist()
    else:
        whole = times.astype("datetime64[s]")
        texts = [text.replace("T", " ") for text in np.datetime_as_string(whole).tolist()]
        for row in np.flatnonzero(times != whole):
            texts[row] = str(times[row]).replace("T", " ").rstrip("0")
    table.index = pandas.Index(texts, name=frame.index.name, dtype=object)
    return table


def kinds_text(ruleset: CheckedRuleset, names: list[str]) -> str:
    """The kind and unit of each column, as JSON."""
    kinds = {}
    for name in names:
        type = ruleset.values[name].type
        kinds[name] = {"kind": type.kind.value}
        if type.kind is Kind.LABEL:
            kinds[name]["labels"] = list(ruleset.labels[type.labels])  # type: ignore[assignment]
    return json.dumps(kinds, indent=2, ensure_ascii=False) + "\n"
