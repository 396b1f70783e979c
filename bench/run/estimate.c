#include "estimate.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cell.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/clock.h"
#include "list.h"
#include "stop.h"

/* times of the steps of the networks that a method trains in turn */
typedef struct stopwatch {
  int n; /* networks so far */
  char what[DF_NAME_MAX];
  double begin[DF_LOGS_MAX], end[DF_LOGS_MAX]; /* times after the first and the last step */
  long steps[DF_LOGS_MAX], total[DF_LOGS_MAX];
  volatile sig_atomic_t stop; /* ends a training that takes its number of steps from elsewhere than the settings */
} stopwatch;

static void on_step(void* context, const char* what, long done, long total, double loss) {
  stopwatch* w = context;
  (void)loss;
  const double now = df_clock_wall();
  if (strcmp(w->what, what) != 0 && w->n < DF_LOGS_MAX) {
    snprintf(w->what, sizeof w->what, "%s", what);
    w->begin[w->n++] = now;
  }
  w->end[w->n - 1] = now;
  w->steps[w->n - 1] = done;
  w->total[w->n - 1] = total;
  if (stop_flag || (done >= ESTIMATE_STEPS && done < total)) w->stop = 1;
}

static int fewer(int steps) {
  return steps < ESTIMATE_STEPS ? steps : ESTIMATE_STEPS;
}

/* trains a loaded cell for a few steps per network */
static df_status try_training(cell* c, stopwatch* w) {
  static _Thread_local df_training_log logs[DF_LOGS_MAX];
  int n = 0;
  c->task->config.train_steps = fewer(c->config.train_steps);
  c->task->config.inverse_steps = fewer(c->config.inverse_steps);
  const df_method_env env = {.task = c->task,
                             .seed = c->seed,
                             .threads = c->opts->threads,
                             .progress = on_step,
                             .progress_context = w,
                             .stop = &w->stop};
  DF_TRY(c->method->create(&env, &c->instance));
  return c->method->train(c->instance, logs, &n);
}

/* wall time of the training of each network of a method on a task; n = 0 if it could not be tried */
typedef struct training_time {
  const char* task;
  const df_method* method;
  int n;
  double seconds[DF_LOGS_MAX];
} training_time;

static training_time measure(const planned_cell* p, const options* opts) {
  training_time out = {.task = p->task, .method = p->method};
  stopwatch w = {.n = 0};
  cell c;
  df_status status = cell_open(&c, p->task, p->method, p->seed, opts);
  if (status == DF_OK) status = cell_load(&c);
  if (status == DF_OK) status = try_training(&c, &w);
  for (int i = 0; i < w.n && (status == DF_OK || w.stop); i++) {
    /* a network whose steps followed the settings has as many as these say */
    const bool inverse = strcmp(p->method->networks[i], "inverse_dynamics") == 0;
    const int wanted = inverse ? c.config.inverse_steps : c.config.train_steps;
    const long total = w.total[i] == fewer(wanted) ? wanted : w.total[i];
    out.seconds[i] = w.steps[i] > 1 ? (w.end[i] - w.begin[i]) / (double)(w.steps[i] - 1) * (double)total : 0;
    out.n = i + 1;
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

/* whether an earlier cell of this process, which is not done either, trains the network */
static bool trained_before(const plan* p, int i, const char* network, shard part, const store* events) {
  for (int j = 0; j < i; j++) {
    const planned_cell* c = &p->cell[j];
    if (!shard_has(part, j) || strcmp(c->training_key, p->cell[i].training_key) != 0) continue;
    if (plan_trains(c, network) && !store_find(events, c->key)) return true;
  }
  return false;
}

estimate estimate_training(const plan* p, shard part, const options* opts, const store* events) {
  estimate out = {.cells = 0};
  training_time* list = NULL;
  int n = 0;
  for (int i = 0; i < p->n && !stop_flag; i++) {
    const planned_cell* c = &p->cell[i];
    if (!shard_has(part, i) || store_find(events, c->key)) continue;
    out.cells++;
    if (!(c->method->flags & DF_METHOD_TRAINS)) continue;
    const training_time time = c->method->networks[0] ? time_of(c, opts, &list, &n) : (training_time){.n = 0};
    out.unknown += time.n == 0;
    for (int k = 0; k < time.n; k++) {
      if (trained_before(p, i, c->method->networks[k], part, events)) continue;
      out.networks++;
      out.seconds += time.seconds[k];
    }
  }
  df_free(list);
  return out;
}
