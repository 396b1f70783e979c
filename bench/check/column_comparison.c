#include "column_comparison.h"

#include <string.h>

#include "dynaflow/core/alloc.h"
#include "joint_names.h"

/* ---- what columns are read as ---- */

bool column_is_single(const df_joint* joint) {
  return joint->kind == DF_JOINT_HINGE || joint->kind == DF_JOINT_SLIDE;
}

int column_joint(const column_comparison* c, int state, bool velocity) {
  const int nq = df_mujoco_nq(c->system);
  for (int j = 0; j < c->n_joints; j++) {
    const int own = velocity ? nq + c->joints[j].dof : c->joints[j].qpos;
    if (column_is_single(&c->joints[j]) && state == own) return j;
  }
  return -1;
}

/* whether data.joints says that the joint of a column has this name in the recording */
static bool is_given(const column_comparison* c, const df_recording_column* column) {
  const char* recorded = strchr(column->name, '.');
  return c->config->data_joints.n > 0 && recorded && strcmp(recorded + 1, column->stated_name) == 0;
}

static df_status new_named(int columns, named_columns* out) {
  const size_t n = (size_t)columns;
  out->column = df_alloc(3 * n, sizeof *out->column);
  out->name = df_alloc(n, sizeof *out->name);
  if (!out->column || !out->name) return DF_E_NOMEM;
  out->joint = out->column + n;
  out->is = out->column + 2 * n;
  return DF_OK;
}

/* lists the named columns of positions or of velocities */
static df_status list_named(const column_comparison* c, bool velocity, named_columns* out) {
  const int columns = df_recording_columns(c->recording);
  DF_TRY(new_named(columns, out));
  for (int i = 0; i < columns; i++) {
    const df_recording_column* column = df_recording_column_at(c->recording, i);
    const int j = column_joint(c, column->state, velocity);
    out->all += j >= 0;
    const char* name = c->other && column->other_name[0] ? column->other_name : column->stated_name;
    if (j < 0 || !name[0]) continue;
    out->column[out->n] = i;
    out->joint[out->n] = j;
    out->name[out->n++] = name;
  }
  return DF_OK;
}

/* ---- which joints they are ---- */

/* counts what is found, and what is read as another joint */
static void count_named(const column_comparison* c, named_columns* out) {
  out->matched = out->wrong = 0;
  for (int i = 0; i < out->n; i++) {
    if (is_given(c, df_recording_column_at(c->recording, out->column[i]))) out->is[i] = out->joint[i];
    out->matched += out->is[i] >= 0;
    out->wrong += out->is[i] >= 0 && out->is[i] != out->joint[i];
  }
}

static df_status match_named(const column_comparison* c, named_columns* out) {
  if (out->n == 0) return DF_OK;
  if (find_joints(out->n, out->name, c->n_joints, c->joint_name, out->is) < 0) return DF_E_NOMEM;
  count_named(c, out);
  return DF_OK;
}

bool columns_are_whole(const column_comparison* c, const named_columns* list) {
  unsigned char* seen = df_alloc((size_t)c->n_joints + 1, 1);
  bool whole = seen && list->n > 0 && list->matched == list->n && list->n == list->all;
  for (int i = 0; i < list->n && whole; i++) seen[list->joint[i]] = 1;
  for (int i = 0; i < list->n && whole; i++) {
    whole = seen[list->is[i]] == 1;
    seen[list->is[i]] = 2;
  }
  df_free(seen);
  return whole;
}

bool columns_are_told(const column_comparison* c, const named_columns* list) {
  if (c->config->data_joints.n || c->config->data_legs.n) return true;
  return strchr(df_recording_column_at(c->recording, list->column[0])->array, '+') != NULL;
}

bool columns_are_bodies(const column_comparison* c, const named_columns* list) {
  const char* by = df_recording_column_at(c->recording, list->column[0])->stated_by;
  return strstr(by, "body") || strstr(by, "link");
}

/* ---- all of it ---- */

void column_comparison_clear(column_comparison* c) {
  df_free(c->position.column);
  df_free(c->position.name);
  df_free(c->velocity.column);
  df_free(c->velocity.name);
  df_free(c->joint_name);
}

/* the names of the joints, or of the bodies that they move */
static void set_joint_names(column_comparison* c, bool of_bodies) {
  for (int j = 0; j < c->n_joints; j++) {
    const char* name = c->joints[j].name;
    if (of_bodies) name = df_mujoco_body_name(c->system, df_mujoco_joint_body(c->system, j));
    c->joint_name[j] = column_is_single(&c->joints[j]) ? name : "";
  }
}

static df_status match_all(column_comparison* c) {
  DF_TRY(list_named(c, false, &c->position));
  DF_TRY(list_named(c, true, &c->velocity));
  set_joint_names(c, c->position.n && columns_are_bodies(c, &c->position));
  df_status status = match_named(c, &c->position);
  if (status == DF_OK) status = match_named(c, &c->velocity);
  set_joint_names(c, false);
  return status;
}

df_status column_comparison_of(const df_recording* recording, const df_config* config, const df_system* system,
                               bool other, column_comparison* out) {
  *out = (column_comparison){.recording = recording, .config = config, .system = system, .other = other};
  out->n_joints = df_mujoco_joints(system, &out->joints);
  out->joint_name = df_alloc((size_t)out->n_joints, sizeof *out->joint_name);
  return out->joint_name ? match_all(out) : DF_E_NOMEM;
}
