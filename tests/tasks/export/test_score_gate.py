"""Files of integers: what the command leaves behind, when they score as before and when not."""

import json
import shutil
from collections import Counter

import numpy as np
import pytest
import torch

from tasks.export import quantised
from tasks.export.formats import FORMATS
from tasks.export.gate import in_batches
from tasks.export.scoring import Scorer
from tasks.training.model import Model
from tests.tasks.export.conftest import noise

onnx = pytest.importorskip("onnx", reason="needs the extra `onnx`")
pytest.importorskip("onnxscript", reason="needs the extra `onnx`")
onnxruntime = pytest.importorskip("onnxruntime", reason="needs the extra `onnx`")


def test_a_network_trained_for_integers_is_written_in_them(
    quantised_detector, export, monkeypatch, tmp_path
):
    checkpoint, folder = quantised_detector / "best.ckpt", tmp_path / "out"
    answer = export(checkpoint, "batch=1", f"output={folder}")
    assert "47 of 47 layers in 7-bit integers; in float: none" in answer.out
    files = {"model.onnx", "model.json", "parity.json", "card.md"}
    assert {path.name for path in folder.iterdir()} == files
    described = json.loads((folder / "model.json").read_text())
    assert described["precision"]["ranges"] == "trained"
    score = json.loads((folder / "parity.json").read_text())["score"]
    assert (score["name"], score["images"], score["allowed"]) == ("AP", 9, 1.0)
    assert score["after"] == pytest.approx(score["before"], abs=0.01)

    # the file answers as the fake quantisation did, but where a value lies between two levels
    model = Model.load(checkpoint)
    pixels = noise(model, 4)
    with torch.inference_mode():
        expected = model.task.deploy(torch.from_numpy(pixels).permute(0, 3, 1, 2))
    file = FORMATS["onnx"].open(folder / "model.onnx", list(expected), threads=1)
    found = in_batches(file.run, pixels, 1)["scores"]
    assert np.abs(np.sort(found) - np.sort(expected["scores"].numpy())).mean() < 2e-3

    # and it does so in integers alone
    session = onnxruntime.SessionOptions()
    session.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    session.log_severity_level = 3
    onnxruntime.InferenceSession(folder / "model.onnx", session, providers=["CPUExecutionProvider"])
    operations = Counter(n.op_type for n in onnx.load(tmp_path / "optimised.onnx").graph.node)
    assert operations["QLinearConv"] == 47
    assert not [name for name in operations if name.endswith("Conv") and name != "QLinearConv"]

    # where integers cost too much, only the report is left
    monkeypatch.setattr(Scorer, "of", lambda self, task: 0.9)
    monkeypatch.setattr(
        "tasks.export.onnx.write_onnx", lambda model, path, *_: shutil.copy(kept, path)
    )
    kept = shutil.copy(folder / "model.onnx", tmp_path / "kept.onnx")
    answer = export(checkpoint, "batch=1", f"output={folder}", code=1)
    assert "FAILED" in answer.out
    assert [path.name for path in folder.iterdir()] == ["parity.json"]


def test_bad_input_is_named(
    quantised_detector, detector, sample, images, export, tmp_path, monkeypatch
):
    def refused(*arguments):
        answer = export(*arguments, f"output={tmp_path / 'out'}", code=2)
        return answer.err

    learnt, plain = quantised_detector / "best.ckpt", detector.path / "best.ckpt"
    photographs = f"int8={sample / 'train2017'}"
    assert "has its own ranges" in refused(learnt, photographs)
    assert "has its own ranges" in refused(learnt, "reduce_range=true")
    assert "give true, false or auto" in refused(plain, photographs, "reduce_range=yes")
    assert "from 0 to 100" in refused(plain, photographs, "tolerance=-1")
    few = images(tmp_path / "few", ["1.jpg"])
    assert "1 photograph, and ranges are measured on at least 20" in refused(plain, f"int8={few}")
    nowhere = f"data.root={tmp_path / 'nowhere'}"
    assert str(tmp_path / "nowhere") in refused(plain, photographs, nowhere)
    assert "leave out photos=" in refused(learnt, f"photos={sample / 'train2017'}")
    for key, value in (("tolerance", 2), ("reduce_range", "false")):
        assert f"{key}= is for files of integers" in refused(plain, f"{key}={value}")
    monkeypatch.setattr(Scorer, "of", lambda self, task: float("nan"))
    assert "AP is undefined on its 9 validation images" in refused(plain, photographs)
    assert not (tmp_path / "out").exists()


def test_layers_go_back_to_float_as_the_score_asks(detector, sample, monkeypatch):
    """The whole way but for the file, which is not written."""
    from tasks.export.options import parse_options
    from tasks.export.score_gate import score_proof

    def score(self, task):
        exact = [layer.exact for layer in quantised.quantized_layers(task.head).values()]
        return 0.5 if not exact else 0.3 + 0.05 * sum(exact)

    monkeypatch.setattr(Scorer, "of", score)
    checkpoint = detector.path / "best.ckpt"
    options = parse_options(checkpoint, [f"int8={sample / 'train2017'}", "tolerance=5"])
    proof = score_proof(options, Model.load(checkpoint))
    assert len(proof.quantised.in_float) == 3
    assert proof.precision["layers_in_float"] == list(proof.quantised.in_float)
    kinds = [layer.weight.dtype for layer in proof.model.task.head.modules() if integer(layer)]
    assert kinds.count(torch.float32) == 3
    assert kinds.count(torch.int8) == 38


def integer(layer):
    return type(layer).__name__ == "IntegerLayer"
