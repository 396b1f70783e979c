#include "deepmimic.h"

#include <math.h>
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

/* ---- the order of the quaternions ---- */

/* in how many frames the root is upside down if its quaternion, columns 4 to 7, is w, x, y, z: its y axis is the one
 * that points up, and a quaternion x, y, z, w read so turns it the other way; and in how many the quaternion of the
 * first joint, the chest of the humanoid, has a larger last number than first one, as x, y, z, w of a small turn */
static void count_orders(const df_array* frames, size_t* upside_down, size_t* last) {
  static const double STEEP = 0.5;
  *upside_down = *last = 0;
  for (size_t t = 0; t < frames->shape[0]; t++) {
    const double *q = frames->values + t * frames->shape[1] + 4, *joint = q + 4;
    *upside_down += q[0] * q[0] - q[1] * q[1] + q[2] * q[2] - q[3] * q[3] < -STEEP;
    *last += fabs(joint[3]) > fabs(joint[0]);
  }
}

/* Quaternions x, y, z, w: of root and joints data.quaternion says so, of the root alone nothing does. */
static df_status settle_order(recognition* r, const source_array* a) {
  const setting* given = settings_find(r->found, "data.quaternion");
  df_array frames;
  size_t upside_down, last;
  if (given && given->given) return DF_OK;
  DF_TRY(source_read(r->files, a, &frames));
  count_orders(&frames, &upside_down, &last);
  const size_t n = frames.shape[0];
  df_array_clear(&frames);
  const bool root = 2 * upside_down > n, joints = humanoid(r) && 2 * last > n;
  if (root && !joints)
    return df_fail(DF_E_CONFIG,
                   "%s: the quaternions of the root, columns 4 to 7 of '%s', seem to be x, y, z, w: as w, x, y, z, "
                   "DeepMimic's order, they turn the root upside down in %zu of %zu frames; data.quaternion holds for "
                   "root and joints: if those of the joints are x, y, z, w, too, --set data.quaternion=xyzw, else "
                   "reorder these columns; if the root is upside down, --set data.quaternion=wxyz",
                   r->files->path[0], a->name, upside_down, n);
  if (root)
    settings_put_why(r->found, "data.quaternion", "xyzw",
                     "as w, x, y, z, DeepMimic's order, the root is upside down in %zu of %zu frames", upside_down, n);
  else
    settings_put_why(r->found, "data.quaternion", "wxyz", "DeepMimic's order, also of its joints");
  return DF_OK;
}

df_status deepmimic_settle(recognition* r) {
  DF_TRY(settle_order(r, humanoid(r) ? humanoid(r) : in_order(r)));
  if (humanoid(r)) {
    put_humanoid(r);
  } else {
    settings_put(r->found, "data.states_key", in_order(r)->name);
    settings_put_why(r->found, "data.columns", "frame_duration,qpos",
                     "DeepMimic: a duration, then the pose in the order of the joints");
  }
  settings_put_why(r->found, "data.up", "y", "DeepMimic's world has its y axis up");
  settings_keep(r->found, "data.up");
  settings_keep(r->found, "data.quaternion");
  r->base_open = true;
  return DF_OK;
}
