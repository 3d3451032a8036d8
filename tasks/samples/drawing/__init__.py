"""The drawing tools that all samples share: shapes, colours and a vector pen."""
