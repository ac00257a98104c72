/* What the backward loops of all cells sum over all steps; part of loops.h. */

/* Everything that all cells do before their last step; slopes of `gates` gates reach a state. */
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

/* Before the last step of ROWS sequences: nothing is summed yet, and nothing is carried to them. */
static TARGET void NAME(begin_block)(const NAME(work) *work, long sums) {
    memset(work->sums, 0, (size_t)(sums * work->hidden) * sizeof(REAL));
    memset(work->kept, 0, (size_t)(ROWS * work->hidden) * sizeof(REAL));
    memset(work->recurrent.product, 0, (size_t)(ROWS * work->recurrent.width) * sizeof(REAL));
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
