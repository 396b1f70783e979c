#include "action_shift.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/metrics/metrics.h"
#include "excerpt.h"
#include "stop.h"
#include "text.h"

enum { ROWS = 5, SAMPLE = 40 }; /* most rows; frames that are looked at */

/* the share of the error as it is that another number of rows leaves at most */
static const double FOLLOWS = 0.1;

/* frames from which all shifts have an action */
static size_t inner_frames(const df_dataset* d, int episode) {
  const int n = d->lengths[episode] - 2 * ROWS;
  return n > 0 ? (size_t)n : 0;
}

/* frame number `at` among them */
static void place(const df_dataset* d, size_t at, int* episode, int* frame) {
  int e = 0;
  for (; at >= inner_frames(d, e); e++) at -= inner_frames(d, e);
  *episode = e;
  *frame = ROWS + (int)at;
}

/* u [n][nu] = the actions of `rows` rows later; x [n][2][nx] = the states before and after */
static void read_sample(const recording* r, int n, size_t all, int rows, double* x, double* u) {
  const size_t nx = (size_t)r->data->nx, nu = (size_t)r->data->nu;
  for (int i = 0; i < n; i++) {
    int episode, frame;
    place(r->data, all * (size_t)i / (size_t)n, &episode, &frame);
    recording_state(r, episode, frame, x + 2 * (size_t)i * nx);
    recording_state(r, episode, frame + 1, x + (2 * (size_t)i + 1) * nx);
    memcpy(u + (size_t)i * nu, df_dataset_action(r->data, episode, frame + rows), nu * sizeof *u);
  }
}

df_status action_shift_find(const recording* r, const df_system* system, int threads, action_shift* out) {
  size_t all = 0;
  *out = (action_shift){.as_is = INFINITY, .best = INFINITY};
  for (int e = 0; e < r->data->episodes; e++) all += inner_frames(r->data, e);
  const int n = all < SAMPLE ? (int)all : SAMPLE;
  if (n == 0) return DF_OK;
  const size_t nx = (size_t)r->data->nx, nu = (size_t)r->data->nu;
  double* x = df_alloc((size_t)n * (2 * nx + nu + 1), sizeof *x);
  if (!x) return DF_E_NOMEM;
  double *u = x + (size_t)n * 2 * nx, *error = u + (size_t)n * nu;
  df_status status = DF_OK;
  for (int rows = -ROWS; rows <= ROWS && status == DF_OK; rows++) {
    const df_trajectories made = {.B = n, .H = 1, .x = x, .u = u};
    read_sample(r, n, all, rows, x, u);
    status = stop_check();
    if (status == DF_OK) status = df_metric_sae_own(system, &made, threads, error, NULL);
    if (status != DF_OK) break;
    /* actions that are held for some rows are right in most of them */
    double mean = 0;
    for (int i = 0; i < n; i++) mean += error[i] / n;
    if (rows == 0) out->as_is = mean;
    if (!(mean < out->best)) continue;
    out->best = mean;
    out->rows = rows;
  }
  df_free(x);
  if (!(out->best <= FOLLOWS * out->as_is)) out->rows = 0;
  return status;
}

char* action_shift_words(int rows) {
  const int by = rows > 0 ? rows : -rows;
  return format_text("the actions are stored %d rows too %s", by, rows > 0 ? "late" : "early");
}

char* action_shift_remedy(int rows) {
  const int by = rows > 0 ? rows : -rows;
  return format_text("the action of row t %c %d at frame t (no setting says this: move the actions %d rows %s)",
                     rows > 0 ? '+' : '-', by, by, rows > 0 ? "up" : "down");
}

df_status action_shift_apply(const df_dataset* data, int rows, df_dataset** out) {
  const int by = rows > 0 ? rows : -rows, start = rows < 0 ? by : 0;
  const size_t nu = (size_t)data->nu;
  *out = NULL;
  excerpt_part* parts = df_alloc((size_t)data->episodes, sizeof *parts);
  if (!parts) return DF_E_NOMEM;
  bool enough = true;
  for (int e = 0; e < data->episodes; e++) {
    parts[e] = (excerpt_part){e, start, data->lengths[e] - by};
    enough = enough && parts[e].length > 0;
  }
  const df_status status = enough ? excerpt_new(data, data->episodes, parts, out) : DF_OK;
  for (int e = 0; e < data->episodes && *out; e++) {
    memcpy((*out)->actions + df_dataset_action_row(*out, e, 0) * nu, df_dataset_action(data, e, start + rows),
           (size_t)parts[e].length * nu * sizeof(double));
  }
  df_free(parts);
  return status;
}
