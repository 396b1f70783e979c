#include "varying_steps.h"

#include <math.h>

#include "dynaflow/core/alloc.h"
#include "replay_compare.h"
#include "replay_hypotheses.h"

/* numbers of steps that are tried: around the duration of a frame */
enum { NUMBERS = 3 };
/* an error, of the largest change over one action, that a warm start of another length leaves */
static const double OF_MOTION = 1e-4;
/* of the actions, which have to follow; actions that only one number explains */
static const double NEARLY_ALL = 0.98;
enum { LEAST_OWN = 2 };

typedef struct finder {
  const recording* r;
  const df_config* config;
  const df_search* search;
  const double *limit, *motion;
  const options* opts;
  double* error[NUMBERS]; /* [steps] of each action, over what is allowed */
  size_t steps;
} finder;

/* error [steps] with `substeps` steps of cfg->timestep; *done: whether the model can be compiled so */
static df_status errors_with(const finder* f, df_mujoco_cfg cfg, int substeps, double* error, bool* done) {
  df_system* system = NULL;
  comparison c = {0};
  recording r = *f->r;
  cfg.substeps = substeps;
  DF_TRY(replay_other_system(f->config, f->search, &cfg, &system));
  *done = system != NULL;
  if (!*done) return DF_OK;
  r.dt = system->dt;
  const df_status status = replay_compare_carried(&r, system, "replay: steps per action", f->opts, &c);
  for (size_t i = 0; i < f->steps && status == DF_OK; i++) {
    error[i] = 0;
    for (int kind = 0; kind < KINDS; kind++) {
      const double allowed = fmax(f->limit[kind], OF_MOTION * f->motion[kind]);
      if (c.carried[kind][i] > 0) error[i] = fmax(error[i], c.carried[kind][i] / allowed);
    }
  }
  if (status == DF_OK) comparison_clear(&c);
  df_system_free(system);
  return status;
}

/* the verdict on n and n + 1 steps, whose errors are `fewer` and `more` [steps] */
static void judge_pair(const finder* f, int n, const double* fewer, const double* more, double timestep,
                       varying_steps* out) {
  size_t both = 0, own[2] = {0, 0}, closer = 0;
  for (size_t i = 0; i < f->steps; i++) {
    const bool a = fewer[i] <= 1, b = more[i] <= 1;
    both += a || b;
    own[0] += a && !b;
    own[1] += b && !a;
    closer += more[i] < fewer[i];
  }
  if (own[0] < LEAST_OWN || own[1] < LEAST_OWN || (double)both < NEARLY_ALL * (double)f->steps) return;
  const double share = (double)closer / (double)f->steps;
  const bool mostly_more = share > 0.5;
  *out = (varying_steps){.timestep = timestep,
                         .usual = n + mostly_more,
                         .other = n + !mostly_more,
                         .share = mostly_more ? share : 1 - share};
}

/* with steps of `timestep` s */
static df_status find_with(const finder* f, const df_mujoco_cfg* cfg, double timestep, varying_steps* out) {
  const double frame = f->r->dt / timestep;
  if (!(frame < DF_SUBSTEPS_MAX)) return DF_OK;
  const int first = (int)lround(frame) - 1;
  bool done[NUMBERS] = {false};
  for (int k = 0; k < NUMBERS && out->usual == 0; k++) {
    if (first + k < 1) continue;
    DF_TRY(errors_with(f, *cfg, first + k, f->error[k], &done[k]));
    if (k > 0 && done[k] && done[k - 1]) judge_pair(f, first + k - 1, f->error[k - 1], f->error[k], timestep, out);
  }
  return DF_OK;
}

/* with the timestep of training, then with that of the model's file if it is another one */
static df_status find(const finder* f, varying_steps* out) {
  const df_mujoco_cfg trained = replay_cfg(f->config, false);
  df_mujoco_cfg own = trained;
  double timestep[2] = {0, 0};
  own.timestep = 0;
  for (int i = 0; i < 2 && out->usual == 0; i++) {
    const df_mujoco_cfg* cfg = i ? &own : &trained;
    df_system* system = NULL;
    DF_TRY(replay_other_system(f->config, f->search, cfg, &system));
    timestep[i] = system ? df_mujoco_timestep(system) : 0;
    df_system_free(system);
    if (timestep[i] > 0 && (i == 0 || timestep[1] != timestep[0])) DF_TRY(find_with(f, cfg, timestep[i], out));
  }
  return DF_OK;
}

df_status replay_find_varying(const recording* r, const df_config* config, const df_search* search, const double* limit,
                              const double* motion, const options* opts, varying_steps* out) {
  finder f = {.r = r,
              .config = config,
              .search = search,
              .limit = limit,
              .motion = motion,
              .opts = opts,
              .steps = recording_before(r, r->data->episodes)};
  *out = (varying_steps){.usual = 0};
  double* memory = df_alloc(NUMBERS * f.steps, sizeof *memory);
  if (!memory) return DF_E_NOMEM;
  for (int k = 0; k < NUMBERS; k++) f.error[k] = memory + (size_t)k * f.steps;
  const df_status status = find(&f, out);
  df_free(memory);
  return status;
}
