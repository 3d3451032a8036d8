"""Exported files side by side: what is timed, and what a command line may say."""

import json
from pathlib import Path

import numpy as np
import pytest

from backbone.errors import InputError
from tasks.benchmarks.runtime_options import names_checkpoints, parse_runtime_options
from tasks.benchmarks.runtime_table import draw_figure, runtime_table


@pytest.fixture
def checkpoint(tmp_path) -> Path:
    path = tmp_path / "best.ckpt"
    path.write_text("")
    return path


def row(size, score, **times):
    return {
        "alpha": 0.75,
        "size": [size, size],
        "runtime": "onnx",
        "version": "1.32.0",
        "precision": "fp32",
        "megabytes": 10.4,
        "milliseconds": {"1 x 1": size / 20, "16 x 1": None},
        "score": score,
        "metric": "top1",
        "images": 120,
    }


def test_a_command_line(checkpoint):
    assert names_checkpoints([str(checkpoint)])
    assert not names_checkpoints(["task=imagenet", "backbone.weights=best.ckpt"])
    options = parse_runtime_options([str(checkpoint), "runtimes=torch,onnx", "rounds=3"])
    assert options.runtimes == ("torch", "onnx")
    assert options.rounds == 3
    assert options.output == checkpoint.parent / "bench"
    given = [str(checkpoint), "--trust", "mine", "--trust", "yours", "data.root=moved"]
    options = parse_runtime_options(given)
    assert (options.trust, options.root) == (("mine", "yours"), Path("moved"))
    assert options.checkpoints == (checkpoint,)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("runtimes=onx", "'onx' is none of torch, onnx"),
        ("rounds=0", "from 1 to"),
        ("score=maybe", "true or false"),
        ("task=imagenet", "with a checkpoint the options are"),
        ("none.ckpt", "no such checkpoint"),
        ("--help", "with a checkpoint the options are"),
    ],
)
def test_what_a_command_line_may_not_say(checkpoint, given, said):
    with pytest.raises(InputError, match=said):
        parse_runtime_options([str(checkpoint), given])


def test_the_table_and_the_figure(tmp_path):
    rows = [row(224, 0.833), row(128, 0.7)]
    text = runtime_table("a machine", rows)
    assert "0.75-224" in text
    assert "top1 83.3" in text
    assert "11.2" in text
    assert " - " in text
    assert "120 images" in text
    draw_figure(rows, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 5000


def test_every_score_has_a_panel_of_its_own(tmp_path):
    """A classifier's top-1 and a detector's AP share no axis."""
    from PIL import Image

    rows = [row(224, 0.833), row(128, 0.7), row(300, 0.203) | {"metric": "AP"}]
    draw_figure(rows[:2], tmp_path / "one.png")
    draw_figure(rows, tmp_path / "two.png")
    one, two = (Image.open(tmp_path / name) for name in ("one.png", "two.png"))
    assert two.size == (2 * one.width, one.height)


@pytest.mark.slow
def test_an_exported_file_is_timed_beside_pytorch(detector, detector_file, tmp_path):
    """The run's own checkpoint; the file is another network's of the same size and classes."""
    import shutil

    from tasks.benchmarks.contenders import contenders
    from tasks.benchmarks.runtimes import bench_runtimes
    from tasks.export.description import sha256
    from tasks.training.model import Model

    run = tmp_path / "run"
    shutil.copytree(detector.path, run)
    folder = run / "onnx"
    folder.mkdir()
    shutil.copy(detector_file, folder / "model.onnx")
    described = {
        "file": "model.onnx",
        "input": {"shape": ["N", 96, 96, 3]},
        "outputs": dict.fromkeys(("boxes", "scores", "labels", "count")),
        "checkpoint": {"sha256": sha256(run / "best.ckpt")},
    }
    (folder / "model.json").write_text(json.dumps(described))
    options = parse_runtime_options(
        [str(run / "best.ckpt"), "runtimes=torch,onnx", "rounds=1", f"output={tmp_path / 'out'}"]
    )
    bench_runtimes(options)
    result = json.loads((tmp_path / "out" / "runtimes.json").read_text())
    assert [r["runtime"] for r in result["rows"]] == ["torch", "onnx"]
    for found in result["rows"]:
        assert all(value > 0 for value in found["milliseconds"].values())
        assert found["megabytes"] > 0.1
        assert np.isfinite(found["score"])
    with pytest.raises(InputError, match="format=executorch writes it"):
        contenders(Model.load(run / "best.ckpt"), ["executorch"])


def test_an_option_that_is_given_twice(checkpoint):
    with pytest.raises(InputError, match="rounds= is given twice"):
        parse_runtime_options([str(checkpoint), "rounds=1", "rounds=2"])


def test_files_that_do_not_belong_to_the_checkpoint_are_left_out(checkpoint, capsys):
    from tasks.benchmarks.contenders import exported_files
    from tasks.export.description import sha256

    described = {
        "file": "model.onnx",
        "input": {"shape": ["N", 96, 96, 3]},
        "outputs": {"probabilities": None},
        "checkpoint": {"sha256": sha256(checkpoint)},
    }

    def write(name, text, file="model.onnx"):
        folder = checkpoint.parent / name
        folder.mkdir()
        (folder / "model.json").write_text(text)
        (folder / file).write_text("")

    write("a-own", json.dumps(described))
    write("b-cut", json.dumps(described)[:40])
    write("c-foreign", '["a layer"]')
    write("d-older", json.dumps(described | {"checkpoint": {"sha256": "0"}}))
    write("e-without", json.dumps(described), file="other.onnx")
    write("f-elsewhere", json.dumps(described | {"file": "../a-own/model.onnx"}))
    write("g-deep", "[" * 100_000)
    assert {found.path.parent.name for found in exported_files(checkpoint)} == {"a-own"}
    said = capsys.readouterr().out.splitlines()
    assert [line.count("left out") for line in said] == [1] * 6
    assert "exported from another best.ckpt" in said[2]


@pytest.mark.slow
def test_a_file_that_its_runtime_cannot_read_is_named(tmp_path):
    pytest.importorskip("onnxruntime")
    from tasks.benchmarks.contenders import Contender

    path = tmp_path / "model.onnx"
    path.write_bytes(b"cut")
    with pytest.raises(InputError, match=r"onnx cannot open .*model.onnx .*export it again"):
        Contender("onnx", "float32", path).open(None, 1)
