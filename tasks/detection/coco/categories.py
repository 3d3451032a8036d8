"""The names of COCO's 80 categories."""

NAMES = {
    number: name
    for first, names in {
        1: "person|bicycle|car|motorcycle|airplane|bus|train|truck|boat|traffic light|fire hydrant",
        13: "stop sign|parking meter|bench|bird|cat|dog|horse|sheep|cow|elephant|bear|zebra"
        "|giraffe",
        27: "backpack|umbrella",
        31: "handbag|tie|suitcase|frisbee|skis|snowboard|sports ball|kite|baseball bat"
        "|baseball glove|skateboard|surfboard|tennis racket|bottle",
        46: "wine glass|cup|fork|knife|spoon|bowl|banana|apple|sandwich|orange|broccoli|carrot"
        "|hot dog|pizza|donut|cake|chair|couch|potted plant|bed",
        67: "dining table",
        70: "toilet",
        72: "tv|laptop|mouse|remote|keyboard|cell phone|microwave|oven|toaster|sink|refrigerator",
        84: "book|clock|vase|scissors|teddy bear|hair drier|toothbrush",
    }.items()
    for number, name in enumerate(names.split("|"), start=first)
}
"""Category id -> name, as in `instances_train2017.json`."""
