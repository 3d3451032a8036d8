"""Object detection: SSD on COCO."""
