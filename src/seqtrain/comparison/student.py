"""Student's t distribution with whole degrees of freedom, in closed form.

scipy has it for any degrees of freedom, but a mean over n seeds has n - 1, and where scipy is installed every start
of a training takes about a second longer: torchmetrics, which Lightning imports, then imports scipy.signal. A test
holds both functions to values recorded from scipy.
"""

import math


def two_sided(t: float, degrees: int) -> float:
    """P(|T| >= t), to 1e-14: Abramowitz and Stegun (1964), 26.7.3 and 26.7.4."""
    angle = math.atan(abs(t) / math.sqrt(degrees))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = degrees % 2
    term = cosine if odd else 1.0
    total = 0.0
    for k in range(1 + odd, degrees, 2):  # its terms: cos, 2/3 cos³, … or 1, 1/2 cos², …
        total += term
        term *= cosine**2 * k / (k + 1)
    inside = 2 / math.pi * (angle + sine * total) if odd else sine * total
    return max(0.0, 1 - inside)


def quantile(confidence: float, degrees: int) -> float:
    """The t with P(|T| < t) = confidence, such as 12.7 for 0.95 and one degree of freedom."""
    low, high = 0.0, 1.0
    while two_sided(high, degrees) > 1 - confidence:
        high *= 2
    for _ in range(80):  # halving: to the last bit
        middle = (low + high) / 2
        low, high = (middle, high) if two_sided(middle, degrees) > 1 - confidence else (low, middle)
    return (low + high) / 2
