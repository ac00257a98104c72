"""Runs side by side: what differs, what it reaches, and which difference is more than chance.

Nothing here imports torch: result.json, metrics.csv and the stored config are read as plain data, so that hundreds of
runs take a second or two.
"""
