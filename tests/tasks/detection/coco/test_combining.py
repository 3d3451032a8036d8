import pytest

from backbone.errors import InputError
from tasks.detection.coco.combining import check_same_categories, concatenate, shared_files
from tasks.detection.coco.index import load_index
from tasks.detection.coco.splits import Files


@pytest.fixture
def load(tmp_path):
    def load(files, **options):
        return load_index(*files, cache_dir=tmp_path / "cache", **options)

    return load


@pytest.fixture
def files(coco_2014):
    """The annotations and the images of the two sets of COCO 2014."""
    return [
        Files(coco_2014 / f"annotations/instances_{name}.json", coco_2014 / name)
        for name in ("train2014", "val2014")
    ]


def test_two_sets_as_one(load, files):
    parts = [load(each) for each in files]
    both = concatenate(*parts)
    assert both.image_ids.tolist() == [1, 2, 3, 5, 6, 7]
    assert both.offsets.tolist() == [0, 2, 4, 4, 6, 8, 8]
    assert both.path(0).parent.name == "train2014"
    assert both.path(3).parent.name == "val2014"
    assert all(both.path(i).is_file() for i in range(6))
    with pytest.raises(InputError, match=r"image ids in both .*: 1, 2, 3"):
        concatenate(parts[0], parts[0])


def test_files_of_both_sets(load, files, coco_2014):
    first, second = (load(each) for each in files)
    assert shared_files(first, second) == []
    again = [str(coco_2014 / f"train2014/{name.decode()}") for name in first.file_names.tolist()]
    assert shared_files(first, concatenate(second, first)) == sorted(again)


def test_files_that_number_other_categories_are_refused(load, files, coco_content, coco_write):
    check_same_categories(load(files[0]), load(files[1]))
    coco_content["categories"] = coco_content["categories"][::-1]
    coco_write(files[1], coco_content)
    # with COCO's fixed outputs the order does not matter
    check_same_categories(load(files[0], num_classes=91), load(files[1], num_classes=91))
    with pytest.raises(InputError, match="another order"):
        check_same_categories(load(files[0]), load(files[1]))
    coco_content["categories"][0] = {"id": 3, "name": "lorry"}
    coco_write(files[1], coco_content)
    with pytest.raises(InputError, match=r"\(3, 'car'\), \(3, 'lorry'\)"):
        check_same_categories(load(files[0]), load(files[1]))
