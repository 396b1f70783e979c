#include "toy_study.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/flow/flow.h"
#include "machine.h"
#include "progress.h"
#include "stop.h"
#include "text.h"
#include "toy_figure.h"
#include "toy_measures.h"

/* ---- variants ---- */

#define VELOCITY \
  { "flow.prediction", "velocity" }
#define DIFFUSION \
  { "flow.path", "diffusion" }

static const toy_variant variants[] = {
    {"x1", "the network predicts the end of the path: the default", {{0}}, 0, false},
    {"diffusion", "the same on the path of a diffusion, sampled by DDIM", {DIFFUSION}, 1, false},
    {"diffusion_noise",
     "a diffusion whose network predicts the noise",
     {DIFFUSION, {"flow.prediction", "noise"}},
     2,
     false},
    {"velocity", "the network predicts the velocity; the variants below differ from this one", {VELOCITY}, 1, false},
    {"time_power", "flow times u^1.5", {VELOCITY, {"flow.time_power", "1.5"}}, 2, false},
    {"time_beta", "flow times of Beta(1.5, 1)", {VELOCITY, {"flow.time", "beta"}}, 2, false},
    {"time_logit_normal", "logit-normal flow times", {VELOCITY, {"flow.time", "logit_normal"}}, 2, false},
    {"sigma_min",
     "a share 0.05 of the base sample is left at flow time 1",
     {VELOCITY, {"flow.sigma_min", "0.05"}},
     2,
     false},
    {"transport", "minibatch optimal transport", {VELOCITY, {"flow.coupling", "transport"}}, 2, false},
    {"reflow",
     "the second half of the training learns the flow's own paths",
     {VELOCITY, {"flow.reflow_from", "0.5"}},
     2,
     false},
    {"shortcut", "a step is two steps of half its length", {VELOCITY, {"flow.few_step", "shortcut"}}, 2, false},
    {"mean_flow",
     "a step has the mean velocity of its span",
     {VELOCITY, {"flow.few_step", "mean_flow"}, {"flow.few_step_share", "0.25"}, {"train.rate", "0.001"}},
     4,
     false},
    {"consistency", "every step leads to the end of the path", {VELOCITY, {"flow.few_step", "consistency"}}, 2, false},
    {"conditional",
     "one network for all clouds; the condition is left out of a tenth of the samples",
     {VELOCITY, {"flow.condition_dropout", "0.1"}},
     2,
     true},
    {"conditional_transport",
     "the same with minibatch optimal transport that does not look at conditions",
     {VELOCITY, {"flow.condition_dropout", "0.1"}, {"flow.coupling", "transport"}},
     3,
     true},
    {"conditional_transport_within",
     "and with transport that stays within a condition",
     {VELOCITY, {"flow.condition_dropout", "0.1"}, {"flow.coupling", "transport"}, {"flow.coupling_condition", "1e6"}},
     4,
     true},
};

int toy_variants(const toy_variant** list) {
  *list = variants;
  return (int)(sizeof variants / sizeof variants[0]);
}

/* how the clouds of a network are sampled */
static const struct {
  const char *name, *solver;
  int K;
} samplers[] = {{"euler_1", "euler", 1},         {"euler_4", "euler", 4}, {"euler_20", "euler", 20},
                {"midpoint_10", "midpoint", 10}, {"rk4_5", "rk4", 5},     {"adaptive", "adaptive", 4}};
enum { SAMPLERS = sizeof samplers / sizeof samplers[0] };
static const double guidances[] = {0, 1, 2};

/* ---- one network on one cloud ---- */

typedef struct subject {
  const toy_cfg* cfg;
  const toy_variant* variant;
  df_task* task;
  df_flow* flow;
  int n, k; /* the clouds of the task, and which of them */
  cloud c;
  double train_cpu_s;
} subject;

enum { FRESH_A, FRESH_B }; /* sets of points of a cloud */

static uint64_t seed_of(const subject* s) {
  return s->cfg->opts->seeds[0];
}

static void fresh(const subject* s, int set, double* points) {
  for (int i = 0; i < s->cfg->samples; i++) toy_fresh_point(s->c, seed_of(s), set, i, points + 2 * i);
}

