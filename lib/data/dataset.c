#include "dynaflow/data/dataset.h"

#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/model_identity.h"
#include "dynaflow/io/npz.h"
#include "dynaflow/sim/mujoco.h"

/* tolerance on | |q| - 1 | of a recorded quaternion: recorders may add noise, a larger error means it is not one */
static const double quat_tolerance = 0.05;

/* the keys of the model in an npz file */
static const char MODEL_SHA256[] = "model_sha256", MODEL_FILES[] = "model_files", MODEL_COMPILED[] = "compiled_sha256",
                  MODEL_MUJOCO[] = "mujoco";

/* ---- life cycle ---- */

/* what the const arrays of a dataset point to */
typedef struct df_dataset_memory {
  int* lengths;
  size_t* first;
  const char** name;         /* [nc] */
  char (*text)[DF_NAME_MAX]; /* [nc] */
} df_dataset_memory;

/* sets the lengths, and the row of each episode; the number of rows is at most episodes * (INT_MAX + 1) < 2^62 */
static df_status lay_out(df_dataset* data, const df_dataset_shape* s) {
  df_dataset_memory* m = data->memory = df_alloc(1, sizeof *m);
  if (!m) return DF_E_NOMEM;
  m->lengths = df_alloc((size_t)s->episodes, sizeof *m->lengths);
  m->first = df_alloc((size_t)s->episodes + 1, sizeof *m->first);
  if (!m->lengths || !m->first) return DF_E_NOMEM;
  for (int e = 0; e < s->episodes; e++) {
    const int length = m->lengths[e] = s->lengths ? s->lengths[e] : s->length;
    DF_REQUIRE(length >= 1 && length < INT_MAX, "df_dataset_new: episode %d has %d actions, at least 1 are needed", e,
               length);
    m->first[e + 1] = m->first[e] + (size_t)length + 1;
    if (length > data->length) data->length = length;
  }
  data->lengths = m->lengths;
  data->first = m->first;
  return DF_OK;
}

/* the conditions are unnamed at first */
static df_status allocate_names(df_dataset* data) {
  df_dataset_memory* m = data->memory;
  if (data->nc == 0) return DF_OK;
  m->name = df_alloc((size_t)data->nc, sizeof *m->name);
  m->text = df_alloc((size_t)data->nc, sizeof *m->text);
  if (!m->name || !m->text) return DF_E_NOMEM;
  for (int i = 0; i < data->nc; i++) m->name[i] = m->text[i];
  data->condition_name = m->name;
  return DF_OK;
}

static df_status check_rows(size_t rows, int n) {
  if (n == 0 || rows <= SIZE_MAX / sizeof(double) / (size_t)n) return DF_OK;
  return df_fail(DF_E_NOMEM, "%zu frames of %d numbers exceed the address space", rows, n);
}

/* sets *out to rows * n zeros, or to NULL if n is 0 */
static df_status allocate_rows(size_t rows, int n, double** out) {
  DF_TRY(check_rows(rows, n));
  if (n > 0 && !(*out = df_alloc(rows * (size_t)n, sizeof **out))) return DF_E_NOMEM;
  return DF_OK;
}

static df_status build(df_dataset* data, const df_dataset_shape* s) {
  if (!s->lengths) DF_TRY(check_rows((size_t)s->episodes * ((size_t)s->length + 1), s->nx));
  DF_TRY(lay_out(data, s));
  const size_t rows = data->first[data->episodes];
  DF_TRY(allocate_rows(rows, data->nx, &data->states));
  DF_TRY(allocate_rows(df_dataset_actions(data), data->nu, &data->actions));
  DF_TRY(allocate_rows(data->condition_per_frame ? rows : (size_t)data->episodes, data->nc, &data->conditions));
  return allocate_names(data);
}

df_status df_dataset_new(const df_dataset_shape* shape, df_dataset** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(shape);
  const df_dataset_shape s = *shape;
  DF_REQUIRE(
      s.episodes >= 1 && (s.lengths || (s.length >= 1 && s.length < INT_MAX)) && s.nx >= 1 && s.nu >= 0 && s.nc >= 0,
      "df_dataset_new: invalid size: %d episodes of %d actions, nx = %d, nu = %d, nc = %d", s.episodes, s.length, s.nx,
      s.nu, s.nc);
  DF_REQUIRE(isfinite(s.dt) && s.dt > 0, "df_dataset_new: dt = %g s is not positive and finite", s.dt);
  df_dataset* data = df_alloc(1, sizeof *data);
  if (!data) return DF_E_NOMEM;
  data->episodes = s.episodes;
  data->nx = s.nx;
  data->nu = s.nu;
  data->nc = s.nc;
  data->condition_per_frame = s.condition_per_frame;
  data->dt = s.dt;
  const df_status status = build(data, &s);
  if (status != DF_OK) {
    df_dataset_free(data);
    return status;
  }
  *out = data;
  return DF_OK;
}

