"""The drawn people: every attribute shows where it should, and people stay themselves."""

from dataclasses import fields, replace
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest

from tasks.samples import faces
from tasks.samples.drawing.art import ART
from tasks.samples.drawing.colors import COLORS, PALETTES
from tasks.samples.faces import sitting
from tasks.samples.portraits import identity, look
from tasks.samples.portraits.attributes import ATTRIBUTES, attributes
from tasks.samples.portraits.identity import SKEWS, Identity
from tasks.samples.portraits.look import Look
from tasks.samples.portraits.portrait import Framing, _choices, compose
from tasks.samples.tables import table

pytestmark = pytest.mark.slow

CELEBA = Framing((178, 218), (88.5, 111.0), 38.0)


def _labels(split: int, count: int, seed: int = 0) -> np.ndarray:
    people = faces._in_turn(seed, split, count)
    sitters = (sitting(seed, split, person, i) for i, person in enumerate(people))
    return np.array([list(attributes(face, today).values()) for face, today, _ in sitters])


@pytest.fixture(scope="module")
def labels() -> dict[str, np.ndarray]:
    return dict(zip(ATTRIBUTES, _labels(0, 1600).T, strict=True))


@pytest.mark.parametrize("split", [0, 1, 2])
def test_no_attribute_is_constant_in_200_pictures(split):
    for seed in (0, 1):
        often = _labels(split, 200, seed).mean(0)
        assert (often > 0.004).all()
        assert (often < 0.99).all()


def test_attributes_are_about_as_frequent_as_celebas(labels):
    celeba = {"Male": 0.42, "Smiling": 0.48, "Young": 0.77, "Wearing_Hat": 0.05, "No_Beard": 0.83}
    celeba |= {"Attractive": 0.51, "Wavy_Hair": 0.32, "Eyeglasses": 0.07, "Bald": 0.02}
    for name, often in celeba.items():
        assert labels[name].mean() == pytest.approx(often, abs=0.12), name


def test_attributes_agree_with_each_other(labels):
    hair = np.stack([labels[f"{color}_Hair"] for color in ("Black", "Blond", "Brown", "Gray")])
    assert hair.sum(0).max() == 1
    for hidden in ("Bangs", "Receding_Hairline", "Bald"):
        assert not (labels["Wearing_Hat"] & labels[hidden]).any()
    for other in ("Bangs", "Straight_Hair", "Wavy_Hair", "Receding_Hairline"):
        assert not (labels["Bald"] & labels[other]).any()
    assert not (labels["Bald"] & hair).any()
    assert not (labels["Straight_Hair"] & labels["Wavy_Hair"]).any()
    assert not (labels["Big_Nose"] & labels["Pointy_Nose"]).any()
    for beard in ("Goatee", "5_o_Clock_Shadow"):
        assert not (labels["No_Beard"] & labels[beard]).any()
    assert (labels["Wearing_Lipstick"] | ~labels["Heavy_Makeup"]).all()
    # likelier together, as in CelebA
    for one, other in (("Male", "Wearing_Necktie"), ("Smiling", "Mouth_Slightly_Open")):
        assert labels[other][labels[one]].mean() > 1.5 * labels[other][~labels[one]].mean()
    assert labels["Gray_Hair"][~labels["Young"]].mean() > 0.2


@pytest.fixture(scope="module")
def plain() -> tuple[Identity, Look]:
    """A face, and a look, with as few attributes as there can be."""

    def nothing(kind: type) -> dict[str, bool]:
        return {trait.name: False for trait in fields(kind) if trait.type is bool}

    face = identity.invent(0, 0, 3)
    face = replace(face, **nothing(Identity) | {"young": True}, nose="plain", moles=())
    face = replace(face, shape="square", own={}, skew={}, skin=(216, 168, 130), texture="straight")
    today = look.invent(face, np.random.default_rng(0))
    today = replace(today, **nothing(Look) | {"tucked": True}, style="short", clothes="suit")
    today = replace(today, yaw=0.0, pitch=0.0, light="front", part=1, volume=0.0, hat=None)
    today = replace(today, hair="brown", hair_tone=COLORS["hair"]["brown"], beard="none")
    return face, today


