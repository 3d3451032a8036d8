"""The places of CelebA's images and lists in the archives', the drive's, or Kaggle's layout."""

from dataclasses import dataclass
from pathlib import Path

from backbone.errors import InputError, listed_briefly, number_of
from tasks.images.listing import absent

IMAGES, ATTRIBUTES, PARTITION = (
    "img_align_celeba",
    "list_attr_celeba.txt",
    "list_eval_partition.txt",
)
IDENTITIES = "identity_CelebA.txt"  # available on request: the person in each image
NESTED = f"{IMAGES}/{IMAGES}"
# of the aligned images, deepest first; the drive's Img/img_align_celeba_png.7z.001 unpacks to PNG
FOLDERS = tuple(
    f"{place}{name}"
    for name in (NESTED, IMAGES, f"{IMAGES}_png/{IMAGES}_png", f"{IMAGES}_png")
    for place in ("", "Img/")
)
PLACES = ("", "Anno/", "Eval/")  # of lists
LAYOUT = f"""{IMAGES}/000001.jpg   the aligned faces, 178 x 218 pixels, or .png
{ATTRIBUTES}          their number, the attributes' names, then lines of 'file 1 -1 ...'
{PARTITION}       lines of 'file number': 0 training, 1 validation, 2 test
or as the drive lays them out (Anno/, Eval/, Img/), or Kaggle's lists (.csv)"""


@dataclass(frozen=True)
class CelebAFiles:
    """The paths of a copy of CelebA; missing files have the paths where they should be."""

    images: Path
    """The folder of the aligned images."""
    attributes: Path
    partition: Path
    identities: Path

    def named(self, path: Path, files: list[bytes]) -> list[bytes]:
        """The names of listed images in the folder: PNG files are listed as .jpg.

        Args:
            path: the list, for messages.
            files: their names in the list.

        Raises:
            InputError: some do not exist.
        """
        missing = absent(self.images, files)
        if not missing:
            return files
        others = [_as_png(files[i]) for i in missing]
        gone = [missing[i] for i in absent(self.images, others)]
        if gone:
            names = [files[i].decode(errors="replace") for i in gone]
            raise InputError(
                f"{path} names {number_of(len(gone), 'file that is', 'files that are')} not in "
                f"{self.images}: "
                f"{listed_briefly(names)}; unpack {IMAGES}.zip again"
            )
        found = list(files)
        for i, name in zip(missing, others, strict=True):
            found[i] = name
        return found


def celeba_files(root: Path) -> CelebAFiles:
    """Look for CelebA's images and lists in a folder."""
    folders = [root / name for name in FOLDERS]
    # an outer folder that only contains the inner one comes later
    images = next((folder for folder in folders if _holds_images(folder)), root / IMAGES)
    return CelebAFiles(
        images, _list(root, ATTRIBUTES), _list(root, PARTITION), _list(root, IDENTITIES)
    )


def _list(root: Path, name: str) -> Path:
    names = [place + kind for kind in (name, f"{Path(name).stem}.csv") for place in PLACES]
    return next((root / found for found in names if (root / found).is_file()), root / name)


def _holds_images(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    suffixes = {".jpg", ".png"}
    return any(path.suffix.lower() in suffixes for path in folder.iterdir())


def _as_png(file: bytes) -> bytes:
    return file.rpartition(b".")[0] + b".png"
