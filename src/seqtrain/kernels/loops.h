/* The loops over time for one type of number and one kind of processor; recurrent.c includes this for each of them.
 *
 * Expects REAL, its constants (see recurrent.c), TARGET, VECTOR_BYTES and NAME(x), which makes a name of its own.
 *
 * ROWS sequences go together through all steps. A product of their states with the weights is taken COLUMNS columns at
 * a time, so that its sums stay in registers; the weights are packed for that once a call. Every sequence is computed
 * alike wherever it stands in a batch, so its bits do not depend on the others. No flag lets the compiler drop NaN.
 */

#define LANES ((long)(VECTOR_BYTES / sizeof(REAL)))
#define COLUMNS (2 * LANES)

typedef REAL NAME(vector) __attribute__((vector_size(VECTOR_BYTES), may_alias));

/* bias + rows @ a matrix (depth, width); the width is a multiple of COLUMNS. */
typedef struct {
    long depth, width;
    REAL *packed;  /* (width / COLUMNS, depth, COLUMNS) */
    REAL *bias;    /* (width) */
    REAL *product; /* (ROWS, width) */
} NAME(matrix);

/* What the loops of one call share. */
typedef struct {
    long batch, steps, hidden; /* of the call */
    const int64_t *lengths;
    int reverse;
    NAME(matrix) recurrent, given; /* what is multiplied with states or their slopes, and with few inputs */
    REAL *kept;                    /* (ROWS, hidden): what a loop keeps for the next step */
    REAL *zeros;                   /* (3 * hidden + features): also read as a state */
    REAL *sums;                    /* (4 * hidden + features * 3 * hidden): of one block of rows */
    REAL *slopes, *befores;        /* (ROWS * steps, S * hidden) and (.., width) of one block, where it is multiplied here */
    REAL *weight_slope;            /* (G * hidden, width) */
    long *order;                   /* (batch): sequences of like lengths side by side */
    REAL *memory;                  /* all of it */
    long taken;                    /* numbers of it */
} NAME(work);

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

/* The columns of a matrix from source[k * by_depth + j * by_column]; those beyond `columns` are zero.
 * In tiles, so that neither side is read or written across many lines of the cache at once. */
static TARGET void NAME(pack)(NAME(matrix) *matrix, const REAL *source, long by_depth, long by_column, long columns,
                              const REAL *bias) {
    const long depth = matrix->depth;
    for (long column = 0; column < matrix->width; column += COLUMNS)
        for (long first = 0; first < depth; first += TILE) {
            const long last = first + TILE < depth ? first + TILE : depth;
            REAL *panel = matrix->packed + column * depth;
            for (long j = column; j < column + COLUMNS; j++)
                for (long k = first; k < last; k++)
                    panel[k * COLUMNS + j - column] = j < columns ? source[k * by_depth + j * by_column] : 0;
        }
    for (long j = 0; j < matrix->width; j++) matrix->bias[j] = j < columns && bias != NULL ? bias[j] : 0;
}

/* product (ROWS, width) = bias + rows (ROWS, depth) @ packed */
static inline TARGET ALWAYS void NAME(multiply)(const NAME(matrix) *matrix, const REAL *const *rows) {
    const long depth = matrix->depth, width = matrix->width;
    const REAL *panel = matrix->packed;
    for (long column = 0; column < width; column += COLUMNS, panel += depth * COLUMNS) {
        NAME(vector) low[ROWS], high[ROWS];
        const NAME(vector) *bias = (const NAME(vector) *)(matrix->bias + column);
        for (int row = 0; row < ROWS; row++) {
            low[row] = bias[0];
            high[row] = bias[1];
        }
        for (long k = 0; k < depth; k++) {
            const NAME(vector) *weights = (const NAME(vector) *)(panel + k * COLUMNS);
            const NAME(vector) left = weights[0], right = weights[1];
            for (int row = 0; row < ROWS; row++) {
                low[row] += rows[row][k] * left;
                high[row] += rows[row][k] * right;
            }
        }
        for (int row = 0; row < ROWS; row++) {
            NAME(vector) *result = (NAME(vector) *)(matrix->product + row * width + column);
            result[0] = low[row];
            result[1] = high[row];
        }
    }
}

static inline TARGET ALWAYS long NAME(length)(const NAME(work) *work, long sequence) {
    long length = (long)work->lengths[sequence];
    return length < 0 ? 0 : length > work->steps ? work->steps : length;
}

