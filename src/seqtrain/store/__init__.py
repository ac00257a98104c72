"""Features that are made once and kept in a file, which is mapped into memory and so may be larger than it."""
