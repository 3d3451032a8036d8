import inspect
from pathlib import Path

import pytest
from hydra.utils import get_class, instantiate
from omegaconf import OmegaConf

import conf
from backbone.trunk import Trunk

FOLDER = Path(conf.__file__).parent / "backbone"


@pytest.mark.parametrize("name", ["mobilenet_v1", "mobilenet_v2"])
def test_every_option_of_a_mobilenet_is_in_its_configuration(name):
    config = OmegaConf.load(FOLDER / f"{name}.yaml")
    parameters = inspect.signature(get_class(config.pop("_target_"))).parameters
    # the start of random weights is no choice to make on the command line
    assert [k for k in config if k != "weights"] == [k for k in parameters if k != "initialisation"]
    for key, value in config.items():
        # PyTorch's usual momentum here; TensorFlow's in the class, as its training used it
        if key not in ("weights", "bn_momentum"):
            assert value == parameters[key].default, key


@pytest.mark.parametrize(
    ("name", "choice"),
    [
        ("mobilenet_v1", {"alpha": 0.25}),
        ("mobilenet_v2", {"alpha": 0.35}),
        ("timm", {"name": "test_convnext"}),
        ("timm", {"name": "test_convnext", "drop_path_rate": 0.1}),
    ],
)
def test_configurations_build_trunks(name, choice):
    options = OmegaConf.to_container(OmegaConf.load(FOLDER / f"{name}.yaml")) | choice
    assert options.pop("weights") is None
    trunk = instantiate(options)
    assert isinstance(trunk, Trunk)
    assert trunk.options.items() >= choice.items()
