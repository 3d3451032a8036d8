"""Values in messages: a few of them, each of a length that can be read."""

from backbone.errors import listed_briefly, shortened


def test_long_lists_and_long_values_are_shortened():
    assert listed_briefly([3, 17, 40]) == "3, 17, 40"
    assert listed_briefly(range(9)) == "0, 1, 2, 3, 4 and 4 more"
    assert len(listed_briefly(["x" * 10_000] * 9)) < 2100
    assert shortened("a" * 400) == "a" * 400
    assert shortened("a" * 300 + "b" * 300) == "a" * 198 + "..." + "b" * 198
