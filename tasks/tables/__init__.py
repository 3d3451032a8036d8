"""The paper's tables, beside the costs and scores of this suite."""
