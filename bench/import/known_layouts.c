#include "known_layouts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "action_columns.h"
#include "deepmimic.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/data/recording.h"
#include "joint_names.h"
#include "list.h"
#include "named_table.h"
#include "recorded_clock.h"
#include "stated_rates.h"
#include "unreadable.h"

enum { LEGS = 4, LEG_JOINTS = 3 };

static const char* const state_names[] = {
    "states",       "Trajs", "trajs",  "trajectories",     "state", "X", "x", "observations", "obs",
    "Observations", "table", "Frames", "observation.state"};
enum { STATE_NAMES = sizeof state_names / sizeof *state_names };
static const char* const action_names[] = {"actions", "Actions", "acts", "action", "ctrl", "controls", "U", "u"};
enum { ACTION_NAMES = sizeof action_names / sizeof *action_names };

static const source_array* named(const recognition* r, const char* name) {
  const source_array* a = source_array_named(r->files, name);
  return a && a->info->numeric ? a : NULL;
}

static bool has_columns(const source_array* a, int n) {
  return a && a->info->rank >= 1 && source_columns(a) == n;
}

static void put(recognition* r, const char* key, const char* value, const char* why) {
  if (why[0])
    settings_put_why(r->found, key, value, "%s", why);
  else
    settings_put(r->found, key, value);
}

/* an array of observations; NULL: none */
static const source_array* observations(const recognition* r) {
  static const char* const names[] = {"observations", "obs", "observation", "Observations", "states", "Trajs"};
  return source_find(r->files, 6, names);
}

/* ---- whole states ---- */

static const source_array* whole_states(const recognition* r) {
  for (int i = 0; i < STATE_NAMES; i++) {
    const source_array* a = named(r, state_names[i]);
    if (a && a->info->rank >= 2 && has_columns(a, r->model->nx)) return a;
  }
  return NULL;
}

static bool fits_states(const recognition* r) {
  return whole_states(r) != NULL;
}

static df_status settle_states(recognition* r) {
  put(r, "data.states_key", whole_states(r)->name, "array with as many columns as the model's state [qpos, qvel, act]");
  return DF_OK;
}

/* ---- time, qpos, qvel: MuJoCo's flattened state, as robomimic stores it ---- */

static bool fits_flattened(const recognition* r) {
  const source_array* a = named(r, "states");
  return a && a->info->rank >= 2 && has_columns(a, 1 + r->model->nx);
}

static df_status settle_flattened(recognition* r) {
  put(r, "data.states_key", "states", "");
  put(r, "data.columns", "time,state", "MuJoCo's flattened state: one column more than [qpos, qvel, act]");
  return DF_OK;
}

/* ---- qpos and qvel ---- */

/* the array whose last part is `name` */
static const source_array* ending(const recognition* r, const char* name, int columns) {
  static const char* const folders[] = {"",      "infos/",  "observations/", "obs/",
                                        "info/", "states/", "state/",        "env_states/"};
  char whole[64];
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
    snprintf(whole, sizeof whole, "%s%s", folders[i], name);
    const source_array* a = named(r, whole);
    if (has_columns(a, columns)) return a;
  }
  return NULL;
}

static bool fits_qpos(const recognition* r) {
  return ending(r, "qpos", r->model->nq) != NULL;
}

/* qvel and act beside qpos */
static df_status refuse_unreadable_beside(const recognition* r, const source_array* q) {
  const int n = (int)(strlen(q->name) - strlen("qpos"));
  char* qvel = format_text("%.*sqvel", n, q->name);
  char* act = format_text("%.*sact", n, q->name);
  const char* const names[] = {qvel, act};
  const df_status status = refuse_unreadable(r, "data.columns", r->model->na > 0 ? 2 : 1, names);
  df_free(qvel);
  df_free(act);
  return status;
}

static df_status settle_qpos(recognition* r) {
  DF_TRY(refuse_unreadable_beside(r, ending(r, "qpos", r->model->nq)));
  const source_array *q = ending(r, "qpos", r->model->nq), *v = ending(r, "qvel", r->model->nv);
  const source_array* a = r->model->na > 0 ? ending(r, "act", r->model->na) : NULL;
  text columns = {0};
  text_add(&columns, "qpos@%s", q->name);
  if (v) text_add(&columns, ",qvel@%s", v->name);
  if (a) text_add(&columns, ",act@%s", a->name);
  put(r, "data.states_key", q->name, "");
  put(r, "data.columns", text_of(&columns), "arrays of MuJoCo's names");
  text_clear(&columns);
  return DF_OK;
}

/* ---- one array per joint: loco-mujoco ---- */

static bool begins(const char* name, const char* with) {
  return strncmp(name, with, strlen(with)) == 0;
}

static int count_beginning(const recognition* r, const char* with) {
  int n = 0;
  for (int i = 0; i < r->files->n_arrays; i++)
    n += r->files->list[i].info->numeric && begins(r->files->list[i].name, with);
  return n;
}

static bool fits_joint_arrays(const recognition* r) {
  return count_beginning(r, "q_") >= 2;
}

/* the recorded names after q_, without those of the root, and their number */
static int recorded_axes(const recognition* r, const char** names) {
  static const char* const root[] = {"_tx", "_ty", "_tz", "_rotation", "_list", "_tilt"};
  int n = 0;
  for (int i = 0; i < r->files->n_arrays; i++) {
    const char* name = r->files->list[i].name;
    if (!r->files->list[i].info->numeric || !begins(name, "q_")) continue;
    bool of_root = false;
    for (size_t k = 0; k < sizeof root / sizeof *root && r->model->free_joint >= 0; k++) {
      const size_t length = strlen(name), end = strlen(root[k]);
      of_root |= length > end && strcmp(name + length - end, root[k]) == 0;
    }
    if (!of_root) names[n++] = name + 2;
  }
  return n;
}

/* the names of the model's hinges and slides; returns their number */
static int model_axes(const model_study* m, const char** names) {
  int n = 0;
  for (int i = 0; i < m->n_joints; i++) {
    const df_joint_kind kind = m->joints[i].kind;
    if (kind == DF_JOINT_HINGE || kind == DF_JOINT_SLIDE) names[n++] = m->joints[i].name;
  }
  return n;
}

