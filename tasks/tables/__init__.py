"""The paper's tables, and what this suite counts and measures beside them."""
