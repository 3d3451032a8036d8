"""Files that users often have instead of the file that they mean, told by their first bytes."""

HEAD = 512  # the number of bytes that are needed
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
ARCHIVES = {
    GZIP: "gzip",
    ZIP: "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"7z\xbc\xaf": "7-Zip",
    b"\x28\xb5\x2f\xfd": "Zstandard",
}
FORMATS = {
    b"PAR1": "a Parquet table",
    b"SQLite format 3": "a data base of SQLite",
    b"\x89HDF\r\n\x1a\n": "an HDF5 file",
    b"\x93NUMPY": "an array of NumPy",
    b"%PDF-": "a PDF document",
}
IN_PYTORCH = "save the network that it was made from, with torch.save(model.state_dict(), FILE)"
IN_NUMPY = "write its variables to an .npz file, as tasks/detection/README.md shows"
WEIGHTS_ELSEWHERE = {
    ".onnx": ("a model in ONNX's format", IN_PYTORCH),
    ".pt2": ("a program of torch.export", IN_PYTORCH),
    ".pte": ("a program of ExecuTorch", IN_PYTORCH),
    ".gguf": ("a file of llama.cpp's", IN_PYTORCH),
    ".mlmodel": ("a model in Core ML's format", IN_PYTORCH),
    ".engine": ("a program of TensorRT", IN_PYTORCH),
    ".keras": ("a Keras 3 archive", 'write it with model.save("NAME.h5")'),
    ".index": ("the index of a TensorFlow checkpoint", IN_NUMPY),
    ".meta": ("the graph of a TensorFlow checkpoint", IN_NUMPY),
    ".data-00000-of-00001": ("a part of a TensorFlow checkpoint", IN_NUMPY),
    ".json": ("a list, such as that of a network's parts", "name a file that holds tensors"),
}
PAGES = (b"<!doctype", b"<html", b"<head")
POINTER = b"version https://git-lfs"
BEFORE_TEXT = b"\xef\xbb\xbf \t\r\n"


def other_weights(name: str) -> str | None:
    """What a file of weights is by its name, if that is not read, and what to do instead."""
    for suffix, (what, advice) in WEIGHTS_ELSEWHERE.items():
        if name.lower().endswith(suffix):
            return f"{what}, which is not read: {advice}"
    return None


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
    for begin, name in FORMATS.items():
        if head.startswith(begin):
            return f"{name}; convert it, or name another file"
    return None
