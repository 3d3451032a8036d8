"""COCO files: reading, indexing and auditing them, the splits, and batches of their images."""