void df_dataset_free(df_dataset* data) {
  if (!data) return;
  df_free(data->states);
  df_free(data->actions);
  df_free(data->conditions);
  if (data->memory) {
    df_free(data->memory->lengths);
    df_free(data->memory->first);
    df_free(data->memory->name);
    df_free(data->memory->text);
  }
  df_free(data->memory);
  df_free(data);
}

df_status df_dataset_name_condition(df_dataset* data, int i, const char* name) {
  DF_REQUIRE_POINTER(data);
  DF_REQUIRE_POINTER(name);
  DF_REQUIRE(i >= 0 && i < data->nc, "condition %d: the dataset has %d conditions", i, data->nc);
  const size_t length = strlen(name);
  DF_REQUIRE(length > 0 && length < DF_NAME_MAX && !strchr(name, ','),
             "condition %d: the name '%s' is empty, contains a comma or has more than %d characters", i, name,
             DF_NAME_MAX - 1);
  memcpy(data->memory->text[i], name, length + 1);
  return DF_OK;
}

/* ---- access ---- */

size_t df_dataset_actions(const df_dataset* data) {
  return data->first[data->episodes] - (size_t)data->episodes;
}

const double* df_dataset_state(const df_dataset* data, int episode, int frame) {
  return data->states + (data->first[episode] + (size_t)frame) * (size_t)data->nx;
}

/* an episode has one action fewer than states */
const double* df_dataset_action(const df_dataset* data, int episode, int frame) {
  if (!data->actions) return NULL;
  return data->actions + (data->first[episode] - (size_t)episode + (size_t)frame) * (size_t)data->nu;
}

const double* df_dataset_condition(const df_dataset* data, int episode, int frame) {
  if (!data->conditions) return NULL;
  const size_t row = data->condition_per_frame ? data->first[episode] + (size_t)frame : (size_t)episode;
  return data->conditions + row * (size_t)data->nc;
}

int df_dataset_group(const df_dataset* data, int episode) {
  const double* c = df_dataset_condition(data, episode, 0);
  int best = -1;
  for (int i = 0; i < data->nc; i++) {
    if (strncmp(data->condition_name[i], "gait.", 5) != 0) continue;
    if (best < 0 || c[i] > c[best]) best = i;
  }
  return best < 0 ? 0 : best;
}

/* ---- reading ---- */

/* the state of reading one file */
typedef struct reader {
  const char* path;
  const df_config* config;
  const df_system* system;
  df_npz* npz;
  df_array states, actions, conditions;
} reader;

static void shape_text(const df_array* a, char out[160]) {
  size_t n = (size_t)snprintf(out, 160, "[");
  for (int i = 0; i < a->rank; i++) n += (size_t)snprintf(out + n, 160 - n, "%s%zu", i > 0 ? "," : "", a->shape[i]);
  snprintf(out + n, 160 - n, "]");
}

static df_status fail_shape(const reader* r, const char* key, const df_array* found, const char* expected) {
  char has[160];
  shape_text(found, has);
  return df_fail(DF_E_MISMATCH, "%s: array '%s' has shape %s, expected %s", r->path, key, has, expected);
}

static df_status check_hash(const reader* r, char sha256[DF_SHA256_TEXT]) {
  DF_TRY(df_sha256_file(r->path, sha256));
  const char* expected = r->config->data_sha256;
  if (*expected == '\0' || strcasecmp(expected, sha256) == 0) return DF_OK;
  return df_fail(DF_E_MISMATCH, "%s: SHA-256 is %s, but data.sha256 is %s", r->path, sha256, expected);
}