/* Longest first, in their own order where equal. `starts` (steps + 1) is only used here. */
static TARGET void NAME(sort)(NAME(work) *work, long *starts) {
    memset(starts, 0, (size_t)(work->steps + 1) * sizeof *starts);
    for (long b = 0; b < work->batch; b++) starts[NAME(length)(work, b)]++;
    for (long length = work->steps, before = 0; length >= 0; length--) {
        long count = starts[length];
        starts[length] = before;
        before += count;
    }
    for (long b = 0; b < work->batch; b++) work->order[starts[NAME(length)(work, b)]++] = b;
}

/* An array of the work's memory; while there is none, only counted. */
static TARGET REAL *NAME(take)(NAME(work) *work, long count) {
    REAL *taken = work->memory == NULL ? NULL : work->memory + work->taken;
    work->taken += (count + LANES - 1) / LANES * LANES; /* whole vectors, so that all are aligned */
    return taken;
}

static TARGET NAME(matrix) NAME(take_matrix)(NAME(work) *work, long depth, long columns) {
    const long width = (columns + COLUMNS - 1) / COLUMNS * COLUMNS;
    NAME(matrix) matrix = {.depth = depth, .width = width};
    matrix.packed = NAME(take)(work, depth * width);
    matrix.bias = NAME(take)(work, width);
    matrix.product = NAME(take)(work, ROWS * width);
    return matrix;
}

static TARGET void NAME(take_all)(NAME(work) *work, const Call *call, long depth, long columns) {
    const long hidden = work->hidden, features = (long)call->features;
    work->taken = 0;
    work->recurrent = NAME(take_matrix)(work, depth, columns);
    work->given = NAME(take_matrix)(work, features, columns);
    work->kept = NAME(take)(work, ROWS * hidden);
    work->sums = NAME(take)(work, (4 + 3 * features) * hidden);
    work->zeros = NAME(take)(work, 3 * hidden + features);
    if (call->weight_slope == NULL) return;
    const long gates = depth / hidden; /* in a backward loop */
    work->slopes = NAME(take)(work, ROWS * work->steps * (gates == 1 ? 1 : 4) * hidden);
    work->befores = NAME(take)(work, ROWS * work->steps * work->recurrent.width);
    work->weight_slope = NAME(take)(work, depth * work->recurrent.width);
}

/* Returns 0 where memory is short. */
static TARGET int NAME(begin)(NAME(work) *work, const Call *call, long depth, long columns) {
    *work = (NAME(work)){.batch = (long)call->batch, .steps = (long)call->steps, .hidden = (long)call->hidden,
                         .lengths = call->lengths, .reverse = (int)call->reverse};
    NAME(take_all)(work, call, depth, columns);
    const size_t arrays = ((size_t)work->taken * sizeof(REAL) + 63) / 64 * 64;
    const size_t order = ((size_t)(work->batch + work->steps + 1) * sizeof(long) + 63) / 64 * 64;
    if ((work->memory = aligned_alloc(64, arrays + order)) == NULL) return 0;
    NAME(take_all)(work, call, depth, columns);
    memset(work->zeros, 0, (size_t)(3 * work->hidden + call->features) * sizeof(REAL));
    work->order = (long *)((char *)work->memory + arrays);
    NAME(sort)(work, work->order + work->batch);
    return 1;
}

/* ROWS sequences; where the batch has no more, of length 0. */
typedef struct {
    long sequence[ROWS], length[ROWS], longest;
} NAME(block);

static inline TARGET ALWAYS NAME(block) NAME(block_of)(const NAME(work) *work, long first) {
    NAME(block) block;
    for (long row = 0; row < ROWS; row++) {
        int there = first + row < work->batch;
        block.sequence[row] = there ? work->order[first + row] : 0;
        block.length[row] = there ? NAME(length)(work, block.sequence[row]) : 0;
    }
    block.longest = block.length[0]; /* they are sorted */
    return block;
}

/* Where the step that a sequence reads as its `step`-th stands among all (batch, steps). */
static inline TARGET ALWAYS long NAME(place)(const NAME(work) *work, const NAME(block) *block, int row, long step) {
    return block->sequence[row] * work->steps + (work->reverse ? block->length[row] - 1 - step : step);
}

