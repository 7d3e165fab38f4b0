"""What plugins see of Syncline changes with the contract's version, and never unnoticed: `contract.txt` holds it as it is.

`python tests/core/test_contract_surface.py` writes that file anew.
"""

import ast
import sys
from pathlib import Path

import syncline
from syncline.connector import CONTRACT

KEPT = Path(__file__).with_name("contract.txt")
ROOMS = ("connector", "testing")
STEPS = """\
What plugins see of Syncline is not what tests/core/contract.txt says:
{changes}

If that is meant:
1. docs/connectors.md, "Versions": is it an addition that no plugin need know of? Else a plugin of before is not loaded any more.
2. Raise CONTRACT in sync/syncline/connector/contract.py: the second number for an addition, else the first. It is {contract} now.
3. Say what changed in the table of docs/connectors.md, and in CHANGELOG.md.
4. python tests/core/test_contract_surface.py"""


def signature(node: ast.FunctionDef) -> str:
    marks = [
        ast.unparse(mark)
        for mark in node.decorator_list
        if ast.unparse(mark) in {"property", "classmethod", "staticmethod", "abstractmethod"}
    ]
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return "".join(f"@{mark} " for mark in marks) + f"def {node.name}({ast.unparse(node.args)}){returns}"


def of_class(node: ast.ClassDef) -> list[str]:
    lines = [f"class {node.name}({', '.join(map(ast.unparse, node.bases))})"]
    for part in node.body:
        match part:
            case ast.FunctionDef(name=name) if name == "__init__" or not name.startswith("_"):
                lines.append(f"    {signature(part)}")
            case ast.AnnAssign(target=ast.Name(id=name)) if not name.startswith("_"):
                lines.append(f"    {ast.unparse(part)}")
            case ast.Assign(targets=[ast.Name(id=name)]) if not name.startswith("_"):
                lines.append(f"    {ast.unparse(part)}")
            case _:
                pass
    return lines


def described(path: Path, names: set[str]) -> list[list[str]]:
    """What a module says of those names."""
    found = []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        match node:
            case ast.ClassDef(name=name) if name in names:
                found.append(of_class(node))
            case ast.FunctionDef(name=name) if name in names:
                found.append([signature(node)])
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)) if (
                name in names
            ):
                found.append([f"CONTRACT = {CONTRACT}" if name == "CONTRACT" else ast.unparse(node)])
            case _:
                pass
    return found


def surface() -> str:
    root = Path(syncline.__file__).parent
    lines = []
    for room in ROOMS:
        module = ast.parse((root / room / "__init__.py").read_text(encoding="utf-8"))
        (listed,) = [
            node
            for node in module.body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        ]
        names = set(ast.literal_eval(listed.value))
        found = [one for path in sorted((root / room).rglob("*.py")) for one in described(path, names)]
        lines += [
            f"# syncline.{room}: {', '.join(sorted(names))}",
            *(line for one in sorted(found) for line in one),
        ]
    return "\n".join(lines) + "\n"


def changes(before: str, after: str) -> list[str]:
    old, new = before.splitlines(), after.splitlines()
    return [f"- {line}" for line in old if line not in new] + [f"+ {line}" for line in new if line not in old]


def test_what_plugins_see_is_what_the_version_says():
    kept, now = KEPT.read_text(encoding="utf-8"), surface()
    assert now == kept, STEPS.format(changes="\n".join(changes(kept, now)), contract=CONTRACT)


def test_a_change_of_a_signature_a_default_or_a_name_shows():
    kept = KEPT.read_text(encoding="utf-8")
    for line in (
        "    counted_revisions: bool",
        "    read_many: int = 50",
        "    @abstractmethod def poll(self, cursor: Cursor, limit: int) -> Page",
        "    INLINE = 'inline'",
        "def mark(marker: str) -> str",
        f"CONTRACT = {CONTRACT}",
        "Cursor = Mapping[str, Any]",
        "def conformance(plugin: Plugin, stand: StandFactory, skips: Mapping[str, str] | None=None) -> type[Any]",
    ):
        assert line in kept.splitlines(), line


if __name__ == "__main__":
    if (
        KEPT.exists()
        and f"CONTRACT = {CONTRACT}\n" in KEPT.read_text()
        and changes(KEPT.read_text(), surface())
    ):
        sys.exit(f"CONTRACT is {CONTRACT} as before: raise it first")
    KEPT.write_text(surface(), encoding="utf-8")
