"""What version 0.1.0 wrote, in the form of today."""

from pathlib import Path

import pytest
import yaml
from omegaconf import OmegaConf

from backbone.errors import InputError
from tasks.runs.legacy import upgrade, upgrade_config
from tasks.runs.names import NAME
from tasks.tables.counting import compose_row, network_of
from tasks.tables.differences import differences

FOLDER = Path(__file__).parents[2] / "data/0.1.0"
SSD = ("task=ssd_coco", "backbone.alpha=1.0", "size=300")
SSD += ("data.year=2014", "data.minival_ids=minival_ids.txt")
FACES = ("task=face_attributes", "size=128", "distill=cached", "distill.outputs=outputs.npz")


def old(name: str) -> dict:
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text())


@pytest.mark.parametrize(("name", "options"), [("ssd_coco", SSD), ("face_attributes", FACES)])
def test_a_configuration_is_that_of_the_same_options_today(name, options):
    upgraded = OmegaConf.create(upgrade_config(old(name)))
    today = compose_row(*options)
    assert network_of(today) == network_of(upgraded)
    assert differences(today, upgraded) == []


def test_options_of_preprocessing_and_view_are_taken_along():
    config = old("face_attributes")
    config["task"]["module"] |= {"flip": 0.25, "crop_fraction": 0.9}
    upgraded = upgrade_config(config)
    assert upgraded["preprocess"]["flip"] == 0.25
    assert upgraded["data"]["view"]["crop_fraction"] == 0.9
    assert upgraded["data"]["module"]["view"] == upgraded["data"]["view"]
    assert not {"flip", "crop_fraction", "augment"} & upgraded["task"]["module"].keys()


def test_a_configuration_of_today_stays_as_it_is():
    config = OmegaConf.to_container(compose_row("task=ssd_coco"), resolve=True)
    assert upgrade_config(config) == config


def test_a_checkpoint_gets_names_and_details():
    content = {"config": old("ssd_coco"), "labels": {"ids": [1], "partition": {"level": [3]}}}
    upgraded = upgrade(content, Path("best.ckpt"))
    assert upgraded["labels"] == {"ids": [1], "details": {"partition": {"level": [3]}}}
    assert upgraded["config"]["backbone"][NAME] == "mobilenet_v1"
    assert upgraded["config"]["task"]["head"][NAME] == "ssd"
    assert "_target_" not in str(upgraded["config"])


def test_a_checkpoint_that_names_other_code_is_refused():
    config = old("ssd_coco")
    config["optimizer"]["schedule"]["_target_"] = "os.system"
    with pytest.raises(InputError, match=r"optimizer\.schedule names 'os\.system'"):
        upgrade({"config": config, "labels": {}}, Path("best.ckpt"))
