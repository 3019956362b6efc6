"""The highlighters know the language's words, all of them and no others, and agree with each other."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from contextlib import suppress
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from pygments.lexers import find_lexer_class_for_filename, get_lexer_by_name
from pygments.token import Comment, Error, Keyword, Literal, Name, Number, Operator, String, Token

from alvh_rules.core.resources import grammar_path, shipped_rulesets
from alvh_rules.highlight import words
from alvh_rules.highlight.pygments_lexer import AlvhLexer
from alvh_rules.highlight.textmate import textmate, textmate_path, textmate_text
from alvh_rules.syntax.expected import keywords

VSCODE = grammar_path().parent / "vscode"
SAMPLES = [
    *shipped_rulesets(),
    *sorted((Path(__file__).resolve().parents[1] / "syntax" / "good").glob("*.alvh")),
]

# What each scope of the TextMate grammar is to Pygments.
SAME = {
    "comment.line.number-sign.alvh": Comment.Single,
    "string.quoted.double.alvh": String.Double,
    "constant.numeric.date.alvh": Literal.Date,
    "constant.numeric.time.alvh": Literal.Date,
    "constant.numeric.version.alvh": Number,
    "constant.numeric.money.alvh": Number,
    "constant.numeric.alvh": Number,
    "constant.language.alvh": Keyword.Constant,
    "storage.type.alvh": Keyword.Declaration,
    "entity.name.alvh": Name.Variable,
    "support.type.alvh": Keyword.Type,
    "support.type.unit.alvh": Keyword.Type,
    "keyword.other.alvh": Keyword,
    "support.function.alvh": Name.Builtin,
    "keyword.operator.word.alvh": Operator.Word,
    "keyword.operator.alvh": Operator,
    "punctuation.alvh": Token.Punctuation,
}


def test_the_groups_are_the_words_of_the_grammar() -> None:
    assert words.all_words() == keywords()
    groups = [words.ITEMS, words.OPERATORS, words.CONSTANTS, words.KEYWORDS]
    assert sum(map(len, groups)) == len(set().union(*groups)), "a word is in two groups"


def test_the_grammar_file_is_written_from_the_words() -> None:
    assert textmate_path().read_text(encoding="utf-8") == textmate_text(), (
        "run: python -m alvh_rules.highlight.textmate"
    )


def test_the_textmate_grammar_has_every_word_and_no_other() -> None:
    patterns = " ".join(rule["match"] for rule in textmate()["patterns"])
    plain = re.sub(r"\\[a-z]|\[[^\]]*\]|\(\?[<!:=]+", " ", patterns)
    written = set(re.findall(r"[a-z_]+", plain))
    assert written == keywords() | set(words.FUNCTIONS) | set(words.KINDS)


def test_the_lexer_is_found_by_its_entry_point() -> None:
    (found,) = [point for point in entry_points(group="pygments.lexers") if point.name == "alvh"]
    assert found.load() is AlvhLexer
    assert isinstance(get_lexer_by_name("alvh"), AlvhLexer)
    assert find_lexer_class_for_filename("rules.alvh") is AlvhLexer


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_the_lexer_takes_every_character(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = list(AlvhLexer(stripnl=False, ensurenl=False).get_tokens(text))
    assert "".join(value for _, value in found) == text
    assert not [value for type, value in found if type in Error]


def test_the_lexer_marks_what_is_no_character_of_the_language() -> None:
    assert (Error, "€") in list(AlvhLexer().get_tokens("let a = €\n"))


@pytest.mark.parametrize(
    "word", sorted(keywords() - {word for phrase in words.PHRASES for word in phrase.split()})
)
def test_the_lexer_knows_each_keyword(word: str) -> None:
    ((type, value),) = [each for each in AlvhLexer().get_tokens(f" {word}") if each[1].strip()]
    assert value == word
    assert type in Keyword or type is Operator.Word


@pytest.mark.parametrize("phrase", words.PHRASES)
def test_the_lexer_knows_each_phrase(phrase: str) -> None:
    found = [each for each in AlvhLexer().get_tokens(f"  {phrase}") if each[1].strip()]
    assert found == [(Keyword, phrase)]


def test_the_documents_rulesets_have_no_error() -> None:
    """But for those that show what fails: some of them show characters that no ruleset may have."""
    root = grammar_path().parents[1]
    blocks = []
    for path in [root / "README.md", *(root / "docs").rglob("*.md")]:
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"^### Fails\n.*?(?=^### |\Z)", "", text, flags=re.M | re.S)
        blocks += re.findall(r"^```alvh\n(.*?)^```", text, re.M | re.S)
    assert len(blocks) > 50
    for block in blocks:
        assert not [value for type, value in AlvhLexer().get_tokens(block) if type in Error]


# --- with node, where it is ---


@pytest.fixture(scope="session")
def extension(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Path:
    """The extension with the packages it is built with, in a folder of its own.

    npm installs the packages once; they stay in pytest's cache until others are asked for.
    """
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("vscode")
    ignored = shutil.ignore_patterns("node_modules", "dist")
    shutil.copytree(VSCODE, folder, dirs_exist_ok=True, ignore=ignored)
    wanted = hashlib.sha256((VSCODE / "package.json").read_bytes()).hexdigest()[:16]
    assert pytestconfig.cache is not None
    kept = pytestconfig.cache.mkdir("vscode-packages") / wanted
    if not kept.exists():
        done = run(npm, "install", "--no-package-lock", "--no-audit", "--no-fund", folder=folder)
        if done.returncode != 0:
            pytest.skip(f"npm could not install the packages: {done.stderr.strip()[-300:]}")
        whole = kept.with_name(f"{wanted}.{os.getpid()}")
        whole.mkdir()
        shutil.move(folder / "node_modules", whole)
        # Another worker may have been first: its packages are the same.
        with suppress(OSError):
            whole.rename(kept)
        if whole.exists():
            shutil.rmtree(whole)
    (folder / "node_modules").symlink_to(kept / "node_modules", target_is_directory=True)
    return folder


def run(*command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )


def test_the_textmate_grammar_colours_as_the_lexer_does(extension: Path) -> None:
    script = Path(__file__).with_name("tokenise.js")
    grammar = extension / "syntaxes" / "alvh.tmLanguage.json"
    done = run("node", str(script), str(grammar), *map(str, SAMPLES), folder=extension)
    assert done.returncode == 0, done.stderr
    for path, tokens in zip(SAMPLES, json.loads(done.stdout), strict=True):
        text = path.read_text(encoding="utf-8")
        lines = text.split("\n")
        theirs: dict[tuple[int, int], object] = {}
        for line, start, end, scope in tokens:
            # Columns of JavaScript count UTF-16.
            units = lines[line].encode("utf-16-le")
            first = len(units[: 2 * start].decode("utf-16-le"))
            word = units[2 * start : 2 * end].decode("utf-16-le")
            for place in range(first, first + len(word)):
                if not lines[line][place].isspace():
                    theirs[line, place] = SAME.get(scope, Name)
        assert theirs == coloured(text), path.name


def coloured(text: str) -> dict[tuple[int, int], object]:
    """The lexer's type of every character that is no blank."""
    found: dict[tuple[int, int], object] = {}
    line = column = 0
    for type, value in AlvhLexer(stripnl=False, ensurenl=False).get_tokens(text):
        for character in value:
            if not character.isspace():
                # Both say `let NAME`; what a data row names is a plain variable to TextMate.
                row = type is Name.Variable and text_line(text, line).startswith(" ")
                found[line, column] = Name if row else type
            line, column = (line + 1, 0) if character == "\n" else (line, column + 1)
    return found


