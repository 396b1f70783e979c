/* variant.c: the settings of variants, and the distributions of flow times. */
#define _DEFAULT_SOURCE /* lgamma_r: lgamma writes a global */
#include "variant.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/rng.h"

/* ---- settings ---- */

static int choice(const char* value, int n, const char* const* names) {
  for (int i = 0; i < n; i++) {
    if (strcmp(value, names[i]) == 0) return i;
  }
  return 0;
}

flow_variant variant_of(const df_config* c) {
  static const char* const predictions[] = {"x1", "velocity", "noise"};
  static const char* const laws[] = {"power", "beta", "logit_normal"};
  static const char* const few_steps[] = {"none", "shortcut", "mean_flow", "consistency"};
  static const char* const solvers[] = {"euler", "midpoint", "rk4", "adaptive"};
  return (flow_variant){.prediction = (flow_prediction)choice(c->flow_prediction, 3, predictions),
                        .sigma = c->flow_sigma,
                        .sigma_min = c->flow_sigma_min,
                        .law = (flow_time_law)choice(c->flow_time, 3, laws),
                        .power = c->flow_time_power,
                        .shape = {c->flow_time_shape.v[0], c->flow_time_shape.v[1]},
                        .normal = {c->flow_time_normal.v[0], c->flow_time_normal.v[1]},
                        .transport = strcmp(c->flow_coupling, "transport") == 0,
                        .cost = c->flow_coupling_condition,
                        .dropout = c->flow_condition_dropout,
                        .few_step = (flow_few_step)choice(c->flow_few_step, 4, few_steps),
                        .span_share = c->flow_few_step_share,
                        .reflow_from = c->flow_reflow_from,
                        .reflow_steps = c->flow_reflow_steps,
                        .guidance = c->flow_guidance,
                        .solver = (flow_solver)choice(c->flow_solver, 4, solvers),
                        .tolerance = c->flow_tolerance,
                        .steps = c->flow_diffusion_steps,
                        .eta = c->flow_eta,
                        .clip = c->flow_clip};
}

static df_status check_times(const df_config* c) {
  if (c->flow_time_shape.n != 2 || c->flow_time_shape.v[0] <= 0 || c->flow_time_shape.v[1] <= 0) {
    return df_fail(DF_E_CONFIG, "task %s: flow.time_shape has %d numbers; expected alpha and beta, both above 0",
                   c->task_name, c->flow_time_shape.n);
  }
  if (c->flow_time_normal.n != 2 || c->flow_time_normal.v[1] <= 0) {
    return df_fail(DF_E_CONFIG,
                   "task %s: flow.time_normal has %d numbers; expected a mean and a standard deviation above 0",
                   c->task_name, c->flow_time_normal.n);
  }
  return DF_OK;
}

df_status variant_check(const df_config* c, const char* method, bool simulates, int nc, int slice) {
  const flow_variant v = variant_of(c);
  DF_TRY(check_times(c));
  if (v.prediction == FLOW_PREDICT_VELOCITY && simulates) {
    return df_fail(DF_E_CONFIG,
                   "task %s: flow.prediction = velocity: the network of %s outputs actions, from which the simulator "
                   "makes X^1; use x1",
                   c->task_name, method);
  }
  if (v.reflow_from < 1 && simulates) {
    return df_fail(DF_E_CONFIG,
                   "task %s: flow.reflow_from = %g: the flow of %s has no targets but demonstrated states; use 1",
                   c->task_name, v.reflow_from, method);
  }
  if (v.reflow_from == 0) {
    return df_fail(
        DF_E_CONFIG,
        "task %s: flow.reflow_from = 0: a flow that is not trained has no paths to learn; use a share of the "
        "steps, such as 0.5",
        c->task_name);
  }
  const bool needs_velocity = v.few_step == FLOW_SHORTCUT || (v.few_step == FLOW_MEAN && v.reflow_from < 1);
  if (needs_velocity && v.span_share == 1) {
    return df_fail(
        DF_E_CONFIG,
        "task %s: flow.few_step_share = 1: no sample is left that learns the velocity from which the steps of "
        "flow.few_step = %s are made; use less, such as 0.5",
        c->task_name, c->flow_few_step);
  }
  if (v.reflow_from < 1 && v.few_step == FLOW_CONSISTENCY) {
    return df_fail(DF_E_CONFIG,
                   "task %s: flow.reflow_from = %g: a consistency model (flow.few_step) learns no velocity whose paths "
                   "could be learned; use 1",
                   c->task_name, v.reflow_from);
  }
  const df_config usual = df_config_default();
  const bool times = strcmp(c->flow_time, usual.flow_time) != 0 || c->flow_time_power != usual.flow_time_power;
  if (v.few_step == FLOW_CONSISTENCY && (times || v.span_share != usual.flow_few_step_share)) {
    return df_fail(DF_E_CONFIG,
                   "task %s: %s: a consistency model (flow.few_step) draws its own flow times, and all of its samples "
                   "learn the ends of paths; leave it out",
                   c->task_name, times ? "flow.time, flow.time_power" : "flow.few_step_share");
  }
  if (v.few_step != FLOW_ANY_STEP &&
      (v.prediction != FLOW_PREDICT_VELOCITY || v.solver != FLOW_EULER || v.guidance != 1)) {
    return df_fail(
        DF_E_CONFIG,
        "task %s: flow.few_step = %s needs flow.prediction: velocity, flow.solver: euler and flow.guidance: 1",
        c->task_name, c->flow_few_step);
  }
  if (v.dropout > 0 && nc == 0) {
    return df_fail(DF_E_CONFIG, "task %s: flow.condition_dropout = %g: the demonstrations have no conditions",
                   c->task_name, v.dropout);
  }
  if (v.guidance != 1 && !(v.dropout > 0)) {
    return df_fail(DF_E_CONFIG,
                   "task %s: flow.guidance = %g needs a network that is also trained without conditions; set "
                   "flow.condition_dropout, such as 0.1, and train again",
                   c->task_name, v.guidance);
  }
  if (v.transport && slice < 2) {
    return df_fail(DF_E_CONFIG,
                   "task %s: flow.coupling = transport couples the samples of a micro-batch, which has %d here; use "
                   "fewer train.slices",
                   c->task_name, slice);
  }
  return DF_OK;
}

