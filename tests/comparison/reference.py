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
    1: (
        0.993634014470186,
        0.936548965138893,
        0.5000000000000001,
        0.24223788318168682,
        0.052929352119179755,
        0.0021220580484409713,
    ),
    2: (
        0.992929108958201,
        0.9294654384141402,
        0.4226497308103742,
        0.12961172022151082,
        0.00687293367715846,
        1.1110925929355216e-05,
    ),
    3: (
        0.992649111412852,
        0.9266523488008059,
        0.3910022189557705,
        0.08770664700806556,
        0.0012450158007893362,
        8.167508785978674e-08,
    ),
    4: (
        0.9925001562458985,
        0.9251558409394532,
        0.37390096630005887,
        0.06676654481198814,
        0.000276428548502973,
        7.406858742568024e-10,
    ),
    5: (
        0.9924080180425819,
        0.9242301411546604,
        0.3632174676491229,
        0.05449009934237626,
        7.089492517161522e-05,
        7.809907457922212e-12,
    ),
    9: (
        0.9922394455363253,
        0.9225364479566812,
        0.3434363961379136,
        0.033861827682985735,
        7.699886222985653e-07,
        2.585841384038834e-19,
    ),
    10: (
        0.9922179749909714,
        0.9223207185644082,
        0.34089313230206,
        0.03144684423660882,
        2.921408824769984e-07,
        4.1654975234292345e-21,
    ),
    99: (
        0.9920414112146796,
        0.9205465507375823,
        0.3197484741393014,
        0.014062596921149069,
        5.130629687897481e-21,
        2.682645941285249e-148,
    ),
    100: (
        0.9920412102344285,
        0.9205445310958512,
        0.31972415578412333,
        0.014045789124077172,
        4.395087715604393e-21,
        1.461676297252305e-149,
    ),
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
    """The two-sided p-value of the signed ranks, by all 2^n patterns of signs, which are equally likely if nothing is."""
    kept = np.array([each for each in differences if each])
    signs = np.arange(2 ** len(kept))[:, None] >> np.arange(len(kept)) & 1
    sums, seen = signs @ ranks(np.abs(kept).tolist()), ranks(np.abs(kept).tolist())[kept > 0].sum()
    return float(min(1.0, 2 * min((sums <= seen).mean(), (sums >= seen).mean())))