def text_line(text: str, line: int) -> str:
    return text.split("\n")[line]


def test_the_extension_packages(extension: Path) -> None:
    done = run("npm", "run", "package", folder=extension)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (extension / "alvh.vsix").stat().st_size > 10_000


def test_the_extensions_files_say_what_is_there() -> None:
    package = json.loads((VSCODE / "package.json").read_text(encoding="utf-8"))
    for each in package["contributes"]["languages"]:
        assert (VSCODE / each["configuration"]).is_file()
    for each in package["contributes"]["grammars"]:
        assert (VSCODE / each["path"]).is_file()
        assert each["scopeName"] == textmate()["scopeName"]
    for version in package["devDependencies"].values():
        assert re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", version), "versions are exact"
    assert not (VSCODE / "package-lock.json").exists(), "a lock file names registry hosts"


@pytest.mark.parametrize(
    ("line", "deeper"),
    [
        ("data", True),
        ("layer short", True),
        ("table t by slope", True),
        ('test "one"', True),
        ("signal s when all of", True),
        ("  open when any of  # two ways", True),
        ("  given", True),
        ("  hold by slope", True),
        ("  sell iron condor on spx", True),
        ("param", True),
        ("param steep = 5%", False),
        ("let data = 3", False),
        ("signal s when slope > 3", False),
        ("  weight 30%", False),
        ("calendar fomc", False),
        ("# all of", False),
    ],
)
def test_a_line_that_opens_a_block_indents_the_next(line: str, deeper: bool) -> None:
    text = (VSCODE / "language-configuration.json").read_text(encoding="utf-8")
    pattern = json.loads(text)["indentationRules"]["increaseIndentPattern"]
    assert bool(re.search(pattern, line)) is deeper
