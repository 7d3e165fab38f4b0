"""The page of commands against the commands; and every command that any page or message names."""

import re
import shlex

import pytest
import typer

from syncline.cli.program import program

SHARED = {"--config", "-c", "--json", "--help", "-h"}


def commands():
    """Path to command, for all that can be called."""
    found = {}

    def walk(command, path):
        for name, inner in getattr(command, "commands", {}).items():
            found[(*path, name)] = inner
            walk(inner, (*path, name))

    walk(typer.main.get_command(program), ())
    return found


COMMANDS = commands()
LEAVES = {path: command for path, command in COMMANDS.items() if not hasattr(command, "commands")}


def options(command):
    """The options of a command that are shown, without those that all have."""
    return {
        name
        for parameter in command.params
        if parameter.param_type_name == "option" and not getattr(parameter, "hidden", False)
        for name in parameter.opts
    } - SHARED


def described(page):
    return {
        tuple(word for word in match[1].split() if re.fullmatch(r"[a-z]+", word)): page.section(match[0][4:])
        for match in re.finditer(r"^### `syncline ([^`]+)`$", page.text, re.MULTILINE)
    }


def test_every_command_stands_on_the_page_and_nothing_else(page):
    assert set(described(page("docs/cli.md"))) == set(LEAVES)


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_option_stands_there_and_nothing_else(page, path, table_rows):
    section = described(page("docs/cli.md"))[path]
    said = {name for row in table_rows(section) for name in re.findall(r"(?<![\w-])--?[a-z][a-z-]*", row[0])}
    assert said == options(LEAVES[path])


def test_every_argument_stands_in_its_heading(page):
    for match in re.finditer(r"^### `syncline ([^`]+)`$", page("docs/cli.md").text, re.MULTILINE):
        path = tuple(word for word in match[1].split() if re.fullmatch(r"[a-z]+", word))
        named = [word for word in match[1].split() if re.search(r"[A-Z]", word) and word != "DATE"]
        arguments = [p for p in LEAVES[path].params if p.param_type_name == "argument"]
        assert len(named) == len(arguments), match[1]
        for word, argument in zip(named, arguments, strict=True):
            assert ("..." in word or "S]" in word) == (argument.nargs == -1), match[1]
            assert word.startswith("[") != argument.required, match[1]


def shell_lines(page):
    for block in page.blocks("console"):
        joined = block.text.replace("\\\n", " ")
        for line in joined.splitlines():
            if line.startswith("$ "):
                yield block.place, line[2:]


def parsed(words):
    """Parse a command line as the program would, without running it."""
    path = ()
    while words and (*path, words[0]) in COMMANDS:
        path = (*path, words[0])
        words = words[1:]
    assert path, f"there is no command {words[:1]}"
    assert path in LEAVES, f"{' '.join(path)} needs a further word"
    LEAVES[path].make_context(" ".join(path), list(words))


def test_every_command_line_of_every_page_is_one(pages):
    count = 0
    for page in pages:
        for place, line in shell_lines(page):
            words = shlex.split(line)
            while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                words = words[1:]
            if words and words[0].rpartition("/")[2] == "syncline":
                try:
                    parsed(words[1:])
                except Exception as error:
                    raise AssertionError(f"{place}: {line}: {error}") from error
                count += 1
    assert count > 15


def mentions(text):
    """Commands that stand in backticks: the words after `syncline`."""
    for match in re.finditer(r"`syncline ([^`]+)`", text):
        yield [re.sub(r"\{[^}]*\}", "x", word) for word in match[1].split()]


def check_mention(place, words):
    path = ()
    while words and (*path, words[0]) in COMMANDS:
        path, words = (*path, words[0]), words[1:]
    assert path or words[0].startswith("--"), f"{place}: there is no command {words[0]}"
    flags = [word for word in words if word.startswith("--")]
    if path:
        assert set(flags) <= options(COMMANDS[path]) | SHARED, f"{place}: {flags}"


def test_every_command_that_the_prose_names_exists(pages):
    for page in pages:
        for words in mentions(page.prose):
            check_mention(page.name, words)


def test_every_command_that_a_message_names_exists(root):
    count = 0
    for path in (root / "sync/syncline").rglob("*.py"):
        # Sentences are put together from several literals: quotes and line breaks between them go.
        text = re.sub(r'"\s*\n\s*f?"', "", path.read_text())
        for words in mentions(text):
            check_mention(path.name, words)
            count += 1
    assert count > 15
