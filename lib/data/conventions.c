#include "conventions.h"

#include <math.h>
#include <string.h>

#include "rotation.h"

static const double radians_per_degree = 3.14159265358979323846 / 180;

/* of the numbers of a quaternion, a sine or a cosine, for their rounding */
static const double LARGEST = 0.999;

/* turns a vector whose y axis points up: (x, y, z) becomes (x, -z, y) */
static const double y_to_z[4] = {0.70710678118654752440, 0.70710678118654752440, 0, 0};

/* ---- settings ---- */

static df_status read_euler(const char* axes, char out[4]) {
  const bool lower = strspn(axes, "xyz") == 3, upper = strspn(axes, "XYZ") == 3;
  if (strlen(axes) != 3 || !(lower || upper) || axes[0] == axes[1] || axes[1] == axes[2]) {
    return df_fail(DF_E_CONFIG,
                   "data.euler = '%s': expected three axes such as xyz (about fixed axes) or ZYX (about rotating axes)",
                   axes);
  }
  memcpy(out, axes, 4);
  return DF_OK;
}

static df_status read_base(const df_list* list, conventions* out) {
  double norm = 0;
  for (int i = 0; i < list->n; i++) norm += list->v[i] * list->v[i];
  norm = sqrt(norm);
  if (list->n != 4 || fabs(norm - 1) > 0.01) {
    return df_fail(DF_E_CONFIG,
                   "data.base_rotation has %d numbers of norm %.6g; expected a quaternion w, x, y, z of norm 1",
                   list->n, norm);
  }
  for (int i = 0; i < 4; i++) out->base[i] = list->v[i] / norm;
  out->turned = fabs(out->base[0]) < 1;
  return DF_OK;
}

static df_status read_offset(const df_list* list, double out[3]) {
  if (list->n != 0 && list->n != 3) {
    return df_fail(DF_E_CONFIG, "data.position_offset has %d numbers; expected x, y, z", list->n);
  }
  for (int i = 0; i < list->n; i++) out[i] = list->v[i];
  return DF_OK;
}

static df_status check_root(const model_joints* model, const conventions* c) {
  const char* key = c->base_linear                                                ? "data.linear_velocity = base"
                    : c->world_angular                                            ? "data.angular_velocity = world"
                    : c->y_up                                                     ? "data.up = y"
                    : c->turned                                                   ? "data.base_rotation"
                    : c->offset[0] != 0 || c->offset[1] != 0 || c->offset[2] != 0 ? "data.position_offset"
                                                                                  : NULL;
  if (!key || model->root >= 0) return DF_OK;
  return df_fail(DF_E_CONFIG, "%s: the model has no free joint", key);
}

df_status conventions_read(const df_config* config, const model_joints* model, conventions* out) {
  *out = (conventions){.xyzw = strncmp(config->data_quaternion, "xyzw", 4) == 0,
                       .inverse = strstr(config->data_quaternion, "_inverse") != NULL,
                       .base_linear = strcmp(config->data_linear_velocity, "base") == 0,
                       .world_angular = strcmp(config->data_angular_velocity, "world") == 0,
                       .degrees = strcmp(config->data_angles, "deg") == 0,
                       .y_up = strcmp(config->data_up, "y") == 0,
                       .scale = config->data_position_scale};
  DF_TRY(read_euler(config->data_euler, out->euler));
  DF_TRY(read_base(&config->data_base_rotation, out));
  DF_TRY(read_offset(&config->data_position_offset, out->offset));
  return check_root(model, out);
}

/* ---- units and order ---- */

static void scale(double* values, int n, double factor) {
  for (int i = 0; i < n; i++) values[i] *= factor;
}

/* radians and metres */
static void set_units(const df_layout* layout, const conventions* c, double* x) {
  const double angle = c->degrees ? radians_per_degree : 1;
  for (int j = 0; j < layout->model.n; j++) {
    const df_joint* joint = &layout->model.joint[j];
    double *q = x + joint->qpos, *v = x + layout->model.nq + joint->dof;
    switch (joint->kind) {
      case DF_JOINT_FREE:
        scale(q, 3, c->scale);
        scale(v, 3, c->scale);
        scale(v + 3, 3, angle);
        break;
      case DF_JOINT_BALL:
        scale(v, 3, angle);
        break;
      case DF_JOINT_SLIDE:
        scale(q, 1, c->scale);
        scale(v, 1, c->scale);
        break;
      case DF_JOINT_HINGE:
        scale(q, 1, angle);
        scale(v, 1, angle);
        break;
    }
  }
}

static void set_quaternion(const conventions* c, double q[4]) {
  if (c->xyzw) {
    const double w = q[3];
    memmove(q + 1, q, 3 * sizeof *q);
    q[0] = w;
  }
  for (int i = 1; i < 4 && c->inverse; i++) q[i] = -q[i];
}

