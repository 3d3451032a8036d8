"""This SSD compared with torchvision's on the same trunk, maps, images and boxes."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import partial
from typing import Any

import torch
from omegaconf import DictConfig
from torch import Tensor, nn
from torchvision.models.detection import ssd, ssdlite

from tasks.benchmarks.compiled import (
    OURS_COMPILED,
    compile_both,
    compiles,
    time_compiled,
)
from tasks.benchmarks.files import from_files
from tasks.benchmarks.pipeline import pipelines
from tasks.benchmarks.timing import (
    Figures,
    about,
    as_a_run,
    images_per_second,
    steps,
    timed_result,
)
from tasks.data.labels import Labels
from tasks.detection.ssd import SSD
from tasks.detection.task import Detection
from tasks.images.files import image_size
from tasks.training.batch_norm import check_batch_norm
from tasks.training.build import build_task
from tasks.training.trainer import precision

AS_USERS_RUN = "torchvision, as its users run it (fp32, contiguous)"
SAME_MEMORY = "torchvision, kept memory"
OURS = "this suite"


class Maps(nn.Module):
    """A head's trunk and extra maps, as the backbone of a torchvision detector."""

    def __init__(self, head: SSD):
        super().__init__()
        self.head = head
        del head.box_predictors, head.class_predictors

    def forward(self, images: Tensor) -> OrderedDict[str, Tensor]:
        """The maps that carry anchors, named 0 .. n-1."""
        return OrderedDict((str(i), m) for i, m in enumerate(self.head.maps(images)))


def torchvision_ssd(task: Detection, size: tuple[int, int]) -> ssd.SSD:
    """torchvision's SSD, or SSDLite, with its default predictors on a copy of the task's maps."""
    ours, classes = task.head, task.labels.num_classes
    assert isinstance(ours, SSD)
    boxes = ssd.DefaultBoxGenerator(
        [[2]] + [[2, 3]] * (len(ours.channels) - 1), min_ratio=0.2, max_ratio=0.95
    )
    head = None
    if ours.separable and ours.kernel_size is None:
        norm = partial(nn.BatchNorm2d, eps=1e-3)
        head = ssdlite.SSDLiteHead(ours.channels, boxes.num_anchors_per_location(), classes, norm)
    mean, std = ours.trunk.normalization
    return ssd.SSD(
        Maps(deepcopy(ours)).to(memory_format=torch.contiguous_format),
        boxes,
        size=size,
        num_classes=classes,
        head=head,
        image_mean=mean,
        image_std=std,
        nms_thresh=ours.nms_iou,
        detections_per_img=ours.detections,
    )


def synthetic_batch(count: int, size: tuple[int, int], device: torch.device) -> dict[str, Tensor]:
    """Noise images with seven boxes each, COCO's mean, in the layout of the data loaders."""
    generator = torch.Generator().manual_seed(0)
    height, width = size
    rows = 8
    corner = torch.rand(count, rows, 2, generator=generator) * 0.6
    side = 0.05 + torch.rand(count, rows, 2, generator=generator) * 0.35
    scale = torch.tensor([width, height, width, height])
    boxes = torch.cat([corner, corner + side], -1) * scale
    boxes[:, 7:] = 0
    labels = torch.randint(1, 91, (count, rows), generator=generator)
    labels[:, 7:] = 0
    pixels = torch.randint(0, 256, (count, height, width, 3), generator=generator).to(torch.uint8)
    batch = {
        "image": pixels.permute(0, 3, 1, 2),
        "boxes": boxes,
        "labels": labels,
        "count": torch.full((count,), 7),
        "image_id": torch.arange(count),
        "size": torch.tensor([[height, width]]).expand(count, 2).contiguous(),
        "extent": torch.tensor([[float(height), float(width)]]).expand(count, 2).contiguous(),
    }
    return {name: tensor.to(device) for name, tensor in batch.items()}


Peers = Mapping[str, Callable[[Detection, tuple[int, int]], nn.Module]]


