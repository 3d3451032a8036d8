"""What a person does with the page in a real Chromium: files, camera, slider and map."""

import json

import numpy as np
import pytest

from tests.tasks.demo.conftest import BOXES, EMBEDDING, LOWEST, PLACES, READY

pytestmark = pytest.mark.slow


def test_boxes_lie_over_the_picture_and_the_slider_chooses_them(opened, photographs):
    opened.choose(BOXES)
    opened.slide(LOWEST)
    boxes = opened.show(photographs[0])["boxes"]
    assert boxes
    drawn = opened.value(
        "{const whole = document.getElementById('still').getBoundingClientRect();"
        "Array.from(document.querySelectorAll('.box'), (box) => {"
        "const r = box.getBoundingClientRect();"
        "return [r.left - whole.left, r.top - whole.top, r.right - whole.left,"
        " r.bottom - whole.top].map((edge) => edge * 150 / whole.width)})}"
    )
    expected = [box["xyxy"] for box in reversed(boxes)]  # the best is on top
    np.testing.assert_allclose(drawn, expected, atol=1)
    opened.slide(boxes[0]["score"] - 0.005)
    assert len(opened.answer()["boxes"]) < len(boxes)
    assert opened.value("document.querySelectorAll('#answers .bar').length") == len(
        opened.answer()["boxes"]
    )


def test_photographs_are_compared_by_their_embeddings(opened, photographs):
    opened.choose(EMBEDDING)
    opened.show(photographs[0])
    opened.show(photographs[1])
    model = opened.model(EMBEDDING)
    one, two = (np.array(model.answer(path)["embedding"]) for path in photographs[:2])
    rows = opened.value(
        "Array.from(document.querySelectorAll('.similar .bar'), (row) =>"
        "[row.querySelector('.name').textContent, row.querySelector('.value').textContent])"
    )
    assert ["wide.jpg", f"{one @ two:.2f}"] in rows
    assert [value for _, value in rows] == sorted((v for _, v in rows), reverse=True)


def test_a_map_shows_where(opened, photographs):
    opened.choose(PLACES)
    answer = opened.show(photographs[0])
    opened.browser("until", code="document.querySelector('.map').height === 487")
    colours = opened.value(
        "{const map = document.querySelector('.map');"
        "const data = map.getContext('2d').getImageData(0, 0, map.width, map.height).data;"
        "new Set(Array.from({length: data.length / 4}, (_, i) => data.slice(4 * i, 4 * i + 3)"
        ".join())).size}"
    )
    assert colours > 10
    assert opened.value("document.querySelector('.map').ariaLabel").startswith("World map; the")
    assert len(answer["cells"]) == 5
    assert "true_position" not in answer


def test_the_answer_can_be_read_as_json(opened, photographs):
    opened.choose(0)
    answer = opened.show(photographs[2])
    opened.value("document.getElementById('json').closest('details').open = true")
    opened.browser("until", code="document.getElementById('json').textContent !== ''")
    said = json.loads(opened.value("document.getElementById('json').textContent"))
    assert said == {"image": "tall.png", **answer}
    opened.value("document.getElementById('json').closest('details').open = false")


def complaint(opened, **dropped) -> str:
    """What the page says about something that is dropped on it."""
    opened.value("complain('')")
    opened("drop", **dropped)
    opened("until", code="document.getElementById('error').textContent !== ''")
    return opened.text("error")


def test_a_photograph_is_dropped(opened, photographs):
    opened.choose(0)
    count = opened.value("photographs.length")
    opened("drop", paths=[str(path) for path in photographs[:2]])
    opened("until", code=f"photographs.length === {count + 2} && last !== null && {READY}")
    assert opened.value("shown.name") == "turned.jpg"
    assert opened.value("document.getElementById('still').alt") == "The photograph turned.jpg"
    assert not opened.value("document.body.classList.contains('dragging')")


