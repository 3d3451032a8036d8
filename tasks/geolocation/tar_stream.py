"""A tar archive that is read once, from a file or a pipe, and checked to its end."""

import tarfile
from contextlib import suppress
from typing import BinaryIO

from backbone.errors import InputError

END = 1024  # bytes of zeros at the end of a tar archive
BLOCK = 512  # bytes of a header; members begin at multiples of it
WITHOUT_CONTENT = (
    tarfile.LNKTYPE,
    tarfile.SYMTYPE,
    tarfile.DIRTYPE,
    tarfile.FIFOTYPE,
    tarfile.CHRTYPE,
    tarfile.BLKTYPE,
)


class TarStream:
    """A stream that knows whether it is one complete tar archive.

    `tarfile` treats anything that is not a header as the end of the archive, even the end of the
    file, and has read further by then. So the headers are followed here while the bytes are read.
    """

    def __init__(self, stream: BinaryIO):
        self.stream = stream
        self.at = 0  # bytes that have been read
        self.next = 0  # where the next header begins
        self.head = b""  # the part of it that has been read
        self.zeros = 0  # bytes of zeros instead of headers
        self.fault: str | None = None

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes."""
        data = self.stream.read(size)
        end = self.at + len(data)
        while self.fault is None and self.next < end:
            begin = self.next + len(self.head) - self.at
            self.head += data[begin : begin + BLOCK - len(self.head)]
            if len(self.head) < BLOCK:
                break
            self._follow(self.head)
            self.head = b""
        self.at = end
        return data

    def _follow(self, head: bytes) -> None:
        """Process the block in the place of a header."""
        here, self.next = self.next, self.next + BLOCK
        if not any(head):
            self.zeros += BLOCK
            return
        if self.zeros:
            self.fault = f"continues at byte {here:,} after its end mark, but should be one archive"
            return
        try:
            member = tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
        except tarfile.HeaderError:
            self.fault = f"is damaged in the middle: no member begins at byte {here:,}"
            return
        if member.type not in WITHOUT_CONTENT:
            self.next += -(-member.size // BLOCK) * BLOCK

    def expect_end(self, url: str) -> None:
        """Read the rest of the stream, which should be zeros.

        Args:
            url: of the archive, for messages.

        Raises:
            InputError: it contains something else, or the end mark is missing.
        """
        while self.read(1 << 20):
            pass
        if self.fault is None and (self.zeros < END or any(self.head)):
            self.fault = "ends early, without an end mark"
        if self.fault is not None:
            raise InputError(f"{url}: the shard {self.fault}: get it again")

    def close(self) -> None:
        """Close the stream."""
        with suppress(OSError):  # from a command that failed: then the shard has no end mark
            self.stream.close()
