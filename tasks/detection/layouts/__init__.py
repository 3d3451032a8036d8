"""Annotations in other layouts than COCO's: YOLO's text files and Pascal VOC's XML."""
