"""What the README tells an admin to write is what the tests have written."""

from pathlib import Path
from textwrap import dedent

from syncline_roundup.serving import FIELDS, ROLE


def test_the_readme_sets_up_what_is_tested():
    blocks = Path(__file__).parents[1].joinpath("README.md").read_text().split("```python\n")[1:]
    told = [dedent(f"   {block.partition('```')[0].strip()}") for block in blocks]
    assert told[0].strip() == FIELDS
    assert [line.strip() for line in told[1].splitlines()] == [
        line.strip() for line in ROLE.strip().splitlines()
    ]
