"""The command line on the drawn set: fit, test, report, continue, refuse."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tasks.runs.resamples import read_resamples
from tasks.training.restore import load_task
from tests.conftest import assert_same_weights, kill_at, only_run, result_of, start, tiny_options


@pytest.fixture
def finished(detector, tmp_path) -> Path:
    """A finished run of `tiny` in the test's own folder."""
    shutil.copytree(detector.runs, tmp_path / "runs")
    return only_run(tmp_path / "runs")


PICTURES = {
    *("learning_curves.png", "precision_recall.png", "precision_recall_per_category.png"),
    *("score_threshold.png", "confusion_matrix.png", "predictions.png", "worst_images.png"),
}


def test_a_run_leaves_everything_a_run_leaves(detector):
    _, path, answer = detector
    assert path.name.startswith("mobilenetv1-0.25-96-smoke-")
    left = {p.name for p in path.iterdir()} - {".lock"}
    assert left == {
        *("config.yaml", "status.json", "metrics.csv", "last.ckpt", "best.ckpt", "result.json"),
        "resamples.npz",
        "card.md",
        "plots",
    }
    pictures = {p.name for p in (path / "plots").iterdir()}
    assert pictures == PICTURES
    assert json.loads((path / "status.json").read_text())["state"] == "finished"
    result = result_of(path)
    assert {"AP", "AP50", "AP75", "AP_small", "AR100"} <= result["metrics"].keys()
    assert result["intervals"].keys() <= result["metrics"].keys()
    (low, high), score = result["intervals"]["AR100"], result["metrics"]["AR100"]
    assert low < score < high
    drawn = read_resamples(path / "resamples.npz")[0]
    assert drawn.scores["AP"][0] == pytest.approx(result["metrics"]["AP"], abs=1e-6)
    assert f"{100 * low:.1f} to {100 * high:.1f}" in answer.out
    assert result["cost"]["mult_adds"] > 0
    assert torch.__version__.startswith(result["versions"]["torch"])
    assert "random initialisation" in answer.out
    assert "19.3" in answer.out, "the paper's row is shown next to ours"
    names = {row["name"] for row in csv.DictReader((path / "metrics.csv").open())}
    assert {"train/loss", "train/box", "train/classification", "val/AP", "test/AP"} <= names


def test_the_reloaded_best_checkpoint_scores_what_the_run_reported(detector):
    path = detector.path
    task, _ = load_task(path / "best.ckpt")
    from hydra.utils import instantiate
    from omegaconf import OmegaConf

    from tasks.detection.evaluation.metric import CocoAP

    data = instantiate(OmegaConf.load(path / "config.yaml").data.module)
    data.setup("test")
    metric = CocoAP(data.ground_truth("val", len(data.datasets["val"])))
    with torch.inference_mode():
        for i in range(len(data.datasets["val"])):
            batch = data.collate([data.datasets["val"][i]])
            metric.update(task.predict(batch), batch["image_id"])
    reported = result_of(path)["metrics"]
    assert metric.compute().metrics == pytest.approx(reported, abs=1e-6)


def test_a_finished_run_is_reported_not_repeated(run, tiny, detector, finished):
    before = (finished / "result.json").stat().st_mtime_ns
    again = run(*tiny)
    assert (finished / "result.json").stat().st_mtime_ns == before
    said = detector.answer.out
    report = said[said.index("\n\n") :].replace(str(detector.path), str(finished))
    assert again.out.strip() == report.strip()


def test_a_picture_that_fails_costs_a_warning_and_not_the_result(run, tiny, tmp_path, monkeypatch):
    from tasks.training import pictures

    def fail(metrics, output, units):
        assert (metrics.parent / "result.json").exists(), "the result is written first"
        raise RuntimeError("no ink")

    monkeypatch.setattr(pictures, "learning_curves", fail)
    answer = run(*tiny, "trainer.max_epochs=1", pictures=True)
    path = only_run(tmp_path / "runs")
    assert f"warning: {path / 'plots/learning_curves.png'} was not drawn: no ink" in answer.err
    assert json.loads((path / "status.json").read_text())["state"] == "finished"
    pictures = {p.name for p in (path / "plots").iterdir()}
    assert pictures == PICTURES - {"learning_curves.png"}