static void set_quaternions(const model_joints* model, const conventions* c, double* x) {
  for (int j = 0; j < model->n; j++) {
    const df_joint* joint = &model->joint[j];
    if (joint->kind != DF_JOINT_FREE && joint->kind != DF_JOINT_BALL) continue;
    set_quaternion(c, x + joint->qpos + (joint->kind == DF_JOINT_FREE ? 3 : 0));
  }
}

void frame_from_raw(const df_layout* layout, const conventions* c, const double* raw, double* x) {
  double angles[3] = {0};
  column_role orientation = COLUMN_SKIP;
  memset(x, 0, (size_t)layout->model.nx * sizeof *x);
  for (int i = 0; i < layout->columns; i++) {
    const layout_column* column = &layout->column[i];
    if (column->role == COLUMN_STATE) x[column->at] = raw[i];
    if (column->role == COLUMN_HEIGHT) x[c->y_up ? column->at - 1 : column->at] = raw[i];
    if (column->role == COLUMN_EULER || column->role == COLUMN_ROTVEC) {
      orientation = column->role;
      angles[column->at] = raw[i] * (c->degrees ? radians_per_degree : 1);
    }
  }
  if (c->degrees || c->scale != 1) set_units(layout, c, x);
  if (c->xyzw || c->inverse) set_quaternions(&layout->model, c, x);

  /* what is no number of a state itself */
  double* root = layout->model.root >= 0 ? x + layout->model.joint[layout->model.root].qpos + 3 : NULL;
  if (orientation == COLUMN_EULER) df_quat_euler(c->euler, angles, root);
  if (orientation == COLUMN_ROTVEC) df_quat_exp(angles, root);
  for (int i = 0; i < layout->columns; i++) {
    const layout_column* column = &layout->column[i];
    if (column->role == COLUMN_COS) x[column->at] = raw[i];
    if (column->role == COLUMN_SIN) x[column->at] = atan2(raw[i], x[column->at]);
  }
}

void frame_turn(const df_layout* layout, const conventions* c, const double* raw, int k, double q[4]) {
  for (int i = 0; i < layout->columns; i++) {
    const layout_column* column = &layout->column[i];
    if (column->role == COLUMN_TURN && column->at / 4 == k) q[column->at % 4] = raw[i];
  }
  set_quaternion(c, q);
}

/* ---- frames ---- */

static void turn_joint(const conventions* c, bool root, double* q, double* v) {
  double orientation[4];
  memcpy(orientation, q + 3, sizeof orientation);

  /* the orientation of the model's base */
  if (c->y_up) df_quat_product(y_to_z, orientation, q + 3);
  if (c->turned && root) {
    double up[4];
    memcpy(up, q + 3, sizeof up);
    df_quat_product(up, c->base, q + 3);
  }

  /* vectors in the recorded world, or in the recorded base */
  if (c->base_linear) df_quat_rotate(orientation, v, v);
  if (c->y_up) {
    df_quat_rotate(y_to_z, q, q);
    df_quat_rotate(y_to_z, v, v);
    if (c->world_angular) df_quat_rotate(y_to_z, v + 3, v + 3);
  }
  if (c->world_angular) {
    df_quat_rotate_back(q + 3, v + 3, v + 3);
  } else if (c->turned && root) {
    df_quat_rotate_back(c->base, v + 3, v + 3);
  }
}

/* Whether data.base_rotation b turns the axes of what a joint moves: those of a ball joint or of the orientation of a
 * body with three hinges, of the robot, whose bodies have the axes of the base. The recorded body at the orientation p
 * is the model's at s p b, with s of the vertical axis. With q, the turn of the joint between a parent and a child, the
 * child is at s p q b = (s p b) (b* q b). */
static bool is_turned(const model_joints* model, const conventions* c, int joint) {
  return c->turned && joint_is_of_root(model, joint);
}

static bool turns_ball(const model_joints* model, const conventions* c, int joint) {
  return model->joint[joint].kind == DF_JOINT_BALL && is_turned(model, c, joint);
}

/* the turn q and its velocity v, in the axes of the model's bodies */
static void turn_ball(const conventions* c, double* q, double* v) {
  df_quat_rotate_back(c->base, q + 1, q + 1);
  df_quat_rotate_back(c->base, v, v);
}

void frame_set_turn(const df_layout* layout, const conventions* c, int k, const double q[4], const double* before,
                    double* x) {
  const hinge_turn* turn = &layout->turn[k];
  double own[4], angle[3], last[3];
  memcpy(own, q, sizeof own);
  if (is_turned(&layout->model, c, turn->joint[0])) df_quat_rotate_back(c->base, own + 1, own + 1);
  for (int i = 0; i < 3 && before; i++) last[i] = before[turn->qpos[i]];
  hinge_turn_angles(turn, own, before ? last : NULL, angle);
  for (int i = 0; i < 3; i++) x[turn->qpos[i]] = angle[i];
}

