"""The figures of the situation picture: arrays in, values out, each with what is known of its uncertainty."""
