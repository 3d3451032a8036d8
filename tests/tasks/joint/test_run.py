"""Joint runs: scored part by part, continued after a kill, and the same on two processes."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tasks import predict
from tests.conftest import assert_same_weights, kill_at, only_run, result_of, start
from tests.tasks.joint.runs import PARTS, joint_options
from tests.tasks.training.test_several_processes import TWO, finish

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def options(sample, tmp_path_factory) -> list[str]:
    return joint_options(tmp_path_factory.mktemp("joint"), sample)


@pytest.fixture(scope="module")
def finished(options, run) -> Path:
    run(*options, pictures=True)
    return only_run(Path(options[-2].removeprefix("paths.runs=")))


def test_a_run_has_one_folder_and_one_result_with_each_part(finished):
    found = result_of(finished)
    assert [*found["parts"]] == [*PARTS]
    metrics = found["metrics"]
    monitored = ("ssd_coco/AP", "image_folder/top1", "face_attributes/mean_ap")
    scores = [metrics[name] for name in (*monitored, "planet/within_750_km")]
    assert metrics["relative"] == pytest.approx(np.mean(np.maximum(scores, 0)))
    assert found["parts"]["planet"]["metrics"]["median_km"] == metrics["planet/median_km"]
    assert found["units"] == {"planet/median_km": "km"}
    assert found["scored_images"] == 9 + 8 + 2 + 5
    drawn = {name.partition("/")[0] for name in found["bootstrap"]["units"]}
    assert drawn == set(PARTS), "every part's scores have intervals where they have a spread"
    assert "planet/within_750_km" in (finished / "card.md").read_text()
    assert found["steps"] == 12, "two epochs of the part with the most batches"
    names = {row["name"] for row in csv.DictReader((finished / "metrics.csv").open())}
    assert {"train/ssd_coco/box", "train/planet/cells", "val/image_folder/top1"} <= names
    assert (finished / "plots/planet-heat_map_1.png").stat().st_size > 1000


def test_its_checkpoint_answers_in_one_pass(finished, tmp_path):
    photo = tmp_path / "photo.jpg"
    Image.effect_noise((90, 60), 80).convert("RGB").save(photo)
    assert predict.predict(finished / "best.ckpt", [photo], tmp_path / "out") == 0
    (entry,) = json.loads((tmp_path / "out/predictions.json").read_text())
    assert set(PARTS) < set(entry)


def test_it_is_scored_again_and_so_are_its_parts(finished, options, run, tmp_path):
    kept = [o for o in options if not o.startswith(("paths.runs", "trainer.max_epochs"))]
    weights = finished / "best.ckpt"
    again = [*kept, "mode=evaluate", f"paths.runs={tmp_path / 'again'}"]
    answer = run(*again, f"task.head.weights={weights}")
    assert "trained on" not in answer.out, "nothing was"
    scores = result_of(finished)["metrics"]
    assert result_of(only_run(tmp_path / "again"))["metrics"] == pytest.approx(scores, abs=1e-6)
    prefix = "parts.image_folder."
    alone = [o.removeprefix(prefix) for o in kept if o.startswith(prefix)]
    alone += [*kept[-5:], "backbone.alpha=0.25", "task=image_folder", "mode=evaluate"]
    run(*alone, f"paths.runs={tmp_path / 'one'}", f"backbone.weights={weights}/image_folder")
    metrics = result_of(only_run(tmp_path / "one"))["metrics"]
    assert metrics["top1"] == pytest.approx(scores["image_folder/top1"])


@pytest.fixture(scope="module")
def two_parts(sample, tmp_path_factory) -> list[str]:
    """Of a smaller run, for what is done several times."""
    return joint_options(tmp_path_factory.mktemp("two"), sample, parts=PARTS[1:3])


def test_a_killed_run_goes_on_to_the_same_weights(two_parts, run, tmp_path):
    longer = [*two_parts, "trainer.max_epochs=4", "parts.image_folder.data.limit=6"]
    longer += ["task.weights=gradients"]  # which has a state of its own
    run(*longer)
    whole = only_run(Path(two_parts[-2].removeprefix("paths.runs=")))
    runs = tmp_path / "runs"
    again = [*longer, f"paths.runs={runs}", "trainer.checkpoint_minutes=0.0001"]
    kill_at(start(again), runs, "4")
    output, _ = finish(start(again))
    assert "continuing" in output
    assert_same_weights(whole, only_run(runs))
    assert result_of(only_run(runs))["metrics"] == result_of(whole)["metrics"]


@pytest.mark.usefixtures("alone")
def test_two_processes_find_the_scores_of_one(two_parts, run, tmp_path):
    kept = [o for o in two_parts if not o.startswith(("paths.runs", "trainer.max_epochs"))]
    few = [*kept, "trainer.max_epochs=1", f"paths.runs={tmp_path / 'two'}"]
    few += ["task.weights=gradients"]  # whose norms are those of all processes
    output, errors = finish(start([*few, *TWO]))
    assert errors == ""
    assert output.count("run directory: ") == 1
    path = only_run(tmp_path / "two")
    run(
        *kept, "mode=evaluate", f"paths.runs={tmp_path / 'one'}",
        f"task.head.weights={path / 'best.ckpt'}",
    )  # fmt: skip
    alone = result_of(only_run(tmp_path / "one"))["metrics"]
    assert alone == pytest.approx(result_of(path)["metrics"], abs=1e-6)


def test_new_parts_are_added_and_what_the_old_one_loses_is_stated(finished, options, run, tmp_path):
    """Of the scores on the reported split, which is another one than the validation's here."""
    old = f"{finished / 'best.ckpt'}/face_attributes"
    parts = ("face_attributes", "planet")
    kept = [o for o in options if not o.startswith(("paths.runs", "trainer.max_epochs"))]
    kept = [o for o in kept if not o.startswith("parts.") or o.split(".")[1] in parts]
    command = [
        *kept, f"task.parts=[{','.join(parts)}]", f"task.extends={old}", "trainer.max_epochs=1",
        f"paths.runs={tmp_path}",
    ]  # fmt: skip
    answer = run(*command)
    path = only_run(tmp_path)
    found = result_of(path)
    part = found["parts"]["face_attributes"]
    before = result_of(finished)["parts"]["face_attributes"]["metrics"]
    assert part["taught_by"]["mean_ap"] == pytest.approx(before["mean_ap"], abs=1e-6)
    change = part["change"]["mean_ap"]
    assert change["by"] == pytest.approx(part["metrics"]["mean_ap"] - before["mean_ap"], abs=1e-6)
    assert found["baselines"]["teacher"]["face_attributes/mean_ap"] == part["taught_by"]["mean_ap"]
    assert "change" not in found["parts"]["planet"]
    assert "face_attributes/mean_ap" in answer.out
    assert ", its teacher " in answer.out
    assert run(*command).out.count("run directory") == 1, "a finished run is reported again"
    assert len(list((tmp_path / "joint").iterdir())) == 1


