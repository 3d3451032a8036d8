import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from backbone.errors import InputError
from tasks.detection.coco.dataset import CocoDetection, collate_detection
from tasks.detection.coco.index import load_index
from tasks.detection.crop import Crop, RandomCrop
from tasks.images.files import PADDING
from tasks.images.view import View
from tests.tasks.detection.coco.loading import load_split


@pytest.fixture
def index(coco_files, tmp_path):
    return load_index(*coco_files, cache_dir=tmp_path, num_classes=91)


def equal(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[key], b[key]) for key in a)


def test_item_without_crop(index):
    item = CocoDetection(index, (128, 192), crop=RandomCrop())[0]
    assert item["image"].shape == (128, 192, 3)
    assert item["image"].dtype == np.uint8
    assert item["boxes"].dtype == np.float32
    assert item["boxes"].tolist() == [[16, 16, 96, 80], [120, 8, 168, 104]]
    assert item["labels"].tolist() == [1, 90]
    assert item["image_id"] == 1
    assert item["size"].tolist() == [64, 96]
    assert item["extent"].tolist() == [128, 192]


def test_an_item_that_keeps_its_aspect(index):
    data = CocoDetection(index, (96, 192), crop=RandomCrop(), view=View(keep_aspect=True))
    item = data[0]  # 96 x 64 pixels, half again as large in a wide frame
    assert item["image"].shape == (96, 192, 3)
    assert item["extent"].dtype == np.float32
    assert item["extent"].tolist() == [96, 144]
    assert item["boxes"].tolist() == [[12, 12, 72, 60], [90, 6, 126, 78]]
    assert item["size"].tolist() == [64, 96]
    assert (item["image"][:, 144:] == PADDING).all()
    assert (item["image"][:, :142, 2].max(axis=0) > 200).all(), "blue or red up to the edge"


def test_crowds_are_not_learned(index):
    data = CocoDetection(index, (80, 60))
    assert data[1]["boxes"].tolist() == [[10, 20, 40, 60]]
    assert data[2]["boxes"].shape == (0, 4)


@pytest.mark.parametrize("keep_aspect", [False, True])
@pytest.mark.parametrize("size", [(90, 150), (24, 30)])
def test_boxes_stay_on_their_objects(index, size, keep_aspect):
    """Objects are red on blue: red pixels and boxes have to be the same places."""
    data = CocoDetection(index, size, crop=RandomCrop(), view=View(keep_aspect=keep_aspect))
    cropped = 0
    for i, epoch in np.ndindex(2, 40):
        item = data[i, epoch]
        cropped += not np.array_equal(item["boxes"], data[i]["boxes"])
        height, width = item["extent"].astype(int)
        assert (height, width) == size or keep_aspect
        assert (item["image"][height:] == PADDING).all()
        assert (item["image"][:, width:] == PADDING).all()
        assert (item["boxes"] <= np.array([width, height] * 2) + 1e-3).all()
        y, x = np.mgrid[0 : size[0], 0 : size[1]] + 0.5
        inside = np.zeros(size, bool)
        edge = np.zeros(size, bool)
        for x0, y0, x1, y1 in item["boxes"]:
            inside |= (x > x0) & (x < x1) & (y > y0) & (y < y1)
            # resampling mixes the colours over two pixels of whichever grid is coarser
            for near, by, far, at in ((x, x0, x1, size[1]), (y, y0, y1, size[0])):
                blur = 2 * max(1.0, at / 24)
                edge |= (abs(near - by) < blur) | (abs(near - far) < blur)
        red = item["image"][..., 0] > 128
        # an object whose centre is cut off leaves red without a box, never a box without red
        assert red[inside & ~edge].all()
    assert cropped > 20


