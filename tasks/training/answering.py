"""A model's answers for files: annotated pictures and videos, and plain values for JSON."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from backbone.errors import InputError, number_of, one_line, visible
from backbone.files import write_atomically
from tasks.images.files import open_image
from tasks.images.inputs import require_file
from tasks.images.video import Frame, Video, VideoWriter, open_video
from tasks.training.metric import Prediction
from tasks.training.model import Model
from tasks.training.presenter import Answer


class Picture(NamedTuple):
    """An image that has been read, and the path of its annotated picture."""

    path: Path
    image: Image.Image
    output: Path


def read_images(
    model: Model, pairs: Sequence[tuple[Path, Path]]
) -> tuple[list[Picture], Prediction]:
    """The images of a batch that can be read, and the model's raw answers for them.

    An image that cannot be read is reported on stderr and left out.

    Args:
        pairs: each image, and the path of its picture.
    """
    read, pixels = [], []
    for path, output in pairs:
        try:
            require_file(path)
            # decoded twice: as a whole to draw on, and as the loaders decode it for the network
            image = open_image(path)
            pixels.append(model.pixels(path, image.width, image.height))
            read.append(Picture(path, image, output))
        except InputError as error:
            print(f"error: {visible(str(error))}", file=sys.stderr)
    sizes = [(image.height, image.width) for _, image, _ in read]
    return read, model.predict(pixels, sizes) if read else {}


def answer_image(model: Model, picture: Picture, prediction: Prediction, i: int) -> Answer:
    """Draw image i of a batch with its answer, print the answer in one line, and return it."""
    presenter, path = model.presenter, picture.path
    answer = presenter.describe(prediction, i)
    answer |= presenter.compare(answer, path)
    drawn = presenter.draw(picture.image, answer)
    with write_atomically(picture.output) as partial:
        drawn.save(partial, "JPEG", quality=92)
    print(one_line(f"{path}: {presenter.tell(answer)}"))
    return answer


def own_entries(
    model: Model, picture: Picture, answer: Answer, prediction: Prediction, i: int
) -> list[Answer]:
    """An image's entry in predictions.json: its file, its picture and its answer."""
    return [{"image": str(picture.path), "picture": picture.output.name, **answer}]


def coco_entries(paths: Sequence[Path], lowest: float) -> Callable[..., list[Answer]]:
    """A function like `own_entries` that returns an image's entries in COCO's list of results.

    Its `image_id` is the number in the file's name if all names are different numbers, as COCO's
    are (000000000139.jpg is image 139); otherwise the file's name if all names differ; otherwise
    its path as given.

    Args:
        paths: all images of the list.
        lowest: only boxes with at least this score are listed.
    """
    ids: list[int | str] = [path.name for path in paths]
    if all(path.stem.isascii() and path.stem.isdecimal() for path in paths):
        numbers = [int(path.stem) for path in paths]
        ids = [*numbers] if len({*numbers}) == len(numbers) else ids
    if len({*ids}) < len(ids):
        ids = [str(path) for path in paths]
    id_of = dict(zip(paths, ids, strict=True))

    def entries(
        model: Model, picture: Picture, answer: Answer, prediction: Prediction, i: int
    ) -> list[Answer]:
        found = model.presenter.coco_results(prediction, i, id_of[picture.path])
        return [entry for entry in found if entry["score"] >= lowest]

    return entries


def answer_video(model: Model, path: Path, output: Path, batch: int) -> Answer:
    """Write a video with the answers for each frame, and print how many frames per second it took.

    If a frame cannot be decoded, the answers for earlier frames are kept, and stderr says so.

    Args:
        output: the MP4 to write.
        batch: frames that are answered together.

    Returns:
        `video`, `picture`, `frames_per_second` of the video, `complete`, and `frames`: for each its
        number, its `time` in seconds, and its answer; boxes in pixels of the frame as it is shown.

    Raises:
        InputError: no frame can be read.
    """
    require_file(path)
    answers: list[Answer] = []
    started = time.perf_counter()
    with open_video(path) as video:
        fault: deque[InputError] = deque(maxlen=1)
        with write_atomically(output) as partial, partial.open("w+b") as file:
            writer = VideoWriter(file, video.rate)
            frames = _until_fault(video, fault)
            while read := list(islice(frames, batch)):
                for frame, answer in answered(model, read):
                    writer.add(model.presenter.draw(frame.image, answer), frame.time)
                    answers.append({"frame": len(answers), "time": round(frame.time, 4), **answer})
                _progress(path, len(answers), started)
            if not answers:
                raise fault[0] if fault else InputError(f"{path}: this video has no frames")
            writer.close()
        rate, short = video.rate, video.shortfall(len(answers), answers[-1]["time"])
    if sys.stderr.isatty():
        print(file=sys.stderr)
    if fault:
        reason = visible(str(fault[0]))
        print(f"error: {reason}; the frames before it are answered", file=sys.stderr)
    elif short:
        print(f"warning: {path}: {short}", file=sys.stderr)
    speed = len(answers) / (time.perf_counter() - started)
    print(
        one_line(
            f"{path}: {number_of(len(answers), 'frame')} answered, {speed:.1f} per second; the "
            f"video has {rate:.4g}. The last: {model.presenter.tell(answers[-1])}"
        )
    )
    return {
        "video": str(path),
        "picture": output.name,
        "frames_per_second": round(rate, 4),
        "complete": not fault,
        "frames": answers,
    }


def answered(model: Model, frames: Sequence[Frame]) -> Iterator[tuple[Frame, Answer]]:
    """Each frame of a batch with its answer; frames may have different sizes."""
    pixels = [model.pixels_of(frame.image) for frame in frames]
    prediction = model.predict(pixels, [(f.image.height, f.image.width) for f in frames])
    for i, frame in enumerate(frames):
        yield frame, model.presenter.describe(prediction, i)


def _until_fault(video: Video, fault: deque[InputError]) -> Iterator[Frame]:
    """The frames before one that cannot be decoded, whose error is put into `fault`."""
    try:
        yield from video.frames()
    except InputError as error:
        fault.append(error)


def _progress(path: Path, count: int, started: float) -> None:
    if sys.stderr.isatty():
        speed = count / (time.perf_counter() - started)
        frames = number_of(count, "frame")
        print(f"\r{path}: {frames}, {speed:.1f} per second", end="", file=sys.stderr)
