#include "would_fit.h"

#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/sim/mujoco.h"
#include "joint_legs.h"
#include "text.h"

/* ---- columns that have an order of joints ---- */

/* Appends the blocks of the columns of a block, one by one, with a free root and without, each with the array of the
 * block. Returns false if there are none, and the block is appended as it is. */
static bool add_blocks(const char* block, bool root, text* out) {
  static const char* const names[][3] = {
      {"state", "root_pos,root_quat,joints,root_linvel,root_angvel,joint_vel", "joints,joint_vel"},
      {"qpos", "root_pos,root_quat,joints", "joints"},
      {"qvel", "root_linvel,root_angvel,joint_vel", "joint_vel"}};
  const char *array = block + strcspn(block, "@"), *at = NULL;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    const size_t n = strlen(names[i][0]);
    if (n == (size_t)(array - block) && memcmp(block, names[i][0], n) == 0) at = names[i][root ? 1 : 2];
  }
  if (!at) text_add(out, "%s", block);
  for (const char* piece = at; piece && *piece;) {
    const size_t n = strcspn(piece, ",");
    text_add(out, "%s%.*s%s", piece == at ? "" : ",", (int)n, piece, array);
    piece += n + (piece[n] == ',');
  }
  return at != NULL;
}

/* whether the coordinates are at most those of one free joint, the first, of hinges and of slides */
static bool is_plain(const df_system* system) {
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints);
  for (int j = 0; j < n; j++) {
    if (joints[j].kind == DF_JOINT_BALL || (j > 0 && joints[j].kind == DF_JOINT_FREE)) return false;
  }
  return df_mujoco_na(system) == 0;
}

static bool has_block(const df_config* config, const char* block) {
  const size_t n = strlen(block);
  for (int i = 0; i < config->data_columns.n; i++) {
    const char* item = config->data_columns.v[i];
    if (strncmp(item, block, n) == 0 && (item[n] == '\0' || item[n] == '@')) return true;
  }
  return false;
}

/* data.columns with the joints named one by one, if they are not; settings that this would bring into force are made
 * empty. Returns whether an order of the joints (of their velocities) then applies. */
static bool name_columns(const fit_source* s, const df_system* system, bool velocity, bool* named, remedy* out) {
  const df_config* c = s->config;
  const df_joint* joints;
  df_mujoco_joints(system, &joints);
  *named = has_block(c, velocity ? "joint_vel" : "joints") || (!velocity && has_block(c, "joints_cos_sin"));
  if (*named) return true;
  if (!is_plain(system) || !(has_block(c, "state") || has_block(c, velocity ? "qvel" : "qpos"))) return false;
  text columns = {0};
  bool found = false;
  for (int i = 0; i < c->data_columns.n; i++) {
    text_add(&columns, "%s", i ? "," : "");
    found |= add_blocks(c->data_columns.v[i], joints[0].kind == DF_JOINT_FREE, &columns);
  }
  if (found) remedy_set(out, "data.columns", "%s", text_of(&columns));
  text_clear(&columns);
  return found;
}

/* ---- the order of joints ---- */

/* the recorded joints in the order of their columns */
typedef struct slot {
  int joint;            /* of the model; -1: none */
  const char* recorded; /* its name in the recording */
} slot;

static bool is_scalar(const df_joint* joint) {
  return joint->kind == DF_JOINT_HINGE || joint->kind == DF_JOINT_SLIDE;
}

/* the joint whose position or velocity is x[state]; -1: none */
static int joint_at(const df_system* system, int state) {
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints), nq = df_mujoco_nq(system);
  for (int j = 0; j < n; j++) {
    if (is_scalar(&joints[j]) && (state == nq + joints[j].dof || state == joints[j].qpos)) return j;
  }
  return -1;
}

/* the name of a column after "joints.", "joints_cos." or "joint_vel."; NULL: another column */
static const char* joint_of_column(const df_recording_column* column, bool velocity) {
  static const char* const blocks[2][2] = {{"joints.", "joints_cos."}, {"joint_vel.", "joint_vel."}};
  for (int k = 0; k < 2; k++) {
    const size_t n = strlen(blocks[velocity][k]);
    if (strncmp(column->name, blocks[velocity][k], n) == 0) return column->name + n;
  }
  return NULL;
}

/* those of the recording */
static int recorded_slots(const fit_source* s, const df_system* system, bool velocity, slot* list) {
  int n = 0;
  for (int i = 0; i < df_recording_columns(s->recording); i++) {
    const df_recording_column* column = df_recording_column_at(s->recording, i);
    const char* name = joint_of_column(column, velocity);
    if (name) list[n++] = (slot){joint_at(system, column->state), name};
  }
  return n;
}

