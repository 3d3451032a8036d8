"""Write a trained network's outputs to a file that students can learn from:

    python -m tasks.teacher CHECKPOINT IMAGES [--output FILE.npz]

IMAGES is a folder, which is searched with all its subfolders. The file contains `name`, each
image's path relative to the folder, and `output` float32[N, D], the outputs of the network's head.
distill=cached distill.outputs=FILE.npz reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np

from backbone.errors import InputError, number_of
from backbone.files import require_writable, write_atomically
from tasks.cli.arguments import add_trust, command_parser, mistakes_exit, show_progress
from tasks.images.inputs import (
    named_images,
    refuse_overwriting,
    require_file,
)
from tasks.images.loading import load_view
from tasks.images.view import View

BATCH = 64  # images that the network sees together


class Views:
    """The images as evaluation sees them, each uint8[h, w, 3]."""

    def __init__(self, paths: Sequence[Path], view: View, size: tuple[int, int]):
        self.paths, self.view, self.size = paths, view, size

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, i: int) -> np.ndarray:
        return load_view(self.paths[i], self.size, lambda w, h: self.view.region(w, h, self.size))


def write_outputs(checkpoint: Path, folder: Path, output: Path, trust: Sequence[str] = ()) -> int:
    """Write the outputs of a trained head for all images in a folder.

    Returns:
        The number of images.

    Raises:
        InputError: the folder does not exist or has no images; an image cannot be read, so the file
            would lack it; or the file cannot be written.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    paths, _ = named_images([folder])
    for path in paths:
        require_file(path)
    refuse_overwriting([output], [checkpoint, *paths])
    require_writable(output)
    import torch
    from torch.utils.data import DataLoader, Dataset

    from tasks.runs.names import at
    from tasks.training.restore import load_task

    task, saved = load_task(checkpoint, trust)
    if at(saved.config, ("task", "distillation")) is None:
        raise InputError(f"{checkpoint}: task={saved.task_name} cannot be distilled")
    if at(saved.config, ("task", "kind")) == "detection":
        raise InputError(
            f"{checkpoint}: a detector's answers change with every crop of an image, so a file "
            f"cannot hold them: use distill=teacher distill.teacher={checkpoint}"
        )
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    task.to(device)
    task.fold()
    answers = []
    views = cast("Dataset[np.ndarray]", Views(paths, task.view, saved.size))
    for pixels in DataLoader(views, batch_size=BATCH):
        with torch.inference_mode():
            images = task.preprocess(pixels.permute(0, 3, 1, 2).to(device))
            answers.append(task.head(images).float().cpu().numpy())
        show_progress(min(len(answers) * BATCH, len(paths)), len(paths), "image")
    names = [path.relative_to(folder).as_posix() for path in paths]
    ids = [str(i) for i in task.labels.ids] if task.outputs_are_labels else []
    with write_atomically(output) as partial, partial.open("wb") as file:
        np.savez(
            file,
            name=np.array(names),
            output=np.concatenate(answers),
            label=np.array(ids, dtype=str),
        )
    return len(paths)


def main() -> None:
    """The command line; the exit code is 2 for anything that the user can correct."""
    parser = command_parser("tasks.teacher", __doc__)
    parser.add_argument("checkpoint", type=Path, help="best.ckpt of a run")
    parser.add_argument("images", type=Path, help="folder of images")
    parser.add_argument("--output", type=Path, default=Path("outputs.npz"), help="file to write")
    add_trust(parser)
    arguments = parser.parse_args()
    with mistakes_exit():
        count = write_outputs(
            arguments.checkpoint, arguments.images, arguments.output, arguments.trust
        )
        print(
            f"{number_of(count, 'output')}: {arguments.output}; teach with "
            f"distill=cached distill.outputs={arguments.output}"
        )


if __name__ == "__main__":
    main()
