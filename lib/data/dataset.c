#include "dynaflow/data/dataset.h"

#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/model_identity.h"
#include "dynaflow/io/npz.h"
#include "model_keys.h"

/* key of the rows after the last frame of each episode, where the frames of all episodes are one array */
static const char ENDS[] = "episode_ends";

const char* const model_keys[MODEL_KEYS] = {[MODEL_LIST] = "model_files",
                                            [MODEL_FILES] = "model_sha256",
                                            [MODEL_COMPILED] = "compiled_sha256",
                                            [MODEL_MUJOCO] = "mujoco"};

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

static df_status allocate_origins(df_dataset* data) {
  const size_t n = (size_t)data->nx + (size_t)data->nu;
  data->derived = df_alloc((size_t)data->nx, sizeof *data->derived);
  data->rounding = df_alloc(n, sizeof *data->rounding);
  if (!data->derived || !data->rounding) return DF_E_NOMEM;
  for (size_t i = 0; i < n; i++) data->rounding[i].unit = 1;
  return DF_OK;
}

static df_status build(df_dataset* data, const df_dataset_shape* s) {
  if (!s->lengths) DF_TRY(check_rows((size_t)s->episodes * ((size_t)s->length + 1), s->nx));
  DF_TRY(lay_out(data, s));
  DF_TRY(allocate_origins(data));
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
  df_free(data->derived);
  df_free(data->rounding);
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
/* the episodes before have a frame more than actions each */
size_t df_dataset_action_row(const df_dataset* data, int episode, int frame) {
  return data->first[episode] - (size_t)episode + (size_t)frame;
}

const double* df_dataset_action(const df_dataset* data, int episode, int frame) {
  if (!data->actions) return NULL;
  return data->actions + df_dataset_action_row(data, episode, frame) * (size_t)data->nu;
}

const double* df_dataset_condition(const df_dataset* data, int episode, int frame) {
  if (!data->conditions) return NULL;
  const size_t row = data->condition_per_frame ? data->first[episode] + (size_t)frame : (size_t)episode;
  return data->conditions + row * (size_t)data->nc;
}

const char* df_dataset_group_gait(const df_dataset* data, int group) {
  static const char GAIT[] = "gait.";
  if (group < 0 || group >= data->nc || strncmp(data->condition_name[group], GAIT, strlen(GAIT)) != 0) return NULL;
  return data->condition_name[group] + strlen(GAIT);
}

int df_dataset_group(const df_dataset* data, int episode) {
  const double* c = df_dataset_condition(data, episode, 0);
  int best = -1;
  for (int i = 0; i < data->nc; i++) {
    if (!df_dataset_group_gait(data, i)) continue;
    if (best < 0 || c[i] > c[best]) best = i;
  }
  return best < 0 ? 0 : best;
}

/* ---- writing ---- */

const char* df_dataset_model_key(int i) {
  return i >= 0 && i < MODEL_KEYS ? model_keys[i] : NULL;
}

int df_dataset_model_entries(const df_model_identity* model, df_npz_entry entries[DF_MODEL_ENTRIES]) {
  const df_npz_entry all[DF_MODEL_ENTRIES] = {
      {.key = model_keys[MODEL_FILES], .kind = DF_NPZ_TEXT, .text = model->files},
      {.key = model_keys[MODEL_LIST], .kind = DF_NPZ_TEXT, .text = model->list},
      {.key = model_keys[MODEL_COMPILED], .kind = DF_NPZ_TEXT, .text = model->compiled},
      {.key = model_keys[MODEL_MUJOCO], .kind = DF_NPZ_TEXT, .text = model->mujoco}};
  int n = 0;
  for (int i = 0; i < DF_MODEL_ENTRIES; i++) {
    if (all[i].text && all[i].text[0]) entries[n++] = all[i];
  }
  return n;
}

/* the condition names, joined by commas; NULL: out of memory. The caller frees it. */
static char* join_names(const df_dataset* data) {
  const size_t room = (size_t)data->nc * DF_NAME_MAX + 1;
  char* names = df_alloc(room, 1);
  size_t used = 0;
  for (int i = 0; names && i < data->nc; i++) {
    used += (size_t)snprintf(names + used, room - used, "%s%s", i > 0 ? "," : "", data->condition_name[i]);
  }
  return names;
}

/* An array of `rows` rows in all, of n numbers. Episodes of equal length have a dimension of their own. */
static df_npz_entry rows_entry(const char* key, const df_dataset* data, size_t rows, int n, const double* values) {
  const size_t episodes = (size_t)data->episodes, width = (size_t)n;
  if (data->first[episodes] != episodes * ((size_t)data->length + 1)) {
    return (df_npz_entry){.key = key, .rank = 2, .shape = {rows, width}, .values = values};
  }
  return (df_npz_entry){.key = key, .rank = 3, .shape = {episodes, rows / episodes, width}, .values = values};
}

/* lists the arrays that the dataset has; `ends` [episodes] is filled if they have different lengths */
static int list_entries(const df_dataset* data, const char* names, double* ends, df_npz_entry* entries) {
  const size_t episodes = (size_t)data->episodes, rows = data->first[episodes];
  int n = 0;
  entries[n++] = rows_entry("states", data, rows, data->nx, data->states);
  if (entries[0].rank == 2) {
    for (size_t e = 0; e < episodes; e++) ends[e] = (double)data->first[e + 1];
    entries[n++] = (df_npz_entry){.key = ENDS, .rank = 1, .shape = {episodes}, .values = ends};
  }
  if (data->actions) entries[n++] = rows_entry("actions", data, df_dataset_actions(data), data->nu, data->actions);
  if (data->conditions) {
    const df_npz_entry per_episode = {
        .key = "conditions", .rank = 2, .shape = {episodes, (size_t)data->nc}, .values = data->conditions};
    entries[n++] =
        data->condition_per_frame ? rows_entry("conditions", data, rows, data->nc, data->conditions) : per_episode;
    entries[n++] = (df_npz_entry){.key = "condition_names", .kind = DF_NPZ_TEXT, .text = names};
  }
  entries[n++] = (df_npz_entry){.key = "dt", .values = &data->dt};
  return n;
}

df_status df_dataset_write(const char* path, const df_dataset* data, const df_model_identity* model) {
  DF_REQUIRE_POINTER(path);
  DF_REQUIRE_POINTER(data);
  for (int i = 0; i < data->nc; i++) DF_REQUIRE(data->condition_name[i][0], "%s: condition %d has no name", path, i);
  df_npz_entry entries[6 + DF_MODEL_ENTRIES];
  char* names = join_names(data);
  double* ends = df_alloc((size_t)data->episodes, sizeof *ends);
  df_status status = names && ends ? DF_OK : DF_E_NOMEM;
  if (status == DF_OK) {
    int n = list_entries(data, names, ends, entries);
    if (model) n += df_dataset_model_entries(model, entries + n);
    status = df_npz_write(path, n, entries);
  }
  df_free(names);
  df_free(ends);
  return status;
}
