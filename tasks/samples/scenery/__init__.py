"""The parts that backgrounds are made of: sky, land, town and indoors."""
