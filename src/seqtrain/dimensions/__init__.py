"""What a network does to the dimensions of a batch, layer by layer, as plain data."""

from seqtrain.dimensions.layer import Dimensions, Layer, Size, Walk
from seqtrain.dimensions.one_batch import Pass, one_batch
from seqtrain.dimensions.walk import walk

__all__ = ["Dimensions", "Layer", "Pass", "Size", "Walk", "one_batch", "walk"]
