"""The detector's loading beside torchvision's v2 transforms: images per second on one core."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from omegaconf import DictConfig
from PIL import Image
from torchvision import tv_tensors
from torchvision.transforms import v2

from tasks.benchmarks.timing import Figures, images_per_second
from tasks.detection.coco.dataset import CocoDetection, collate_detection
from tasks.detection.coco.index import CocoIndex, load_index
from tasks.detection.crop import RandomCrop
from tasks.images.preprocessing import Augmentation, Preprocess
from tasks.samples.coco import draw_coco


def torchvision_pipeline(index: CocoIndex, count: int, size: tuple[int, int]) -> Callable[[], None]:
    """Loading as in torchvision's reference script for SSD, one image at a time, from PIL."""
    transform = v2.Compose(
        [
            v2.PILToTensor(),
            v2.RandomPhotometricDistort(),
            v2.RandomIoUCrop(),
            v2.RandomHorizontalFlip(),
            v2.Resize(size, antialias=True),
            v2.ToDtype(torch.float32, scale=True),
            v2.SanitizeBoundingBoxes(),
        ]
    )

    def run() -> None:
        for i in range(count):
            rows = slice(index.offsets[i], index.offsets[i + 1])
            image = Image.open(index.path(i)).convert("RGB")
            boxes = tv_tensors.BoundingBoxes(
                torch.from_numpy(index.boxes[rows]), format="XYXY", canvas_size=image.size[::-1]
            )
            transform(image, {"boxes": boxes, "labels": torch.from_numpy(index.labels[rows])})

    return run


def our_pipeline(dataset: CocoDetection, count: int, preprocess: Preprocess) -> Callable[[], None]:
    """Decode, crop, resize and batch; then flips, colours and normalisation for the whole batch."""

    def run() -> None:
        for start in range(0, count, 16):
            rows = range(start, min(start + 16, count))
            preprocess.augment(collate_detection([dataset[(i, 0)] for i in rows])["image"])

    return run


def pipelines(config: DictConfig, size: tuple[int, int], rounds: int) -> Figures:
    """Time both pipelines on the same files with one thread: the data set's, or a drawn set's."""
    root = Path(config.data.root)
    with tempfile.TemporaryDirectory() as folder:
        if not (root / "annotations").is_dir():
            root = Path(folder) / "sample"
            draw_coco(root, train=96, val=4)
        index = load_index(
            root / f"annotations/instances_train{config.data.year}.json",
            root / f"train{config.data.year}",
            cache_dir=Path(folder) / "cache",
            num_classes=config.data.num_classes,
        )
        count = min(len(index), 96)
        dataset = CocoDetection(index, size=size, crop=RandomCrop())
        preprocess = Preprocess(((0.5,) * 3, (0.5,) * 3), Augmentation(**config.preprocess))
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        figures = images_per_second(
            {
                "torchvision v2": torchvision_pipeline(index, count, size),
                "this suite": our_pipeline(dataset, count, preprocess),
            },
            count,
            rounds,
        )
        torch.set_num_threads(threads)
        return figures
