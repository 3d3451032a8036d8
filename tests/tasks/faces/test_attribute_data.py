import subprocess
import sys

import hydra
import numpy as np
import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from torch.utils.data import DataLoader

from backbone.errors import InputError
from tasks.data.labelled_images import collate_labelled
from tasks.faces.attribute_data import AttributeData
from tasks.faces.attribute_lists import AttributeLists
from tasks.faces.celeba import CelebA
from tasks.images.view import View
from tests.conftest import ROOT
from tests.tasks.conftest import LOADING
from tests.tasks.faces.attribute_files import LABELS, write_celeba, write_csv, write_faces


def data(source, crop_fraction=1.0, **options):
    given = {"crop": True, "crop_scale": [0.7, 1.0], "view": View(crop_fraction=crop_fraction)}
    module = AttributeData(source, **(LOADING | given | options))
    module.setup("fit")
    return module


@pytest.fixture
def celeba(tmp_path):
    return write_celeba(tmp_path / "celeba", parts=[0, 0, 1, 1, 2, 2])


def test_a_batch_holds_a_row_of_labels_for_each_image(celeba):
    module = data(CelebA(str(celeba)))
    dataset = module.datasets["train"]
    batch = collate_labelled([dataset[0], dataset[1, 3]])
    assert batch["label"].dtype == torch.int64
    assert batch["label"].tolist() == LABELS[:2]
    assert batch["image"].shape == (2, 3, 32, 32)
    loader = DataLoader(dataset, batch_sampler=[[0, 1]], collate_fn=collate_labelled, num_workers=1)
    (loaded,) = loader
    assert torch.equal(loaded["label"], batch["label"])
    assert module.labels.ids == ["Bald", "Male", "Smiling", "Young"]
    assert module.labels.num_classes == 4


def test_the_description_gives_the_view_and_undefined_attributes(celeba, capsys):
    module = data(CelebA(str(celeba)), crop_fraction=0.875)
    said = module.describe()
    assert said.startswith("celeba: 4 attributes, trained on 2 images, scored on 2 images")
    assert "each seen in 0.875 of its largest central box" in said
    # of the test images both smile
    assert "mean_ap leaves out Smiling (true, false or unknown for all images" in said
    out = capsys.readouterr().out
    assert "test: mean_ap leaves out Smiling" in out
    assert "val: mean_ap leaves out Bald" in out
    module.setup("test")
    assert capsys.readouterr().out == ""
    whole = data(CelebA(str(celeba), ["Bald"]), validate_on_train=True)
    assert "scored on the same images, each seen in its largest central box" in whole.describe()


def test_data_that_cannot_be_scored_stop_the_run_before_training(celeba):
    with pytest.raises(InputError, match="test: every attribute is true, false or unknown for all"):
        data(CelebA(str(celeba), ["Smiling"]))


def test_images_without_labels(tmp_path):
    write_faces(tmp_path / "images", ["a.jpg", "b.jpg"])
    write_faces(tmp_path / "more", ["c.jpg", "d.jpg", "e.jpg"])
    write_csv(tmp_path / "val.csv", ["file,Hat", "a.jpg,1", "b.jpg,0"])
    source = AttributeLists(str(tmp_path), train=None, unlabelled="more")
    module = data(source)
    assert "trained on 3 images (3 of them without labels)" in module.describe()
    dataset = module.datasets["train"]
    batch = collate_labelled([dataset[i, 0] for i in range(3)])
    assert batch["label"].tolist() == [[-1], [-1], [-1]]
    assert len(data(source, limit=2).datasets["train"]) == 2


@pytest.mark.parametrize("name", ["celeba", "attribute_lists", "utkface"])
def test_the_configurations_build_what_they_name(name, tmp_path):
    with hydra.initialize_config_module("conf", version_base="1.3"):
        config = hydra.compose("config", [f"data={name}", f"data.root={tmp_path}"])
        config.data.attributes = ["Male"]
        plain = OmegaConf.to_container(config, resolve=True)["data"]
    assert plain["kind"] == "attributes"
    assert plain["name"] == name
    plain.pop("sample", None)
    module = instantiate(plain["module"])
    assert isinstance(module, AttributeData)
    assert (module.view.crop_fraction, list(module.source.attributes)) == (1.0, ["Male"])
    with pytest.raises(InputError, match=r"not complete|none of the 0 images"):
        module.setup("fit")


def test_checking_needs_no_torch(celeba):
    code = (
        "import sys\nfrom tasks.data.image_source import check_source\n"
        "from tasks.faces import attribute_lists, celeba, utkface, unpack\n"
        f"check_source(celeba.CelebA({str(celeba)!r}))\n"
        "assert 'torch' not in sys.modules and 'pyarrow' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=100)


def test_real_faces_in_batches(shared):
    from tasks.faces.utkface import UTKFace

    module = data(UTKFace(str(shared / "utkface")), size=64)
    assert module.describe() == (
        "utkface: 6 attributes, trained on 8,000 images, scored on 1,000 images, each seen in "
        "its largest central box"
    )
    dataset = module.datasets["train"]
    batch = collate_labelled([dataset[i, 0] for i in range(4)])
    assert batch["label"].shape == (4, 6)
    ages = [int(module.indices["train"].path(i).name.split("_")[0]) for i in range(4)]
    assert batch["label"][:, -1].tolist() == [int(age > 60) for age in ages]
    assert np.isin(module.indices["train"].labels, [0, 1]).all()


def test_unreadable_faces_are_counted(celeba):
    (celeba / "img_align_celeba" / "000002.jpg").write_bytes(b"\xff\xd8\xff cut")
    with pytest.raises(InputError, match=r"train: 1 of the 2 images .*000002\.jpg"):
        data(CelebA(str(celeba)))
    module = data(CelebA(str(celeba)), skip_unreadable=True)
    assert module.indices["train"].labels.tolist() == LABELS[:1]
    assert module.left_out["train"] == {"unreadable": 1}
    assert "left out of train: 1 unreadable" in module.describe()
