"""`alvh COMMAND …`. Exit code 0: fine; 1: findings; 2: cannot run.

Findings go to standard output. A command imports what it needs when it runs, so that `check` loads
neither NumPy nor pandas.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alvh_rules import __version__
from alvh_rules.core.diagnostics import Diagnostic, has_errors
from alvh_rules.core.render import count_line, render_all
from alvh_rules.findings.report import Case, Examined, Report
from alvh_rules.findings.terminal import wants_colour
from alvh_rules.pipeline import Checked, check

if TYPE_CHECKING:
    from alvh_rules.check.checked import CheckedRuleset

FINE, FINDINGS, CANNOT_RUN = 0, 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    parser = _parser()
    arguments, rest = parser.parse_known_args(argv)
    # argparse gives an optional positional up once options have stood before it.
    if arguments.command == "explain" and len(rest) == 1 and not rest[0].startswith("-"):
        arguments.name = rest[0]
    elif rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader went away (`alvh … | head`): no more output is wanted, and none is an error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return CANNOT_RUN
    return code


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"`{text}` is no date such as 2020-03-16") from None


def _pair(text: str) -> tuple[str, str]:
    name, sign, column = text.partition("=")
    if not sign:
        raise argparse.ArgumentTypeError(f"`{text}` is not of the form NAME=COLUMN")
    return name, column


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="alvh", description="Check, test and run .alvh rulesets.")
    parser.add_argument("--version", action="version", version=f"alvh {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, run: Any, help: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=help, description=help)
        command.set_defaults(run=run)
        return command

    command = add("check", _check, "Report everything that is wrong with rulesets.")
    command.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files or folders")
    command.add_argument(
        "--deny-warnings", action="store_true", help="exit with 1 for warnings too"
    )
    command.add_argument(
        "--look-back", action="store_true", help="show how far back each decision looks"
    )
    _add_format(command)

    command = add("fmt", _fmt, "Write rulesets in their canonical form.")
    command.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files or folders")
    command.add_argument("--check", action="store_true", help="only say what would change")
    command.add_argument("--diff", action="store_true", help="only show what would change")
    _add_format(command)

    command = add("test", _test, "Run the tests that rulesets carry.")
    command.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files or folders")
    command.add_argument("--coverage", action="store_true", help="what the tests have exercised")
    command.add_argument("--data", type=Path, metavar="FOLDER", help="where tests find data files")
    _add_format(command)

    command = add("run", _run, "Run a ruleset over history: one row of decisions a session.")
    _add_data(command)
    command.add_argument("--from", dest="first", type=_day, metavar="D", help="first day shown")
    command.add_argument("--to", dest="last", type=_day, metavar="D", help="last day shown")
    command.add_argument("--out", type=Path, metavar="FILE", help="write .csv or .parquet")
    command.add_argument("--columns", choices=("all", "decisions"), default="decisions")

    command = add("explain", _explain, "Why a decision was taken on a day, or not.")
    _add_data(command)
    command.add_argument("--at", type=_day, required=True, metavar="DATE")
    command.add_argument("name", nargs="?", help="a decision; all where none is named")

    command = add("explain-code", _explain_code, "What a diagnostic code means, with examples.")
    what = command.add_mutually_exclusive_group(required=True)
    what.add_argument("code", nargs="?", metavar="CODE", help="such as ALV101")
    what.add_argument("--markdown", action="store_true", help="every code, as docs/codes.md")

    command = add("new", _new, "Begin a ruleset from a template.")
    command.add_argument("name")

    command = add("simulate", _simulate, "Write a simulated market.")
    command.add_argument("--sessions", type=int, default=4000, help="rows (default 4000)")
    command.add_argument("--minutes", type=int, default=0, help="bars of so many minutes")
    command.add_argument("--seed", type=int, default=1)
    command.add_argument("--out", type=Path, default=Path("simulated.csv"), metavar="FILE")

    command = add("lsp", _lsp, "Answer an editor, over standard input and output.")
    command.add_argument("--stdio", action="store_true", help="what editors say; nothing else is")

    command = add("functions", _functions, "List the built-in functions, or describe one.")
    command.add_argument("name", nargs="?")
    command.add_argument("--markdown", action="store_true", help="the whole reference")
    return parser


def _add_format(command: argparse.ArgumentParser) -> None:
    from alvh_rules.findings.formats import FORMATS

    shown = "; ".join(f"{item.name}: {item.summary}" for item in FORMATS.values())
    command.add_argument("--format", choices=tuple(FORMATS), default="text", help=shown)


def _add_data(command: argparse.ArgumentParser) -> None:
    command.add_argument("ruleset", type=Path)
    command.add_argument(
        "--data",
        type=Path,
        action="append",
        required=True,
        metavar="FILE",
        help="may be given again: further files are joined on time",
    )
    command.add_argument("--calendar", type=Path, action="append", default=[], metavar="FILE")
    command.add_argument("--map", type=_pair, action="append", default=[], metavar="NAME=COLUMN")
    command.add_argument(
        "--timezone",
        default="",
        metavar="ZONE",
        help="of times that name none (default: the exchange's; UTC for bars 24/7)",
    )
    command.add_argument("--date-format", default="ISO8601")
    command.add_argument("--skip-closed-days", action="store_true")


def _colour() -> bool:
    return wants_colour(sys.stdout, os.environ)


def _print_report(arguments: argparse.Namespace, files: list[Examined], closing: str) -> None:
    from alvh_rules.findings.formats import FORMATS

    report = Report(arguments.command, tuple(files), closing, _colour())
    text = FORMATS[arguments.format].write(report)
    if text:
        print(text)


def _show(result: Checked) -> None:
    if result.diagnostics:
        print(result.rendered(colour=_colour()))


def _files(paths: Sequence[Path]) -> list[Path]:
    """The rulesets named, and those below the folders named; symbolic links are not followed down."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            for folder, _, names in os.walk(path):
                found += [Path(folder) / name for name in sorted(names) if name.endswith(".alvh")]
        else:
            found.append(path)
    return sorted(dict.fromkeys(found), key=str)


