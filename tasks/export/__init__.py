"""Models for other runtimes: one file from pixels to the answer, and the proof that it is right."""
