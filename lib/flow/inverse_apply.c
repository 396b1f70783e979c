/* inverse_apply.c: the input of an inverse-dynamics network, and its actions. */
#include <math.h>

#include "inverse_internal.h"

void inverse_describe(const df_inverse* m, const double* x, const double* next, df_real* in) {
  double context[FEATURES_MAX], delta[FEATURES_MAX];
  df_chart_context(m->env.task->chart, x, context);
  state_change(m->env.task->chart, x, next, delta);
  for (int i = 0; i < m->nz; i++) {
    in[i] = (df_real)context[i];
    in[m->nz + i] = (df_real)fmin(fmax(delta[i] / (double)m->change_std[i], -m->change_limit), m->change_limit);
  }
}

void inverse_forward(const df_inverse* m, inverse_worker* w, int count) {
  df_net_forward(m->net, w->net, m->trainer->average, &(df_net_input){.B = count, .x = w->in}, w->out);
}

void inverse_action(const df_inverse* m, const inverse_worker* w, int row, double* u) {
  const df_system* system = m->env.task->system;
  for (int i = 0; i < m->nu; i++) {
    const double value = m->u_mean[i] + m->u_unit[i] * (double)w->out[row * m->nu + i];
    u[i] = fmin(fmax(value, system->u_lo[i]), system->u_hi[i]);
  }
}
