"""The SSD head: cost, shapes, losses, and that a training step never waits for the device."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from backbone.cost import cost
from backbone.errors import InputError
from backbone.folding import folded
from backbone.mobilenet_v1 import MobileNetV1
from tasks.data.labels import Labels
from tasks.detection.boxes import iou
from tasks.detection.class_losses import focal_loss, mining_loss
from tasks.detection.ssd import SSD
from tasks.detection.task import Detection
from tasks.images.preprocessing import Augmentation

LABELS = Labels(91, list(range(1, 91)), list(range(1, 91)), [str(i) for i in range(1, 91)])


def head(alpha: float = 0.25, size: tuple[int, int] = (96, 96), **options) -> SSD:
    torch.manual_seed(0)
    return SSD(MobileNetV1(alpha), 91, size, **options)


def batch(count: int = 2, size: tuple[int, int] = (96, 96)) -> dict[str, torch.Tensor]:
    """Noise images with boxes of every anchor scale."""
    generator = torch.Generator().manual_seed(1)
    height, width = size
    fractions = [0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95]
    rows = [[0.02 * width, 0.02 * height, f * width, f * height] for f in fractions] + [[0] * 4]
    return {
        "image": torch.randint(
            0, 256, (count, height, width, 3), generator=generator, dtype=torch.uint8
        ).permute(0, 3, 1, 2),
        "boxes": torch.tensor(rows, dtype=torch.float32).expand(count, 8, 4).clone(),
        "labels": torch.tensor([1, 3, 17, 44, 62, 85, 90, 0]).expand(count, 8).clone(),
        "count": torch.full((count,), 7),
        "image_id": torch.arange(count) + 100,
        "size": torch.tensor([size]).expand(count, 2).clone(),
    }


def detection(ssd: SSD, augment: bool = True) -> Detection:
    augmentation = Augmentation(flip=0.5, brightness=0.1, contrast=0.3, saturation=0.3)
    return Detection(ssd, LABELS, augmentation=augmentation if augment else None)


@pytest.mark.slow
def test_cost_is_the_papers():
    ssd = head(alpha=1.0, size=(300, 300))
    counted = cost(ssd.eval(), torch.zeros(1, 3, 300, 300))
    assert str(counted) == "1.237 G mult-adds, 6.82 M parameters"
    assert ssd.anchors.shape == (1917, 4)


@pytest.mark.parametrize("alpha", [0.25, 0.75])
@pytest.mark.parametrize("size", [(96, 96), (100, 164)], ids=str)
def test_anchors_follow_from_alpha_and_size(alpha, size):
    ssd = head(alpha, size).eval()
    with torch.no_grad():
        code, logits = ssd(torch.zeros(1, 3, *size))
    assert code.shape == (1, len(ssd.anchors), 4)
    assert logits.shape == (1, len(ssd.anchors), 91)


def test_an_anchor_and_its_output_belong_to_the_same_cell():
    """Outputs change most where the image changed: rows of outputs and anchors correspond."""
    ssd = head(0.25, (160, 160)).eval()
    image = torch.zeros(1, 3, 160, 160)
    changed = image.clone()
    changed[..., 120:150, 20:50] = 1.0
    with torch.no_grad():
        difference = (ssd(changed)[1] - ssd(image)[1]).abs().sum(-1)[0]
    first_map = 10 * 10 * 3
    winner = ssd.anchors[difference[:first_map].argmax()]
    assert iou(winner[None], torch.tensor([[10.0, 110, 60, 160]])) > 0


@pytest.mark.parametrize("separable", [False, True])
@pytest.mark.parametrize("loss", ["mining", "focal"])
def test_gradients_reach_every_parameter(loss, separable):
    task = detection(head(loss=loss, separable=separable)).train()
    sum(task.loss(batch()).values()).backward()
    silent = [n for n, p in task.named_parameters() if p.grad is None or not p.grad.abs().sum()]
    assert not silent


def check_degenerate_boxes(detector):
    """A detector's loss and gradients are finite for boxes that hardly are any."""
    given = batch(4)
    given["boxes"][:] = 0
    given["boxes"][1, 0] = torch.tensor([10.0, 10, 10, 50])  # no width
    given["boxes"][2, 0] = torch.tensor([10.0, 10, 11, 11])  # one pixel
    given["boxes"][3, 0] = torch.tensor([300.0, 300, 400, 400])  # out of the frame
    given["count"] = torch.tensor([0, 1, 1, 1])
    task = detection(detector).train()
    terms = task.loss(given)
    sum(terms.values()).backward()
    assert all(term.isfinite() for term in terms.values())
    assert all(p.grad is None or p.grad.isfinite().all() for p in task.parameters())