def _portrait(face: Identity, today: Look) -> np.ndarray:
    """A picture as floats, always in front of the same background and in the same light."""
    return compose(face, today, CELEBA, np.random.default_rng(5))[0].astype(np.float32)


def _part(picture: np.ndarray, area: tuple[float, float, float, float]) -> np.ndarray:
    """The part of a picture within x0, y0, x1, y1, in units of the distance between the eyes."""
    x0, y0, x1, y1 = (
        round(a * CELEBA.eyes + m) for a, m in zip(area, 2 * CELEBA.middle, strict=True)
    )
    return picture[max(0, y0) : y1, max(0, x0) : x1]


def _hair(name: str) -> dict:
    return {"hair": name, "hair_tone": COLORS["hair"][name]}


_BROWS, _EYES = (-1.0, -0.7, 1.0, -0.1), (-0.9, -0.35, 0.9, 0.4)
_NOSE, _MOUTH, _LIPS = (-0.5, -0.2, 0.5, 0.95), (-0.8, 0.8, 0.8, 1.5), (-0.55, 0.85, 0.55, 1.4)
_CHEEKS, _JAW = (-1.15, 0.2, 1.15, 1.3), (-1.3, 0.3, 1.3, 2.1)
_TOP, _CHEST, _HEAD = (-1.9, -2.9, 1.9, -0.4), (-0.9, 1.6, 0.9, 2.8), (-1.9, -2.5, 1.9, 2.4)

# what makes an attribute, and where it shows
SEEN = {
    "5_o_Clock_Shadow": ({"male": True}, {"beard": "stubble"}, _JAW),
    "Arched_Eyebrows": ({"arched": True}, {}, _BROWS),
    "Bags_Under_Eyes": ({"bags": True}, {}, _EYES),
    "Bald": ({"bald": True}, {"style": "bald"}, _TOP),
    "Bangs": ({}, {"bangs": True}, (-1.2, -1.6, 1.2, -0.1)),
    "Big_Lips": ({"big_lips": True}, {}, _LIPS),
    "Big_Nose": ({"nose": "big"}, {}, _NOSE),
    "Black_Hair": ({}, _hair("black"), _TOP),
    "Blond_Hair": ({}, _hair("blond"), _TOP),
    "Bushy_Eyebrows": ({"bushy": True}, {}, _BROWS),
    "Chubby": ({"chubby": True}, {}, _HEAD),
    "Double_Chin": ({"double_chin": True}, {}, (-1.0, 1.2, 1.0, 2.3)),
    "Eyeglasses": ({}, {"glasses": True}, (-1.1, -0.45, 1.1, 0.45)),
    "Goatee": ({"male": True}, {"beard": "goatee"}, (-0.7, 1.1, 0.7, 1.9)),
    "Gray_Hair": ({}, _hair("gray"), _TOP),
    "Heavy_Makeup": ({}, {"makeup": True, "lipstick": True}, (-1.0, -0.5, 1.0, 1.4)),
    "High_Cheekbones": ({}, {"cheekbones": True}, _CHEEKS),
    "Mouth_Slightly_Open": ({}, {"mouth_open": True}, _MOUTH),
    "Mustache": ({"male": True}, {"beard": "mustache"}, (-0.75, 0.6, 0.75, 1.3)),
    "Narrow_Eyes": ({"narrow_eyes": True}, {}, _EYES),
    "Oval_Face": ({"shape": "oval"}, {}, _HEAD),
    "Pointy_Nose": ({"nose": "pointy"}, {}, _NOSE),
    "Receding_Hairline": ({"receding": True}, {"receding": True}, (-1.2, -2.0, 1.2, -0.5)),
    "Rosy_Cheeks": ({}, {"rosy": True}, (-1.1, 0.1, 1.1, 1.0)),
    "Sideburns": ({"male": True}, {"sideburns": True}, (-1.3, -0.5, 1.3, 0.9)),
    "Smiling": ({}, {"smiling": True}, (-1.0, -0.2, 1.0, 1.5)),
    "Wavy_Hair": ({"texture": "wavy"}, {}, _TOP),
    "Wearing_Earrings": ({}, {"earrings": True}, (-1.5, 0.3, 1.5, 1.3)),
    "Wearing_Hat": ({}, {"hat": "cap"}, _TOP),
    "Wearing_Lipstick": ({}, {"lipstick": True}, _LIPS),
    "Wearing_Necklace": ({}, {"necklace": True}, _CHEST),
    "Wearing_Necktie": ({}, {"necktie": True}, _CHEST),
    "Young": ({"young": False}, {}, (-1.1, -1.1, 1.1, 1.7)),  # lines show that one is not
}


