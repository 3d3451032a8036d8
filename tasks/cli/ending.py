"""How a command ends after an interrupt or SIGTERM."""

import os
import select
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

GOES_ON = ": the same command continues from here"


class Terminated(SystemExit):
    """SIGTERM, which unwinds a process as an interrupt does; its exit code is 143."""

    def __init__(self) -> None:
        super().__init__(128 + signal.SIGTERM)


@contextmanager
def ends_in_order(then: str = GOES_ON) -> Iterator[None]:
    """Unwind the block on SIGTERM or an interrupt, and print a line in place of a traceback.

    The process then exits with 143 or 130. If the reader of its output has left, as `head` does, it
    ends silently with 141.

    Args:
        then: the end of that line, which says how to go on.
    """
    try:
        with _heeding_sigterm():
            yield
            if sys.stdout is not None:  # as it is if a shell has closed it (>&-)
                sys.stdout.flush()
    except BrokenPipeError:
        if not _reader_has_left():
            raise
        # nobody reads on, as after `| head`: end silently, also when Python flushes at its exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)
    except Terminated:
        print(f"terminated{then}", file=sys.stderr)
        raise
    except KeyboardInterrupt:
        _leave_interrupted(then)
    except SystemExit as stop:
        # Lightning turns an interrupt into an exit of its own
        if isinstance(stop.__context__, KeyboardInterrupt):
            _leave_interrupted(then)
        raise


def _reader_has_left() -> bool:
    """Whether it is stdout's pipe that is broken, and not another one."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    return any(events & select.POLLERR for _, events in poll.poll(0))


def _leave_interrupted(then: str) -> None:
    print(f"interrupted{then}", file=sys.stderr)
    sys.exit(128 + signal.SIGINT)


@contextmanager
def _heeding_sigterm() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    own = os.getpid()

    def end(number: int, frame: FrameType | None) -> None:
        if os.getpid() != own:  # a forked child ends with the default behaviour
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTERM)
            return
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second signal is ignored
        raise Terminated

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
