"""Comments that allow a finding."""

SINGLE = ("[cleo, dan]", "[cleo]"), ("[eve, fay]", "[eve, fay, dan]")
EXPERTS = "  experts:\n"


def test_a_comment_at_the_end_of_its_line_allows_a_finding(linted):
    text = linted.text(*SINGLE)
    assert linted.codes(text) == ["W11"]
    for comment in ("# lint: allow W11", "#lint:allow W11", "# lint: allow w30, W11"):
        codes = linted.codes(text.replace(EXPERTS, f"  experts:  {comment}\n"))
        assert "W11" not in codes
    assert linted.codes(text.replace(EXPERTS, "  experts:  # lint: allow W11\n")) == []


def test_a_comment_in_another_line_allows_nothing_and_is_told(linted):
    text = linted.text(*SINGLE, ("schedules:\n", "schedules:  # lint: allow W11\n"))
    assert sorted(linted.codes(text)) == ["W11", "W70"]


def test_what_a_comment_allows_in_vain_is_told_with_its_place(linted):
    text = linted.text((EXPERTS, "  experts:  # lint: allow W11 W99\n"))
    found = linted.check(text)
    assert [(one.code, one.message) for one in found] == [
        ("W70", "nothing here is found by W11"),
        ("W70", "there is no check W99"),
    ]
    assert found[0].column == len("  experts:  ")
    assert linted.only(linted.text((EXPERTS, "  experts:  # lint: allow\n")), "W70").line == found[0].line


def test_the_hole_between_policies_is_allowed_where_they_begin(linted):
    text = linted.text(("  - id: all\n", "  - id: all\n    when: priority <= 3\n"))
    assert linted.codes(text) == ["W51"]
    assert linted.codes(text.replace("policies:\n", "policies:  # lint: allow W51\n")) == []
