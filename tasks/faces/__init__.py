"""Faces: attributes and embeddings, each also learnt from a teacher."""