static const double* condition_of(const subject* s, double condition[CLOUDS]) {
  toy_condition(s->n, s->k, condition);
  return s->n > 1 ? condition : NULL;
}

/* samples points [samples][2] by K steps */
static df_status sample(const subject* s, int K, double* points) {
  const size_t n = (size_t)s->cfg->samples, nc = s->n > 1 ? (size_t)s->n : 0;
  double* memory = df_alloc(n * (3 * TOY_NX + nc), sizeof *memory);
  if (!memory) return DF_E_NOMEM;
  double *x0 = memory, *x = x0 + n * TOY_NX, *conditions = x + 2 * n * TOY_NX;
  for (size_t i = 0; i < n; i++) {
    toy_state(x0 + i * TOY_NX);
    if (nc) toy_condition(s->n, s->k, conditions + i * nc);
  }
  const df_request request = {
      .B = (int)n, .x0 = x0, .condition = nc ? conditions : NULL, .seed = seed_of(s), .sampler_steps = K};
  const df_status status = df_flow_sample(s->flow, &request, x, points);
  df_free(memory);
  return status;
}

static void add_number(json_t* entry, const char* name, double value) {
  json_object_set_new(entry, name, isfinite(value) ? json_real(value) : json_null());
}

static bool is_diffusion(const subject* s) {
  return strcmp(s->task->config.flow_path, "diffusion") == 0;
}

/* whether the sampler is its own, which `euler` stands for */
static bool is_stepped(const subject* s) {
  return is_diffusion(s) || strcmp(s->task->config.flow_few_step, "none") != 0;
}

/* whether the network has a velocity at every flow time below 1 */
static bool has_field(const subject* s) {
  return !is_diffusion(s) && strcmp(s->task->config.flow_few_step, "consistency") != 0;
}

/* distances of all samplers; `points` and `right` [samples][2] are memory, `right` gets fresh points */
static df_status measure_samples(const subject* s, double* points, double* right, json_t* entry) {
  const int n = s->cfg->samples;
  double distance;
  fresh(s, FRESH_A, right);
  fresh(s, FRESH_B, points);
  DF_TRY(toy_sliced_wasserstein(n, points, right, &distance));
  add_number(entry, "floor", distance);
  for (int k = 0; k < SAMPLERS; k++) {
    if (is_stepped(s) && strcmp(samplers[k].solver, "euler") != 0) continue;
    const long before = df_flow_evaluations(s->flow);
    DF_TRY(df_config_set(&s->task->config, "flow.solver", samplers[k].solver, "toy2d"));
    DF_TRY(sample(s, samplers[k].K, points));
    DF_TRY(toy_sliced_wasserstein(n, points, right, &distance));
    add_number(entry, samplers[k].name, distance);
    if (strcmp(samplers[k].solver, "adaptive") == 0)
      add_number(entry, "evaluations", (double)(df_flow_evaluations(s->flow) - before) / n);
  }
  return DF_OK;
}

/* the likelihood of fresh points, and their entropy */
static df_status measure_likelihood(const subject* s, const double* right, json_t* entry) {
  enum { POINTS = 500, STEPS = 32 };
  const df_config* c = &s->task->config;
  const int n = s->cfg->samples < POINTS ? s->cfg->samples : POINTS;
  const bool defined = has_field(s) && (strcmp(c->flow_prediction, "velocity") == 0 || c->flow_sigma_min > 0);
  double condition[CLOUDS], nll = NAN, entropy = 0;
  for (int i = 0; i < n; i++) entropy -= cloud_log_density(s->c, right + 2 * i) / n;
  if (defined) DF_TRY(toy_nll(s->flow, s->task, condition_of(s, condition), n, right, STEPS, &nll));
  add_number(entry, "nll", nll);
  add_number(entry, "entropy", entropy);
  return DF_OK;
}

