"""PlaNet: where on Earth a photograph was taken, by classification over cells of the sphere."""
