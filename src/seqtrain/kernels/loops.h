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

#include "numbers.h"
#include "matrix.h"
#include "work.h"
#include "inputs.h"
#include "slopes.h"
#include "rnn.h"
#include "gru.h"
#include "lstm.h"
#include "mingru.h"

#undef LANES
#undef COLUMNS
