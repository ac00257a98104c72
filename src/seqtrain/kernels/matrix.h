/* Products of ROWS rows with a matrix that stays; part of loops.h. */

/* bias + rows @ a matrix (depth, width); the width is a multiple of COLUMNS. */
typedef struct {
    long depth, width;
    REAL *packed;  /* (width / COLUMNS, depth, COLUMNS) */
    REAL *bias;    /* (width) */
    REAL *product; /* (ROWS, width) */
} NAME(matrix);

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
