/* trainer.h: the training loop that every network of the suite shares.
 *
 * A step computes a batch in fixed slices, each by one thread with single-threaded BLAS, sums the slices' gradients by
 * a fixed tree, clips, updates by AdamW and averages the weights. Nothing in it depends on the number of threads. */
#ifndef DF_FLOW_TRAINER_H
#define DF_FLOW_TRAINER_H

#include "dynaflow/data/safetensors.h"
#include "dynaflow/flow/method.h"
#include "dynaflow/nn/net.h"
#include "dynaflow/nn/optimizer.h"

enum { TRAINER_SLICE_MAX = 1024 }; /* samples a slice may hold */

typedef struct trainer_cfg {
  long steps;
  int batch, slices;
  double rate, decay_from, weight_decay, clip, ema;
  size_t extra; /* parameters behind the net's own: start at zero, no weight decay */
} trainer_cfg;

/* An array beside weights and optimizer that a training must remember to go on as if it had never stopped. */
typedef struct trainer_memory {
  const char* name;
  df_dtype dtype;
  size_t n;
  void* data; /* not owned */
} trainer_memory;
enum { TRAINER_MEMORY_MAX = 8 };

/* where the loop stands between two steps */
typedef struct trainer_progress {
  long step;  /* steps done */
  double sum; /* losses since the last point of the log */
  long summed;
} trainer_progress;

typedef struct trainer {
  const df_net* net; /* not owned */
  trainer_cfg cfg;
  int threads;
  size_t n;            /* parameters, extra ones included */
  df_real* parameters; /* [n] */
  df_real* average;    /* [n], exponential moving average: what sampling uses */
  df_adamw* optimizer;
  df_real** gradient; /* [slices][n] */
  double* loss;      /* [batch] of the current step; NaN for a sample that was left out, infinite for one that failed */
  char failure[512]; /* why one failed */
  /* adjoints of simulated actions so far, of the context of trainer_run; NULL if there are none */
  df_gradient_count (*adjoints)(const void* context);
  int n_memory;
  trainer_memory memory[TRAINER_MEMORY_MAX];
} trainer;

/* Computes samples first .. first+count-1 of a step on thread `thread`: writes loss[i] of each and ADDS the gradient of
 * (sum of their losses) / batch to `gradient` [n]. A sample that the simulator fails at, other than by diverging, has
 * an infinite loss and its reason from trainer_note_failure(); it ends the training. */
typedef void (*trainer_slice_fn)(void* context, int thread, long step, int first, int count, const df_real* parameters,
                                 df_real* gradient, double* loss);

/* DF_E_CONFIG when slices exceed the batch or hold more than TRAINER_SLICE_MAX samples */
df_status trainer_new(const df_net* net, const trainer_cfg* cfg, int threads, uint64_t seed, trainer** out);
void trainer_free(trainer* t);

/* notes df_error_message() for the training's error; from any thread */
void trainer_note_failure(trainer* t);

/* the largest number of samples that one slice holds */
int trainer_slice_size(const trainer_cfg* cfg);

/* Points of the log after this many steps. */
long trainer_log_points(const trainer_cfg* cfg, long step);

/* Runs the steps that are left: all of them, or those after the state that env->state_folder holds. */
df_status trainer_run(trainer* t, const char* name, trainer_slice_fn slice, void* context, const df_method_env* env,
                      df_training_log* log);

/* trainer_state.c: the state's file. Loading leaves everything as it was when there is none. */
df_status trainer_state_save(const trainer* t, const trainer_progress* at, const df_training_log* log,
                             const df_method_env* env);
df_status trainer_state_load(trainer* t, trainer_progress* at, df_training_log* log, const df_method_env* env);

#endif
