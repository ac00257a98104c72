"""A search for good settings: trials of a study that any number of processes share and that goes on when stopped."""
