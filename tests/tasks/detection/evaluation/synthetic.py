"""Made-up ground truth and detections with COCO's proportions, for timing the evaluation."""

import numpy as np

from tasks.detection.evaluation.arrays import Detections, GroundTruth

CATEGORIES = 80
BOXES = 7.4  # mean ground-truth boxes an image that has some
EMPTY = 0.01  # share of the images that have none
CROWDS = 0.012  # their share of the boxes
SIDE = 640.0


def synthetic(
    images: int = 5000, boxes_per_image: int = 100, seed: int = 0
) -> tuple[GroundTruth, Detections]:
    """Ground truth of COCO's proportions and `boxes_per_image` detections for every image.

    As in COCO val2017: 80 categories of very unequal frequency, about 3 of them and 7.4 boxes an
    image, a few images without boxes, 1.2% crowds, areas (of masks) smaller than the boxes. Six
    detections in ten are jittered copies of a ground-truth box of their image; the others lie
    anywhere. Scores are float32 values in 0..1 that favour the good copies, boxes are xywh pixels.
    """
    rng = np.random.default_rng(seed)
    image_ids = 10 + 7 * np.arange(images)
    frequency = 1 / np.arange(1.0, CATEGORIES + 1)
    frequency /= frequency.sum()
    present = rng.choice(CATEGORIES, size=(images, 4), p=frequency) + 1  # categories of each image

    count = 1 + rng.negative_binomial(1, 1 / BOXES, size=images)
    count[rng.random(images) < EMPTY] = 0
    image = np.repeat(np.arange(images), count)
    category = present[image, rng.integers(0, 4, image.size)]
    boxes = _boxes(rng, image.size)
    crowd = rng.random(image.size) < CROWDS
    boxes[crowd, 2:] = np.minimum(3 * boxes[crowd, 2:], SIDE - boxes[crowd, :2])
    area = boxes[:, 2] * boxes[:, 3] * rng.uniform(0.4, 0.9, image.size)

    of_image = np.repeat(np.arange(images), boxes_per_image)
    copied = (rng.random(of_image.size) < 0.6) & (count[of_image] > 0)
    first = np.cumsum(count) - count
    source = (first[of_image] + rng.integers(0, np.maximum(count, 1)[of_image]))[copied]
    labels = np.where(
        rng.random(of_image.size) < 0.5,
        present[of_image, rng.integers(0, 4, of_image.size)],
        rng.choice(CATEGORIES, size=of_image.size, p=frequency) + 1,
    )
    found = _boxes(rng, of_image.size)
    scores = rng.beta(1, 4, of_image.size)
    kept = rng.random(source.size) < 0.85  # the other copies get the class wrong
    labels[copied] = np.where(kept, category[source], labels[copied])
    jitter = rng.exponential(0.2, source.size)
    size = boxes[source, 2:]
    found[copied, :2] = boxes[source, :2] + jitter[:, None] * size * rng.normal(size=size.shape)
    found[copied, 2:] = size * np.exp(jitter[:, None] * rng.normal(size=size.shape))
    scores[copied] = np.clip(np.exp(-3 * jitter) * rng.beta(3, 2, source.size), 0, 1)

    truth = GroundTruth(
        image_ids=image_ids,
        category_ids=np.arange(1, CATEGORIES + 1),
        box_image=image_ids[image],
        box_category=category,
        boxes=boxes.round(2),
        area=area,
        crowd=crowd,
    )
    return truth, Detections(
        image=image_ids[of_image],
        category=labels,
        boxes=found.astype(np.float32),
        scores=scores.astype(np.float32),
    )


def _boxes(rng: np.random.Generator, number: int) -> np.ndarray:
    """Boxes of COCO's sizes (about four in ten below 32 x 32 pixels) inside the image."""
    size = np.minimum(
        np.exp(rng.normal(3.9, 1.1, (number, 1)) + rng.normal(0, 0.35, (number, 2))), SIDE
    )
    return np.concatenate([rng.random((number, 2)) * (SIDE - size), size], axis=1)
