"""The run directory and its files: metrics.csv, the report, learning curves, stable names."""