def test_a_crop_is_fitted_as_a_picture_of_its_own(index):
    box = np.array([60.0, 0.0, 96.0, 54.0])
    cropping = CocoDetection(
        index,
        (108, 108),
        crop=lambda boxes, *_: Crop(box, boxes[[1]], np.array([1])),
        view=View(keep_aspect=True),
    )
    item = cropping[0, 0]
    assert item["extent"].tolist() == [108, 72]
    assert item["boxes"].tolist() == [[0, 8, 48, 104]]
    # what stood right of the crop's own edge in the photograph is not seen
    assert (item["image"][:, 72:] == PADDING).all()


def test_crop_decides_boxes_and_labels(index):
    box = np.array([48.0, 0.0, 96.0, 64.0])

    def right_half(boxes, height, width, rng):
        assert (height, width) == (64, 96)
        return Crop(box, boxes[[1]], np.array([1]))

    item = CocoDetection(index, (128, 96), crop=right_half)[0, 0]
    assert item["labels"].tolist() == [90]
    assert item["boxes"].tolist() == [[24, 8, 72, 104]]


def test_every_image_and_epoch_has_draws_of_its_own(index):
    drawn = []

    def whole(boxes, height, width, rng):
        drawn.append(rng.random())
        return Crop(np.array([0.0, 0.0, width, height]), boxes, np.arange(len(boxes)))

    for seed in (0, 1):
        data = CocoDetection(index, (16, 16), crop=whole, seed=seed)
        for key in ((0, 0), (0, 1), (1, 0), (2, 1)):
            data[key]
    assert len(set(drawn)) == 8


def test_augmentation_is_a_function_of_seed_epoch_and_index(index):
    first = CocoDetection(index, (40, 40), crop=RandomCrop(), seed=1)
    again = CocoDetection(index, (40, 40), crop=RandomCrop(), seed=1)
    other = CocoDetection(index, (40, 40), crop=RandomCrop(), seed=2)
    later = [again[0, epoch] for epoch in reversed(range(12))][::-1]
    assert all(equal(first[0, epoch], later[epoch]) for epoch in range(12))
    assert any(not equal(first[0, epoch], other[0, epoch]) for epoch in range(12))
    assert any(not equal(first[0, epoch], first[0, 0]) for epoch in range(1, 12))
    assert equal(first[0], other[0])


def test_collate_pads_to_a_multiple_of_eight(index):
    data = CocoDetection(index, (32, 48))
    items = [data[i] for i in range(3)]
    batch = collate_detection(items)
    assert batch["image"].shape == (3, 3, 32, 48)
    assert batch["image"].dtype == torch.uint8
    assert batch["image"].is_contiguous(memory_format=torch.channels_last)
    assert np.array_equal(batch["image"][1].permute(1, 2, 0), items[1]["image"])
    assert batch["boxes"].shape == (3, 8, 4)
    assert batch["boxes"].dtype == torch.float32
    assert batch["labels"].dtype == batch["count"].dtype == torch.int64
    assert batch["count"].tolist() == [2, 1, 0]
    assert batch["image_id"].tolist() == [1, 2, 3]
    assert batch["size"].tolist() == [[64, 96], [80, 60], [80, 80]]
    assert batch["extent"].dtype == torch.float32
    assert batch["extent"].tolist() == [[32, 48]] * 3
    fitted = collate_detection(
        [CocoDetection(index, (32, 48), view=View(keep_aspect=True))[i] for i in range(3)]
    )
    assert fitted["image"].shape == (3, 3, 32, 48)
    assert fitted["extent"].tolist() == [[32, 48], [32, 24], [32, 32]]
    for row, item in enumerate(items):
        count = len(item["labels"])
        assert np.array_equal(batch["boxes"][row, :count], item["boxes"])
        assert np.array_equal(batch["labels"][row, :count], item["labels"])
        assert not batch["boxes"][row, count:].any()
        assert not batch["labels"][row, count:].any()
    many = items[0] | {"boxes": np.ones((9, 4), np.float32), "labels": np.ones(9, np.int64)}
    assert collate_detection([many, items[2]])["boxes"].shape == (2, 16, 4)
    full = items[0] | {"boxes": np.ones((8, 4), np.float32), "labels": np.ones(8, np.int64)}
    assert collate_detection([full])["labels"].shape == (1, 8)
    assert collate_detection([items[2]])["boxes"].shape == (1, 8, 4)