def _unreadable(result: Checked) -> bool:
    return any(item.code in ("ALV904", "ALV905", "ALV906") for item in result.diagnostics)


def _check(arguments: argparse.Namespace) -> int:
    from alvh_rules.findings.errors import no_rulesets

    code = FINE
    found: list[Diagnostic] = []
    files = _files(arguments.paths)
    examined: list[Examined] = []
    for path in files:
        result = check(path)
        lines: list[str] = []
        if arguments.look_back and result.ruleset is not None and result.plan is not None:
            from alvh_rules.report.look_back import look_back_lines

            lines = [f"{path}:", *look_back_lines(result.ruleset, result.plan)]
        sources = result.sources
        examined.append(Examined(str(path), result.diagnostics, sources, (), tuple(lines)))
        found += result.diagnostics
        if _unreadable(result):
            code = CANNOT_RUN
    if not files:
        names = [str(path) for path in arguments.paths]
        examined.append(Examined(names[0], (no_rulesets(names),)))
        code = CANNOT_RUN
    bad = has_errors(found) or (
        arguments.deny_warnings and any(item.severity == "warning" for item in found)
    )
    _print_report(
        arguments, examined, f"{_rulesets(files)}: {count_line(found) or 'nothing found'}"
    )
    return code or (FINDINGS if bad else FINE)


def _rulesets(files: Sequence[Path]) -> str:
    return f"{len(files):,} {'ruleset' if len(files) == 1 else 'rulesets'}"


def _fmt(arguments: argparse.Namespace) -> int:
    from difflib import unified_diff

    from alvh_rules.core.files import write_text_atomically
    from alvh_rules.findings.errors import not_formatted
    from alvh_rules.pipeline import read_source
    from alvh_rules.syntax.format import format_source

    if arguments.format != "text" and (arguments.diff or not arguments.check):
        print("`--format` goes with `--check`")
        return CANNOT_RUN
    code = FINE
    changed = 0
    files = _files(arguments.paths)
    examined: list[Examined] = []
    for path in files:
        source = read_source(path)
        if isinstance(source, Diagnostic):
            examined.append(Examined(str(path), (source,)))
            code = CANNOT_RUN
            continue
        sources = {source.path: source}
        text, found = format_source(source)
        if has_errors(found):
            examined.append(Examined(str(path), tuple(found), sources))
            code = max(code, FINDINGS)
            continue
        before = path.read_bytes()
        if text.encode("utf-8") == before:
            examined.append(Examined(str(path)))
            continue
        changed += 1
        lines = [f"would change {path}"]
        if arguments.diff:
            old, new = source.text.splitlines(), text.splitlines()
            lines = list(unified_diff(old, new, str(path), str(path), lineterm=""))
        elif not arguments.check:
            write_text_atomically(path.resolve(), text)
            lines = [f"changed {path}"]
        found = [] if arguments.format == "text" else [not_formatted(source, text)]
        examined.append(Examined(str(path), tuple(found), sources, lines=tuple(lines)))
    only_told = arguments.check or arguments.diff
    told, done = (
        f"{_rulesets(files)}, {changed:,} to change",
        f"{changed:,} of {len(files):,} changed",
    )
    _print_report(arguments, examined, told if only_told else done)
    if changed and (arguments.check or arguments.diff):
        code = max(code, FINDINGS)
    return code


