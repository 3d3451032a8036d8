"""Files of TensorFlow Lite: written here with the format's own schema, and read back."""

import builtins
import struct

import numpy as np
import pytest
import torch

from backbone.errors import InputError
from backbone.tflite_file import read_tflite
from backbone.weight_files import read_file
from backbone.weights import load_weights

schema = pytest.importorskip(
    "ai_edge_litert.schema_py_generated", reason="ai-edge-litert is not installed"
)


def quantised(array, scale, zero, dimension=0):
    """Integers, and what they say of themselves."""
    by = schema.QuantizationParametersT()
    by.scale, by.zeroPoint = np.float32(scale), np.asarray(zero, np.int64)
    by.quantizedDimension = dimension
    return array, by


def write_tflite(path, layers, activation="RELU6"):
    """A chain of 1x1 and depthwise convolutions: (output's name, depthwise, weight, bias)."""
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.subgraphs = 3, [graph]
    model.buffers, graph.tensors, graph.operators = [schema.BufferT()], [], []
    kinds = (schema.BuiltinOperator.CONV_2D, schema.BuiltinOperator.DEPTHWISE_CONV_2D)
    model.operatorCodes = [schema.OperatorCodeT() for _ in kinds]
    for code, kind in zip(model.operatorCodes, kinds, strict=True):
        code.builtinCode = code.deprecatedBuiltinCode = kind

    def tensor(name, shape, stored=None, quantization=None):
        made = schema.TensorT()
        made.name, made.shape, made.type = name.encode(), list(shape), schema.TensorType.FLOAT32
        if stored is not None:
            kind = str(stored.dtype).upper()
            made.type = getattr(schema.TensorType, kind)
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(stored.tobytes(), np.uint8)
            made.buffer = len(model.buffers)
            model.buffers.append(buffer)
        made.quantization = quantization
        graph.tensors.append(made)
        return len(graph.tensors) - 1

    last = tensor("image", (1, 8, 6, 3))
    graph.inputs = [last]
    for output, depthwise, weight, bias in layers:
        operator = schema.OperatorT()
        operator.opcodeIndex = int(depthwise)
        stored = [part if isinstance(part, tuple) else (part, None) for part in (weight, bias)]
        operator.inputs = [last, *(tensor("w", a.shape, a, q) for a, q in stored)]
        last = tensor(output, (1, 8, 6, len(stored[1][0])))
        operator.outputs = [last]
        options = schema.DepthwiseConv2DOptionsT() if depthwise else schema.Conv2DOptionsT()
        options.fusedActivationFunction = getattr(schema.ActivationFunctionType, activation)
        name = "DepthwiseConv2DOptions" if depthwise else "Conv2DOptions"
        operator.builtinOptionsType = getattr(schema.BuiltinOptions, name)
        operator.builtinOptions = options
        graph.operators.append(operator)
    graph.outputs = [last]
    import flatbuffers

    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(bytes(builder.Output()))
    return path


def test_floats_integers_per_tensor_and_per_channel(tmp_path):
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(4, 3, 3, 3)).astype(np.float32)  # OHWI
    bias = rng.normal(size=4).astype(np.float32)
    deep = rng.integers(0, 255, (1, 3, 3, 4)).astype(np.uint8)  # 1HWC
    point = rng.integers(-127, 127, (5, 1, 1, 4)).astype(np.int8)
    scales = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    root = "FeatureExtractor/MobilenetV1/MobilenetV1/Conv2d"
    path = write_tflite(
        tmp_path / "a.tflite",
        [
            (f"{root}_0/Relu6", False, kernel, bias),
            (
                f"{root}_1_depthwise/Relu6",
                True,
                quantised(deep, [0.5], [100]),
                quantised(np.arange(4, dtype=np.int32), [0.25], [0]),
            ),
            (
                "BoxPredictor_0/ClassPredictor/BiasAdd;x/y",
                False,
                quantised(point, scales, [0] * 5),
                quantised(np.arange(5, dtype=np.int32), scales, [0] * 5),
            ),
        ],
    )
    model = read_tflite(path)
    assert model.size == (8, 6)
    assert model.input_range is None
    state = model.state
    np.testing.assert_array_equal(
        state["MobilenetV1/Conv2d_0.weight"], kernel.transpose(0, 3, 1, 2)
    )
    np.testing.assert_array_equal(state["MobilenetV1/Conv2d_0.bias"], bias)
    expected = ((deep.astype(float) - 100) * 0.5).transpose(3, 0, 1, 2)
    np.testing.assert_allclose(state["MobilenetV1/Conv2d_1_depthwise.weight"], expected)
    np.testing.assert_allclose(state["MobilenetV1/Conv2d_1_depthwise.bias"], [0, 0.25, 0.5, 0.75])
    predictor = state["BoxPredictor_0/ClassPredictor.weight"]
    expected = point.reshape(5, 4) * scales[:, None]
    np.testing.assert_allclose(predictor[:, :, 0, 0], expected, rtol=1e-6)
    np.testing.assert_allclose(
        state["BoxPredictor_0/ClassPredictor.bias"], np.arange(5) * scales, rtol=1e-6
    )
    assert set(model.activations.values()) == {"RELU6"}


def test_a_damaged_file(tmp_path):
    path = tmp_path / "a.tflite"
    path.write_bytes(struct.pack("<I", 10**6) + b"TFL3" + b"\0" * 60)
    with pytest.raises(InputError, match=r"a\.tflite is damaged"):
        read_file(path)


def test_without_the_reader_the_message_names_the_install(tmp_path, monkeypatch):
    path = tmp_path / "a.tflite"
    path.write_bytes(b"\0\0\0\0TFL3" + b"\0" * 60)
    real = builtins.__import__

    def without(name, *rest):
        if name.startswith("ai_edge_litert"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"pip install -e \"\.\[tflite\]\""):
        read_file(path)


def test_a_released_detector_gives_a_trunk(shared):
    from backbone.mobilenet_v1 import MobileNetV1

    path = shared / "weights/coco_ssd_mobilenet_v1_1.0_quant_2018_06_29.tflite"
    trunk = MobileNetV1(0.75).eval()
    report = load_weights(trunk, path)
    assert len(report.matched) == 135
    assert report.names == "tensorflow"
    assert report.differs == {}
    model = read_tflite(path)
    # the first layer computes convolution + bias, clamped to 0..6
    image = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    padded = torch.nn.functional.pad(image, (0, 1, 0, 1))
    expected = torch.nn.functional.conv2d(
        padded,
        model.state["MobilenetV1/Conv2d_0.weight"],
        model.state["MobilenetV1/Conv2d_0.bias"],
        stride=2,
    ).clamp(0, 6)
    with torch.no_grad():
        torch.testing.assert_close(trunk.features(image, ["conv0"])["conv0"], expected)
