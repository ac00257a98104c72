"""Backbones: what turns a batch of sequences into features, one file for each idea."""
