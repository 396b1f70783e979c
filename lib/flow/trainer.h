/* trainer.h: the training loop shared by all networks.
 *
 * A step divides the batch into fixed micro-batches ("slices" in names), computes each on one thread with
 * single-threaded BLAS, sums the gradients by a fixed tree, clips, updates by AdamW and averages the weights. The
 * result depends neither on the number of threads nor on that of ranks (flow/ranks.h). */
#ifndef LIB_FLOW_TRAINER_H
#define LIB_FLOW_TRAINER_H

#include "dynaflow/flow/method.h"
#include "dynaflow/io/safetensors.h"
#include "dynaflow/nn/net.h"
#include "dynaflow/nn/optimizer.h"

enum { TRAINER_SLICE_MAX = 1024 }; /* the most samples of a micro-batch */

/* how the learning rate falls to 0: `train.schedule` */
typedef enum trainer_schedule { TRAINER_LINEAR, TRAINER_COSINE, TRAINER_CONSTANT } trainer_schedule;

typedef struct trainer_cfg {
  long steps;
  int batch, slices; /* samples per batch, micro-batches per batch */
  int accumulate;    /* batches per step; 0: 1 */
  double rate, decay_from, weight_decay, clip, ema;
  trainer_schedule schedule;
  long warmup;       /* steps */
  double abort_rise; /* of the loss over its lowest point, 0: never; see trainer_run() */
  int abort_points;
  long whole_from;        /* the first step with whole windows: losses before it are not comparable */
  long validate_every;    /* steps between two validation losses; 0: none */
  int validation_windows; /* how many windows they are measured on */
  bool keep_best;         /* the averaged weights at the end are those of the lowest validation loss */
  size_t extra;           /* number of parameters after those of the net: initially zero, no weight decay */
} trainer_cfg;

/* a further array of the training state, saved and restored with weights and optimizer */
typedef struct trainer_memory {
  const char* name;
  df_dtype dtype;
  size_t n;
  void* data;     /* not owned */
  bool by_sample; /* a row per sample of a batch, which only the rank of the sample has; it is with rank 0 in a save */
} trainer_memory;
enum { TRAINER_MEMORY_MAX = 12 };
static inline size_t trainer_memory_bytes(const trainer_memory* m) {
  return m->n * (m->dtype == DF_F32 ? sizeof(float) : m->dtype == DF_F64 ? sizeof(double) : sizeof(int64_t));
}

/* what a training took of a rank since its begin */
typedef struct trainer_effort {
  df_gradient_count adjoints;
  double cpu_s;
} trainer_effort;

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
  df_real** gradient; /* [slices][n] of the micro-batches of this rank, else NULL; all NULL before the first training */
  double* loss; /* [accumulate batch] of the current step; NaN: sample left out (diverged), infinite: sample failed */
  long failed;  /* the first sample of the current step that failed; < 0: none */
  long first_sample; /* of the current batch in its step */
  char failure[512]; /* its message */
  /* writes the losses of validation windows first .. first+count-1 with the given weights; set by the owner of the
   * network if validate_every > 0. A sample fails as in trainer_slice_fn. */
  void (*validate)(void* context, int thread, int first, int count, const df_real* weights, double* loss);
  double* window_loss; /* [validation_windows] of the last validation; NULL without one */
  double* validation;  /* [DF_LOG_MAX] the validation losses so far */
  double* diverged;    /* [DF_LOG_MAX] and how many windows they leave out, since their rollouts diverged */
  df_real* best;       /* [n] the averaged weights of the lowest one */
  /* returns the count of adjoints so far, from the context of trainer_run; NULL if nothing is simulated */
  df_gradient_count (*adjoints)(const void* context);
  /* called before every step by the thread that trains, at rank 0, with the context of trainer_run; sets *changed if it
   * changed arrays of `memory`. After INTERRUPTED the state is saved, and the step begins with the same call when the
   * training resumes. NULL: nothing */
  df_status (*before_step)(void* context, long step, bool* changed);
  double earlier_cpu_s;  /* CPU seconds that the training took before its first step, added to the log */
  df_ranks* ranks;       /* those that train together; NULL: this process alone */
  df_real* received;     /* [n] a sum of gradients of another rank; NULL without one */
  double begin_cpu_s;    /* the clock at the begin of trainer_run() */
  trainer_effort others; /* of the other ranks so far; at rank 0 */
  int n_memory;
  trainer_memory memory[TRAINER_MEMORY_MAX];
} trainer;

/* Computes samples first .. first+count-1 of a batch on thread `thread`: writes loss[i] for each of them and ADDS the
 * gradient of (sum of their losses) / batch to `gradient` [n]. Batches are numbered through: step s has the batches
 * s accumulate .. (s + 1) accumulate - 1. If the simulator fails in a way other than diverging, the function stores the
 * reason with trainer_note_failure() and gives the sample an infinite loss; this ends the training. An infinite loss
 * without a reason does so, too. */
typedef void (*trainer_slice_fn)(void* context, int thread, long batch, int first, int count, const df_real* parameters,
                                 df_real* gradient, double* loss);

/* Returns the settings train.* of a task except steps, batch and rate, which are those of the network. */
trainer_cfg trainer_settings(const df_task* task);

/* Makes a trainer with initial weights from `seed`; `net` must outlive it. On failure *out is NULL. Errors: DF_E_CONFIG
 * if there are more micro-batches than samples in a batch or more than TRAINER_SLICE_MAX samples in a micro-batch, for
 * a warm-up that is not shorter than the training, for a validation without windows or with more than DF_LOG_MAX
 * measurements, and for optimizer settings out of range; DF_E_NOMEM. */
df_status trainer_new(const df_net* net, const trainer_cfg* cfg, int threads, uint64_t seed, trainer** out);
void trainer_free(trainer* t); /* NULL is allowed */

