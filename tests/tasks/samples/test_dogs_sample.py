"""The drawn dogs: in Stanford Dogs' own layout, exactly annotated, repeatable."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from scipy.io import loadmat

from tasks.samples.dogs import BREEDS, compose, dog_kind, varied
from tasks.samples.sprite import draw_sprite, tight_box
from tests.tasks.samples.sets import SETS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def drawn(drawn_set) -> Path:
    return drawn_set("dogs")


def _read(root: Path, name: str) -> tuple[list[str], list[str], list[int]]:
    """The three columns of a list, as the official readers take them apart."""
    content = loadmat(root / f"lists/{name}_list.mat")
    columns = [content[key] for key in ("file_list", "annotation_list", "labels")]
    assert len({column.shape for column in columns}) == 1
    assert columns[0].shape[1] == 1
    assert columns[2].dtype == np.uint8
    files, annotations = ([str(cell[0][0]) for cell in column] for column in columns[:2])
    return files, annotations, columns[2][:, 0].tolist()


def test_breeds_are_imagenets_in_order():
    from timm.data import ImageNetInfo

    info = ImageNetInfo("imagenet-1k")
    for breed in BREEDS:
        words = info.label_name_to_description(breed.wnid).split(", ")
        assert breed.name.replace("_", " ") in words
    folders = [breed.folder for breed in BREEDS]
    assert folders == sorted(folders)


def test_lists_name_every_file_once(drawn):
    files, annotations, labels = _read(drawn, "file")
    images = {str(p.relative_to(drawn / "Images")) for p in drawn.glob("Images/*/*.jpg")}
    texts = {str(p.relative_to(drawn / "Annotation")) for p in drawn.glob("Annotation/*/*")}
    assert len(files) == 42
    assert set(files) == images
    assert set(annotations) == texts
    assert [name + ".jpg" for name in annotations] == files
    train, test = _read(drawn, "train"), _read(drawn, "test")
    assert not set(train[0]) & set(test[0])
    assert set(train[0]) | set(test[0]) == images
    for names, _, numbers in ((files, annotations, labels), train, test):
        for name, number in zip(names, numbers, strict=True):
            folder, file = name.split("/")
            assert folder == BREEDS[number - 1].folder
            assert file.startswith(BREEDS[number - 1].wnid + "_")
    assert np.bincount(train[2])[1:].tolist() == [3] * 6 + [2] * 6
    assert np.bincount(test[2])[1:].tolist() == [1] * 12


def test_annotations_have_the_official_elements(drawn):
    paths = list(drawn.glob("Annotation/*/*"))
    assert len(paths) == 6 * 3 + 6 * 2 + 12
    for path in paths:
        tree = ElementTree.parse(path)
        assert " ".join(element.tag for element in tree.getroot().iter()) == (
            "annotation folder filename source database size width height depth segment object "
            "name pose truncated difficult bndbox xmin ymin xmax ymax"
        )
        wnid, name = path.parent.name.split("-")
        assert tree.findtext("folder") == wnid[1:]
        assert tree.findtext("filename") == path.name
        assert tree.findtext("object/name") == name
        size = tuple(int(tree.findtext(f"size/{side}")) for side in ("width", "height"))
        with Image.open(drawn / f"Images/{path.parent.name}/{path.name}.jpg") as image:
            assert image.size == size
            assert image.mode == "RGB"


def test_boxes_are_tight_around_what_is_painted(drawn):
    truncated = 0
    for label, breed in enumerate(BREEDS):
        path = drawn / f"Annotation/{breed.folder}/{breed.wnid}_1"
        tree = ElementTree.parse(path)
        box = [int(tree.findtext(f"object/bndbox/{edge}")) for edge in ("xmin", "ymin", "xmax")]
        box.append(int(tree.findtext("object/bndbox/ymax")))
        picture = compose(label, SETS["dogs"].small["size"], np.random.default_rng((0, 0, label)))
        (dog,) = picture.objects
        renders = []
        for tone in (0, 255):  # the pixels that change when the dog alone is bleached
            dog.sprite.image[dog.sprite.mask, :3] = tone
            renders.append(picture.render().astype(int))
        painted = tight_box((renders[1] - renders[0]).mean(-1) > 127)
        assert np.abs(np.subtract(box, painted)).max() <= 1
        assert dog.visible.sum() > 0.4 * dog.sprite.mask.sum()
        cut = dog.visible.sum() < dog.sprite.mask.sum()
        assert tree.findtext("object/truncated") == str(int(cut))
        truncated += cut
    assert 0 < truncated < len(BREEDS)


@pytest.mark.parametrize("pose", ["standing", "sitting", "portrait"])
@pytest.mark.parametrize("breed", BREEDS, ids=lambda breed: breed.name)
def test_every_breed_draws_in_every_coat_and_pose(breed, pose):
    for number, coat in enumerate(breed.coats):
        sprite = draw_sprite(dog_kind(breed, pose, coat), 60, np.random.default_rng(number))
        x0, y0, x1, y1 = sprite.extent
        assert 40 < np.sqrt((x1 - x0) * (y1 - y0)) < 80
        assert min(x0, y0) >= 1  # nothing was cut off by the sheet
        assert x1 < sprite.mask.shape[1]
        assert y1 < sprite.mask.shape[0]


def test_a_coat_varies_from_dog_to_dog_but_keeps_its_parts():
    coat = BREEDS[7].coats[0]
    one, two = (varied(coat, np.random.default_rng(seed)) for seed in (1, 2))
    assert one != two
    assert one.keys() == two.keys() == coat.keys()
    # colours move together: what was darker stays darker
    assert sum(one["body"]) < sum(one["under"])
