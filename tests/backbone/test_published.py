import huggingface_hub.constants
import pytest
import timm
import torch
from safetensors.torch import save_file
from timm.data import ImageNetInfo
from torch import nn

from backbone import published, weights
from backbone.errors import InputError
from backbone.matching import without_counters
from backbone.mobilenet_v1 import MobileNetV1
from backbone.mobilenet_v2 import MobileNetV2
from backbone.timm_trunk import TimmTrunk
from backbone.weight_files import WeightsFile
from backbone.weight_names import NATIVE

WNIDS = ImageNetInfo("imagenet-1k").label_names()
V2_FILE = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_"
V2_OPTIONS = {"padding": "symmetric", "bn_eps": 1e-5, "normalization": "imagenet"}


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Hugging Face's cache, where timm finds what it would fetch; there is no network."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)

    def publish(name):
        torch.manual_seed(0)
        model = timm.create_model(name).eval()
        repository = timm.get_pretrained_cfg(name).hf_hub_id.replace("/", "--")
        folder = tmp_path / "hub" / f"models--{repository}"
        (folder / "refs").mkdir(parents=True)
        (folder / "refs/main").write_text("0" * 40)
        (folder / "snapshots" / ("0" * 40)).mkdir(parents=True)
        save_file(model.state_dict(), folder / "snapshots" / ("0" * 40) / "model.safetensors")
        return model

    return publish


@pytest.mark.parametrize(
    ("make", "alphas"),
    [(MobileNetV1, (0.25, 0.5, 0.75, 1.0)), (MobileNetV2, (0.35, 0.5, 0.75, 1.0, 1.3, 1.4))],
)
def test_the_widths_that_keras_publishes(make, alphas, monkeypatch, tmp_path):
    fetched = []

    def fetch(url, path, begins):
        fetched.append((url, path))
        raise InputError("not now")

    monkeypatch.setattr(published, "fetch", fetch)
    with torch.device("meta"):
        for alpha in alphas:
            with pytest.raises(InputError, match="not now"):
                weights.load_weights(make(alpha), "keras", size=(224, 224), cache=tmp_path)
        with pytest.raises(InputError, match=f"{', '.join(map(str, alphas))}, not 0.3"):
            weights.load_weights(make(0.3), "keras", cache=tmp_path)
    assert [path.parent for _, path in fetched] == [tmp_path] * len(alphas)
    address = "https://storage.googleapis.com/tensorflow/keras-applications"
    first = {
        MobileNetV1: f"{address}/mobilenet/mobilenet_2_5_224_tf.h5",
        MobileNetV2: f"{address}/mobilenet_v2/{V2_FILE}0.35_224.h5",
    }
    assert fetched[0][0] == first[make]


