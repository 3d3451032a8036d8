"""COCO's average precision: the arrays, the metric, and its two engines."""
