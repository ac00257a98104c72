"""Train models on sequences from a config: any model on any data, with no size typed by hand."""

__version__ = "0.1.0"
