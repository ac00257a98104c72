"""One input to predict from, as `read_inputs` of a data set gives it."""

from torch import Tensor

from seqtrain.errors import WrongInput

Item = tuple[str, Tensor | WrongInput]  # its id, and its (T, F) steps or what is wrong with it
