import re
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from torch import nn

from backbone import weights
from backbone.errors import InputError
from backbone.matching import without_counters
from backbone.mobilenet_v1 import MobileNetV1
from backbone.mobilenet_v2 import MobileNetV2
from backbone.published import imagenet_classes
from backbone.weight_files import read_file

FLOAT_WEIGHTS = (
    Path(__file__).resolve().parents[2]
    / "../shared/data/weights/mobilenet_v1_0.75_224_keras_float.safetensors"
)


def keras_layer_v1(module):
    """Keras's name of a layer of MobileNetV1: conv1_bn, conv_pw_13, conv_preds."""
    row = re.match(r"conv(\d+)", module)
    if row is None:
        return "conv_preds"
    kind = {"depthwise": f"conv_dw_{row[1]}", "pointwise": f"conv_pw_{row[1]}"}
    return kind.get(module.split(".")[1], "conv1") + ("_bn" if module.endswith(".bn") else "")


def keras_layer_v2(module):
    """Keras's name of a layer of MobileNetV2: bn_Conv1, block_16_project_BN, predictions."""
    place, _, rest = module.partition(".")
    norm = module.endswith(".bn")
    if not place.startswith("block"):
        names = {"conv0": ("Conv1", "bn_Conv1"), "conv18": ("Conv_1", "Conv_1_bn")}
        return names.get(place, ("predictions",) * 2)[norm]
    number, _, role = place.removeprefix("block").partition("_")
    block = "expanded_conv" if number == "1" else f"block_{int(number) - 1}"
    return f"{block}_{role or rest.split('.')[0]}" + ("_BN" if norm else "")


def keras_array(module, tensor, value):
    """Keras's name of a tensor and its array: HWIO, HWC1 and [inputs, outputs]."""
    if module.endswith("bn"):
        names = {"weight": "gamma", "bias": "beta"}
        names |= {"running_mean": "moving_mean", "running_var": "moving_variance"}
        return names[tensor], value.numpy()
    if tensor == "bias":
        return "bias", value.numpy()
    if module == "fc":
        return "kernel", value.numpy().T
    if "depthwise" in module:
        return "depthwise_kernel", value.numpy().transpose(2, 3, 0, 1)
    return "kernel", value.numpy().transpose(2, 3, 1, 0)


def write_keras(path, trunk, fc, name, group="{layer}/{layer}", inside="", head_1x1=False):
    """A file as Keras writes it: one group per layer, and the layers' order in an attribute."""
    state = {**trunk.state_dict(), **{f"fc.{k}": v for k, v in fc.state_dict().items()}}
    order = []
    with h5py.File(path, "w") as file:
        root = file.create_group("model_weights") if inside else file
        for key, value in state.items():
            module, _, tensor = key.rpartition(".")
            if tensor == "num_batches_tracked":
                continue
            layer = name(module)
            order.append(layer)
            kind, array = keras_array(module, tensor, value)
            if head_1x1 and (module, kind) == ("fc", "kernel"):
                array = array[None, None]
            root[f"{inside}{group.format(layer=layer)}/{kind}:0"] = np.ascontiguousarray(array)
        layers = ["input_1", *dict.fromkeys(order), "act_softmax"]
        root.attrs["layer_names"] = [layer.encode() for layer in layers]
    return path


def randomised(trunk, classes=10):
    trunk.eval()
    with torch.no_grad():
        for value in without_counters(trunk.state_dict()).values():
            value.uniform_(0.1, 0.4)
    return trunk, nn.Linear(trunk.feature_info[trunk.taps[-1]].channels, classes)


def assert_loads(path, source, fc):
    target, target_fc = type(source)(**source.options), nn.Linear(fc.in_features, 10)
    report = weights.load_weights(target, path, target_fc)
    assert (report.names, report.classifier_loaded, report.differs) == ("keras", True, {})
    for key, value in without_counters(source.state_dict()).items():
        assert torch.equal(target.state_dict()[key], value), key
    assert torch.equal(target_fc.weight, fc.weight)
    assert torch.equal(target_fc.bias, fc.bias)


V1 = (lambda: MobileNetV1(alpha=0.25), keras_layer_v1)
V2 = (lambda: MobileNetV2(alpha=0.35), keras_layer_v2)


@pytest.mark.parametrize(("make", "name"), [V1, V2], ids=["V1", "V2"])
@pytest.mark.parametrize(
    "layout",
    [
        {},
        {"group": "{layer}"},
        {"group": "{layer}/{layer}_1"},
        {"inside": "mobilenet/", "group": "{layer}"},
    ],
    ids=["save_weights", "flat", "numbered", "a model inside a model"],
)
def test_every_layout_of_a_keras_file_is_loaded(tmp_path, make, name, layout):
    source, fc = randomised(make())
    path = write_keras(
        tmp_path / "a.h5", source, fc, name, **layout, head_1x1=name is keras_layer_v1
    )
    assert_loads(path, source, fc)


