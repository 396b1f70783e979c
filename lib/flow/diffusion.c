#include "diffusion.h"

#include <math.h>
#include <string.h>

static const double LARGEST_NOISE = 0.999;

static double cosine(double place) {
  static const double OFFSET = 0.008, HALF_PI = 1.57079632679489661923;
  const double c = cos((place + OFFSET) / (1 + OFFSET) * HALF_PI);
  return c * c;
}

void diffusion_schedule(bool is_cosine, int T, double* kept) {
  const double first = 0.1 / T, last = 20.0 / T;
  kept[0] = 1;
  for (int n = 1; n <= T; n++) {
    const double noise = is_cosine ? 1 - cosine((double)n / T) / cosine((double)(n - 1) / T)
                                   : first + (last - first) * (n - 1) / (T - 1);
    kept[n] = kept[n - 1] * (1 - fmin(noise, LARGEST_NOISE));
  }
}

double diffusion_time(const flow_variant* v, int K, int i) {
  const long T = v->steps;
  const long done = v->prediction == FLOW_PREDICT_NOISE ? T - 1 - (K - 1 - i) * T / K : i * T / K;
  return (double)done / (double)T;
}

void diffusion_step(const flow_variant* v, double t, double next, size_t n, const double* end, const double* fresh,
                    double* x) {
  /* eq. 12 and 16 of DDIM */
  const double data = variant_end_share(v, t), noise = variant_base_share(v, t);
  const double next_data = variant_end_share(v, next), next_noise = variant_base_share(v, next);
  const double ratio = data / next_data, renewed = v->eta * next_noise / noise * sqrt(fmax(0, 1 - ratio * ratio));
  const double old = sqrt(fmax(0, next_noise * next_noise - renewed * renewed)) / noise;
  for (size_t k = 0; k < n; k++) {
    x[k] = next_data * end[k] + old * (x[k] - data * end[k]);
    if (v->eta > 0) x[k] += renewed * v->sigma * fresh[k];
  }
}

/* of a method that diffuses */
static df_status check_diffusion(const df_config* c, const char* method) {
  const struct {
    const char *key, *value, *usual, *reason;
  } fixed[] = {
      {"flow.prediction", c->flow_prediction, strcmp(c->flow_prediction, "velocity") == 0 ? "x1" : c->flow_prediction,
       "its network predicts data or noise; use x1 or noise"},
      {"flow.few_step", c->flow_few_step, "none", "steps of a chosen length go along straight lines; use none"},
      {"flow.coupling", c->flow_coupling, "independent", "its noise is independent of the data; use independent"},
      {"flow.solver", c->flow_solver, "euler", "its sampler steps are those of DDIM; use euler"},
  };
  for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
    if (strcmp(fixed[i].value, fixed[i].usual) == 0) continue;
    return df_fail(DF_E_CONFIG, "task %s: %s = %s: %s follows a diffusion (flow.path): %s", c->task_name, fixed[i].key,
                   fixed[i].value, method, fixed[i].reason);
  }
  if (c->flow_sigma_min > 0) {
    return df_fail(DF_E_CONFIG,
                   "task %s: flow.sigma_min = %g: %s follows a diffusion (flow.path), which ends at the data; use 0",
                   c->task_name, c->flow_sigma_min, method);
  }
  if (c->flow_reflow_from < 1) {
    return df_fail(DF_E_CONFIG,
                   "task %s: flow.reflow_from = %g: %s follows a diffusion (flow.path), whose paths are curved by "
                   "choice and are not straightened; use 1",
                   c->task_name, c->flow_reflow_from, method);
  }
  for (int i = 0; i < c->eval_sampler_steps.n; i++) {
    if (c->eval_sampler_steps.v[i] <= c->flow_diffusion_steps) continue;
    return df_fail(DF_E_CONFIG, "task %s: eval.sampler_steps has %g, more than flow.diffusion_steps = %d", c->task_name,
                   c->eval_sampler_steps.v[i], c->flow_diffusion_steps);
  }
  return DF_OK;
}

df_status diffusion_check(const df_config* c, const char* method, bool diffuses, bool simulates) {
  const bool noise = strcmp(c->flow_prediction, "noise") == 0;
  if (noise && !diffuses) {
    return df_fail(DF_E_CONFIG,
                   "task %s: flow.prediction = noise: the path of %s begins with noise alone, from which no data "
                   "follow; use x1, velocity, or flow.path: diffusion, all of whose steps have a share of the data",
                   c->task_name, method);
  }
  if (noise && simulates) {
    return df_fail(
        DF_E_CONFIG,
        "task %s: flow.prediction = noise: the network of %s outputs actions, from which the simulator makes "
        "X^1; use x1",
        c->task_name, method);
  }
  return diffuses ? check_diffusion(c, method) : DF_OK;
}
