#include "reading.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "joint_order.h"
#include "text.h"

/* ---- the conventions that are tried ---- */

typedef struct convention {
  const char *key, *value;
  bool turns, base, hinges; /* concerns models with quaternions, a free joint, hinges */
} convention;

static const convention conventions[] = {{"data.quaternion", "wxyz", .turns = true},
                                         {"data.quaternion", "xyzw", .turns = true},
                                         {"data.linear_velocity", "world", .base = true},
                                         {"data.linear_velocity", "base", .base = true},
                                         {"data.angular_velocity", "base", .base = true},
                                         {"data.angular_velocity", "world", .base = true},
                                         {"data.up", "z", .base = true},
                                         {"data.up", "y", .base = true},
                                         {"data.angles", "rad", .hinges = true},
                                         {"data.angles", "deg", .hinges = true},
                                         {"data.position_scale", "1", .base = true},
                                         {"data.position_scale", "0.01", .base = true},
                                         {"data.position_scale", "0.001", .base = true}};
enum { CONVENTIONS = sizeof conventions / sizeof conventions[0] };

/* other scales are tried only if poses are this far from the floor, m: a robot may fly */
static const double FAR = 5;

static bool concerns(const convention* c, const df_system* system, const misfit* now) {
  bool turns = false, base = false, hinges = false;
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints);
  for (int j = 0; j < n; j++) {
    base |= joints[j].kind == DF_JOINT_FREE;
    turns |= joints[j].kind == DF_JOINT_FREE || joints[j].kind == DF_JOINT_BALL;
    hinges |= joints[j].kind == DF_JOINT_HINGE;
  }
  if (strcmp(c->key, "data.position_scale") == 0 && !(fabs(now->lowest) > FAR)) return false;
  return (!c->turns || turns) && (!c->base || base) && (!c->hinges || hinges);
}

/* ---- reading with settings ---- */

/* what is read */
typedef struct source {
  const df_recording* recording;
  const df_system* system;
  double h;
  const check_cfg* cfg;
} source;

static df_status set(df_config* config, const convention* c) {
  return c ? df_config_set(config, c->key, c->value, "data check") : DF_OK;
}

/* whether the setting has this value already */
static bool is_set(const df_config* config, const convention* c) {
  df_config other = *config;
  return df_config_set(&other, c->key, c->value, "data check") == DF_OK && memcmp(&other, config, sizeof other) == 0;
}

static bool is_recorded(const df_recording* recording, int state) {
  const int n = df_recording_columns(recording);
  for (int i = 0; i < n; i++) {
    if (df_recording_column_at(recording, i)->state == state) return true;
  }
  return false;
}

/* velocities that are differences are of frames that are an action apart: makes them those of the recorded interval */
static void scale_differences(const source* s, const df_config* config, df_dataset* data) {
  const int nq = df_mujoco_nq(s->system), nv = df_mujoco_nv(s->system);
  const bool all = strcmp(config->data_velocities, "differences") == 0;
  if (s->h == s->system->dt) return;
  for (int i = nq; i < nq + nv; i++) {
    if (!all && is_recorded(s->recording, i)) continue;
    for (size_t row = 0; row < data->first[data->episodes]; row++)
      data->states[row * (size_t)data->nx + (size_t)i] *= s->system->dt / s->h;
  }
}

/* converts with one frame per action; *data and *fit are set on success */
static df_status convert(const source* s, const df_config* config, df_dataset** data, misfit* fit) {
  df_config as_recorded = *config;
  as_recorded.data_rate = 1 / s->system->dt;
  DF_TRY(df_recording_convert(s->recording, &as_recorded, s->system, data));
  scale_differences(s, config, *data);
  const df_status status = misfit_of(*data, s->system, s->h, s->cfg, fit);
  if (status == DF_OK) return DF_OK;
  df_dataset_free(*data);
  *data = NULL;
  return status;
}

/* ---- the search ---- */

/* the best of the readings that were tried */
typedef struct best {
  const convention *a, *b; /* NULL: none */
  misfit fit;
  df_dataset* data;
} best;

/* a pair has to be better than one setting by so much */
static const double PAIR = 0.05;

/* Tries one or two more settings; a reading that cannot be converted does not fit. */
static df_status try_settings(const source* s, const reading* r, const convention* a, const convention* b, best* out) {
  df_config config = r->config;
  df_dataset* data = NULL;
  misfit fit;
  DF_TRY(set(&config, a));
  DF_TRY(set(&config, b));
  const df_status status = convert(s, &config, &data, &fit);
  if (status == DF_E_NOMEM) return status;
  if (status != DF_OK) return DF_OK;
  const double needed = misfit_sum(&fit) + (b ? PAIR : 0);
  const bool better = !out->data || needed < misfit_sum(&out->fit) + (out->b ? PAIR : 0);
  if (better && (!r->data || misfit_explains(&r->now, &fit))) {
    df_dataset_free(out->data);
    *out = (best){a, b, fit, data};
  } else {
    df_dataset_free(data);
  }
  return DF_OK;
}

static df_status try_all(const source* s, const reading* r, best* out) {
  for (int i = 0; i < CONVENTIONS; i++) {
    const convention* a = &conventions[i];
    if (!concerns(a, s->system, &r->now) || is_set(&r->config, a)) continue;
    DF_TRY(try_settings(s, r, a, NULL, out));
    for (int j = i + 1; j < CONVENTIONS; j++) {
      const convention* b = &conventions[j];
      if (!concerns(b, s->system, &r->now) || is_set(&r->config, b) || strcmp(a->key, b->key) == 0) continue;
      DF_TRY(try_settings(s, r, a, b, out));
    }
  }
  return DF_OK;
}