/* puts data.joints for recorded joints of these names */
static df_status settle_joint_names(recognition* r, int n, const char* const* recorded) {
  static const char* const how_text[] = {"", " (the same words)", " (part of the words)", " (similar)"};
  const char** axes = df_alloc((size_t)r->model->n_joints, sizeof *axes);
  int* joint = df_alloc((size_t)n, sizeof *joint);
  name_match* how = df_alloc((size_t)n, sizeof *how);
  df_status status = axes && joint && how ? DF_OK : DF_E_NOMEM;
  const int n_axes = status == DF_OK ? model_axes(r->model, axes) : 0;
  if (status == DF_OK) status = match_joints(n, recorded, n_axes, axes, joint, how);
  text value = {0};
  for (int i = 0; i < n && status == DF_OK; i++) {
    text_add(&value, "%s%s", i ? "," : "", axes[joint[i]]);
    if (how[i] == NAME_EQUAL) continue;
    text_add(&value, "=%s", recorded[i]);
    text_add(&r->notes, "recorded joint %s is %s of the model%s\n", recorded[i], axes[joint[i]], how_text[how[i]]);
  }
  if (status == DF_OK) put(r, "data.joints", text_of(&value), "joints in the order of the recording, by their names");
  text_clear(&value);
  df_free(axes);
  df_free(joint);
  df_free(how);
  return status;
}

/* the arrays of a root that the recording moves by slides and hinges, for a free joint */
static void add_recorded_root(recognition* r, text* columns) {
  for (int i = 0; i < r->files->n_arrays; i++) {
    const char* name = r->files->list[i].name;
    const size_t n = strlen(name);
    if (!begins(name, "q_") || n < 5 || strcmp(name + n - 3, "_tx") != 0) continue;
    const int stem = (int)n - 3;
    text_add(columns, "root_pos@%.*s_tx+%.*s_ty+%.*s_tz,", stem, name, stem, name, stem, name);
    text_add(columns, "root_euler@%.*s_rotation+%.*s_list+%.*s_tilt,", stem, name, stem, name, stem, name);
    put(r, "data.euler", "ZXY", "the hinges of the recorded root: rotation, list and tilt, from the world to the body");
    return;
  }
}

static df_status settle_joint_arrays(recognition* r) {
  static const char* const arrays[] = {"q_*", "dq_*"};
  DF_TRY(refuse_unreadable(r, "data.columns", 2, arrays));
  const char** names = df_alloc((size_t)r->files->n_arrays, sizeof *names);
  if (!names) return DF_E_NOMEM;
  const int n = recorded_axes(r, names);
  text columns = {0};
  if (r->model->free_joint >= 0) add_recorded_root(r, &columns);
  text_add(&columns, "joints@q_*");
  if (count_beginning(r, "dq_") >= n) text_add(&columns, ",joint_vel@dq_*");
  put(r, "data.columns", text_of(&columns), "one array per joint");
  const df_status status = settle_joint_names(r, n, names);
  text_clear(&columns);
  df_free(names);
  return status;
}

/* ---- tables of a free root and joints ---- */

static const source_array* table(const recognition* r, int columns) {
  static const char* const names[] = {"Frames", "table"};
  for (int i = 0; i < 2; i++) {
    const source_array* a = named(r, names[i]);
    if (a && a->info->rank == 2 && has_columns(a, columns)) return a;
  }
  return NULL;
}

static bool is_quadruped(const model_study* m) {
  return m->free_joint >= 0 && m->axes == LEGS * LEG_JOINTS && m->balls == 0;
}

/* the model's names of the four legs, front left, front right, rear left, rear right */
typedef const char* leg_names[LEGS];

static bool find_legs(const model_study* m, leg_names legs) {
  static const leg_names sets[] = {{"FL", "FR", "RL", "RR"},
                                   {"LF", "RF", "LH", "RH"},
                                   {"fl", "fr", "rl", "rr"},
                                   {"FL", "FR", "HL", "HR"},
                                   {"fl", "fr", "hl", "hr"},
                                   {"lf", "rf", "lh", "rh"},
                                   {"front_left", "front_right", "rear_left", "rear_right"}};
  for (size_t s = 0; s < sizeof sets / sizeof *sets; s++) {
    int found = 0;
    for (int leg = 0; leg < LEGS; leg++) {
      int n = 0;
      for (int i = 0; i < m->n_joints; i++) {
        n += m->joints[i].kind == DF_JOINT_HINGE && begins(m->joints[i].name, sets[s][leg]);
      }
      found += n == LEG_JOINTS;
    }
    if (found == LEGS) {
      memcpy(legs, sets[s], sizeof(leg_names));
      return true;
    }
  }
  return false;
}

static void put_legs(recognition* r, const int order[LEGS], const char* why) {
  leg_names legs;
  if (!find_legs(r->model, legs)) {
    text_add(&r->notes,
             "the legs cannot be told from the names of the model's joints, so their order is taken to be the "
             "recording's: data.joints says otherwise\n");
    return;
  }
  char value[128];
  snprintf(value, sizeof value, "%s,%s,%s,%s", legs[order[0]], legs[order[1]], legs[order[2]], legs[order[3]]);
  put(r, "data.legs", value, why);
}

enum { FRONT_LEFT, FRONT_RIGHT, REAR_LEFT, REAR_RIGHT };
static const int bullet_order[LEGS] = {FRONT_RIGHT, FRONT_LEFT, REAR_RIGHT, REAR_LEFT};

/* the order of the legs from the mean places of their toes in the frame of the base, which begin at column `at` */
static df_status order_by_toes(recognition* r, const source_array* frames, int at, int order[LEGS]) {
  df_array values;
  DF_TRY(source_read(r->files, frames, &values));
  const size_t rows = values.shape[0], columns = values.shape[1];
  double sum[LEGS][2] = {{0}}, centre = 0;
  for (size_t t = 0; t < rows; t++) {
    for (int leg = 0; leg < LEGS; leg++) {
      for (int k = 0; k < 2; k++) sum[leg][k] += values.values[t * columns + (size_t)(at + 3 * leg + k)];
    }
  }
  for (int leg = 0; leg < LEGS; leg++) centre += sum[leg][0] / LEGS;
  unsigned seen = 0;
  for (int leg = 0; leg < LEGS; leg++) {
    order[leg] = sum[leg][0] > centre ? FRONT_LEFT : REAR_LEFT;
    if (sum[leg][1] < 0) order[leg]++;
    seen |= 1U << order[leg];
  }
  df_array_clear(&values);
  return seen == 15 ? DF_OK : DF_E_CONFIG;
}

