"""Drawn people: who they are, how they look in one picture, and the drawing of it."""
