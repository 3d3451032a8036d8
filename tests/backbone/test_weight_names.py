import pytest
import timm
import torch
import torchvision
from safetensors.torch import save_file
from torch import nn

from backbone import weights
from backbone.errors import InputError
from backbone.mobilenet_v1 import MobileNetV1
from backbone.mobilenet_v2 import MobileNetV2

PYTORCH = {"padding": "symmetric", "bn_eps": 1e-5}
IMAGENET = {**PYTORCH, "normalization": "imagenet"}


def timm_model(name):
    model = timm.create_model(name, pretrained=False)
    return model, model.forward_features


def torchvision_model(name):
    model = getattr(torchvision.models, name)(weights=None)
    return model, model.features


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "name", "trunk", "count", "size"),
    [
        (timm_model, "mobilenetv1_100", lambda: MobileNetV1(**PYTORCH), 137, (224, 193)),
        (timm_model, "mobilenetv1_125", lambda: MobileNetV1(1.25, **PYTORCH), 137, (64, 64)),
        (timm_model, "mobilenetv2_100", lambda: MobileNetV2(**IMAGENET), 262, (224, 193)),
        (timm_model, "mobilenetv2_050", lambda: MobileNetV2(0.5, **IMAGENET), 262, (193, 64)),
        (timm_model, "mobilenetv2_140", lambda: MobileNetV2(1.4, **IMAGENET), 262, (64, 64)),
        (torchvision_model, "mobilenet_v2", lambda: MobileNetV2(**IMAGENET), 262, (224, 193)),
    ],
    ids=["v1 1.0", "v1 1.25", "v2 1.0", "v2 0.5", "v2 1.4", "v2 torchvision"],
)
def test_they_compute_what_their_own_network_computes(tmp_path, make, name, trunk, count, size):
    torch.manual_seed(0)
    model, features = make(name)
    with torch.no_grad():
        model.train()(torch.randn(4, 3, 64, 64))  # running statistics that are not the initial ones
    model.eval()
    if make is timm_model:
        path = tmp_path / "weights.safetensors"
        save_file(model.state_dict(), path)
    else:
        path = tmp_path / "weights.pth"
        torch.save(model.state_dict(), path)

    trunk = trunk().eval()
    fc = nn.Linear(trunk.feature_info[trunk.taps[-1]].channels, 1000)
    report = weights.load_weights(trunk, path, fc)
    assert report.names == make.__name__.partition("_")[0]
    assert (len(report.matched), report.dropped, report.differs) == (count, (), {})
    x = torch.randn(1, 3, *size)
    with torch.no_grad():
        torch.testing.assert_close(trunk(x), features(x), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(fc(trunk(x).mean((2, 3))), model(x), rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_options_that_no_tensor_shows_are_reported(tmp_path):
    save_file(timm.create_model("mobilenetv1_100").state_dict(), tmp_path / "a.safetensors")
    report = weights.load_weights(MobileNetV1(normalization="imagenet"), tmp_path / "a.safetensors")
    assert report.differs == {
        "padding": ("symmetric", "same"),
        "bn_eps": (1e-5, 1e-3),
        "normalization": ("half", "imagenet"),
    }
    assert "trained with padding=symmetric, this trunk has padding=same" in str(report)


@pytest.mark.slow
def test_weights_of_another_network_say_whose_they_are(tmp_path):
    save_file(timm.create_model("mobilenetv2_050").state_dict(), tmp_path / "a.safetensors")
    with pytest.raises(InputError) as error:
        weights.load_weights(MobileNetV1(), tmp_path / "a.safetensors")
    assert "(timm names) is for a MobileNetV2, but this trunk is a MobileNetV1" in str(error.value)
    with pytest.raises(InputError, match=r"it fits a MobileNetV2 with alpha=0\.5"):
        weights.load_weights(MobileNetV2(), tmp_path / "a.safetensors")
