"""The paper's tables, next to what this suite counts and measures."""