/* ---- AMP ---- */

enum { TOES = 3 * LEGS };
static const source_array* amp_frames(const recognition* r) {
  return is_quadruped(r->model) ? table(r, 7 + 2 * LEGS * LEG_JOINTS + 2 * TOES + 6) : NULL;
}

static bool fits_amp(const recognition* r) {
  return amp_frames(r) != NULL;
}

static df_status settle_amp(recognition* r) {
  const source_array* frames = amp_frames(r);
  int order[LEGS];
  put(r, "data.states_key", frames->name, "");
  put(r, "data.columns", "root_pos,root_quat,joints,skip:12,root_linvel,root_angvel,joint_vel,skip:12",
      "61 columns of AMP: positions, toes, velocities, velocities of toes");
  put(r, "data.quaternion", "xyzw", "PyBullet's order, in which AMP stores quaternions");
  put(r, "data.velocities", "differences", "AMP's are filtered, and do not follow from its positions");
  const df_status status = order_by_toes(r, frames, 7 + LEGS * LEG_JOINTS, order);
  if (status == DF_OK) {
    put_legs(r, order, "by the recorded places of the toes in the frame of the base");
  } else if (status == DF_E_CONFIG) {
    put_legs(r, bullet_order, "PyBullet's order; the recorded places of the toes do not tell");
  } else {
    return status;
  }
  return DF_OK;
}

/* ---- root position, quaternion, joints ---- */

static const source_array* root_and_joints(const recognition* r) {
  return r->model->free_joint >= 0 && r->model->balls == 0 ? table(r, 7 + r->model->axes) : NULL;
}

/* a robot without hinges and slides, such as a drone, has no block of joints */
static const char* pose_columns(const recognition* r) {
  return r->model->axes > 0 ? "root_pos,root_quat,joints" : "root_pos,root_quat";
}

static bool fits_mocap_json(const recognition* r) {
  return root_and_joints(r) && strcmp(df_arrays_format(r->files->arrays), "JSON") == 0;
}

/* the rotation that undoes the mean recorded orientation if that is a quarter turn about two axes, as of a robot whose
 * own frame is turned; false: none is needed */
static df_status settle_base_rotation(recognition* r, const source_array* frames) {
  df_array values;
  DF_TRY(source_read(r->files, frames, &values));
  double mean[4] = {0};
  for (size_t t = 0; t < values.shape[0]; t++) {
    const double* q = values.values + t * values.shape[1] + 3;
    const double sign = q[0] * mean[0] + q[1] * mean[1] + q[2] * mean[2] + q[3] * mean[3] < 0 ? -1 : 1;
    for (int k = 0; k < 4; k++) mean[k] += sign * q[k];
  }
  df_array_clear(&values);
  const double norm = sqrt(mean[0] * mean[0] + mean[1] * mean[1] + mean[2] * mean[2] + mean[3] * mean[3]);
  /* the model's z axis, seen from the world, if the recorded frame were the model's: y of Laikago points up */
  const double x = mean[0] / norm, y = mean[1] / norm, z = mean[2] / norm, w = mean[3] / norm;
  const double z_up = w * w - x * x - y * y + z * z, y_up = 2 * (y * z + w * x);
  if (z_up < 0.5 && y_up > 0.7) {
    put(r, "data.base_rotation", "0.5,-0.5,-0.5,-0.5",
        "the recorded base has its y axis up and its z axis forward, as Laikago's; the model's is taken to be z up");
  }
  return DF_OK;
}

static df_status settle_mocap_json(recognition* r) {
  const source_array* frames = root_and_joints(r);
  put(r, "data.states_key", frames->name, "");
  put(r, "data.columns", pose_columns(r), "as many columns as a root pose and the model's joints");
  put(r, "data.quaternion", "xyzw", "PyBullet's order, in which motion_imitation stores quaternions");
  if (is_quadruped(r->model)) put_legs(r, bullet_order, "PyBullet's order of the legs; the file does not say it");
  return settle_base_rotation(r, frames);
}

static bool fits_joint_table(const recognition* r) {
  return root_and_joints(r) != NULL;
}

/* Whether the file states how long a frame takes, as the conversion knows it (df_recording_rate()): by an array, or by
 * an attribute of anything. */
static bool states_rate(const recognition* r) {
  bool stated = false, control = false, array;
  const char* known;
  for (int i = 0; i < r->files->n_arrays; i++) {
    const source_array* a = &r->files->list[i];
    const char *at = strrchr(a->name, '@'), *last = strrchr(a->name, '/');
    for (int k = 0; at && (known = df_recording_rate_name(k, &array)); k++)
      stated |= a->info->numeric && strcmp(at + 1, known) == 0;
    last = at ? at + 1 : last ? last + 1 : a->name;
    control |= strcmp(a->info->type, "text") == 0 && strcmp(last, "env_args") == 0;
  }
  for (int k = 0; (known = df_recording_rate_name(k, &array)); k++) stated |= array && source_find(r->files, 1, &known);
  return stated || control || source_array_named(r->files, DF_ARRAYS_RATES) != NULL;
}

static df_status settle_joint_table(recognition* r) {
  const source_array* frames = root_and_joints(r);
  put(r, "data.states_key", frames->name, "");
  put(r, "data.columns", pose_columns(r), "as many columns as a root pose and the model's joints");
  put(r, "data.quaternion", "xyzw", "retargeted LAFAN1 stores quaternions as x, y, z, w");
  if (states_rate(r)) return DF_OK;
  put(r, "data.rate", "30", "assumed, as of LAFAN1: the file states no rate");
  r->rate_assumed = true;
  return DF_OK;
}

