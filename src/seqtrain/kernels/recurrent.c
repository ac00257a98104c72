/* The loops over time of a simple RNN (Elman 1990), a GRU (Cho et al. 2014, reset after the product), an LSTM
 * (Hochreiter and Schmidhuber 1997) and a minGRU (Feng et al. 2024), forwards and backwards.
 *
 * What is no loop over time (the products with the inputs, the gradients of the weights) is left to the caller, who
 * has a library for large products. Names of arrays and their shapes are in `Call`; padded steps are answered with
 * zeros and have no part in any gradient. loops.h holds the loops; here they are made for float and double, and on
 * x86 for processors with AVX-512, with AVX2, and for any; which of them run is found out when they are called.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* One call, for one layer and direction. H is hidden, F features, G the number of gates: 1, 3 for r, z and n,
 * 4 for i, f, g and o, or 2 for z and h of a minGRU, which has no product with the state.
 * Arrays of steps are (batch, steps, ...), without gaps unless said. library.py has the same fields in this order. */
typedef struct {
    int64_t batch, steps, hidden;
    int64_t features;      /* F; 0 where the caller multiplied the inputs */
    int64_t reverse;       /* 1: each sequence is read from its own end */
    int64_t relu;          /* 1: the RNN's activation is a rectifier, not tanh */
    int64_t wanted_stride; /* from a step to the next in wanted */
    const int64_t *lengths;
    const void *weight;       /* (G*H, H) */
    const void *bias;         /* (G*H) of the product with the state, or NULL */
    const void *start;        /* (batch, H): states to start from, or NULL for zeros */
    const void *start_cell;   /* LSTM: likewise the cells */
    const void *inputs;       /* (.., F), or NULL where the caller multiplied them */
    const void *input_weight; /* (G*H, F) */
    const void *input_bias;   /* (G*H), or NULL */
    const void *given;        /* (.., G*H): what inputs give to every gate, where the caller multiplied them */
    void *outputs;            /* (.., H) */
    void *gates;              /* GRU, LSTM: (.., G*H), their values; NULL where no gradient will be wanted */
    void *recalled;           /* GRU: (.., H), the product that r gates; NULL likewise */
    void *cells;              /* LSTM: (.., H), the cell after each step */
    /* of the backward loops: */
    const void *wanted;       /* (.., H), wanted_stride apart: the gradient of outputs */
    const void *wanted_cells; /* LSTM: (.., H), the gradient of cells, or NULL for zeros */
    void *slopes;             /* (.., S*H) of the sums before activations. RNN: S = 1; LSTM: S = 4, i, f, g and o;
                                 GRU: S = 4, n's input part, r, z, n's recurrent part; minGRU: S = 2 */
    void *befores;            /* (.., H): the state before each step */
    void *bias_slope;         /* (S*H): slopes, summed over all steps */
    void *input_weight_slope; /* (F, G*H), of a GRU in the order n, r, z; where there are inputs */
    void *start_slope;        /* (batch, H), or NULL */
    void *start_cell_slope;   /* LSTM: (batch, H), where there is start_slope */
    void *weight_slope;       /* (G*H, H); or NULL, and slopes and befores are written for the caller to multiply */
} Call;

#define ROWS 4
#define TILE 16
#define ALWAYS __attribute__((always_inline))

/* Before a loop whose turns do not touch each other's numbers: gates stand side by side in one array, and compilers
 * would count with their overlapping. */
#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

#define FLOAT_SERIES(r) \
    (1 + r * (1.f / 2 + r * (1.f / 6 + r * (1.f / 24 + r * (1.f / 120 + r * (1.f / 720 + r * (1.f / 5040)))))))
#define DOUBLE_SERIES(r)                                                                                           \
    (1 + r * (1. / 2 + r * (1. / 6 + r * (1. / 24 + r * (1. / 120 + r * (1. / 720 + r * (1. / 5040 + r * (1. / 40320 + \
     r * (1. / 362880 + r * (1. / 3628800 + r * (1. / 39916800 + r * (1. / 479001600 + r * (1. / 6227020800.)))))))))))))

#define REAL float
#define INTEGER uint32_t
#define MANTISSA 23
#define EXPONENT_OF_ONE 127u
#define SHIFT 12582912.f /* 1.5 * 2^23: next to it a number has no fraction */
#define LARGEST 87.f
#define LOG2_E 1.44269504f
#define LOG_2_HIGH 0.693359375f
#define LOG_2_LOW -2.12194440e-4f
#define SERIES FLOAT_SERIES
#include "targets.h"
#undef REAL
#undef INTEGER
#undef MANTISSA
#undef EXPONENT_OF_ONE
#undef SHIFT
#undef LARGEST
#undef LOG2_E
#undef LOG_2_HIGH
#undef LOG_2_LOW
#undef SERIES

#define REAL double
#define INTEGER uint64_t
#define MANTISSA 52
#define EXPONENT_OF_ONE 1023u
#define SHIFT 6755399441055744. /* 1.5 * 2^52 */
#define LARGEST 700.
#define LOG2_E 1.4426950408889634
#define LOG_2_HIGH 0.693145751953125
#define LOG_2_LOW 1.42860682030941723212e-6
#define SERIES DOUBLE_SERIES
#include "targets.h"

/* The best that this processor has; `choice` is 0 for that, or 1, 2, 3 for any, AVX2 and AVX-512 where it has them. */
#if defined(__x86_64__)
#define BEST(choice)                                                                                               \
    ((choice) != 1 && (choice) != 2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&  \
             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma")                                   \
         ? 3                                                                                                       \
     : (choice) != 1 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? 2                        \
                                                                                        : 1)
#define CALL(name, real, choice, call)                       \
    switch (BEST(choice)) {                                  \
    case 3: return name##_##real##_avx512(call);             \
    case 2: return name##_##real##_avx2(call);               \
    default: return name##_##real##_any(call);               \
    }
#else
#define CALL(name, real, choice, call) \
    (void)(choice);                    \
    return name##_##real##_any(call);
#endif

/* Each returns 0, or 1 where memory is short. */
#define EXPORTED(name, real) \
    int seqtrain_##name##_##real(const Call *call, int choice) { CALL(name, real, choice, call) }

EXPORTED(rnn_forward, float)
EXPORTED(rnn_forward, double)
EXPORTED(rnn_backward, float)
EXPORTED(rnn_backward, double)
EXPORTED(gru_forward, float)
EXPORTED(gru_forward, double)
EXPORTED(gru_backward, float)
EXPORTED(gru_backward, double)
EXPORTED(lstm_forward, float)
EXPORTED(lstm_forward, double)
EXPORTED(lstm_backward, float)
EXPORTED(lstm_backward, double)
EXPORTED(mingru_forward, float)
EXPORTED(mingru_forward, double)
EXPORTED(mingru_backward, float)
EXPORTED(mingru_backward, double)

/* Of the sources that this was compiled from, so that another version of them is told apart. */
uint64_t seqtrain_sources(void) { return SOURCES; }