/* the learned field against the exact one */
static df_status field_error(const subject* s, double* error) {
  enum { POINTS = 400 };
  static const double times[] = {0.05, 0.25, 0.5, 0.75, 0.9};
  const toy_gaussian g = toy_gaussian_of(s->task);
  double condition[CLOUDS], conditions[POINTS * CLOUDS], x0[POINTS * TOY_NX], z[POINTS * 2], v[POINTS * 2];
  double sum = 0, whole = 0;
  const double* given = condition_of(s, condition);
  for (int i = 0; i < POINTS; i++) {
    toy_state(x0 + i * TOY_NX);
    for (int k = 0; given && k < s->n; k++) conditions[i * s->n + k] = given[k];
  }
  for (size_t k = 0; k < sizeof times / sizeof times[0]; k++) {
    for (int i = 0; i < POINTS; i++)
      toy_gaussian_point(&g, times[k], seed_of(s), (uint64_t)i + POINTS * (uint64_t)k, z + 2 * i);
    const df_flow_points points = {
        .B = POINTS, .x0 = x0, .condition = given ? conditions : NULL, .z = z, .t = times[k]};
    DF_TRY(df_flow_velocity(s->flow, &points, v, NULL));
    for (int i = 0; i < POINTS; i++) {
      double exact[2];
      toy_gaussian_velocity(&g, times[k], z + 2 * i, exact);
      for (int j = 0; j < 2; j++) {
        sum += (v[2 * i + j] - exact[j]) * (v[2 * i + j] - exact[j]);
        whole += exact[j] * exact[j];
      }
    }
  }
  *error = sqrt(sum / whole);
  return DF_OK;
}

/* the largest differences of mean and covariance of the points to those of the Gaussian cloud */
static void moment_errors(int n, const double* points, double* of_mean, double* of_covariance) {
  double mean[2], covariance[2][2], m[2] = {0}, c[2][2] = {{0}};
  cloud_gaussian(mean, covariance);
  for (int i = 0; i < 2 * n; i++) m[i % 2] += points[i] / n;
  *of_mean = *of_covariance = 0;
  for (int a = 0; a < 2; a++) {
    *of_mean = fmax(*of_mean, fabs(m[a] - mean[a]));
    for (int b = 0; b < 2; b++) {
      for (int i = 0; i < n; i++) c[a][b] += (points[2 * i + a] - m[a]) * (points[2 * i + b] - m[b]) / n;
      *of_covariance = fmax(*of_covariance, fabs(c[a][b] - covariance[a][b]));
    }
  }
}

static df_status measure_gaussian(const subject* s, double* points, json_t* entry) {
  double error, of_mean, of_covariance;
  const bool stepped = is_stepped(s);
  DF_TRY(df_config_set(&s->task->config, "flow.solver", stepped ? "euler" : "rk4", "toy2d"));
  DF_TRY(sample(s, is_diffusion(s) ? 20 : stepped ? 4 : 5, points));
  moment_errors(s->cfg->samples, points, &of_mean, &of_covariance);
  const df_config* c = &s->task->config;
  if (strcmp(c->flow_coupling, "independent") == 0 && c->flow_reflow_from == 1 && has_field(s)) {
    DF_TRY(field_error(s, &error));
    add_number(entry, "field_error", error);
  }
  add_number(entry, "mean_error", of_mean);
  add_number(entry, "covariance_error", of_covariance);
  return DF_OK;
}

static df_status measure(const subject* s, double* points, double* right, json_t* entry) {
  DF_TRY(measure_samples(s, points, right, entry));
  DF_TRY(measure_likelihood(s, right, entry));
  const bool plain = s->c == CLOUD_GAUSSIAN && s->task->config.flow_guidance == 1;
  return plain ? measure_gaussian(s, points, entry) : DF_OK;
}

/* adds the row of a trained network on its cloud; guidance NaN: there is none */
static df_status add_row(const subject* s, double guidance, rows* out) {
  double* points = df_alloc(4 * (size_t)s->cfg->samples, sizeof *points);
  if (!points) return DF_E_NOMEM;
  json_t* entry = json_object();
  json_object_set_new(entry, "cloud", json_string(cloud_name(s->c)));
  json_object_set_new(entry, "variant", json_string(s->variant->name));
  add_number(entry, "guidance", guidance);
  add_number(entry, "train_cpu_s", s->train_cpu_s);
  s->task->config.flow_guidance = isnan(guidance) ? 1 : guidance;
  const df_status status = measure(s, points, points + 2 * s->cfg->samples, entry);
  s->task->config.flow_guidance = 1;
  rows_add_object(out, entry);
  df_free(points);
  return status;
}