/* ---- dm_control ---- */

static const char* const walker = "walkers/walker_0/";

static const source_array* of_walker(const recognition* r, const char* name) {
  char whole[96];
  snprintf(whole, sizeof whole, "%s%s", walker, name);
  return named(r, whole);
}

static bool fits_dm_control(const recognition* r) {
  const source_array* joints = of_walker(r, "joints");
  return r->model->free_joint >= 0 && joints && joints->info->rank == 2 &&
         (int)joints->info->shape[0] == r->model->axes && of_walker(r, "position") && of_walker(r, "quaternion");
}

/* The props of the clips are the objects of the model, in its order, if there are as many. */
static void add_props(recognition* r, text* columns) {
  static const char* const blocks[][2] = {{"body_pos", "position"},
                                          {"body_quat", "quaternion"},
                                          {"body_linvel", "velocity"},
                                          {"body_angvel", "angular_velocity"}};
  const model_study* m = r->model;
  char array[96];
  int props = 0, objects = 0, prop = 0;
  while (snprintf(array, sizeof array, "props/prop_%d/position", props), named(r, array)) props++;
  for (int j = 0; j < m->n_joints; j++) objects += m->joints[j].kind == DF_JOINT_FREE && model_is_object(m, j);
  if (objects != props) return;
  for (int j = 0; j < m->n_joints; j++) {
    if (m->joints[j].kind != DF_JOINT_FREE || !model_is_object(m, j)) continue;
    const char* body = df_mujoco_body_name(m->system, df_mujoco_joint_body(m->system, j));
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
      snprintf(array, sizeof array, "props/prop_%d/%s", prop, blocks[i][1]);
      if (named(r, array)) text_add(columns, ",%s:%s@%s", blocks[i][0], body, array);
    }
    text_add(&r->notes, "props/prop_%d is taken to be the body '%s', by its place among the objects of the model\n",
             prop++, body);
  }
}

static df_status settle_dm_control(recognition* r) {
  static const char* const all[] = {"walkers/walker_0/*"};
  DF_TRY(refuse_unreadable(r, "data.columns", 1, all));
  static const char* const blocks[][2] = {
      {"root_pos", "position"},    {"root_quat", "quaternion"},         {"joints", "joints"},
      {"root_linvel", "velocity"}, {"root_angvel", "angular_velocity"}, {"joint_vel", "joints_velocity"}};
  text columns = {0};
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
    if (of_walker(r, blocks[i][1])) text_add(&columns, "%s%s@%s%s", i ? "," : "", blocks[i][0], walker, blocks[i][1]);
  }
  add_props(r, &columns);
  char states[96];
  snprintf(states, sizeof states, "%sjoints", walker);
  put(r, "data.states_key", states, "");
  put(r, "data.columns", text_of(&columns), "dm_control: one group per clip");
  text_clear(&columns);
  return DF_OK;
}

/* ---- observations ---- */

static bool fits_cos_sin(const recognition* r) {
  const model_study* m = r->model;
  return m->axes == m->nq && has_columns(observations(r), 2 * m->axes + m->nv) && observations(r)->info->rank >= 2;
}

static df_status settle_cos_sin(recognition* r) {
  put(r, "data.states_key", observations(r)->name, "");
  put(r, "data.columns", "joints_cos_sin,joint_vel", "cosines and sines of the angles, then velocities");
  return DF_OK;
}

/* the array that holds [qpos, qvel] without horizontal positions of the root */
static bool fits_without_xy(const recognition* r) {
  const model_study* m = r->model;
  const source_array* a = observations(r);
  if (!a || a->info->rank < 2) return false;
  if (m->free_joint >= 0) return has_columns(a, m->nq + m->nv - 2) && m->balls == 0;
  int paths = 0;
  for (int i = 0; i < m->n_joints; i++) paths += model_is_path(m, i);
  return paths > 0 && m->axes == m->nq && has_columns(a, m->nq + m->nv - paths);
}

static df_status settle_without_xy(recognition* r) {
  const model_study* m = r->model;
  put(r, "data.states_key", observations(r)->name, "");
  put(r, "data.root_xy", "integrated", "the observations leave out where the root is along the floor");
  if (m->free_joint >= 0) {
    put(r, "data.columns",
        m->axes > 0 ? "root_z,root_quat,joints,root_linvel,root_angvel,joint_vel"
                    : "root_z,root_quat,root_linvel,root_angvel",
        "observations [qpos, qvel] without x and y of the root");
    return DF_OK;
  }
  text joints = {0}, all = {0};
  for (int i = 0; i < m->n_joints; i++) {
    if (!model_is_path(m, i)) text_add(&joints, "%s%s", joints.n ? "," : "", m->joints[i].name);
    text_add(&all, "%s%s", all.n ? "," : "", m->joints[i].name);
  }
  put(r, "data.columns", "joints,joint_vel", "observations [qpos, qvel] without the path of the root");
  put(r, "data.joints", text_of(&joints), "");
  put(r, "data.velocity_joints", text_of(&all), "");
  text_clear(&joints);
  text_clear(&all);
  return DF_OK;
}

/* ---- the cart-pole of Gymnasium ---- */

static bool fits_cart_pole(const recognition* r) {
  const model_study* m = r->model;
  const source_array* acts = source_find(r->files, ACTION_NAMES, action_names);
  return m->n_joints == 2 && m->nq == 2 && m->nu == 1 && m->joints[0].kind == DF_JOINT_SLIDE &&
         m->joints[1].kind == DF_JOINT_HINGE && has_columns(observations(r), 4) && acts &&
         strncmp(acts->info->type, "int", 3) == 0;
}

