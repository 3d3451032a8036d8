"""The records of a run that somebody has changed: named as damaged, and read to an end."""

import json
import os

import numpy as np
import pytest

from backbone.errors import InputError
from tasks.data.cache import cache_file
from tasks.faces.utkface import split_by_name
from tasks.runs.bootstrap import SEED, Resampling
from tasks.runs.directory import write_whole
from tasks.runs.options import recorded_options
from tasks.runs.plain_files import json_in, yaml_in
from tasks.runs.resamples import FORMAT, draw_all, read_resamples
from tasks.runs.result import read_result

DEEP = "[" * 100_000
LOOP = "task: &a {name: x, again: *a}"
UNFOLDING = "a: &a [x, x]\n" + "\n".join(
    f"{chr(k + 1)}: &{chr(k + 1)} [*{chr(k)}, *{chr(k)}]" for k in range(97, 121)
)
CODE = "task: {name: !!python/object/apply:os.system ['true']}"


@pytest.mark.parametrize("text", [DEEP, LOOP, UNFOLDING, CODE, "a: [", "\0", "? {a: b}\n: c"])
def test_a_file_of_yaml_that_no_run_writes(text, tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"."):
        yaml_in(path)
    assert recorded_options(tmp_path) is None


@pytest.mark.parametrize("text", [DEEP, "{", "9" * 5000])
def test_a_file_of_json_that_no_run_writes(text, tmp_path):
    (tmp_path / "status.json").write_text(text)
    with pytest.raises(ValueError, match=r"."):
        json_in(tmp_path / "status.json")


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "result.json")
    with pytest.raises(InputError, match=r"result\.json is damaged \(it is not a regular file"):
        read_result(tmp_path / "result.json")


PART = {"about": "images", "number": 8, "units": "u", "truth": "t", "scores": ["a"]}


@pytest.mark.parametrize(
    ("parts", "values"),
    [
        (7, np.zeros(3)),
        (["text"], np.zeros(3)),
        ([PART | {"number": "8"}], np.zeros(3)),
        ([PART | {"about": None}], np.zeros(3)),
        ([PART], np.zeros((3, 3))),
        ([PART], np.zeros(0)),
        ([PART], np.array(["text"])),
    ],
)
def test_damaged_resamples_are_named(parts, values, tmp_path):
    about = np.array(json.dumps({"format": FORMAT, "seed": SEED, "parts": parts}))
    np.savez(tmp_path / "resamples.npz", about=about, **{"0/a": values})
    with pytest.raises(InputError, match=r"resamples\.npz is damaged"):
        read_resamples(tmp_path / "resamples.npz")


def test_a_name_that_is_no_text_can_be_recorded(tmp_path):
    write_whole(tmp_path / "card.md", "class a\udcff")
    assert (tmp_path / "card.md").read_text() == "class a\\udcff"
    assert cache_file(tmp_path / "a\udcff.json", tmp_path, ".npz").suffix == ".npz"
    assert split_by_name("26_1_0_\udcff.jpg") in ("train", "val", "test")
    resampling = Resampling("images", np.zeros(1), [np.zeros(1)], lambda: lambda counts: {}, 1)
    assert draw_all([resampling], ["a/b\udcff.jpg"])[0].number == 1
