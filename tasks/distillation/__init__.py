"""Learning from a teacher: the comparisons, a network that teaches, outputs from a file."""
