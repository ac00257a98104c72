"""What happens around a training besides the training itself."""
