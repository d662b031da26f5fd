"""The words of the API, a file per noun: what is taken in and what is answered. Rules about values are the core's."""
