"""Figures of what a model does. Each is in a file of its own; `style` says how all look, and needs no torch."""
