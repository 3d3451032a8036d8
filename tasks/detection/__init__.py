"""Object detectors scored by COCO AP: SSD, SSDLite and Faster R-CNN.

`coco` reads annotated images, `evaluation` scores boxes, `task` trains any head of `detector`'s
contract; `ssd` and `faster_rcnn` are two.
"""
