"""The file that all other tests change has nothing wrong with it."""


def test_nothing_is_found_in_a_file_in_order(linted):
    assert linted.check(linted.clean) == []