def test_a_head_goes_on_with_a_teacher_while_the_trunk_moves(finished, options, run, tmp_path):
    """Both are a part of a joint checkpoint. Here each part has statistics of its own, too."""
    kept = [o for o in options if not o.startswith(("paths.runs", "trainer.max_epochs"))]
    teacher = f"{finished / 'best.ckpt'}/image_folder"
    answer = run(
        *kept, "trainer.max_epochs=1", f"paths.runs={tmp_path}", "task.weights=uncertainty",
        "task.statistics=per_part", "data.combine=proportional",
        "parts.image_folder.distill=teacher", f"parts.image_folder.distill.teacher={teacher}",
        "parts.image_folder.distill.tolerance=null", f"backbone.weights={finished / 'best.ckpt'}",
        f"parts.image_folder.task.head.weights={teacher}",
    )  # fmt: skip
    path = only_run(tmp_path)
    assert f"image_folder: network weights: {teacher}" in answer.out
    assert result_of(path)["teacher"]["image_folder"]["checkpoint"] == teacher
    names = {row["name"] for row in csv.DictReader((path / "metrics.csv").open())}
    assert "train/image_folder/distillation" in names
    state = torch.load(path / "best.ckpt", weights_only=True)["state_dict"]
    learnt = {key: float(value) for key, value in state.items() if key.startswith("log_variances")}
    assert len(learnt) == len(PARTS)
    assert all(learnt.values())
    own = [state[f"head.own_statistics.{name}.conv0__bn__running_mean"] for name in PARTS]
    assert not torch.equal(own[0], own[1])
