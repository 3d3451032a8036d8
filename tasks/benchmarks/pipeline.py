"""The detector's loading compared with other pipelines: images per second on one core.

Decoding, cropping and resizing of the same boxes are also timed alone, with the libraries that
people load images with.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from omegaconf import DictConfig
from PIL import Image
from torchvision import tv_tensors
from torchvision.transforms import v2

from tasks.benchmarks.timing import Figures, images_per_second, keeping_threads
from tasks.detection.coco.dataset import CocoDetection, collate_detection
from tasks.detection.coco.index import CocoIndex, load_index
from tasks.detection.crop import RandomCrop
from tasks.images.files import Box
from tasks.images.loading import load_view
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


def with_pillow(path: Path, box: Box, size: tuple[int, int]) -> object:
    """Decode and crop-resize with Pillow alone."""
    with Image.open(path) as image:
        resized = image.convert("RGB").resize(size[::-1], Image.Resampling.BILINEAR, box=box)
        return np.asarray(resized)


def with_torchvision(path: Path, box: Box, size: tuple[int, int]) -> object:
    """Decode and crop-resize with torchvision, which crops whole pixels."""
    from torchvision.io import ImageReadMode, decode_image

    return _resized(decode_image(str(path), ImageReadMode.RGB), box, size)


def with_simplejpeg(path: Path, box: Box, size: tuple[int, int]) -> object:
    """Decode with simplejpeg, crop-resize with torchvision."""
    import simplejpeg

    pixels = simplejpeg.decode_jpeg(path.read_bytes())
    return _resized(torch.from_numpy(pixels).permute(2, 0, 1), box, size)


def _resized(image: torch.Tensor, box: Box, size: tuple[int, int]) -> torch.Tensor:
    left, top, right, bottom = map(round, box)
    return v2.functional.resized_crop(
        image, top, left, bottom - top, right - left, list(size), antialias=True
    )


def views(
    paths: Sequence[Path], boxes: Sequence[Box], size: tuple[int, int]
) -> Mapping[str, Callable[[], object]]:
    """Decoding and crop-resizing of these files by each library that is installed."""
    libraries: dict[str, Callable[[Path, Box, tuple[int, int]], object]] = {"Pillow": with_pillow}
    libraries["torchvision"] = with_torchvision
    if find_spec("simplejpeg"):
        libraries["simplejpeg and torchvision"] = with_simplejpeg
    else:
        print("simplejpeg is not timed: it is not installed (pip install simplejpeg)")
    libraries["this suite"] = lambda path, box, size: load_view(path, size, box)

    def all_with(view: Callable[[Path, Box, tuple[int, int]], object]) -> Callable[[], object]:
        return lambda: [view(path, box, size) for path, box in zip(paths, boxes, strict=True)]

    return {name: all_with(view) for name, view in libraries.items()}


def pipelines(config: DictConfig, size: tuple[int, int], rounds: int) -> dict[str, Figures]:
    """Time loading on the same files with one thread: the data set's, or a drawn set's.

    Returns:
        what is timed -> contender -> figures.
    """
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
        paths = [index.path(i) for i in range(count)]
        boxes = []
        for i in range(count):
            rows = slice(index.offsets[i], index.offsets[i + 1])
            height, width = int(index.heights[i]), int(index.widths[i])
            crop = RandomCrop()(index.boxes[rows], height, width, np.random.default_rng(i))
            left, top, right, bottom = crop.box.tolist()
            boxes.append((left, top, right, bottom))
        with keeping_threads():
            torch.set_num_threads(1)
            return {
                "loading, one core": images_per_second(
                    {
                        "torchvision v2": torchvision_pipeline(index, count, size),
                        "this suite": our_pipeline(dataset, count, preprocess),
                    },
                    count,
                    rounds,
                ),
                "decoding and crop-resize, one core": images_per_second(
                    views(paths, boxes, size), count, rounds, warmup=1
                ),
            }