df_status variant_check_times_only(const df_config* c, const char* method) {
  static const char* const own[] = {"flow.sigma", "flow.time", "flow.time_power", "flow.time_shape",
                                    "flow.time_normal"};
  const df_config defaults = df_config_default();
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  DF_TRY(check_times(c));
  for (int i = 0; i < n; i++) {
    char value[256], usual[256];
    bool used = strncmp(keys[i].name, "flow.", 5) != 0;
    for (size_t k = 0; k < sizeof own / sizeof own[0]; k++) used |= strcmp(keys[i].name, own[k]) == 0;
    if (used) continue;
    df_config_value(c, i, value, sizeof value);
    df_config_value(&defaults, i, usual, sizeof usual);
    if (strcmp(value, usual) == 0) continue;
    return df_fail(DF_E_CONFIG, "task %s: %s = %s: the method %s, which has its own path and sampler, only supports %s",
                   c->task_name, keys[i].name, value, method, usual);
  }
  return DF_OK;
}

/* ---- flow times ---- */

/* the continued fraction of the incomplete beta function, by Lentz's method; converges fast for x < (a+1)/(a+b+2) */
static double beta_fraction(double a, double b, double x) {
  static const double TINY = 1e-300, ENOUGH = 1e-16;
  double c = 1, d = 1 - (a + b) * x / (a + 1);
  d = 1 / (fabs(d) < TINY ? TINY : d);
  double value = d;
  for (int m = 1; m < 1000; m++) {
    const double terms[2] = {m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                             -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))};
    double factor = 1;
    for (int k = 0; k < 2; k++) {
      d = 1 + terms[k] * d;
      c = 1 + terms[k] / c;
      d = 1 / (fabs(d) < TINY ? TINY : d);
      if (fabs(c) < TINY) c = TINY;
      factor = c * d;
      value *= factor;
    }
    if (fabs(factor - 1) <= ENOUGH) break;
  }
  return value;
}

/* the logarithm of the density of Beta(a, b) */
static double beta_log_density(double a, double b, double x) {
  int sign;
  return lgamma_r(a + b, &sign) - lgamma_r(a, &sign) - lgamma_r(b, &sign) + (a - 1) * log(x) + (b - 1) * log1p(-x);
}

double variant_beta_share(double a, double b, double x) {
  if (!(x > 0)) return 0;
  if (x >= 1) return 1;
  const double scale = exp(beta_log_density(a, b, x)) * x * (1 - x);
  if (x < (a + 1) / (a + b + 2)) return scale * beta_fraction(a, b, x) / a;
  return 1 - scale * beta_fraction(b, a, 1 - x) / b;
}

double variant_beta_quantile(double a, double b, double p) {
  if (!(p > 0)) return 0;
  if (p >= 1) return 1;
  double low = 0, high = 1, x = a / (a + b);
  for (int i = 0; i < 200 && high - low > 1e-15; i++) {
    const double excess = variant_beta_share(a, b, x) - p;
    if (excess > 0) {
      high = x;
    } else {
      low = x;
    }
    const double next = x - excess / exp(beta_log_density(a, b, x));
    if (fabs(next - x) <= 1e-15 * x) break;
    x = next > low && next < high ? next : 0.5 * (low + high);
  }
  return x;
}

static double draw_time(const flow_variant* v, uint64_t seed, uint64_t index) {
  double draw;
  if (v->law == FLOW_TIME_LOGIT_NORMAL) {
    df_rng_normal(seed, DF_STREAM_FLOW_TIME, index, 1, &draw);
    return 1 / (1 + exp(-(v->normal[0] + v->normal[1] * draw)));
  }
  df_rng_uniform(seed, DF_STREAM_FLOW_TIME, index, 1, &draw);
  if (v->law == FLOW_TIME_BETA) return variant_beta_quantile(v->shape[0], v->shape[1], draw);
  return v->power == 1 ? draw : pow(draw, v->power);
}

double variant_time(const flow_variant* v, uint64_t seed, uint64_t index) {
  const double t = draw_time(v, seed, index);
  /* without noise there is nothing to learn */
  return v->kept ? fmin(floor(t * v->steps), v->steps - 1) / v->steps : t;
}
