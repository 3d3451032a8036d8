"""Answer for images: python -m tasks.predict CHECKPOINT IMAGE... [--output DIR].

The checkpoint alone rebuilds the model. Folders are searched for images, with all their subfolders.
Writes an annotated picture for each image, and predictions.json with all answers in pixels of the
original images.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backbone.errors import InputError
from backbone.files import make_folder, write_atomically
from tasks.cli.trust import add_trust
from tasks.images.files import open_image
from tasks.images.inputs import (
    distinct_names,
    named_images,
    refuse_overwriting,
    require_file,
)
from tasks.runs.directory import write_whole

if TYPE_CHECKING:
    from tasks.training.model import Model


def predict(
    checkpoint: Path, given: list[Path], output: Path, trust: Sequence[str] = (), batch: int = 16
) -> int:
    """Answer, draw and write; an image that cannot be read is named on stderr, and skipped.

    Returns:
        How many images could not be read.

    Raises:
        InputError: there is no image, the checkpoint cannot be used, or the output folder cannot be
            written or holds inputs that would be replaced.
    """
    paths, skipped = named_images(given, output)
    names = distinct_names(paths, ".jpg")
    answers_file = output / "predictions.json"
    refuse_overwriting([answers_file, *(output / name for name in names)], [checkpoint, *paths])
    print("".join(f"{line}\n" for line in skipped), end="")
    # torch enters here, after every cheap answer
    import torch

    from tasks.training.model import Model

    model = Model.load(checkpoint, trust, "cuda" if torch.cuda.is_available() else "cpu")
    make_folder(output)
    answers: list[dict[str, Any]] = []
    pairs = list(zip(paths, names, strict=True))
    for start in range(0, len(pairs), batch):
        answers += answer_batch(model, pairs[start : start + batch], output)
    write_whole(answers_file, json.dumps(answers, indent=2) + "\n")
    print(f"{len(answers)} of {len(paths)} images answered: {answers_file}")
    return len(paths) - len(answers)


def answer_batch(
    model: "Model", pairs: Sequence[tuple[Path, str]], output: Path
) -> list[dict[str, Any]]:
    """Answer for one batch of images, and write its pictures.

    Args:
        pairs: each image, and the name of its picture in the output folder.

    Returns:
        The answers, without those for images that cannot be read.
    """
    read = []
    for path, name in pairs:
        try:
            require_file(path)
            # decoded twice: whole to draw on, and as the loaders do for the network
            image = open_image(path)
            read.append((path, name, image, model.pixels(path, image.width, image.height)))
        except InputError as error:
            print(f"error: {error}", file=sys.stderr)
    if not read:
        return []
    sizes = [(image.height, image.width) for *_, image, _ in read]
    prediction = model.predict([pixels for *_, pixels in read], sizes)
    answers, presenter = [], model.presenter
    for i, (path, name, image, _) in enumerate(read):
        answer = presenter.describe(prediction, i)
        answer |= presenter.compare(answer, path)
        picture = presenter.draw(image, answer)
        with write_atomically(output / name) as partial:
            picture.save(partial, "JPEG", quality=92)
        answers.append({"image": str(path), "picture": name, **answer})
        print(f"{path}: {presenter.tell(answer)}")
    return answers


def main() -> None:
    """The command line; exit code 2 for anything that the user can correct."""
    parser = argparse.ArgumentParser(prog="python -m tasks.predict", description=__doc__)
    parser.add_argument("checkpoint", type=Path, help="best.ckpt of a run")
    parser.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help="files or folders")
    parser.add_argument("--output", type=Path, default=Path("predictions"), help="folder to write")
    add_trust(parser)
    arguments = parser.parse_args()
    try:
        failed = predict(arguments.checkpoint, arguments.images, arguments.output, arguments.trust)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    sys.exit(2 if failed else 0)


if __name__ == "__main__":
    main()