@pytest.mark.parametrize("name", SEEN)
def test_an_attribute_shows_where_one_looks_for_it(plain, name):
    of_face, of_look, area = SEEN[name]
    face, today = plain
    if of_face.get("male"):  # a beard is compared with the same chin without
        face, of_face = replace(face, male=True), {}
    other = replace(face, **of_face), replace(today, **of_look)
    before, after = attributes(face, today), attributes(*other)
    assert before[name] != after[name]
    change = np.abs(_portrait(*other) - _portrait(face, today)).mean(-1, keepdims=True)
    inside = _part(change, area)
    assert inside.mean() > 1.5
    assert np.quantile(inside, 0.95) > 12  # not a faint veil
    assert inside.sum() > 0.75 * change.sum()  # and little else changes


def _brightness(picture: np.ndarray, area: tuple[float, float, float, float]) -> float:
    return float(_part(picture, area).mean())


def test_hair_colors_differ_as_their_names_say(plain):
    face, today = plain
    crown = (-0.6, -1.75, 0.6, -1.3)
    tones = {
        name: _part(_portrait(face, replace(today, **_hair(name))), crown).mean((0, 1))
        for name in COLORS["hair"]
    }
    assert tones["black"].mean() < tones["brown"].mean() - 25
    assert tones["brown"].mean() < tones["blond"].mean() - 40
    assert tones["blond"][0] > tones["blond"][2] + 50
    assert np.ptp(tones["gray"]) < 20


def test_pale_skin_is_brighter_than_any_other(plain):
    face, today = plain
    cheek = (-0.7, 0.3, 0.7, 0.8)
    pale = _brightness(_portrait(replace(face, skin=identity.PALE), today), cheek)
    others = [
        _brightness(_portrait(replace(face, skin=skin), today), cheek) for skin in PALETTES["skins"]
    ]
    assert pale > max(others) + 15
    assert all(one < other for one, other in pairwise(others))


def test_a_blurry_picture_has_no_edges(plain):
    face, today = plain

    def edges(picture: np.ndarray) -> float:
        head = _part(picture, _HEAD).mean(-1)
        return float(np.abs(np.diff(head, axis=0)).mean())

    sharp, blurry = (_portrait(face, replace(today, blurry=b)) for b in (False, True))
    assert edges(blurry) < 0.6 * edges(sharp)
    assert attributes(face, replace(today, blurry=True))["Blurry"]


def test_a_smile_lifts_the_corners_of_the_mouth(plain):
    face, today = plain
    places = [
        compose(face, replace(today, smiling=smiling), CELEBA, np.random.default_rng(5))[1]
        for smiling in (False, True)
    ]
    assert (places[1][3:5, 1] < places[0][3:5, 1] - 4).all()
    assert np.ptp(places[1][3:5, 0]) > np.ptp(places[0][3:5, 0]) + 6


def test_attractive_means_symmetric_and_clear(plain):
    face, today = plain
    skewed = replace(face, skew=dict.fromkeys(SKEWS, 1.0))
    spotted = replace(face, blemishes=True)
    picture = _portrait(face, today)
    mirrored = np.abs(picture - picture[:, ::-1])
    other = _portrait(skewed, today)
    assert attributes(face, today)["Attractive"]
    for worse in (skewed, spotted, replace(face, bags=True)):
        assert not attributes(worse, today)["Attractive"]
    features = (-0.9, -0.6, 0.9, 1.5)
    unlike = np.abs(other - other[:, ::-1])
    assert _brightness(unlike, features) > 1.3 * _brightness(mirrored, features)
    change = np.abs(_portrait(spotted, today) - _portrait(face, today))
    assert _part(change, _HEAD).max() > 30


