#include "column_order.h"

#include <string.h>

#include "dynaflow/core/alloc.h"
#include "text.h"
#include "would_fit.h"

/* "joints.hip" begins with the block "joints" */
static bool is_of_block(const df_recording_column* column, const char* block, size_t n) {
  return strncmp(column->name, block, n) == 0 && column->name[n] == '.';
}

/* the joint that column i is called; -1: none, or a column without a name */
static int called(const named_columns* list, int i) {
  for (int k = 0; k < list->n; k++) {
    if (list->column[k] == i) return list->is[k];
  }
  return -1;
}

/* the value of data.joints, or data.velocity_joints; "": no columns are of such a block */
static void list_joints(const column_comparison* c, const char* block, const named_columns* list, text* out) {
  for (int i = 0; i < df_recording_columns(c->recording); i++) {
    const df_recording_column* column = df_recording_column_at(c->recording, i);
    if (!is_of_block(column, block, strlen(block))) continue;
    const int j = called(list, i);
    text_add(out, "%s", out->n ? "," : "");
    if (j >= 0)
      text_add(out, "%s", c->joint_name[j]);
    else
      text_add(out, "=%s", column->name + strlen(block) + 1);
  }
}

/* data.joints and data.velocity_joints for blocks that follow them */
static bool put_joints(const column_comparison* c, remedy* out) {
  text joints = {0}, velocities = {0};
  list_joints(c, "joints", &c->position, &joints);
  const bool whole = columns_are_whole(c, &c->velocity);
  if (whole) list_joints(c, "joint_vel", &c->velocity, &velocities);
  const bool done = joints.n > 0;
  if (done) remedy_set(out, "data.joints", "%s", text_of(&joints));
  if (done && c->config->data_legs.n) remedy_set(out, "data.legs", "%s", "");
  const bool other = velocities.n && strcmp(text_of(&velocities), text_of(&joints)) != 0;
  if (done && other) remedy_set(out, "data.velocity_joints", "%s", text_of(&velocities));
  if (done && whole && !other && c->config->data_velocity_joints.n) remedy_set(out, "data.velocity_joints", "%s", "");
  text_clear(&joints);
  text_clear(&velocities);
  return done;
}

/* the coordinate that column i is called, else the one as which it is read */
static int true_state(const column_comparison* c, int i) {
  const int p = called(&c->position, i), v = called(&c->velocity, i);
  if (p >= 0) return c->joints[p].qpos;
  if (v >= 0) return df_mujoco_nq(c->system) + c->joints[v].dof;
  return df_recording_column_at(c->recording, i)->state;
}

/* whether a name can be a part of data.columns */
static bool is_part(const df_recording_column* column) {
  return column->stated_name[0] && !column->stated_by[0] && !strpbrk(column->stated_name, ",+*");
}

/* A block of a column each in the order of the model, "qpos@x+z+hip"; false: a column has no name of its own. */
static bool put_block(const column_comparison* c, const char* item, text* out) {
  const size_t n = strcspn(item, "@");
  const int columns = df_recording_columns(c->recording);
  bool first = true, whole = true;
  for (int state = 0; state < c->system->nx; state++) {
    for (int i = 0; i < columns && whole; i++) {
      const df_recording_column* column = df_recording_column_at(c->recording, i);
      if (!is_of_block(column, item, n) || true_state(c, i) != state) continue;
      whole = is_part(column);
      if (first) text_add(out, "%.*s@", (int)n, item);
      text_add(out, "%s%s", first ? "" : "+", column->stated_name);
      first = false;
    }
  }
  return whole && !first;
}

/* data.columns with the columns of qpos, qvel and state one by one */
static bool put_columns(const column_comparison* c, remedy* out) {
  static const char* const kinds[] = {"qpos", "qvel", "state"};
  const df_items* items = &c->config->data_columns;
  text all = {0};
  bool done = true;
  for (int k = 0; k < items->n && done; k++) {
    bool own = false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
      own = own ||
            (strcspn(items->v[k], "@") == strlen(kinds[i]) && strncmp(items->v[k], kinds[i], strlen(kinds[i])) == 0);
    text_add(&all, "%s", k ? "," : "");
    const size_t before = all.n;
    if (own) done = put_block(c, items->v[k], &all);
    if (!own) text_add(&all, "%s", items->v[k]);
    done = done && all.n - before < DF_ITEM_MAX;
  }
  if (done) remedy_set(out, "data.columns", "%s", text_of(&all));
  text_clear(&all);
  return done;
}

/* the order of names as one of joints, for fit_joints() */
static bool put_order(const column_comparison* c, remedy* out) {
  int* to = df_alloc((size_t)c->n_joints, sizeof *to);
  const fit_source source = {c->recording, c->config};
  if (!to) return false;
  for (int j = 0; j < c->n_joints; j++) to[j] = j;
  for (int i = 0; i < c->position.n; i++) to[c->position.joint[i]] = c->position.is[i];
  remedy fits = fit_joints(&source, c->system, to);
  const bool done = fits.n > 0;
  remedy_add(out, &fits);
  remedy_clear(&fits);
  df_free(to);
  return done;
}

static bool names_arrays(const df_config* config) {
  for (int k = 0; k < config->data_columns.n; k++) {
    if (strpbrk(config->data_columns.v[k], "*+")) return true;
  }
  return false;
}

remedy column_order_settle(const column_comparison* c) {
  remedy out = {0};
  const bool whole =
      columns_are_whole(c, &c->position) && (c->velocity.matched == 0 || columns_are_whole(c, &c->velocity));
  if (whole && put_joints(c, &out)) return out;
  if (whole && !names_arrays(c->config) && put_order(c, &out)) return out;
  if (whole && put_columns(c, &out)) return out;
  remedy_clear(&out);
  remedy_say(&out, "name the columns one by one in data.columns, or the joints in their order in data.joints");
  return out;
}
