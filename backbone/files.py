"""Files that appear complete or not at all, and messages for those that cannot be written."""

import errno
import fcntl
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from backbone.errors import InputError

PARTIAL = ".partial"  # the suffix of files that are being written
# The disk is full or read-only, or a limit is reached: such errors do not name a file.
OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
ADVICE = {
    errno.ENOSPC: "make room there, or choose another folder",
    errno.EDQUOT: "make room there, or choose another folder",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f)",
    errno.EMFILE: "raise the limit on open files (ulimit -n)",
}
_told: set[Path] = set()  # folders of caches that cannot be written, after a warning about each


class WriteError(InputError):
    """A file or folder that cannot be written: which one, why, and what to do."""


@contextmanager
def write_atomically(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` to write to; it replaces `path` when the block succeeds.

    After an error `path` is unchanged, and no other file is left. A missing folder is created. Only
    a killed process leaves its temporary file behind, hidden and with the suffix `.partial`. The
    next write to `path` uses the same name again, so such files do not pile up.

    Raises:
        WriteError: the file cannot be written.
    """
    with naming_what_was_written(path):
        make_folder(path.parent)
        _refuse_special(path)
        partial, lock = _claim(path)
        try:
            yield partial
            os.replace(partial, path)
        except BaseException:
            with suppress(OSError):
                partial.unlink()
            raise
        finally:
            if lock is not None:
                os.close(lock)


@contextmanager
def naming_what_was_written(path: Path, within: Path | None = None) -> Iterator[None]:
    """Turn a system error while `path` is written into a WriteError about `path`.

    Errors about other files pass unchanged.

    Args:
        path: the file that the block writes.
        within: a temporary folder in which the block writes it.

    Raises:
        WriteError: the block could not write.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        cause = _of_writing(error, path, within)
        if cause is None:
            raise
        raise write_error(path, cause) from error


def write_error(path: Path, cause: OSError) -> WriteError:
    """The error with the reason why `path` cannot be written."""
    reason = (cause.strerror or str(cause)).lower()
    if isinstance(cause.filename, str) and cause.errno not in OF_THE_DISK:
        place = Path(cause.filename)
        if place in path.parents or (place != path and path in place.parents):
            reason = f"{place}: {reason}"
    advice = ADVICE.get(cause.errno or 0, "choose another place, or set this one right")
    return WriteError(f"cannot write {path} ({reason}): {advice}")


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, unless it exists.

    Raises:
        WriteError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        place = next((p for p in (path, *path.parents) if p.exists() and not p.is_dir()), path)
        raise WriteError(
            f"cannot write {path} ({place} is a file where a folder is needed): move it away"
        ) from error
    except OSError as error:
        raise write_error(path, error) from error


@contextmanager
def folder_for_results(path: Path) -> Iterator[None]:
    """Make a folder that the block writes to; if the block fails, no empty folder is left.

    Raises:
        WriteError: it cannot be made.
    """
    made = [place for place in (path, *path.parents) if not place.exists()]
    try:
        make_folder(path)
        yield
    except BaseException:
        with suppress(OSError):  # one that is not empty ends this
            for place in made:
                place.rmdir()
        raise


def require_writable(path: Path) -> None:
    """Check before a long computation that its result can be written to `path`.

    Raises:
        WriteError: it cannot be written.
    """
    with naming_what_was_written(path):
        make_folder(path.parent)
        _refuse_special(path)
        partial, lock = _claim(path)
        partial.touch()
        partial.unlink()
        if lock is not None:
            os.close(lock)


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files that killed processes left in a folder.

    Files that a living process is writing are kept.
    """
    with suppress(OSError):
        for partial in folder.glob(f".*{PARTIAL}"):
            if not partial.is_symlink() and partial.is_file():
                lock = hold(partial)
                if lock is not None:
                    partial.unlink(missing_ok=True)
                    os.close(lock)


def keep(path: Path, write: Callable[[Path], object]) -> bool:
    """Write a file of a cache, which is not essential.

    If it cannot be written, a warning on stderr says so, once per folder.

    Args:
        path: the file.
        write: writes it atomically.

    Returns:
        Whether it was written.
    """
    try:
        remove_leftovers(path.parent)
        write(path)
    except WriteError as error:
        if path.parent not in _told:
            print(f"warning: {error}; continuing without this cache", file=sys.stderr)
        _told.add(path.parent)
        return False
    return True


def hold(path: Path) -> int | None:
    """Lock a file, which is created if absent, until its descriptor is closed or the process ends.

    Returns:
        The open descriptor; None if another process holds the file, or it cannot be locked.
    """
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        except OSError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # its holder may have removed or renamed it since it was opened
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except FileNotFoundError:
            pass
        except OSError:
            os.close(descriptor)
            return None
        os.close(descriptor)


def _claim(path: Path) -> tuple[Path, int | None]:
    """A temporary path that no other process writes to, and its lock, if it could be locked."""
    partial = path.with_name(f".{path.name}{PARTIAL}")
    lock = hold(partial)
    if lock is None:  # another process is writing to the same path
        partial = path.with_name(f".{path.name}.{os.getpid()}{PARTIAL}")
        lock = hold(partial)
    if lock is not None:
        os.ftruncate(lock, 0)
    return partial, lock


def _refuse_special(path: Path) -> None:
    """Refuse a folder, a pipe or a device instead of a file: renaming would replace it."""
    with suppress(FileNotFoundError):
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise WriteError(f"cannot write {path} (it is a folder): move it away")
        if not stat.S_ISREG(mode):
            raise WriteError(f"cannot write {path} (a device or a pipe): give the name of a file")
    if path.parent.resolve() == Path("/dev"):  # its links lead to devices, or to open files
        raise WriteError(f"cannot write {path} (not a place for files): give another")


def _of_writing(error: BaseException, path: Path, within: Path | None) -> OSError | None:
    """The system error behind an error, if it is about writing `path`."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and _is_about(seen, path, within):
            return seen
        # torch and Pillow raise errors of their own while they handle a system error
        seen = seen.__cause__ or seen.__context__
    return None


def _is_about(error: OSError, path: Path, within: Path | None) -> bool:
    if not isinstance(error.filename, str):
        return error.errno in OF_THE_DISK
    named = Path(error.filename)
    if named.name.endswith(PARTIAL):
        return named.parent == path.parent
    places = [path] if within is None else [path, within]
    return any(named == p or named in p.parents or p in named.parents for p in places)