/* The learning rate of a step, from 0: with p the share of the steps after the warm-up that are done, the rate is
 * constant up to p = decay_from and falls to 0 at p = 1, linearly or as a half cosine; during the warm-up it rises
 * linearly, and its first step has rate / warmup. */
double trainer_rate(const trainer_cfg* cfg, long step);

/* Stores df_error_message() of the calling thread as the reason why the sample of a batch failed; may be called by any
 * thread, in any order. The message of the training is that of the first sample that failed. */
void trainer_note_failure(trainer* t, int sample);

/* the first sample of micro-batch s */
static inline int trainer_slice_begin(const trainer_cfg* cfg, int s) {
  return (int)((long)s * cfg->batch / cfg->slices);
}

/* the largest number of samples of a micro-batch */
static inline int trainer_slice_size(const trainer_cfg* cfg) {
  return (cfg->batch + cfg->slices - 1) / cfg->slices;
}

/* The loss curve has a point every so many steps, at most DF_LOG_MAX in all, and one at the last step. */
static inline long trainer_log_every(long steps) {
  return (steps + DF_LOG_MAX - 1) / DF_LOG_MAX;
}
/* Number of points in the loss curve after `step` steps. */
static inline long trainer_log_points(const trainer_cfg* cfg, long step) {
  const long every = trainer_log_every(cfg->steps);
  return step == 0 ? 0 : step / every + (step == cfg->steps && step % every != 0);
}

/* Validation window k of a task: validation_windows of them are spread evenly over its validation windows. */
df_window trainer_validation_window(const trainer_cfg* cfg, const df_task* task, int k);

/* Runs all steps, or those after the state saved in env->state_folder, and fills *log. A rank other than 0 computes
 * what rank 0 asks of it and leaves *log without numbers. With keep_best, t->average is that of the lowest validation
 * loss at the end, or that of the last step if no validation loss is finite. Errors: DF_E_INTERRUPTED, DF_E_SIM (a
 * sample failed), DF_E_NONFINITE (an infinite loss; all samples diverged; or, with abort_rise > 0, the last
 * abort_points points of the loss curve are not finite or above abort_rise times the lowest point), DF_E_CONFIG for
 * more ranks than micro-batches, and those of before_step, trainer_state_save(), trainer_state_load() and, of any rank,
 * df_ranks_agree(). */
df_status trainer_run(trainer* t, const char* name, trainer_slice_fn slice, void* context, const df_method_env* env,
                      df_training_log* log);

/* trainer_state.c: save and load the training state between two steps; both do nothing if env->state_folder is NULL,
 * and loading changes nothing if there is no good file. A damaged file is set aside (method.h) and is no error. Errors:
 * DF_E_MISMATCH for the whole state of another training, DF_E_ARG for a path that is too long, DF_E_IO for a file that
 * cannot be read or renamed, and those of df_safetensors_write(). */
df_status trainer_state_save(const trainer* t, const trainer_progress* at, const df_training_log* log,
                             const df_method_env* env);
df_status trainer_state_load(trainer* t, trainer_progress* at, df_training_log* log, const df_method_env* env);

/* ---- trainer_ranks.c: what the ranks of a training tell each other. A trainer without ranks is alone: it owns all
 * micro-batches, and the functions that only tell do nothing. ---- */

/* the micro-batches first .. end-1 of a rank */
typedef struct ranks_share {
  int first, end;
} ranks_share;
ranks_share ranks_own(const trainer* t);

/* To be called by every rank: DF_OK if all give DF_OK; then all have the arrays of t->memory of rank 0. */
df_status ranks_begin(const trainer* t, df_status status);

/* What rank 0 asks of the others, by ranks_ask(). */
typedef enum ranks_task {
  RANKS_STEP,         /* compute step `step`, with the parameters of rank 0 */
  RANKS_CHANGED_STEP, /* the same, with its arrays of t->memory, too */
  RANKS_ROWS,         /* rank 0 receives the rows of t->memory that others own */
  RANKS_DONE          /* the training is over; all have the averaged weights of rank 0 */
} ranks_task;
typedef struct ranks_order {
  int64_t task, step;
} ranks_order;

/* To be called by every rank: *order is that of rank 0, and what it says of weights and arrays is done. */
df_status ranks_ask(const trainer* t, ranks_order* order);

/* To be called by every rank after its part of a step: rank 0 has the sum of the gradients of all micro-batches in
 * t->gradient[0], all losses, the first failure and the effort of the others. `mine` is that of this rank. */
df_status ranks_combine(trainer* t, const trainer_effort* mine);

/* The end of a training with the status of this rank: tells the others, unless they know, and returns the status in
 * common. */
df_status ranks_end(const trainer* t, df_status status);

/* ---- trainer_validation.c: the validation loss, and which weights are kept by it ---- */

/* DF_E_CONFIG for a validation without windows or with more than DF_LOG_MAX measurements, or for weights that are to be
 * kept by a validation that there is not. */
df_status validation_check(const trainer_cfg* cfg);

/* Allocates what the validation of a trainer needs and makes it a part of the training state; nothing without one.
 * validation_free() releases it. */
df_status validation_make(trainer* t);
void validation_free(trainer* t);

/* Copies the validation losses up to a step to the log. */
void validation_log(const trainer* t, long step, df_training_log* log);

/* Measures the validation loss after a step, if it is due, with the averaged weights, and remembers them if it is the
 * lowest so far. DF_E_SIM if the simulator failed. */
df_status validation_measure(trainer* t, long step, void* context, df_training_log* log);

/* After the last step: makes the averaged weights those that are kept. */
void validation_keep(trainer* t, df_training_log* log);

#endif
