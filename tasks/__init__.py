"""The heads: each task family holds its data, model and metric."""
