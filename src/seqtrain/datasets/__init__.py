"""Data sets: one file per kind of data, each with a class whose `load(seed)` returns `Sets`."""