/* those of a recording in the order of the model */
static int model_slots(const df_system* system, slot* list) {
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints);
  int count = 0;
  for (int j = 0; j < n; j++) {
    if (is_scalar(&joints[j])) list[count++] = (slot){j, joints[j].name};
  }
  return count;
}

/* "MODEL", "MODEL=RECORDED" or "=RECORDED" for each; false: a joint has no name */
static bool list_slots(const df_system* system, int n, const slot* list, text* out) {
  const df_joint* joints;
  df_mujoco_joints(system, &joints);
  for (int i = 0; i < n; i++) {
    const char* name = list[i].joint >= 0 ? joints[list[i].joint].name : "";
    if (list[i].joint >= 0 && !name[0]) return false;
    text_add(out, "%s%s", i ? "," : "", name);
    if (strcmp(name, list[i].recorded) != 0) text_add(out, "=%s", list[i].recorded);
  }
  return true;
}

int* fit_recorded_joints(const fit_source* s, const df_system* system) {
  const df_joint* joints;
  const int all = df_mujoco_joints(system, &joints), columns = df_recording_columns(s->recording);
  slot* list = df_alloc((size_t)(all > columns ? all : columns), sizeof *list);
  int* out = df_alloc((size_t)all, sizeof *out);
  int scalars = 0, n = list ? recorded_slots(s, system, false, list) : 0;
  for (int j = 0; j < all; j++) scalars += is_scalar(&joints[j]);
  bool whole = out && n == scalars;
  for (int i = 0; i < n && whole; i++) {
    out[i] = list[i].joint;
    whole = out[i] >= 0;
  }
  df_free(list);
  if (whole) return out;
  df_free(out);
  return NULL;
}

/* whether the names of the recorded joints choose arrays */
static bool has_star(const df_config* config) {
  bool found = false;
  for (int i = 0; i < config->data_columns.n; i++) found |= strchr(config->data_columns.v[i], '*') != NULL;
  return found;
}

/* The slots with what is read as joint i being joint to[i]. Recorded names are kept if they matter or are others. */
static int moved_slots(const fit_source* s, const df_system* system, bool velocity, bool named, const int* to,
                       slot* list) {
  const df_joint* joints;
  df_mujoco_joints(system, &joints);
  const int n = named ? recorded_slots(s, system, velocity, list) : model_slots(system, list);
  for (int i = 0; i < n; i++) {
    if (list[i].joint < 0) continue;
    const bool same = strcmp(list[i].recorded, joints[list[i].joint].name) == 0 && !has_star(s->config);
    list[i].joint = to[list[i].joint];
    if (same) list[i].recorded = joints[list[i].joint].name;
  }
  return n;
}

/* data.velocity_joints, if it has to be set */
static bool add_velocities(const fit_source* s, const df_system* system, bool named, const int* to, slot* list,
                           remedy* out) {
  text names = {0};
  const int n = moved_slots(s, system, true, named, to, list);
  const bool done = n > 0 && list_slots(system, n, list, &names);
  if (done) remedy_set(out, "data.velocity_joints", "%s", text_of(&names));
  text_clear(&names);
  return done;
}

/* data.legs or data.joints */
static bool add_positions(const fit_source* s, const df_system* system, bool named, const int* to, slot* list,
                          remedy* out) {
  const df_config* c = s->config;
  text names = {0}, legs = {0};
  int n = moved_slots(s, system, false, named, to, list), *order = df_alloc((size_t)n + 1, sizeof *order);
  for (int i = 0; i < n && order; i++) order[i] = list[i].joint;
  const bool done = order && n > 0 && list_slots(system, n, list, &names);
  if (done && (!named || c->data_joints.n == 0) && !has_star(c) && joint_legs_of(system, n, order, &legs)) {
    if (c->data_joints.n) remedy_set(out, "data.joints", "%s", "");
    remedy_set(out, "data.legs", "%s", text_of(&legs));
  } else if (done) {
    if (c->data_legs.n) remedy_set(out, "data.legs", "%s", "");
    remedy_set(out, "data.joints", "%s", text_of(&names));
  }
  df_free(order);
  text_clear(&names);
  text_clear(&legs);
  return done;
}

/* enough for the joints of model and recording */
static slot* new_slots(const fit_source* s, const df_system* system) {
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints), columns = df_recording_columns(s->recording);
  return df_alloc((size_t)(n > columns ? n : columns), sizeof(slot));
}

