"""ONNX files, run by onnxruntime."""

import numpy as np
import pytest
import torch

from tests.tasks.export.conftest import noise

onnx = pytest.importorskip("onnx", reason="needs the extra `onnx`")
pytest.importorskip("onnxscript", reason="needs the extra `onnx`")
pytest.importorskip("onnxruntime", reason="needs the extra `onnx`")

from tasks.export.onnx import OnnxFile  # noqa: E402


@pytest.mark.slow
def test_a_detectors_file_answers_for_any_batch(model, detector_file):
    names = ["boxes", "scores", "labels", "count"]
    exported, file = model("ssd_coco"), OnnxFile(detector_file, names, threads=1)
    for count in (1, 3):
        pixels = noise(exported, count)
        with torch.inference_mode():
            expected = exported.task.deploy(torch.from_numpy(pixels).permute(0, 3, 1, 2))
        found = file.run(pixels)
        for name, values in found.items():
            np.testing.assert_allclose(values, expected[name].numpy(), rtol=1e-5, atol=1e-4)
        assert expected["count"].min() > 0


@pytest.mark.slow
def test_a_file_says_what_it_is_and_nothing_of_where_it_was_made(detector_file):
    content = onnx.load(detector_file)
    assert {entry.key: entry.value for entry in content.metadata_props} == {"model.json": "{}"}
    (batch, *sides) = content.graph.input[0].type.tensor_type.shape.dim
    assert batch.dim_param == "N"
    assert [side.dim_value for side in sides] == [96, 96, 3]
    assert b".py" not in detector_file.read_bytes()
    onnx.checker.check_model(content, full_check=True)