static df_status read_states(reader* r) {
  const char* key = r->config->data_states_key;
  DF_TRY(df_npz_read(r->npz, key, &r->states));
  const df_array* a = &r->states;
  char expected[80];
  snprintf(expected, sizeof expected, "[episodes][frames][nx = %d]", r->system->nx);
  if (a->rank != 3 || a->shape[2] != (size_t)r->system->nx || a->shape[0] < 1 || a->shape[0] > INT_MAX ||
      a->shape[1] < 2 || a->shape[1] > INT_MAX) {
    return fail_shape(r, key, a, expected);
  }
  const int needed = r->config->window_first + r->config->window_horizon + 1;
  if (a->shape[1] < (size_t)needed) {
    return df_fail(DF_E_MISMATCH, "%s: array '%s': episodes of %zu frames, but window.first + window.horizon + 1 is %d",
                   r->path, key, a->shape[1], needed);
  }
  return DF_OK;
}

static df_status read_actions(reader* r) {
  const char* key = r->config->data_actions_key;
  if (*key == '\0') return DF_OK;
  const df_status status = df_npz_read(r->npz, key, &r->actions);
  if (status != DF_OK && !df_npz_has(r->npz, key)) {
    return df_fail(status, "%s; if they are data of states only, set data.actions_key: \"\"", df_error_message());
  }
  if (status != DF_OK) return status;
  const df_array* a = &r->actions;
  const size_t episodes = r->states.shape[0], length = r->states.shape[1] - 1;
  const bool fits = a->rank == 3 && a->shape[0] == episodes && (a->shape[1] == length || a->shape[1] == length + 1) &&
                    a->shape[2] == (size_t)r->system->nu;
  if (fits) return DF_OK;
  char expected[120];
  snprintf(expected, sizeof expected, "[%zu][%zu or %zu][nu = %d]", episodes, length, length + 1, r->system->nu);
  return fail_shape(r, key, a, expected);
}

static df_status read_conditions(reader* r) {
  if (!df_npz_has(r->npz, "conditions")) return DF_OK;
  DF_TRY(df_npz_read(r->npz, "conditions", &r->conditions));
  const df_array* a = &r->conditions;
  if (a->rank == 2 && a->shape[0] == r->states.shape[0]) return DF_OK;
  char expected[80];
  snprintf(expected, sizeof expected, "[%zu][conditions]", r->states.shape[0]);
  return fail_shape(r, "conditions", a, expected);
}

/* reads condition_names and splits it at commas */
static df_status read_names(const reader* r, df_dataset* data) {
  if (data->nc == 0) return DF_OK;
  char *text, name[DF_NAME_MAX];
  DF_TRY(df_npz_read_text(r->npz, "condition_names", &text));
  df_status status = DF_OK;
  const char* at = text;
  int n = 0;
  for (; status == DF_OK && at; n++) {
    const size_t length = strcspn(at, ",");
    if (n >= data->nc || length == 0 || length >= DF_NAME_MAX) {
      status = df_fail(DF_E_FORMAT, "%s: condition_names '%s': expected %d names of 1 to %d characters", r->path, text,
                       data->nc, DF_NAME_MAX - 1);
      break;
    }
    snprintf(name, sizeof name, "%.*s", (int)length, at);
    status = df_dataset_name_condition(data, n, name);
    at = at[length] == ',' ? at + length + 1 : NULL;
  }
  if (status == DF_OK && n != data->nc) {
    status = df_fail(DF_E_FORMAT, "%s: condition_names '%s': %d names for %d conditions", r->path, text, n, data->nc);
  }
  df_free(text);
  return status;
}

static df_status check_dt(const reader* r) {
  if (!df_npz_has(r->npz, "dt")) return DF_OK;
  df_array dt;
  DF_TRY(df_npz_read(r->npz, "dt", &dt));
  const bool single = dt.count == 1;
  const double value = single ? dt.values[0] : NAN;
  df_array_clear(&dt);
  if (!single) return df_fail(DF_E_FORMAT, "%s: array 'dt' is not a single number", r->path);
  if (fabs(value - r->system->dt) <= 1e-9 * r->system->dt) return DF_OK;
  return df_fail(DF_E_MISMATCH, "%s: dt is %.9g s, but an action of the system lasts %.9g s", r->path, value,
                 r->system->dt);
}

/* sets *text to a text that may be missing: NULL */
static df_status read_optional(const reader* r, const char* key, char** text) {
  *text = NULL;
  return df_npz_has(r->npz, key) ? df_npz_read_text(r->npz, key, text) : DF_OK;
}

/* A recording of other files under another MuJoCo is refused; of the same files, it is a recording of the model by that
 * MuJoCo, which a replay judges. */
