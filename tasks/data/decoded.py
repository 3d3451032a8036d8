"""Batches whose images are decoded on a device, ahead of the step that uses them."""

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from itertools import cycle
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from backbone.errors import number_of
from tasks.images.decoding import BatchDecoder

AHEAD = 2  # batches decoded at the same time: nvJPEG decodes one while the other is resized
Decoded = tuple[dict[str, Tensor], torch.cuda.Event | None]


class DecodedBatches:
    """A loader of encoded batches, with their images decoded.

    Threads fetch and decode the next batches on their own streams while the current one is trained
    on. Order and content of the batches are those of the loader. At its end the first pass reports
    how many files the CPU had to decode. Lightning leaves a pass after the last batch without
    asking for another one, so a pass ends when the next one begins, or with `close`.

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
        self.end_pass()
        self.pass_ = self.one_pass()
        return self.pass_

    def close(self) -> None:
        """End the threads and the loader's processes, as Lightning ends those of torch's loader."""
        self.end_pass()
        self.loader._iterator = None

    def end_pass(self) -> None:
        """End the pass in progress, whose threads read from the loader's processes."""
        if self.pass_ is not None:
            self.pass_.close()
            self.pass_ = None

    def one_pass(self) -> Generator[dict[str, Tensor], None, None]:
        """The batches, each fetched and decoded while the previous ones are used."""
        batches = iter(self.loader)
        with ExitStack() as stack:
            stack.callback(self.report)
            # one thread fetches, so the order stays that of the loader
            fetching = stack.enter_context(ThreadPoolExecutor(1))
            decoding = stack.enter_context(ThreadPoolExecutor(AHEAD))

            def submit(stream: torch.cuda.Stream | None) -> Future[Decoded | None]:
                return decoding.submit(self.decoded, fetching.submit(next, batches, None), stream)

            streams = cycle(self.streams())
            ahead = deque(submit(next(streams)) for _ in range(AHEAD))
            while (found := ahead.popleft().result()) is not None:
                ahead.append(submit(next(streams)))
                batch, event = found
                if event is not None:
                    current = torch.cuda.current_stream(self.decoder.device)
                    current.wait_event(event)
                    # its memory belongs to the other stream, which must not reuse it too early
                    batch["image"].record_stream(current)
                yield batch

    def streams(self) -> list[torch.cuda.Stream | None]:
        """A stream for each batch that is decoded at the same time; None on a CPU."""
        if self.decoder.device.type != "cuda":
            return [None] * AHEAD
        return [
            torch.cuda.Stream(self.decoder.device)  # type: ignore[no-untyped-call]
            for _ in range(AHEAD)
        ]

    def decoded(
        self, fetched: Future[dict[str, Any] | None], stream: torch.cuda.Stream | None
    ) -> Decoded | None:
        """A batch, and the event after which its images are ready; None at the end."""
        batch = fetched.result()
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
                f"{number_of(decoder.by_device, 'image file')} decoded on the GPU, "
                f"{decoder.by_cpu:,} on the CPU: these are no JPEG files, or nvJPEG refused them"
            )
        self.reported = True
