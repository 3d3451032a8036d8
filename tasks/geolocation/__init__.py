"""PlaNet: where on Earth a photograph was taken, as one of many cells."""
