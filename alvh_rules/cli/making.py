"""`alvh new` and `alvh simulate`: commands that write a first ruleset and a first market."""

from __future__ import annotations

import argparse
from pathlib import Path

from alvh_rules.cli.output import CANNOT_RUN, FINE


def new(arguments: argparse.Namespace) -> int:
    from alvh_rules.core.files import write_text_atomically
    from alvh_rules.core.resources import ruleset_path

    name = arguments.name.removesuffix(".alvh")
    path = Path(f"{name}.alvh")
    if not name.isidentifier():
        print(f"`{name}` cannot be a ruleset's name: use letters, digits and _")
        return CANNOT_RUN
    if path.exists():
        print(f"`{path}` is there already")
        return CANNOT_RUN
    template = ruleset_path("tail_hedge_by_level")
    assert template is not None
    text = template.read_text(encoding="utf-8").replace(
        "ruleset tail_hedge_by_level", f"ruleset {name}"
    )
    write_text_atomically(path, text)
    print(f"wrote {path}: try `alvh check {path}` and `alvh test {path}`")
    return FINE


def simulate(arguments: argparse.Namespace) -> int:
    from alvh_rules.core.files import write_atomically
    from alvh_rules.market.simulate import simulate

    if arguments.sessions < 1 or arguments.minutes < 0 or arguments.minutes > 390:
        print("a market has one row or more, of bars of 1 to 390 minutes")
        return CANNOT_RUN
    if (
        arguments.out.suffix not in (".csv", ".parquet")
        or not arguments.out.resolve().parent.is_dir()
    ):
        print(f"`{arguments.out}` must be a .csv or .parquet file in a folder that exists")
        return CANNOT_RUN
    try:
        frame = simulate(arguments.sessions, arguments.seed, minutes=arguments.minutes)
    except ValueError as problem:
        print(problem)
        return CANNOT_RUN

    def write(path: Path) -> None:
        if path.suffix == ".parquet":
            frame.to_parquet(path, index=False)
        else:
            frame.to_csv(path, index=False)

    write_atomically(arguments.out, write)
    print(f"wrote {arguments.out}: {len(frame):,} rows")
    return FINE
