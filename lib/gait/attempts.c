#include "attempts.h"

#include <math.h>
#include <stdio.h>

/* attempts per wanted episode after which the generator gives up */
enum { ATTEMPTS_MAX = 50 };

/* fills all episodes */
static df_status fill(const df_system* system, df_sim* sim, const df_config* config, const df_generator_env* env,
                      const attempts_cfg* cfg, df_dataset* data, df_generation* counted) {
  int kept = 0;
  for (int number = 0; kept < data->episodes; number++) {
    const bool report = env->progress && number % cfg->report_every == 0;
    if (report && !env->progress(env->context, kept, data->episodes)) {
      return df_fail(DF_E_INTERRUPTED, "generating demonstrations: interrupted at episode %d of %d", kept,
                     data->episodes);
    }
    if (number >= ATTEMPTS_MAX * data->episodes) {
      return df_fail(DF_E_CONFIG, "%s: %d of %d attempts %s", cfg->name, number - kept, number, cfg->rejected);
    }
    const size_t episode = (size_t)kept, length = (size_t)data->length;
    double* condition = cfg->nc > 0 ? data->conditions + episode * (size_t)cfg->nc : NULL;
    int kind;
    df_traj_end end;
    const bool good =
        cfg->attempt(system, sim, config, number, data->length, data->states + episode * (length + 1) * (size_t)cfg->nx,
                     data->actions + episode * length * (size_t)cfg->nu, condition, &kind, &end);
    if (end == DF_TRAJ_FAILED) return DF_E_SIM;
    counted->kind[kind].tried++;
    counted->kind[kind].rejected += !good;
    kept += good;
  }
  return DF_OK;
}

df_status attempts_make(const df_system* system, const df_config* config, const df_generator_env* env,
                        const attempts_cfg* cfg, df_dataset** out) {
  const double actions = config->data_seconds / system->dt;
  if (!(actions >= 1 && actions <= 1e6)) {
    return df_fail(DF_E_CONFIG, "data.seconds = %g: not 1 to 1000000 actions of %g s", config->data_seconds,
                   system->dt);
  }
  df_generation counted = {.n = cfg->kinds};
  for (int k = 0; k < cfg->kinds; k++) {
    snprintf(counted.kind[k].name, sizeof counted.kind[k].name, "%s", cfg->kind[k]);
  }

  /* every attempt is a few milliseconds: one thread makes them all */
  const df_dataset_shape shape = {.episodes = config->data_episodes,
                                  .length = (int)lround(actions),
                                  .nx = cfg->nx,
                                  .nu = cfg->nu,
                                  .nc = cfg->nc,
                                  .dt = system->dt};
  df_dataset* data = NULL;
  df_sim* sim = NULL;
  df_status status = df_dataset_new(&shape, &data);
  for (int i = 0; i < cfg->nc && status == DF_OK; i++) status = df_dataset_name_condition(data, i, cfg->condition[i]);
  if (status == DF_OK) status = df_sim_new(system, 0, &sim);
  if (status == DF_OK) status = fill(system, sim, config, env, cfg, data, &counted);
  df_sim_free(system, sim);
  if (status != DF_OK) {
    df_dataset_free(data);
    return status;
  }
  if (env->report) *env->report = counted;
  *out = data;
  return DF_OK;
}
