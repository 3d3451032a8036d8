"""Videos read as they are shown, and written."""

import re
import resource
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from backbone.errors import InputError
from backbone.files import WriteError, write_atomically
from tasks.images.video import VideoWriter, is_video, open_video, require_pyav
from tests.tasks.images.videos import corner, write_video


def read(path: Path) -> tuple[list[np.ndarray], list[float]]:
    with open_video(path) as video:
        frames = list(video.frames())
    return [np.asarray(frame.image) for frame in frames], [frame.time for frame in frames]


def test_frames_and_their_times(tmp_path):
    given = [np.full((64, 96, 3), 20 * i, np.uint8) for i in range(7)]
    path = write_video(tmp_path / "a.mp4", given)
    frames, times = read(path)
    assert times == pytest.approx([i / 10 for i in range(7)])
    assert [round(float(f.mean()) / 20) for f in frames] == list(range(7))
    with open_video(path) as video:
        assert (video.rate, video.declared) == (10, 7)


@pytest.mark.parametrize("rotation", [90, 180, -90])
def test_frames_are_turned_as_they_are_shown(tmp_path, rotation):
    stored = np.rot90(corner(), -rotation // 90)
    path = write_video(tmp_path / "turned.mp4", [np.ascontiguousarray(stored)] * 3, rotation)
    frames, _ = read(path)
    assert len(frames) == 3
    for frame in frames:
        assert frame.shape == (64, 96, 3)
        assert np.abs(frame.astype(int) - corner()).mean() < 8


def test_what_is_written_is_read_again(tmp_path):
    """Odd sides, a larger and a smaller picture later, uneven times."""
    pytest.importorskip("av", reason="needs PyAV (the extra `video`)")
    pictures = [Image.new("RGB", size, "orange") for size in ((95, 63), (200, 126), (40, 30))]
    times = [0.0, 0.5, 0.55]
    path = tmp_path / "written.mp4"
    with write_atomically(path) as partial, partial.open("w+b") as file:
        writer = VideoWriter(file, 29.97)
        for picture, time in zip(pictures, times, strict=True):
            writer.add(picture, time)
        writer.close()
    frames, seen = read(path)
    assert {frame.shape for frame in frames} == {(64, 96, 3)}
    assert seen == pytest.approx(times, abs=1e-3)
    orange = np.array([255, 165, 0])
    assert np.abs(frames[1][:50, :90].astype(int) - orange).mean() < 12
    assert np.abs(frames[2][40:, 60:].astype(int) - 128).mean() < 12, "padded with grey"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a video that can be read"),
        (b"<html>no such video</html>" * 40, "not a video that can be read.*it is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n" * 9, "it is a pointer of Git LFS"),
    ],
)
def test_what_is_no_video_is_named(tmp_path, content, said):
    pytest.importorskip("av", reason="needs PyAV (the extra `video`)")
    path = tmp_path / "x.mp4"
    path.write_bytes(content)
    with pytest.raises(InputError, match=said) as raised, open_video(path):
        pass
    assert f"{path}: " in str(raised.value)
    assert f"{len(content)} bytes" in str(raised.value)


def test_a_damaged_frame_is_counted_to(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (20, 64, 96, 3), np.uint8)
    av = pytest.importorskip("av", reason="needs PyAV (the extra `video`)")
    path = tmp_path / "x.mp4"
    with path.open("w+b") as file:
        writer = VideoWriter(file, 25)
        for i, pixels in enumerate(noise):
            writer.add(Image.fromarray(pixels), i / 25)
        writer.close()
    with av.open(str(path)) as container:
        third = [packet.pos for packet in container.demux(video=0) if packet.pos][2]
    content = bytearray(path.read_bytes())
    content[third : third + 8000] = b"\xff" * 8000
    path.write_bytes(content)
    with open_video(path) as video, pytest.raises(InputError, match=r"damaged after \d+ frames"):
        list(video.frames())


@pytest.mark.parametrize(
    ("suffix", "said"), [("mkv", r"end after \d\.\d of 6\.0 seconds"), ("avi", r"of 60 frames")]
)
def test_a_video_that_ends_early_is_told(tmp_path, suffix, said):
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 255, (64, 96, 3), np.uint8) for _ in range(60)]
    film = write_video(tmp_path / f"film.{suffix}", frames)

    def shortfall() -> str | None:
        with open_video(film) as video:
            times = [frame.time for frame in video.frames()]
            return video.shortfall(len(times), times[-1])

    assert shortfall() is None
    content = film.read_bytes()
    film.write_bytes(content[: len(content) // 2])
    assert re.search(said, shortfall())


def test_sound_alone_is_no_video(tmp_path):
    av = pytest.importorskip("av", reason="needs PyAV (the extra `video`)")
    path = tmp_path / "x.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", 44100, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(InputError, match="no picture in this file"), open_video(path):
        pass


def test_a_full_disk_is_named_and_leaves_nothing(tmp_path):
    pytest.importorskip("av", reason="needs PyAV (the extra `video`)")
    noise = np.random.default_rng(0).integers(0, 255, (12, 256, 256, 3), np.uint8)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    path = tmp_path / "x.mp4"

    def write() -> None:
        with write_atomically(path) as partial, partial.open("w+b") as file:
            writer = VideoWriter(file, 25)
            for i, pixels in enumerate(noise):
                writer.add(Image.fromarray(pixels), i / 25)
            writer.close()

    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(WriteError, match=r"cannot write .*x\.mp4 \(file too large"):
            write()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())


def test_without_pyav_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(InputError, match='pip install "av>='):
        require_pyav()


def test_videos_by_their_names():
    assert is_video(Path("a/B.MP4"))
    assert is_video(Path("a/b.ts"))
    assert not is_video(Path("a.mp4/b.jpg"))
