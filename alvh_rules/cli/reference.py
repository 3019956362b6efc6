"""`alvh functions` and `alvh explain-code`: the reference, from the records themselves."""

from __future__ import annotations

import argparse

from alvh_rules.cli.output import CANNOT_RUN, FINE


def functions(arguments: argparse.Namespace) -> int:
    from alvh_rules.builtins.document import look_back, reference, result, takes
    from alvh_rules.builtins.registry import BUILTINS, own_name
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
        near = own_name(arguments.name) or nearest(arguments.name, BUILTINS)
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


def explain_code(arguments: argparse.Namespace) -> int:
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
