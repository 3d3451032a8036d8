"""The run directory and what is read from it: metrics.csv, the report, the learning curves."""
