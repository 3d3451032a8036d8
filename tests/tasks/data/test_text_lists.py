"""Numbers of any length and columns of any kind in lists."""

import pytest

from backbone.errors import InputError
from tasks.data.text_lists import delimiter_of, whole_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *[("7", 7), (" 007\n", 7), ("9" * 18, 10**18 - 1), ("9" * 19, None), ("9" * 5000, None)],
        *[("", None), ("-1", None), ("1.0", None), ("\u0661", None), ("\u00b2", None)],
    ],
)
def test_a_whole_number_has_at_most_18_digits(text, number):
    assert whole_number(text) == number


def test_columns_are_separated_by_commas_or_tabs(tmp_path):
    assert delimiter_of(tmp_path, "file,a;b") == ","
    assert delimiter_of(tmp_path, "file\ta,b") == "\t"
    assert delimiter_of(tmp_path, "file") == ","
    with pytest.raises(InputError, match=r"separated by semicolons .*with a point \(48\.85\)"):
        delimiter_of(tmp_path, "file;latitude;longitude")
    with pytest.raises(InputError, match=r"separated by vertical bars .*by commas$"):
        delimiter_of(tmp_path, "file|a|b")
    with pytest.raises(InputError, match=r"separated by spaces .*by commas$"):
        delimiter_of(tmp_path, "file  a b")


@pytest.mark.parametrize("line", ["sep=,", "sep=;", "SEP=;;", "sep=,,,", "sep="])
def test_a_line_for_excel_names_no_columns(tmp_path, line):
    with pytest.raises(InputError, match="is for Excel alone; remove the line"):
        delimiter_of(tmp_path, line)


@pytest.mark.parametrize("line", ["{", '{"file": "a.jpg"}', '[{"file": "a.jpg"}]', "[", '["a",'])
def test_json_is_no_csv(tmp_path, line):
    with pytest.raises(InputError, match="not a CSV file, but JSON"):
        delimiter_of(tmp_path, line)
