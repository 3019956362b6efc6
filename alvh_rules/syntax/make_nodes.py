"""From the rules that the parser reads to the nodes of the syntax tree.

`Maker` has a method for each rule; `CALLBACKS` is how `reduce.py` finds them. No parse tree is built
in between.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from alvh_rules.syntax.make_decisions import DecisionMaker
from alvh_rules.syntax.make_declarations import DeclarationMaker
from alvh_rules.syntax.make_expressions import ExpressionMaker
from alvh_rules.syntax.make_tests import TestMaker


class Maker(ExpressionMaker, DeclarationMaker, DecisionMaker, TestMaker):
    """The callbacks of every rule; one is made for each item that is read."""


CALLBACKS: Final[dict[str, Callable[..., Any]]] = {
    name: method
    for part in Maker.__bases__
    for name, method in vars(part).items()
    if not name.startswith("_")
}
"""The functions that take a maker, a span and a rule's children, by rule."""
