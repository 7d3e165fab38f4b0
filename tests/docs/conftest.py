import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def place(self):
        return f"{self.page.relative_to(ROOT)}:{self.line}"


@dataclass(frozen=True)
class Page:
    path: Path
    text: str

    @property
    def name(self):
        return str(self.path.relative_to(ROOT))

    @property
    def prose(self):
        """The page without its fenced blocks."""
        return re.sub(r"^```.*?^```$", "", self.text, flags=re.MULTILINE | re.DOTALL)

    def blocks(self, language=None):
        found = []
        for match in re.finditer(r"^```(\w*)\n(.*?)^```$", self.text, re.MULTILINE | re.DOTALL):
            line = self.text.count("\n", 0, match.start()) + 1
            found.append(Block(self.path, line, match[1], match[2]))
        return [block for block in found if language in {None, block.language}]

    def section(self, title):
        """What stands under a heading, up to the next one of its level or above."""
        fenced = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
        # Comments in blocks are no headings.
        bare = fenced.sub(
            lambda block: "\n".join("x" * len(line) for line in block[0].split("\n")), self.text
        )
        match = re.search(rf"^(#+) {re.escape(title)}\n", bare, re.MULTILINE)
        assert match is not None, f"{self.name} has no section {title!r}"
        end = re.compile(rf"^#{{1,{len(match[1])}}} ", re.MULTILINE).search(bare, match.end())
        return self.text[match.end() : end.start() if end else None]


def read(name):
    path = ROOT / name
    return Page(path, path.read_text(encoding="utf-8"))


def all_pages():
    return [
        read(path.relative_to(ROOT))
        for path in sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
    ]


def rows(text):
    """The body rows of the tables of a text, as lists of cells without their backticks."""
    found = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells and not set("".join(cells)) <= set("-: "):
            found.append(cells)
    return found


def words(cell):
    """The words in backticks of a cell."""
    return re.findall(r"`([^`]+)`", cell)


@pytest.fixture(scope="session")
def pages():
    return all_pages()


@pytest.fixture(scope="session")
def page():
    return read


@pytest.fixture(scope="session")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def table_rows():
    return rows


@pytest.fixture(scope="session")
def backticked():
    return words
