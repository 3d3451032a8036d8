"""The benchmark runs and times what it claims to; its figures are not tested."""

import hydra
import pytest
from omegaconf import OmegaConf

from backbone.errors import InputError
from tasks.benchmarks.classifier import benchmark_classifier


def configuration(tmp_path, *options):
    with hydra.initialize_config_module("conf", version_base="1.3"):
        config = hydra.compose(
            "config", ["task=imagenet", "size=32", f"paths.runs={tmp_path}", *options]
        )
    return OmegaConf.create(OmegaConf.to_container(config, resolve=True))


@pytest.mark.slow
def test_every_contender_is_timed(tmp_path):
    result = benchmark_classifier(configuration(tmp_path), batch_size=2, rounds=1)
    kinds = result["images_per_second"]
    assert {kind: len(rows) for kind, rows in kinds.items()} == {
        "training": 3,
        "inference": 3,
        "training loop": 2,
    }
    assert all(figure > 0 for rows in kinds.values() for row in rows.values() for figure in row)
    assert "1.00x" in result["table"]
    assert not list(tmp_path.iterdir()), "the runs of the benchmark leave nothing behind"


def test_a_width_that_timm_does_not_have_is_refused(tmp_path):
    config = configuration(tmp_path, "backbone.alpha=0.6")
    with pytest.raises(InputError, match=r"alpha=0.6.*MobileNetV1 alpha=1.0"):
        benchmark_classifier(config, batch_size=2, rounds=1)
