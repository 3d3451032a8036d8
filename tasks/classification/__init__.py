"""Image classification heads."""
