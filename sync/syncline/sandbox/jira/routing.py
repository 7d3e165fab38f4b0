"""From a path to what answers it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from syncline.sandbox.jira.call import Handler, Routes

_ANY = "{}"


@dataclass(slots=True)
class _Node:
    children: dict[str, "_Node"] = field(default_factory=dict)
    methods: dict[str, Handler] = field(default_factory=dict)


class Router:
    """A tree of path parts; a literal part goes before a variable one."""

    def __init__(self, *tables: Routes) -> None:
        self._root = _Node()
        for table in tables:
            for (method, path), handler in table.items():
                node = self._root
                for part in path.split("/"):
                    node = node.children.setdefault(part, _Node())
                node.methods[method] = handler

    def find(self, parts: Sequence[str]) -> tuple[dict[str, Handler], list[str]] | None:
        """Method to handler, and the variable parts; None for a path that nothing answers."""
        return self._find(self._root, parts, 0)

    def _find(
        self, node: _Node, parts: Sequence[str], at: int
    ) -> tuple[dict[str, Handler], list[str]] | None:
        if at == len(parts):
            return (node.methods, []) if node.methods else None
        literal = node.children.get(parts[at])
        found = self._find(literal, parts, at + 1) if literal is not None and parts[at] != _ANY else None
        variable = node.children.get(_ANY)
        if found is None and variable is not None and parts[at]:
            deeper = self._find(variable, parts, at + 1)
            if deeper is not None:
                return deeper[0], [parts[at], *deeper[1]]
        return found
