"""Numbers with a range, for the signatures of constructors; `build` checks a config against them."""

from typing import Annotated

from annotated_types import Ge, Gt, Le, Lt

Count = Annotated[int, Ge(1)]  # 1, 2, 3, …
Size = Annotated[int, Ge(0)]  # 0, 1, 2, …
Positive = Annotated[float, Gt(0)]
NonNegative = Annotated[float, Ge(0)]
Probability = Annotated[float, Ge(0), Le(1)]
Fraction = Annotated[float, Ge(0), Lt(1)]  # a share that never is the whole: dropout, validation
