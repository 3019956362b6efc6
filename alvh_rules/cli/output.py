"""What commands share: exit codes, the files they are given, and how findings are printed."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from alvh_rules.findings.report import Examined, Report
from alvh_rules.findings.terminal import wants_colour
from alvh_rules.pipeline import Checked

FINE, FINDINGS, CANNOT_RUN = 0, 1, 2


def colour() -> bool:
    """Whether what is printed may be coloured."""
    return wants_colour(sys.stdout, os.environ)


def print_report(arguments: argparse.Namespace, found: list[Examined], closing: str) -> None:
    """What was found, in the format asked for."""
    from alvh_rules.findings.formats import FORMATS

    report = Report(arguments.command, tuple(found), closing, colour())
    text = FORMATS[arguments.format].write(report)
    if text:
        print(text)


def show(result: Checked) -> None:
    """The findings of one ruleset, as text."""
    if result.diagnostics:
        print(result.rendered(colour=colour()))


def files(paths: Sequence[Path]) -> list[Path]:
    """The rulesets named, and those below the folders named; symbolic links are not followed down."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            for folder, _, names in os.walk(path):
                found += [Path(folder) / name for name in sorted(names) if name.endswith(".alvh")]
        else:
            found.append(path)
    return sorted(dict.fromkeys(found), key=str)


def unreadable(result: Checked) -> bool:
    """Whether the ruleset could not be read at all."""
    return any(item.code in ("ALV904", "ALV905", "ALV906") for item in result.diagnostics)


def rulesets(files: Sequence[Path]) -> str:
    """How many there are, in words."""
    return f"{len(files):,} {'ruleset' if len(files) == 1 else 'rulesets'}"
