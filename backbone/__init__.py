"""The shared trunk: networks, weights, cost. Knows nothing of tasks, data, Lightning or Hydra."""
