"""What a model card says about data sets and kinds of tasks, as in the families' READMEs."""

PIPELINES = {
    "classification": "image-classification",
    "detection": "object-detection",
    "attributes": "image-classification",
    "face_embedding": "image-feature-extraction",
    "geolocation": "image-classification",
}
"""Kind of a task -> Hugging Face's name for it."""

TERMS = {
    "imagenet": ("ImageNet", "for research"),
    "stanford_dogs": ("Stanford Dogs", "ImageNet's terms: for research"),
    "coco": (
        "COCO or boxes in another layout",
        "of COCO: annotations CC BY 4.0, photographs under Flickr's terms",
    ),
    "celeba": ("CelebA", "for non-commercial research"),
    "celeba_identities": ("CelebA", "for non-commercial research"),
    "utkface": ("UTKFace", "for non-commercial research"),
    "places": ("photographs with coordinates", "each photograph's own licence"),
    "place_shards": ("photographs with coordinates", "each photograph's own licence"),
}
"""Data set -> its title and the terms of its images; others are the user's own."""

OWN_TERMS = ("the user's own images", "known to those who trained the model, not to the suite")
DRAWN_TERMS = ("pictures that the suite draws", "Apache-2.0, as the suite")

FACES = [
    "Do not let this model decide anything about a person.",
    "Public face data sets show some groups of people far more often than others, and a model "
    "makes most of its errors on the people they show least.",
    "Do not recognise anybody who has not agreed to it. In many places the law forbids it.",
]
LIMITS = {
    "attributes": [
        *FACES,
        "Labels such as CelebA's are quick judgements of celebrities' photographs by strangers.",
    ],
    "face_embedding": [
        *FACES,
        "A threshold chosen on one set of pairs does not hold for another camera, age or country.",
    ],
    "geolocation": [
        "Locating people's photographs can harm them. Do not use this on photographs of people "
        "who have not agreed to it."
    ],
    "detection": ["Boxes come with scores; below the threshold in `best.ckpt` most are wrong."],
    "classification": [
        "It answers with one of its classes for every image, even if the image shows none of them."
    ],
}
"""Kind of a task -> what its users must take into account."""
