"""Image classifiers: ImageNet, Stanford Dogs, and your own folders."""
