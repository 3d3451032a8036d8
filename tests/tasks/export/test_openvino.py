"""OpenVINO reads the same ONNX file."""

import pytest

from tasks.export.comparing import compare
from tasks.export.gate import answers
from tests.tasks.export.conftest import noise

pytest.importorskip("openvino", reason="needs openvino")

from tasks.export.openvino import OpenvinoFile


@pytest.mark.slow
def test_the_same_file_gives_the_same_answers(model, detector_file):
    exported = model("ssd_coco")
    for count in (1, 3):
        pixels = noise(exported, count)
        expected = answers(exported, pixels)
        found = OpenvinoFile(detector_file, list(expected), threads=1).run(pixels)
        report = compare(expected, found)["boxes"]
        assert report["passed"], report
