"""Joined heads answer as they did alone, to the bit; what has not one trunk is refused."""

import json
import re

import numpy as np
import pytest
import torch
from PIL import Image

from backbone.errors import InputError
from tasks import predict
from tasks.cli.configuration import check_config, compose_config
from tasks.data.labels import Labels
from tasks.join import join
from tasks.runs.parts import of_part
from tasks.training.checkpoints import read_checkpoint
from tasks.training.model import Model
from tasks.training.saving import AtomicCheckpointIO
from tests.tasks.joint.parts import SIZE, write_part

pytestmark = pytest.mark.slow


def answers(path, pixels):
    """Of two images, as prediction computes them."""
    return Model.load(path).predict(pixels, [(90, 120), (SIZE, SIZE)])


@pytest.fixture(scope="module")
def pixels():
    return list(np.random.default_rng(0).integers(0, 256, (2, SIZE, SIZE, 3), dtype=np.uint8))


def test_one_pass_answers_as_the_separate_networks_do(joint, singles, pixels):
    together = answers(joint, pixels)
    for name, path in singles.items():
        alone = answers(path, pixels)
        mine = of_part(name, together)
        assert mine.keys() == alone.keys()
        for key, value in alone.items():
            assert torch.equal(mine[key], value), f"{name} {key}"


def test_the_trunk_is_there_once_and_runs_once(joint, singles):
    single = [read_checkpoint(path).state for path in singles.values()]
    trunk = {key for key in single[0] if key.startswith("head.trunk.")}
    assert len(read_checkpoint(joint).state) == sum(map(len, single)) - 3 * len(trunk)
    task, runs = Model.load(joint).task, []
    assert task.head.taps == ("conv11", "conv13"), "what SSD reads, and the classifiers' last map"
    task.head.trunk.conv0.register_forward_hook(lambda *_: runs.append(1))
    size = torch.tensor([[SIZE, SIZE]])
    image = torch.zeros(1, 3, SIZE, SIZE, dtype=torch.uint8)
    task.predict({"image": image, "size": size, "extent": size})
    assert len(runs) == 1


def test_a_part_is_a_checkpoint_again(joint, singles, pixels):
    for name, path in singles.items():
        part, single = read_checkpoint(joint / name), read_checkpoint(path)
        assert part.labels == single.labels
        assert part.task_name == name
        assert part.scores == single.scores
        assert part.chosen == single.chosen
        assert part.state.keys() == single.state.keys()
        assert all(torch.equal(part.state[key], value) for key, value in single.state.items())
    with pytest.raises(InputError, match="it has ssd_coco, image_folder"):
        read_checkpoint(joint / "pets")
    with pytest.raises(InputError, match="leave the name out"):
        read_checkpoint(singles["planet"] / "planet")


def test_a_further_head_leaves_the_other_answers_alone(joint, tmp_path, pixels):
    pets = write_part(tmp_path / "pets.ckpt", "image_folder")
    more = tmp_path / "more.ckpt"
    join([str(joint), f"pets={pets}"], more, None, ())
    before, after = answers(joint, pixels), answers(more, pixels)
    assert all(torch.equal(after[key], value) for key, value in before.items())
    assert of_part("pets", after).keys() == of_part("image_folder", after).keys()


def test_one_picture_and_one_entry_hold_all_answers(joint, tmp_path, capsys):
    photo = tmp_path / "photo.jpg"
    Image.effect_noise((160, 120), 80).convert("RGB").save(photo)
    assert predict.predict(joint, [photo], tmp_path / "out") == 0
    (entry,) = json.loads((tmp_path / "out/predictions.json").read_text())
    assert set(entry) == {"image", "picture", *read_checkpoint(joint).parts}
    assert entry["face_attributes"]["attributes"].keys() == {f"thing {k}" for k in range(5)}
    said = capsys.readouterr().out
    assert "image_folder: thing" in said
    width, height = Image.open(tmp_path / "out" / entry["picture"]).size
    assert width == 960, "the map's"
    assert height > 120 + 610, "the lists beside the photograph, and the map below"
    predict.predict(joint, [photo], tmp_path / "coco", form="coco", threshold=0.0)
    assert json.loads((tmp_path / "coco/predictions.json").read_text())[0]["image_id"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([1], "the first tensor that differs is trunk.conv0.conv.weight, by up to"),
        ([0, "backbone.normalization=imagenet"], "normalised by"),
        ([0, "backbone.padding=symmetric"], "padding is same and symmetric"),
        ([0, "backbone.alpha=0.5"], r"trunk.conv0.conv.weight is \[8, 3, 3, 3\] and \[16"),
        ([0, "backbone=mobilenet_v2"], "a MobileNetV1 and a MobileNetV2"),
    ],
)
def test_other_trunks_are_refused(options, words, singles, tmp_path):
    seed, *more = options
    other = write_part(tmp_path / "other.ckpt", "image_folder", seed, *more)
    with pytest.raises(InputError, match=words) as refusal:
        join([str(singles["ssd_coco"]), str(other)], tmp_path / "joint.ckpt", None, ())
    assert "other.ckpt" in str(refusal.value)
    assert not (tmp_path / "joint.ckpt").exists()


