"""Embedded data sets, drawn once in the file format of the real set each stands for."""