def _test(arguments: argparse.Namespace) -> int:
    from alvh_rules.core.render import escaped
    from alvh_rules.testing.coverage import Coverage
    from alvh_rules.testing.run_tests import run_tests

    code = FINE
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    examined: list[Examined] = []
    for path in _files(arguments.paths):
        result = check(path)
        if result.ruleset is None:
            examined.append(Examined(str(path), result.diagnostics, result.sources))
            code = CANNOT_RUN if _unreadable(result) else max(code, FINDINGS)
            continue
        coverage = Coverage(result.ruleset) if arguments.coverage else None
        cases: list[Case] = []
        lines: list[str] = []
        for outcome in run_tests(result.ruleset, arguments.data, coverage):
            test, verdict = outcome.test, outcome.verdict
            counts[verdict] += 1
            cases.append(Case(test.name, test.span, verdict, outcome.reasons))
            if verdict != "passed":
                line = result.sources[test.span.file].position(test.span.start).line
                lines.append(f'{verdict}: {path}:{line} "{escaped(test.name)}"')
                lines += [f"    {escaped(reason)}" for reason in outcome.reasons]
        if coverage is not None:
            lines += [f"{path}: coverage", *coverage.lines()]
        examined.append(Examined(str(path), (), result.sources, tuple(cases), tuple(lines)))
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    _print_report(arguments, examined, told)
    return code or (FINDINGS if counts["failed"] else FINE)


def _evaluate(
    arguments: argparse.Namespace, wanted: Callable[[CheckedRuleset], list[str]] | None = None
) -> Any:
    """The evaluation that the arguments ask for, or the exit code that says why there is none.

    `wanted` gives the names whose columns are kept; without it everything is."""
    result = check(arguments.ruleset)
    if result.ruleset is None:
        _show(result)
        return CANNOT_RUN if _unreadable(result) else FINDINGS
    from alvh_rules.cli.progress import progress
    from alvh_rules.market.read import Options, read_market
    from alvh_rules.pipeline import evaluate

    options = Options(
        dict(arguments.map),
        tuple(arguments.calendar),
        arguments.timezone,
        arguments.date_format,
        arguments.skip_closed_days,
    )
    with progress(arguments.data) as tell:
        tell("reading", 0, 0)
        market, found = read_market(arguments.data, result.ruleset.schema, options)
        tell("reading", 1, 1)
        if market is None:
            print(render_all(found, {}, colour=_colour()))
            return CANNOT_RUN
        if found:
            print(render_all(found, {}, colour=_colour()) + "\n")
        return evaluate(
            result.ruleset,
            market,
            plan=result.plan,
            names=None if wanted is None else wanted(result.ruleset),
            on_step=lambda done, of: tell("evaluating", done, of),
        )