def test_workers_give_the_same_batches(index):
    data = CocoDetection(index, (32, 48), crop=RandomCrop(), view=View(keep_aspect=True))
    keys = [[(0, 3), (1, 3)], [(2, 3)]]
    loader = DataLoader(data, batch_sampler=keys, collate_fn=collate_detection, num_workers=2)
    for batch, key in zip(loader, keys, strict=True):
        expected = collate_detection([data[k] for k in key])
        assert batch.keys() == expected.keys()
        assert all(torch.equal(batch[name], expected[name]) for name in batch)
        assert batch["image"].is_contiguous(memory_format=torch.channels_last)


def test_bad_file_in_a_worker_is_an_input_error(index, coco_files):
    (coco_files.images / "000000000002.jpg").write_bytes(b"")
    data = CocoDetection(index, (32, 48))
    try:
        list(DataLoader(data, batch_size=3, collate_fn=collate_detection, num_workers=1))
        message = "none raised"
    except InputError as error:
        message = str(error)
        # torch's frames hold the error and it holds them; unbroken, the worker outlives the test
        error.__traceback__ = None
    last = message.strip().splitlines()[-1]
    assert last.startswith("backbone.errors.InputError: ")
    assert last.endswith("000000000002.jpg: the file is empty (0 bytes); get it again")


def test_picture_of_another_size_is_refused(index, coco_files):
    path = coco_files.images / "000000000001.jpg"
    Image.new("RGB", (64, 96)).save(path)
    with pytest.raises(InputError, match=r"000000000001\.jpg: .* 64 x 96 .* 96 x 64"):
        CocoDetection(index, (32, 48))[0]
    # turned by its EXIF orientation it has the annotated size
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (64, 96)).save(path, exif=exif)
    assert CocoDetection(index, (32, 48))[0]["image"].shape == (32, 48, 3)


def test_faulty_boxes_never_reach_a_batch(coco_files, coco_content, tmp_path):
    boxes = [[90, 60, 50, 50], [5, 5, 0, 9], [-9, 0, 9, 9], [1e-7, 1, 1e-6, 4], [95.995, 1, 9, 9]]
    template = coco_content["annotations"][1]
    for number, box in enumerate(boxes, start=100):
        coco_content["annotations"].append(template | {"id": number, "bbox": box})
    coco_files.annotations.write_text(json.dumps(coco_content))
    index = load_index(*coco_files, cache_dir=tmp_path, num_classes=91)
    data = CocoDetection(index, (32, 32), crop=RandomCrop())
    for epoch in range(60):
        boxes = data[0, epoch]["boxes"]
        assert (boxes[:, 2:] > boxes[:, :2]).all()
        assert boxes.min() >= -1e-3
        assert boxes.max() <= 32 + 1e-3
    assert len(data[0]["boxes"]) == 3


def test_excerpt_of_coco(real_coco, tmp_path):
    index, report = load_split(real_coco, "train", cache_dir=tmp_path)
    data = CocoDetection(index, (64, 64), crop=RandomCrop())
    batch = collate_detection([data[i, 0] for i in range(0, 160, 10)])
    assert batch["image"].shape == (16, 3, 64, 64)
    for boxes, labels, count in zip(batch["boxes"], batch["labels"], batch["count"], strict=True):
        assert (boxes[:count, 2:] > boxes[:count, :2]).all()
        assert boxes.max() <= 64 + 1e-3
        assert set(labels[:count].tolist()) <= set(index.names)
    uncropped = sum(len(data.labels[data.offsets[i] : data.offsets[i + 1]]) for i in range(160))
    assert uncropped == report.trainable_boxes == 1268
