"""Released detectors of TensorFlow: names, the order of anchors, and what is refused."""

import dataclasses

import numpy as np
import pytest
import torch

from backbone.errors import InputError
from backbone.mobilenet_v1 import MobileNetV1
from backbone.mobilenet_v2 import MobileNetV2
from backbone.weight_files import read_file
from backbone.weights import load_weights
from tasks.data.labels import Labels
from tasks.detection.released import ORDERS, _centre_form
from tasks.detection.ssd import SSD
from tasks.training.head_weights import load_head

COCO = Labels(91, list(range(1, 91)), list(range(1, 91)), [f"class {n}" for n in range(1, 91)])


def small(version=1, separable=False, classes=91, size=96, kernel_size=None):
    """An SSD whose tensors all differ from their start."""
    trunk = MobileNetV1(0.25) if version == 1 else MobileNetV2(0.35)
    head = SSD(trunk, classes, size, separable=separable, kernel_size=kernel_size)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, value in head.state_dict().items():
            if value.is_floating_point():
                low = 0.5 if name.endswith(("running_var", "bn.weight")) else -0.4
                value.uniform_(low, low + 0.8, generator=generator)
    return head.eval()


def variables(head, order):
    """A detector's tensors under TensorFlow's names, in TensorFlow's axis order."""
    version = 1 if isinstance(head.trunk, MobileNetV1) else 2
    net = f"MobilenetV{version}"
    last = "Conv2d_13_pointwise" if version == 1 else "layer_19"
    leaves = {"weight": "gamma", "bias": "beta"}
    leaves |= {"running_mean": "moving_mean", "running_var": "moving_variance"}
    found = {}
    for key, value in head.state_dict().items():
        if key.endswith("num_batches_tracked"):
            continue
        module, _, tensor = key.rpartition(".")
        norm = module.endswith(".bn")
        module = module.removesuffix(".bn").removesuffix(".conv")
        part, *rest = module.split(".")
        if part == "trunk" and version == 1:
            row = rest[0].removeprefix("conv")
            scope = f"FeatureExtractor/{net}/Conv2d_{row}" + "".join(f"_{x}" for x in rest[1:])
        elif part == "trunk":
            if rest[0].startswith("conv"):
                scope = f"FeatureExtractor/{net}/" + {"conv0": "Conv", "conv18": "Conv_1"}[rest[0]]
            else:
                block, _, layer = ".".join(rest).replace("14_expand", "14.expand").partition(".")
                n = int(block.removeprefix("block"))
                scope = (
                    f"FeatureExtractor/{net}/expanded_conv{f'_{n - 1}' if n > 1 else ''}/{layer}"
                )
        elif part == "extras":
            n, second, *layer = rest
            kind = "1_Conv2d_{}_1x1_32" if second == "0" else "2_Conv2d_{}_3x3_s2_64"
            scope = f"FeatureExtractor/{net}/{last}_{kind.format(int(n) + 2)}"
            scope += "_depthwise" if layer == ["depthwise"] else ""
        else:
            kind = {"box_predictors": "BoxEncoding", "class_predictors": "Class"}[part]
            scope = f"BoxPredictor_{rest[0]}/{kind}Predictor"
            scope += "_depthwise" if rest[1:] == ["depthwise"] else ""
            if rest[0] != "0" and rest[1:] != ["depthwise"]:
                theirs = np.argsort(order)
                value = value.unflatten(0, (6, -1))[theirs.tolist()].flatten(0, 1)
        deep = "depthwise" in scope.rpartition("/")[2] or scope.endswith("/depthwise")
        if norm:
            found[f"{scope}/BatchNorm/{leaves[tensor]}"] = value.numpy()
        elif tensor == "weight":
            axes = (2, 3, 0, 1) if deep else (2, 3, 1, 0)
            leaf = "depthwise_weights" if deep else "weights"
            found[f"{scope}/{leaf}"] = value.permute(axes).numpy()
        else:
            found[f"{scope}/biases"] = value.numpy()
    return found | {"global_step": np.array(1000)}


def their_anchors(head, order):
    ours = _centre_form(head.anchors, head.size)
    rest = ours[head.finest :].unflatten(0, (-1, 6))[:, np.argsort(order).tolist()].flatten(0, 1)
    return torch.cat([ours[: head.finest], rest]).numpy()


