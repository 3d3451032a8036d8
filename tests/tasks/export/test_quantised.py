"""Tasks in integers: where they come from, what they answer, and what is written of them."""

from pathlib import Path

import numpy as np
import pytest
import torch

from backbone.integers import LITERT, XNNPACK
from tasks.export import quantised
from tasks.export.formats import FORMATS
from tasks.export.gate import in_batches
from tasks.export.quantised import fewest, in_integers, quantise, weight_bits
from tests.tasks.export.conftest import noise


@pytest.fixture(scope="module")
def classifier(model):
    return model("image_folder")


@pytest.fixture(scope="module")
def pixels(classifier):
    return noise(classifier, 24)


def probabilities(task, pixels):
    with torch.inference_mode():
        return task.deploy(torch.from_numpy(pixels).permute(0, 3, 1, 2))["probabilities"]


def test_without_a_score_every_layer_computes_in_integers(classifier, pixels):
    done = quantise(classifier, pixels, bits=8)
    assert (done.in_float, done.score, done.photographs) == ((), None, 24)
    assert len(done.layers) == 28
    exact, rounded = (probabilities(task, pixels) for task in (classifier.task, done.task))
    assert 0 < (exact - rounded).abs().max() < 0.1


def test_the_model_stays_as_it_is(classifier, pixels):
    before = probabilities(classifier.task, pixels)
    quantise(classifier, pixels, bits=8)
    assert torch.equal(probabilities(classifier.task, pixels), before)


def test_the_worst_layers_go_back_to_float_until_the_score_is_enough(classifier, pixels):
    """The score here is the number of layers in float, and three are wanted."""

    def score(task):
        layers = quantised.quantized_layers(task.head).values()
        return float(sum(layer.exact for layer in layers))

    done = quantise(classifier, pixels, 8, score, lambda value: value >= 3)
    assert done.score == 3
    assert len(done.in_float) == 3
    assert set(done.errors) == set(done.layers)
    worst = sorted(done.errors, key=done.errors.__getitem__)[-3:]
    assert set(done.in_float) == set(worst)
    exact = [p for p, layer in quantised.quantized_layers(done.task.head).items() if layer.exact]
    assert set(exact) == set(done.in_float)


@pytest.mark.parametrize("needed", [1, 2, 3, 5, 12, 13])
def test_the_fewest_are_found(needed):
    tried = []

    def score(count):
        tried.append(count)
        return count

    assert fewest(score, lambda value: value >= needed, 13) == (needed, needed)
    assert len(tried) <= 8


def test_where_none_is_enough_all_are_taken():
    assert fewest(lambda count: -count, lambda value: value > 0, 13) == (13, -13)


@pytest.mark.parametrize(
    ("capabilities", "bits"),
    [
        ({"architecture": "x86_64", "avx2": True}, 7),  # Haswell
        ({"architecture": "x86_64", "sse4_1": True, "avx2": False}, 7),  # Nehalem
        ({"architecture": "x86_64", "avx512_f": True, "avx512_vnni": False}, 7),  # Skylake
        ({"architecture": "x86_64", "avx512_f": True, "avx512_vnni": True}, 8),  # Ice Lake
        ({"architecture": "x86_64", "avx2": True, "avx_vnni": True}, 8),  # Alder Lake
        ({"architecture": "arm64", "neon": True}, 8),
    ],
)
def test_seven_bits_are_for_x86_without_vnni(monkeypatch, capabilities, bits):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert weight_bits(None) == bits
    assert (weight_bits(True), weight_bits(False)) == (7, 8)


def test_torch_tells_vnni_apart():
    """The names that this relies on; Linux lists the same ones."""
    able = torch.cpu.get_capabilities()
    if able["architecture"] != "x86_64" or not (cpuinfo := Path("/proc/cpuinfo")).is_file():
        pytest.skip("Linux on x86 lists its CPU's abilities")
    flags = next(line for line in cpuinfo.read_text().splitlines() if line.startswith("flags"))
    assert able["avx512_vnni"] == ("avx512_vnni" in flags.split())
    assert "avx_vnni" in able  # which older kernels do not list


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "package", "notation"),
    [("executorch", "executorch", XNNPACK), ("litert", "litert_torch", LITERT)],
)
def test_signed_integers_are_computed_alike(name, package, notation, classifier, pixels, tmp_path):
    pytest.importorskip(package, reason=f"needs the extra `{name}`")
    done = quantised.with_answers_in_float(quantise(classifier, pixels, bits=8))
    assert done.in_float == ["fc"]
    form = FORMATS[name]
    path = tmp_path / form.file
    form.write(in_integers(classifier, done, notation), path, 1, {})
    expected = probabilities(done.task, pixels).numpy()
    run = form.open(path, ["probabilities"], threads=1).run
    found = in_batches(run, pixels, 1)["probabilities"]
    lost = np.abs(expected - probabilities(classifier.task, pixels).numpy()).mean()
    assert np.abs(found - expected).mean() < 0.5 * lost
    if name == "litert":  # whose converter leaves float layers between the roundings, unless asked
        details = pytest.importorskip("ai_edge_litert.interpreter").Interpreter(str(path))
        kinds = [tensor["dtype"] for tensor in details.get_tensor_details()]
        assert kinds.count(np.int8) > kinds.count(np.float32)
