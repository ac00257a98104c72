"""Data from the network, where a user asks for it: checked, unpacked with care, and never half there."""
