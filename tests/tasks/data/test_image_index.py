import numpy as np

from tasks.data.image_index import ImageIndex


def index(labels, classes=3, boxes=None):
    files = np.array([f"{i}.jpg".encode() for i in range(len(labels))])
    named = tuple((f"n{k}", f"class {k}") for k in range(classes))
    return ImageIndex("/data", files, np.array(labels), named, boxes)


def test_the_first_images_are_taken_from_all_classes_in_turn():
    whole = index([2, 0, 0, 0, 0, 1, 1, 2])
    assert whole.first(3).files.tolist() == [b"0.jpg", b"1.jpg", b"5.jpg"]
    assert whole.first(5).files.tolist() == [b"0.jpg", b"1.jpg", b"2.jpg", b"5.jpg", b"6.jpg"]
    assert whole.first(7).counts.tolist() == [3, 2, 2]
    assert whole.first(99).files.tolist() == whole.files.tolist()


def test_take_keeps_files_labels_and_boxes_together():
    boxes = np.arange(12, dtype=np.float32).reshape(3, 4)
    part = index([0, 1, 2], boxes=boxes).take(np.array([2, 0]))
    assert [str(part.path(i)) for i in range(2)] == ["/data/2.jpg", "/data/0.jpg"]
    assert part.labels.tolist() == [2, 0]
    assert np.array_equal(part.boxes, boxes[[2, 0]])


def test_a_line_says_how_many_and_how_evenly():
    assert str(index([0, 0, 1, 2])) == "4 images of 3 classes, 1 (class 1) to 2 (class 0) each"
    assert str(index([0, 1])) == "2 images of 2 of 3 classes, 1 each"
    assert str(index(np.zeros(1300, int), 1)) == "1,300 images of 1 class, 1,300 each"