def _run(arguments: argparse.Namespace) -> int:
    if arguments.out is not None and arguments.out.suffix not in (".csv", ".parquet"):
        print(f"`{arguments.out}`: the output's name must end in .csv or .parquet")
        return CANNOT_RUN
    if arguments.out is not None and not arguments.out.resolve().parent.is_dir():
        print(f"`{arguments.out}`: there is no such folder")
        return CANNOT_RUN
    import numpy as np

    from alvh_rules.report.decisions import (
        decision_frame,
        shown_names,
        summary,
        summary_names,
        violated,
        write_frame,
        write_kinds,
    )
    from alvh_rules.report.values import shown_value

    def wanted(ruleset: CheckedRuleset) -> list[str]:
        return shown_names(ruleset, arguments.columns) + summary_names(ruleset)

    evaluation = _evaluate(arguments, wanted)
    if isinstance(evaluation, int):
        return evaluation
    dates = evaluation.market.timeline.dates
    rows = np.ones(len(dates), dtype=bool)
    if arguments.first is not None:
        rows &= dates >= np.datetime64(arguments.first)
    if arguments.last is not None:
        rows &= dates <= np.datetime64(arguments.last)
    if not rows.any():
        print("no session lies between those days")
        return CANNOT_RUN
    if arguments.out is not None:
        table = decision_frame(evaluation, arguments.columns)[rows]
        write_frame(table, arguments.out)
        names = shown_names(evaluation.ruleset, arguments.columns)
        write_kinds(evaluation, names, Path(f"{arguments.out}.kinds.json"))
    last = int(np.flatnonzero(rows)[-1])
    ruleset = evaluation.ruleset
    print(f"{ruleset.name} {ruleset.version} on {dates[last]}")
    for name in ruleset.outputs:
        print(f"  {name}: {shown_value(evaluation, name, last)}")
    print("\n".join(summary(evaluation, rows)))
    if arguments.out is not None:
        print(f"wrote {arguments.out} and {arguments.out}.kinds.json")
    return FINDINGS if violated(evaluation, rows) else FINE


def _explain(arguments: argparse.Namespace) -> int:
    evaluation = _evaluate(arguments)
    if isinstance(evaluation, int):
        return evaluation
    import numpy as np

    from alvh_rules.report.explain import explain

    dates = evaluation.market.timeline.dates
    row = np.flatnonzero(dates == np.datetime64(arguments.at))
    if not len(row):
        print(f"{arguments.at} is no session of the data ({dates[0]} to {dates[-1]})")
        return CANNOT_RUN
    names = [arguments.name] if arguments.name else list(evaluation.ruleset.outputs)
    if arguments.name and arguments.name not in evaluation.ruleset.values:
        from alvh_rules.check.scope import nearest

        near = nearest(arguments.name, evaluation.ruleset.values)
        print(
            f"the ruleset has no `{arguments.name}`" + (f": did you mean `{near}`?" if near else "")
        )
        return CANNOT_RUN
    print("\n".join(explain(evaluation, names, int(row[-1]))))
    return FINE


def _explain_code(arguments: argparse.Namespace) -> int:
    from alvh_rules.core.render import escaped
    from alvh_rules.findings.code_records import as_markdown, nearest_code, read_record

    if arguments.markdown:
        print(as_markdown(), end="")
        return FINE
    record = read_record(arguments.code.upper())
    if record is None:
        near = nearest_code(arguments.code)
        meant = f": did you mean `{near}`?" if near else ""
        print(f"there is no code `{escaped(arguments.code)}`{meant}")
        return CANNOT_RUN
    print(record.markdown, end="")
    return FINE


def _new(arguments: argparse.Namespace) -> int:
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


def _simulate(arguments: argparse.Namespace) -> int:
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


def _lsp(arguments: argparse.Namespace) -> int:
    try:
        from alvh_rules.language_server.server import serve
    except ModuleNotFoundError as problem:
        if (problem.name or "").split(".")[0] not in ("pygls", "lsprotocol", "cattrs", "attrs"):
            raise
        message = "the language server needs more: python -m pip install 'alvh-rules[lsp]'"
        print(message, file=sys.stderr)
        return CANNOT_RUN
    return serve()


def _functions(arguments: argparse.Namespace) -> int:
    from alvh_rules.builtins.document import look_back, reference, result, takes
    from alvh_rules.builtins.registry import BUILTINS
    from alvh_rules.check.scope import nearest

    if arguments.markdown:
        print(reference(), end="")
        return FINE
    if arguments.name is None:
        width = max(len(item.signature) for item in BUILTINS.values())
        for item in BUILTINS.values():
            print(f"{item.signature:<{width}}  {item.summary}")
        return FINE
    record = BUILTINS.get(arguments.name)
    if record is None:
        near = nearest(arguments.name, BUILTINS)
        print(
            f"there is no function `{arguments.name}`"
            + (f": did you mean `{near}`?" if near else "")
        )
        return CANNOT_RUN
    print(f"{record.signature}\n\n{record.summary} {record.definition}\n")
    for parameter in record.parameters:
        print(f"  {parameter.name}: {takes(parameter)}; {parameter.doc}")
    print(f"\n  result:    {result(record)}\n  look-back: {look_back(record)}")
    print(f"  example:   {record.example}\n  source:    {record.source}")
    return FINE
