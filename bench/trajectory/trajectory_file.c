#include "trajectory_file.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/config/config.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/model_identity.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/sim/mujoco.h"
#include "json.h"
#include "state_norms.h"
#include "text.h"

const char* shape_text(int rank, const size_t* shape, char out[128]) {
  size_t n = 0;
  snprintf(out, 128, "[]");
  for (int i = 0; i < rank && n < 100; i++) n += (size_t)snprintf(out + n, 128 - n, "[%zu]", shape[i]);
  return out;
}

char* condition_names(const df_task* task) {
  text names = {0};
  for (int i = 0; i < task->data->nc; i++) text_add(&names, "%s%s", i ? "," : "", task->data->condition_name[i]);
  char* out = format_text("%s", text_of(&names));
  text_clear(&names);
  return out;
}

/* DF_E_MISMATCH for an array of another shape than `expected`; `why` ends the sentence */
static df_status check_shape(const char* path, const char* key, const df_array* a, int rank, const size_t* expected,
                             const char* why) {
  bool same = a->rank == rank;
  for (int i = 0; i < rank && same; i++) same = a->shape[i] == expected[i];
  char here[128], wanted[128];
  return same ? DF_OK
              : df_fail(DF_E_MISMATCH, "%s: %s has shape %s, expected %s: %s", path, key,
                        shape_text(a->rank, a->shape, here), shape_text(rank, expected, wanted), why);
}

/* ---- the arrays ---- */

static df_status read_states(const char* path, df_npz* npz, const df_task* task, trajectories* t) {
  df_array a;
  char shape[128];
  const size_t nx = (size_t)task->system->nx;
  DF_TRY(df_npz_read(npz, "states", &a));
  df_status status = DF_OK;
  if (a.rank != 3 || a.shape[2] != nx || a.shape[0] < 1 || a.shape[1] < 2) {
    status =
        df_fail(DF_E_MISMATCH,
                "%s: states has shape %s, expected [trajectories][frames, at least 2][%zu]: a state of task %s has "
                "%d positions, %d velocities and %d activations",
                path, shape_text(a.rank, a.shape, shape), nx, task->config.task_name, df_mujoco_nq(task->system),
                df_mujoco_nv(task->system), df_mujoco_na(task->system));
  } else if (a.shape[0] > 1000000 || a.shape[1] > 10000000) {
    status = df_fail(DF_E_MISMATCH, "%s: states has shape %s: at most 1000000 trajectories of 10000000 frames", path,
                     shape_text(a.rank, a.shape, shape));
  }
  for (size_t i = 0; status == DF_OK && i < a.shape[0]; i++) {
    for (size_t k = 0; status == DF_OK && k < nx; k++) {
      const double value = a.values[i * a.shape[1] * nx + k];
      if (isfinite(value)) continue;
      status =
          df_fail(DF_E_NONFINITE, "%s: states[%zu][0][%zu] is %g: a start state must be finite", path, i, k, value);
    }
  }
  if (status != DF_OK) {
    df_array_clear(&a);
    return status;
  }
  t->n = (int)a.shape[0];
  t->length = (int)a.shape[1] - 1;
  t->states = a.values;
  return states_check_norms(path, task->system, a.shape, 0, t->states, &t->norms);
}

static df_status read_actions(const char* path, df_npz* npz, const df_task* task, trajectories* t) {
  df_array a;
  if (!df_npz_has(npz, "actions")) return DF_OK;
  DF_TRY(df_npz_read(npz, "actions", &a));
  const size_t expected[] = {(size_t)t->n, (size_t)t->length, (size_t)task->system->nu};
  t->actions = a.values;
  return check_shape(path, "actions", &a, 3, expected, "[trajectories][frames of states - 1][actuators]");
}

/* names the first condition that differs between two lists "a,b" */
static df_status fail_names(const char* path, const char* found, const char* wanted) {
  const char *a = found, *b = wanted;
  int i = 0;
  for (; *a && *b; i++) {
    const size_t n = strcspn(a, ","), m = strcspn(b, ",");
    if (n != m || memcmp(a, b, n) != 0) break;
    a += n + (a[n] == ',');
    b += m + (b[m] == ',');
  }
  const int n = (int)strcspn(a, ","), m = (int)strcspn(b, ",");
  return df_fail(DF_E_MISMATCH, "%s: condition_names: condition %d is %s%.*s%s, expected %s%.*s%s: the task has \"%s\"",
                 path, i, n ? "\"" : "missing", n, a, n ? "\"" : "", m ? "\"" : "none", m, b, m ? "\"" : "", wanted);
}

