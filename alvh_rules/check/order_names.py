"""Put named values in the order of their dependence, without recursion, and find cycles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from alvh_rules.core.source import Span


def in_order(
    uses: Mapping[str, Iterable[tuple[str, Span]]],
    on_cycle: Callable[[list[str], list[Span]], None],
) -> list[str]:
    """The names, each after all that it uses. A cycle is handed to `on_cycle` (its names, the
    first repeated at the end, and the place of each use) and cut at its last edge."""
    ordered: list[str] = []
    state: dict[str, int] = {}
    for root in uses:
        if root in state:
            continue
        path: list[str] = [root]
        places: list[Span | None] = [None]
        stack = [iter(tuple(uses[root]))]
        state[root] = 1
        while stack:
            step = next(stack[-1], None)
            if step is None:
                stack.pop()
                places.pop()
                done = path.pop()
                state[done] = 2
                ordered.append(done)
                continue
            name, span = step
            if name not in uses or state.get(name) == 2:
                continue
            if state.get(name) == 1:
                start = path.index(name)
                spans = [*(item for item in places[start + 1 :] if item is not None), span]
                on_cycle([*path[start:], name], spans)
                continue
            state[name] = 1
            path.append(name)
            places.append(span)
            stack.append(iter(tuple(uses[name])))
    return ordered