/* The state before a step. */
static inline TARGET ALWAYS const REAL *NAME(before)(const NAME(work) *work, const NAME(block) *block, int row,
                                                     long step, const Call *call) {
    if (step >= block->length[row]) return work->zeros;
    if (step > 0) return (const REAL *)call->outputs + NAME(place)(work, block, row, step - 1) * work->hidden;
    return call->start == NULL ? work->zeros : (const REAL *)call->start + block->sequence[row] * work->hidden;
}

static inline TARGET ALWAYS void NAME(clear_padding)(const NAME(work) *work, REAL *steps, long count) {
    for (long b = 0; b < work->batch; b++)
        for (long step = NAME(length)(work, b); step < work->steps; step++)
            memset(steps + (b * work->steps + step) * count, 0, (size_t)count * sizeof(REAL));
}

/* What the inputs of a step give to each row: told by the caller, or multiplied here. */
static inline TARGET ALWAYS void NAME(read_inputs)(const NAME(work) *work, const NAME(block) *block, long step,
                                                   long columns, const Call *call, const REAL **given) {
    const REAL *rows[ROWS];
    for (int row = 0; row < ROWS; row++) {
        const int there = step < block->length[row];
        const long place = there ? NAME(place)(work, block, row, step) : 0;
        rows[row] = there ? (const REAL *)call->inputs + place * call->features : work->zeros;
        given[row] = call->inputs != NULL ? work->given.product + row * work->given.width
                                          : (const REAL *)call->given + place * columns;
    }
    if (call->inputs != NULL) NAME(multiply)(&work->given, rows);
}

/* Everything that both cells do before their first step; `columns` is the number of gates times hidden. */
static TARGET int NAME(begin_forward)(NAME(work) *work, const Call *call, long columns) {
    if (!NAME(begin)(work, call, (long)call->hidden, columns)) return 0;
    NAME(pack)(&work->recurrent, call->weight, 1, (long)call->hidden, columns, call->bias);
    if (call->inputs != NULL)
        NAME(pack)(&work->given, call->input_weight, 1, (long)call->features, columns, call->input_bias);
    return 1;
}

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