def test_what_cannot_be_joined_is_refused(singles, joint, tmp_path):
    def refused(words, *given, size=None):
        with pytest.raises(InputError, match=words):
            join([str(one) for one in given], tmp_path / "new.ckpt", size, ())
        assert not (tmp_path / "new.ckpt").exists()

    planet = singles["planet"]
    refused("are both called planet: name one, as planet_2=", planet, planet)
    refused("are both called planet", joint, planet)
    refused("name two checkpoints or more", planet)
    refused("no such checkpoint", planet, tmp_path / "none.ckpt")
    refused("a part's name is letters", planet, f"a/b={singles['ssd_coco']}")
    refused("a part cannot be called 'items'", planet, f"items={singles['ssd_coco']}")
    refused("joint network, whose parts have names", planet, f"all={joint}")
    refused(
        "ssd_coco only answers at 64x64",
        planet,
        singles["ssd_coco"],
        size=96,
    )
    content = torch.load(joint, weights_only=True)
    own = "head.own_statistics.ssd_coco.conv0__bn__running_mean"
    content["state_dict"][own] = content["state_dict"]["head.trunk.conv0.bn.running_mean"] + 1
    AtomicCheckpointIO().save_checkpoint(content, tmp_path / "own.ckpt")
    refused("shared, or frozen, and not per_part", tmp_path / "own.ckpt", f"b={planet}")
    content = torch.load(planet, weights_only=True)
    content["config"]["quantize"] = {"bits": 8}
    AtomicCheckpointIO().save_checkpoint(content, tmp_path / "qat.ckpt")
    refused("qat.ckpt was trained with quantize=qat", joint, f"b={tmp_path / 'qat.ckpt'}")
    refused("--size 0: give a number of pixels from 32 to 4,096", joint, size=0)
    faster = write_part(
        tmp_path / "faster.ckpt", "faster_rcnn_coco", 0, "data.view.keep_aspect=false"
    )
    refused("faster_rcnn_coco: FasterRCNN cannot share a trunk", planet, faster)
    embedding = write_part(
        tmp_path / "face.ckpt", "face_embedding", 0, "task.module.flip_test=true"
    )
    refused("face_embedding: its answer looks at the image itself", planet, embedding)


def test_views_and_sizes_that_differ_are_told(singles, tmp_path):
    small = write_part(tmp_path / "small.ckpt", "image_folder", 0, "size=32")
    said = join([str(small), str(singles["planet"])], tmp_path / "joint.ckpt", None, ())
    assert "one pass shows all parts 64x64; trained at another size: image_folder 32x32" in said
    assert "another view" not in said, "both look at the same central crop"
    assert re.search(r"one pass at 64x64: 3\.\d M mult-adds", said), "the trunk once"
    assert read_checkpoint(tmp_path / "joint.ckpt").config["data"]["view"]["crop_fraction"] == 0.875
    said = join([str(small), str(singles["ssd_coco"])], tmp_path / "two.ckpt", None, ())
    assert "the whole image; trained with another view: image_folder" in said


def test_a_crafted_joint_checkpoint_builds_nothing_of_its_own(joint, tmp_path):
    content = torch.load(joint, weights_only=True)
    content["config"]["parts"]["planet"]["task"]["module"]["_name_"] = "os.system"
    torch.save(content, tmp_path / "crafted.ckpt")
    with pytest.raises(InputError, match=r"planet: task.module names 'os.system'"):
        Model.load(tmp_path / "crafted.ckpt")
    content["config"]["parts"]["more"] = {}
    torch.save(content, tmp_path / "damaged.ckpt")
    with pytest.raises(InputError, match="its parts are damaged"):
        Model.load(tmp_path / "damaged.ckpt")


def test_a_part_gives_its_trunk_and_head_to_a_run(joint):
    """`joint.ckpt` is a trunk, and `joint.ckpt/NAME` a whole network."""
    from tasks.training.build import build_task
    from tests.tasks.joint.parts import LABELS, TRUNK

    for option in (f"task.head.weights={joint}/image_folder", f"backbone.weights={joint}"):
        options = ["task=image_folder", *TRUNK, option]
        config = check_config(compose_config(options), options)
        task, _ = build_task(config, LABELS["image_folder"]())
        state = read_checkpoint(joint / "image_folder").state
        for key, value in task.state_dict().items():
            if key.startswith("head.trunk.") or "head.weights" in option:
                assert key.endswith("tracked") or torch.equal(value, state[key]), key


def test_a_trunk_of_a_part_that_is_not_there_is_refused(joint):
    from backbone.weight_files import read_file

    assert read_file(joint / "image_folder").state
    with pytest.raises(InputError, match=r"has no part 'pets'; it has .*image_folder"):
        read_file(joint / "pets")


def test_a_joint_checkpoint_of_other_parts_or_labels_fills_no_joint_network(joint):
    from tasks.training.head_weights import load_head
    from tests.tasks.joint.parts import LABELS

    task = Model.load(joint).task

    def refused(words, details):
        with pytest.raises(InputError, match=words):
            load_head(task.head, str(joint), Labels(0, [], [], [], {"parts": details}), True)

    refused("has no part pets, only ssd_coco", {"pets": LABELS["image_folder"]().to_dict()})
    other = LABELS["image_folder"]().to_dict() | {"ids": [7, 8, 9]}
    refused("its part image_folder answers with other labels than the 3", {"image_folder": other})
