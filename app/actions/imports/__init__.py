"""Import files: ask for it, check, store, cancel, undo; and what there is to read about it."""
