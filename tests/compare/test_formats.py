"""The exact text, the JSON by its schema, Markdown, the formats of findings, and the exit codes."""

import json
import re
from itertools import pairwise
from pathlib import Path

import jsonschema
import pytest

from alvh_rules.cli.main import main
from alvh_rules.compare.markdown import as_markdown, code
from alvh_rules.findings.formats import FORMATS
from tests.compare.pairs import without_solver
from tests.findings.test_formats import closed, validate

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = jsonschema.Draft202012Validator(
    closed(json.loads((ROOT / "docs" / "diff.schema.json").read_text(encoding="utf-8")))
)
OLD = """\
ruleset t version 1.0.0
data
  vix volatility
  vix3m volatility
let slope = vix3m / vix
table ratio_of_hedge by slope
  below 100% => 150%
  100% or more => 40%
target hedged = ratio_of_hedge
signal calm when vix < 20
signal gone when vix > 80
limit hedged <= 200%
always hedged >= 10%
"""
NEW = (
    OLD.replace("or more => 40%", "or more => 50%")
    .replace("slope", "curve")
    .replace("signal gone when vix > 80", "signal wild when vix > 40")
    .replace("<= 200%", "<= 300%")
    .replace("vix < 20", "not vix >= 20")
)
TEXT = """\
t 1.0.0 → 1.0.0
  old  old.alvh
  new  new.alvh

removed: gone
added: wild
different: hedged
  where curve >= 100%
  for example EXAMPLE: 40% → 50%
  hedged: limit hedged <= 200% → limit hedged <= 300%
  ratio_of_hedge: 100% or more => 40% → 100% or more => 50%
same: calm

clauses, data and properties
  limit hedged: hedged <= 200% → hedged <= 300%  (loosened)

suggested bump: major (decisions go: gone; limit hedged: loosened)
  the header still says 1.0.0, which is too small: write `version 2.0.0`
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.alvh").write_text(OLD)
    (tmp_path / "new.alvh").write_text(NEW)
    return tmp_path


def printed(capsys, *arguments: str, code: int = 0) -> str:
    assert main(["diff", "old.alvh", "new.alvh", *arguments]) == code
    return capsys.readouterr().out


def test_the_text(folder, capsys) -> None:
    pytest.importorskip("z3")
    text = printed(capsys)
    found = re.search(r"for example vix = ([\d.]+), vix3m = ([\d.]+):", text)
    assert found is not None
    # Which market is the solver's choice; it must be one of the region.
    assert float(found[2]) / float(found[1]) >= 1
    assert text == TEXT.replace("EXAMPLE", f"vix = {found[1]}, vix3m = {found[2]}")


def test_the_json(folder, capsys) -> None:
    pytest.importorskip("z3")
    document = json.loads(printed(capsys, "--format", "json"))
    SCHEMA.validate(document)
    assert document["bump"] == "major"
    assert document["suggested_version"] == "2.0.0"
    assert not document["header_is_enough"]
    told = {item["name"]: (item["same"], item["status"]) for item in document["decisions"]}
    assert told == {
        "hedged": (False, "different"),
        "calm": (True, "same"),
        "wild": (False, "added"),
        "gone": (False, "removed"),
    }
    hedged = next(item for item in document["decisions"] if item["name"] == "hedged")
    assert hedged["region"] == "curve >= 100%"
    assert hedged["example"]["given"].keys() == {"vix", "vix3m"}
    assert (hedged["example"]["old"], hedged["example"]["new"]) == ("40%", "50%")
    assert document["history"] is None


def test_the_json_with_history_and_without_a_proof(folder, capsys, monkeypatch) -> None:
    from alvh_rules.compare import decisions, solver

    def absent(*_: object) -> None:
        raise solver.NoSolverError("the solver is not installed: pip install 'alvh-rules[prove]'")

    monkeypatch.setattr(decisions, "ask", absent)
    (folder / "data.csv").write_text(
        "date,vix,vix3m\n2020-01-02,20,22\n2020-01-03,20,18\n2020-01-06,50,\n"
    )
    before = json.loads(printed(capsys, "--format", "json"))
    SCHEMA.validate(before)
    assert before["no_proof"].endswith("pip install 'alvh-rules[prove]'")
    assert next(item["same"] for item in before["decisions"] if item["name"] == "hedged") is None
    document = json.loads(printed(capsys, "--format", "json", "--data", "data.csv"))
    SCHEMA.validate(document)
    history = document["history"]
    assert (history["sessions"], history["changed"], history["unit"]) == (3, 1, "session")
    (hedged,) = history["decisions"]
    moment = {"when": "2020-01-02", "old": "40%", "new": "50%"}
    assert hedged["average"] == pytest.approx(0.1)
    assert hedged["first"] == hedged["last"] == hedged["most"] == moment


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in ("text", "json")])
def test_formats_of_findings(folder, capsys, name: str) -> None:
    text = printed(capsys, "--format", name)
    validate(name, text.rstrip("\n"))
    for code_ in ("ALV930", "ALV931", "ALV932"):
        assert code_ in text
    assert "new.alvh" in text
    same = (folder / "old.alvh").read_text()
    (folder / "new.alvh").write_text(same)
    validate(name, printed(capsys, "--format", name).rstrip("\n"))


def test_findings_stand_on_lines_of_the_new_ruleset(folder, capsys) -> None:
    text = printed(capsys, "--format", "github")
    assert "file=new.alvh,line=11,col=18,endLine=11,endColumn=26,title=advice[ALV930]::" in text
    assert re.search(r"::warning file=new.alvh,line=1,.*title=warning\[ALV932\]", text)


@pytest.mark.parametrize("name", FORMATS)
def test_an_error_is_told_in_every_format_and_ends_with_2(folder, capsys, name: str) -> None:
    (folder / "new.alvh").write_text(NEW.replace("by curve", "by curv"))
    text = printed(capsys, "--format", name, code=2)
    validate(name, text.rstrip("\n"))
    assert "ALV101" in text


@pytest.mark.parametrize(
    ("new", "codes"),
    [
        (OLD, (0, 0, 0)),
        (OLD + "# a comment\n", (1, 0, 0)),
        (OLD + "signal more when vix > 1\n", (1, 1, 0)),
        (OLD.replace("signal gone when vix > 80\n", ""), (1, 1, 1)),
    ],
)
def test_fail_on(folder, capsys, new: str, codes: tuple[int, int, int]) -> None:
    (folder / "new.alvh").write_text(new)
    for bump, wanted in zip(("patch", "minor", "major"), codes, strict=True):
        assert main(["diff", "old.alvh", "new.alvh", "--fail-on", bump]) == wanted
    assert main(["diff", "old.alvh", "new.alvh"]) == 0
    assert main(["diff", "absent.alvh", "new.alvh", "--fail-on", "major"]) == 2
    assert "ALV904" in capsys.readouterr().out


def test_markdown(folder, capsys) -> None:
    pytest.importorskip("z3")
    lines = printed(capsys, "--format", "markdown").splitlines()
    assert lines[0] == "### t 1.0.0 → 1.0.0"
    assert lines[2].startswith("**Suggested bump: major** – decisions go: gone;")
    (row,) = [line for line in lines if line.startswith("| `hedged` | different |")]
    assert row.startswith("| `hedged` | different | curve \\>= 100% | `vix = ")
    assert row.endswith("`: `40%` → `50%` |")
    assert "write `version 2.0.0`." in lines[3]
    assert "The same for every market: `calm`." in lines
    # Every row of a table has the cells of its head.
    rows = [line for line in lines if line.startswith("|")]
    wanted = 0
    for head, row in pairwise(rows):
        if "---" in row:
            wanted = len(re.findall(r"(?<!\\)\|", head))
        if row.startswith("| `"):
            assert len(re.findall(r"(?<!\\)\|", row)) == wanted


def test_nothing_of_a_ruleset_is_read_as_markdown() -> None:
    assert code("a | b") == "`a \\| b`"
    assert code("a `b`\n c") == "``` a `b` c ```"
    assert code("") == ""
    old = OLD.replace("target", "# <b>\ntarget")
    head, lines = old.split("let slope", 1)
    found = without_solver("let slope" + lines, "let slope" + lines.replace("20", "21"), head)
    assert "<b>" not in as_markdown(found)


@pytest.mark.parametrize("seconds", ["-1", "soon", "nan", "1e9"])
def test_a_budget_that_is_none_is_refused(folder, capsys, seconds: str) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["diff", "old.alvh", "new.alvh", f"--seconds={seconds}"])
    assert refused.value.code == 2
    assert "is no number of seconds" in capsys.readouterr().err


def test_a_measure_without_a_name_is_shown_by_its_number(folder, capsys) -> None:
    pytest.importorskip("z3")
    (folder / "old.alvh").write_text(OLD + "signal high when vix > sma(vix, 20)\n")
    (folder / "new.alvh").write_text(OLD + "signal high when vix > sma(vix, 20) + 1\n")
    text = printed(capsys)
    assert re.search(r"for example vix = [\d.]+, sma\(vix, 20\) = [\d.]+: true → false", text)
