"""Batches whose images are decoded on a device, ahead of the step that uses them."""

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from tasks.images.decoding import BatchDecoder


class DecodedBatches:
    """A loader of encoded batches, with their images decoded.

    A thread fetches and decodes the next batch on its own stream while the current one is trained
    on. Order and content of the batches are those of the loader. The first pass reports how many
    files the CPU had to decode.

    Args:
        loader: of batches made by `stack_views`; other batches pass unchanged.
        decoder: decodes their images.
    """

    def __init__(self, loader: DataLoader[Any], decoder: BatchDecoder):
        self.loader, self.decoder = loader, decoder
        # Lightning looks here for `set_epoch`
        self.sampler, self.batch_sampler = loader.sampler, loader.batch_sampler
        self.pass_: Generator[dict[str, Tensor], None, None] | None = None
        self.reported = False

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        if self.pass_ is not None:
            self.pass_.close()  # its thread reads from the same loader processes
        self.pass_ = self.one_pass()
        return self.pass_

    def one_pass(self) -> Generator[dict[str, Tensor], None, None]:
        """The batches, each fetched and decoded while the previous one is used."""
        cuda = self.decoder.device.type == "cuda"
        stream: torch.cuda.Stream | None = None
        if cuda:
            stream = torch.cuda.Stream(self.decoder.device)  # type: ignore[no-untyped-call]
        batches = iter(self.loader)
        with ThreadPoolExecutor(1) as thread:
            ahead = thread.submit(self.following, batches, stream)
            while (found := ahead.result()) is not None:
                ahead = thread.submit(self.following, batches, stream)
                batch, event = found
                if event is not None:
                    current = torch.cuda.current_stream(self.decoder.device)
                    current.wait_event(event)
                    # its memory belongs to the other stream, which must not reuse it too early
                    batch["image"].record_stream(current)
                yield batch
        self.report()

    def following(
        self, batches: Iterator[dict[str, Any]], stream: torch.cuda.Stream | None
    ) -> tuple[dict[str, Tensor], torch.cuda.Event | None] | None:
        """The next batch, and the event after which its images are ready; None at the end."""
        batch = next(batches, None)
        if batch is None or "encoded" not in batch:
            return None if batch is None else (batch, None)
        batch = dict(batch)
        encoded = batch.pop("encoded")
        with ExitStack() as stack:
            if stream is not None:
                stack.enter_context(torch.cuda.stream(stream))
            batch["image"] = self.decoder(encoded)
            return batch, None if stream is None else stream.record_event()

    def report(self) -> None:
        """Print once how many files the CPU decoded, if any."""
        decoder = self.decoder
        if decoder.by_cpu and not self.reported:
            print(
                f"{decoder.by_device:,} image files decoded on the GPU, {decoder.by_cpu:,} on the "
                "CPU: these are no JPEG files, or nvJPEG refused them"
            )
        self.reported = True
