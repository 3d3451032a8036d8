"""Inputs that cannot be read are named, and outputs replace none of them."""

import json
import os
import shutil


def test_an_unreadable_image_is_named_and_the_others_go_on(checkpoint, command, sample, tmp_path):
    good = sorted((sample / "val2017").iterdir())[0]
    bad = tmp_path / "cut.jpg"
    bad.write_bytes(good.read_bytes()[:400])
    err = command(
        checkpoint, bad, good, tmp_path / "gone.jpg", "--output", tmp_path / "out", code=2
    ).err
    assert "cut.jpg" in err
    assert "gone.jpg" in err
    assert len(json.loads((tmp_path / "out/predictions.json").read_text())) == 1


def test_inputs_of_one_name_get_pictures_of_their_own(checkpoint, command, sample, tmp_path):
    source = sorted((sample / "val2017").iterdir())[0]
    folder = tmp_path / "photos"
    given = [folder / name for name in ("x-2.jpg", "x.jpg", "sub/x.jpg")]
    for path in given:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, path)
    (folder / "notes.txt").touch()
    command(checkpoint, folder, *given, "--output", folder / "out")
    answers = json.loads((folder / "out/predictions.json").read_text())
    assert len(answers) == 6
    pictures = {answer["picture"] for answer in answers}
    assert pictures == {path.name for path in (folder / "out").glob("*.jpg")}
    assert len(pictures) == 6
    # again: the first answers are no images of the folder
    command(checkpoint, folder, "--output", folder / "out")
    assert len(json.loads((folder / "out/predictions.json").read_text())) == 3


def test_what_is_no_file_is_named_and_the_others_go_on(checkpoint, command, sample, tmp_path):
    good = sorted((sample / "val2017").iterdir())[0]
    os.mkfifo(tmp_path / "pipe.jpg")
    url = "https://example.org/cat.jpg"
    out = tmp_path / "out"
    err = command(
        checkpoint, tmp_path / "pipe.jpg", url, "/dev/null", good, "--output", out, code=2
    ).err
    lines = err.splitlines()
    assert len(lines) == 3
    assert f"{tmp_path / 'pipe.jpg'} is a pipe" in lines[0]
    assert "download it" in lines[1]
    assert "/dev/null is a device" in lines[2]
    assert len(json.loads((out / "predictions.json").read_text())) == 1


def test_outputs_never_replace_inputs(checkpoint, command, sample, tmp_path):
    shutil.copy(sorted((sample / "val2017").iterdir())[0], tmp_path / "cat.jpg")
    before = (tmp_path / "cat.jpg").read_bytes()
    err = command(checkpoint, tmp_path / "cat.jpg", "--output", tmp_path, code=2).err
    assert "choose another --output" in err
    assert (tmp_path / "cat.jpg").read_bytes() == before
    assert not (tmp_path / "predictions.json").exists()


def test_a_folder_that_cannot_be_written_is_one_line(checkpoint, command, sample, tmp_path):
    (tmp_path / "file").touch()
    err = command(checkpoint, sample / "val2017", "--output", tmp_path / "file" / "out", code=2).err
    assert err.startswith(f"error: cannot write {tmp_path / 'file/out'} (")
    assert len(err.splitlines()) == 1
