#include "change.h"

#include <math.h>

void state_change(const df_chart* chart, const double* x, const double* next, double* delta) {
  double before[STATE_CHANGE_MAX];
  const int nz = df_chart_size(chart);
  df_chart_encode(chart, x, x, before);
  df_chart_encode(chart, x, next, delta);
  for (int i = 0; i < nz; i++) delta[i] -= before[i];
}

void state_change_unit(const df_task* task, int actions, int frames, df_real* unit) {
  double delta[STATE_CHANGE_MAX], square[STATE_CHANGE_MAX] = {0};
  const int n = task->windows->n_train, nz = df_chart_size(task->chart);
  for (int k = 0; k < n; k++) {
    const df_window w = task->windows->train[k];
    const int from = w.start + k % frames;
    state_change(task->chart, df_dataset_state(task->data, w.episode, from),
                 df_dataset_state(task->data, w.episode, from + actions), delta);
    for (int i = 0; i < nz; i++) square[i] += delta[i] * delta[i] / n;
  }
  for (int i = 0; i < nz; i++) unit[i] = (df_real)fmax(sqrt(square[i]), task->config.scale_floor_change);
}