static df_status settle_cart_pole(recognition* r) {
  const char *cart = r->model->joints[0].name, *pole = r->model->joints[1].name, *obs = observations(r)->name;
  text joints = {0}, velocities = {0}, columns = {0};
  text_add(&joints, "%s,=cart velocity,%s,=pole velocity", cart, pole);
  text_add(&velocities, "=cart position,%s,=pole angle,%s", cart, pole);
  text_add(&columns, "joints,joint_vel@%s", obs);
  put(r, "data.states_key", obs, "");
  put(r, "data.columns", text_of(&columns), "CartPole: position, velocity, angle, angular velocity; read twice");
  put(r, "data.joints", text_of(&joints), "a name after = alone is a column that is no position");
  put(r, "data.velocity_joints", text_of(&velocities), "a name after = alone is a column that is no velocity");
  put(r, "data.rate", "50", "CartPole's tau is 0.02 s");
  put(r, "data.action_scale", "20", "CartPole's actions 0 and 1 are forces of -10 and 10 N");
  put(r, "data.action_offset", "-10", "");
  text_clear(&joints);
  text_clear(&velocities);
  text_clear(&columns);
  return DF_OK;
}

/* ---- a column of its own for each value ---- */

static const char STATE_COLUMNS[] = "observation.state.", VELOCITY_COLUMNS[] = "observation.velocity.";

/* observation.state.NAME for all of qpos, with observation.velocity.NAME for qvel, or for whole states */
static bool fits_value_columns(const recognition* r) {
  const int n = count_beginning(r, STATE_COLUMNS), velocities = count_beginning(r, VELOCITY_COLUMNS);
  return (n == r->model->nq && (velocities == 0 || velocities == r->model->nv)) ||
         n == r->model->nq + r->model->nv + r->model->na;
}

static df_status settle_value_columns(recognition* r) {
  static const char* const all[] = {"observation.state.*", "observation.velocity.*"};
  DF_TRY(refuse_unreadable(r, "data.columns", 2, all));
  text columns = {0};
  const bool whole = count_beginning(r, STATE_COLUMNS) != r->model->nq;
  text_add(&columns, "%s@%s*", whole ? "state" : "qpos", STATE_COLUMNS);
  if (!whole && count_beginning(r, VELOCITY_COLUMNS)) text_add(&columns, ",qvel@%s*", VELOCITY_COLUMNS);
  put(r, "data.columns", text_of(&columns), "a column of its own for each value, in the order of the model");
  text_clear(&columns);
  return DF_OK;
}

/* ---- a table with named columns ---- */

/* observation.state.NAME is a layout of its own */
static bool fits_named_table(const recognition* r) {
  return count_beginning(r, STATE_COLUMNS) == 0 && named_table_fits(r);
}

/* ---- the table ---- */

static const known_layout table_of_layouts[] = {
    {"Gymnasium CartPole", "obs: x, dx, angle, dangle; integer actions", fits_cart_pole, settle_cart_pole},
    {"named columns", "a table whose columns are named like the joints and the base (x, qw, base_pos_x, root_quat_x)",
     fits_named_table, named_table_settle},
    {"qpos and qvel", "arrays qpos, qvel and act, also below infos, observations, obs, state", fits_qpos, settle_qpos},
    {"whole states", "an array with nq + nv + na columns", fits_states, settle_states},
    {"flattened states", "an array states with a column of time before nq + nv + na others (robomimic)", fits_flattened,
     settle_flattened},
    {"one array per joint", "q_NAME and dq_NAME (loco-mujoco)", fits_joint_arrays, settle_joint_arrays},
    {"a column per value", "observation.state.NAME, observation.velocity.NAME, action.NAME (LeRobot as a table)",
     fits_value_columns, settle_value_columns},
    {"dm_control clips", "groups with walkers/walker_0/position, quaternion, joints", fits_dm_control,
     settle_dm_control},
    {"AMP", "Frames of 61 columns, for a quadruped", fits_amp, settle_amp},
    {"DeepMimic", "Frames of a duration, the root and its joints, for a humanoid with their names or ball joints",
     deepmimic_fits, deepmimic_settle},
    {"motion_imitation", "JSON, Frames of 7 columns and one per joint", fits_mocap_json, settle_mocap_json},
    {"retargeted joints", "a table of 7 columns and one per joint (LAFAN1)", fits_joint_table, settle_joint_table},
    {"observations without x, y", "[qpos, qvel] without horizontal positions of the root (Gymnasium, D4RL, Minari)",
     fits_without_xy, settle_without_xy},
    {"cosines and sines", "observations of cosines, sines and velocities (Gymnasium Pendulum)", fits_cos_sin,
     settle_cos_sin}};

int known_layouts(const known_layout** list) {
  *list = table_of_layouts;
  return (int)(sizeof table_of_layouts / sizeof *table_of_layouts);
}

/* ---- what goes with any layout ---- */

static const char* const clock_names[] = {"time",         "t",           "timestamp", "timestamps",  "time_s",
                                          "time_ms",      "time_us",     "time_ns",   "timestamp_s", "timestamp_ms",
                                          "timestamp_us", "timestamp_ns"};
enum { CLOCK_NAMES = sizeof clock_names / sizeof *clock_names };

/* whether an array of such a name is seldom anything else than a clock */
static bool is_named_clock(const char* name) {
  return strcmp(name, "t") != 0;
}

/* Refuses times of which one is infinite: they would tell no duration. Those that are NaN may be padding. */
static df_status refuse_endless(const recognition* r, const source_array* a) {
  df_array values;
  DF_TRY(source_read(r->files, a, &values));
  size_t i = 0;
  while (i < values.count && !isinf(values.values[i])) i++;
  const df_status status =
      i == values.count
          ? DF_OK
          : df_fail(DF_E_NONFINITE,
                    "%s: array '%s' is %g at index %zu: correct this time, or give the rate by --set data.rate=HZ",
                    r->files->path[0], a->name, values.values[i], i);
  df_array_clear(&values);
  return status;
}

static df_status time_step(const recognition* r, const source_array* a, clock_steps* out) {
  df_array values;
  DF_TRY(source_read(r->files, a, &values));
  *out = clock_steps_of(values.count, values.values, is_named_clock(a->name));
  df_array_clear(&values);
  return DF_OK;
}

/* Whether the clock `name` of one of the files begins again within it; a file without it has no such clock. Times that
 * are not in order, which check_clocks() refuses, are no clock where the user gave the rate. */
