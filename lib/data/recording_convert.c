/* conversion of a recording to demonstrations */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "conventions.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/data/quaternion_norm.h"
#include "motion.h"
#include "recording_internal.h"

/* times in columns may be rounded: up to this part of a frame they are those of a constant rate */
static const double time_rounding = 0.05;
/* of data.rate: six digits, as the rate of frames of 15 ms is written, 66.6667 */
static const double rate_rounding = 5e-6;

/* the frames of an episode in which the quaternion of a joint has a norm other than 1 */
typedef struct off_norms {
  int n, frame; /* the first one */
  double norm;  /* its */
} off_norms;

typedef struct converter {
  const df_recording* r;
  const df_config* config;
  const df_system* system;
  const df_layout* layout;
  const model_joints* model;
  conventions conventions;
  bool* missing;    /* [nv] velocities that are differences */
  bool any_missing; /* one of them is */
  bool* integrated; /* [nq] positions that are integrals of velocities */
  motion* motion;   /* [episodes] as recorded, with missing positions; then at the rate of the system */
  motion* frames;   /* [episodes] */
  double* stretch;  /* [episodes] recorded duration of a frame / that of an action; 0: not constant */
  off_norms* off;   /* [joints] of the episode that is read */
  df_quaternion_norms norms;
  int file; /* whose episodes are resampled, and the bytes of their frames */
  double bytes;
} converter;

/* ---- what the recording gives ---- */

/* the velocity that a missing position is integrated from, as an index in x; -1: none */
static int velocity_of(const model_joints* model, int q) {
  for (int j = 0; j < model->n; j++) {
    const df_joint* joint = &model->joint[j];
    const bool horizontal = j == model->root && (q == joint->qpos || q == joint->qpos + 1);
    if (horizontal || (joint->kind == DF_JOINT_SLIDE && q == joint->qpos)) {
      return model->nq + joint->dof + (q - joint->qpos);
    }
  }
  return -1;
}

static df_status check_positions(converter* c) {
  char text[120];
  const bool integrate = strcmp(c->config->data_root_xy, "integrated") == 0;
  for (int q = 0; q < c->model->nq; q++) {
    const int v = velocity_of(c->model, q);
    if (c->layout->given[q]) continue;
    c->integrated[q] = integrate && v >= 0 && c->layout->given[v];
    if (c->integrated[q]) continue;
    const bool could = v >= 0 && c->layout->given[v];
    return df_fail(DF_E_CONFIG, "%s: the recording does not give %s; add it to data.columns%s%s", c->r->file[0],
                   coordinate_text(c->model, q, text), could ? ", or set data.root_xy: integrated" : "",
                   integrate && !could ? "; its velocity, to integrate, is not recorded" : "");
  }
  for (int i = c->model->nq + c->model->nv; i < c->model->nx; i++) {
    if (c->layout->given[i]) continue;
    return df_fail(DF_E_CONFIG,
                   "%s: the recording does not give %s, and the states of this model are not complete without: if "
                   "the file has activations, add the block act@ARRAY to data.columns; if it has none, record the "
                   "simulator's data.act with each state, or remove the activation dynamics of the model's actuators "
                   "(dyntype=\"none\", motors in place of muscles)",
                   c->r->file[0], coordinate_text(c->model, i, text));
  }
  return DF_OK;
}

static df_status check_velocities(converter* c) {
  char text[120];
  const char* from = c->config->data_velocities;
  const bool all = strcmp(from, "differences") == 0, none = strcmp(from, "recorded") == 0;
  for (int k = 0; k < c->model->nv; k++) {
    const bool given = c->layout->given[c->model->nq + k];
    if (!given && none) {
      return df_fail(
          DF_E_CONFIG,
          "%s: the recording does not give %s, and data.velocities is 'recorded'; add it to data.columns, or "
          "set data.velocities: auto",
          c->r->file[0], coordinate_text(c->model, c->model->nq + k, text));
    }
    c->missing[k] = all || !given;
    c->any_missing = c->any_missing || c->missing[k];
  }
  return DF_OK;
}

/* ---- time ---- */

