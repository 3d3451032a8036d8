"""The data module base, and labelled images in any layout as flat arrays and batches."""
