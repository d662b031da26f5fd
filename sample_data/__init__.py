"""Three invented towns in one invented local police area: map, organisations, incidents, truth.

Nothing here is real: no person, no place, no event. `generate` writes the committed files,
`towns.generate` gives the same incidents as arrays for tests that need many of them.
"""
