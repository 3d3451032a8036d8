"""One trunk, many heads: networks joined, answered in one pass, and trained together."""
