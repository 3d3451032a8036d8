"""Answer for images: python -m tasks.predict CHECKPOINT IMAGE... [--output DIR].

The checkpoint alone rebuilds the model. Writes an annotated picture for each image, and
predictions.json with everything in pixels of the original images.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from backbone.errors import InputError
from backbone.files import make_folder, write_atomically
from tasks.cli.trust import add_trust
from tasks.images.files import SUFFIXES, load_view, open_image
from tasks.images.view import View
from tasks.runs.directory import write_whole


def image_paths(given: list[Path]) -> list[Path]:
    """The files named, and the images in the folders named."""
    paths = []
    for path in given:
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES)
            if not inside:
                raise InputError(f"{path}: no image in this folder")
            paths += inside
        else:
            paths.append(path)
    return paths


def picture_names(paths: list[Path]) -> list[str]:
    """One output name an image; images of one name in different folders are numbered."""
    names, taken = [], set()
    for i, path in enumerate(paths):
        name = path.stem if path.stem not in taken else f"{path.stem}-{i}"
        taken.add(name)
        names.append(f"{name}.jpg")
    return names


def look(
    path: Path, view: View, size: tuple[int, int]
) -> tuple[Image.Image, np.ndarray, tuple[int, int]]:
    """A photograph, what the network sees of it as uint8[h, w, 3], and its extent therein (h, w).

    The file is decoded twice: whole to draw on, and in the loaders' way, which may be at a fraction
    of its size, so that the network sees the very pixels that it is scored on.

    Raises: InputError for a file that cannot be read as an image.
    """
    image = open_image(path)
    box = view.region(image.width, image.height, size)
    extent = view.extent(image.width, image.height, size)
    return image, load_view(path, size, box, extent=extent), extent


def predict(
    checkpoint: Path, given: list[Path], output: Path, trust: Sequence[str] = (), batch: int = 16
) -> int:
    """Predict, draw and write; an unreadable image is named on stderr, and the others go on.

    Returns:
        How many images could not be read.
    """
    paths = image_paths(given)
    import torch

    from tasks.training.restore import load_task

    task, saved = load_task(checkpoint, trust)
    presenter, size = task.present(), saved.size
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    task = task.to(device)
    make_folder(output)
    answers, failed = [], 0
    names = picture_names(paths)
    for start in range(0, len(paths), batch):
        read = []
        for path, name in zip(
            paths[start : start + batch], names[start : start + batch], strict=True
        ):
            try:
                read.append((path, name, *look(path, task.view, size)))
            except InputError as error:
                print(f"error: {error}", file=sys.stderr)
                failed += 1
        if not read:
            continue
        pixels = np.stack([pixels for *_, pixels, _ in read])
        sizes = [(image.height, image.width) for _, _, image, *_ in read]
        extents = [extent for *_, extent in read]
        with torch.inference_mode():
            prediction = task.predict(
                {
                    "image": torch.from_numpy(pixels).permute(0, 3, 1, 2).to(device),
                    "size": torch.tensor(sizes, device=device),
                    "extent": torch.tensor(extents, dtype=torch.float32, device=device),
                }
            )
        for i, (path, name, image, *_) in enumerate(read):
            answer = presenter.describe(prediction, i)
            answer |= presenter.compare(answer, path)
            with write_atomically(output / name) as partial:
                presenter.draw(image, answer).save(partial, "JPEG", quality=92)
            answers.append({"image": str(path), "picture": name, **answer})
            print(f"{path}: {presenter.tell(answer)}")
    write_whole(output / "predictions.json", json.dumps(answers, indent=2) + "\n")
    print(f"{len(answers)} of {len(paths)} images answered: {output / 'predictions.json'}")
    return failed


def main() -> None:
    """The command line; exit code 2 for anything the user can mend."""
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
