"""The task base, its recipe, checkpoints and callbacks, and the fit that uses them."""
