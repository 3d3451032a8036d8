"""Two runs compared on the same images: what is said, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from backbone.errors import InputError
from tasks import compare
from tasks.classification.metrics import accuracy_scorer
from tasks.runs.bootstrap import Resampling
from tasks.runs.comparison import (
    Difference,
    Scored,
    compare_scores,
    comparison_text,
    read_scored,
)
from tasks.runs.resamples import draw_all, intervals, write_resamples
from tests.conftest import call
from tests.tasks.training.test_several_processes import write_images

NUMBER = 400
TRUE = np.arange(NUMBER) % 4
FILES = [f"/data/val/{i}.jpg" for i in range(NUMBER)]


def written(
    folder: Path, wrong: int, true: np.ndarray = TRUE, files=FILES, falls=(), first: int = 0
) -> Path:
    """The directory of a run that answers so many images wrongly, from the `first` on."""
    number = len(true)
    right = ~np.isin(np.arange(number), np.arange(first, first + wrong))
    of = Resampling(
        "images", np.arange(number), [true], lambda: accuracy_scorer(true, right, None), 300
    )
    drawn = draw_all([of], files)
    folder.mkdir(parents=True)
    metrics = {name: float(values[0]) for name, values in drawn[0].scores.items()}
    result = {"metrics": metrics, "intervals": intervals(drawn), "lower_is_better": list(falls)}
    (folder / "result.json").write_text(json.dumps(result | {"task": "t", "paper": None}))
    write_resamples(folder / "resamples.npz", drawn)
    return folder


def verdicts(*folders: Path) -> dict[str, str]:
    return {of.name: of.verdict for of in compare_scores(*map(read_scored, folders))}


def test_a_pair_tells_apart_what_two_intervals_do_not(tmp_path):
    """The same images are wrong and 12 more: their own intervals overlap."""
    a, b = written(tmp_path / "a", wrong=100), written(tmp_path / "b", wrong=112)
    assert read_scored(a).result["intervals"]["top1"][0] < 0.72
    assert verdicts(a, b)["top1"] == "A is better by 3.0"
    assert verdicts(b, a)["top1"] == "B is better by 3.0"
    # as many more wrong ones among other images say nothing
    other = written(tmp_path / "c", wrong=112, first=200)
    assert verdicts(a, other)["top1"] == "no difference"
    assert verdicts(a, a)["top1"] == "no difference"


def test_of_an_error_less_is_better(tmp_path):
    folders = [
        written(tmp_path / name, wrong, falls=("top1",)) for name, wrong in (("a", 100), ("b", 150))
    ]
    assert verdicts(*folders)["top1"] == "B is better by 12.5"


def test_a_difference_in_a_unit_has_a_sign_and_enough_digits():
    def of(change: float, low: float, high: float, better: str | None) -> list[str]:
        second = 500 + change
        one = Difference("error", "km", 500.0, second, (low, high), better, "9 images")
        here = Scored(Path("a"), {}, [])
        return comparison_text(here, here, [one]).splitlines()[4].split("  ")

    row = [cell.strip() for cell in of(-1234.4, -2000.0, 12.0, None) if cell]
    assert row[3:] == ["-1,234 km", "-2,000 to +12 km", "no difference"]
    row = [cell.strip() for cell in of(0.37, 0.052, 0.7, "A") if cell]
    assert row[3:] == ["+0.37 km", "+0.052 to +0.7 km", "A is better by 0.37 km"]


def test_a_run_that_has_not_finished_is_named(tmp_path):
    a = written(tmp_path / "a", 10)
    (a / "result.json").unlink()
    (a / "config.yaml").write_text("task: {name: image_folder}\n")
    (a / "status.json").write_text('{"state": "interrupted"}')
    with pytest.raises(InputError, match="has not finished, it is interrupted; the run's command"):
        read_scored(a)


def test_other_test_sets_are_refused_with_the_reason(tmp_path):
    a = written(tmp_path / "a", 10)
    fewer = written(tmp_path / "fewer", 10, TRUE[:300], FILES[:300])
    with pytest.raises(InputError, match="A was scored on 400 images, B on 300"):
        verdicts(a, fewer)
    others = written(tmp_path / "others", 10, files=[f"{f}.png" for f in FILES])
    with pytest.raises(InputError, match="400 images, but not on the same ones"):
        verdicts(a, others)
    relabelled = written(tmp_path / "relabelled", 10, (TRUE + 1) % 4)
    with pytest.raises(InputError, match="the same 400 images had other labels"):
        verdicts(a, relabelled)
    moved = written(tmp_path / "moved", 10, files=[f"/mnt{f}" for f in FILES])
    assert verdicts(a, moved)["top1"] == "no difference"


def test_the_command_compares_two_runs(tmp_path):
    a, b = written(tmp_path / "a", 100), written(tmp_path / "b", 150)
    for folder, seed in ((a, 0), (b, 1)):
        (folder / "config.yaml").write_text(f"seed: {seed}\ndata: {{module: {{seed: {seed}}}}}\n")
    lines = call(compare.main, a, b / "result.json").out.splitlines()
    assert lines[:4] == [f"A: {a}", f"B: {b}", "   A has seed=0", "   B has seed=1"]
    row = next(line.split() for line in lines if line.startswith("top1"))
    assert row[:4] == ["top1", "75.0", "62.5", "-12.5"]
    assert " ".join(row[-5:]) == "A is better by 12.5"
    assert json.loads(call(compare.main, a, b, "--json").out)[0]["better"] == "A"


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda folder: (folder / "result.json").unlink(), "holds no result.json"),
        (lambda folder: (folder / "result.json").write_text("{"), "is damaged"),
        (lambda folder: (folder / "resamples.npz").unlink(), "is missing"),
        (lambda folder: (folder / "resamples.npz").write_bytes(b"PK"), "is damaged"),
    ],
)
def test_what_is_no_scored_run_is_named(tmp_path, harm, said):
    a, b = written(tmp_path / "a", 10), written(tmp_path / "b", 10)
    harm(b)
    assert said in call(compare.main, a, b, code=2).err


@pytest.mark.slow
def test_two_seeds_are_no_different_and_a_damaged_model_is(run, tmp_path):
    write_images(tmp_path / "images")

    def finished(name: str, *options: str) -> Path:
        run(
            *("task=image_folder", "optimizer=adamw", "optimizer.lr=3e-3", "size=32"),
            *("backbone.alpha=0.25", "data.workers=0", "data.batch_size=6", "augment=false"),
            *(f"data.root={tmp_path / 'images'}", f"paths.runs={tmp_path / name}"),
            *("trainer.enable_progress_bar=false", "trainer.check_val_every_n_epoch=4", *options),
        )
        (path,) = (tmp_path / name).glob("*/*")
        return path

    first, second = (finished(f"seed{k}", "trainer.max_epochs=8", f"seed={k}") for k in (0, 1))
    assert set(verdicts(first, second).values()) == {"no difference"}
    content = torch.load(first / "best.ckpt", weights_only=True)
    weight = content["state_dict"]["head.fc.weight"]
    content["state_dict"]["head.fc.weight"] = weight.roll(1, 0)  # each class answers for another
    torch.save(content | {"checksum": None}, tmp_path / "damaged.ckpt")
    damaged = finished("damaged", "mode=evaluate", f"backbone.weights={tmp_path / 'damaged.ckpt'}")
    assert verdicts(first, damaged)["top1"].startswith("A is better by ")
    page = comparison_text(*map(read_scored, (first, damaged)), [])
    assert "B has" in page
