/* The GRU (Cho et al. 2014), forwards and backwards through time; part of loops.h. */

static inline TARGET void NAME(gru_step)(const REAL *restrict given, const REAL *restrict product,
                                         const REAL *restrict before, REAL *restrict output, REAL *restrict gates,
                                         REAL *restrict recalled, long hidden) {
    INDEPENDENT
    for (long j = 0; j < hidden; j++) {
        REAL recall = product[2 * hidden + j];
        REAL r = NAME(sigmoid)(given[j] + product[j]);
        REAL z = NAME(sigmoid)(given[hidden + j] + product[hidden + j]);
        REAL n = NAME(tanh)(given[2 * hidden + j] + r * recall);
        gates[j] = r;
        gates[hidden + j] = z;
        gates[2 * hidden + j] = n;
        recalled[j] = recall;
        output[j] = n + z * (before[j] - n);
    }
}

static TARGET int NAME(gru_forward)(const Call *call) {
    NAME(work) work;
    const long hidden = (long)call->hidden;
    const int learns = call->gates != NULL;
    if (!NAME(begin_forward)(&work, call, 3 * hidden)) return 1;
    for (long first = 0; first < work.batch; first += ROWS) {
        NAME(block) block = NAME(block_of)(&work, first);
        for (long step = 0; step < block.longest; step++) {
            const REAL *rows[ROWS], *given[ROWS];
            for (int row = 0; row < ROWS; row++) rows[row] = NAME(before)(&work, &block, row, step, call);
            NAME(read_inputs)(&work, &block, step, 3 * hidden, call, given);
            NAME(multiply)(&work.recurrent, rows);
            for (int row = 0; row < ROWS && step < block.length[row]; row++) {
                const long place = NAME(place)(&work, &block, row, step);
                NAME(gru_step)(given[row], work.recurrent.product + row * work.recurrent.width, rows[row],
                               (REAL *)call->outputs + place * hidden,
                               learns ? (REAL *)call->gates + place * 3 * hidden : work.sums,
                               learns ? (REAL *)call->recalled + place * hidden : work.kept, hidden);
            }
        }
    }
    NAME(clear_padding)(&work, call->outputs, hidden);
    free(work.memory);
    return 0;
}

/* slopes: of the candidate's input part, then of r, z and the candidate's recurrent part. */
static inline TARGET void NAME(gru_step_back)(const REAL *restrict wanted, const REAL *restrict carried,
                                              const REAL *restrict gates, const REAL *restrict recalled,
                                              const REAL *restrict before, REAL *restrict slopes, REAL *restrict kept,
                                              REAL *restrict sums, long hidden) {
    INDEPENDENT
    for (long j = 0; j < hidden; j++) {
        REAL r = gates[j], z = gates[hidden + j], n = gates[2 * hidden + j];
        REAL state = wanted[j] + (kept[j] + carried[j]);
        REAL of_n = state * (1 - z) * (1 - n * n);
        REAL of_r = of_n * recalled[j] * r * (1 - r);
        REAL of_z = state * (before[j] - n) * z * (1 - z);
        REAL of_recalled = of_n * r;
        slopes[j] = of_n;
        slopes[hidden + j] = of_r;
        slopes[2 * hidden + j] = of_z;
        slopes[3 * hidden + j] = of_recalled;
        sums[j] += of_n;
        sums[hidden + j] += of_r;
        sums[2 * hidden + j] += of_z;
        sums[3 * hidden + j] += of_recalled;
        kept[j] = state * z;
    }
}

static TARGET int NAME(gru_backward)(const Call *call) {
    NAME(work) work;
    const long hidden = (long)call->hidden;
    if (!NAME(begin_backward)(&work, call, 3, 4)) return 1;
    for (long first = 0; first < work.batch; first += ROWS) {
        NAME(block) block = NAME(block_of)(&work, first);
        NAME(begin_block)(&work, 4 + 3 * (long)call->features);
        long count = 0;
        for (long step = block.longest - 1; step >= 0; step--) {
            const REAL *rows[ROWS];
            for (int row = 0; row < ROWS; row++) {
                rows[row] = work.zeros;
                if (step >= block.length[row]) continue;
                const long place = NAME(place)(&work, &block, row, step);
                const REAL *before = NAME(before)(&work, &block, row, step, call);
                REAL *slope = NAME(slope_row)(&work, call, place, count, 4 * hidden);
                NAME(gru_step_back)((const REAL *)call->wanted + place * call->wanted_stride,
                                    work.recurrent.product + row * work.recurrent.width,
                                    (const REAL *)call->gates + place * 3 * hidden,
                                    (const REAL *)call->recalled + place * hidden, before, slope,
                                    work.kept + row * hidden, work.sums, hidden);
                NAME(add_inputs)(call, place, slope, work.sums + 4 * hidden, 3 * hidden);
                NAME(keep_before)(&work, call, place, count++, before);
                rows[row] = slope + hidden;
            }
            NAME(multiply)(&work.recurrent, rows);
        }
        NAME(end_block)(&work, call, 4 * hidden, 3 * hidden);
        if (call->weight_slope != NULL)
            NAME(add_product)(&work, work.slopes + hidden, 4 * hidden, count, 3 * hidden);
        for (int row = 0; row < ROWS && call->start_slope != NULL; row++)
            for (long j = 0; j < hidden && block.length[row] > 0; j++)
                ((REAL *)call->start_slope)[block.sequence[row] * hidden + j] =
                    work.kept[row * hidden + j] + work.recurrent.product[row * work.recurrent.width + j];
    }
    NAME(end_backward)(&work, call, 3 * hidden, 4 * hidden);
    return 0;
}
