"""The syntax tree as JSON, and back, through pydantic. Each node's class stands in its `node` field."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import ConfigDict, TypeAdapter, with_config

from alvh_rules.syntax import ast


@cache
def _adapter() -> TypeAdapter[ast.File]:
    return TypeAdapter(with_config(ConfigDict(extra="forbid", strict=False))(ast.File))


def to_json(file: ast.File) -> str:
    """A file's tree; spans are [file, start, end]."""
    return _adapter().dump_json(file, indent=1).decode()


def from_json(text: str) -> ast.File:
    """The tree again, equal to what was exported. Raises ValueError for anything else."""
    return _adapter().validate_json(text)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a file's tree."""
    return _adapter().json_schema()