static df_status check_model(const reader* r, char* unchecked, size_t n) {
  const df_model_identity* here = df_mujoco_identity(r->system);
  char *list = NULL, *files = NULL, *compiled = NULL, *mujoco = NULL;
  if (!here) return DF_OK;
  df_status status = read_optional(r, MODEL_FILES, &list);
  if (status == DF_OK) status = read_optional(r, MODEL_SHA256, &files);
  if (status == DF_OK) status = read_optional(r, MODEL_COMPILED, &compiled);
  if (status == DF_OK) status = read_optional(r, MODEL_MUJOCO, &mujoco);
  if (status == DF_OK) {
    const df_model_identity recorded = {list, files, compiled, mujoco};
    const df_model_match match = df_model_compare(&recorded, here, unchecked, n);
    if (match == DF_MODEL_OTHER)
      status = df_fail(DF_E_MISMATCH, "%s: recorded with another model: %s", r->path, unchecked);
    if (match != DF_MODEL_MAIN_FILE) unchecked[0] = '\0';
  }
  df_free(list);
  df_free(files);
  df_free(compiled);
  df_free(mujoco);
  return status;
}

/* checks values [episodes][frames][n] */
static df_status check_finite(const char* path, const char* key, const double* values, int episodes, int frames,
                              int n) {
  for (int e = 0; e < episodes; e++) {
    for (int t = 0; t < frames; t++) {
      for (int i = 0; i < n; i++, values++) {
        if (isfinite(*values)) continue;
        return df_fail(DF_E_NONFINITE, "%s: array '%s' is %g at episode %d, frame %d, index %d", path, key, *values, e,
                       t, i);
      }
    }
  }
  return DF_OK;
}

/* normalises the quaternion at index `at` of every state */
static df_status mend_quaternions(const char* path, const char* key, df_dataset* data, int at) {
  double* q = data->states + at;
  for (int e = 0; e < data->episodes; e++) {
    for (int t = 0; t <= data->length; t++, q += data->nx) {
      const double norm = sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
      if (!(fabs(norm - 1) < quat_tolerance)) {
        return df_fail(DF_E_FORMAT, "%s: array '%s': quaternion at episode %d, frame %d, index %d has norm %.6g, not 1",
                       path, key, e, t, at, norm);
      }
      /* quaternions with norm 1 up to rounding keep their recorded bits */
      if (fabs(norm - 1) > 1e-12) {
        for (int i = 0; i < 4; i++) q[i] /= norm;
      }
    }
  }
  return DF_OK;
}

/* checks that all numbers are finite and normalises the quaternions of free and ball joints */
static df_status check_values(const reader* r, df_dataset* data) {
  const df_config* c = r->config;
  DF_TRY(check_finite(r->path, c->data_states_key, data->states, data->episodes, data->length + 1, data->nx));
  if (data->actions) {
    DF_TRY(check_finite(r->path, c->data_actions_key, data->actions, data->episodes, data->length, data->nu));
  }
  if (data->conditions) {
    DF_TRY(check_finite(r->path, "conditions", data->conditions, data->episodes, 1, data->nc));
  }
  if (!df_system_is_mujoco(r->system)) return DF_OK;
  const df_joint* joints;
  const int n = df_mujoco_joints(r->system, &joints);
  for (int j = 0; j < n; j++) {
    if (joints[j].kind != DF_JOINT_FREE && joints[j].kind != DF_JOINT_BALL) continue;
    const int at = joints[j].qpos + (joints[j].kind == DF_JOINT_FREE ? 3 : 0);
    DF_TRY(mend_quaternions(r->path, c->data_states_key, data, at));
  }
  return DF_OK;
}

/* a recorded episode may have one action more than it has steps; the last one is not used */
static void copy_actions(const df_array* from, df_dataset* data) {
  const size_t nu = (size_t)data->nu, rows = from->shape[1], length = (size_t)data->length;
  data->spare_actions = rows > length;
  for (size_t e = 0; e < (size_t)data->episodes; e++) {
    memcpy(data->actions + e * length * nu, from->values + e * rows * nu, length * nu * sizeof *data->actions);
  }
}

