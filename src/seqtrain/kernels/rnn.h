/* The simple RNN (Elman 1990), forwards and backwards through time; part of loops.h. */

static inline TARGET void NAME(rnn_step)(const REAL *restrict given, const REAL *restrict product,
                                         REAL *restrict output, long hidden, int relu) {
    if (relu)
        for (long j = 0; j < hidden; j++) {
            REAL sum = given[j] + product[j];
            output[j] = sum < 0 ? 0 : sum;
        }
    else
        for (long j = 0; j < hidden; j++) output[j] = NAME(tanh)(given[j] + product[j]);
}

static TARGET int NAME(rnn_forward)(const Call *call) {
    NAME(work) work;
    const long hidden = (long)call->hidden;
    if (!NAME(begin_forward)(&work, call, hidden)) return 1;
    for (long first = 0; first < work.batch; first += ROWS) {
        NAME(block) block = NAME(block_of)(&work, first);
        for (long step = 0; step < block.longest; step++) {
            const REAL *rows[ROWS], *given[ROWS];
            for (int row = 0; row < ROWS; row++) rows[row] = NAME(before)(&work, &block, row, step, call);
            NAME(read_inputs)(&work, &block, step, hidden, call, given);
            NAME(multiply)(&work.recurrent, rows);
            for (int row = 0; row < ROWS && step < block.length[row]; row++)
                NAME(rnn_step)(given[row], work.recurrent.product + row * work.recurrent.width,
                               (REAL *)call->outputs + NAME(place)(&work, &block, row, step) * hidden, hidden,
                               (int)call->relu);
        }
    }
    NAME(clear_padding)(&work, call->outputs, hidden);
    free(work.memory);
    return 0;
}

static inline TARGET void NAME(rnn_step_back)(const REAL *restrict wanted, const REAL *restrict carried,
                                              const REAL *restrict output, REAL *restrict slope, REAL *restrict sums,
                                              long hidden, int relu) {
    if (relu)
        for (long j = 0; j < hidden; j++) {
            slope[j] = output[j] <= 0 ? 0 : wanted[j] + carried[j];
            sums[j] += slope[j];
        }
    else
        for (long j = 0; j < hidden; j++) {
            slope[j] = (wanted[j] + carried[j]) * (1 - output[j] * output[j]);
            sums[j] += slope[j];
        }
}

static TARGET int NAME(rnn_backward)(const Call *call) {
    NAME(work) work;
    const long hidden = (long)call->hidden;
    if (!NAME(begin_backward)(&work, call, 1, 1)) return 1;
    for (long first = 0; first < work.batch; first += ROWS) {
        NAME(block) block = NAME(block_of)(&work, first);
        NAME(begin_block)(&work, 1 + (long)call->features);
        long count = 0;
        for (long step = block.longest - 1; step >= 0; step--) {
            const REAL *rows[ROWS];
            for (int row = 0; row < ROWS; row++) {
                rows[row] = work.zeros;
                if (step >= block.length[row]) continue;
                const long place = NAME(place)(&work, &block, row, step);
                REAL *slope = NAME(slope_row)(&work, call, place, count, hidden);
                NAME(rnn_step_back)((const REAL *)call->wanted + place * call->wanted_stride,
                                    work.recurrent.product + row * work.recurrent.width,
                                    (const REAL *)call->outputs + place * hidden, slope, work.sums, hidden,
                                    (int)call->relu);
                NAME(add_inputs)(call, place, slope, work.sums + hidden, hidden);
                NAME(keep_before)(&work, call, place, count++, NAME(before)(&work, &block, row, step, call));
                rows[row] = slope;
            }
            NAME(multiply)(&work.recurrent, rows);
        }
        NAME(end_block)(&work, call, hidden, hidden);
        if (call->weight_slope != NULL) NAME(add_product)(&work, work.slopes, hidden, count, hidden);
        for (int row = 0; row < ROWS && call->start_slope != NULL; row++)
            if (block.length[row] > 0)
                memcpy((REAL *)call->start_slope + block.sequence[row] * hidden,
                       work.recurrent.product + row * work.recurrent.width, (size_t)hidden * sizeof(REAL));
    }
    NAME(end_backward)(&work, call, hidden, hidden);
    return 0;
}
