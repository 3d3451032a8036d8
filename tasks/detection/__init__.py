"""Object detectors scored by COCO AP: SSD, SSDLite and Faster R-CNN.

`coco` reads annotated images, `evaluation` scores boxes, and `task` trains any head that follows
`detector`'s contract, such as `ssd` and `faster_rcnn`.
"""
