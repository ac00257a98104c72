/* The memory of one call, and which sequences go together; part of loops.h. */

/* What the loops of one call share. */
typedef struct {
    long batch, steps, hidden; /* of the call */
    const int64_t *lengths;
    int reverse;
    NAME(matrix) recurrent, given; /* what is multiplied with states or their slopes, and with few inputs */
    REAL *kept;                    /* (ROWS, hidden): what a loop keeps for the next step */
    REAL *zeros;                   /* (4 * hidden + features): also read as a state */
    REAL *sums;                    /* (4 * hidden + features * 4 * hidden): of one block of rows */
    REAL *slopes, *befores;        /* (ROWS * steps, S * hidden) and (.., width) of one block, where it is multiplied here */
    REAL *weight_slope;            /* (G * hidden, width) */
    long *order;                   /* (batch): sequences of like lengths side by side */
    REAL *memory;                  /* all of it */
    long taken;                    /* numbers of it */
} NAME(work);

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
    work->sums = NAME(take)(work, 4 * (1 + features) * hidden);
    work->zeros = NAME(take)(work, 4 * hidden + features);
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
    memset(work->zeros, 0, (size_t)(4 * work->hidden + call->features) * sizeof(REAL));
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
