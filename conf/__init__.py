"""The Hydra configuration tree (a package, so that an installed suite finds it)."""