void frame_to_model(const df_layout* layout, const conventions* c, double* x) {
  const model_joints* model = &layout->model;
  for (int j = 0; j < model->n; j++) {
    const df_joint* joint = &model->joint[j];
    if (turns_ball(model, c, j)) turn_ball(c, x + joint->qpos, x + model->nq + joint->dof);
    if (joint->kind != DF_JOINT_FREE) continue;
    double *q = x + model->joint[j].qpos, *v = x + model->nq + model->joint[j].dof;
    turn_joint(c, j == model->root, q, v);
    for (int i = 0; i < 3 && j == model->root; i++) {
      if (c->offset[i] != 0) q[i] += c->offset[i];
    }
  }
}

/* ---- rounding ---- */

/* an angle of up to half a turn, of three that make a quaternion: a turn by the angle a changes its entries by a / 2 */
static df_rounding rounding_of_angle(const conventions* c, df_stored_precision precision) {
  const double unit = c->degrees ? radians_per_degree : 1;
  return (df_rounding){.precision = precision, .unit = sqrt(3) / 2 * unit, .size = 180 * radians_per_degree / unit};
}

/* of what frame_from_raw() makes, but for its units */
static void rounding_from_raw(const df_layout* layout, const conventions* c, const df_stored_precision* precision,
                              df_rounding* out) {
  const int root = layout->model.root >= 0 ? layout->model.joint[layout->model.root].qpos + 3 : 0;
  for (int i = 0; i < layout->columns; i++) {
    const layout_column* column = &layout->column[i];
    switch (column->role) {
      case COLUMN_STATE:
      case COLUMN_HEIGHT:
        out[column->role == COLUMN_HEIGHT && c->y_up ? column->at - 1 : column->at].precision = precision[i];
        break;
      case COLUMN_COS:
      case COLUMN_SIN:
        out[column->at] = (df_rounding){.precision = precision[i], .unit = sqrt(2), .size = LARGEST};
        break;
      case COLUMN_EULER:
      case COLUMN_ROTVEC:
        for (int k = 0; k < 4; k++) out[root + k] = rounding_of_angle(c, precision[i]);
        break;
      case COLUMN_TURN:
        for (int k = 0; k < 3; k++) {
          out[layout->turn[column->at / 4].qpos[k]] =
              (df_rounding){.precision = precision[i], .unit = 2, .size = LARGEST};
        }
        break;
      case COLUMN_SKIP:
      case COLUMN_TIME:
      case COLUMN_DURATION:
        break;
    }
  }
}

static void swap(df_rounding* a, df_rounding* b) {
  const df_rounding was = *a;
  *a = *b;
  *b = was;
}

/* of what turn_joint() makes */
static void turn_rounding(const conventions* c, bool root, df_rounding* q, df_rounding* v) {
  if (c->y_up) {
    swap(q + 1, q + 2);
    swap(v + 1, v + 2);
  }
  for (int i = 3; i < 7; i++) {
    if ((c->y_up || (c->turned && root)) && q[i].size == 0) q[i].size = LARGEST;
  }
  for (int i = 0; i < 3; i++) {
    v[i].rotated = c->base_linear;
    v[3 + i].rotated = c->world_angular || (c->turned && root);
  }
}

/* of what turn_ball() makes */
static void turn_ball_rounding(df_rounding* q, df_rounding* v) {
  for (int i = 0; i < 4; i++) {
    if (q[i].size == 0) q[i].size = LARGEST;
  }
  for (int i = 0; i < 3; i++) v[i].rotated = true;
}

void frame_rounding(const df_layout* layout, const conventions* c, const df_stored_precision* precision, double* unit,
                    df_rounding* out) {
  const model_joints* model = &layout->model;
  for (int i = 0; i < model->nx; i++) unit[i] = 1;
  set_units(layout, c, unit);
  for (int i = 0; i < model->nx; i++) out[i] = (df_rounding){.unit = unit[i]};
  rounding_from_raw(layout, c, precision, out);
  for (int j = 0; j < model->n; j++) {
    if (turns_ball(model, c, j)) turn_ball_rounding(out + model->joint[j].qpos, out + model->nq + model->joint[j].dof);
    if (model->joint[j].kind != DF_JOINT_FREE) continue;
    df_rounding *q = out + model->joint[j].qpos, *v = out + model->nq + model->joint[j].dof;
    turn_rounding(c, j == model->root, q, v);
    for (int i = 0; i < 3 && j == model->root; i++) q[i].offset = c->offset[i];
  }
}