/* whether the frames are at a constant rate up to rounding */
static bool is_constant(int frames, const double* time) {
  const double step = time[frames - 1] / (frames - 1);
  for (int t = 0; t < frames; t++) {
    if (fabs(time[t] - t * step) > time_rounding * step) return false;
  }
  return true;
}

/* of the time before: a clock that falls to less begins again */
static const double RESTART = 0.5;

static df_status check_times(const converter* c, int episode, const double* time) {
  const recorded_episode* e = &c->r->episode[episode];
  const int t = recording_time_fault(e->frames, time);
  if (t == 0) return DF_OK;
  if (time[t] <= RESTART * time[t - 1]) {
    return df_fail(DF_E_FORMAT,
                   "%s: episode %d: time begins again from frame %d to frame %d (%.9g s, %.9g s): another episode "
                   "begins there; set data.ends_key to an array that says where episodes end, such as an index of "
                   "the episode per frame or the array of this time",
                   c->r->file[e->file], e->number, t - 1, t, time[t - 1], time[t]);
  }
  return df_fail(DF_E_FORMAT, "%s: episode %d: time does not increase from frame %d to frame %d (%.9g s, %.9g s)",
                 c->r->file[e->file], e->number, t - 1, t, time[t - 1], time[t]);
}

/* sets the times and the stretch of an episode */
static df_status set_times(converter* c, int episode) {
  const recorded_episode* e = &c->r->episode[episode];
  double* time = c->motion[episode].time;
  const double dt = c->system->dt;
  double step = c->config->data_rate > 0 ? 1 / c->config->data_rate : 0, tolerance = DF_SAME_DURATION;
  if (step == 0 && recording_column_times(c->r, episode, time)) {
    DF_TRY(check_times(c, episode, time));
    if (!is_constant(e->frames, time)) return DF_OK;
    step = time[e->frames - 1] / (e->frames - 1);
    tolerance = time_rounding / e->frames;
  } else if (step == 0) {
    step = e->stated_dt > 0 ? e->stated_dt : dt;
  }
  if (c->config->data_rate > 0) tolerance = fmax(tolerance, fmin(rate_rounding, time_rounding / e->frames));
  c->stretch[episode] = fabs(step - dt) <= tolerance * dt ? 1 : step / dt;
  for (int t = 0; t < e->frames; t++) time[t] = t * step;
  return DF_OK;
}

/* ---- states ---- */

static int quaternion_of(const df_joint* joint) {
  return joint->kind == DF_JOINT_FREE ? joint->qpos + 3 : joint->kind == DF_JOINT_BALL ? joint->qpos : -1;
}

/* the first column of the quaternion of a joint, or of the body that it and two other hinges turn */
static int column_of_quaternion(const converter* c, int joint) {
  const int at = quaternion_of(&c->model->joint[joint]);
  int column = 0;
  for (; column < c->layout->columns - 1; column++) {
    const layout_column* one = &c->layout->column[column];
    const bool turns = one->role == COLUMN_TURN && c->layout->turn[one->at / 4].joint[0] == joint;
    if (turns || (at >= 0 && c->r->column[column].state == at)) break;
  }
  return column;
}

/* a quaternion of norm `norm` that is none, with the reason */
static df_status fail_quaternion(const converter* c, int episode, int t, int joint, double norm, const char* why) {
  const int column = column_of_quaternion(c, joint);
  char place[512];
  recorded_place(c->r, episode, column, place);
  return df_fail(DF_E_FORMAT, "%s: quaternion at episode %d, frame %d, index %d has norm %.6g, not 1: %s", place,
                 c->r->episode[episode].number, t, c->r->column[column].index, norm, why);
}

/* counts a quaternion whose norm is not 1 */
static df_status count_off(converter* c, int episode, int t, int joint, double norm) {
  df_quaternion_norms* n = &c->norms;
  if (df_quaternion_norm_kind(norm) == DF_NORM_NONE)
    return fail_quaternion(c, episode, t, joint, norm,
                           "norms from 0.707 to 1.293, as interpolation leaves them, would be normalised; check which "
                           "columns are quaternions (data.columns)");
  off_norms* off = &c->off[joint];
  if (off->n++ == 0) {
    off->frame = t;
    off->norm = norm;
  }
  if (n->n++ == 0 || fabs(norm - 1) > fabs(n->norm - 1)) {
    n->episode = c->r->episode[episode].number;
    n->frame = t;
    n->joint = joint;
    n->norm = norm;
  }
  return DF_OK;
}