/* none, unless they are complete */
static remedy finish(remedy all, bool done) {
  if (!done) remedy_clear(&all);
  return all;
}

remedy fit_joints(const fit_source* s, const df_system* system, const int* to) {
  bool named = false;
  remedy all = {0};
  slot* list = s->config ? new_slots(s, system) : NULL;
  bool done = list && name_columns(s, system, false, &named, &all) && add_positions(s, system, named, to, list, &all);
  /* velocities of an order of their own are moved, too; columns that were not named have none */
  if (done && s->config->data_velocity_joints.n && named) {
    done = add_velocities(s, system, true, to, list, &all);
  } else if (done && s->config->data_velocity_joints.n) {
    remedy_set(&all, "data.velocity_joints", "%s", "");
  }
  df_free(list);
  return finish(all, done);
}

remedy fit_velocity_joints(const fit_source* s, const df_system* system, const int* to) {
  bool named = false;
  remedy all = {0};
  slot* list = s->config ? new_slots(s, system) : NULL;
  bool done = list && name_columns(s, system, true, &named, &all);
  if (done && !named && s->config->data_legs.n) remedy_set(&all, "data.legs", "%s", "");
  if (done && !named && s->config->data_joints.n) remedy_set(&all, "data.joints", "%s", "");
  done = done && add_velocities(s, system, named, to, list, &all);
  df_free(list);
  return finish(all, done);
}

/* ---- positions ---- */

remedy fit_rise(const fit_source* s, double rise) {
  double at[3] = {0};
  remedy out = {0};
  if (!s->config) return out;
  for (int i = 0; i < 3 && s->config->data_position_offset.n == 3; i++) at[i] = s->config->data_position_offset.v[i];
  remedy_set(&out, "data.position_offset", "%.9g,%.9g,%.4g", at[0], at[1], at[2] + rise);
  return out;
}

remedy fit_scale(const fit_source* s, double factor) {
  remedy out = {0};
  if (s->config) remedy_set(&out, "data.position_scale", "%.9g", factor * s->config->data_position_scale);
  return out;
}

/* ---- where a number is recorded ---- */

char* fit_column(const fit_source* s, int state) {
  for (int i = 0; s->recording && i < df_recording_columns(s->recording); i++) {
    const df_recording_column* column = df_recording_column_at(s->recording, i);
    if (column->state == state) return format_text("column %d of array '%s'", column->index, column->array);
  }
  return format_text("%s", "");
}

char* fit_action_column(const fit_source* s, const df_system* system, int k) {
  if (!s->config) return format_text("%s", "");
  int column = k;
  for (int i = 0; i < s->config->data_actuators.n; i++) {
    if (df_mujoco_actuator(system, s->config->data_actuators.v[i]) == k) column = i;
  }
  return format_text("column %d of array '%s'", column, s->config->data_actions_key);
}

/* ---- episodes ---- */

/* whether episode `number` of the files is read: an item is "3" or "3-7" */
static bool is_selected(const df_config* config, int number) {
  for (int i = 0; i < config->data_select.n; i++) {
    int from, to;
    const int read = sscanf(config->data_select.v[i], "%d-%d", &from, &to);
    if (read == 1 ? number == from : read == 2 && number >= from && number <= to) return true;
  }
  return config->data_select.n == 0;
}

static void add_range(int first, int last, const char* comma, text* list) {
  if (first < 0) return;
  text_add(list, "%s%d", list->n ? comma : "", first);
  if (last > first) text_add(list, "-%d", last);
}

char* fit_episodes(int n, const bool* chosen) {
  text list = {0};
  for (int e = 0; e < n; e++) {
    int last = e;
    if (!chosen[e]) continue;
    while (last + 1 < n && chosen[last + 1]) last++;
    add_range(e, last, ", ", &list);
    e = last;
  }
  char* out = format_text("%s", text_of(&list));
  text_clear(&list);
  return out;
}

remedy fit_select(const fit_source* s, const bool* drop) {
  text list = {0};
  remedy all = {0};
  int number = -1, first = -1, last = -2;
  for (int e = 0; s->recording && e < df_recording_episodes(s->recording); e++) {
    do number++;
    while (!is_selected(s->config, number));
    if (drop[e]) continue;
    if (number != last + 1) {
      add_range(first, last, ",", &list);
      first = number;
    }
    last = number;
  }
  add_range(first, last, ",", &list);
  remedy_set(&all, "data.select", "%s", text_of(&list));
  const bool some = list.n > 0;
  text_clear(&list);
  return finish(all, some);
}
