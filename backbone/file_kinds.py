"""Files that users often have instead of the file that they mean, told by their first bytes."""

HEAD = 512  # the number of bytes that are needed
ZIP = b"PK\x03\x04"
ARCHIVES = {
    b"\x1f\x8b": "gzip",
    ZIP: "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"7z\xbc\xaf": "7-Zip",
    b"\x28\xb5\x2f\xfd": "Zstandard",
}
PAGES = (b"<!doctype", b"<html", b"<head")
POINTER = b"version https://git-lfs"
BEFORE_TEXT = b"\xef\xbb\xbf \t\r\n"


def in_its_place(head: bytes) -> str | None:
    """What a file with other content than expected is, and what to do, as the end of a sentence.

    Args:
        head: its first HEAD bytes.

    Returns:
        None if it is none of the known kinds.
    """
    if head.startswith(POINTER):
        return "a pointer of Git LFS, not the file itself; get that with 'git lfs pull'"
    if head.lstrip(BEFORE_TEXT).lower().startswith(PAGES):
        return "a web page, so the download failed; get it again"
    for begin, name in ARCHIVES.items():
        if head.startswith(begin):
            return f"packed in {name}'s format; unpack it"
    return None