def test_files_that_are_no_photographs_are_named_with_the_reason(opened, photographs, tmp_path):
    whole = photographs[0].read_bytes()
    files = {
        "notes.txt": (b"three eggs, flour", "notes.txt is a text file, not a photograph"),
        "empty.jpg": (b"", "empty.jpg is empty (0 bytes)"),
        "broken.jpg": (whole[:40], "broken.jpg is damaged or cut short"),
        "cut.png": (photographs[2].read_bytes()[:60], "cut.png is damaged or cut short"),
        "phone.heic": (b"\0\0\0\x18ftypheic\0\0\0\0", "phone.heic is a HEIC photograph"),
        "scan.tif": (b"II*\0\x08\0\0\0", "scan.tif is a TIFF photograph"),
        "tool.bin": (bytes(range(256)), "tool.bin is a file of an unknown kind"),
    }
    before = opened.value("photographs.length")
    for name, (content, message) in files.items():
        path = tmp_path / name
        path.write_bytes(content)
        assert message in complaint(opened, paths=[str(path)])
    folder = (
        "{const folder = new File(['x'], 'holiday');"
        "folder.slice = () => ({arrayBuffer: () => Promise.reject(new DOMException('gone'))});"
        "add([folder]).then(() => document.getElementById('error').textContent)}"
    )
    assert opened.value(folder).startswith("holiday cannot be read: it is a folder")
    assert "That was no file" in complaint(opened, text="https://example.org/photo.jpg")
    assert opened.value("photographs.length") == before
    # the good ones among them are shown, and a good one alone takes the message away
    path = tmp_path / "notes.txt"
    assert "notes.txt" in complaint(opened, paths=[str(photographs[0]), str(path)])
    assert opened.value("photographs.length") == before + 1
    opened.show(photographs[0])
    assert opened.text("error") == ""


def test_the_camera_is_answered_frame_by_frame(opened):
    opened.choose(BOXES)
    opened("click", selector="#camera")
    opened("until", code="camera.running && frames.length > 3")
    assert "per second" in opened.text("timing")
    assert opened.text("camera") == "Stop the camera"
    # another model takes over while it runs
    opened.value(f"document.querySelectorAll('[name=model]')[{PLACES}].click()")
    opened("until", code=f"model === {PLACES} && last?.said[0].cells !== undefined")
    opened("click", selector="#camera")
    opened("until", code=f"!camera.running && {READY}")
    assert opened.text("camera") == "Use the camera"
    assert opened.value("document.getElementById('film').srcObject === null")


def test_a_camera_that_goes_away_gives_way_to_the_last_photograph(opened, photographs):
    opened.choose(0)
    opened.show(photographs[0])
    opened("click", selector="#camera")
    opened("until", code="camera.running && frames.length > 1")
    opened.value("document.getElementById('film').srcObject.getTracks()[0].stop()")
    opened("until", code=f"!camera.running && last !== null && {READY}")
    assert opened.text("error") == "The camera went away."
    assert opened.value("document.getElementById('stage').dataset.shows") == "photograph"
    assert opened.value("shown.name") == "wide.jpg"


@pytest.mark.parametrize(
    ("error", "words"),
    [("NotAllowedError", "The camera was refused"), ("NotFoundError", "No camera was found")],
)
def test_a_camera_that_cannot_be_used_is_explained(opened, error, words):
    opened.value(
        "navigator.mediaDevices.getUserMedia ="
        f" () => Promise.reject(new DOMException('no', '{error}')); 1"
    )
    opened("click", selector="#camera")
    opened("until", code="document.getElementById('error').textContent !== ''")
    assert words in opened.text("error")
    assert opened.text("camera") == "Use the camera"
    opened.value("delete navigator.mediaDevices.getUserMedia; complain(''); 1")


def test_a_photograph_can_be_removed(opened, photographs):
    opened.choose(0)
    opened.show(photographs[0])
    opened.show(photographs[1])
    count = opened.value("photographs.length")
    opened("click", selector="#remove")
    opened("until", code=f"photographs.length === {count - 1} && last !== null && {READY}")
    assert opened.value("shown.name") == "wide.jpg"
    assert opened.value("document.getElementById('strip').children.length") == count - 1
    while count := opened.value("photographs.length"):
        opened("click", selector="#remove")
        opened("until", code=f"photographs.length === {count - 1} && {READY}")
    assert opened.value("document.getElementById('stage').dataset.shows") == "empty"
    assert opened.text("status").startswith("Ready.")


def test_nothing_was_asked_of_the_network_and_nothing_failed(opened):
    asked = [url for url in opened("requests") if not url.startswith("blob:")]
    assert asked == [opened.file.as_uri()]
    assert opened("faults") == []
    policy = opened.value("document.querySelector('meta[http-equiv]').content")
    assert "default-src 'none'" in policy
    assert "connect-src 'none'" in policy
    # and the policy holds: a request fails, and an inline handler is not run
    refused = "fetch('https://example.org/').then(() => 'answered', () => 'refused')"
    assert opened.value(refused) == "refused"
