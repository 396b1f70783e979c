/* rng.h: counter-based random numbers, Philox4x32-10 (Salmon et al., SC 2011, by Random123).
 *
 * A value is a function of (seed, stream, index, lane) and of nothing else, so it does not depend on threads, order,
 * slices or resume. A stream names a purpose; an index names an event of it (a training step and sample, a window);
 * a lane numbers the values drawn for that event. */
#ifndef DYNAFLOW_CORE_RNG_H
#define DYNAFLOW_CORE_RNG_H

#include <stddef.h>
#include <stdint.h>

#include "dynaflow/core/status.h"

/* every purpose that draws random numbers; values are part of results, so append only */
typedef enum df_stream {
  DF_STREAM_NET_INIT = 1,
  DF_STREAM_BATCH,         /* which window is sample i of step n */
  DF_STREAM_FLOW_TIME,     /* flow time t of a training sample */
  DF_STREAM_FLOW_NOISE,    /* base sample X^0 of a training sample */
  DF_STREAM_PUSH,          /* which samples start from drifted states */
  DF_STREAM_SAMPLE_NOISE,  /* base sample X^0 when sampling */
  DF_STREAM_ACTION,        /* random_action */
  DF_STREAM_DEMONSTRATION, /* commands and start states of generated demonstrations */
  DF_STREAM_SPLIT,
  DF_STREAM_BOOTSTRAP,
  DF_STREAM_TEST, /* for tests only */
  DF_STREAM_INVERSE_DYNAMICS
} df_stream;

/* n uniform doubles in [0,1), 53 bits each. */
DF_API void df_rng_uniform(uint64_t seed, df_stream stream, uint64_t index, size_t n, double* out);

/* n standard normal doubles (Box-Muller). */
DF_API void df_rng_normal(uint64_t seed, df_stream stream, uint64_t index, size_t n, double* out);

/* One integer in [0, below), below >= 1; `lane` separates several integers of one event. Multiply-shift on 64 bits:
 * the bias is below 2^-32 for every `below` < 2^32. */
DF_API uint64_t df_rng_below(uint64_t seed, df_stream stream, uint64_t index, uint32_t lane, uint64_t below);

#endif
