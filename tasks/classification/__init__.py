"""Image classifiers: ImageNet, Stanford Dogs and folders of one's own."""
