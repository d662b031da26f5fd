"""Rules and arithmetic: values in, values out. No I/O, clock, randomness or framework."""