static inline TARGET void NAME(gru_step)(const REAL *restrict given, const REAL *restrict product,
                                         const REAL *restrict before, REAL *restrict output, REAL *restrict gates,
                                         REAL *restrict recalled, long hidden) {
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

/* Everything that both cells do before their last step; slopes of `gates` gates reach a state. */
static TARGET int NAME(begin_backward)(NAME(work) *work, const Call *call, long gates, long sums) {
    const long hidden = (long)call->hidden;
    if (!NAME(begin)(work, call, gates * hidden, hidden)) return 0;
    NAME(pack)(&work->recurrent, call->weight, hidden, 1, hidden, NULL);
    memset(call->bias_slope, 0, (size_t)(sums * hidden) * sizeof(REAL));
    if (call->weight_slope != NULL)
        memset(work->weight_slope, 0, (size_t)(gates * hidden * work->recurrent.width) * sizeof(REAL));
    if (call->inputs != NULL)
        memset(call->input_weight_slope, 0, (size_t)(call->features * gates * hidden) * sizeof(REAL));
    return 1;
}

static inline TARGET void NAME(add)(REAL *restrict sums, const REAL *restrict values, REAL factor, long count) {
    for (long j = 0; j < count; j++) sums[j] += factor * values[j];
}

/* Slopes of the weights of few inputs, (features, columns), of one step. */
static inline TARGET ALWAYS void NAME(add_inputs)(const Call *call, long place, const REAL *slope, REAL *sums,
                                                  long columns) {
    if (call->inputs == NULL) return;
    const REAL *inputs = (const REAL *)call->inputs + place * call->features;
    for (long f = 0; f < call->features; f++) NAME(add)(sums + f * columns, slope, inputs[f], columns);
}

/* Where the slopes and the state before a step are put: among all steps, or as the `count`-th of a block. */
static inline TARGET ALWAYS REAL *NAME(slope_row)(const NAME(work) *work, const Call *call, long place, long count,
                                                  long width) {
    return call->weight_slope != NULL ? work->slopes + count * width : (REAL *)call->slopes + place * width;
}

static inline TARGET ALWAYS void NAME(keep_before)(const NAME(work) *work, const Call *call, long place, long count,
                                                   const REAL *before) {
    const long width = work->recurrent.width, hidden = work->hidden;
    REAL *kept = call->weight_slope != NULL ? work->befores + count * width : (REAL *)call->befores + place * hidden;
    memcpy(kept, before, (size_t)hidden * sizeof(REAL));
    if (call->weight_slope != NULL) memset(kept + hidden, 0, (size_t)(width - hidden) * sizeof(REAL));
}

/* weight_slope (rows, width) += slopes (count, rows of `stride`) transposed @ befores (count, width) */
static TARGET void NAME(add_product)(const NAME(work) *work, const REAL *slopes, long stride, long count, long rows) {
    const long width = work->recurrent.width;
    for (long first = 0; first < rows; first += ROWS)
        for (long column = 0; column < width; column += COLUMNS) {
            NAME(vector) low[ROWS], high[ROWS];
            long at[ROWS]; /* beyond the last, the last once more */
            for (int row = 0; row < ROWS; row++) {
                at[row] = first + row < rows ? first + row : rows - 1;
                low[row] = high[row] = (NAME(vector)){0};
            }
            for (long c = 0; c < count; c++) {
                const NAME(vector) *before = (const NAME(vector) *)(work->befores + c * width + column);
                const NAME(vector) left = before[0], right = before[1];
                for (int row = 0; row < ROWS; row++) {
                    low[row] += slopes[c * stride + at[row]] * left;
                    high[row] += slopes[c * stride + at[row]] * right;
                }
            }
            for (int row = 0; row < ROWS && first + row < rows; row++) {
                NAME(vector) *sum = (NAME(vector) *)(work->weight_slope + (first + row) * width + column);
                sum[0] += low[row];
                sum[1] += high[row];
            }
        }
}

/* What a backward loop leaves: zeros in padding, or the product that was summed over the blocks. */
static TARGET void NAME(end_backward)(NAME(work) *work, const Call *call, long rows, long columns) {
    if (call->weight_slope == NULL) {
        NAME(clear_padding)(work, call->slopes, columns);
        NAME(clear_padding)(work, call->befores, work->hidden);
    } else
        for (long row = 0; row < rows; row++)
            memcpy((REAL *)call->weight_slope + row * work->hidden, work->weight_slope + row * work->recurrent.width,
                   (size_t)work->hidden * sizeof(REAL));
    free(work->memory);
}

/* The sums of a block of rows are added up on their own first, which keeps their digits. */
static TARGET void NAME(end_block)(const NAME(work) *work, const Call *call, long count, long columns) {
    NAME(add)(call->bias_slope, work->sums, 1, count);
    if (call->inputs != NULL) NAME(add)(call->input_weight_slope, work->sums + count, 1, call->features * columns);
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
        memset(work.sums, 0, (size_t)((1 + call->features) * hidden) * sizeof(REAL));
        long count = 0;
        for (long step = block.longest - 1; step >= 0; step--) {
            const REAL *rows[ROWS];
            for (int row = 0; row < ROWS; row++) {
                rows[row] = work.zeros;
                if (step >= block.length[row]) continue;
                const long place = NAME(place)(&work, &block, row, step);
                const int last = step == block.length[row] - 1;
                REAL *slope = NAME(slope_row)(&work, call, place, count, hidden);
                NAME(rnn_step_back)((const REAL *)call->wanted + place * call->wanted_stride,
                                    last ? work.zeros : work.recurrent.product + row * work.recurrent.width,
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

/* slopes: of the candidate's input part, then of r, z and the candidate's recurrent part. */
static inline TARGET void NAME(gru_step_back)(const REAL *restrict wanted, const REAL *restrict carried,
                                              const REAL *restrict gates, const REAL *restrict recalled,
                                              const REAL *restrict before, REAL *restrict slopes, REAL *restrict kept,
                                              REAL *restrict sums, long hidden, int last) {
    for (long j = 0; j < hidden; j++) {
        REAL r = gates[j], z = gates[hidden + j], n = gates[2 * hidden + j];
        REAL state = last ? wanted[j] : wanted[j] + (kept[j] + carried[j]);
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
        memset(work.sums, 0, (size_t)((4 + 3 * call->features) * hidden) * sizeof(REAL));
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
                                    work.kept + row * hidden, work.sums, hidden, step == block.length[row] - 1);
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

#undef LANES
#undef COLUMNS
