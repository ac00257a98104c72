/* The loops for one type of number: on x86 three times, for what processors have; recurrent.c sets REAL and the rest. */

#define JOIN(name, real, target) name##_##real##_##target
#define JOINED(name, real, target) JOIN(name, real, target)

#if defined(__x86_64__)
#define TARGET __attribute__((target("avx512f,avx512dq,avx512vl,avx2,fma")))
#define VECTOR_BYTES 64
#define NAME(name) JOINED(name, REAL, avx512)
#include "loops.h"
#undef TARGET
#undef VECTOR_BYTES
#undef NAME

#define TARGET __attribute__((target("avx2,fma")))
#define VECTOR_BYTES 32
#define NAME(name) JOINED(name, REAL, avx2)
#include "loops.h"
#undef TARGET
#undef VECTOR_BYTES
#undef NAME
#endif

#define TARGET
#define VECTOR_BYTES 16
#define NAME(name) JOINED(name, REAL, any)
#include "loops.h"
#undef TARGET
#undef VECTOR_BYTES
#undef NAME