static df_status check_conditions(const char* path, df_npz* npz, const df_task* task, const df_array* a, size_t n) {
  const size_t nc = (size_t)task->data->nc, expected[] = {n, nc};
  char shape[128];
  if (nc == 0) {
    return df_fail(DF_E_MISMATCH, "%s: conditions has shape %s, but task %s has no conditions", path,
                   shape_text(a->rank, a->shape, shape), task->config.task_name);
  }
  char *wanted = condition_names(task), *found = NULL;
  df_status status = check_shape(path, "conditions", a, 2, expected, "[trajectories][conditions]");
  if (status == DF_OK && !df_npz_has(npz, "condition_names")) {
    status = df_fail(DF_E_FORMAT, "%s: condition_names is missing: conditions need the text \"%s\"", path, wanted);
  }
  if (status == DF_OK) status = df_npz_read_text(npz, "condition_names", &found);
  /* an array of texts has one a line */
  for (char* at = found; status == DF_OK && (at = strchr(at, '\n')) != NULL;) *at = ',';
  if (status == DF_OK && strcmp(found, wanted) != 0) {
    status = fail_names(path, found, wanted);
  }
  for (size_t i = 0; status == DF_OK && i < a->count; i++) {
    if (isfinite(a->values[i])) continue;
    status = df_fail(DF_E_NONFINITE, "%s: conditions[%zu][%zu] is %g", path, i / nc, i % nc, a->values[i]);
  }
  df_free(wanted);
  df_free(found);
  return status;
}

df_status trajectory_conditions(const char* path, df_npz* npz, const df_task* task, size_t n, double** out) {
  df_array a;
  *out = NULL;
  if (!df_npz_has(npz, "conditions")) return DF_OK;
  DF_TRY(df_npz_read(npz, "conditions", &a));
  const df_status status = check_conditions(path, npz, task, &a, n);
  if (status == DF_OK) {
    *out = a.values;
  } else {
    df_array_clear(&a);
  }
  return status;
}

/* ---- what the file says about itself ---- */

static df_status check_dt(const char* path, df_npz* npz, const df_task* task) {
  df_array a;
  if (!df_npz_has(npz, "dt")) return DF_OK;
  DF_TRY(df_npz_read(npz, "dt", &a));
  const double dt = a.count == 1 ? a.values[0] : NAN;
  char shape[128];
  df_status status = DF_OK;
  if (a.count != 1) {
    status =
        df_fail(DF_E_MISMATCH, "%s: dt has shape %s, expected one number", path, shape_text(a.rank, a.shape, shape));
  } else if (!(fabs(dt - task->system->dt) <= DF_SAME_DURATION * task->system->dt)) {
    status = df_fail(DF_E_MISMATCH, "%s: dt is %.9g s, expected %.9g s, one action of task %s", path, dt,
                     task->system->dt, task->config.task_name);
  }
  df_array_clear(&a);
  return status;
}

/* adds the text at `key`, if it is one, to the object */
static df_status add_text(df_npz* npz, const char* key, json_t* object) {
  char* words;
  const df_status status = df_npz_read_text(npz, key, &words);
  if (status == DF_OK) json_object_set_new(object, key, json_text(words));
  if (status == DF_OK) df_free(words);
  return status == DF_E_NOMEM ? status : DF_OK; /* an array of numbers */
}

/* the texts of the file, but those that describe its arrays */
static df_status read_provenance(df_npz* npz, trajectories* t) {
  static const char* const layout[] = {
      "states",      "actions",      "conditions",   "condition_names", "dt",          "README",         "state_names",
      "state_units", "action_names", "action_units", "model_sha256",    "model_files", "compiled_sha256"};
  t->provenance = json_object();
  for (int i = 0; i < df_npz_count(npz); i++) {
    const char* key = df_npz_key(npz, i);
    bool known = false;
    for (size_t k = 0; k < sizeof layout / sizeof layout[0]; k++) known |= strcmp(key, layout[k]) == 0;
    if (!known) DF_TRY(add_text(npz, key, t->provenance));
  }
  return DF_OK;
}

/* the value of a setting in lines "key value"; NULL: not there. *length is that of the value */
static const char* find_setting(const char* lines, const char* key, size_t* length) {
  const size_t n = strlen(key);
  for (const char* line = lines; *line;) {
    const size_t end = strcspn(line, "\n");
    if (end > n && strncmp(line, key, n) == 0 && line[n] == ' ') {
      *length = end - n - 1;
      return line + n + 1;
    }
    line += end + (line[end] == '\n');
  }
  return NULL;
}

/* Options such as the integrator are part of the compiled model, which may also differ by the last bits of another
 * machine, so they are compared by name. Where the model's files come from is no option. */
static df_status check_options(const char* path, const char* settings, const df_task* task) {
  static const char* const origin[] = {"system.model", "system.model_url", "system.model_sha256"};
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  for (int i = 0; i < n; i++) {
    char value[DF_VALUE_MAX];
    size_t length = 0;
    bool compared = strncmp(keys[i].name, "system.", strlen("system.")) == 0;
    for (size_t k = 0; k < sizeof origin / sizeof origin[0]; k++) compared &= strcmp(keys[i].name, origin[k]) != 0;
    const char* found = compared ? find_setting(settings, keys[i].name, &length) : NULL;
    if (!found) continue;
    df_config_value(&task->config, i, value, sizeof value);
    if (strlen(value) == length && memcmp(found, value, length) == 0) continue;
    return df_fail(DF_E_MISMATCH, "%s: made with another model: %s is %.*s in its settings, but %s of task %s", path,
                   keys[i].name, (int)length, found, value, task->config.task_name);
  }
  return DF_OK;
}