/* normalises a quaternion of a joint; one of norm 1 up to rounding keeps its recorded bits */
static df_status normalise(converter* c, int episode, int t, int joint, double q[4]) {
  const double norm = sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
  if (df_quaternion_norm_kind(norm) != DF_NORM_ONE) DF_TRY(count_off(c, episode, t, joint, norm));
  if (fabs(norm - 1) > 1e-12) {
    for (int i = 0; i < 4; i++) q[i] /= norm;
  }
  return DF_OK;
}

/* moves the length of the quaternion of the root into the state, whatever it is */
static df_status split_length(const converter* c, int episode, int t, double* x) {
  double* q = x + quaternion_of(&c->model->joint[c->model->root]);
  const double length = sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
  if (!(length > 0) || !isfinite(length))
    return fail_quaternion(c, episode, t, c->model->root, length, "it has no direction; check data.columns");
  for (int i = 0; i < 4; i++) q[i] /= length;
  x[c->model->length] = length;
  return DF_OK;
}

static df_status normalise_quaternions(converter* c, int episode, int t, double* x) {
  for (int j = 0; j < c->model->n; j++) {
    const int at = quaternion_of(&c->model->joint[j]);
    if (at < 0) continue;
    if (c->model->length >= 0 && j == c->model->root) {
      DF_TRY(split_length(c, episode, t, x));
    } else {
      DF_TRY(normalise(c, episode, t, j, x + at));
    }
  }
  return DF_OK;
}

/* the angles of hinges whose bodies have recorded orientations */
static df_status read_turns(converter* c, int episode, int t, const double* raw, double* x) {
  for (int k = 0; k < c->layout->turns; k++) {
    double q[4];
    frame_turn(c->layout, &c->conventions, raw, k, q);
    DF_TRY(normalise(c, episode, t, c->layout->turn[k].joint[0], q));
    frame_set_turn(c->layout, &c->conventions, k, q, t > 0 ? x - c->model->nx : NULL, x);
  }
  return DF_OK;
}

/* the first quaternion of an episode that is none, if so many of its joint have a norm other than 1 */
static df_status check_off(const converter* c, int episode) {
  const recorded_episode* e = &c->r->episode[episode];
  char why[160];
  for (int j = 0; j < c->model->n; j++) {
    if (c->off[j].n <= DF_NORM_MOST_OFF * e->frames) continue;
    snprintf(why, sizeof why,
             "so are %d of the %d frames of this episode: check which columns are quaternions "
             "(data.columns)",
             c->off[j].n, e->frames);
    return fail_quaternion(c, episode, c->off[j].frame, j, c->off[j].norm, why);
  }
  return DF_OK;
}

/* the positions and velocities that are recorded, in the frames of the model */
static df_status read_frames(converter* c, int episode) {
  const recorded_episode* e = &c->r->episode[episode];
  const size_t nx = (size_t)c->model->nx;
  motion* m = &c->motion[episode];
  m->frames = e->frames;
  m->x = df_alloc((size_t)e->frames * nx, sizeof *m->x);
  m->time = df_alloc((size_t)e->frames, sizeof *m->time);
  if (!m->x || !m->time) return DF_E_NOMEM;
  for (int j = 0; j < c->model->n; j++) c->off[j] = (off_norms){0};
  for (int t = 0; t < e->frames; t++) {
    double* x = m->x + (size_t)t * nx;
    const double* raw = df_recording_frame(c->r, episode, t);
    frame_from_raw(c->layout, &c->conventions, raw, x);
    DF_TRY(normalise_quaternions(c, episode, t, x));
    DF_TRY(read_turns(c, episode, t, raw, x));
    frame_to_model(c->layout, &c->conventions, x);
  }
  DF_TRY(check_off(c, episode));
  for (int i = 0; i < c->layout->columns; i++) {
    if (c->layout->column[i].role == COLUMN_COS) motion_unwrap(m, c->model->nx, c->layout->column[i].at);
  }
  return DF_OK;
}

