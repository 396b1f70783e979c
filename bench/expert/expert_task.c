#include "expert_task.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/angles.h"
#include "dynaflow/data/robot_base.h"
#include "dynaflow/data/task.h"
#include "dynaflow/flow/action_map.h"
#include "dynaflow/gait/gait.h"
#include "dynaflow/nn/blas.h"
#include "dynaflow/sim/mujoco.h"
#include "experts.h"

/* ---- settings as the task of a walk ---- */

/* number i of a list that has one number, or one per item */
static df_status pick(const char* key, const df_list* list, int n, int i, double* out) {
  if (list->n != 1 && list->n != n)
    return df_fail(DF_E_CONFIG, "%s: got %d numbers, expected one, or one per gait in expert.gaits (%d)", key, list->n,
                   n);
  *out = list->v[list->n == 1 ? 0 : i];
  return DF_OK;
}

static df_status set_gait(const df_config* c, const int* leg, int i, df_walk_gait* gait) {
  const int known = df_gait_by_name(c->expert_gaits.v[i]), n = c->expert_gaits.n;
  const bool imitates = strcmp(c->expert_imitate, "clips") == 0;
  if (known < 0 && !imitates)
    return df_fail(DF_E_CONFIG, "expert.gaits: unknown gait '%s': known are trot, pace, bound and pronk",
                   c->expert_gaits.v[i]);
  /* a clip needs no clock */
  memset(gait->offset, 0, sizeof gait->offset);
  for (int k = 0; known >= 0 && k < FOOT_LEGS; k++) gait->offset[k] = df_gait_offsets((df_gait)known)[leg[k]];
  DF_TRY(pick("expert.height", &c->expert_height, n, i, &gait->height));
#define REWARD(name, ...) \
  DF_TRY(pick("expert_reward." #name, &c->expert_reward_##name, n, i, &gait->weight[DF_REWARD_##name]));
  DF_REWARD_LIST(REWARD)
#undef REWARD
  return DF_OK;
}

static df_status set_base(const df_config* c, const df_system* system, df_walk_cfg* cfg) {
  cfg->base = df_robot_base(system, &c->chart_objects).joint;
  if (cfg->base >= 0) return DF_OK;
  return df_fail(
      DF_E_CONFIG,
      "system.model: the model has no robot base: a free joint that is not in chart.objects and whose body or "
      "descendants are moved by an actuator");
}

/* rewards, starts and falls take the floor for a plane at height 0 (walk.h) */
static df_status check_floor(const df_system* system) {
  static const double EVEN = 1e-6; /* m */
  df_sim* sim = NULL;
  double height = 0, *x = df_alloc((size_t)system->nx, sizeof *x);
  df_status status = x ? df_sim_new(system, 0, &sim) : DF_E_NOMEM;
  if (status == DF_OK) {
    df_mujoco_initial_state(system, x);
    df_mujoco_pose(sim, x);
    if (!df_mujoco_ground_is_flat(sim, &height))
      status = df_fail(DF_E_CONFIG,
                       "system.model: what cannot move and may be touched is not a horizontal plane alone: `expert` "
                       "needs a plane at height 0 as floor, without steps, slopes or walls");
    else if (isfinite(height) && fabs(height) > EVEN)
      status =
          df_fail(DF_E_CONFIG, "system.model: the floor is at height %.6g m: `expert` needs it at height 0", height);
  }
  df_sim_free(system, sim);
  df_free(x);
  return status;
}

static df_status set_feet(const df_config* c, const df_system* system, df_walk_cfg* cfg) {
  cfg->n_feet = c->eval_feet.n;
  if (cfg->n_feet != 4)
    return df_fail(DF_E_CONFIG, "eval.feet: got %d feet, expected four: FR, FL, RR and RL, in any order", cfg->n_feet);
  for (int i = 0; i < cfg->n_feet; i++) {
    cfg->foot[i] = df_mujoco_point(system, DF_POINT_GEOM, c->eval_feet.v[i]);
    if (cfg->foot[i].index < 0) return df_fail(DF_E_CONFIG, "eval.feet: the model has no geom '%s'", c->eval_feet.v[i]);
  }
  return DF_OK;
}

/* the home posture [nu]; a short list repeats */
static df_status set_home(const df_config* c, const df_system* system, const double* centre, double* home) {
  const int n = c->expert_home.n;
  if (n > system->nu)
    return df_fail(DF_E_CONFIG, "expert.home: %d numbers, but the model has %d actuators", n, system->nu);
  for (int k = 0; k < system->nu; k++) home[k] = n ? c->expert_home.v[k % n] : centre[k];
  return DF_OK;
}

/* the clock of a gait is by legs, of which clips need none: leg [FOOT_LEGS] */
static df_status set_gaits(const df_config* c, const df_system* system, int* leg, df_walk_cfg* cfg) {
  for (int k = 0; k < FOOT_LEGS; k++) leg[k] = k;
  if (strcmp(c->expert_imitate, "clips") != 0) DF_TRY(foot_legs(c, system, cfg->home, leg));
  for (int i = 0; i < cfg->n_gaits; i++) DF_TRY(set_gait(c, leg, i, &cfg->gait[i]));
  return DF_OK;
}

static df_status set_walk(const df_config* c, const df_system* system, double* numbers, int* leg, df_walk_cfg* cfg) {
  const size_t nu = (size_t)system->nu;
  double *home = numbers, *centre = numbers + nu, *half = numbers + 2 * nu;
  *cfg = (df_walk_cfg){.n_gaits = c->expert_gaits.n,
                       .alive = c->expert_alive,
                       .foot_height = c->expert_foot_height,
                       .frequency = c->expert_frequency,
                       .duty = c->expert_duty,
                       .swing_height = c->expert_swing_height,
                       .fall_height = c->eval_fall_height != 0 ? c->eval_fall_height : -1e3,
                       .fall_tilt = c->eval_fall_tilt > 0 ? c->eval_fall_tilt * DF_DEGREE : DF_PI,
                       .home = home,
                       .centre = centre,
                       .half_range = half};
  if (cfg->n_gaits < 1 || cfg->n_gaits > DF_WALK_GAITS_MAX)
    return df_fail(DF_E_CONFIG, "expert.gaits: got %d gaits, expected 1 to %d", cfg->n_gaits, DF_WALK_GAITS_MAX);
  if (c->expert_command.n != 3)
    return df_fail(DF_E_CONFIG, "expert.command: got %d numbers, expected 3: vx, vy and yaw rate", c->expert_command.n);
  memcpy(cfg->command, c->expert_command.v, sizeof cfg->command);
#define OBSERVE(name, ...) cfg->observe[DF_OBSERVE_##name] = c->expert_observe_##name;
  DF_OBSERVE_LIST(OBSERVE)
#undef OBSERVE
#define START(name, ...) cfg->start[DF_START_##name] = c->expert_start_##name;
  DF_START_LIST(START)
#undef START
  DF_TRY(set_base(c, system, cfg));
  DF_TRY(set_feet(c, system, cfg));
  DF_TRY(check_floor(system));
  DF_TRY(df_action_map(c, system, centre, half));
  DF_TRY(set_home(c, system, centre, home));
  return set_gaits(c, system, leg, cfg);
}

/* what a policy imitates, if it does */
static df_status set_clips(const df_config* c, const df_search* search, const options* opts, df_system* system,
                           expert_clips* clips, df_walk_cfg* cfg) {
  if (strcmp(c->expert_imitate, "clips") != 0) return DF_OK;
  DF_TRY(expert_clips_load(c, search, opts, system, clips));
  cfg->n_clips = clips->n;
  cfg->clip = clips->clip;
  cfg->tail = c->expert_horizon;
  cfg->off_clip = c->expert_off_clip;
  cfg->n_ahead = c->expert_ahead.n;
  if (cfg->n_ahead > DF_WALK_AHEAD_MAX)
    return df_fail(DF_E_CONFIG, "expert.ahead: got %d numbers, expected at most %d", cfg->n_ahead, DF_WALK_AHEAD_MAX);
  for (int i = 0; i < cfg->n_ahead; i++) cfg->ahead[i] = (int)c->expert_ahead.v[i];
  return DF_OK;
}

/* of the choices of expert.method */
static df_expert_method method_of(const char* name) {
  if (strcmp(name, "apg") == 0) return DF_EXPERT_APG;
  return strcmp(name, "ppo") == 0 ? DF_EXPERT_PPO : DF_EXPERT_SHAC;
}

static void set_training(const df_config* c, df_expert_cfg* cfg) {
  *cfg = df_expert_cfg_default();
  cfg->robots = c->expert_robots;
  cfg->horizon = c->expert_horizon;
  cfg->slices = c->expert_slices < c->expert_robots ? c->expert_slices : c->expert_robots;
  cfg->updates = c->expert_updates;
  cfg->width = c->expert_width;
  cfg->depth = c->expert_depth;
  cfg->method = method_of(c->expert_method);
  cfg->gamma = c->expert_gamma;
  cfg->lambda = c->expert_lambda;
  cfg->decay = c->expert_decay;
  cfg->noise = c->expert_noise;
  cfg->rate = c->expert_rate;
  cfg->critic_rate = c->expert_critic_rate;
  cfg->clip = c->expert_clip;
  cfg->critic_steps = c->expert_critic_steps;
  cfg->critic_share = c->expert_critic_share;
  cfg->critic_mix = c->expert_critic_mix;
  cfg->fresh = c->expert_fresh;
  cfg->renew = c->expert_renew;
  cfg->ppo_epochs = c->expert_ppo_epochs;
  cfg->ppo_minibatches = c->expert_ppo_minibatches;
  cfg->ppo_clip = c->expert_ppo_clip;
  cfg->ppo_kl = c->expert_ppo_kl;
  cfg->ppo_noise = c->expert_ppo_noise;
  cfg->ppo_entropy = c->expert_ppo_entropy;
}

bool expert_imitation(const expert_task* task) {
  return task->clips.data != NULL;
}

df_status expert_task_make(const df_config* config, const df_search* search, const options* opts, expert_task* out) {
  char sha256[DF_SHA256_TEXT];
  df_walk_cfg cfg;
  memset(out, 0, sizeof *out);
  out->config = *config;
  set_training(config, &out->cfg);
  DF_TRY(df_task_system(config, search, &out->system, sha256));
  double* numbers = df_alloc(3 * (size_t)out->system->nu, sizeof *numbers);
  df_status status = numbers ? set_walk(config, out->system, numbers, out->leg, &cfg) : DF_E_NOMEM;
  if (status == DF_OK) status = set_clips(config, search, opts, out->system, &out->clips, &cfg);
  if (status == DF_OK) status = df_walk_new(out->system, &cfg, &out->walk);
  df_free(numbers);
  return status;
}

void expert_task_clear(expert_task* task) {
  df_walk_free(task->walk);
  df_system_free(task->system);
  expert_clips_clear(&task->clips);
  task->walk = NULL;
  task->system = NULL;
}

/* ---- identity and checkpoints ---- */

static bool begins(const char* key, const char* beginning) {
  return strncmp(key, beginning, strlen(beginning)) == 0;
}

/* whether the policy itself depends on a setting: what it sees, does and is */
static bool shapes_policy(const char* key) {
  static const char* const keys[] = {"expert.gaits",    "expert.frequency", "expert.duty",    "expert.height",
                                     "expert.home",     "expert.width",     "expert.depth",   "expert_observe.",
                                     "system.substeps", "chart.objects",    "expert.imitate", "expert.ahead",
                                     "eval.feet"};
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    if (begins(key, keys[i])) return true;
  }
  return begins(key, "action.");
}

/* the legs of the feet, "2,1,3,0" */
static void write_legs(const expert_task* task, char out[2 * FOOT_LEGS]) {
  snprintf(out, 2 * FOOT_LEGS, "%d,%d,%d,%d", task->leg[0], task->leg[1], task->leg[2], task->leg[3]);
}

bool expert_depends(const df_config_key* setting, const char* value) {
  return expert_setting(setting->name, value);
}

/* the order of legs that older policies have; another one is part of what a policy is */
static const char* const LEGS = "0,1,2,3";

void expert_identity(const expert_task* task, uint64_t seed, text* out) {
  char value[DF_VALUE_MAX];
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  for (int i = 0; i < n; i++) {
    df_config_value(&task->config, i, value, sizeof value);
    if (!expert_depends(&keys[i], value)) continue;
    text_add(out, "%s %s\n", keys[i].name, value);
  }
  text_add(out, "model %s\nmujoco %s\nblas %s\nseed %" PRIu64 "\n", df_mujoco_identity(task->system)->compiled,
           df_mujoco_version(), df_blas_get_info()->kernel, seed);
  if (expert_imitation(task)) text_add(out, "clips %s\n", task->clips.sha256);
  char legs[2 * FOOT_LEGS];
  write_legs(task, legs);
  if (strcmp(legs, LEGS) != 0) text_add(out, "legs %s\n", legs);
}

enum { EXTRA = 7 };
static const char *const FORMAT_KEY = "dynaflow.expert", *const FORMAT = "1",
                         *const MODEL_KEY = "dynaflow.compiled_sha256", *const LEGS_KEY = "dynaflow.legs";

df_status expert_checkpoint_write(const expert_task* task, const df_expert* expert, uint64_t seed, const char* path) {
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  df_text_pair* pairs = df_alloc((size_t)n + EXTRA, sizeof *pairs);
  char(*values)[DF_VALUE_MAX] = df_alloc((size_t)n, sizeof *values);
  df_status status = pairs && values ? DF_OK : DF_E_NOMEM;
  int count = 0;
  for (int i = 0; i < n && status == DF_OK; i++) {
    df_config_value(&task->config, i, values[i], sizeof values[i]);
    if (!expert_depends(&keys[i], values[i])) continue;
    pairs[count++] = (df_text_pair){keys[i].name, values[i]};
  }
  char number[32], updates[32], legs[2 * FOOT_LEGS];
  snprintf(number, sizeof number, "%" PRIu64, seed);
  snprintf(updates, sizeof updates, "%ld", df_expert_get_totals(expert).updates);
  if (status == DF_OK) {
    pairs[count++] = (df_text_pair){FORMAT_KEY, FORMAT};
    pairs[count++] = (df_text_pair){"task.name", task->config.task_name};
    pairs[count++] = (df_text_pair){MODEL_KEY, df_mujoco_identity(task->system)->compiled};
    pairs[count++] = (df_text_pair){"dynaflow.mujoco", df_mujoco_version()};
    pairs[count++] = (df_text_pair){"dynaflow.seed", number};
    pairs[count++] = (df_text_pair){"dynaflow.updates", updates};
    write_legs(task, legs);
    if (strcmp(legs, LEGS) != 0) pairs[count++] = (df_text_pair){LEGS_KEY, legs};
    status = df_expert_save(expert, path, count, pairs);
  }
  df_free(pairs);
  df_free(values);
  return status;
}

/* whether a checkpoint is of this task, with the settings that shape the policy */
static df_status check_file(const expert_task* task, const char* path, const df_safetensors* file) {
  const char *format = df_safetensors_metadata(file, FORMAT_KEY), *model = df_safetensors_metadata(file, MODEL_KEY);
  if (!format || strcmp(format, FORMAT) != 0 || !model)
    return df_fail(DF_E_FORMAT, "%s: not a policy of `dynaflow expert train`: no entry %s = %s", path, FORMAT_KEY,
                   FORMAT);
  char value[DF_VALUE_MAX];
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  for (int i = 0; i < n; i++) {
    if (!shapes_policy(keys[i].name)) continue;
    const char* found = df_safetensors_metadata(file, keys[i].name);
    df_config_value(&task->config, i, value, sizeof value);
    if (!found) found = keys[i].default_text;
    if (strcmp(found, value) != 0)
      return df_fail(DF_E_MISMATCH, "%s: trained with %s = %s, but it is %s; use the settings it was trained with",
                     path, keys[i].name, found, value);
  }
  if (strcmp(model, df_mujoco_identity(task->system)->compiled) != 0)
    return df_fail(DF_E_MISMATCH, "%s: trained with another model, or other system.* settings", path);
  const char* of_feet = df_safetensors_metadata(file, LEGS_KEY);
  write_legs(task, value);
  if (strcmp(of_feet ? of_feet : LEGS, value) != 0)
    return df_fail(DF_E_MISMATCH,
                   "%s: trained with legs %s of the feet in eval.feet (0 FR, 1 FL, 2 RR, 3 RL), but they are %s: train "
                   "the policy again",
                   path, of_feet ? of_feet : LEGS, value);
  return DF_OK;
}

df_status expert_checkpoint_read(const expert_task* task, int threads, const char* path, df_expert** out) {
  df_safetensors* file;
  df_expert_cfg cfg = task->cfg;
  cfg.updates = 0;
  *out = NULL;
  DF_TRY(df_safetensors_open(path, &file));
  const df_status status = check_file(task, path, file);
  df_safetensors_close(file);
  DF_TRY(status);
  DF_TRY(df_expert_new(task->walk, &cfg, 0, threads, out));
  return df_expert_load(*out, path);
}
