/* rng.h: counter-based random numbers: Philox4x32-10 (Salmon et al., SC 2011) from the Random123 library.
 *
 * A value is a function of (seed, stream, index, lane) alone. It does not depend on threads, call order, micro-batches
 * or on whether a run was resumed. A stream names a purpose; an index names one event of that purpose (a sample of a
 * training step, a window); a lane numbers the values drawn for that event. The functions do not fail. */
#ifndef DYNAFLOW_CORE_RNG_H
#define DYNAFLOW_CORE_RNG_H

#include <stddef.h>
#include <stdint.h>

#include "dynaflow/core/status.h"

DF_BEGIN_DECLS

/* every purpose that draws random numbers. The numeric values affect results: append new streams, never renumber. */
typedef enum df_stream {
  DF_STREAM_NET_INIT = 1,     /* initial network weights */
  DF_STREAM_BATCH,            /* training window of sample i of step n */
  DF_STREAM_FLOW_TIME,        /* flow time t of a training sample */
  DF_STREAM_FLOW_NOISE,       /* base sample X^0 of a training sample */
  DF_STREAM_PUSH,             /* start-state perturbation: whether and from which frame of a rollout a sample starts */
  DF_STREAM_SAMPLE_NOISE,     /* base sample X^0 when sampling */
  DF_STREAM_ACTION,           /* actions of the method random_action */
  DF_STREAM_DEMONSTRATION,    /* commands and start states of generated demonstrations */
  DF_STREAM_SPLIT,            /* choice of the held-out windows that are evaluated */
  DF_STREAM_BOOTSTRAP,        /* bootstrap resamples (statistics.h) */
  DF_STREAM_TEST,             /* for tests only */
  DF_STREAM_INVERSE_DYNAMICS, /* training transitions of the inverse-dynamics network */
  DF_STREAM_REPLAY,           /* rounding errors that a replayed recording may have */
  DF_STREAM_GROWTH,           /* windows along which the growth of the gradient is measured */
  DF_STREAM_RECOVER,          /* demonstrated transitions from which actions of our choice are simulated */
  DF_STREAM_RECOVER_NOISE,    /* noise on these actions */
  DF_STREAM_RECOVER_BATCH,    /* training transitions of the network that recovers actions */
  DF_STREAM_SEARCH,           /* starts of the search for the action of a step (sae_min) */
  DF_STREAM_SIGNS,            /* signs of the sign-flip test (statistics.h) */
  DF_STREAM_POLICY,           /* training transitions of a policy, and what it is told of the next state */
  DF_STREAM_DYNAMICS,         /* training transitions of the learned dynamics, and their flow times */
  DF_STREAM_DYNAMICS_NOISE,   /* base samples of the learned dynamics, and noise on the actions that it is told */
  DF_STREAM_RANDOM_DATA,      /* start states and actions of the random data of the learned dynamics */
  DF_STREAM_GAIT,             /* start noise, frequencies, swing heights and changes of generated gaits */
  DF_STREAM_WALK_ORDER,       /* gaits, commands and phases of walking robots */
  DF_STREAM_WALK_START,       /* their start states: headings, postures and heights */
  DF_STREAM_WALK_START_NOISE, /* and tilts and velocities */
  DF_STREAM_EXPERT_NOISE,     /* exploration of a policy in training */
  DF_STREAM_EXPERT_RENEW,     /* which robots start afresh or are told another command between windows */
  DF_STREAM_EXPERT_BATCH,     /* training samples of a critic */
  DF_STREAM_CONDITION,        /* which training samples of a flow are without their condition */
  DF_STREAM_SPAN,             /* how far the steps go that training samples of few-step flows learn */
  DF_STREAM_RENEWED_NOISE,    /* base samples of the later steps of a consistency model */
  DF_STREAM_TOY,              /* points of the clouds of toy2d */
  DF_STREAM_DISTORTION,       /* by how much the states of generated gaits are distorted */
  DF_STREAM_EXPERT_SHUFFLE,   /* order of the samples of an epoch of PPO */
  DF_STREAM_PROJECTION,       /* directions of the sliced Wasserstein distance */
  DF_STREAM_DIFFUSION,        /* fresh noise in the sampler steps of a diffusion */
  DF_STREAM_DEMO_NOISE        /* noise on the training demonstrations (train.noise) */
} df_stream;

/* Writes n uniform doubles in [0,1) to out [n], each with 53 random bits. Value i does not depend on n. */
DF_API void df_rng_uniform(uint64_t seed, df_stream stream, uint64_t index, size_t n, double* out);

/* Writes n standard normal doubles to out [n] (Box-Muller transform). */
DF_API void df_rng_normal(uint64_t seed, df_stream stream, uint64_t index, size_t n, double* out);

/* Returns an integer in [0, below), below >= 1; `lane` distinguishes several integers of one event. It is the high half
 * of the 128-bit product of `below` and 64 random bits, so the bias is below 2^-32 for every `below` < 2^32. Lane k
 * uses the random bits of uniform value 2 k, and of normal values 2 k and 2 k + 1, of the same seed, stream and index:
 * an event that draws several kinds of numbers must keep them apart. */
DF_API uint64_t df_rng_below(uint64_t seed, df_stream stream, uint64_t index, uint32_t lane, uint64_t below);

DF_END_DECLS

#endif