/* large numbers may overflow */
static df_status check_converted(const converter* c, int episode) {
  const recorded_episode* e = &c->r->episode[episode];
  const double* x = c->frames[episode].x;
  char text[120];
  for (int t = 0; t < c->frames[episode].frames; t++) {
    for (int i = 0; i < c->model->nx; i++, x++) {
      if (isfinite(*x)) continue;
      return df_fail(DF_E_NONFINITE, "%s: episode %d: after the conversion %s is %g in frame %d", c->r->file[e->file],
                     e->number, coordinate_text(c->model, i, text), *x, t);
    }
  }
  return DF_OK;
}

/* the steps by which the simulator that made the recording moves positions, as motion_integrate() takes them */
static double position_step(const df_system* system) {
  enum { RK4 = 1 }; /* mjINT_RK4 */
  if (!df_system_is_mujoco(system)) return system->dt;
  return df_mujoco_options_of(system).integrator == RK4 ? 0 : df_mujoco_timestep(system);
}

/* makes the frames at the rate of the actions, whose number depends on the times alone */
static df_status resample(converter* c, int episode) {
  const int file = c->r->episode[episode].file;
  const motion* m = &c->motion[episode];
  const double frames = motion_resampled_frames(m, c->system->dt);
  if (file != c->file) c->bytes = 0;
  c->file = file;
  c->bytes += frames * (c->model->nx + 1) * (double)sizeof(double);
  DF_TRY(recording_check_memory(c->r, c->config, episode, c->system->dt, frames, c->bytes));
  return recording_name_file(c->r->file[file],
                             motion_resample(c->system, c->model, m, c->system->dt, &c->frames[episode]));
}

static df_status convert_states(converter* c, int episode) {
  DF_TRY(read_frames(c, episode));
  DF_TRY(set_times(c, episode));
  motion *m = &c->motion[episode], *out = &c->frames[episode];
  for (int q = 0; q < c->model->nq; q++) {
    if (!c->integrated[q]) continue;
    const int k = c->model->root >= 0 ? q - c->model->joint[c->model->root].qpos : -1;
    motion_integrate(m, c->model->nx, q, velocity_of(c->model, q), k == 0 || k == 1 ? c->conventions.offset[k] : 0,
                     position_step(c->system));
  }
  if (c->stretch[episode] == 1) {
    *out = *m;
    *m = (motion){.frames = out->frames};
  } else {
    DF_TRY(resample(c, episode));
    if (out->frames < 2) {
      return df_fail(DF_E_MISMATCH, "%s: episode %d lasts %.6g s, less than an action (%.6g s)",
                     c->r->file[c->r->episode[episode].file], c->r->episode[episode].number, m->time[m->frames - 1],
                     c->system->dt);
    }
  }
  if (c->any_missing) DF_TRY(motion_differentiate(c->system, c->model, out, c->system->dt, c->missing));
  return check_converted(c, episode);
}

/* ---- actions ---- */

static df_status read_factors(const char* key, const df_list* list, int nu, double other, double* out) {
  if (list->n > 1 && list->n != nu) {
    return df_fail(DF_E_CONFIG, "%s has %d numbers; expected one, or one per actuator: %d", key, list->n, nu);
  }
  for (int i = 0; i < nu; i++) out[i] = list->n == 0 ? other : list->v[list->n == 1 ? 0 : i];
  return DF_OK;
}

/* the actuator of each column */
static df_status read_actuators(const converter* c, int* actuator) {
  const df_names* names = &c->r->config.data_actuators;
  for (int i = 0; i < c->system->nu; i++) actuator[i] = i;
  if (names->n == 0) return DF_OK;
  if (names->n != c->system->nu) {
    return df_fail(DF_E_CONFIG, "data.actuators lists %d actuators, but the model has %d", names->n, c->system->nu);
  }
  for (int i = 0; i < names->n; i++) {
    actuator[i] = df_system_is_mujoco(c->system) ? df_mujoco_actuator(c->system, names->v[i]) : -1;
    if (actuator[i] < 0) return df_fail(DF_E_CONFIG, "data.actuators: the model has no actuator '%s'", names->v[i]);
  }
  return DF_OK;
}

