"""The syntax tree as JSON, and back.

A node is an object whose `node` names its class; a span is `{file, start, end}`. The schema is made
from the node classes' own annotations (a union of nodes is told apart by `node`, so that reading
never tries one class after another), and pydantic's core does the reading, writing and describing.
This is the only module that needs pydantic: reading a ruleset does not load it.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import SchemaSerializer, SchemaValidator, ValidationError, core_schema

from alvh_rules.core import bounds
from alvh_rules.core.source import Span
from alvh_rules.syntax import ast
from alvh_rules.syntax.walk import deeper_than

_SPAN = "Span"


def to_json(file: ast.File) -> str:
    """A file's tree as JSON text, spans included."""
    return _serializer().to_json(file, indent=2).decode("utf-8")


def from_json(text: str) -> ast.File:
    """The tree that `to_json` wrote.

    Raises ValueError, naming the places at fault, for text that is no JSON or no such tree, and for
    a tree with more levels than the parser allows.
    """
    try:
        # Not pydantic's own JSON reader: it stops at 200 levels, two for each level of a tree.
        value = json.loads(text)
        file = cast(ast.File, _validator().validate_python(value))
    except RecursionError:
        raise ValueError(_too_deep()) from None
    except json.JSONDecodeError as problem:
        raise ValueError(f"this is not JSON: {problem}") from None
    except ValidationError as problem:
        raise ValueError(_faults(problem)) from None
    if any(deeper_than(item, bounds.MOST_DEPTH) for item in file.items):
        raise ValueError(_too_deep())
    return file


def json_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of what `to_json` writes."""
    schema = GenerateJsonSchema(ref_template="#/$defs/{model}").generate(_schema(named_unions=True))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Syntax tree of an alvh ruleset",
        **schema,
    }


def _too_deep() -> str:
    return f"this tree has more than {bounds.MOST_DEPTH} levels"


def _faults(problem: ValidationError) -> str:
    shown = [
        f"{'.'.join(str(part) for part in fault['loc']) or 'the whole'}: {fault['msg']}"
        for fault in problem.errors(include_url=False, include_input=False)[:5]
    ]
    return "this is not a syntax tree: " + "; ".join(shown)


@cache
def _validator() -> SchemaValidator:
    return SchemaValidator(_schema(named_unions=False))


@cache
def _serializer() -> SchemaSerializer:
    return SchemaSerializer(_schema(named_unions=False))


def _schema(*, named_unions: bool) -> core_schema.CoreSchema:
    """The schema of a file, with a definition for each class of node.

    `named_unions` makes each union (`Expression`, …) a definition as well: a description is a third
    as long with it. Reading goes without, since pydantic counts each definition as a level and
    allows 255.
    """
    unions = _unions() if named_unions else {}
    nodes = [
        kind
        for kind in vars(ast).values()
        if isinstance(kind, type) and is_dataclass(kind) and "node" in kind.__dataclass_fields__
    ]
    return core_schema.definitions_schema(
        core_schema.definition_reference_schema(ast.File.__name__),
        [_span_schema(), *(_node_schema(kind, unions) for kind in nodes), *_union_schemas(unions)],
    )


def _span_schema() -> core_schema.CoreSchema:
    offset = core_schema.int_schema(ge=0, strict=True)
    written = core_schema.typed_dict_schema(
        {
            "file": core_schema.typed_dict_field(core_schema.str_schema(strict=True)),
            "start": core_schema.typed_dict_field(offset),
            "end": core_schema.typed_dict_field(offset),
        },
        extra_behavior="forbid",
    )
    return core_schema.no_info_after_validator_function(
        lambda value: Span(**value),
        written,
        ref=_SPAN,
        serialization=core_schema.plain_serializer_function_ser_schema(
            Span._asdict, return_schema=written
        ),
    )


def _node_schema(kind: type, unions: dict[str, Any]) -> core_schema.CoreSchema:
    hints = get_type_hints(kind, vars(ast))
    members = [
        core_schema.dataclass_field(field.name, _value_schema(hints[field.name], unions))
        for field in fields(kind)
    ]
    return core_schema.dataclass_schema(
        kind,
        core_schema.dataclass_args_schema(kind.__name__, members, extra_behavior="forbid"),
        [field.name for field in fields(kind)],
        slots=True,
        frozen=True,
        strict=False,
        ref=kind.__name__,
    )


def _unions() -> dict[str, Any]:
    """The named unions of the tree (`Expression`, `Item`, …), each described once."""
    return {name: value for name, value in vars(ast).items() if isinstance(value, UnionType)}


def _union_schemas(unions: dict[str, Any]) -> list[core_schema.CoreSchema]:
    return [
        core_schema.tagged_union_schema(
            {member.__name__: _value_schema(member, unions) for member in get_args(union)},
            "node",
            ref=name,
        )
        for name, union in unions.items()
    ]


def _value_schema(hint: Any, unions: dict[str, Any]) -> core_schema.CoreSchema:
    origin = get_origin(hint)
    if origin is Literal:
        return core_schema.literal_schema(list(get_args(hint)))
    if origin is tuple:
        # A tuple of one type, as all of the tree's are: JSON has it as an array.
        return core_schema.tuple_variable_schema(_value_schema(get_args(hint)[0], unions))
    if origin in (Union, UnionType):
        members = [member for member in get_args(hint) if member is not type(None)]
        if len(members) == 1:
            chosen = _value_schema(members[0], unions)
        elif name := next((n for n, u in unions.items() if get_args(u) == tuple(members)), ""):
            chosen = core_schema.definition_reference_schema(name)
        else:
            chosen = core_schema.tagged_union_schema(
                {member.__name__: _value_schema(member, unions) for member in members}, "node"
            )
        nullable = len(members) < len(get_args(hint))
        return core_schema.nullable_schema(chosen) if nullable else chosen
    if hint is str:
        return core_schema.str_schema(strict=True)
    if hint is bool:
        return core_schema.bool_schema(strict=True)
    if hint is int:
        return core_schema.int_schema(strict=True)
    return core_schema.definition_reference_schema(hint.__name__)