def _person(number: int) -> Identity:
    return identity.invent(0, 0, number)


def test_men_and_women_are_drawn_with_other_cues(plain):
    face, today = plain
    man, woman = (_portrait(replace(face, male=male), today) for male in (True, False))
    change = np.abs(man - woman)
    assert _brightness(change, _BROWS) > 2  # heavier brows
    assert _brightness(change, (-1.0, 1.6, 1.0, 2.2)) > 2  # a broader neck
    jaws = np.array([(face.proportions["jaw"], face.male) for face in map(_person, range(200))])
    assert jaws[jaws[:, 1] == 1, 0].mean() > jaws[jaws[:, 1] == 0, 0].mean() + 0.02


def test_the_tables_name_what_there_is():
    movable = {row["proportion"] for row in table("proportions")}
    assert {name for build in identity._BUILDS.values() for name in build} <= movable
    assert {*SKEWS, "volume"} <= movable
    assert set(identity.SHAPES) <= identity._BUILDS.keys()
    assert {row["layer"] for row in table("layers")} == {p.stem for p in ART.glob("faces/*.svg")}


def test_what_is_chosen_is_in_the_drawings():
    """A choice that no file offers draws nothing, so a misspelt one would go unseen."""
    offered: dict[str, set[str]] = {}
    for path in ART.glob("faces/*.svg"):
        for group in ElementTree.parse(path).getroot().iterfind(".//*[@data-one-of]"):
            ids = {name for child in group for name in child.get("id", "").split("_")}
            offered.setdefault(group.get("data-one-of", ""), set()).update(ids)
    nothing = {"texture": {"coily"}, "beard": {"none"}, "hat": {None}, "falls": {"none"}}
    for index in range(300):
        face, today, _ = sitting(0, 0, index, index)
        chosen = _choices(face, today)
        nothing["falls"].add(today.style)
        for name in offered.keys() & chosen.keys():
            assert chosen[name] in offered[name] | nothing.get(name, set()), name


def test_one_person_looks_alike_on_other_days():
    """Faces of one person are closer than those of two, though hair colour alone does not tell."""
    pictures, people, hair = [], [], []
    for person in range(8):
        for index in range(3):
            face, today, rng = sitting(0, 0, person, 3 * person + index)
            today = replace(today, hat=None, glasses=False, blurry=False, beard="none")
            picture = compose(face, today, CELEBA, rng)[0].astype(np.float32)
            inner = _part(picture, (-0.7, -0.5, 0.7, 1.3))[::3, ::3]
            pictures.append((inner / inner.mean()).ravel())
            people.append(person)
            hair.append(face.hair)
    apart = np.linalg.norm(np.stack(pictures)[:, None] - np.stack(pictures), axis=-1)
    same = np.equal.outer(people, people)
    alike = apart[same & ~np.eye(24, dtype=bool)].mean()
    assert alike < 0.85 * apart[~same].mean()
    assert apart[same & ~np.eye(24, dtype=bool)].min() > 0.1 * apart[~same].mean()  # yet not equal
    assert len(set(hair)) < len(set(people))


@pytest.mark.parametrize("style", ["bald", "cropped", "short", "bob", "long", "ponytail", "bun"])
@pytest.mark.parametrize("texture", ["straight", "wavy"])
def test_every_style_and_hat_draws_in_every_pose(plain, style, texture):
    face, today = plain
    face = replace(face, texture=texture)
    for hat, yaw in ((None, -18.0), ("beanie", 18.0), ("brimmed", 0.0)):
        posed = replace(today, style=style, hat=hat, yaw=yaw, pitch=6.0, volume=0.1)
        picture, places = compose(face, posed, CELEBA, np.random.default_rng(1))
        assert picture.shape == (218, 178, 3)
        assert np.abs(places[:2] - [(69.5, 111), (107.5, 111)]).max() < 1e-6  # also when turned
