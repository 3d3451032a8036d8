"""Each logger writes what metrics.csv holds, and a missing package is named before training."""

import csv
from pathlib import Path
from types import SimpleNamespace

import pytest

from backbone.errors import InputError
from tasks.training import loggers
from tests.conftest import kill_at, only_run, start
from tests.tasks.training.test_several_processes import write_images

pytestmark = pytest.mark.slow

Numbers = list[tuple[int, str, float]]  # sorted, so that what is there twice shows


def of_csv(path: Path) -> Numbers:
    rows = csv.DictReader((path / "metrics.csv").open())
    return sorted((int(r["step"]), r["name"], round(float(r["value"]), 5)) for r in rows)


def of_tensorboard(path: Path) -> Numbers:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(path / "tensorboard"))
    events.Reload()
    assert {e.step for e in events.Images("val/predictions")} == {5, 11, 17}, "by validation"
    names = [name for name in events.Tags()["scalars"] if name != "epoch"]
    return sorted((e.step, n, round(e.value, 5)) for n in names for e in events.Scalars(n))


def log_records(content: bytes) -> list[bytes]:
    """The records of a file in LevelDB's log format, which W&B writes after 7 bytes of its own."""
    records, position, block = [], 7, 32768
    while position + 7 <= len(content):
        left = block - position % block
        if left < 7:  # the end of a block, too short for a header
            position += left
            continue
        length, kind = (
            int.from_bytes(content[position + 4 : position + 6], "little"),
            content[position + 6],
        )
        part = content[position + 7 : position + 7 + length]
        position += 7 + length
        if kind in (1, 2):  # a whole record, or its first part
            records.append(part)
        elif kind in (3, 4):
            records[-1] += part
    return records


def of_wandb(path: Path) -> Numbers:
    from wandb.proto import wandb_internal_pb2

    found: Numbers = []
    for file in (path / "wandb").glob("offline-run-*/*.wandb"):
        for data in log_records(file.read_bytes()):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(data)
            items = {i.key or "/".join(i.nested_key): i.value_json for i in record.history.item}
            step = items.pop("trainer/global_step", None)
            kept = {k: v for k, v in items.items() if not k.startswith("_") and k != "epoch"}
            found += [(int(step), k, round(float(v), 5)) for k, v in kept.items() if step]
    return sorted(found)


def of_mlflow(path: Path) -> Numbers:
    from mlflow.tracking import MlflowClient

    client = MlflowClient((path / "mlruns").absolute().as_uri())
    run = client.get_run((path / "mlflow_run.txt").read_text().strip())
    assert run.data.params["seed"] == "0"
    return sorted(
        (m.step, name, round(m.value, 5))
        for name in run.data.metrics
        if name != "epoch"
        for m in client.get_metric_history(run.info.run_id, name)
    )


def test_each_writes_what_csv_writes_once_even_after_a_kill(run, tmp_path):
    """Killed in its second epoch, the run repeats three steps of it."""
    for package in ("tensorboard", "wandb", "mlflow"):
        pytest.importorskip(package)
    write_images(tmp_path / "images")
    options = [
        *("task=image_folder", "optimizer=adamw", "backbone.alpha=0.25", "size=32"),
        *("data.workers=0", "data.batch_size=6", f"data.root={tmp_path / 'images'}"),
        *("trainer.max_epochs=3", "trainer.log_every_n_steps=1", f"paths.runs={tmp_path / 'runs'}"),
        *("trainer.enable_progress_bar=false", "logger=[tensorboard,wandb,mlflow]"),
        "logger.wandb.offline=true",
    ]
    kill_at(start(options), tmp_path / "runs", "9")
    answer = run(*options)
    assert "at step 6" in answer.out
    path = only_run(tmp_path / "runs")
    expected = of_csv(path)
    assert {name for _, name, _ in expected} >= {"train/loss", "val/top1", "test/top1"}
    assert len(expected) == len(set(expected))
    assert of_tensorboard(path) == expected
    assert of_mlflow(path) == expected
    kept = of_wandb(path)  # its own process dies with the run, and what it had not written yet
    assert len(kept) == len(set(kept))
    assert set(kept) <= set(expected)
    assert kept[-1][0] == expected[-1][0]


def test_loggers_do_not_make_another_run(run):
    names = [
        run("task=image_folder", "data.root=nowhere", option, "--cfg", "job").out
        for option in ("logger=csv", "logger=[csv,wandb]")
    ]
    assert "project: mobilenet-suite" in names[1]
    assert "project" not in names[0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ["logger=[csv,wandbb]"],
            "there is no wandbb; choose from csv, mlflow, tensorboard, wandb",
        ),
        (["logger=3"], "a name, one of csv"),
        (["logger=wandb", "logger.wandb.offline=3"], "true or false"),
        (["trainer.logger=true"], "add others with logger="),
    ],
)
def test_bad_choices_are_named(run, options, said):
    answer = run("task=image_folder", *options, code=2)
    assert said in answer.err


def test_a_missing_package_is_named(run, tmp_path, monkeypatch):
    write_images(tmp_path / "images")
    monkeypatch.setattr(loggers, "find_spec", lambda name: None)
    answer = run(
        *("task=image_folder", "backbone.alpha=0.25", "size=32", "logger=wandb"),
        *(f"data.root={tmp_path / 'images'}", f"paths.runs={tmp_path / 'runs'}"),
        code=2,
    )
    assert "the extra wandb" in answer.err


def test_a_service_that_refuses_is_named(tmp_path, monkeypatch):
    errors = pytest.importorskip("wandb").errors
    failure = pytest.importorskip("mlflow.exceptions").MlflowException

    def refuse(error):
        def call(*_):
            raise error

        return call

    directory = SimpleNamespace(path=tmp_path, last=tmp_path / "last.ckpt")
    monkeypatch.setattr(loggers, "_options", lambda _: {})
    monkeypatch.setattr(
        loggers.WandbOnce, "log_hyperparams", refuse(errors.UsageError("No API key configured."))
    )
    with pytest.raises(InputError, match=r"wandb: .*\(No API key.*logger\.wandb\.offline=true"):
        loggers.wandb(directory, 0, "project", None, offline=False)
    monkeypatch.setattr(loggers.MlflowOnce, "run_id", property(refuse(failure("refused\nthere"))))
    with pytest.raises(InputError, match=r"mlflow: .*\(refused there\): see that the server runs"):
        loggers.mlflow(directory, 0, "http://nowhere", "experiment")
