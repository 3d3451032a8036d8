"""COCO's average precision: the arrays, the metric, and the errors behind it."""
