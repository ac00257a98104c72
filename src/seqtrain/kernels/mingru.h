/* minGRU (Feng et al. 2024, section 3.1), forwards and backwards through time; part of loops.h. Its gates do not see the
 * state, so that the caller multiplies everything, and a sequence is read by itself. */

/* z and 1 - z, each with all its digits. */
static inline TARGET ALWAYS REAL NAME(update)(REAL x, REAL *left) {
    REAL scale, part = NAME(exponential)(-x, &scale);
    REAL inverse = scale + scale * part; /* exp(-x) */
    REAL update = 1 / (1 + inverse);
    *left = inverse * update;
    return update;
}

static inline TARGET void NAME(mingru_step)(const REAL *restrict given, const REAL *restrict before,
                                            REAL *restrict output, long hidden) {
    for (long j = 0; j < hidden; j++) {
        REAL left, update = NAME(update)(given[j], &left);
        REAL value = given[hidden + j], squashed = NAME(sigmoid)(value);
        output[j] = left * before[j] + update * (value >= 0 ? value + (REAL)0.5 : squashed);
    }
}

static TARGET int NAME(mingru_forward)(const Call *call) {
    const long hidden = (long)call->hidden;
    NAME(work) work = {.batch = (long)call->batch, .steps = (long)call->steps, .hidden = hidden, .lengths = call->lengths};
    REAL *zeros = calloc((size_t)hidden, sizeof(REAL));
    if (zeros == NULL) return 1;
    for (long b = 0; b < work.batch; b++) {
        const REAL *before = call->start == NULL ? zeros : (const REAL *)call->start + b * hidden;
        for (long step = 0; step < NAME(length)(&work, b); step++) {
            const long place = b * work.steps + step;
            REAL *output = (REAL *)call->outputs + place * hidden;
            NAME(mingru_step)((const REAL *)call->given + place * 2 * hidden, before, output, hidden);
            before = output;
        }
    }
    NAME(clear_padding)(&work, call->outputs, hidden);
    free(zeros);
    return 0;
}

/* slopes: of what W_z and W_h give. kept: the gradient of the state after this step and then before it. */
static inline TARGET void NAME(mingru_step_back)(const REAL *restrict wanted, const REAL *restrict given,
                                                 const REAL *restrict before, REAL *restrict slopes,
                                                 REAL *restrict kept, long hidden) {
    INDEPENDENT
    for (long j = 0; j < hidden; j++) {
        REAL left, update = NAME(update)(given[j], &left);
        REAL value = given[hidden + j], squashed = NAME(sigmoid)(value);
        REAL candidate = value >= 0 ? value + (REAL)0.5 : squashed;
        REAL state = wanted[j] + kept[j];
        slopes[j] = state * update * left * (candidate - before[j]);
        slopes[hidden + j] = state * update * (value >= 0 ? 1 : squashed * (1 - squashed));
        kept[j] = state * left;
    }
}

static TARGET int NAME(mingru_backward)(const Call *call) {
    const long hidden = (long)call->hidden;
    NAME(work) work = {.batch = (long)call->batch, .steps = (long)call->steps, .hidden = hidden, .lengths = call->lengths};
    REAL *zeros = calloc(2 * (size_t)hidden, sizeof(REAL)), *kept = zeros + hidden;
    if (zeros == NULL) return 1;
    for (long b = 0; b < work.batch; b++) {
        memset(kept, 0, (size_t)hidden * sizeof(REAL));
        for (long step = NAME(length)(&work, b) - 1; step >= 0; step--) {
            const long place = b * work.steps + step;
            const REAL *before = step > 0             ? (const REAL *)call->outputs + (place - 1) * hidden
                                 : call->start == NULL ? zeros
                                                       : (const REAL *)call->start + b * hidden;
            NAME(mingru_step_back)((const REAL *)call->wanted + place * call->wanted_stride,
                                   (const REAL *)call->given + place * 2 * hidden, before,
                                   (REAL *)call->slopes + place * 2 * hidden, kept, hidden);
        }
        if (call->start_slope != NULL)
            memcpy((REAL *)call->start_slope + b * hidden, kept, (size_t)hidden * sizeof(REAL));
    }
    NAME(clear_padding)(&work, call->slopes, 2 * hidden);
    free(zeros);
    return 0;
}
