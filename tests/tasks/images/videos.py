"""Small videos for tests."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest


def write_video(
    path: Path, frames: Iterable[np.ndarray], rotation: int = 0, rate: int = 10
) -> Path:
    """Write frames uint8[h, w, 3] of one size as they are stored; `rotation` in degrees counter-
    clockwise is what a player turns them by."""
    av = pytest.importorskip("av", reason="needs PyAV (the extra `video`)")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate)
        for i, pixels in enumerate(frames):
            if i == 0:
                stream.height, stream.width = pixels.shape[:2]
                stream.pix_fmt = "yuv420p"
                if rotation:
                    if not hasattr(stream, "set_display_rotation"):
                        pytest.skip("this PyAV writes no rotation")
                    stream.set_display_rotation(rotation)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(stream.encode())
    return path


def corner(height: int = 64, width: int = 96) -> np.ndarray:
    """Grey, with a bright top left corner."""
    pixels = np.full((height, width, 3), 60, np.uint8)
    pixels[: height // 2, : width // 2] = 230
    return pixels
