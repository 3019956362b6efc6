"""Which codes a module of messages gives as warnings or advice, read from its source."""

import ast
import re
from pathlib import Path

_CODE = re.compile(r"ALV\d{3}")
_MILD = ("WARNING", "ADVICE")


def silenceable_in(path: Path) -> set[str]:
    """The codes in functions that make a warning or advice: by `_warning(…)`, or by the severity."""
    codes = set()
    for function in ast.parse(path.read_text(encoding="utf-8")).body:
        if not isinstance(function, ast.FunctionDef):
            continue
        nodes = list(ast.walk(function))
        mild = any(isinstance(node, ast.Attribute) and node.attr in _MILD for node in nodes) or any(
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("_warning", "_advice")
            for node in nodes
        )
        texts = {node.value for node in nodes if isinstance(node, ast.Constant)}
        if mild:
            codes |= {text for text in texts if isinstance(text, str) and _CODE.fullmatch(text)}
    return codes
