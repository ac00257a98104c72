/* The LSTM (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000), both ways; part of loops.h. */

static inline TARGET void NAME(lstm_step)(const REAL *restrict given, const REAL *restrict product,
                                          const REAL *restrict cell_before, REAL *restrict cell,
                                          REAL *restrict output, REAL *restrict gates, long hidden) {
    INDEPENDENT
    for (long j = 0; j < hidden; j++) {
        REAL i = NAME(sigmoid)(given[j] + product[j]);
        REAL f = NAME(sigmoid)(given[hidden + j] + product[hidden + j]);
        REAL g = NAME(tanh)(given[2 * hidden + j] + product[2 * hidden + j]);
        REAL o = NAME(sigmoid)(given[3 * hidden + j] + product[3 * hidden + j]);
        gates[j] = i;
        gates[hidden + j] = f;
        gates[2 * hidden + j] = g;
        gates[3 * hidden + j] = o;
        cell[j] = f * cell_before[j] + i * g;
        output[j] = o * NAME(tanh)(cell[j]);
    }
}

/* The cell before a step. */
static inline TARGET ALWAYS const REAL *NAME(cell_before)(const NAME(work) *work, const NAME(block) *block, int row,
                                                          long step, const Call *call) {
    if (step > 0) return (const REAL *)call->cells + NAME(place)(work, block, row, step - 1) * work->hidden;
    return call->start_cell == NULL ? work->zeros
                                    : (const REAL *)call->start_cell + block->sequence[row] * work->hidden;
}

static TARGET int NAME(lstm_forward)(const Call *call) {
    NAME(work) work;
    const long hidden = (long)call->hidden;
    if (!NAME(begin_forward)(&work, call, 4 * hidden)) return 1;
    for (long first = 0; first < work.batch; first += ROWS) {
        NAME(block) block = NAME(block_of)(&work, first);
        for (long step = 0; step < block.longest; step++) {
            const REAL *rows[ROWS], *given[ROWS];
            for (int row = 0; row < ROWS; row++) rows[row] = NAME(before)(&work, &block, row, step, call);
            NAME(read_inputs)(&work, &block, step, 4 * hidden, call, given);
            NAME(multiply)(&work.recurrent, rows);
            for (int row = 0; row < ROWS && step < block.length[row]; row++) {
                const long place = NAME(place)(&work, &block, row, step);
                NAME(lstm_step)(given[row], work.recurrent.product + row * work.recurrent.width,
                                NAME(cell_before)(&work, &block, row, step, call), (REAL *)call->cells + place * hidden,
                                (REAL *)call->outputs + place * hidden,
                                call->gates != NULL ? (REAL *)call->gates + place * 4 * hidden : work.sums, hidden);
            }
        }
    }
    NAME(clear_padding)(&work, call->outputs, hidden);
    NAME(clear_padding)(&work, call->cells, hidden);
    free(work.memory);
    return 0;
}

/* slopes: of i, f, g and o. kept: the gradient of the cell, of the step after and then of this one's. */
static inline TARGET void NAME(lstm_step_back)(const REAL *restrict wanted, const REAL *restrict carried,
                                               const REAL *restrict gates, const REAL *restrict cell,
                                               const REAL *restrict cell_before, REAL *restrict slopes,
                                               REAL *restrict kept, REAL *restrict sums, long hidden) {
    INDEPENDENT
    for (long j = 0; j < hidden; j++) {
        REAL i = gates[j], f = gates[hidden + j], g = gates[2 * hidden + j], o = gates[3 * hidden + j];
        REAL squashed = NAME(tanh)(cell[j]);
        REAL state = wanted[j] + carried[j];
        REAL of_cell = state * o * (1 - squashed * squashed) + kept[j];
        REAL of_i = of_cell * g * i * (1 - i);
        REAL of_f = of_cell * cell_before[j] * f * (1 - f);
        REAL of_g = of_cell * i * (1 - g * g);
        REAL of_o = state * squashed * o * (1 - o);
        slopes[j] = of_i;
        slopes[hidden + j] = of_f;
        slopes[2 * hidden + j] = of_g;
        slopes[3 * hidden + j] = of_o;
        sums[j] += of_i;
        sums[hidden + j] += of_f;
        sums[2 * hidden + j] += of_g;
        sums[3 * hidden + j] += of_o;
        kept[j] = of_cell * f;
    }
}

static TARGET int NAME(lstm_backward)(const Call *call) {
    NAME(work) work;
    const long hidden = (long)call->hidden;
    if (!NAME(begin_backward)(&work, call, 4, 4)) return 1;
    for (long first = 0; first < work.batch; first += ROWS) {
        NAME(block) block = NAME(block_of)(&work, first);
        NAME(begin_block)(&work, 4 * (1 + (long)call->features));
        long count = 0;
        for (long step = block.longest - 1; step >= 0; step--) {
            const REAL *rows[ROWS];
            for (int row = 0; row < ROWS; row++) {
                rows[row] = work.zeros;
                if (step >= block.length[row]) continue;
                const long place = NAME(place)(&work, &block, row, step);
                REAL *slope = NAME(slope_row)(&work, call, place, count, 4 * hidden);
                if (call->wanted_cells != NULL)
                    NAME(add)(work.kept + row * hidden, (const REAL *)call->wanted_cells + place * hidden, 1, hidden);
                NAME(lstm_step_back)((const REAL *)call->wanted + place * call->wanted_stride,
                                     work.recurrent.product + row * work.recurrent.width,
                                     (const REAL *)call->gates + place * 4 * hidden,
                                     (const REAL *)call->cells + place * hidden,
                                     NAME(cell_before)(&work, &block, row, step, call), slope,
                                     work.kept + row * hidden, work.sums, hidden);
                NAME(add_inputs)(call, place, slope, work.sums + 4 * hidden, 4 * hidden);
                NAME(keep_before)(&work, call, place, count++, NAME(before)(&work, &block, row, step, call));
                rows[row] = slope;
            }
            NAME(multiply)(&work.recurrent, rows);
        }
        NAME(end_block)(&work, call, 4 * hidden, 4 * hidden);
        if (call->weight_slope != NULL) NAME(add_product)(&work, work.slopes, 4 * hidden, count, 4 * hidden);
        for (int row = 0; row < ROWS && call->start_slope != NULL; row++)
            for (long j = 0; j < hidden && block.length[row] > 0; j++) {
                const long at = block.sequence[row] * hidden + j;
                ((REAL *)call->start_slope)[at] = work.recurrent.product[row * work.recurrent.width + j];
                ((REAL *)call->start_cell_slope)[at] = work.kept[row * hidden + j];
            }
    }
    NAME(end_backward)(&work, call, 4 * hidden, 4 * hidden);
    return 0;
}