static df_status begins_again(const source* files, const char* name, bool* found) {
  *found = false;
  for (int i = 0; i < files->n && !*found; i++) {
    df_arrays* arrays;
    df_array values;
    DF_TRY(df_arrays_open(files->path[i], &arrays));
    const bool has = df_arrays_find(arrays, name) >= 0;
    const df_status status = has ? df_arrays_read(arrays, name, &values) : DF_OK;
    if (has && status == DF_OK) {
      const clock_steps steps = clock_steps_of(values.count, values.values, is_named_clock(name));
      const clock_array clock = {.path = files->path[i],
                                 .name = name,
                                 .n = values.count,
                                 .row = values.count,
                                 .time = values.values,
                                 .named = true};
      *found = steps.mean > 0 && steps.falls > 0 && clock_check_order(&clock) == DF_OK;
      df_array_clear(&values);
    }
    df_arrays_close(arrays);
    DF_TRY(status);
  }
  return DF_OK;
}

/* Whether an array can be read exactly; else a note says why not. Only what nothing else needs is left out so. */
static bool is_readable(recognition* r, const source_array* a) {
  df_array values;
  const df_status status = source_read(r->files, a, &values);
  df_array_clear(&values);
  if (status == DF_E_FORMAT)
    text_add(&r->notes, "array %s gives no rate, and is left out: %s; data.rate says how many frames a second has\n",
             a->name, df_error_message());
  return status != DF_E_FORMAT;
}

/* the rate of a clock as a number */
static void put_clock_rate(recognition* r, const source_array* a, double step, const char* unit) {
  const double rate = clock_plain_rate(1 / step);
  const bool seconds = strcmp(unit, "s") == 0;
  settings_put_number_why(r->found, "data.rate", rate, "by the array %s%s%s", a->name, seconds ? "" : ", in ",
                          seconds ? "" : unit);
  if (!seconds)
    text_add(&r->notes,
             "frame rate: %.6g Hz, by the array %s, whose times are taken to be in %s; --set data.rate=HZ "
             "says otherwise\n",
             rate, a->name, unit);
  r->clock = a;
}

/* That a clock that only gives the rate pauses, and what to do: no row of the check looks at its times. scale: the unit
 * of the times in that of the steps. */
static void note_pause(recognition* r, const source_array* a, const clock_steps* steps, double scale) {
  const clock_pause* p = &steps->pause;
  char* of = steps->falls ? format_text(" of episode %zu", p->episode) : format_text("%s", "");
  char* more = p->n > 1 ? format_text(", the longest of %zu pauses", p->n) : format_text("%s", "");
  text_add(&r->notes,
           "the clock %s pauses for %.4g s at row %zu%s (a frame takes %.4g s%s), and only gives the frame rate: if an "
           "episode ends or frames are missing there, cut the episodes (data.ends_key) or leave out this one "
           "(data.select)\n",
           a->name, p->longest * scale, p->row, of, steps->mean * scale, more);
  df_free(of);
  df_free(more);
}

/* Says that numbers which are times by their name, and grow, tell no rate. */
static df_status note_no_rate(recognition* r, const source_array* a) {
  df_array values;
  double shortest = INFINITY;
  DF_TRY(source_read(r->files, a, &values));
  for (size_t i = 1; i < values.count; i++) {
    const double one = values.values[i] - values.values[i - 1];
    if (one > 0) shortest = fmin(shortest, one);
  }
  df_array_clear(&values);
  if (!is_named_clock(a->name) || isinf(shortest)) return DF_OK;
  text_add(
      &r->notes,
      "the array %s gives no frame rate: of its steps forward, the shortest is %.4g, and in none of s, ms, us and ns "
      "are they durations of frames, 0.1 ms to 1 s; --set data.rate=HZ gives the rate\n",
      a->name, shortest);
  return DF_OK;
}

/* whether a block of the columns has times or durations */
static bool has_time_block(const setting* columns) {
  return columns && (strstr(columns->value, "time") || strstr(columns->value, "duration"));
}

/* A column of time in an array of its own gives the rate: as a block of data.columns, or, if the user gave these, or it
 * has a dimension for episodes or another unit than seconds, as a number. */
static df_status settle_time(recognition* r, stated_clock* clock) {
  const setting *columns = settings_find(r->found, "data.columns"), *rate = settings_find(r->found, "data.rate");
  const source_array* a = source_find(r->files, CLOCK_NAMES, clock_names);
  clock_steps steps;
  DF_TRY(refuse_unreadable(r, "data.rate", CLOCK_NAMES, clock_names));
  if (!a || (rate && rate->given)) return DF_OK;
  if (has_time_block(columns)) return DF_OK;
  if (!is_readable(r, a)) return DF_OK;
  DF_TRY(refuse_endless(r, a));
  DF_TRY(time_step(r, a, &steps));
  const clock_unit* unit = clock_unit_of(a->name, steps.unit);
  if (steps.mean == 0) return note_no_rate(r, a);
  const double scale = unit->seconds / steps.unit->seconds;
  settings_drop(r->found, "data.rate");
  *clock = (stated_clock){.array = a, .frame = steps.mean * scale};
  if (source_columns(a) != 1 || (columns && columns->given) || unit->seconds != 1) {
    if (steps.pause.n) note_pause(r, a, &steps, scale);
    put_clock_rate(r, a, steps.mean * scale, unit->name);
    return DF_OK;
  }
  clock->column = true;
  char* value = format_text("%s,time@%s", columns ? columns->value : "state", a->name);
  char* why = format_text("%s; the array %s gives the rate", columns ? columns->why : "whole states", a->name);
  put(r, "data.columns", value, why);
  df_free(value);
  df_free(why);
  return DF_OK;
}

bool layout_names_rate(const char* name) {
  const char *last = strrchr(name, '/'), *const * names;
  const int n = stated_rate_names(&names);
  bool found = false;
  for (int i = 0; i < n; i++) found = found || strcmp(last ? last + 1 : name, names[i]) == 0;
  return found;
}

