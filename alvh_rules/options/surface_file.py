"""The parameters of the surface as a TOML file: what `alvh fit-surface` writes and a backtest reads."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, fields
from pathlib import Path

from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.options import data_errors
from alvh_rules.options.skew import Skew

MOST_BYTES = 10_000
_NAMES = tuple(item.name for item in fields(Skew))


def written(skew: Skew, remarks: tuple[str, ...] = ()) -> str:
    """The file's text; each remark is a line of comment."""
    lines = [f"# {remark}" for remark in remarks]
    lines += ["[skew]", *(f"{name} = {value!r}" for name, value in asdict(skew).items())]
    return "\n".join(lines) + "\n"


def read_parameters(path: Path) -> Skew | Diagnostic:
    """The shape that a file says, or why it says none."""
    label = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            return data_errors.bad_parameters(label, f"it is longer than {MOST_BYTES:,} bytes")
        held = tomllib.loads(data.decode("utf-8"))
    except OSError as problem:
        return data_errors.bad_parameters(label, (problem.strerror or "unreadable").lower())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        return data_errors.bad_parameters(label, f"it is no TOML ({problem})")
    table = held.get("skew")
    if not isinstance(table, dict):
        return data_errors.bad_parameters(label, "it has no table [skew]")
    for name, value in table.items():
        if name not in _NAMES:
            known = ", ".join(_NAMES)
            return data_errors.bad_parameters(label, f"`{name}` is none of {known}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            return data_errors.bad_parameters(label, f"`{name}` is no number")
    for name in ("rho", "eta"):
        if name not in table:
            return data_errors.bad_parameters(label, f"`{name}` is not said")
    try:
        return Skew(**{name: float(value) for name, value in table.items()})
    except ValueError as problem:
        return data_errors.bad_parameters(label, str(problem))
