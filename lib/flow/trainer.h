/* trainer.h: the training loop shared by all networks.
 *
 * A step divides the batch into fixed micro-batches ("slices" in names), computes each on one thread with
 * single-threaded BLAS, sums the gradients by a fixed tree, clips, updates by AdamW and averages the weights. The
 * result does not depend on the number of threads. */
#ifndef LIB_FLOW_TRAINER_H
#define LIB_FLOW_TRAINER_H

#include "dynaflow/flow/method.h"
#include "dynaflow/io/safetensors.h"
#include "dynaflow/nn/net.h"
#include "dynaflow/nn/optimizer.h"

enum { TRAINER_SLICE_MAX = 1024 }; /* the most samples of a micro-batch */

typedef struct trainer_cfg {
  long steps;
  int batch, slices; /* samples per step, micro-batches per batch */
  double rate, decay_from, weight_decay, clip, ema;
  size_t extra; /* number of parameters after those of the net: initially zero, no weight decay */
} trainer_cfg;

/* a further array of the training state, saved and restored with weights and optimizer */
typedef struct trainer_memory {
  const char* name;
  df_dtype dtype;
  size_t n;
  void* data; /* not owned */
} trainer_memory;
enum { TRAINER_MEMORY_MAX = 8 };

/* the position of the loop between two steps */
typedef struct trainer_progress {
  long step;   /* steps done */
  double sum;  /* sum of the losses since the last point of the log */
  long summed; /* number of losses in the sum */
} trainer_progress;

typedef struct trainer {
  const df_net* net; /* not owned */
  trainer_cfg cfg;
  int threads;
  size_t n;            /* number of parameters, including the extra ones */
  df_real* parameters; /* [n] */
  df_real* average;    /* [n] exponential moving average of the parameters, used for sampling */
  df_adamw* optimizer;
  df_real** gradient; /* [slices][n] */
  double* loss;       /* [batch] of the current step; NaN: sample left out (diverged), infinite: sample failed */
  int failed;         /* the first sample of the current step that failed; < 0: none */
  char failure[512];  /* its message */
  /* returns the count of adjoints so far, from the context of trainer_run; NULL if nothing is simulated */
  df_gradient_count (*adjoints)(const void* context);
  /* called before every step by the thread that trains, with the context of trainer_run; NULL: nothing */
  df_status (*before_step)(void* context, long step);
  double earlier_cpu_s; /* CPU seconds that the training took before its first step, added to the log */
  int n_memory;
  trainer_memory memory[TRAINER_MEMORY_MAX];
} trainer;

/* Computes samples first .. first+count-1 of a step on thread `thread`: writes loss[i] for each of them and ADDS the
 * gradient of (sum of their losses) / batch to `gradient` [n]. If the simulator fails in a way other than diverging,
 * the function stores the reason with trainer_note_failure() and gives the sample an infinite loss; this ends the
 * training. An infinite loss without a reason does so, too. */
typedef void (*trainer_slice_fn)(void* context, int thread, long step, int first, int count, const df_real* parameters,
                                 df_real* gradient, double* loss);

/* Makes a trainer with initial weights from `seed`; `net` must outlive it. On failure *out is NULL. Errors: DF_E_CONFIG
 * if there are more micro-batches than samples in a batch or more than TRAINER_SLICE_MAX samples in a micro-batch, and
 * for optimizer settings out of range; DF_E_NOMEM. */
df_status trainer_new(const df_net* net, const trainer_cfg* cfg, int threads, uint64_t seed, trainer** out);
void trainer_free(trainer* t); /* NULL is allowed */

/* Stores df_error_message() of the calling thread as the reason why the sample failed; may be called by any thread, in
 * any order. The message of the training is that of the first sample of the batch that failed. */
void trainer_note_failure(trainer* t, int sample);

/* the largest number of samples of a micro-batch */
int trainer_slice_size(const trainer_cfg* cfg);

/* The loss curve has a point every so many steps, at most DF_LOG_MAX in all, and one at the last step. */
static inline long trainer_log_every(long steps) {
  return (steps + DF_LOG_MAX - 1) / DF_LOG_MAX;
}
/* Number of points in the loss curve after `step` steps. */
static inline long trainer_log_points(const trainer_cfg* cfg, long step) {
  const long every = trainer_log_every(cfg->steps);
  return step == 0 ? 0 : step / every + (step == cfg->steps && step % every != 0);
}

/* Runs all steps, or those after the state saved in env->state_folder, and fills *log. Errors: DF_E_INTERRUPTED,
 * DF_E_SIM (a sample failed), DF_E_NONFINITE (an infinite loss, or all samples diverged), and those of
 * before_step, trainer_state_save() and trainer_state_load(). */
df_status trainer_run(trainer* t, const char* name, trainer_slice_fn slice, void* context, const df_method_env* env,
                      df_training_log* log);

/* trainer_state.c: save and load the training state between two steps; both do nothing if env->state_folder is NULL,
 * and loading changes nothing if there is no good file. A damaged file is set aside (method.h) and is no error. Errors:
 * DF_E_MISMATCH for the whole state of another training, DF_E_ARG for a path that is too long, DF_E_IO for a file that
 * cannot be read or renamed, and those of df_safetensors_write(). */
df_status trainer_state_save(const trainer* t, const trainer_progress* at, const df_training_log* log,
                             const df_method_env* env);
df_status trainer_state_load(trainer* t, trainer_progress* at, df_training_log* log, const df_method_env* env);

#endif
