"""One ONNX file of all heads, with the answers of PyTorch."""

import numpy as np
import pytest

from tasks.faces.attributes import FaceAttributes
from tasks.training.model import Model
from tests.tasks.joint.conftest import NAMES

for needed in ("onnx", "onnxscript", "onnxruntime"):
    pytest.importorskip(needed, reason="needs the extra `onnx`")

from tasks.export.description import describe  # noqa: E402
from tasks.export.formats import FORMATS  # noqa: E402
from tasks.export.gate import check  # noqa: E402
from tasks.export.graph import whole_answer  # noqa: E402
from tasks.export.onnx import write_onnx  # noqa: E402


@pytest.mark.slow
def test_a_joint_network_passes_the_gate(joint, tmp_path):
    model = Model.load(joint)
    path = tmp_path / "model.onnx"
    write_onnx(model, path, batch=1)
    pixels = np.random.default_rng(0).integers(0, 256, (2, *model.size, 3), dtype=np.uint8)
    report = check(model, FORMATS["onnx"], path, pixels, 1)
    assert report["passed"], report
    assert {"ssd_coco.boxes", "planet.probabilities"} <= report["by_images_per_call"]["1"].keys()
    said = describe(model, whole_answer(model), FORMATS["onnx"])
    assert [*said["parts"]] == [*NAMES]
    assert said["parts"]["image_folder"]["labels"]["names"] == ["thing 0", "thing 1", "thing 2"]
    meaning = said["outputs"]["face_attributes.probabilities"]["meaning"]
    assert meaning == FaceAttributes.deploys["probabilities"]
