"""What the command prints: text, Markdown, CSV, JSON and pictures."""

import csv
import io
import json

import pytest
from PIL import Image

from tests.tasks.tables.test_reading import TABLES

pytestmark = pytest.mark.slow  # composes and counts dozens of networks

DOGS = ("task=stanford_dogs", "size=224")


@pytest.fixture
def two_runs(finish):
    """One on the paper's data, and one of the sample."""
    words = "stanford_dogs: 120 classes"
    finish(*DOGS, "backbone.alpha=0.75", metrics={"top1": 0.8125}, images=8580, data=words)
    finish(*DOGS, "backbone.alpha=1.0", "mode=sample", metrics={"top1": 0.567}, images=240)


def test_a_table_as_text(tables, runs, two_runs):
    answer = tables("10", "--runs", runs)
    assert answer.err == ""
    lines = answer.out.replace(str(runs), "runs").splitlines()
    heading = lines[3]
    rows = {line[:18]: line for line in lines[5:10]}
    assert rows["0.75 MobileNet-224"].split()[2:5] == ["81.9", "81.2", "325M"]
    assert rows["0.75 MobileNet-192"].split()[2:5] == ["80.5", "not", "run"]
    sample = rows["1.0 MobileNet-224 "]
    assert sample.split()[2:] == ["[2]", "83.3", "56.7", "569M", "567.8M", "3.3M", "3.33M"]
    # in the column of other data
    assert sample.index("56.7") + 4 == heading.index("other data") + len("other data")
    assert "0.75 MobileNet-224: stanford_dogs: 120 classes; 2026-11-22 07:00; seed 0;" in answer.out
    assert "differs by mode=sample" in " ".join(answer.out.split())
    fills = "python -m tasks.run task=stanford_dogs backbone.alpha=0.75 size=192 data.root=/path/to"
    assert f"not run: 0.75 MobileNet-192\n    {fills}" in answer.out
    assert "not run: 1.0 MobileNet-224" not in answer.out
    assert "    python -m tasks.run +table=10 data.root=/path/to/dogs\n" in answer.out
    assert all(len(line) <= 120 for line in lines if "python -m" not in line)


def test_json_has_these_keys_and_plain_values(tables, runs, two_runs):
    answer = tables("10", "--runs", runs, "--json")
    rows = json.loads(answer.out)
    assert [row["row"] for row in rows] == [row.name for row in TABLES[10].rows]
    for row in rows:
        assert list(row) == ["table", "row", "metric_name", "paper", "ours", "command", "note"]
        assert set(row["paper"]) == {"metric", "mult_adds", "parameters"}
        keys = "mult_adds parameters metric data run same_data date seed differences"
        assert set(row["ours"]) == set(keys.split())
        assert (row["table"], row["metric_name"]) == (10, "top1")
    assert rows[1]["paper"] == {"metric": 83.3, "mult_adds": "569M", "parameters": "3.3M"}
    ours = rows[1]["ours"]
    assert (ours["mult_adds"], ours["parameters"]) == (567_839_232, 3_329_976)
    assert (ours["metric"], ours["same_data"]) == (56.7, False)
    assert [row["ours"]["metric"] for row in rows] == [None, 56.7, 81.25, None, None]


def test_csv_keeps_other_data_apart(tables, runs, two_runs):
    rows = list(csv.DictReader(io.StringIO(tables("10", "--runs", runs, "--csv").out)))
    metrics = [(row["ours_metric"], row["ours_metric_on_other_data"]) for row in rows]
    assert metrics == [("", ""), ("", "56.7"), ("81.25", ""), ("", ""), ("", "")]
    assert rows[1]["ours_differences"] == "mode=sample"
    assert rows[1]["ours_mult_adds"] == "567839232"
    assert rows[0]["paper_mult_adds"] == "5000M"


def test_markdown_has_as_many_cells_in_every_row(tables, runs, two_runs):
    lines = tables("10", "--runs", runs, "--markdown").out.splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert {line.count("|") for line in table} == {9}
    assert len(table) == 2 + len(TABLES[10].rows)
    assert "| 0.75 MobileNet-224 | 81.9 | 81.2 |  | 325M | 324.7M | 1.9M | 1.91M |" in table


def test_several_tables_share_their_footnotes_within_each(tables, runs):
    out = tables("7", "9", "--runs", runs).out
    assert out.count("[1] ") == 2 + 2  # a mark and a note in each
    assert out.index("Table 7. ") < out.index("Table 9. ")


def test_a_table_as_a_picture(tables, runs, two_runs, tmp_path):
    answer = tables("10", "--runs", runs, "--plot", tmp_path / "plots")
    (path,) = (tmp_path / "plots").iterdir()
    assert path.name == "table_10.png"
    assert str(path) in answer.err
    with Image.open(path) as image:
        assert image.format == "PNG"


def test_a_picture_tells_the_papers_data_from_others(runs, two_runs):
    from tasks.tables.lines import lines_of
    from tasks.tables.plotting import ours, papers

    lines = lines_of(TABLES[10], runs)
    points = {words: [name for *_, name in points] for words, points in ours(lines).items()}
    assert points == {
        "ours": ["0.75 MobileNet-224"],
        "ours, on other data: somewhere, mode=sample": ["1.0 MobileNet-224"],
    }
    assert papers(lines, peer=True) == [(5000, 84, "Inception V3")]
    assert papers(lines, peer=False)[0] == (569, 83.3, "1.0 MobileNet-224")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["3"], "no table 3: the tables are 4 to 14"),
        (["10-15"], "no table 15"),
        (["ten"], "'ten' is not a table: give a number such as 10, a range such as 4-7"),
        (["-4"], ""),
        (["7-4"], "did you mean 4-7?"),
        (["10", "--runs", "/no/such/folder"], "/no/such/folder: no such folder of runs"),
        (["10", "--json", "--csv"], "not allowed with"),
    ],
    ids=" ".join,
)
def test_a_mistake_gets_one_message_and_exit_code_2(tables, arguments, said):
    answer = tables(*arguments, code=2)
    assert said in answer.err
    assert answer.out == ""


def test_a_folder_without_runs_is_no_mistake_where_it_is_the_default(tables, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = tables("5")
    assert answer.out.count("not run") == 4  # two cells, two commands