/* ---- one network ---- */

static df_status settings_of(const toy_cfg* cfg, const toy_variant* v, df_config* c) {
  *c = toy_config();
  for (int i = 0; i < v->n_settings; i++) DF_TRY(df_config_set(c, v->settings[i][0], v->settings[i][1], "toy2d"));
  for (int i = 0; i < cfg->opts->n_set; i++) {
    const char* equals = strchr(cfg->opts->set[i], '=');
    if (!equals) return df_fail(DF_E_CONFIG, "--set '%s': expected key=value", cfg->opts->set[i]);
    char* key = format_text("%.*s", (int)(equals - cfg->opts->set[i]), cfg->opts->set[i]);
    const df_status status = df_config_set(c, key, equals + 1, "--set");
    df_free(key);
    DF_TRY(status);
  }
  return DF_OK;
}

static df_status measure_clouds(subject* s, const cloud* clouds, toy_figure* figure, rows* out) {
  for (s->k = 0; s->k < s->n; s->k++) {
    double condition[CLOUDS];
    s->c = clouds[s->k];
    for (size_t g = 0; g < sizeof guidances / sizeof guidances[0] && s->variant->conditional; g++)
      DF_TRY(add_row(s, guidances[g], out));
    if (!s->variant->conditional) DF_TRY(add_row(s, NAN, out));
    if (figure && has_field(s))
      DF_TRY(toy_figure_add(figure, s->c, s->flow, s->task, condition_of(s, condition), seed_of(s)));
  }
  return DF_OK;
}

/* trains one network on n clouds and measures it on each */
static df_status run_network(const toy_cfg* cfg, const toy_variant* v, int n, const cloud* clouds, toy_figure* figure,
                             rows* out) {
  df_config config;
  df_training_log* log = df_alloc(1, sizeof *log);
  subject s = {.cfg = cfg, .variant = v, .n = n};
  df_status status = log ? settings_of(cfg, v, &config) : DF_E_NOMEM;
  if (status == DF_OK) status = toy_task_new(&config, n, clouds, cfg->points, cfg->opts->seeds[0], &s.task);
  if (status == DF_OK) {
    const df_method_env env = {
        .task = s.task, .seed = cfg->opts->seeds[0], .threads = cfg->opts->threads, .stop = &stop_flag};
    status = df_flow_new(&env, "toy2d", DF_DECODE_ACTIONS, &s.flow);
  }
  if (status == DF_OK) status = df_flow_train(s.flow, log);
  if (status == DF_OK) {
    s.train_cpu_s = log->cpu_s;
    status = measure_clouds(&s, clouds, figure, out);
  }
  df_flow_free(s.flow);
  df_task_free(s.task);
  df_free(log);
  return status;
}

static df_status run_variant(const toy_cfg* cfg, const toy_variant* v, progress* shown, rows* out) {
  toy_figure figure = {.variant = v->name, .rows = cfg->n_clouds};
  toy_figure* drawn = cfg->out ? &figure : NULL;
  df_status status = DF_OK;
  if (v->conditional) {
    status = run_network(cfg, v, cfg->n_clouds, cfg->clouds, drawn, out);
    progress_update(shown, shown->done + cfg->n_clouds, v->name);
  }
  for (int k = 0; k < cfg->n_clouds && status == DF_OK && !v->conditional; k++) {
    status = run_network(cfg, v, 1, &cfg->clouds[k], drawn, out);
    progress_update(shown, shown->done + 1, v->name);
  }
  if (status == DF_OK && drawn && figure.added > 0) status = toy_figure_save(drawn, cfg->out);
  toy_figure_clear(&figure);
  return status;
}

df_status toy_study_run(const toy_cfg* cfg, rows* out) {
  progress shown;
  if (cfg->out) DF_TRY(df_dir_make(cfg->out));
  DF_TRY(open_blas(cfg->opts));
  progress_start(&shown, cfg->opts->quiet, "toy2d", "clouds", cfg->n_variants * cfg->n_clouds);
  df_status status = DF_OK;
  for (int i = 0; i < cfg->n_variants && status == DF_OK; i++) status = run_variant(cfg, cfg->variants[i], &shown, out);
  progress_end(&shown);
  return status;
}
