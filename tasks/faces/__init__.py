"""Face attributes and face embeddings, and the sets they learn from."""
