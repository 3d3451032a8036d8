"""The run directory and what is in it: metrics.csv, the report, learning curves, stable names."""