@pytest.mark.parametrize("loss", ["mining", "focal"])
def test_degenerate_boxes_give_a_finite_loss_and_gradients(loss):
    check_degenerate_boxes(head(loss=loss))


def test_a_batch_without_any_box_has_no_box_loss():
    given = batch()
    given["count"][:] = 0
    terms = detection(head()).train().loss(given)
    assert terms["box"] == 0
    assert terms["classification"] == 0, "three negatives per positive, and there is none"


class NoSync(TorchDispatchMode):
    """Refuses operations that make the host wait for the device: they read values or shapes."""

    FORBIDDEN = ("_local_scalar_dense", "nonzero", "masked_select", "unique", "item", "equal")

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function.overloadpacket.__name__
        if name in self.FORBIDDEN:
            raise AssertionError(f"a training step called {name}")
        boolean = any(
            isinstance(index, torch.Tensor) and index.dtype == torch.bool
            for index in (args[1] if name in ("index", "index_put_") else ())
        )
        assert not boolean, "a training step indexed with a mask, whose shape depends on its values"
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("loss", ["mining", "focal"])
def test_a_training_step_never_waits_for_the_device(loss):
    task = detection(head(loss=loss)).train()
    given = batch()
    with NoSync():
        sum(task.loss(given).values()).backward()


class Kernels(TorchDispatchMode):
    """Counts operations that compute or copy: on a GPU each is a kernel, and a few are several."""

    FREE = ("detach", "_unsafe_view", "empty")

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.count += not function.is_view and function.overloadpacket.__name__ not in self.FREE
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("count", [1, 32])
def test_an_answer_takes_few_kernels_and_never_waits_for_the_device(count, monkeypatch):
    """Beside the network's own, at any batch; here as on other devices than a CPU."""
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    task, given = detection(head()).eval(), batch(count)
    given["extent"] = given["size"].float()
    with torch.no_grad():
        with Kernels() as network:
            task.head(task.preprocess(given["image"]))
        with NoSync(), Kernels() as answer:
            task.predict(given)
    assert answer.count - network.count <= 90


def test_no_sync_catches_what_waits():
    with NoSync():
        with pytest.raises(AssertionError, match="nonzero"):
            torch.ones(3).nonzero()
        with pytest.raises(AssertionError, match="mask"):
            torch.ones(3)[torch.ones(3) > 0]
        with pytest.raises(AssertionError, match="_local_scalar_dense"):
            torch.ones(1).item()


def check_never_waits_for_the_gpu(task, given):
    """A step after the first, which may still set things up, never waits for the device."""
    task = task.cuda().train()
    given = {k: v.cuda() for k, v in given.items()}
    sum(task.loss(given).values()).backward()
    torch.cuda.set_sync_debug_mode("error")
    try:
        sum(task.loss(given).values()).backward()
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.cuda
def test_a_training_step_never_waits_for_the_gpu():
    check_never_waits_for_the_gpu(detection(head()), batch())


def test_mining_keeps_the_three_negatives_of_largest_loss_per_positive():
    logits = torch.zeros(1, 8, 3)
    logits[0, :, 1] = torch.tensor([0.0, 5, 4, 3, 2, 1, 0, -1])  # how wrong each background is
    target = torch.tensor([[1, 0, 0, 0, 0, 0, 0, 0]])
    assert mining_loss(logits, target).count_nonzero() == 4
    assert (mining_loss(logits, target)[0] > 0).tolist() == [True] * 4 + [False] * 4


