"""Buildings, plants, animals and vehicles of a landscape, in metres, their foot at the origin."""
