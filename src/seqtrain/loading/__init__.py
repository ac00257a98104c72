"""How any data set is split, batched and read."""

from seqtrain.loading.data import Data, load_data
from seqtrain.loading.settings import Loading

__all__ = ["Data", "Loading", "load_data"]
