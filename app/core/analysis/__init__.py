"""From counted incidents to hot spots: `run.analyse` is the one pipeline. Metres in, frozen values out."""
