"""LiteRT files, run by ai-edge-litert, where its converter is installed."""

import pytest

from backbone.errors import InputError
from tests.tasks.export.conftest import noise

pytest.importorskip("litert_torch", reason="needs the extra `litert`, in its own environment")

from tasks.export.comparing import compare
from tasks.export.description import describe
from tasks.export.formats import FORMATS
from tasks.export.gate import answers
from tasks.export.graph import whole_answer
from tasks.export.litert import LitertFile, write_litert


@pytest.mark.slow
@pytest.mark.parametrize("task", ["image_folder", "face_embedding", "ssd_coco"])
def test_a_file_answers_as_its_model(model, task, tmp_path):
    exported = model(task)
    write_litert(exported, tmp_path / "model.tflite", batch=1)
    pixels = noise(exported, 1)
    expected = answers(exported, pixels)
    found = LitertFile(tmp_path / "model.tflite", list(expected), 1).run(pixels)
    assert all(part["passed"] for part in compare(expected, found).values())
    described = describe(exported, whole_answer(exported), FORMATS["litert"], batch=1)["outputs"]
    types = {name: output["type"] for name, output in described.items()}
    assert types == {name: str(value.dtype) for name, value in found.items()}


def test_what_it_cannot_hold(model, tmp_path):
    with pytest.raises(InputError, match="no RoI Align"):
        write_litert(model("faster_rcnn_coco"), tmp_path / "model.tflite")
