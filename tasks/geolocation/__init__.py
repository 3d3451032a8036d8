"""Where on Earth a photograph was taken, as classification over cells of the sphere."""