/* times that are irregular, at the longest interval: where frames are missing, it is a whole number of the usual ones
 */
static df_status fail_irregular(const converter* c, int episode) {
  const recorded_episode* e = &c->r->episode[episode];
  const double* time = c->motion[episode].time;
  int at = 1;
  double least = INFINITY;
  for (int t = 1; t < e->frames; t++) {
    if (time[t] - time[t - 1] > time[at] - time[at - 1]) at = t;
    least = fmin(least, time[t] - time[t - 1]);
  }
  return df_fail(
      DF_E_CONFIG,
      "%s: the times of episode %d are irregular: a frame takes %.6g s at least, and %.6g s from frame %d to "
      "%d; actions can be held or thinned out only if all frames take the same time: where frames are missing, "
      "end the episode there (data.ends_key), or set data.actions_key: \"\"",
      c->r->file[e->file], e->number, least, time[at] - time[at - 1], at - 1, at);
}

/* Whether the actions of an episode can be at the rate of the system. A file that states another rate than the task is
 * more likely a wrong system.timestep than a wish to hold actions, which changes what they do. */
static df_status check_rate(const converter* c, int episode) {
  const recorded_episode* e = &c->r->episode[episode];
  const double stretch = c->stretch[episode], inverse = 1 / stretch, dt = c->system->dt;
  const bool whole = stretch > 0 && (fabs(stretch - round(stretch)) < 1e-6 * stretch ||
                                     fabs(inverse - round(inverse)) < 1e-6 * inverse);
  if (stretch == 1 || (whole && c->config->data_rate > 0)) return DF_OK;
  if (stretch == 0) return fail_irregular(c, episode);
  const double step = stretch * dt;
  if (c->config->data_rate > 0) {
    return df_fail(DF_E_CONFIG,
                   "%s: a recorded frame lasts %.9g s and an action of the system %.9g s; actions can only be held or "
                   "thinned out by a whole number: set system.timestep and system.substeps, or data.actions_key: \"\"",
                   c->r->file[e->file], step, dt);
  }
  return df_fail(DF_E_MISMATCH,
                 "%s: %s is %.9g s, but an action of the system lasts %.9g s; set system.timestep and system.substeps, "
                 "or data.rate: %.9g to hold the recorded actions or thin them out",
                 c->r->file[e->file], e->stated_by[0] ? e->stated_by : "the duration of a frame", step, dt, 1 / step);
}

/* the row of the action that is applied in frame k */
static df_status action_row(const converter* c, int episode, int k, int* row) {
  const recorded_episode* e = &c->r->episode[episode];
  const double stretch = c->stretch[episode];
  const bool before = strcmp(c->config->data_action_time, "before") == 0;
  const int frame = stretch >= 1 ? k / (int)lround(stretch) : k * (int)lround(1 / stretch);
  *row = frame + before;
  if (*row < e->actions) return DF_OK;
  return df_fail(
      DF_E_CONFIG,
      "%s: episode %d has %d states and %d actions; data.action_time = before needs an action for every state",
      c->r->file[e->file], e->number, e->frames, e->actions);
}

/* The control of a recorded action, in the arithmetic of data.action_precision: in float32, scale, offset and both
 * results are rounded. */
static double control_of(bool single, double scale, double recorded, double offset) {
  if (!single) return scale * recorded + offset;
  const volatile float product = (float)scale * (float)recorded;
  const volatile float sum = product + (float)offset;
  return (double)sum;
}

/* Sets how actions were stored, after that of the states. */
static void set_rounding_of_actions(const converter* c, const double* scale, const double* offset, df_dataset* data) {
  data->action_precision = c->r->action_shown;
  for (int a = 0; a < data->nu; a++) {
    data->rounding[data->nx + a] =
        (df_rounding){.precision = c->r->action_precision, .unit = scale[a], .offset = offset[a]};
  }
}