def test_fresh_starts_over(run, tiny, finished):
    metrics = result_of(finished)["metrics"]
    (finished / "plots" / "old.png").touch()
    run(*tiny, "fresh=true")
    assert not (finished / "plots" / "old.png").exists()
    assert result_of(finished)["metrics"] == metrics


@pytest.fixture(scope="module")
def unbroken(run, sample, tmp_path_factory) -> Path:
    """A run of four epochs without interruption."""
    folder = tmp_path_factory.mktemp("unbroken")
    run(*tiny_options(sample, folder), "trainer.max_epochs=4")
    return only_run(folder / "runs")


def scored_rows(path: Path) -> list[tuple[str, str, str]]:
    """Of metrics.csv, what is the same whenever it was measured."""
    with (path / "metrics.csv").open() as file:
        return [
            (row["step"], row["name"], row["value"])
            for row in csv.DictReader(file)
            if not row["name"].startswith("test/")
        ]


@pytest.mark.parametrize(
    ("minutes", "workers"), [(10, 0), (0.0001, 1)], ids=["epoch's end", "within the epoch"]
)
def test_killed_and_continued_is_bit_identical(run, tiny, unbroken, tmp_path, minutes, workers):
    """SIGKILL in mid-epoch, the same command again: exactly the metrics of an uninterrupted run."""
    options = [*tiny, "trainer.max_epochs=4", f"data.workers={workers}"]
    options.append(f"trainer.checkpoint_minutes={minutes}")
    with start(options) as process:
        kill_at(process, tmp_path / "runs", step="15")  # epoch 2 of steps 12 to 17
    answer = run(*options)
    step = int(answer.out.partition("at step ")[2].split()[0])
    assert step == 12 if minutes == 10 else 12 < step < 18
    paths = [unbroken, only_run(tmp_path / "runs")]
    results = [result_of(path)["metrics"] for path in paths]
    assert results[0] == results[1]
    assert_same_weights(*paths)
    rows = [scored_rows(path) for path in paths]
    assert rows[0] == rows[1]


def test_a_loss_that_is_not_finite_stops_the_run_and_names_the_images(run, tiny, tmp_path):
    answer = run(*tiny, "optimizer.lr=1e30", "trainer.gradient_clip_val=null", code=2)
    assert "not finite" in answer.err
    assert "images" in answer.err
    assert "Traceback" not in answer.err
    path = only_run(tmp_path / "runs")
    assert json.loads((path / "status.json").read_text())["state"] == "failed"
    assert not (path / "result.json").exists()


def test_a_second_process_in_the_same_run_is_refused(run, tiny, finished):
    hold = "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.lockf(f, fcntl.LOCK_EX); "
    hold += "print('held', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", hold, str(finished / ".lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        answer = run(*tiny, "fresh=true", code=2)
        holder.stdin.close()
    assert "another process" in answer.err
    assert (finished / "result.json").exists()


def test_a_truncated_photograph_is_named(run, tiny, sample, tmp_path):
    root = tmp_path / "damaged"
    shutil.copytree(sample, root)
    victim = sorted((root / "train2017").iterdir())[3]
    victim.write_bytes(victim.read_bytes()[:500])
    answer = run(*tiny, f"data.root={root}", code=2)
    assert victim.name in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.slow
def test_a_run_says_what_its_limits_leave(run, tiny, tmp_path):
    limits = ["trainer.limit_train_batches=1", "trainer.limit_test_batches=1"]
    answer = run(*tiny, *limits, "trainer.max_epochs=1", "trainer.log_every_n_steps=50")
    path = only_run(tmp_path / "runs")
    assert result_of(path)["scored_images"] == 4
    assert "limited to 1 training batch per epoch and 4 scored images" in answer.out
    assert ",train/loss," in (path / "metrics.csv").read_text(), "at least one step of an epoch"