static df_status add_setting(reading* r, const char* key, const char* value, const misfit* after) {
  r->before[r->n] = r->now;
  r->after[r->n] = *after;
  r->setting[r->n] = (reading_setting){key, df_strdup(value)};
  if (!r->setting[r->n++].value) return DF_E_NOMEM;
  return df_config_set(&r->config, key, value, "data check");
}

/* takes over the best reading */
static df_status accept(reading* r, best* b) {
  df_dataset_free(r->data);
  r->data = b->data;
  df_status status = add_setting(r, b->a->key, b->a->value, &b->fit);
  if (status == DF_OK && b->b) status = add_setting(r, b->b->key, b->b->value, &b->fit);
  r->now = b->fit;
  return status;
}

/* whether nothing is left to explain: velocities follow and poses fit */
static bool fits(const misfit* m) {
  for (int i = 0; i < MISFIT_PARTS; i++) {
    if (m->part[i] > CHECK_ERROR_FREE) return false;
  }
  return true;
}

static df_status search(const source* s, reading* r) {
  while (r->n + 2 <= READING_SETTINGS_MAX && !(r->data && fits(&r->now))) {
    best found = {0};
    const df_status status = try_all(s, r, &found);
    if (status != DF_OK) df_dataset_free(found.data);
    DF_TRY(status);
    if (!found.data) break;
    DF_TRY(accept(r, &found));
  }
  return DF_OK;
}

/* ---- all of it ---- */

static bool reads_state(const df_config* config) {
  return config->data_columns.n == 1 && strcmp(config->data_columns.v[0], "state") == 0;
}

const char* reading_columns(const df_config* config, const df_system* system) {
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints);
  if (!reads_state(config) || df_mujoco_na(system) > 0) return NULL;
  for (int j = 0; j < n; j++) {
    if (joints[j].kind == DF_JOINT_BALL || (j > 0 && joints[j].kind == DF_JOINT_FREE)) return NULL;
  }
  return joints[0].kind == DF_JOINT_FREE ? "root_pos,root_quat,joints,root_linvel,root_angvel,joint_vel"
                                         : "joints,joint_vel";
}

bool reading_has_joints(const df_config* config, const df_system* system) {
  return !reads_state(config) || reading_columns(config, system);
}

/* the orders of joints, which are settings of reading the file */
static df_status find_order(const char* path, const source* s, reading* r) {
  char *key = NULL, *value = NULL;
  const char* columns = reading_columns(&r->config, s->system);
  if (!reading_has_joints(&r->config, s->system) || r->n + 2 > READING_SETTINGS_MAX) return DF_OK;
  DF_TRY(joint_order_find(r->data, s->system, s->h, s->cfg, &key, &value));
  if (!key) return DF_OK;
  df_recording* recording = NULL;
  const int first = r->n;
  df_status status = columns ? add_setting(r, "data.columns", columns, &r->now) : DF_OK;
  if (status == DF_OK) status = add_setting(r, key, value, &r->now);
  df_free(value);
  if (status == DF_OK) status = df_recording_open(path, &r->config, s->system, &recording);
  if (status == DF_OK) {
    const source again = {recording, s->system, s->h, s->cfg};
    df_dataset_free(r->data);
    r->data = NULL;
    status = convert(&again, &r->config, &r->data, &r->now);
    for (int i = first; i < r->n; i++) r->after[i] = r->now;
  }
  df_recording_free(recording);
  return status;
}

/* s between frames: by the task, by the file, else one frame per action */
static double interval_of(const df_recording* recording, const df_config* config, const df_system* system) {
  const double stated = df_recording_rate(recording);
  return config->data_rate > 0 ? 1 / config->data_rate : stated > 0 ? 1 / stated : system->dt;
}

df_status reading_find(const char* path, const df_config* config, const df_system* system, const check_cfg* cfg,
                       reading* out) {
  *out = (reading){.config = *config};
  df_recording* recording = NULL;
  DF_TRY(df_recording_open(path, config, system, &recording));
  out->h = interval_of(recording, config, system);
  const source s = {recording, system, out->h, cfg};
  df_status as_is = convert(&s, config, &out->data, &out->now);
  char message[1024];
  snprintf(message, sizeof message, "%s", df_error_message());
  df_status status = as_is == DF_E_NOMEM ? as_is : search(&s, out);
  /* no reading can be converted: the error of the one as it is */
  if (status == DF_OK && !out->data) status = df_fail(as_is, "%s", message);
  if (status == DF_OK && cfg->orders) status = find_order(path, &s, out);
  df_recording_free(recording);
  return status;
}

int reading_part(const reading* r, int i) {
  int part = 0;
  double most = -1;
  for (int k = 0; k < MISFIT_PARTS; k++) {
    const double falls = r->before[i].part[k] - r->after[i].part[k];
    if (falls <= most) continue;
    most = falls;
    part = k;
  }
  return part;
}

void reading_clear(reading* r) {
  for (int i = 0; i < r->n; i++) df_free(r->setting[i].value);
  df_dataset_free(r->data);
  *r = (reading){0};
}
