"""What comparisons are held to: numbers that scipy 1.17 gives, and tests written out in numpy.

scipy itself is no dependency of the tests: where it is installed, importing Lightning takes a second longer.
"""

import math
from collections.abc import Sequence

import numpy as np

# scipy.stats.t: 2 * sf(t, degrees) at each of T, and ppf((1 + confidence) / 2, degrees) at each of CONFIDENCE
T = (0.01, 0.1, 1.0, 2.5, 12.0, 300.0)
CONFIDENCE = (0.5, 0.95, 0.99)
TWO_SIDED = {
    1: (0.9936340144702, 0.9365489651389, 0.5, 0.2422378831817, 0.05292935211918, 0.002122058048441),
    2: (0.9929291089582, 0.9294654384141, 0.4226497308104, 0.1296117202215, 0.006872933677158, 1.111092592936e-05),
    3: (0.9926491114129, 0.9266523488008, 0.3910022189558, 0.08770664700807, 0.001245015800789, 8.167508785979e-08),
    4: (0.9925001562459, 0.9251558409395, 0.3739009663001, 0.06676654481199, 0.000276428548503, 7.406858742568e-10),
    5: (0.9924080180426, 0.9242301411547, 0.3632174676491, 0.05449009934238, 7.089492517162e-05, 7.809907457922e-12),
    9: (0.9922394455363, 0.9225364479567, 0.3434363961379, 0.03386182768299, 7.699886222986e-07, 2.585841384039e-19),
    10: (0.992217974991, 0.9223207185644, 0.3408931323021, 0.03144684423661, 2.92140882477e-07, 4.165497523429e-21),
    99: (0.9920414112147, 0.9205465507376, 0.3197484741393, 0.01406259692115, 5.130629687897e-21, 2.682645941285e-148),
    100: (0.9920412102344, 0.9205445310959, 0.3197241557841, 0.01404578912408, 4.395087715604e-21, 1.461676297252e-149),
}
QUANTILE = {
    1: (1.0000000000000002, 12.706204736174694, 63.656741162871526),
    2: (0.8164965809277261, 4.302652729749462, 9.924843200918287),
    3: (0.7648923284043444, 3.1824463052837078, 5.840909309733355),
    4: (0.7406970841126829, 2.7764451051977934, 4.604094871349992),
    5: (0.7266868438004226, 2.5705818356363146, 4.032142983555228),
    9: (0.7027221467513264, 2.262157162798205, 3.249835541592126),
    10: (0.6998120613124317, 2.228138851986274, 3.16927267261695),
    99: (0.6769759855461531, 1.9842169515864174, 2.626405457280827),
    100: (0.6769510430114717, 1.9839715185235518, 2.6258905214380173),
}


def two_sided(t: float, degrees: int) -> float:
    """The density of Student's t, integrated outside -t to t."""
    nodes, weights = np.polynomial.legendre.leggauss(400)
    angles = (nodes + 1) / 2 * math.atan(abs(t) / math.sqrt(degrees))  # x = sqrt(degrees) tan(angle)
    scale = math.gamma((degrees + 1) / 2) / (math.sqrt(math.pi) * math.gamma(degrees / 2))
    inside = scale * np.sum(weights * np.cos(angles) ** (degrees - 1)) * math.atan(abs(t) / math.sqrt(degrees)) / 2
    return float(1 - 2 * inside)


def standard_error(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1) / math.sqrt(len(values)))


def paired_t(one: Sequence[float], other: Sequence[float]) -> float:
    """The p-value of Student's paired test."""
    differences = np.subtract(one, other)
    return two_sided(float(np.mean(differences)) / standard_error(differences.tolist()), len(differences) - 1)


def ranks(values: Sequence[float]) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """From 1; equal values share the mean of theirs."""
    column = np.asarray(values)[:, None]
    return np.asarray((column > column.T).sum(1) + ((column == column.T).sum(1) + 1) / 2, dtype=np.float64)


def wilcoxon(differences: Sequence[float]) -> float:
    """The two-sided p-value of the signed ranks, by all 2^n patterns of signs, which the null holds equally likely."""
    kept = np.array([each for each in differences if each])
    signs = np.arange(2 ** len(kept))[:, None] >> np.arange(len(kept)) & 1
    sums, seen = signs @ ranks(np.abs(kept).tolist()), ranks(np.abs(kept).tolist())[kept > 0].sum()
    return float(min(1.0, 2 * min((sums <= seen).mean(), (sums >= seen).mean())))