/* makes the dataset from the arrays that were read */
static df_status assemble(const reader* r, df_dataset** out) {
  const int episodes = (int)r->states.shape[0], length = (int)r->states.shape[1] - 1;
  const int nu = r->actions.values ? r->system->nu : 0;
  const int nc = r->conditions.values ? (int)r->conditions.shape[1] : 0;
  DF_TRY(df_dataset_new(
      &(df_dataset_shape){
          .episodes = episodes, .length = length, .nx = r->system->nx, .nu = nu, .nc = nc, .dt = r->system->dt},
      out));
  df_dataset* data = *out;
  memcpy(data->states, r->states.values, r->states.count * sizeof *data->states);
  if (data->actions) copy_actions(&r->actions, data);
  if (data->conditions) memcpy(data->conditions, r->conditions.values, r->conditions.count * sizeof *data->conditions);
  DF_TRY(read_names(r, data));
  return check_values(r, data);
}

static df_status read_all(reader* r, df_dataset** out) {
  char sha256[DF_SHA256_TEXT];
  DF_TRY(check_hash(r, sha256));
  DF_TRY(df_npz_open(r->path, &r->npz));
  DF_TRY(read_states(r));
  DF_TRY(read_actions(r));
  DF_TRY(read_conditions(r));
  DF_TRY(check_dt(r));
  char unchecked[sizeof(*out)->model_unchecked];
  unchecked[0] = '\0';
  DF_TRY(check_model(r, unchecked, sizeof unchecked));
  DF_TRY(assemble(r, out));
  memcpy((*out)->sha256, sha256, sizeof sha256);
  memcpy((*out)->model_unchecked, unchecked, sizeof unchecked);
  return DF_OK;
}

df_status df_dataset_read(const char* path, const df_config* config, const df_system* system, df_dataset** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(path);
  DF_REQUIRE_POINTER(config);
  DF_REQUIRE_POINTER(system);
  reader r = {.path = path, .config = config, .system = system};
  const df_status status = read_all(&r, out);
  df_array_clear(&r.states);
  df_array_clear(&r.actions);
  df_array_clear(&r.conditions);
  df_npz_close(r.npz);
  if (status != DF_OK) {
    df_dataset_free(*out);
    *out = NULL;
  }
  return status;
}

/* ---- writing ---- */

int df_dataset_model_entries(const df_model_identity* model, df_npz_entry entries[DF_MODEL_ENTRIES]) {
  const df_npz_entry all[DF_MODEL_ENTRIES] = {{.key = MODEL_SHA256, .kind = DF_NPZ_TEXT, .text = model->files},
                                              {.key = MODEL_FILES, .kind = DF_NPZ_TEXT, .text = model->list},
                                              {.key = MODEL_COMPILED, .kind = DF_NPZ_TEXT, .text = model->compiled},
                                              {.key = MODEL_MUJOCO, .kind = DF_NPZ_TEXT, .text = model->mujoco}};
  int n = 0;
  for (int i = 0; i < DF_MODEL_ENTRIES; i++) {
    if (all[i].text && all[i].text[0]) entries[n++] = all[i];
  }
  return n;
}

df_status df_dataset_write(const char* path, const df_dataset* data, const df_model_identity* model) {
  DF_REQUIRE_POINTER(path);
  DF_REQUIRE_POINTER(data);
  const size_t episodes = (size_t)data->episodes, length = (size_t)data->length;

  /* join the condition names by commas */
  const size_t room = (size_t)data->nc * DF_NAME_MAX + 1;
  char* names = df_alloc(room, 1);
  if (!names) return DF_E_NOMEM;
  size_t used = 0;
  for (int i = 0; i < data->nc; i++) {
    used += (size_t)snprintf(names + used, room - used, "%s%s", i > 0 ? "," : "", data->condition_name[i]);
  }

  /* list the arrays that the dataset has */
  df_npz_entry entries[5 + DF_MODEL_ENTRIES];
  int n = 0;
  entries[n++] = (df_npz_entry){
      .key = "states", .rank = 3, .shape = {episodes, length + 1, (size_t)data->nx}, .values = data->states};
  if (data->actions) {
    entries[n++] = (df_npz_entry){
        .key = "actions", .rank = 3, .shape = {episodes, length, (size_t)data->nu}, .values = data->actions};
  }
  if (data->conditions) {
    entries[n++] = (df_npz_entry){
        .key = "conditions", .rank = 2, .shape = {episodes, (size_t)data->nc}, .values = data->conditions};
    entries[n++] = (df_npz_entry){.key = "condition_names", .kind = DF_NPZ_TEXT, .text = names};
  }
  entries[n++] = (df_npz_entry){.key = "dt", .values = &data->dt};
  if (model) n += df_dataset_model_entries(model, entries + n);
  const df_status status = df_npz_write(path, n, entries);
  df_free(names);
  return status;
}
