"""The benchmark runs and times what it claims to; its figures are not tested."""

import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

from backbone.errors import InputError
from tasks.benchmarks.classifier import benchmark_classifier
from tasks.cli.configuration import compose_config
from tasks.training import compiling


def configuration(tmp_path, *options):
    config = compose_config(
        ["task=imagenet", "size=32", f"paths.runs={tmp_path / 'runs'}", *options]
    )
    return OmegaConf.create(OmegaConf.to_container(config, resolve=True))


@pytest.mark.slow
def test_every_contender_is_timed(tmp_path, folder, monkeypatch):
    monkeypatch.setattr(compiling, "BACKEND", "eager")
    config = configuration(
        tmp_path,
        "data=image_folder",
        f"data.root={folder}",
        *("data.workers=0", "data.batch_size=2", "compile=true"),
    )
    monkeypatch.setattr("torch.nn.Module.compile", lambda self, **options: None)
    result = benchmark_classifier(config, batch_size=2, rounds=1)
    kinds = result["images_per_second"]
    assert {kind: len(rows) for kind, rows in kinds.items()} == {
        "training": 3,
        "inference": 3,
        "training loop": 2,
        "training, compiled": 2,
        "inference, compiled": 2,
        "from files": 3,
    }
    assert all(figure > 0 for rows in kinds.values() for row in rows.values() for figure in row)
    assert "1.00x" in result["table"]
    assert "Neither applies to a CPU" in result["table"]
    assert set(result["kernels"]["training"].values()) == {None}
    assert not (tmp_path / "runs").exists(), "the runs of the benchmark leave nothing behind"


@pytest.mark.slow
@pytest.mark.parametrize("task", ["planet", "face_attributes", "face_embedding"])
def test_the_other_tasks_are_timed_beside_the_same_network(task, tmp_path, capsys):
    config = configuration(tmp_path, f"task={task}", f"data.root={tmp_path}", "optimizer=adamw")
    bench = instantiate(config.task.bench, batch_size=2, rounds=1)
    kinds = bench(config)["images_per_second"]
    assert {kind: len(rows) for kind, rows in kinds.items()} == {
        "training": 3,
        "inference": 3,
        "from files": 0,
    }
    assert "nothing is measured from files: " in capsys.readouterr().out


def test_a_width_that_timm_does_not_have_is_refused(tmp_path):
    config = configuration(tmp_path, "backbone.alpha=0.6")
    with pytest.raises(InputError, match=r"alpha=0.6.*MobileNetV1 alpha=1.0"):
        benchmark_classifier(config, batch_size=2, rounds=1)
