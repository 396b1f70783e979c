#include "deepmimic.h"

#include <stdio.h>
#include <string.h>

enum { PARTS = 12, NAMES = 4, HUMANOID_COLUMNS = 44, LEAST_PARTS = 8 };

/* the joints of humanoid3d in the order of its clips (github.com/xbpeng/DeepMimic, data/characters/humanoid3d.txt),
 * with other names for the same part of a body; a spherical joint has a quaternion, another one an angle */
static const struct {
  bool spherical;
  const char* name[NAMES];
} part_list[PARTS] = {{true, {"chest", "abdomen", "torso", "waist"}},
                      {true, {"neck", "head"}},
                      {true, {"right_hip"}},
                      {false, {"right_knee"}},
                      {true, {"right_ankle"}},
                      {true, {"right_shoulder"}},
                      {false, {"right_elbow"}},
                      {true, {"left_hip"}},
                      {false, {"left_knee"}},
                      {true, {"left_ankle"}},
                      {true, {"left_shoulder"}},
                      {false, {"left_elbow"}}};

static const source_array* frames_of(const recognition* r, int columns) {
  static const char* const names[] = {"Frames", "table"};
  for (int i = 0; i < 2; i++) {
    const source_array* a = source_array_named(r->files, names[i]);
    if (a && a->info->numeric && a->info->rank == 2 && source_columns(a) == columns) return a;
  }
  return NULL;
}

/* whether a joint is called NAME, or NAME_x, NAME_y or NAME_z, or moves a body NAME */
static bool is_called(const model_study* m, int joint, const char* name) {
  const char *own = m->joints[joint].name,
             *body = df_mujoco_body_name(m->system, df_mujoco_joint_body(m->system, joint));
  const size_t n = strlen(name);
  const bool axis = strncmp(own, name, n) == 0 && own[n] == '_' && strchr("xyz", own[n + 1]) && strlen(own) == n + 2;
  return strcmp(own, name) == 0 || axis || strcmp(body, name) == 0;
}

/* the number of joints called so, and the last of them */
static int joints_called(const model_study* m, const char* name, int* last) {
  int n = 0;
  for (int j = 0; j < m->n_joints; j++) {
    if (m->joints[j].kind == DF_JOINT_FREE || m->joints[j].kind == DF_JOINT_SLIDE || !is_called(m, j, name)) continue;
    n++;
    *last = j;
  }
  return n;
}

/* the last joint of a part that the model has: a ball joint or three hinges, or one hinge; -1: it has none */
static int joint_of_part(const model_study* m, int part) {
  for (int i = 0; i < NAMES && part_list[part].name[i]; i++) {
    int joint = -1;
    const int n = joints_called(m, part_list[part].name[i], &joint);
    const bool ball = n == 1 && m->joints[joint].kind == DF_JOINT_BALL;
    if (part_list[part].spherical ? ball || n == 3 : n == 1 && !ball) return joint;
  }
  return -1;
}

/* the frames of DeepMimic's humanoid for a model that has its parts; NULL: they are not */
static const source_array* humanoid(const recognition* r) {
  int parts = 0;
  for (int i = 0; i < PARTS; i++) parts += joint_of_part(r->model, i) >= 0;
  return r->model->free_joint >= 0 && parts >= LEAST_PARTS ? frames_of(r, HUMANOID_COLUMNS) : NULL;
}

/* the frames of a model whose joints are those of the file, in its order; NULL: they are not */
static const source_array* in_order(const recognition* r) {
  return r->model->balls > 0 && r->model->free_joint >= 0 ? frames_of(r, 1 + r->model->nq) : NULL;
}

bool deepmimic_fits(const recognition* r) {
  return humanoid(r) || in_order(r);
}

static void put_humanoid(recognition* r) {
  const model_study* m = r->model;
  text columns = {0}, without = {0};
  text_add(&columns, "frame_duration,root_pos,root_quat");
  for (int i = 0; i < PARTS; i++) {
    const int joint = joint_of_part(m, i);
    if (joint < 0) {
      text_add(&columns, ",skip:%d", part_list[i].spherical ? 4 : 1);
      text_add(&without, "%s%s", without.n ? ", " : "", part_list[i].name[0]);
    } else if (part_list[i].spherical) {
      text_add(&columns, ",body_quat:%s", df_mujoco_body_name(m->system, df_mujoco_joint_body(m->system, joint)));
    } else {
      text_add(&columns, ",joints:%s", m->joints[joint].name);
    }
  }
  if (without.n) {
    text_add(&r->notes, "not used, because the model has no ball joint, no three hinges or no hinge of this name: %s\n",
             text_of(&without));
  }
  settings_put(r->found, "data.states_key", humanoid(r)->name);
  settings_put_why(r->found, "data.columns", text_of(&columns),
                   "DeepMimic's humanoid: a duration, the root, and an orientation or an angle per joint");
  text_clear(&columns);
  text_clear(&without);
}

df_status deepmimic_settle(recognition* r) {
  if (humanoid(r)) {
    put_humanoid(r);
  } else {
    settings_put(r->found, "data.states_key", in_order(r)->name);
    settings_put_why(r->found, "data.columns", "frame_duration,qpos",
                     "DeepMimic: a duration, then the pose in the order of the joints");
  }
  settings_put_why(r->found, "data.up", "y", "DeepMimic's world has its y axis up");
  settings_put_why(r->found, "data.quaternion", "wxyz", "DeepMimic's order, also of its joints");
  settings_keep(r->found, "data.up");
  settings_keep(r->found, "data.quaternion");
  r->base_open = true;
  return DF_OK;
}
