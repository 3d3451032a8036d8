"""Detectors scored by COCO AP: SSD, SSDLite and Faster R-CNN."""
