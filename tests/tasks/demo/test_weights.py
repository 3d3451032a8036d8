"""Weights stored in fewer bits."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from onnx import helper, numpy_helper  # noqa: E402

from tasks.demo.weights import narrowed  # noqa: E402

FLOAT = onnx.TensorProto.FLOAT


@pytest.fixture(scope="module")
def content() -> bytes:
    """A convolution, a linear layer either way round, and a table that is no weight."""
    rng = np.random.default_rng(0)
    tables = {
        "filters": rng.normal(size=(64, 32, 3, 3)),
        "turned": rng.normal(size=(50, 64)) * np.arange(1, 51)[:, None],
        "straight": rng.normal(size=(50, 40)),
        "anchors": rng.uniform(0, 300, (1, 40)).repeat(20, 0),
    }
    tables["filters"][3] = 0  # a dead channel
    nodes = [
        helper.make_node("Conv", ["x", "filters"], ["maps"]),
        helper.make_node("GlobalAveragePool", ["maps"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("Gemm", ["flat", "turned"], ["first"], transB=1),
        helper.make_node("MatMul", ["first", "straight"], ["second"]),
        helper.make_node("Add", ["second", "anchors"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info("x", FLOAT, [1, 32, 8, 8])],
        [helper.make_tensor_value_info("y", FLOAT, [20, 40])],
        [numpy_helper.from_array(v.astype(np.float32), k) for k, v in tables.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    return model.SerializeToString()


def answer(content: bytes) -> np.ndarray:
    session = onnxruntime.InferenceSession(content)
    x = np.random.default_rng(1).normal(size=(1, 32, 8, 8)).astype(np.float32)
    return session.run(None, {"x": x})[0]


@pytest.mark.parametrize(
    ("precision", "share", "error"), [("float16", 0.53, 3e-3), ("int8", 0.3, 5e-2)]
)
def test_a_file_with_narrow_weights_is_smaller_and_answers_almost_the_same(
    content, precision, share, error
):
    narrow = narrowed(content, precision)
    assert len(narrow) < share * len(content)
    whole, rough = answer(content), answer(narrow)
    spread = (whole - 150).std()
    assert 0 < abs(whole - rough).max() < error * spread
    kept = {tensor.name: tensor for tensor in onnx.load_from_string(narrow).graph.initializer}
    assert kept["anchors"].data_type == FLOAT  # a table keeps its digits


def test_full_weights_are_left_alone(content):
    assert narrowed(content, "float32") is content