df_status layout_find_rate(recognition* r) {
  static const double LEAST = 1, MOST = 1e4;
  const setting *columns = settings_find(r->found, "data.columns"), *rate = settings_find(r->found, "data.rate");
  if ((rate && rate->given) || r->clock || states_rate(r)) return DF_OK;
  if (has_time_block(columns)) return DF_OK;
  const char* const* names;
  const int n = stated_rate_names(&names);
  for (int i = 0; i < n; i++) {
    const source_array* a = source_array_named(r->files, names[i]);
    df_array value;
    if (!a) continue;
    if (!a->info->numeric) return fail_rate_text(r, a);
    DF_TRY(source_read(r->files, a, &value));
    const double hertz = value.count == 1 ? value.values[0] : 0;
    df_array_clear(&value);
    if (!(hertz >= LEAST && hertz <= MOST)) continue;
    settings_put_number_why(r->found, "data.rate", hertz, "the number '%s' in the file, taken as frames per second",
                            a->name);
    r->clock = a;
    return DF_OK;
  }
  return DF_OK;
}

static bool fits_actuators(const recognition* r, const source_array* a) {
  return a && (source_columns(a) == r->model->nu || (r->model->nu == 1 && a->info->rank <= 2));
}

static df_status settle_actions(recognition* r) {
  static const char* const forms[] = {"action.*", "action_*", "action/*", "ctrl.*", "ctrl_*", "ctrl/*"};
  const source_array* a = source_find(r->files, ACTION_NAMES, action_names);
  const setting* given = settings_find(r->found, "data.actions_key");
  bool found;
  char* lacks;
  if (given && given->given) return DF_OK;
  DF_TRY(refuse_unreadable(r, "data.actions_key", ACTION_NAMES, action_names));
  if (fits_actuators(r, a)) {
    put(r, "data.actions_key", a->name, "");
    return DF_OK;
  }
  DF_TRY(refuse_unreadable(r, "data.actions_key", (int)(sizeof forms / sizeof *forms), forms));
  action_columns_settle(r, &found, &lacks);
  if (found) return DF_OK;
  if (!a && r->model->nu > 0 && count_beginning(r, "action.") == r->model->nu) {
    put(r, "data.actions_key", "action.*", "a column of its own for each value, in the order of the model");
  } else if (a) {
    settings_put_why(
        r->found, "data.actions_key", "",
        "the array %s has %d columns, but the model has %d actuators: its actions are not those of this model", a->name,
        source_columns(a), r->model->nu);
  } else {
    put(r, "data.actions_key", "", lacks ? lacks : "the recording has states only");
    if (lacks) text_add(&r->notes, "no actions are used: %s; data.actions_key says which are\n", lacks);
  }
  df_free(lacks);
  return DF_OK;
}

static df_status settle_ends(recognition* r) {
  static const char* const indices[] = {"indices", "split_points", "episode_ends", "ends"};
  static const char* const per_row[] = {"episode_index", "episode_id", "episode"};
  static const char* const flags[] = {"terminals", "timeouts", "terminations", "truncations", "dones", "terminal"};
  static const char* const clocks[] = {"time", "t", "timestamp", "timestamps", "frame_index"};
  if (r->files->episodes[0]) {
    put(r, "data.episodes_key", r->files->episodes, "a group per episode");
    return DF_OK;
  }
  DF_TRY(refuse_unreadable(r, "data.ends_key", 4, indices));
  DF_TRY(refuse_unreadable(r, "data.ends_key", 3, per_row));
  DF_TRY(refuse_unreadable(r, "data.ends_key", 6, flags));
  const source_array* a = source_find(r->files, 4, indices);
  if (a) {
    put(r, "data.ends_key", a->name, "where episodes end");
    /* the name of the imitation library, without the last one */
    if (a == named(r, "indices")) put(r, "data.ends_rows", "actions", "the row numbers split the actions");
    return DF_OK;
  }
  a = source_find(r->files, 3, per_row);
  if (a && a->info->rank == 1) {
    put(r, "data.ends_key", a->name, "the index of the episode of each frame");
    return DF_OK;
  }
  text value = {0};
  for (int i = 0; i < 6; i++) {
    const source_array* flag = named(r, flags[i]);
    if (flag && flag->info->rank == 1) text_add(&value, "%s%s", value.n ? "+" : "", flag->name);
  }
  const bool flagged = value.n > 0;
  if (flagged) put(r, "data.ends_key", text_of(&value), "flags at the last frames of episodes");
  text_clear(&value);
  for (size_t i = 0; i < sizeof clocks / sizeof *clocks && !flagged; i++) {
    bool again;
    a = source_find(r->files, 1, &clocks[i]);
    if (!a || a->info->rank != 1) continue;
    DF_TRY(begins_again(r->files, a->name, &again));
    if (!again) continue;
    put(r, "data.ends_key", a->name, "its numbers begin again with each episode");
    return DF_OK;
  }
  return DF_OK;
}

/* ---- the order of times ---- */

static size_t rows_of(const df_array_info* info) {
  size_t rows = 1;
  for (int k = 0; k < info->rank - (info->rank > 1); k++) rows *= info->shape[k];
  return rows;
}

/* the rows of the states, if one array has them, else of the array with most of them that is no image */
static size_t count_frames(const recognition* r) {
  const setting* key = settings_find(r->found, "data.states_key");
  const source_array* states = key ? named(r, key->value) : NULL;
  size_t most = 0;
  if (states) return rows_of(states->info);
  for (int i = 0; i < r->files->n_arrays; i++) {
    const df_array_info* info = r->files->list[i].info;
    if (info->numeric && info->rank <= 3 && rows_of(info) > most) most = rows_of(info);
  }
  return most;
}

/* the numbers of an array of times that are those of an episode, or of several, one after the other */
static size_t row_of(const df_array_info* info, size_t count) {
  int last = info->rank - 1;
  if (last > 0 && info->shape[last] == 1) last--;
  return last > 0 ? info->shape[last] : count;
}

/* clears the values */
static df_status check_clock(const recognition* r, const char* path, const df_array_info* info, df_array* values,
                             bool ends_known) {
  const clock_array clock = {.path = path,
                             .name = info->name,
                             .n = values->count,
                             .row = row_of(info, values->count),
                             .time = values->values,
                             .named = is_named_clock(source_name_in_group(r->files, info->name)),
                             .ends_known = ends_known};
  const df_status status = clock_check_order(&clock);
  df_array_clear(values);
  return status;
}

