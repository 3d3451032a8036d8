"""CelebA's forty attributes, each read off what was drawn.

Most are parts of the drawing. Some need a rule where a person would judge:

- `Attractive` was a judgement of CelebA's labellers. Here it stands for something anyone can see:
  a symmetric face with clear skin, without blemishes and without bags under the eyes.
- `Male` is drawn with the cues of a broader jaw and neck, heavier and lower brows, no lashes, and
  mostly short hair; `Young` with skin that is neither wrinkled nor sagging.
- `No_Beard` is a chin and jaws without any hair, stubble included. A mustache alone is no beard.
- `Goatee` is hair around the chin only; a full beard has a mustache and sideburns but no goatee.
- What a hat hides is absent: `Bald`, `Bangs`, `Receding_Hairline`. A shaven head has no colour.
- `Straight_Hair` and `Wavy_Hair` need hair long enough to tell; cropped hair, a bun and tight
  curls are neither.
"""

from tasks.samples.portraits.identity import Identity
from tasks.samples.portraits.look import Look

ATTRIBUTES = (
    "5_o_Clock_Shadow",
    "Arched_Eyebrows",
    "Attractive",
    "Bags_Under_Eyes",
    "Bald",
    "Bangs",
    "Big_Lips",
    "Big_Nose",
    "Black_Hair",
    "Blond_Hair",
    "Blurry",
    "Brown_Hair",
    "Bushy_Eyebrows",
    "Chubby",
    "Double_Chin",
    "Eyeglasses",
    "Goatee",
    "Gray_Hair",
    "Heavy_Makeup",
    "High_Cheekbones",
    "Male",
    "Mouth_Slightly_Open",
    "Mustache",
    "Narrow_Eyes",
    "No_Beard",
    "Oval_Face",
    "Pale_Skin",
    "Pointy_Nose",
    "Receding_Hairline",
    "Rosy_Cheeks",
    "Sideburns",
    "Smiling",
    "Straight_Hair",
    "Wavy_Hair",
    "Wearing_Earrings",
    "Wearing_Hat",
    "Wearing_Lipstick",
    "Wearing_Necklace",
    "Wearing_Necktie",
    "Young",
)


def attributes(face: Identity, look: Look) -> dict[str, bool]:
    """Return what can be seen of `face` as it looks in one picture, in CelebA's order."""
    bald = look.style == "bald"
    falls = look.style in ("bob", "long", "ponytail")
    falls = falls or (look.style == "short" and look.hat is None)
    seen = {
        "5_o_Clock_Shadow": look.beard == "stubble",
        "Arched_Eyebrows": face.arched,
        "Attractive": face.symmetric and not len(face.blemishes) and not face.bags,
        "Bags_Under_Eyes": face.bags,
        "Bald": bald and look.hat is None,
        "Bangs": look.bangs,
        "Big_Lips": face.big_lips,
        "Big_Nose": face.nose == "big",
        "Black_Hair": look.hair == "black" and not bald,
        "Blond_Hair": look.hair == "blond" and not bald,
        "Blurry": look.blurry,
        "Brown_Hair": look.hair == "brown" and not bald,
        "Bushy_Eyebrows": face.bushy,
        "Chubby": face.chubby,
        "Double_Chin": face.double_chin and look.beard != "full",
        "Eyeglasses": look.glasses,
        "Goatee": look.beard in ("goatee", "circle"),
        "Gray_Hair": look.hair == "gray" and not bald,
        "Heavy_Makeup": look.makeup,
        "High_Cheekbones": look.cheekbones,
        "Male": face.male,
        "Mouth_Slightly_Open": look.mouth_open,
        "Mustache": look.beard in ("mustache", "circle", "full"),
        "Narrow_Eyes": face.narrow_eyes,
        "No_Beard": look.beard in ("none", "mustache"),
        "Oval_Face": face.shape == "oval",
        "Pale_Skin": face.pale,
        "Pointy_Nose": face.nose == "pointy",
        "Receding_Hairline": look.receding,
        "Rosy_Cheeks": look.rosy,
        "Sideburns": look.sideburns,
        "Smiling": look.smiling,
        "Straight_Hair": falls and face.texture == "straight",
        "Wavy_Hair": falls and face.texture == "wavy",
        "Wearing_Earrings": look.earrings,
        "Wearing_Hat": look.hat is not None,
        "Wearing_Lipstick": look.lipstick,
        "Wearing_Necklace": look.necklace,
        "Wearing_Necktie": look.necktie,
        "Young": face.young,
    }
    return {name: bool(seen[name]) for name in ATTRIBUTES}