@pytest.mark.parametrize(
    ("make", "alpha", "size", "name"),
    [
        (MobileNetV1, 0.25, (224, 224), "mobilenet_2_5_224_tf.h5"),
        (MobileNetV1, 0.25, (128, 224), "mobilenet_2_5_160_tf.h5"),
        (MobileNetV1, 0.25, (300, 300), "mobilenet_2_5_224_tf.h5"),
        (MobileNetV1, 0.25, (32, 32), "mobilenet_2_5_128_tf.h5"),
        (MobileNetV1, 0.25, None, "mobilenet_2_5_224_tf.h5"),
        (MobileNetV2, 0.5, (96, 96), f"{V2_FILE}0.5_96.h5"),
        (MobileNetV2, 1.4, (96, 96), f"{V2_FILE}1.4_224.h5"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_the_published_resolution_nearest_to_the_images(
    monkeypatch, tmp_path, make, alpha, size, name
):
    asked = []
    monkeypatch.setattr(published, "fetch", lambda url, path, begins: asked.append(path))
    monkeypatch.setattr(published, "read_file", lambda path: WeightsFile({}, NATIVE, None, {}))
    published.read_keras(make(alpha), size, tmp_path)
    assert asked == [tmp_path / name]


def test_the_score_that_keras_states_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(published, "fetch", lambda url, path, begins: path)
    monkeypatch.setattr(published, "read_file", lambda path: WeightsFile({}, NATIVE, None, {}))
    origin, _ = published.read_keras(MobileNetV1(0.25), (224, 224), tmp_path)
    assert origin.endswith("Keras states top-1 50.6 on ImageNet")
    origin, _ = published.read_keras(MobileNetV1(0.25), (128, 128), tmp_path)
    assert "states" not in origin


def test_scores_belong_to_published_files():
    for network, by_alpha in published.KERAS_TOP1.items():
        files = published.KERAS_FILES[network].alphas
        assert by_alpha.keys() == files.keys()
        for alpha, by_size in by_alpha.items():
            assert by_size.keys() <= set(files[alpha][1])


def test_timm_states_a_score_for_each_of_its_files():
    names = {name for _, models in published.TIMM_MODELS.values() for name in models.values()}
    files = {f"{c.architecture}.{c.tag}" for c in map(timm.get_pretrained_cfg, names)}
    assert files == published.TIMM_TOP1.keys()


@pytest.mark.slow
def test_options_other_than_the_publisher_s_are_refused_with_the_right_ones(tmp_path):
    trunk = MobileNetV2(padding="symmetric", normalization="imagenet")
    with pytest.raises(InputError) as error:
        weights.load_weights(trunk, "keras", cache=tmp_path)
    assert str(error.value).endswith("add backbone.padding=same backbone.normalization=half")
    with pytest.raises(InputError) as error:
        weights.load_weights(MobileNetV2(), "timm")
    assert str(error.value).endswith(
        "add backbone.padding=symmetric backbone.bn_eps=1e-05 backbone.normalization=imagenet"
    )
    with pytest.raises(
        InputError, match=r"add backbone\.padding=symmetric backbone\.bn_eps=1e-05$"
    ):
        weights.load_weights(MobileNetV1(), "timm")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "trunk"),
    [
        ("mobilenetv1_100", lambda: MobileNetV1(padding="symmetric", bn_eps=1e-5)),
        ("mobilenetv2_050", lambda: MobileNetV2(0.5, **V2_OPTIONS)),
        ("resnet18", lambda: TimmTrunk("resnet18")),
    ],
)
def test_timm_s_weights_come_through_its_hub(hub, name, trunk):
    model, trunk = hub(name), trunk().eval()
    fc = nn.Linear(trunk.feature_info[trunk.taps[-1]].channels, 1000)
    report = weights.load_weights(trunk, "timm", fc, classes=WNIDS)
    origin, _, stated = report.origin.partition("; ")
    published_as = timm.get_pretrained_cfg(name)
    assert origin == f"timm's {published_as.architecture}.{published_as.tag}"
    scores = {"mobilenetv1_100": "75.382", "mobilenetv2_050": "65.95"}
    assert stated == (
        f"timm states top-1 {scores[name]} on ImageNet at 224x224" if name in scores else ""
    )
    assert (report.names, report.dropped, report.differs) == ("timm", (), {})
    assert "classifier of 1,000 classes loaded" in str(report)
    x = torch.randn(1, 3, 97, 64)
    with torch.no_grad():
        torch.testing.assert_close(fc(trunk(x).mean((2, 3))), model(x), rtol=1e-5, atol=1e-5)

    # a thousand classes of one's own
    report = weights.load_weights(trunk, "timm", fc, classes=["ants", *WNIDS[1:]])
    assert not report.classifier_loaded
    assert "class 0 is n01440764 there, ants here" in str(report)


def test_without_a_network_timm_s_file_is_named(hub):
    with pytest.raises(InputError) as error:
        weights.load_weights(TimmTrunk("resnet18"), "timm")
    assert "timm's weights of resnet18 cannot be fetched" in str(error.value)
    assert "https://huggingface.co/timm/resnet18." in str(error.value)


@pytest.mark.slow
def test_what_nobody_publishes():
    with pytest.raises(InputError, match=r"alpha 0\.5, 1\.0, 1\.4, not 0\.75: set backbone\.alpha"):
        weights.load_weights(MobileNetV2(0.75), "timm")
    with pytest.raises(
        InputError, match=r"timm has no weights of mobilenetv2_035.*mobilenetv2_050"
    ):
        weights.load_weights(TimmTrunk("mobilenetv2_035"), "timm")
    with pytest.raises(InputError, match=r"not of TimmTrunk: set backbone\.weights=timm"):
        weights.load_weights(TimmTrunk("mobilenetv2_035"), "keras")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("resnet18", "classifier of 1,000 classes loaded (the source does not say which)"),
        ("mobilenetv3_small_100", "dropped classifier (not one linear layer on the mean"),
        ("vit_tiny_patch16_224", "dropped classifier (not one linear layer on the mean"),
    ],
    ids=["resnet", "mobilenet v3", "vision transformer"],
)
def test_a_file_of_timm_s_complete_network_fills_a_timm_trunk(tmp_path, name, verdict):
    torch.manual_seed(0)
    model = timm.create_model(name).eval()
    torch.save({"state_dict": model.state_dict()}, tmp_path / "weights.pth")
    trunk = TimmTrunk(name).eval()
    fc = nn.Linear(trunk.feature_info[trunk.taps[-1]].channels, 1000)
    report = weights.load_weights(trunk, tmp_path / "weights.pth", fc, classes=WNIDS)
    assert verdict in str(report)
    assert report.classifier_loaded == (name == "resnet18")
    x = torch.randn(1, 3, *trunk.input_size)
    with torch.no_grad():
        features = model.forward_features(x)
        if features.ndim == 3:  # the class token, and tokens in rows of patches
            features = features[:, 1:].transpose(1, 2).reshape(1, -1, 14, 14)
        torch.testing.assert_close(trunk(x), features, rtol=1e-5, atol=1e-5)
        if report.classifier_loaded:
            torch.testing.assert_close(fc(trunk(x).mean((2, 3))), model(x), rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_a_timm_trunk_of_another_network_is_refused(tmp_path):
    torch.save(timm.create_model("resnet34").state_dict(), tmp_path / "weights.pth")
    with pytest.raises(InputError, match=r"\(timm names\) does not fit TimmTrunk.*unexpected"):
        weights.load_weights(TimmTrunk("resnet18"), tmp_path / "weights.pth")

    weights.save_weights(TimmTrunk("resnet34"), tmp_path / "weights.safetensors")
    with pytest.raises(InputError, match="it was made with name=resnet34"):
        weights.load_weights(TimmTrunk("resnet18"), tmp_path / "weights.safetensors")


def test_our_own_file_of_a_timm_trunk(tmp_path):
    source, fc = TimmTrunk("resnet18"), nn.Linear(512, 3)
    weights.save_weights(source, tmp_path / "a.safetensors", fc)
    target, target_fc = TimmTrunk("resnet18"), nn.Linear(512, 3)
    report = weights.load_weights(target, tmp_path / "a.safetensors", target_fc)
    assert (report.names, report.classifier_loaded) == ("native", True)
    for key, value in without_counters(source.state_dict()).items():
        assert torch.equal(target.state_dict()[key], value), key