def test_mining_loss_is_sigmoid_cross_entropy():
    logits = torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(0))
    target = torch.tensor([[0, 1, 2, 3, 0], [1, 1, 1, 1, 1]])
    onehot = torch.nn.functional.one_hot(target, 4).float()
    full = torch.nn.functional.binary_cross_entropy_with_logits(logits, onehot, reduction="none")
    torch.testing.assert_close(mining_loss(logits, target), full.sum(-1))


def test_focal_loss_is_torchvisions():
    from torchvision.ops import sigmoid_focal_loss

    logits = torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(0))
    target = torch.tensor([[0, 1, 2, 3, 0], [1, 1, 1, 1, 1]])
    onehot = torch.nn.functional.one_hot(target, 4).float()[..., 1:]
    expected = sigmoid_focal_loss(logits[..., 1:], onehot, alpha=0.75, gamma=2).sum(-1)
    torch.testing.assert_close(focal_loss(logits, target), expected)


def test_perfect_outputs_are_detected_and_have_no_box_loss():
    ssd = head()
    given = batch(1)
    valid = torch.arange(8) < given["count"][:, None]
    from tasks.detection.boxes import match

    row = match(given["boxes"], valid, ssd.anchors)
    boxes = given["boxes"][0][row.clamp(min=0)]
    code = ssd.coder.encode(boxes, ssd.anchors)
    logits = torch.full((1, len(ssd.anchors), 91), -12.0)
    target = torch.where(row >= 0, given["labels"][0][row.clamp(min=0)], 0)
    logits.scatter_(2, target[..., None], 12.0)
    terms = ssd.loss((code, logits), given["boxes"], given["labels"], valid)
    assert terms["box"] == 0
    assert terms["classification"] < 0.1
    found = ssd.detect((code, logits))
    top = found["scores"][0] > 0.5
    assert sorted(found["labels"][0][top].tolist()) == given["labels"][0, :7].sort().values.tolist()
    order = found["labels"][0][top].argsort()
    wanted = given["boxes"][0, :7][given["labels"][0, :7].argsort()]
    torch.testing.assert_close(found["boxes"][0][top][order], wanted, rtol=1e-3, atol=1e-2)


def test_detections_are_sorted_clipped_and_counted():
    ssd = head().eval()
    with torch.no_grad():
        found = ssd.detect(ssd(torch.randn(2, 3, 96, 96)))
    for i, count in enumerate(found["count"].tolist()):
        scores = found["scores"][i, :count]
        assert (scores.diff() <= 0).all()
        assert found["labels"][i, :count].min() >= 1
    assert found["boxes"].min() >= 0
    assert found["boxes"].max() <= 96


def test_a_flip_moves_the_boxes_with_the_picture():
    """With every image flipped, the loss is that of the mirrored image and its mirrored boxes."""
    task = Detection(head(), LABELS, augmentation=Augmentation(flip=1.0)).eval()
    given = batch(1)
    mirrored = {k: v.clone() for k, v in given.items()}
    mirrored["image"] = given["image"].flip(3)
    mirrored["boxes"][..., [0, 2]] = 96 - given["boxes"][..., [2, 0]]
    plain = detection(task.head, augment=False).eval()
    for name, term in task.loss(given).items():
        torch.testing.assert_close(term, plain.loss(mirrored)[name])


def test_a_loss_of_another_name_is_refused():
    with pytest.raises(InputError, match="'mining' or 'focal'"):
        head(loss="hinge")


@pytest.mark.parametrize(
    ("form", "merged"),
    [({}, True), ({"separable": True, "kernel_size": 3}, True), ({"separable": True}, False)],
    ids=["1x1", "3x3", "SSDLite"],
)
def test_a_folded_head_predicts_boxes_and_classes_at_once(form, merged):
    network = head(**form).eval()
    for layer in (*network.box_predictors, *network.class_predictors):
        for parameter in layer.parameters():
            torch.nn.init.normal_(parameter, std=0.1)
    answering = folded(network)
    assert network.predictors is None
    assert len(network.box_predictors) == 6
    assert (answering.predictors is not None) == merged
    images = torch.randn(2, 3, *network.size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        for expected, found in zip(network(images), answering(images), strict=True):
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
