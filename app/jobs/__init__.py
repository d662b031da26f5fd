"""Background work: tasks of three lines, each calling one action, and the worker that runs them."""