static df_status copy_actions(const converter* c, df_dataset* data, const int* actuator, const double* scale,
                              const double* offset) {
  const df_list *scales = &c->config->data_action_scale, *offsets = &c->config->data_action_offset;
  const bool single = strcmp(c->config->data_action_precision, "float32") == 0;
  const bool changed = scales->n > 0 || offsets->n > 0 || single;
  double* out = data->actions;
  for (int e = 0; e < data->episodes; e++) {
    DF_TRY(check_rate(c, e));
    for (int k = 0; k < data->lengths[e]; k++, out += data->nu) {
      int row;
      DF_TRY(action_row(c, e, k, &row));
      const double* from = df_recording_action(c->r, e, row);
      for (int i = 0; i < data->nu; i++) {
        const int a = actuator[i];
        out[a] = changed ? control_of(single, scale[a], from[i], offset[a]) : from[i];
        if (isfinite(out[a])) continue;
        return df_fail(DF_E_NONFINITE, "%s: array '%s' is %g at episode %d, frame %d, index %d",
                       c->r->file[c->r->episode[e].file], c->r->config.data_actions_key, out[a],
                       c->r->episode[e].number, row, i);
      }
    }
    data->spare_actions = data->spare_actions || c->r->episode[e].actions == c->r->episode[e].frames;
  }
  return DF_OK;
}

static df_status convert_actions(const converter* c, df_dataset* data) {
  const size_t nu = (size_t)data->nu;
  if (nu == 0) return DF_OK;
  int* actuator = df_alloc(nu, sizeof *actuator);
  double* factors = df_alloc(2 * nu, sizeof *factors);
  df_status status = actuator && factors ? read_actuators(c, actuator) : DF_E_NOMEM;
  if (status == DF_OK) status = read_factors("data.action_scale", &c->config->data_action_scale, data->nu, 1, factors);
  if (status == DF_OK) {
    status = read_factors("data.action_offset", &c->config->data_action_offset, data->nu, 0, factors + nu);
  }
  status = recording_name_file(c->r->file[0], status);
  if (status == DF_OK) status = copy_actions(c, data, actuator, factors, factors + nu);
  if (status == DF_OK) set_rounding_of_actions(c, factors, factors + nu, data);
  df_free(actuator);
  df_free(factors);
  return status;
}

/* ---- the dataset ---- */

static df_status convert_conditions(const converter* c, df_dataset* data) {
  const size_t nc = (size_t)data->nc;
  double* out = data->conditions;
  for (int i = 0; i < data->nc; i++) DF_TRY(df_dataset_name_condition(data, i, c->r->condition[i].name));
  for (int e = 0; e < data->episodes && nc > 0; e++) {
    const int rows = data->condition_per_frame ? data->lengths[e] + 1 : 1;
    int t = 0;
    for (int k = 0; k < rows; k++, out += nc) {
      if (c->stretch[e] == 1) t = k;
      if (c->stretch[e] != 1) t = motion_frame_at(&c->motion[e], c->frames[e].time[k], t);
      memcpy(out, c->r->episode[e].condition + (size_t)t * nc, nc * sizeof *out);
    }
  }
  return DF_OK;
}

static df_status check_length(const converter* c, const int* lengths) {
  const int needed = c->config->window_first + c->config->window_horizon + 1;
  int longest = 0;
  for (int e = 1; e < c->r->episodes; e++) {
    if (lengths[e] > lengths[longest]) longest = e;
  }
  if (lengths[longest] + 1 >= needed) return DF_OK;
  char place[512];
  recorded_place(c->r, longest, 0, place);
  return df_fail(DF_E_MISMATCH, "%s: episodes of %d frames, but window.first + window.horizon + 1 is %d", place,
                 lengths[longest] + 1, needed);
}

/* A velocity that is the difference of an integral of it is the recorded one. */
static void mark_derived(const converter* c, bool* derived) {
  const int nq = c->model->nq;
  for (int k = 0; k < c->model->nv; k++) derived[nq + k] = c->missing[k];
  for (int q = 0; q < nq; q++) {
    derived[q] = c->integrated[q];
    if (derived[q]) derived[velocity_of(c->model, q)] = false;
  }
}

