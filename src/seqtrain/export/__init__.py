"""A trained model for elsewhere: as ONNX, or as a folder of weights and plain JSON."""
