"""The base of the data modules, and labelled images in any layout as flat arrays and batches."""
