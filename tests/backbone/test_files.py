import pytest

from backbone.files import write_atomically


def test_a_file_appears_when_it_is_whole(tmp_path):
    path = tmp_path / "new folder" / "a.txt"
    with write_atomically(path) as partial:
        partial.write_text("half")
        assert not path.exists()
        partial.write_text("all")
    assert path.read_text() == "all"
    assert list(path.parent.iterdir()) == [path]


def test_after_an_error_everything_is_as_it_was(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail():
        with write_atomically(path) as partial:
            partial.write_text("new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
