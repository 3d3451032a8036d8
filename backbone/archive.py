"""Published networks in archives: downloaded, checked, and the file of weights extracted."""

import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from backbone.download import fetch
from backbone.errors import InputError
from backbone.file_kinds import GZIP, ZIP
from backbone.files import write_atomically


@dataclass(frozen=True)
class PublishedArchive:
    """A published network in an archive.

    Args:
        url: the address of a .tar.gz or .zip file.
        member: the path of the file of weights in it.
        score: the score that its publisher states, in words.
        size: (height, width) of the input that it was trained with.
        licence: the licence of the weights.
        sha256: of the archive, as others have recorded it; None if nobody has. It is then recorded
            at the first download.
        length: of the archive in bytes; None if it is not known.
        declared: arrays that the file lacks and its publisher's code provides, such as the order of
            the anchors.
    """

    url: str
    member: str
    score: str
    size: tuple[int, int]
    licence: str = "Apache-2.0"
    sha256: str | None = None
    length: int | None = None
    declared: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The archive's own name."""
        return self.url.rpartition("/")[2]

    def fetch(self, cache: Path) -> Path:
        """The file of weights below `cache`, downloaded and extracted if it is not there yet.

        Raises:
            InputError: the archive cannot be fetched, differs from its sha256, or lacks the file.
        """
        begins = ZIP if self.name.endswith(".zip") else GZIP
        archive = fetch(
            self.url, cache / self.name, begins, self.sha256, option="task.head.weights"
        )
        path = cache / f"{self.name.partition('.tar')[0].removesuffix('.zip')}-{self._file}"
        if not path.exists():
            content = self._content(archive)
            with write_atomically(path) as partial:
                partial.write_bytes(content)
        return path

    @property
    def _file(self) -> str:
        return self.member.rpartition("/")[2]

    def _content(self, archive: Path) -> bytes:
        try:
            if self.name.endswith(".zip"):
                with zipfile.ZipFile(archive) as opened:
                    return opened.read(self.member)
            with tarfile.open(archive) as packed:
                member = packed.extractfile(self.member)
                if member is None:
                    raise KeyError(self.member)
                return member.read()
        except (
            KeyError,
            EOFError,
            OSError,
            tarfile.TarError,
            zipfile.BadZipFile,
            zlib.error,
        ) as error:
            raise InputError(
                f"{archive} is damaged, or does not hold {self.member} ({error}): delete it and "
                f"{archive.name}.sha256 beside it to fetch it again"
            ) from error