/* in all groups of a file */
static df_status check_clocks_of(const recognition* r, const char* path, const char* name, bool ends_known) {
  df_arrays* arrays;
  DF_TRY(df_arrays_open(path, &arrays));
  df_status status = DF_OK;
  for (int i = 0; i < df_arrays_count(arrays) && status == DF_OK; i++) {
    const df_array_info* info = df_arrays_info(arrays, i);
    df_array values;
    if (!info->numeric || strcmp(source_name_in_group(r->files, info->name), name) != 0) continue;
    /* one that cannot be read exactly is left out, as by settle_time() */
    status = df_arrays_read(arrays, info->name, &values);
    if (status == DF_E_FORMAT)
      status = DF_OK;
    else if (status == DF_OK)
      status = check_clock(r, path, info, &values, ends_known);
  }
  df_arrays_close(arrays);
  return status;
}
/* Refuses times that are not in order, as clocks of the rate or of the ends of episodes, unless the user gave the rate:
 * then they are no clock. Arrays with fewer numbers than frames are no times of frames. */
static df_status check_clocks(recognition* r) {
  static const char* const counts[] = {"frame_index"};
  const setting *rate = settings_find(r->found, "data.rate"), *columns = settings_find(r->found, "data.columns"),
                *ends = settings_find(r->found, "data.ends_key");
  if ((rate && rate->given) || (columns && columns->given && has_time_block(columns))) return DF_OK;
  for (int k = 0; k < CLOCK_NAMES + 1; k++) {
    const source_array* a = source_find(r->files, 1, k < CLOCK_NAMES ? &clock_names[k] : counts);
    size_t n = 1;
    if (!a) continue;
    for (int i = 0; i < a->info->rank; i++) n *= a->info->shape[i];
    if (n < 2 || n < count_frames(r)) continue;
    const bool ends_known = ends && ends->value[0] && strcmp(ends->value, a->name) != 0;
    for (int i = 0; i < r->files->n; i++) DF_TRY(check_clocks_of(r, r->files->path[i], a->name, ends_known));
  }
  return DF_OK;
}

enum { NAMED_ARRAYS = 12 };

/* why the first array that is neither numbers nor text cannot be read; "": there is none */
static char* first_unreadable(const source* files) {
  for (int i = 0; i < files->n_arrays; i++) {
    const df_array_info* info = files->list[i].info;
    df_array values;
    if (info->numeric || strcmp(info->type, "text") == 0) continue;
    if (df_arrays_read(files->arrays, info->name, &values) != DF_OK) return format_text("; %s", df_error_message());
    df_array_clear(&values);
  }
  return format_text("%s", "");
}

static df_status fail_unknown(const recognition* r) {
  const model_study* m = r->model;
  text arrays = {0}, layouts = {0};
  char* unreadable = first_unreadable(r->files);
  int named = 0;
  for (int i = 0; i < r->files->n_arrays; i++) {
    const df_array_info* info = r->files->list[i].info;
    if (!info->numeric || named++ >= NAMED_ARRAYS) continue;
    text_add(&arrays, "%s%s [", arrays.n ? ", " : "", r->files->list[i].name);
    for (int k = 0; k < info->rank; k++) text_add(&arrays, "%s%zu", k ? "][" : "", info->shape[k]);
    text_add(&arrays, "]");
  }
  if (named > NAMED_ARRAYS) text_add(&arrays, " and %d more", named - NAMED_ARRAYS);
  const int n = (int)(sizeof table_of_layouts / sizeof *table_of_layouts);
  for (int i = 0; i < n; i++) text_add(&layouts, "%s%s", i ? ", " : "", table_of_layouts[i].name);
  named_table_lacks(r, &arrays);
  const df_status status = df_fail(
      DF_E_CONFIG,
      "%s: import does not recognise this layout (it knows: %s); its arrays: %s%s; the model has nq = %d, nv = %d, na "
      "= %d, nu = "
      "%d "
      "and "
      "%d hinges and slides; say what the columns are: --set data.states_key=ARRAY --set data.columns=BLOCK,... "
      "(docs/recordings.md)",
      r->files->path[0], text_of(&layouts), arrays.n ? text_of(&arrays) : "none", unreadable, m->nq, m->nv, m->na,
      m->nu, m->axes);
  df_free(unreadable);
  text_clear(&arrays);
  text_clear(&layouts);
  return status;
}

/* What the user's columns leave open: the array that they describe, if it is not called `states`, and that the path of
 * a root of which they give the height alone is integrated. */
static void settle_given_columns(recognition* r) {
  const char* columns = settings_find(r->found, "data.columns")->value;
  for (int i = 0; i < STATE_NAMES && !named(r, "states") && !settings_find(r->found, "data.states_key"); i++) {
    const source_array* a = named(r, state_names[i]);
    if (a && a->info->rank >= 2)
      put(r, "data.states_key", a->name, "the array that data.columns describe, by its name");
  }
  if (strstr(columns, "root_z") && !strstr(columns, "root_pos"))
    put(r, "data.root_xy", "integrated", "data.columns leave out where the root is along the floor");
}

df_status recognise(recognition* r, const known_layout** layout) {
  *layout = NULL;
  const bool given = settings_find(r->found, "data.columns") != NULL;
  const int n = (int)(sizeof table_of_layouts / sizeof *table_of_layouts);
  for (int i = 0; i < n && !*layout && !given; i++) {
    if (table_of_layouts[i].fits(r)) *layout = &table_of_layouts[i];
  }
  if (given) settle_given_columns(r);
  if (!given && (!*layout || (*layout)->fits != fits_named_table) && named_table_is_partial(r)) return fail_unknown(r);
  if (!given && !*layout) return fail_unknown(r);
  if (*layout) DF_TRY((*layout)->settle(r));
  stated_clock clock = {0};
  DF_TRY(settle_time(r, &clock));
  DF_TRY(stated_rates_compare(r, &clock));
  DF_TRY(layout_find_rate(r));
  DF_TRY(settle_actions(r));
  DF_TRY(settle_ends(r));
  return check_clocks(r);
}
