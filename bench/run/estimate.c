#include "estimate.h"

#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cell.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/clock.h"
#include "dynaflow/core/file.h"
#include "list.h"
#include "short_training.h"
#include "stop.h"

/* A training is tried with these settings. They differ, so that the number of steps that a network announces says which
 * of them it follows. */
enum { TRAIN_STEPS = 4, INVERSE_STEPS = 5 };

typedef struct network_time {
  char what[DF_NAME_MAX];
  long steps, total; /* computed so far; announced */
  double seconds;    /* of all steps but the first, which warms up */
} network_time;

/* times of the steps of the networks that a method trains */
typedef struct stopwatch {
  int n;         /* networks so far */
  bool too_many; /* more than DF_LOGS_MAX */
  network_time network[DF_LOGS_MAX];
  double last;                /* time after the last step */
  volatile sig_atomic_t stop; /* ends a training that takes its number of steps from elsewhere than the settings */
} stopwatch;

/* the network of this name, a new one if there is none yet; NULL if there are too many */
static network_time* network_of(stopwatch* w, const char* what) {
  for (int i = 0; i < w->n; i++) {
    if (strcmp(w->network[i].what, what) == 0) return &w->network[i];
  }
  w->too_many |= w->n == DF_LOGS_MAX;
  if (w->too_many) return NULL;
  network_time* t = &w->network[w->n++];
  snprintf(t->what, sizeof t->what, "%s", what);
  return t;
}

static void on_step(void* context, const df_progress* at) {
  stopwatch* w = context;
  const double now = df_clock_wall();
  network_time* t = network_of(w, at->network);
  if (t) {
    if (t->steps++ > 0) t->seconds += now - w->last;
    t->total = at->steps;
  }
  w->last = now;
  if (stop_flag || (at->step >= TRAIN_STEPS && at->steps > SHORT_DYNAMICS)) w->stop = 1;
}

/* trains a loaded cell for a few steps per network */
static df_status try_training(cell* c, stopwatch* w) {
  static _Thread_local df_training_log logs[DF_LOGS_MAX];
  int n = 0;
  shorten_training(&c->task->config, TRAIN_STEPS, INVERSE_STEPS);
  const df_method_env env = {.task = c->task,
                             .context = c->method->context,
                             .seed = c->seed,
                             .threads = c->opts->threads,
                             .progress = on_step,
                             .progress_context = w,
                             .stop = &w->stop};
  DF_TRY(c->method->create(&env, &c->instance));
  return c->method->train(c->instance, logs, &n);
}

/* wall time of the training of each network of a method on a task */
typedef struct training_time {
  const char* task;
  const df_method* method;
  bool complete;               /* all networks that it trains have names and were measured */
  double seconds[DF_LOGS_MAX]; /* of network i of the method; NaN: not measured */
} training_time;

/* the time of all steps of the network with the settings as they are; NaN if fewer than two were measured */
static double seconds_of(const network_time* t, const df_config* config) {
  const long total = t->total == TRAIN_STEPS      ? config->train_steps
                     : t->total == INVERSE_STEPS  ? config->inverse_steps
                     : t->total == SHORT_RECOVERY ? (long)config->recover_rounds * config->recover_steps
                     : t->total == SHORT_DYNAMICS ? config->dap_steps
                                                  : t->total;
  if (t->steps < 2) return total < 2 ? 0 : NAN;
  return t->seconds / (double)(t->steps - 1) * (double)total;
}

static training_time measure(const planned_cell* p, const options* opts) {
  training_time out = {.task = p->task, .method = p->method};
  stopwatch w = {.n = 0};
  cell c;
  for (int i = 0; i < DF_LOGS_MAX; i++) out.seconds[i] = NAN;
  df_status status = cell_open(&c, p->task, p->method, p->seed, opts);
  if (status == DF_OK) status = cell_load(&c);
  if (status == DF_OK) status = try_training(&c, &w);
  if (status == DF_OK || w.stop) {
    out.complete = !w.too_many;
    for (int i = 0; i < w.n; i++) {
      const int k = plan_network(p->method, w.network[i].what);
      out.complete &= k >= 0;
      if (k >= 0) out.seconds[k] = seconds_of(&w.network[i], &c.config);
    }
    for (int k = 0; k < DF_LOGS_MAX && p->method->networks[k]; k++) out.complete &= !isnan(out.seconds[k]);
  }
  cell_close(&c);
  return out;
}

/* the time of a method on a task, measured once; the list grows */
static training_time time_of(const planned_cell* p, const options* opts, training_time** list, int* n) {
  for (int i = 0; i < *n; i++) {
    if ((*list)[i].method == p->method && strcmp((*list)[i].task, p->task) == 0) return (*list)[i];
  }
  *list = list_grow(*list, *n, sizeof **list);
  (*list)[*n] = measure(p, opts);
  return (*list)[(*n)++];
}

/* whether an earlier cell that this process has to run trains the network */
static bool trained_before(const plan* p, int i, const char* network, shard part, const store* events) {
  for (int j = 0; j < i; j++) {
    const planned_cell* c = &p->cell[j];
    const bool same = strcmp(c->training_key, p->cell[i].training_key) == 0 && plan_network(c->method, network) >= 0;
    if (same && plan_has_to_run(p, j, part, events)) return true;
  }
  return false;
}

/* whether a finished cell of the run in this folder has left the network, so that it is taken, not trained */
static bool is_trained(const planned_cell* c, const char* network, const char* folder) {
  char* shared = shared_network_path(folder, c->training_key, network);
  const bool trained = df_file_exists(shared);
  df_free(shared);
  return trained;
}

estimate estimate_training(const plan* p, shard part, const options* opts, const char* folder, const store* events) {
  estimate out = {.cells = 0};
  training_time* list = NULL;
  int n = 0;
  for (int i = 0; i < p->n && !stop_flag; i++) {
    const planned_cell* c = &p->cell[i];
    if (!plan_has_to_run(p, i, part, events)) continue;
    out.cells++;
    if (!(c->method->flags & DF_METHOD_TRAINS)) continue;
    const training_time time = c->method->networks[0] ? time_of(c, opts, &list, &n) : (training_time){.task = c->task};
    out.unknown += !time.complete;
    for (int k = 0; k < DF_LOGS_MAX && c->method->networks[k]; k++) {
      const char* network = c->method->networks[k];
      if (isnan(time.seconds[k]) || trained_before(p, i, network, part, events)) continue;
      if (is_trained(c, network, folder)) continue;
      out.networks++;
      out.seconds += time.seconds[k];
    }
  }
  df_free(list);
  return out;
}
