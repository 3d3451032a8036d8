"""Whole batches of JPEG files decoded, cropped and resized on a device."""

import io
from collections.abc import Callable, Iterator, Sequence
from threading import Lock

import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.v2.functional import pil_to_tensor

from tasks.images.encoded import Encoded, EncodedImages
from tasks.images.files import NamedBytes, open_image
from tasks.images.resampling import crop_resize_batch, turn_planes

AT_ONCE = 2**26  # pixels that are decoded at once: 0.6 GB on the device
DecodeFiles = Callable[[list[Tensor]], list[Tensor]]


class BatchDecoder:
    """Makes the images of a batch of its files; several threads may do so at once.

    `by_device` and `by_cpu` count the files so far. The CPU decodes files that are not JPEGs for a
    GPU (see `encoded_view`), and those that the device's decoder refuses.

    Args:
        size: (h, w) of the images.
        device: decodes the files; it may be a CPU.
        decode: files -> their pictures uint8[3, H, W] on the device, raising RuntimeError if it
            refuses one of them; None: torchvision's, which is nvJPEG on a GPU.
    """

    def __init__(
        self, size: tuple[int, int], device: torch.device, decode: DecodeFiles | None = None
    ):
        self.size, self.device = size, device
        self.decode = decode or self._torchvision
        self.by_device = self.by_cpu = 0
        self._counting = Lock()

    def __call__(self, images: EncodedImages) -> Tensor:
        """uint8[B, 3, h, w] on the device, in channels_last memory format.

        Raises: InputError for a file that neither the device nor the CPU decodes.
        """
        count = len(images.rows) + len(images.decoded)
        result = torch.empty(count, *self.size, 3, dtype=torch.uint8, device=self.device)
        if images.decoded:
            result[images.decoded] = images.pixels.to(self.device)
            self._count(by_cpu=len(images.decoded))
        contents = images.content.tensor_split(images.ends[:-1])
        for group in size_groups([file.size for file in images.files], AT_ONCE):
            files = [images.files[i] for i in group]
            pictures = self.pictures([contents[i] for i in group], files)
            result[[images.rows[i] for i in group]] = crop_resize_batch(
                pictures, [file.box for file in files], [file.extent for file in files], self.size
            )
        return result.permute(0, 3, 1, 2)

    def pictures(self, contents: list[Tensor], files: Sequence[Encoded]) -> list[Tensor]:
        """The pictures in files, uint8[3, H, W] each, turned as their EXIF orientation says."""
        decoded: list[Tensor | None]
        try:
            decoded = [*self.decode(contents)]
        except torch.OutOfMemoryError:
            raise
        except RuntimeError:  # it does not say which file failed
            decoded = [self._alone(content) for content in contents]
        pictures, refused = [], 0
        for picture, content, file in zip(decoded, contents, files, strict=True):
            if picture is None or picture.shape != (3, *file.size):
                stored = open_image(NamedBytes(content.numpy().tobytes(), file.name), exif=False)
                picture = pil_to_tensor(stored).to(self.device)
                refused += 1
            pictures.append(turn_planes(picture, file.orientation))
        self._count(len(pictures) - refused, refused)
        return pictures

    def _count(self, by_device: int = 0, by_cpu: int = 0) -> None:
        with self._counting:
            self.by_device += by_device
            self.by_cpu += by_cpu

    def _alone(self, content: Tensor) -> Tensor | None:
        try:
            return self.decode([content])[0]
        except torch.OutOfMemoryError:
            raise
        except RuntimeError:
            return None

    def _torchvision(self, contents: list[Tensor]) -> list[Tensor]:
        if self.device.type == "cuda":
            # nvJPEG writes on a stream of its own, perhaps over memory that was freed here while
            # kernels on this stream still read it
            torch.cuda.current_stream(self.device).synchronize()
        return _decode_jpeg(contents, self.device)


def _decode_jpeg(contents: list[Tensor], device: torch.device) -> list[Tensor]:
    # imported here, since torchvision 0.29 announces that a later version will not have it
    from torchvision.io import ImageReadMode, decode_jpeg

    pictures: list[Tensor] = decode_jpeg(contents, mode=ImageReadMode.RGB, device=device)
    return pictures


def decoding_fault(device: torch.device) -> str | None:
    """Why torchvision cannot decode a JPEG on a device; None if it can."""
    file = io.BytesIO()
    Image.new("RGB", (16, 16)).save(file, "JPEG")
    content = torch.frombuffer(bytearray(file.getvalue()), dtype=torch.uint8)
    try:
        _decode_jpeg([content], device)
    except (RuntimeError, ImportError) as error:
        return str(error).splitlines()[0]
    return None


def size_groups(sizes: Sequence[tuple[int, int]], pixels: int) -> Iterator[list[int]]:
    """Group pictures so that each group, padded to its largest picture, has at most `pixels`.

    A picture with more pixels is a group by itself.
    """
    group: list[int] = []
    height = width = 0
    for i in sorted(range(len(sizes)), key=lambda i: sizes[i][0] * sizes[i][1]):
        height, width = max(height, sizes[i][0]), max(width, sizes[i][1])
        if group and (len(group) + 1) * height * width > pixels:
            yield group
            group, (height, width) = [], sizes[i]
        group.append(i)
    if group:
        yield group