class Contest:
    """A detector, its peers, and the batch that all of them get.

    Args:
        config: of a detector's run.
        batch_size: images per step.
        peers: see `side_by_side`.

    Raises:
        InputError: the detector cannot be trained on so few images per step.
    """

    def __init__(self, config: DictConfig, batch_size: int, peers: Peers):
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        size = image_size(config.size)
        torch.manual_seed(0)
        task, _ = build_task(config, Labels(91, list(range(1, 91)), list(range(1, 91)), [""] * 90))
        assert isinstance(task, Detection)
        check_batch_norm(task, batch_size, size, "task.bench.batch_size")
        self.peers = {name: make(task, size).to(self.device) for name, make in peers.items()}
        self.task = task.to(self.device)
        # torchvision's model does not augment either: both times are those of the step alone
        task.preprocess.augmentation = None
        self.answering = deepcopy(task).eval()
        self.answering.fold()
        self.batch = synthetic_batch(batch_size, size, self.device)
        # in torchvision's layout: a list of float images, a list of target dictionaries
        self.images = list((self.batch["image"].float() / 255).contiguous())
        self.targets = [
            {"boxes": boxes[:7], "labels": labels[:7]}
            for boxes, labels in zip(self.batch["boxes"], self.batch["labels"], strict=True)
        ]

    def our_steps(self, bf16: bool) -> dict[str, Callable[[], object]]:
        """Kind of work -> one step of the detector."""

        def loss() -> Tensor:
            return torch.stack(list(self.task.loss(self.batch).values())).sum()

        def answer() -> object:
            return self.answering.predict(self.batch)

        return steps(self.task.head, loss, answer, self.device.type, bf16)

    def steps_of(self, peer: nn.Module, bf16: bool) -> dict[str, Callable[[], object]]:
        """Kind of work -> one step of a peer."""

        def loss() -> Tensor:
            return torch.stack(list(peer(self.images, self.targets).values())).sum()

        return steps(peer, loss, lambda: peer(self.images), self.device.type, bf16)


def side_by_side(
    config: DictConfig, batch_size: int, rounds: int, peers: Peers
) -> tuple[str, dict[str, Figures]]:
    """Images per second in training and inference, of the configuration's detector and its peers.

    torchvision first runs as its users run it: fp32, contiguous, the C library's allocator with its
    defaults. Then it takes turns with this suite, with all settings that this suite uses: kept
    memory, cuDNN's fastest algorithms, channels_last, and bf16 where the hardware computes in it.

    Args:
        config: of a detector's run.
        batch_size: images per step.
        rounds: figures per contender.
        peers: suffix of a contender's name -> a function of the task and the input's (h, w) that
            makes its model. The first is also timed as users run it; the others only take part in
            the turns.

    Returns:
        the machine and the settings in words, and kind of work -> contender -> figures.
    """
    contest = Contest(config, batch_size, peers)
    bf16 = precision("auto") == "bf16-mixed"
    ours = contest.our_steps(bf16)
    suffix, first = next(iter(contest.peers.items()))
    plain = contest.steps_of(first, bf16=False)
    figures = {
        kind: images_per_second({AS_USERS_RUN + suffix: step}, batch_size, rounds)
        for kind, step in plain.items()
    }
    kept = as_a_run(config)
    layout = "bf16 + channels_last" if bf16 else "channels_last"
    for kind, step in plain.items():
        first.to(memory_format=torch.contiguous_format)
        figures[kind].join(images_per_second({SAME_MEMORY + suffix: step}, batch_size, rounds))
        tuned = {
            f"{SAME_MEMORY}, {layout}{name}": contest.steps_of(
                peer.to(memory_format=torch.channels_last), bf16
            )[kind]
            for name, peer in contest.peers.items()
        }
        figures[kind].join(images_per_second(tuned | {OURS: ours[kind]}, batch_size, rounds))
    if compiles(config, contest.device):
        compile_both(contest.task, contest.answering, first, graphs=False)
        theirs = contest.steps_of(first, bf16)
        for kind in plain:
            contenders = {
                f"{SAME_MEMORY}, {layout}, compiled": theirs[kind],
                OURS_COMPILED: ours[kind],
            }
            figures[f"{kind}, compiled"] = time_compiled(contenders, batch_size, rounds)
    figures["from files"] = from_files(config)
    return about(batch_size, image_size(config.size), kept, bf16), figures


def benchmark_ssd(config: DictConfig, batch_size: int = 16, rounds: int = 3) -> dict[str, Any]:
    """This SSD and torchvision's (see `side_by_side`); loading on one core (see `pipelines`)."""
    words, figures = side_by_side(config, batch_size, rounds, {"": torchvision_ssd})
    figures |= pipelines(config, image_size(config.size), rounds)
    return timed_result(words, figures)
