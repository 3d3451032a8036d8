"""The table files: the paper's cells, and commands that give back the rows."""

import json
import re
import shlex

import pytest
from omegaconf import OmegaConf

from backbone.errors import InputError
from tasks.tables.counting import compose_row, network_of
from tasks.tables.reading import numbers_of, read_tables
from tests.conftest import ROOT

TABLES = {table.number: table for table in read_tables([])}


def test_cells_are_the_papers(shared):
    file = shared.parent / "design/paper_tables.json"
    if not file.is_file():
        pytest.skip("needs the paper's tables beside the checkout")
    paper = json.loads(file.read_text())["tables"]
    assert [str(number) for number in TABLES] == list(paper)
    for number, table in TABLES.items():
        printed = paper[str(number)]
        assert table.title == printed["title"]
        rows = printed["rows"]
        if number == 11:
            costs = {"Im2GPS": (None, None), "PlaNet": ("5.74G", "52M")}
            costs["PlaNet MobileNet"] = ("0.58G", "13M")
            assert "PlaNet 52M parameters, 5.74G mult-adds" in printed["note"]
            rows = [
                [f"{where} / {model}", value, *costs[model]]
                for where, *values in rows
                for model, value in zip(printed["columns"], values, strict=True)
            ]
        if number == 13:
            rows = [[f"{framework} / {model}", *cells] for framework, model, *cells in rows]
        assert rows == [
            [row.name, row.paper.metric, row.paper.mult_adds, row.paper.parameters]
            for row in table.rows
        ]


def test_the_rows_of_this_suite_are_the_mobilenets():
    for table in TABLES.values():
        for row in table.rows:
            assert row.peer != ("MobileNet" in row.name)
            assert row.peer or row.overrides
            if row.overrides:  # a mode's own size would make another row of it
                assert any(override.startswith("size=") for override in row.overrides)


def test_each_distance_of_table_11_has_its_metric():
    for row in TABLES[11].rows:
        assert row.metric == f"within_{re.search(r'([0-9]+) km', row.name)[1]}_km"


@pytest.mark.parametrize("number", TABLES)
def test_a_command_is_the_rows_configuration_on_the_real_data(number):
    table = TABLES[number]
    for row in table.rows:
        if row.overrides is None:
            assert row.command is None
            continue
        words = [*row.overrides, *table.real_data]
        assert shlex.split(row.command) == ["python", "-m", "tasks.run", *words]
    config = compose_row(*words)  # of the last
    assert network_of(config) == network_of(compose_row(*row.overrides or words))
    assert config.data.root.startswith("/path/to/")
    assert table.data is None or config.data.name == table.data.name


@pytest.mark.parametrize("path", sorted((ROOT / "conf/task").glob("*.yaml")), ids=lambda p: p.stem)
def test_what_a_report_shows_of_the_paper_is_the_tables(path):
    task = OmegaConf.to_container(compose_row(f"task={path.stem}").task, resolve=True)
    paper = task.get("paper")
    if paper is None or paper["table"] is None:  # of another paper
        return
    table = TABLES[paper["table"]]
    # a column of Table 11 is one run, with a metric for each of its rows
    rows = [r for r in table.rows if paper["row"] in (r.name, r.name.partition(" km) / ")[2])]
    values = {row.metric: row.paper.metric for row in rows}
    assert values == {paper["metric"]: paper["value"]} | paper.get("others", {})
    for row in rows:
        assert compose_row(*row.overrides).task.kind == task["kind"]
        for name in ("mult_adds", "parameters"):
            body = " (body)" if table.body else ""
            assert paper[name].removesuffix(body) == getattr(row.paper, name)
    if table.data is not None:
        assert table.data.words.startswith(paper["data"])


def test_numbers_of_tables():
    assert [table.number for table in read_tables(["10", "4-6", "5"])] == [4, 5, 6, 10]
    assert [*numbers_of("4-7")] == [4, 5, 6, 7]
    assert [table.number for table in read_tables([])] == list(range(4, 15))


def test_networks_since_the_paper_have_tables_of_their_own():
    modern = read_tables(["modern"])
    assert [table.number for table in modern] == ["modern_coco", "modern_imagenet"]
    assert not {table.number for table in modern} & TABLES.keys()
    assert [table.number for table in read_tables(["modern_coco", "13"])] == [13, "modern_coco"]
    for table in modern:
        assert table.beside == "published"
        for row in table.rows:
            assert row.note, "where the score is published"
            (size,) = (o.partition("=")[2] for o in row.overrides if o.startswith("size="))
            assert f" {size}" in row.name or size == "224"


@pytest.mark.parametrize("text", ["moderns", "", "coco"])
def test_a_word_that_no_table_begins_with_is_refused(text):
    with pytest.raises(InputError, match="or modern for networks since the paper"):
        read_tables([text])
