"""CelebA (Liu et al., "Deep Learning Face Attributes in the Wild", arXiv 1411.7766): its own files.

`python -m tasks.faces.unpack` makes them, once, from the parquet files of a mirror.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backbone.errors import InputError, listed_briefly
from tasks.data.image_source import ImageSet, require
from tasks.faces.attribute_index import AttributeIndex, choose, named
from tasks.faces.celeba_lists import read_attributes, read_partition, require_images

IMAGES, ATTRIBUTES, PARTITION = (
    "img_align_celeba",
    "list_attr_celeba.txt",
    "list_eval_partition.txt",
)
IDENTITIES = "identity_CelebA.txt"  # on request: who each image shows
LAYOUT = f"""{IMAGES}/000001.jpg   the aligned faces, 178 x 218 pixels
{ATTRIBUTES}          their number, the attributes' names, then lines of 'file 1 -1 ...'
{PARTITION}       lines of 'file number': 0 training, 1 validation, 2 test"""
DOWNLOADS = (
    "img_align_celeba.zip (1.4 GB), list_attr_celeba.txt and list_eval_partition.txt, from",
    "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html (non-commercial research)",
)
SPLITS = ("train", "val", "test")
OFFICIAL = (162_770, 19_867, 19_962)


@dataclass(frozen=True)
class CelebA:
    """202,599 aligned faces with 40 attributes each, in the official three splits.

    Args:
        root: folder of the images' folder and the two lists.
        attributes: those to learn, in this order; None: all.
    """

    root: str
    attributes: Sequence[str] | None = None

    def check(self) -> None:
        """See ImageSource."""
        root = Path(self.root)
        paths = [root / name for name in (IMAGES, ATTRIBUTES, PARTITION)]
        if not all(path.exists() for path in paths):
            parquet = sorted(p for depth in ("*", "*/*") for p in root.glob(f"{depth}.parquet"))
            if parquet:
                raise InputError(
                    f"{root.absolute()} holds a mirror's parquet files "
                    f"({listed_briefly(path.name for path in parquet)}), not CelebA's own files: "
                    f"unpack them once with\n  python -m tasks.faces.unpack {parquet[0].parent} "
                    f"{root}"
                )
        require("CelebA", root, paths, LAYOUT, DOWNLOADS)

    def load(self) -> ImageSet[AttributeIndex]:
        """See ImageSource."""
        self.check()
        root = Path(self.root)
        ids, files, labels = read_attributes(root / ATTRIBUTES)
        chosen = choose(ids, self.attributes, root / ATTRIBUTES)
        parts = _parts(files, root)
        require_images(root / ATTRIBUTES, files, root / IMAGES)
        names, classes = np.array(files), named([ids[k] for k in chosen])
        splits = {}
        for part, split in enumerate(SPLITS):
            rows = np.flatnonzero(parts == part)
            splits[split] = AttributeIndex(
                str(root / IMAGES), names[rows], labels[rows][:, chosen], classes
            )
        empty = [split for split in ("train", "val") if not len(splits[split])]
        if empty:
            raise InputError(
                f"{root / PARTITION} puts no image into {' or '.join(empty)}; download it again"
            )
        if not len(splits["test"]):
            del splits["test"]
        counts = tuple(int((parts == part).sum()) for part in range(3))
        note = "CelebA's own partition"
        if counts != OFFICIAL:
            published = " / ".join(f"{count:,}" for count in OFFICIAL)
            note = f"not CelebA's {published} images: scores do not compare with published ones"
        if len(chosen) < len(ids):
            note += f", {len(chosen)} of its {len(ids)} attributes"
        return ImageSet(splits, note)


def _parts(files: list[bytes], root: Path) -> np.ndarray:
    """int64[N]: the part that each file is in, 0, 1 or 2.

    Raises:
        InputError: the two lists name different files.
    """
    partition = read_partition(root / PARTITION)
    parts = np.array([partition.get(file, -1) for file in files])
    without = [files[i].decode(errors="replace") for i in np.flatnonzero(parts < 0)]
    if without:
        raise InputError(
            f"{root / PARTITION} does not assign {len(without):,} images of {ATTRIBUTES} to a "
            f"part: {listed_briefly(without)}; give each a line 'file 0', 1 or 2 (training, "
            "validation, test), or download both lists again"
        )
    if len(partition) > len(files):
        strange = sorted(partition.keys() - set(files))
        raise InputError(
            f"{root / PARTITION} names {len(strange):,} images that are not in {ATTRIBUTES}: "
            f"{listed_briefly(file.decode(errors='replace') for file in strange)}; download both "
            "lists again"
        )
    return parts
