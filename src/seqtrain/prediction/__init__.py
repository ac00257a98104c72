"""Predictions for a user's own inputs: streamed from items to rows in constant memory, or answered step by step."""
