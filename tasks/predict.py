"""Answer for images and videos: python -m tasks.predict CHECKPOINT IMAGE... [--output DIR].

The checkpoint alone rebuilds the model. Images are files, folders, which are searched with all
their subfolders, or patterns in quotes, such as "photos/**/*.jpg". Videos must be named, or matched
by a pattern. Writes one annotated picture or video for each, and predictions.json with all answers,
in pixels of the original images.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from backbone.errors import InputError, number_of, visible
from backbone.files import require_writable
from tasks.cli.arguments import add_trust, command_parser, mistakes_exit
from tasks.images.inputs import distinct_names, named_images, refuse_overwriting
from tasks.images.video import is_video, require_pyav
from tasks.runs.directory import write_whole

FORMATS = ("answers", "coco")
BATCH = 16  # images, or frames of a video, that are answered together


def predict(
    checkpoint: Path,
    given: list[Path],
    output: Path,
    trust: Sequence[str] = (),
    threshold: float | None = None,
    form: str = "answers",
) -> int:
    """Answer, draw and write; files that cannot be read are reported on stderr and skipped.

    Args:
        threshold: lowest score of a detector's boxes in the answer; None: the threshold that its
            validation chose. COCO's list then has boxes of any score, which its metric needs.
        form: of predictions.json: "answers", or "coco" for COCO's list of results.

    Returns:
        The number of images and videos that could not be read completely.

    Raises:
        InputError: there are no images, the checkpoint cannot be used, or the output folder cannot
            be written or contains inputs that would be replaced.
    """
    if threshold is not None and not 0 <= threshold <= 1:
        raise InputError(f"--threshold={threshold}: give a score from 0 to 1, such as 0.3")
    paths, skipped = named_images(given, output)
    images = [path for path in paths if not is_video(path)]
    videos = [path for path in paths if is_video(path)]
    if videos:
        require_pyav()
    if videos and form == "coco":
        raise InputError(f"{videos[0]}: COCO's list has no frames; leave out --format coco")
    pictures, films = distinct_names(images, ".jpg"), distinct_names(videos, ".mp4")
    answers_file = output / "predictions.json"
    written = [answers_file, *(output / name for name in (*pictures, *films))]
    refuse_overwriting(written, [checkpoint, *paths])
    require_writable(answers_file)
    print("".join(f"{line}\n" for line in skipped), end="")
    # torch is imported here, after everything that is quick
    import torch

    from tasks.training.answering import (
        answer_image,
        answer_video,
        coco_entries,
        own_entries,
        read_images,
    )
    from tasks.training.model import Model

    model = Model.load(checkpoint, trust, "cuda" if torch.cuda.is_available() else "cpu")
    if threshold is not None:
        model.presenter.keep_above(threshold)
    if form == "coco":
        model.presenter.require_boxes()
    entries = own_entries if form == "answers" else coco_entries(images, threshold or 0.0)
    answers: list[dict[str, Any]] = []
    failed = 0
    pairs = [(path, output / name) for path, name in zip(images, pictures, strict=True)]
    for start in range(0, len(pairs), BATCH):
        some = pairs[start : start + BATCH]
        read, prediction = read_images(model, some)
        failed += len(some) - len(read)
        for i, image in enumerate(read):
            answer = answer_image(model, image, prediction, i)
            answers += entries(model, image, answer, prediction, i)
    for path, name in zip(videos, films, strict=True):
        try:
            answers.append(answer_video(model, path, output / name, BATCH))
            failed += not answers[-1]["complete"]
        except InputError as error:
            print(f"error: {visible(str(error))}", file=sys.stderr)
            failed += 1
    write_whole(answers_file, json.dumps(answers, indent=2) + "\n")
    kinds = ("image or video", "images and videos") if videos else ("image",)
    print(f"{len(paths) - failed:,} of {number_of(len(paths), *kinds)} answered: {answers_file}")
    return failed


def main() -> None:
    """The command line; the exit code is 2 for anything that the user can correct."""
    parser = command_parser("tasks.predict", __doc__)
    parser.add_argument("checkpoint", type=Path, help="best.ckpt of a run")
    parser.add_argument(
        "images", type=Path, nargs="+", metavar="IMAGE", help="files, folders, patterns or videos"
    )
    parser.add_argument("--output", type=Path, default=Path("predictions"), help="folder to write")
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="SCORE",
        help="lowest score of a box in the answer; default: the threshold that validation chose",
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default=FORMATS[0],
        dest="form",
        help="of predictions.json: answers, or COCO's list of results",
    )
    add_trust(parser)
    arguments = parser.parse_args()
    with mistakes_exit():
        failed = predict(
            arguments.checkpoint,
            arguments.images,
            arguments.output,
            arguments.trust,
            threshold=arguments.threshold,
            form=arguments.form,
        )
    sys.exit(2 if failed else 0)


if __name__ == "__main__":
    main()
