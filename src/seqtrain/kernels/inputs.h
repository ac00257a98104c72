/* What a forward loop reads at every step; part of loops.h. */

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

/* Everything that all cells do before their first step; `columns` is the number of gates times hidden. */
static TARGET int NAME(begin_forward)(NAME(work) *work, const Call *call, long columns) {
    if (!NAME(begin)(work, call, (long)call->hidden, columns)) return 0;
    NAME(pack)(&work->recurrent, call->weight, 1, (long)call->hidden, columns, call->bias);
    if (call->inputs != NULL)
        NAME(pack)(&work->given, call->input_weight, 1, (long)call->features, columns, call->input_bias);
    return 1;
}
