"""Face attributes and face embeddings, and the data sets they are trained on."""