@pytest.mark.slow
@pytest.mark.parametrize("year", ORDERS)
@pytest.mark.parametrize(
    ("version", "separable", "kernel_size"),
    [(1, False, None), (2, False, None), (2, True, None), (2, True, 3)],
    ids=["SSD", "SSD on V2", "SSDLite", "the zoo's SSD V2"],
)
def test_variables_give_the_same_detector(tmp_path, year, version, separable, kernel_size):
    form = {"version": version, "separable": separable, "kernel_size": kernel_size}
    source, order = small(**form), ORDERS[year]
    target = small(**form)
    for p in target.parameters():
        torch.nn.init.zeros_(p)
    path = tmp_path / "model.npz"
    np.savez(path, **variables(source, order), anchors=their_anchors(source, order))
    report = load_head(target, str(path), COCO, True)
    assert report.classifier_loaded
    assert f"in the order of {year}" in str(report)
    image = torch.randn(1, 3, 96, 96, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        for ours, theirs in zip(target(image), source(image), strict=True):
            torch.testing.assert_close(ours, theirs)
    # the same file is a trunk's, without the rest of the detector
    trunk = MobileNetV1(0.25) if version == 1 else MobileNetV2(0.35)
    load_weights(trunk, path)
    torch.testing.assert_close(trunk.conv0.bn.weight, source.trunk.conv0.bn.weight)


def test_the_order_must_be_known(tmp_path):
    source, path = small(), tmp_path / "model.npz"
    arrays = variables(source, ORDERS["2018"])
    np.savez(path, **arrays)
    with pytest.raises(InputError, match="in which order"):
        load_head(small(), str(path), COCO, True)
    np.savez(path, **arrays, anchor_order=np.array(ORDERS["2018"]))
    target = small()
    assert "as the file states" in str(load_head(target, str(path), COCO, True))
    weight = source.class_predictors[3].weight
    torch.testing.assert_close(target.class_predictors[3].weight, weight)


def test_other_anchors_are_refused(tmp_path):
    source, path = small(), tmp_path / "model.npz"
    anchors = their_anchors(source, ORDERS["2018"])
    np.savez(path, **variables(source, ORDERS["2018"]), anchors=anchors * 1.01)
    with pytest.raises(InputError, match=r"has other anchors than this network.*scales"):
        load_head(small(), str(path), COCO, True)
    np.savez(path, **variables(source, ORDERS["2018"]), anchors=anchors[:-6])
    with pytest.raises(InputError, match=r"anchors, but this network has .* set size"):
        load_head(small(), str(path), COCO, True)


def test_a_missing_and_an_unexpected_tensor_are_named(tmp_path):
    arrays, path = variables(small(), ORDERS["2018"]), tmp_path / "model.npz"
    arrays["BoxPredictor_6/ClassPredictor/biases"] = arrays.pop(
        "BoxPredictor_5/ClassPredictor/biases"
    )
    np.savez(path, **arrays, anchor_order=np.array(ORDERS["2018"]))
    with pytest.raises(
        InputError, match=r"missing from the file: class_predictors\.5\.bias.*class_predictors\.6"
    ):
        load_head(small(), str(path), COCO, True)


def test_other_classes_start_anew_and_the_rest_is_kept(tmp_path):
    source, path = small(), tmp_path / "model.npz"
    np.savez(path, **variables(source, ORDERS["2018"]), anchor_order=np.array(ORDERS["2018"]))
    labels = Labels(4, [1, 2, 3], [7, 8, 9], ["zeppelin", "dog", "person"])
    target = small(classes=4)
    before = target.class_predictors[1].weight.clone()
    report = load_head(target, str(path), labels, True)
    assert not report.classifier_loaded
    assert len(report.anew) == 12
    assert "start from random weights" in str(report)
    assert torch.equal(target.class_predictors[1].weight, before)
    torch.testing.assert_close(target.box_predictors[1].weight, source.box_predictors[1].weight)

    report = load_head(target, str(path), labels, True, keep_classes=True)
    assert "dog, person keep their outputs" in str(report)
    ours = target.class_predictors[1].weight.unflatten(0, (6, 4))
    theirs = source.class_predictors[1].weight.unflatten(0, (6, 91))
    torch.testing.assert_close(ours[:, [0, 2, 3]], theirs[:, [0, 18, 1]])  # background, dog, person
    assert torch.equal(ours[:, 1], before.unflatten(0, (6, 4))[:, 1])
    other = Labels(4, [1, 2, 3], [7, 8, 9], ["a", "b", "c"])
    with pytest.raises(InputError, match="none of the classes here"):
        load_head(target, str(path), other, True, keep_classes=True)


@pytest.fixture
def released(shared):
    pytest.importorskip("ai_edge_litert", reason="ai-edge-litert is not installed")
    return shared / "weights/coco_ssd_mobilenet_v1_1.0_quant_2018_06_29.tflite"


def test_the_file_of_2018(released):
    """Its own anchors, activations, box code and range are this suite's."""
    head = SSD(MobileNetV1(0.75), 91, 300)
    report = load_head(head, str(released), COCO, True)
    assert report.classifier_loaded
    assert len(report.matched) == 199
    assert "order of 2018, within 0.0032" in str(report)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"operators": ("SOFTMAX",)}, "softmax"),
        ({"input_range": (0.0, 1.0)}, "pixels from 0 to 1"),
        ({"activations": {"MobilenetV1/Conv2d_0": "RELU"}}, "followed by RELU"),
        (
            {"custom": {"TFLite_Detection_PostProcess": {
                "y_scale": 1.0, "x_scale": 1.0, "h_scale": 1.0, "w_scale": 1.0, "num_classes": 90,
            }}},
            "box code",
        ),
        (
            {"custom": {"TFLite_Detection_PostProcess": {
                "y_scale": 10.0, "x_scale": 10.0, "h_scale": 5.0, "w_scale": 5.0, "num_classes": 91,
            }}},
            "the background",
        ),
        ({"constants": {}}, "in which order"),
    ],
    ids=["scores", "range", "activation", "box code", "class offset", "no anchors"],
)  # fmt: skip
def test_what_a_file_says_of_itself_is_compared(released, change, message):
    file = read_file(released)
    file = dataclasses.replace(file, tflite=dataclasses.replace(file.tflite, **change))
    with pytest.raises(InputError, match=message):
        SSD(MobileNetV1(0.75), 91, 300).released(file, "x.tflite")


def test_another_width_is_named(released):
    with pytest.raises(InputError, match=r"of another shape: trunk\.conv0\.conv\.weight is \[24"):
        load_head(SSD(MobileNetV1(1.0), 91, 300), str(released), COCO, True)
