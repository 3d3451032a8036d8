"""The base of tasks, its recipe, checkpoints and callbacks, and the fit that uses them."""
