"""Videos: frames as a player shows them, and pictures written as a video, by FFmpeg through PyAV.

PyAV is imported when a video is opened, so nothing else needs it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import IO, TYPE_CHECKING, NamedTuple, cast

import numpy as np
from PIL import Image

from backbone.errors import InputError, number_of
from backbone.file_kinds import HEAD, in_its_place
from tasks.images.files import PADDING

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.video.stream import VideoStream

VIDEO_SUFFIXES = {
    *(".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".flv", ".3gp"),
    *(".ogv", ".mts", ".m2ts", ".ts", ".vob", ".m2v", ".mxf", ".asf", ".mjpeg", ".h264", ".264"),
}
TICKS_OF_FFMPEG = 1_000_000  # per second: the clock of whole files
TICKS = 60_000  # per second: the clock of written videos
SLACK = 1.0  # seconds that sound may be longer than the pictures
UNKNOWN_RATE = 25.0  # frames per second, if a video does not state it


class Frame(NamedTuple):
    """A frame of a video."""

    image: Image.Image  # RGB, turned as it is shown
    time: float  # seconds from the start


def is_video(path: Path) -> bool:
    """Whether a file's name has the suffix of a video."""
    return path.suffix.lower() in VIDEO_SUFFIXES


def require_pyav() -> ModuleType:
    """PyAV's package.

    Raises:
        InputError: it is not installed.
    """
    try:
        import av
    except ImportError:
        raise InputError(
            'reading videos needs PyAV: python -m pip install "av>=14.2" (the extra `video`)'
        ) from None
    return av


class Video:
    """An open video.

    Args:
        path: for messages.
        container: the open file.
        rate: frames per second on average.
        declared: the number of frames that the file states; 0 if it does not.
        seconds: the length that the file states, of its longest stream; 0 if it does not.
    """

    def __init__(self, path: Path, container: InputContainer):
        self.path, self.container = path, container
        self.stream = container.streams.video[0]
        self.stream.thread_type = "AUTO"
        self.rate = float(self.stream.average_rate or 0) or UNKNOWN_RATE
        self.declared = self.stream.frames
        self.seconds = (container.duration or 0) / TICKS_OF_FFMPEG

    def shortfall(self, count: int, time: float) -> str | None:
        """What the file lacks of what it promises, in words.

        Args:
            count: the frames that are in it.
            time: of the last, in seconds.
        """
        if count < self.declared:
            return f"it has {count:,} of {number_of(self.declared, 'frame')}"
        if not self.declared and time + 1 / self.rate < self.seconds - SLACK:
            return f"its frames end after {time:.1f} of {self.seconds:.1f} seconds: cut short?"
        return None

    def frames(self) -> Iterator[Frame]:
        """Every frame that can be decoded, in the order in which they are shown.

        Raises:
            InputError: a frame cannot be decoded.
        """
        av = require_pyav()
        count = 0
        try:
            for frame in self.container.decode(self.stream):
                pixels = frame.to_ndarray(format="rgb24")
                # a camera held upright stores its frames on their side, with the angle to turn them
                # by
                pixels = np.rot90(pixels, round(frame.rotation / 90))
                time = count / self.rate if frame.time is None else float(frame.time)
                yield Frame(Image.fromarray(np.ascontiguousarray(pixels)), time)
                count += 1
        except av.error.FFmpegError as error:
            raise InputError(
                f"{self.path}: damaged after {number_of(count, 'frame')} ({error.strerror}); get "
                "it again"
            ) from error


@contextmanager
def open_video(path: Path) -> Iterator[Video]:
    """Open a video file.

    Raises:
        InputError: PyAV is not installed, FFmpeg cannot read the file as a video, or it has no
        picture.
    """
    av = require_pyav()
    try:
        container = av.open(str(path))
    except (av.error.FFmpegError, OSError) as error:
        size, head = 0, b""
        if path.is_file():
            with path.open("rb") as file:
                size, head = path.stat().st_size, file.read(HEAD)
        advice = "it may be cut short; get it again, or convert it to MP4"
        if other := in_its_place(head):
            advice = f"it is {other}"
        raise InputError(
            f"{path}: not a video that can be read ({size} bytes; {error.strerror}): {advice}"
        ) from error
    with container:
        if not container.streams.video:
            raise InputError(f"{path}: there is no picture in this file, only sound or data")
        yield Video(path, container)


class VideoWriter:
    """Writes pictures as an H.264 video in MP4, without sound.

    All frames have the size of the first picture, rounded up to even numbers. Later pictures of
    another size are fitted into it.

    Args:
        file: open for writing, and able to seek.
        rate: frames per second on average; each frame is shown at its own time.
    """

    def __init__(self, file: IO[bytes], rate: float):
        self._av = require_pyav()
        self._container: OutputContainer = self._av.open(file, "w", format="mp4")
        self._rate = Fraction(rate).limit_denominator(1001)
        self._stream: VideoStream | None = None
        self._size = (0, 0)
        self._last = -1

    def add(self, image: Image.Image, time: float) -> None:
        """Write a picture that is shown from `time`, in seconds; times must rise."""
        if self._stream is None:
            self._size = image.width + image.width % 2, image.height + image.height % 2
            self._stream = self._new_stream()
        frame = self._av.VideoFrame.from_ndarray(np.asarray(_fitted(image, self._size)), "rgb24")
        self._last = max(round(time * TICKS), self._last + 1)
        frame.pts, frame.time_base = self._last, Fraction(1, TICKS)
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Write the remaining frames, and the index that players need."""
        if self._stream is not None:
            self._container.mux(self._stream.encode())
        self._container.close()

    def _new_stream(self) -> VideoStream:
        codecs = self._av.codecs_available
        codec = next(name for name in ("libx264", "h264", "mpeg4") if name in codecs)
        options = {"crf": "20", "preset": "veryfast"} if codec == "libx264" else {}
        stream = cast("VideoStream", self._container.add_stream(codec, self._rate, options))
        stream.width, stream.height = self._size
        stream.pix_fmt = "yuv420p"  # the format that every player shows
        stream.codec_context.time_base = Fraction(1, TICKS)
        return stream


def _fitted(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """A picture of `size` (width, height) with the image at its top left, reduced if too large."""
    if image.size == size:
        return image
    if image.width > size[0] or image.height > size[1]:
        image = image.copy()
        image.thumbnail(size)
    sheet = Image.new("RGB", size, (PADDING,) * 3)
    sheet.paste(image, (0, 0))
    return sheet
