"""SimOTA on whole batches, beside the rule written down for one object at a time."""

import pytest
import torch

from tasks.detection.boxes import overlap_of_pairs
from tasks.detection.quality_losses import QualityFocal, Varifocal
from tasks.detection.sim_ota import assign

SIZE, CLASSES = 64, 3


def cells(*strides: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Centres and strides of the cells of some maps of a square image."""
    centres, sides = [], []
    for stride in strides:
        places = (torch.arange(SIZE // stride) + 0.5) * stride
        y, x = torch.meshgrid(places, places, indexing="ij")
        centres.append(torch.stack([x, y], -1).reshape(-1, 2))
        sides.append(torch.full((len(centres[-1]), 1), float(stride)))
    return torch.cat(centres), torch.cat(sides)


def scene(images: int, objects: int) -> dict[str, torch.Tensor]:
    """Predictions near their cells, and boxes of many sizes that overlap each other."""
    generator = torch.Generator().manual_seed(3)
    centres, strides = cells(8, 16)

    def random(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=generator)

    reach = (0.5 + 3 * random(images, len(centres), 4)) * strides
    corner = random(images, objects, 2) * 40
    return {
        "logits": 2 * random(images, len(centres), CLASSES) - 3,
        "found": torch.cat([centres - reach[..., :2], centres + reach[..., 2:]], -1),
        "centres": centres,
        "strides": strides,
        "boxes": torch.cat([corner, corner + 4 + 40 * random(images, objects, 2)], -1),
        "labels": torch.randint(0, CLASSES, (images, objects), generator=generator),
        "valid": torch.arange(objects) < torch.tensor([[objects], [objects - 2]]),
    }


def one_by_one(given, image, loss):
    """YOLOX's rule for one image, one object after another."""
    centres, strides = given["centres"], given["strides"][:, 0]
    logits, found = given["logits"][image], given["found"][image]
    rows = [m for m in range(given["boxes"].shape[1]) if given["valid"][image, m]]
    asked, costs, overlaps = torch.zeros(len(centres), dtype=torch.bool), {}, {}
    for m in rows:
        box, label = given["boxes"][image, m], given["labels"][image, m]
        inside = ((centres > box[:2]) & (centres < box[2:])).all(1)
        middle = (box[:2] + box[2:]) / 2
        near = ((centres - middle).abs() < 2.5 * strides[:, None]).all(1)
        asked |= inside | near
        overlaps[m], generalised = overlap_of_pairs(box.expand_as(found), found)
        targets = torch.zeros_like(logits)
        targets[:, label] = overlaps[m]
        entropy = torch.nn.functional.binary_cross_entropy_with_logits(
            logits, targets, reduction="none"
        )
        scores = logits.sigmoid()
        if isinstance(loss, Varifocal):
            weights = torch.where(targets > 0, targets, 0.75 * scores**2)
            weights[:, label] = overlaps[m]
        else:
            weights = (targets - scores) ** 2
        costs[m] = (weights * entropy).sum(1) + 6 * (1 - generalised) + 1e4 * ~(inside & near)
    wanted = {}
    for m in rows:
        count = max(int(overlaps[m].where(asked, 0).topk(10).values.sum()), 1)
        for anchor in costs[m].where(asked, torch.inf).topk(count, largest=False).indices.tolist():
            if asked[anchor]:
                wanted.setdefault(anchor, []).append(m)
    return {a: min(ms, key=lambda m: costs[m][a]) for a, ms in wanted.items()}


@pytest.mark.parametrize("loss", [Varifocal(), QualityFocal()], ids=lambda x: type(x).__name__)
def test_a_batch_is_assigned_as_one_object_after_another(loss):
    given = scene(images=2, objects=6)
    assigned, overlap = assign(**given, loss=loss)
    shared = 0
    for image in range(2):
        expected = one_by_one(given, image, loss)
        found = {a: int(m) for a, m in enumerate(assigned[image]) if m >= 0}
        assert found == expected
        shared += len(expected)
        for anchor, m in expected.items():
            box = given["boxes"][image, m]
            iou, _ = overlap_of_pairs(box, given["found"][image, anchor])
            assert overlap[image, anchor] == pytest.approx(float(iou))
    assert shared > 12, "some objects have several anchors"


def test_every_object_has_an_anchor_and_none_is_far_from_it():
    given = scene(images=2, objects=2)
    given["boxes"] = torch.tensor([[[2.0, 2, 5, 5], [10, 8, 60, 62]]]).expand(2, 2, 4)
    given["valid"] = torch.ones(2, 2, dtype=torch.bool)
    assigned, _ = assign(**given, loss=Varifocal())
    for image in range(2):
        for m in range(2):
            mine = given["centres"][assigned[image] == m]
            assert len(mine)
            middle = given["boxes"][image, m].view(2, 2).mean(0)
            assert (mine - middle).abs().max() < 2.5 * 16


def test_what_is_no_object_gets_no_anchor():
    given = scene(images=2, objects=3)
    given["boxes"][0] = torch.tensor([[10.0, 10, 10, 50], [300, 300, 400, 400], [0, 0, 0, 0]])
    given["valid"] = torch.tensor([[True] * 3, [False] * 3])
    assigned, _ = assign(**given, loss=Varifocal())
    assert (assigned == -1).all()


def test_fewer_anchors_than_an_object_may_have():
    given = scene(images=2, objects=2)
    few = {k: given[k][:, :4] for k in ("logits", "found")}
    few |= {k: given[k][:4] for k in ("centres", "strides")}
    valid = torch.ones(2, 2, dtype=torch.bool)
    assigned, _ = assign(**(given | few | {"valid": valid}), loss=Varifocal())
    assert assigned.shape == (2, 4)