def test_layers_under_other_names_are_taken_in_their_order(tmp_path):
    """The names of MobileNetV2's first release: mobl3_conv_3_expand, bn3_conv_3_bn_expand."""

    def first_name(module):
        layer = keras_layer_v2(module)
        block = re.match(r"(?:block_(\d+)|expanded_conv)_(\w+?)(_BN)?$", layer)
        if block is None:
            return layer.replace("predictions", "Logits")
        number = block[1] or "0"
        return f"{'bn' if block[3] else 'mobl'}{number}_conv_{number}_{block[2]}"

    assert first_name("block4.expand.bn") == "bn3_conv_3_expand"
    source, fc = randomised(MobileNetV2(alpha=0.35))
    assert_loads(write_keras(tmp_path / "a.h5", source, fc, first_name), source, fc)


@pytest.mark.slow
def test_a_file_of_another_alpha_names_it(tmp_path):
    source, fc = randomised(MobileNetV2(alpha=0.5))
    path = write_keras(tmp_path / "a.h5", source, fc, keras_layer_v2)
    with pytest.raises(InputError, match=r"a\.h5 \(keras names\).*MobileNetV2 with alpha=0\.5"):
        weights.load_weights(MobileNetV2(alpha=0.35), path)
    with pytest.raises(InputError, match="is for a MobileNetV2, but this trunk is a MobileNetV1"):
        weights.load_weights(MobileNetV1(), path)


def test_padding_that_keras_does_not_have_is_reported(tmp_path):
    source, fc = randomised(MobileNetV1(alpha=0.25, padding="symmetric"))
    path = write_keras(tmp_path / "a.h5", source, fc, keras_layer_v1)
    assert weights.load_weights(source, path).differs == {"padding": ("same", "symmetric")}


def test_a_damaged_file(tmp_path):
    path = write_keras(tmp_path / "a.h5", *randomised(MobileNetV1(alpha=0.25)), keras_layer_v1)
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(InputError, match=r"a\.h5 is not a complete HDF5 file.*100000 bytes.*HDF"):
        weights.load_weights(MobileNetV1(alpha=0.25), path)


def test_a_file_that_does_not_name_its_layers(tmp_path):
    with h5py.File(tmp_path / "a.weights.h5", "w") as file:
        file["layers/conv2d/vars/0"] = np.zeros((3, 3, 3, 8), dtype=np.float32)
    with pytest.raises(InputError, match="does not name its layers"):
        weights.load_weights(MobileNetV1(alpha=0.25), tmp_path / "a.weights.h5")


def test_the_word_keras_reads_the_file_in_the_cache(tmp_path):
    source, fc = randomised(MobileNetV1(alpha=0.25), classes=1000)
    path = tmp_path / "mobilenet_2_5_160_tf.h5"
    write_keras(path, source, fc, keras_layer_v1, head_1x1=True)
    wnids = imagenet_classes()
    assert (len(wnids), wnids[0], wnids[-1]) == (1000, "n01440764", "n15075141")

    def load(classes):
        target, target_fc = MobileNetV1(alpha=0.25), nn.Linear(256, len(classes))
        report = weights.load_weights(
            target, "keras", target_fc, classes=classes, size=(150, 170), cache=tmp_path
        )
        assert torch.equal(target.conv13.pointwise.bn.bias, source.conv13.pointwise.bn.bias)
        assert torch.equal(target_fc.weight, fc.weight) == report.classifier_loaded
        return str(report)

    assert load(wnids) == (
        f"trunk weights: {path}, Keras's for 160x160, the nearest to 150x170 (keras names): 137 "
        "tensors matched, classifier of 1,000 classes loaded"
    )
    assert "class 0 is n01440764 there, n15075141 here" in load(wnids[::-1])
    assert "dropped classifier of 1,000 classes (120 here)" in load(wnids[:120])


@pytest.mark.slow
@pytest.mark.skipif(not FLOAT_WEIGHTS.is_file(), reason="no Keras weights at hand")
def test_the_real_weights_as_h5(tmp_path):
    real, real_fc = MobileNetV1(alpha=0.75).eval(), nn.Linear(768, 1000)
    weights.load_weights(real, FLOAT_WEIGHTS, real_fc)
    path = write_keras(tmp_path / "a.h5", real, real_fc, keras_layer_v1, head_1x1=True)
    target, fc = MobileNetV1(alpha=0.75).eval(), nn.Linear(768, 1000)
    assert len(weights.load_weights(target, path, fc).matched) == 137
    assert len(read_file(path).state) == 137
    for size in ((224, 224), (193, 97)):
        x = torch.rand(1, 3, *size)
        with torch.no_grad():
            assert torch.equal(fc(target(x).mean((2, 3))), real_fc(real(x).mean((2, 3))))
