"""A file of a teacher's outputs is read for what it says, or refused."""

import math

import numpy as np
import pytest

from backbone.errors import InputError
from tasks.distillation.cached_outputs import read_outputs


def test_a_file_of_outputs_is_read_for_what_it_says(tmp_path):
    path = tmp_path / "o.npz"
    names = np.array(["a.jpg", "b.jpg"])
    np.savez(path, name=names, embedding=np.eye(2, 3, dtype=np.float16), face_found=[True, False])
    found, outputs, labels = read_outputs(path)
    assert found.tolist() == names.tolist()
    assert outputs.dtype == np.float32
    assert len(labels) == 0
    np.savez(path, name=names, probability=np.array([[0.5, 0.75], [0.0, 1.0]]))
    logits = read_outputs(path)[1]
    assert logits[0] == pytest.approx([0, math.log(3)], rel=1e-5)
    assert np.isfinite(logits).all()
    np.savez(path, name=np.array(["é.jpg".encode()]), output=np.eye(1))
    assert read_outputs(path)[0].tolist() == ["é.jpg"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"name": ["a"]}, "one of `output`, `embedding`, `probability`"),
        ({"output": np.zeros((1, 2))}, "must hold `name`"),
        ({"name": ["a", "b"], "output": np.zeros((3, 2))}, r"shape \[2, D\], .* it has \[3, 2\]"),
        ({"name": ["a"], "output": np.full((1, 2), np.nan)}, "not finite in float32: a"),
        ({"name": ["a"], "output": np.full((1, 2), 1e300)}, "not finite in float32: a"),
        ({"name": ["a"], "output": [["x", "y"]]}, "must hold numbers"),
        ({"name": ["a"], "output": np.ones((1, 2), complex)}, "must hold numbers"),
        ({"name": ["a"], "output": np.ones((1, 0))}, "at least one image and one value"),
        ({"name": np.array([], str), "output": np.ones((0, 2))}, "at least one image"),
        ({"name": "a", "output": np.ones((1, 2))}, "must be a list of texts"),
        ({"name": [0.5], "output": np.ones((1, 2))}, "must be a list of texts"),
        ({"name": [b"\xff"], "output": np.ones((1, 2))}, "not in UTF-8"),
        ({"name": ["a", "b", "a"], "output": np.ones((3, 2))}, "`name` holds a more than once"),
        ({"name": ["a"], "output": np.ones((1, 2)), "label": ["x"]}, "1 label for 2 outputs"),
        ({"name": ["a"], "probability": np.full((1, 2), 1.5)}, r"outside 0\.\.1"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path, content, said):
    np.savez(tmp_path / "o.npz", **content)
    with pytest.raises(InputError, match=said):
        read_outputs(tmp_path / "o.npz")


def test_a_file_that_is_none_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"tasks\.teacher CHECKPOINT IMAGES"):
        read_outputs(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(InputError, match="damaged or not"):
        read_outputs(tmp_path / "text.npz")
    np.save(tmp_path / "one.npy", np.eye(2))
    with pytest.raises(InputError, match="a single array"):
        read_outputs(tmp_path / "one.npy")