static df_status convert_rounding(const converter* c, df_dataset* data) {
  double* unit = df_alloc((size_t)data->nx, sizeof *unit);
  if (!unit) return DF_E_NOMEM;
  frame_rounding(c->layout, &c->conventions, c->r->precision, unit, data->rounding);
  df_free(unit);
  return DF_OK;
}

static df_status assemble(const converter* c, int* lengths, df_dataset** out) {
  const df_recording* r = c->r;
  const size_t nx = (size_t)c->model->nx;
  for (int e = 0; e < r->episodes; e++) lengths[e] = c->frames[e].frames - 1;
  DF_TRY(check_length(c, lengths));
  DF_TRY(df_dataset_new(&(df_dataset_shape){.episodes = r->episodes,
                                            .lengths = lengths,
                                            .nx = c->model->nx,
                                            .nu = r->action_columns > 0 ? c->system->nu : 0,
                                            .nc = r->nc,
                                            .condition_per_frame = r->condition_per_frame,
                                            .dt = c->system->dt},
                        out));
  df_dataset* data = *out;
  mark_derived(c, data->derived);
  for (int e = 0; e < r->episodes; e++) {
    memcpy(data->states + data->first[e] * nx, c->frames[e].x, (size_t)c->frames[e].frames * nx * sizeof(double));
  }
  DF_TRY(convert_rounding(c, data));
  DF_TRY(convert_actions(c, data));
  DF_TRY(convert_conditions(c, data));
  for (int e = 0; e < r->episodes; e++) data->resampled += c->stretch[e] != 1;
  data->norms = c->norms;
  memcpy(data->sha256, r->sha256, sizeof data->sha256);
  memcpy(data->model_unchecked, r->unchecked, sizeof data->model_unchecked);
  return DF_OK;
}

static df_status convert(converter* c, df_dataset** out) {
  const size_t episodes = (size_t)c->r->episodes;
  c->missing = df_alloc((size_t)c->model->nv, sizeof *c->missing);
  c->integrated = df_alloc((size_t)c->model->nq, sizeof *c->integrated);
  c->motion = df_alloc(episodes, sizeof *c->motion);
  c->frames = df_alloc(episodes, sizeof *c->frames);
  c->stretch = df_alloc(episodes, sizeof *c->stretch);
  c->off = df_alloc((size_t)c->model->n + 1, sizeof *c->off);
  int* lengths = df_alloc(episodes, sizeof *lengths);
  const bool made = c->off && c->missing && c->integrated && c->motion && c->frames && c->stretch && lengths;
  df_status status = made ? conventions_read(c->config, c->model, &c->conventions) : DF_E_NOMEM;
  status = recording_name_file(c->r->file[0], status);
  if (status == DF_OK) status = check_positions(c);
  if (status == DF_OK) status = check_velocities(c);
  for (int e = 0; e < c->r->episodes && status == DF_OK; e++) status = convert_states(c, e);
  if (status == DF_OK) status = assemble(c, lengths, out);
  df_free(lengths);
  return status;
}

df_status df_recording_convert(const df_recording* recording, const df_config* config, const df_system* system,
                               df_dataset** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(recording);
  DF_REQUIRE_POINTER(config);
  DF_REQUIRE_POINTER(system);
  converter c = {.r = recording,
                 .config = config,
                 .system = system,
                 .layout = recording->layout,
                 .model = &recording->layout->model};
  const df_status status = convert(&c, out);
  for (int e = 0; e < recording->episodes; e++) {
    if (c.motion) motion_clear(&c.motion[e]);
    if (c.frames) motion_clear(&c.frames[e]);
  }
  df_free(c.missing);
  df_free(c.integrated);
  df_free(c.motion);
  df_free(c.frames);
  df_free(c.stretch);
  df_free(c.off);
  if (status != DF_OK) {
    df_dataset_free(*out);
    *out = NULL;
  }
  return status;
}

df_status df_dataset_read(const char* path, const df_config* config, const df_system* system, df_dataset** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(path);
  DF_REQUIRE_POINTER(config);
  DF_REQUIRE_POINTER(system);
  df_recording* recording;
  DF_TRY(df_recording_open(path, config, system, &recording));
  const df_status status = df_recording_convert(recording, config, system, out);
  df_recording_free(recording);
  return status;
}
