"""The benchmark of detectors refuses what it cannot time."""

import pytest
from omegaconf import OmegaConf

from backbone.errors import InputError
from tasks.benchmarks.ssd import benchmark_ssd
from tasks.cli.configuration import compose_config


def test_one_image_per_step_is_refused_where_batch_norm_cannot_learn_from_it():
    composed = compose_config(["task=ssd_coco", "size=64", "backbone.alpha=0.25"])
    config = OmegaConf.create(OmegaConf.to_container(composed, resolve=True))
    with pytest.raises(InputError, match=r"task\.bench\.batch_size: with one image per step"):
        benchmark_ssd(config, batch_size=1)
