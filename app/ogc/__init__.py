"""OGC API Features and tiles, read only."""
