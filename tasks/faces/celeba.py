"""CelebA (Liu et al., "Deep Learning Face Attributes in the Wild", arXiv 1411.7766).

Its own files are read, or those of a mirror (see `celeba_files`). `python -m tasks.faces.unpack`
creates them once from a mirror's parquet files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backbone.errors import InputError, listed_briefly, number_of
from tasks.data.image_source import ImageSet, require
from tasks.faces.attribute_index import AttributeIndex, choose, named
from tasks.faces.celeba_files import LAYOUT, CelebAFiles, celeba_files
from tasks.faces.celeba_lists import read_attributes, read_partition
from tasks.faces.celeba_mirror import parquet_files
from tasks.faces.groups import Groups

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
        attributes: the attributes to learn, in this order; None: all.
    """

    root: str
    attributes: Sequence[str] | None = None

    def check(self) -> None:
        """See ImageSource."""
        root = Path(self.root)
        files = celeba_files(root)
        paths = [files.images, files.attributes, files.partition]
        if not all(path.exists() for path in paths):
            parquet = parquet_files(root)
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
        copy = celeba_files(Path(self.root))
        ids, files, labels = read_attributes(copy.attributes)
        chosen = choose(ids, self.attributes, copy.attributes)
        parts = _parts(files, copy)
        names = np.array(copy.named(copy.attributes, files))
        classes = named([ids[k] for k in chosen])
        groups = _groups(ids, labels)
        everything = AttributeIndex(
            str(copy.images), names, labels[:, chosen], classes, groups=groups
        )
        splits = {}
        for part, split in enumerate(SPLITS):
            splits[split] = everything.take(np.flatnonzero(parts == part))
        empty = [split for split in ("train", "val") if not len(splits[split])]
        if empty:
            raise InputError(
                f"{copy.partition} puts no image into {' or '.join(empty)}; download it again"
            )
        if not len(splits["test"]):
            del splits["test"]
        counts = tuple(int((parts == part).sum()) for part in range(3))
        note = "CelebA's own partition"
        if counts != OFFICIAL:
            published = " / ".join(f"{count:,}" for count in OFFICIAL)
            note = f"not CelebA's {published} images: scores cannot be compared with published ones"
        if len(chosen) < len(ids):
            note += f", {len(chosen)} of its {len(ids)} attributes"
        return ImageSet(splits, note)


def _groups(ids: list[str], labels: np.ndarray) -> tuple[Groups, ...]:
    """Groups by CelebA's own labels: whether people look male, and whether they look young."""
    kinds = (("Male", "gender", ("female", "male")), ("Young", "age", ("not young", "young")))
    return tuple(
        Groups(kind, names, labels[:, ids.index(name)].astype(np.int64))
        for name, kind, names in kinds
        if name in ids
    )


def _parts(files: list[bytes], copy: CelebAFiles) -> np.ndarray:
    """int64[N]: the part of each file: 0, 1 or 2.

    Raises:
        InputError: the two lists name different files.
    """
    partition = read_partition(copy.partition)
    parts = np.array([partition.get(file, -1) for file in files])
    without = [files[i].decode(errors="replace") for i in np.flatnonzero(parts < 0)]
    if without:
        raise InputError(
            f"{copy.partition} does not assign {number_of(len(without), 'image')} of "
            f"{copy.attributes.name} to a part: {listed_briefly(without)}; give each a line "
            "'file 0', 1 or 2 (training, validation, test), or download both lists again"
        )
    if len(partition) > len(files):
        strange = [f.decode(errors="replace") for f in sorted(partition.keys() - set(files))]
        raise InputError(
            f"{copy.partition} names {number_of(len(strange), 'image that is', 'images that are')} "
            f"not in {copy.attributes.name}: {listed_briefly(strange)}; download both lists again"
        )
    return parts
