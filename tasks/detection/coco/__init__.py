"""COCO files: reading, indexing, auditing, the splits, and their images in batches."""
