/* exp, sigmoid and tanh of one number, in a way that compilers turn into vectors; part of loops.h. */

static inline TARGET ALWAYS REAL NAME(power_of_two)(REAL shifted) {
    INTEGER bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits << MANTISSA) + ((INTEGER)EXPONENT_OF_ONE << MANTISSA);
    memcpy(&shifted, &bits, sizeof bits);
    return shifted;
}

/* exp(x) = *scale * (1 + the result), for the x nearest to the given one that does not overflow; NaN stays NaN. */
static inline TARGET ALWAYS REAL NAME(exponential)(REAL x, REAL *scale) {
    x = x > LARGEST ? LARGEST : x;
    x = x < -LARGEST ? -LARGEST : x;
    REAL shifted = x * LOG2_E + SHIFT; /* its last bits are x / log 2, rounded */
    REAL whole = shifted - SHIFT;
    REAL rest = x - whole * LOG_2_HIGH - whole * LOG_2_LOW; /* within log(2) / 2 of zero */
    *scale = NAME(power_of_two)(shifted);
    return rest * SERIES(rest);
}

static inline TARGET ALWAYS REAL NAME(sigmoid)(REAL x) {
    REAL scale, part = NAME(exponential)(-x, &scale);
    return 1 / (1 + (scale + scale * part));
}

static inline TARGET ALWAYS REAL NAME(tanh)(REAL x) {
    REAL scale, part = NAME(exponential)(2 * x, &scale);
    REAL less_one = scale * part + (scale - 1); /* exp(2x) - 1, exact to the last digits near zero too */
    return less_one / (less_one + 2);
}
