import inspect
from pathlib import Path

import pytest
from hydra.utils import get_class, instantiate
from omegaconf import OmegaConf

import conf
from backbone.conv import conv_bn_relu6
from backbone.forms import FORM, KERAS_OPTIONS
from backbone.mobilenet_v1 import MobileNetV1
from backbone.mobilenet_v2 import MobileNetV2
from backbone.trunk import Trunk

FOLDER = Path(conf.__file__).parent / "backbone"


def read(name):
    """A configuration's options, and the parameters of the constructor they go to."""
    config = OmegaConf.load(FOLDER / f"{name}.yaml")
    parameters = inspect.signature(get_class(config.pop("_target_"))).parameters
    assert config.pop("weights") is None
    return config, parameters


@pytest.mark.parametrize("name", ["mobilenet_v1", "mobilenet_v2"])
def test_every_option_of_a_mobilenet_is_in_its_configuration(name):
    config, parameters = read(name)
    # how random weights start is not a choice to make on the command line
    assert list(config) == [key for key in parameters if key != "initialisation"]


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.yaml")))
def test_every_default_of_a_configuration_is_the_constructors(name):
    config, parameters = read(name)
    assert config
    for key in config:
        if OmegaConf.is_missing(config, key):
            assert parameters[key].default is inspect.Parameter.empty, key
        elif key in FORM:  # open, until the weights say it; random ones have the constructor's
            assert config[key] is None, key
            assert KERAS_OPTIONS[key] == parameters[key].default, key
        elif parameters[key].default is inspect.Parameter.empty:
            assert key == "variant"  # which the file is named after
            assert name.endswith(f"_{config[key]}")
        else:
            assert config[key] == parameters[key].default, key


@pytest.mark.parametrize("network", [MobileNetV1, MobileNetV2])
def test_a_layer_alone_has_the_defaults_of_the_networks(network):
    """So that a head's own layers match the trunk's."""
    layer, trunk = (inspect.signature(made).parameters for made in (conv_bn_relu6, network))
    for key in ("padding", "bn_eps", "bn_momentum"):
        assert layer[key].default == trunk[key].default, key


@pytest.mark.parametrize(
    ("name", "choice"),
    [
        ("mobilenet_v1", {"alpha": 0.25}),
        ("mobilenet_v2", {"alpha": 0.35}),
        ("mobilenet_v3_small", {"alpha": 0.5}),
        ("mobilenet_v4_conv_small", {"alpha": 0.35}),
        ("timm", {"name": "test_convnext"}),
        ("timm", {"name": "test_convnext", "drop_path_rate": 0.1}),
    ],
)
def test_configurations_build_trunks(name, choice):
    options = OmegaConf.to_container(OmegaConf.load(FOLDER / f"{name}.yaml")) | choice
    assert options.pop("weights") is None
    options |= {key: KERAS_OPTIONS[key] for key in options.keys() & set(FORM)}
    trunk = instantiate(options)
    assert isinstance(trunk, Trunk)
    assert trunk.options.items() >= choice.items()