/* the files are the same, but not what was compiled of them */
static char* doubt_of(const df_model_identity* recorded, const df_model_identity* here, bool options_known) {
  if (!recorded->compiled || !here->compiled || strcmp(recorded->compiled, here->compiled) == 0) return NULL;
  return format_text(
      "the file was made with a compiled model that differs from the task's (compiled_sha256 %.12s, not %.12s), of the "
      "same files, %s%s%s",
      recorded->compiled, here->compiled,
      options_known ? "with the same options: by the last bits of another machine"
                    : "on another machine or with other options, which the file does not name (settings)",
      recorded->mujoco && strcmp(recorded->mujoco, here->mujoco) != 0 ? ", or by MuJoCo " : "",
      recorded->mujoco && strcmp(recorded->mujoco, here->mujoco) != 0 ? recorded->mujoco : "");
}

static df_status check_model(const char* path, df_npz* npz, const df_task* task, trajectories* t) {
  enum { SETTINGS = DF_MODEL_ENTRIES, TEXTS };
  char* texts[TEXTS] = {NULL};
  df_status status = DF_OK;
  for (int i = 0; i < TEXTS && status == DF_OK; i++) {
    const char* key = i == SETTINGS ? "settings" : df_dataset_model_key(i);
    if (df_npz_has(npz, key)) status = df_npz_read_text(npz, key, &texts[i]);
    /* another program may keep something else under this name */
    if (i == SETTINGS && status != DF_E_NOMEM) status = DF_OK;
  }
  char clause[256];
  const df_model_identity recorded = {texts[0], texts[1], texts[2], texts[3]}, *here = df_mujoco_identity(task->system);
  const char* settings = texts[SETTINGS] ? texts[SETTINGS] : "";
  if (status == DF_OK && df_model_compare(&recorded, here, clause, sizeof clause) == DF_MODEL_OTHER) {
    status = df_fail(DF_E_MISMATCH, "%s: made with another model: %s", path, clause);
  }
  if (status == DF_OK) status = check_options(path, settings, task);
  if (status == DF_OK) t->doubt = doubt_of(&recorded, here, strstr(settings, "system.integrator ") != NULL);
  for (int i = 0; i < TEXTS; i++) df_free(texts[i]);
  return status;
}

/* A task or a version of MuJoCo that the file names, and that is another one: its model and arrays are those expected,
 * but it may be the wrong file. NULL: it names none. */
static char* origin_of(const trajectories* t, const df_task* task) {
  const char *named = json_string_value(json_object_get(t->provenance, "task")),
             *mujoco = json_string_value(json_object_get(t->provenance, "mujoco"));
  text out = {0};
  if (named && strcmp(named, task->config.task_name) != 0)
    text_add(&out, "the file says that it is of task '%.80s', not of %s", named, task->config.task_name);
  if (mujoco && !t->doubt && strcmp(mujoco, df_mujoco_version()) != 0)
    text_add(&out, "%sthe file was made with MuJoCo %.20s, and is judged with %s, which may round otherwise",
             out.n ? "; " : "", mujoco, df_mujoco_version());
  char* words = out.n ? format_text("%s", text_of(&out)) : NULL;
  text_clear(&out);
  return words;
}

static df_status read_all(const char* path, df_npz* npz, const df_task* task, trajectories* t) {
  DF_TRY(df_sha256_file(path, t->sha256));
  DF_TRY(read_states(path, npz, task, t));
  DF_TRY(read_actions(path, npz, task, t));
  DF_TRY(trajectory_conditions(path, npz, task, (size_t)t->n, &t->conditions));
  DF_TRY(check_dt(path, npz, task));
  DF_TRY(check_model(path, npz, task, t));
  DF_TRY(read_provenance(npz, t));
  t->origin = origin_of(t, task);
  return DF_OK;
}

df_status trajectories_read(const char* path, const df_task* task, trajectories** out) {
  *out = NULL;
  df_npz* npz;
  DF_TRY(df_npz_open(path, &npz));
  trajectories* t = df_alloc(1, sizeof *t);
  df_status status = t ? read_all(path, npz, task, t) : DF_E_NOMEM;
  df_npz_close(npz);
  if (status != DF_OK) {
    trajectories_free(t);
    return status;
  }
  *out = t;
  return DF_OK;
}

void trajectories_free(trajectories* t) {
  if (!t) return;
  df_free(t->states);
  df_free(t->actions);
  df_free(t->conditions);
  json_decref(t->provenance);
  df_free(t->doubt);
  df_free(t->norms);
  df_free(t->origin);
  df_free(t);
}
