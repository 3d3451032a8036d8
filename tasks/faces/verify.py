"""Score embeddings on pairs of faces by LFW's protocol:

    python -m tasks.faces.verify CHECKPOINT LFW_ROOT [--pairs FILE] [--output DIR]

CHECKPOINT is a best.ckpt of task=face_embedding, or an .npz file of embeddings from any program:
`name` str[N], as in NAME/NAME_0001.jpg, and `embedding` float[N, D]. Writes result.json, the ROC,
the distances and the worst errors.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backbone.errors import InputError
from tasks.cli.arguments import add_trust, command_parser, mistakes_exit, show_progress
from tasks.runs.processes import usable_cores

if TYPE_CHECKING:
    import numpy as np

    from tasks.faces.face_index import FaceIndex

BATCH = 64  # photographs that a network sees together


def embeddings_of_file(path: Path, index: FaceIndex) -> np.ndarray:
    """float32[N, D] of unit length, or zeros, from an .npz file, in the order of an index.

    Raises:
        InputError: the file does not exist, or lacks photographs.
    """
    import numpy as np

    from tasks.distillation.cached_outputs import read_outputs

    names, values, _ = read_outputs(path)
    rows = {name: row for row, name in enumerate(names.tolist())}
    files = [os.fsdecode(file) for file in index.files]
    missing = [file for file in files if file not in rows]
    if missing:
        lines = "\n".join(f"  {file}" for file in missing[:10])
        raise InputError(
            f"{path} lacks {len(missing):,} of the {len(files):,} photographs in the pairs:\n"
            f"{lines}"
        )
    chosen = values[[rows[file] for file in files]]
    lengths = np.linalg.norm(chosen, axis=1, keepdims=True)
    unit: np.ndarray = chosen / np.maximum(lengths, 1e-12)  # zeros, where no face was found, stay
    return unit


def embeddings_of_network(
    path: Path,
    index: FaceIndex,
    box: Sequence[float] | None,
    trust: Sequence[str] = (),
) -> tuple[np.ndarray, FaceIndex]:
    """A checkpoint's embeddings of the photographs in an index.

    Args:
        path: of the checkpoint.
        index: the N photographs.
        box: the part of each photograph that the network sees; None: the part that the checkpoint's
            configuration gives for its verification data.
        trust: see `load_task`.

    Returns:
        float32[N, D] of unit length, and the index with the box that was used.

    Raises:
        InputError: the checkpoint is of another task.
    """
    import numpy as np
    import torch
    from torch.utils.data import DataLoader

    from tasks.data.labelled_images import LabelledImages, collate_labelled
    from tasks.faces.embedding_task import FaceEmbedding
    from tasks.images.view import View
    from tasks.runs.names import at
    from tasks.training.restore import load_task

    task, saved = load_task(path, trust)
    if not isinstance(task, FaceEmbedding):
        raise InputError(f"{path} is of task={saved.task_name}: pairs need task=face_embedding")
    index = index.framed(at(saved.config, ("data", "verification", "box")) if box is None else box)
    dataset = LabelledImages(index, saved.size, view=View(task.view.crop_fraction))
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    task.to(device)
    task.fold()
    answers: list[np.ndarray] = []
    workers = usable_cores()
    for images in DataLoader(dataset, BATCH, collate_fn=collate_labelled, num_workers=workers):
        with torch.inference_mode():
            answer = task.predict({"image": images["image"].to(device)})
        answers.append(answer["embedding"].cpu().numpy())
        show_progress(min(len(answers) * BATCH, len(dataset)), len(dataset), "photograph")
    return np.concatenate(answers), index


def verify(
    source: Path,
    root: Path,
    pairs_list: Path | None,
    output: Path,
    box: Sequence[float] | None = None,
    trust: Sequence[str] = (),
) -> dict[str, Any]:
    """Score, write result.json and then the pictures.

    If a picture cannot be drawn, a warning names it, and the result is kept.

    Args:
        source: a checkpoint, or an .npz file of embeddings.
        root: folder of the photographs.
        pairs_list: the list of pairs; None: ROOT/pairs.txt.
        output: folder to write into.
        box: the part of each photograph that the network sees; see `embeddings_of_network`.
        trust: see `load_task`.

    Returns:
        The content of result.json.

    Raises:
        InputError: see `load_lfw`, `embeddings_of_file` and `embeddings_of_network`.
    """
    from tasks.faces.lfw import list_in, load_lfw

    index, pairs = load_lfw(root, pairs_list or list_in(root, "pairs.txt"))
    import torch

    from tasks.faces.verification import Verification
    from tasks.faces.verification_plots import pair_pictures
    from tasks.runs.directory import write_whole
    from tasks.runs.resamples import bootstrap_facts, draw_all, intervals

    if source.suffix == ".npz":
        embedding, index = embeddings_of_file(source, index), index.framed(box)
    else:
        embedding, index = embeddings_of_network(source, index, box, trust)
    metric = Verification(pairs)
    metric.update({"embedding": torch.from_numpy(embedding)}, torch.arange(len(index)))
    scores = metric.compute()
    assert scores.pairs is not None  # the metric was given pairs
    leaks = pairs.leaks(index.labels)
    drawn = draw_all(scores.resamplings, [index.path(row) for row in range(len(index))])
    result = {
        "embeddings": str(source),
        "pairs": f"{len(pairs):,} pairs ({pairs.title}) of {len(index):,} photographs",
        "metrics": scores.metrics,
        "intervals": intervals(drawn),
        "bootstrap": bootstrap_facts(drawn),
        "note": scores.pairs.note,
        "people_in_several_folds": leaks if pairs.folds > 1 else None,
        "thresholds": sorted(set(scores.pairs.threshold.tolist())),
    }
    write_whole(output / "result.json", json.dumps(result, indent=2) + "\n")
    for name, draw in pair_pictures(scores, pairs, index).items():
        try:
            draw(output / name)
        except Exception as error:
            print(f"warning: {output / name} was not drawn: {error}", file=sys.stderr)
    return result


def scores_table(result: dict[str, Any]) -> str:
    """The scores, one per line, and how they were computed."""
    width = max(map(len, result["metrics"]))
    lines = [
        f"{name:<{width}}  {100 * value:6.2f}  {_percent(result['intervals'].get(name))}".rstrip()
        for name, value in result["metrics"].items()
    ]
    low, high = result["thresholds"][0], result["thresholds"][-1]
    lines.append(f"squared distance below {low:.3g} to {high:.3g}: one person")
    return "\n".join([result["pairs"], *lines, result["note"]])


def _percent(ends: Sequence[float] | None) -> str:
    return "" if ends is None else f"(95% interval {100 * ends[0]:.2f} to {100 * ends[1]:.2f})"


def main() -> None:
    """The command line; the exit code is 2 for anything that the user can correct."""
    parser = command_parser("tasks.faces.verify", __doc__)
    parser.add_argument("source", type=Path, metavar="CHECKPOINT", help="best.ckpt, or an .npz")
    parser.add_argument("root", type=Path, metavar="LFW_ROOT", help="folder of NAME/NAME_0001.jpg")
    parser.add_argument("--pairs", type=Path, help="list of pairs; LFW_ROOT/pairs.txt by default")
    parser.add_argument("--output", type=Path, default=Path("verification"), help="folder to write")
    parser.add_argument(
        "--box",
        type=float,
        nargs=4,
        metavar=("LEFT", "TOP", "RIGHT", "BOTTOM"),
        help="part of each photograph to use, as fractions; default: the checkpoint's own",
    )
    add_trust(parser)
    given = parser.parse_args()
    with mistakes_exit():
        result = verify(given.source, given.root, given.pairs, given.output, given.box, given.trust)
        print(scores_table(result))
        print(f"written: {given.output}")


if __name__ == "__main__":
    main()
