#include "dynaflow/data/chart.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/data/robot_base.h"
#include "dynaflow/sim/mujoco.h"
#include "rotation.h"
#include "scale.h"

/* a joint and the indices of its coordinates */
typedef struct part {
  df_joint_kind kind;
  int qpos, qvel; /* first indices of position and velocity in x */
  int pos, vel;   /* first indices of position and velocity in z and in the tangent */
  bool object;    /* whether it belongs to an object, not to the robot */
  bool relative;  /* whether its position is measured relative to x0 */
} part;

#define GROUP_ID(id, name, unit, floor) id,
enum { CHART_GROUPS(GROUP_ID) GROUPS };
enum { STATISTICS = 6 };

struct df_chart {
  int nx, nz, nu;
  int first_act; /* index in x of the first activation; in z the activations are last */
  int n_act;
  int n_parts;
  part* part;
  int base; /* index of the joint of the robot's base, whose position and heading in x0 define the origin; -1 if none */
  int n_groups;
  df_chart_group group[GROUPS];
  double* statistics; /* one block for the arrays below */
  df_chart_statistics s;
  scale_channel* channel; /* [nz + nu] coordinates, then actions */
  int n_floored;
  df_floored* floored; /* [2 nz + nu] room for every standard deviation */
};

/* the reference frame of a window: position and heading of the base in x0 */
typedef struct origin {
  double x, y;
  double c, s;    /* cosine and sine of the heading */
  double turn[4]; /* heading as a quaternion */
} origin;

/* ---- the groups ---- */

#define GROUP_NAME(id, name, unit, floor) {#name, unit},
static const char* const group_names[GROUPS][2] = {CHART_GROUPS(GROUP_NAME)};

/* adds channels first .. first+n-1 to group `which` */
static df_status add_channels(df_chart_group* groups, int which, int first, int n) {
  df_chart_group* g = &groups[which];
  if (g->n + n > DF_CHART_GROUP_MAX) {
    return df_fail(DF_E_CONFIG,
                   "the model has more than %d channels of the group %s: leave joints that do not matter out of it",
                   DF_CHART_GROUP_MAX, group_names[which][0]);
  }
  for (int i = 0; i < n; i++) g->channel[g->n++] = first + i;
  return DF_OK;
}

/* adds the channels of a joint to their groups */
static df_status add_part(df_chart_group* groups, const part* p) {
  const bool object = p->object;
  const int n = p->kind == DF_JOINT_BALL ? 3 : 1;
  switch (p->kind) {
    case DF_JOINT_FREE:
      DF_TRY(add_channels(groups, object ? OBJECT_POS : BASE_POS, p->pos, 3));
      DF_TRY(add_channels(groups, object ? OBJECT_ROT : BASE_ROT, p->pos + 3, 3));
      DF_TRY(add_channels(groups, object ? OBJECT_VEL : BASE_VEL, p->vel, 3));
      return add_channels(groups, object ? OBJECT_ANGVEL : BASE_ANGVEL, p->vel + 3, 3);
    case DF_JOINT_SLIDE:
      DF_TRY(add_channels(groups, object ? OBJECT_POS : SLIDE_POS, p->pos, n));
      return add_channels(groups, object ? OBJECT_VEL : SLIDE_VEL, p->vel, n);
    case DF_JOINT_BALL:
    case DF_JOINT_HINGE:
      break;
  }
  DF_TRY(add_channels(groups, object ? OBJECT_ROT : JOINT_POS, p->pos, n));
  return add_channels(groups, object ? OBJECT_ANGVEL : JOINT_VEL, p->vel, n);
}

/* fills the groups that have channels, in the order of the list above */
static df_status build_groups(df_chart* chart) {
  df_chart_group all[GROUPS] = {0};
  for (int i = 0; i < chart->n_parts; i++) DF_TRY(add_part(all, &chart->part[i]));
  DF_TRY(add_channels(all, ACTIVATION, chart->nz - chart->n_act, chart->n_act));
  for (int i = 0; i < GROUPS; i++) {
    if (all[i].n == 0) continue;
    df_chart_group* g = &chart->group[chart->n_groups++];
    *g = all[i];
    snprintf(g->name, sizeof g->name, "%s", group_names[i][0]);
    snprintf(g->unit, sizeof g->unit, "%s", group_names[i][1]);
  }
  return DF_OK;
}

/* ---- life cycle ---- */

static df_status find_joint(const df_chart* chart, const df_joint* joints, const char* key, const char* name, int* j) {
  for (*j = 0; *j < chart->n_parts; ++*j) {
    if (strcmp(joints[*j].name, name) == 0) return DF_OK;
  }
  return df_fail(DF_E_CONFIG, "%s: the model has no joint '%s'", key, name);
}

static df_status mark_objects(df_chart* chart, const df_joint* joints, const df_names* names) {
  for (int i = 0; i < names->n; i++) {
    int j;
    DF_TRY(find_joint(chart, joints, "chart.objects", names->v[i], &j));
    chart->part[j].object = true;
  }
  return DF_OK;
}

static df_status mark_relative(df_chart* chart, const df_joint* joints, const df_names* names) {
  for (int i = 0; i < names->n; i++) {
    int j;
    DF_TRY(find_joint(chart, joints, "chart.relative", names->v[i], &j));
    if (joints[j].kind != DF_JOINT_SLIDE && joints[j].kind != DF_JOINT_HINGE) {
      return df_fail(DF_E_CONFIG, "chart.relative: joint '%s' is neither slide nor hinge", names->v[i]);
    }
    chart->part[j].relative = true;
  }
  return DF_OK;
}

/* lists the joints with the indices of their coordinates */
static df_status build_parts(df_chart* chart, const df_system* system, const df_config* config) {
  const df_joint* joints;
  const int nq = df_mujoco_nq(system), nv = df_mujoco_nv(system);
  chart->n_parts = df_mujoco_joints(system, &joints);
  chart->n_act = system->nx - nq - nv;
  chart->first_act = nq + nv;
  chart->part = df_alloc((size_t)chart->n_parts, sizeof *chart->part);
  if (!chart->part) return DF_E_NOMEM;
  for (int i = 0; i < chart->n_parts; i++) {
    const df_joint* j = &joints[i];
    chart->part[i] = (part){.kind = j->kind, .qpos = j->qpos, .qvel = nq + j->dof, .pos = j->dof, .vel = nv + j->dof};
  }
  DF_TRY(mark_objects(chart, joints, &config->chart_objects));
  chart->base = df_robot_base(system, &config->chart_objects).joint;
  return mark_relative(chart, joints, &config->chart_relative);
}

/* allocates the statistics in one block and sets means to 0 and stds to 1 */
static df_status build_statistics(df_chart* chart) {
  const size_t nz = (size_t)chart->nz, nu = (size_t)chart->nu;
  chart->statistics = df_alloc(4 * nz + 2 * nu, sizeof *chart->statistics);
  if (!chart->statistics) return DF_E_NOMEM;
  double** const arrays[STATISTICS] = {&chart->s.mean,        &chart->s.std,         &chart->s.context_mean,
                                       &chart->s.context_std, &chart->s.action_mean, &chart->s.action_std};
  double* at = chart->statistics;
  for (int i = 0; i < STATISTICS; i++) {
    const size_t n = i < 4 ? nz : nu;
    *arrays[i] = at;
    for (size_t k = 0; k < n; k++) at[k] = i % 2 == 1 ? 1.0 : 0.0;
    at += n;
  }
  return DF_OK;
}

/* marks the coordinates that are 0 in x0 by definition */
static void mark_origin(df_chart* chart) {
  for (int i = 0; i < chart->n_parts; i++) {
    const part* p = &chart->part[i];
    chart->channel[p->pos].origin = p->relative;
    if (i != chart->base) continue;
    for (int k = 0; k < 2; k++) chart->channel[p->pos + k].origin = true; /* x and y */
    chart->channel[p->pos + 5].origin = true;                             /* heading */
  }
}

static df_status build(df_chart* chart, const df_system* system, const df_config* config) {
  chart->nx = system->nx;
  chart->nz = system->ndx;
  chart->nu = system->nu;
  DF_TRY(build_parts(chart, system, config));
  DF_TRY(build_groups(chart));
  chart->channel = df_alloc((size_t)(chart->nz + chart->nu), sizeof *chart->channel);
  chart->floored = df_alloc((size_t)(2 * chart->nz + chart->nu), sizeof *chart->floored);
  if (!chart->channel || !chart->floored) return DF_E_NOMEM;
  scale_channels(system, config, chart->n_groups, chart->group, chart->channel);
  mark_origin(chart);
  return build_statistics(chart);
}

df_status df_chart_new(const df_system* system, const df_config* config, df_chart** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(system);
  DF_REQUIRE_POINTER(config);
  DF_REQUIRE(df_system_is_mujoco(system), "df_chart_new: not a MuJoCo system");
  df_chart* chart = df_alloc(1, sizeof *chart);
  if (!chart) return DF_E_NOMEM;
  const df_status status = build(chart, system, config);
  if (status != DF_OK) {
    df_chart_free(chart);
    return status;
  }
  *out = chart;
  return DF_OK;
}

void df_chart_free(df_chart* chart) {
  if (!chart) return;
  df_free(chart->part);
  df_free(chart->statistics);
  df_free(chart->channel);
  df_free(chart->floored);
  df_free(chart);
}

int df_chart_size(const df_chart* chart) {
  return chart->nz;
}

int df_chart_groups(const df_chart* chart, const df_chart_group** groups) {
  *groups = chart->group;
  return chart->n_groups;
}

df_chart_statistics df_chart_get_statistics(df_chart* chart) {
  return chart->s;
}

const double* df_chart_std(const df_chart* chart) {
  return chart->s.std;
}

int df_chart_floored(const df_chart* chart, const df_floored** list) {
  *list = chart->floored;
  return chart->n_floored;
}

const char* df_chart_channel_name(const df_chart* chart, int i) {
  return chart->channel[i].name;
}

/* ---- geometry, without the normalisation ---- */

static origin find_origin(const df_chart* chart, const double* x0) {
  origin o = {.c = 1, .turn = {1, 0, 0, 0}};
  if (chart->base < 0) return o;
  const double* p = x0 + chart->part[chart->base].qpos;
  o.x = p[0];
  o.y = p[1];

  /* heading: the twist about the vertical in q = twist * swing; 0 if undefined (upside down) */
  const double n = hypot(p[3], p[6]);
  if (n > 0) {
    o.turn[0] = p[3] / n;
    o.turn[3] = p[6] / n;
    o.c = (o.turn[0] - o.turn[3]) * (o.turn[0] + o.turn[3]);
    o.s = 2 * o.turn[0] * o.turn[3];
  }
  return o;
}

/* rotates a horizontal vector from the world into the heading frame (turn_in) and back (turn_out) */
static void turn_in(const origin* o, double x, double y, double out[2]) {
  out[0] = o->c * x + o->s * y;
  out[1] = o->c * y - o->s * x;
}

static void turn_out(const origin* o, double x, double y, double out[2]) {
  out[0] = o->c * x - o->s * y;
  out[1] = o->c * y + o->s * x;
}

/* the rotation vector of a free joint's orientation relative to the heading */
static void turned_log(const origin* o, const double* quat, double phi[3]) {
  const double back[4] = {o->turn[0], 0, 0, -o->turn[3]};
  double unit[4], seen[4];
  df_quat_normalise(quat, unit);
  df_quat_product(back, unit, seen);
  df_quat_log(seen, phi);
}

static void encode_free(const origin* o, const part* p, const double* x, double* raw) {
  const double *pos = x + p->qpos, *vel = x + p->qvel;
  turn_in(o, pos[0] - o->x, pos[1] - o->y, raw + p->pos);
  raw[p->pos + 2] = pos[2];
  turned_log(o, pos + 3, raw + p->pos + 3);
  turn_in(o, vel[0], vel[1], raw + p->vel);
  raw[p->vel + 2] = vel[2];
  memcpy(raw + p->vel + 3, vel + 3, 3 * sizeof *raw);
}

/* writes the coordinates of x relative to x0, not normalised */
static void encode_raw(const df_chart* chart, const double* x0, const double* x, double* raw) {
  const origin o = find_origin(chart, x0);

  /* joints, then activations */
  for (int i = 0; i < chart->n_parts; i++) {
    const part* p = &chart->part[i];
    if (p->kind == DF_JOINT_FREE) {
      encode_free(&o, p, x, raw);
    } else if (p->kind == DF_JOINT_BALL) {
      double unit[4];
      df_quat_normalise(x + p->qpos, unit);
      df_quat_log(unit, raw + p->pos);
      memcpy(raw + p->vel, x + p->qvel, 3 * sizeof *raw);
    } else {
      raw[p->pos] = p->relative ? x[p->qpos] - x0[p->qpos] : x[p->qpos];
      raw[p->vel] = x[p->qvel];
    }
  }
  for (int i = 0; i < chart->n_act; i++) raw[chart->nz - chart->n_act + i] = x[chart->first_act + i];
}

/* writes q or -q, whichever is closer to the quaternion `near` of x0: recorded motions do not jump between the two */
static void put_quaternion(const double q[4], const double* near, double* out) {
  double unit[4];
  df_quat_normalise(q, unit);
  const double dot = unit[0] * near[0] + unit[1] * near[1] + unit[2] * near[2] + unit[3] * near[3];
  for (int i = 0; i < 4; i++) out[i] = dot < 0 ? -unit[i] : unit[i];
}

/* coordinate i before normalisation */
static double raw_of(const df_chart* chart, const double* z, int i) {
  return chart->s.mean[i] + chart->s.std[i] * z[i];
}

static void decode_free(const df_chart* chart, const origin* o, const part* p, const double* x0, const double* z,
                        double* x) {
  /* undo the normalisation: position, rotation vector, velocity, angular velocity */
  double raw[12];
  for (int i = 0; i < 6; i++) {
    raw[i] = raw_of(chart, z, p->pos + i);
    raw[6 + i] = raw_of(chart, z, p->vel + i);
  }

  /* position, orientation, velocity in the world frame */
  double *pos = x + p->qpos, *vel = x + p->qvel;
  turn_out(o, raw[0], raw[1], pos);
  pos[0] += o->x;
  pos[1] += o->y;
  pos[2] = raw[2];
  double seen[4], world[4];
  df_quat_exp(raw + 3, seen);
  df_quat_product(o->turn, seen, world);
  put_quaternion(world, x0 + p->qpos + 3, pos + 3);
  turn_out(o, raw[6], raw[7], vel);
  memcpy(vel + 2, raw + 8, 4 * sizeof *vel);
}

/* ---- state <-> z ---- */

void df_chart_encode(const df_chart* chart, const double* x0, const double* x, double* z) {
  encode_raw(chart, x0, x, z);
  for (int i = 0; i < chart->nz; i++) z[i] = (z[i] - chart->s.mean[i]) / chart->s.std[i];
}

void df_chart_context(const df_chart* chart, const double* x0, double* context) {
  encode_raw(chart, x0, x0, context);
  for (int i = 0; i < chart->nz; i++) {
    context[i] = (context[i] - chart->s.context_mean[i]) / chart->s.context_std[i];
  }
}

void df_chart_decode(const df_chart* chart, const double* x0, const double* z, double* x) {
  const origin o = find_origin(chart, x0);

  /* joints, then activations */
  for (int i = 0; i < chart->n_parts; i++) {
    const part* p = &chart->part[i];
    if (p->kind == DF_JOINT_FREE) {
      decode_free(chart, &o, p, x0, z, x);
    } else if (p->kind == DF_JOINT_BALL) {
      double phi[3], q[4];
      for (int k = 0; k < 3; k++) {
        phi[k] = raw_of(chart, z, p->pos + k);
        x[p->qvel + k] = raw_of(chart, z, p->vel + k);
      }
      df_quat_exp(phi, q);
      put_quaternion(q, x0 + p->qpos, x + p->qpos);
    } else {
      x[p->qpos] = raw_of(chart, z, p->pos) + (p->relative ? x0[p->qpos] : 0);
      x[p->qvel] = raw_of(chart, z, p->vel);
    }
  }
  for (int i = 0; i < chart->n_act; i++) x[chart->first_act + i] = raw_of(chart, z, chart->nz - chart->n_act + i);
}

void df_chart_encode_vjp(const df_chart* chart, const double* x0, const double* x, const double* zbar, double* xbar) {
  /* adjoint of the normalisation; slide and hinge joints and activations need nothing more */
  const origin o = find_origin(chart, x0);
  for (int i = 0; i < chart->nz; i++) xbar[i] = zbar[i] / chart->s.std[i];

  /* adjoint of the rotation into the heading and of the rotation vectors */
  for (int i = 0; i < chart->n_parts; i++) {
    const part* p = &chart->part[i];
    double phi[3], v[3];
    if (p->kind == DF_JOINT_FREE) {
      turn_out(&o, xbar[p->pos], xbar[p->pos + 1], xbar + p->pos);
      turn_out(&o, xbar[p->vel], xbar[p->vel + 1], xbar + p->vel);
      turned_log(&o, x + p->qpos + 3, phi);
      memcpy(v, xbar + p->pos + 3, sizeof v);
      df_so3_log_vjp(phi, v, xbar + p->pos + 3);
    } else if (p->kind == DF_JOINT_BALL) {
      double unit[4];
      df_quat_normalise(x + p->qpos, unit);
      df_quat_log(unit, phi);
      memcpy(v, xbar + p->pos, sizeof v);
      df_so3_log_vjp(phi, v, xbar + p->pos);
    }
  }
}

/* ---- statistics ---- */

/* running mean and sum of squared deviations (Welford's algorithm), exact for channels that never change */
typedef struct moments {
  int n;
  double count;
  double* mean;
  double* square;
} moments;

static df_status moments_new(int n, moments* out) {
  *out = (moments){.n = n, .mean = df_alloc(2 * (size_t)n, sizeof *out->mean)};
  if (!out->mean) return DF_E_NOMEM;
  out->square = out->mean + n;
  return DF_OK;
}

static void moments_add(moments* m, const double* v) {
  m->count += 1;
  const double share = 1 / m->count;
  for (int i = 0; i < m->n; i++) {
    const double from_old = v[i] - m->mean[i];
    m->mean[i] += share * from_old;
    m->square[i] += from_old * (v[i] - m->mean[i]);
  }
}

static void moments_finish(const moments* m, double* mean, double* std) {
  for (int i = 0; i < m->n; i++) {
    mean[i] = m->mean[i];
    std[i] = sqrt(m->square[i] / m->count);
  }
}

/* gives channels at, at+1 (x and y) mean 0 and the root mean square of both as std: errors do not depend on heading */
static void share_plane(const moments* m, int at, double* mean, double* std) {
  double square = 0;
  for (int i = at; i < at + 2; i++) square += m->square[i] / m->count + m->mean[i] * m->mean[i];
  const double root = sqrt(square / 2);
  for (int i = at; i < at + 2; i++) {
    mean[i] = 0;
    std[i] = root;
  }
}

/* raises std [n] to the floors of the channels, and lists those that were below; a channel without a scale gets 1 */
static void raise_to_floors(df_chart* chart, df_scaled what, int n, const scale_channel* channel, double* std) {
  for (int i = 0; i < n; i++) {
    if (what == DF_SCALED_START && channel[i].origin) {
      std[i] = 1;
      continue;
    }
    if (std[i] >= channel[i].floor) continue;
    chart->floored[chart->n_floored++] = (df_floored){.what = what,
                                                      .name = channel[i].name,
                                                      .setting = channel[i].setting,
                                                      .unit = channel[i].unit,
                                                      .measured = std[i],
                                                      .used = channel[i].floor};
    std[i] = channel[i].floor;
  }
}

static void finish_states(df_chart* chart, df_scaled what, const moments* m, double* mean, double* std) {
  moments_finish(m, mean, std);
  for (int i = 0; i < chart->n_parts; i++) {
    if (chart->part[i].kind != DF_JOINT_FREE || chart->part[i].object) continue;
    share_plane(m, chart->part[i].pos, mean, std);
    share_plane(m, chart->part[i].vel, mean, std);
  }
  raise_to_floors(chart, what, chart->nz, chart->channel, std);
}

/* accumulates the moments of states (frames 1..H), contexts (frame 0) and actions over the training windows */
static void gather(const df_chart* chart, const df_dataset* data, const df_windows* windows, double* raw,
                   moments* state, moments* context, moments* action) {
  for (int w = 0; w < windows->n_train; w++) {
    const df_window* window = &windows->train[w];
    const double* x0 = df_dataset_state(data, window->episode, window->start);
    encode_raw(chart, x0, x0, raw);
    moments_add(context, raw);
    for (int t = 1; t <= windows->horizon; t++) {
      encode_raw(chart, x0, df_dataset_state(data, window->episode, window->start + t), raw);
      moments_add(state, raw);
      if (data->actions) moments_add(action, df_dataset_action(data, window->episode, window->start + t - 1));
    }
  }
}

df_status df_chart_fit(df_chart* chart, const df_dataset* data, const df_windows* windows) {
  DF_REQUIRE_POINTER(chart);
  DF_REQUIRE_POINTER(data);
  DF_REQUIRE_POINTER(windows);
  DF_REQUIRE(data->nx == chart->nx && (!data->actions || data->nu == chart->nu),
             "df_chart_fit: data of nx = %d, nu = %d for a chart of nx = %d, nu = %d", data->nx, data->nu, chart->nx,
             chart->nu);
  DF_REQUIRE(windows->n_train > 0, "df_chart_fit: no training windows");

  /* moments of states, contexts and actions */
  moments state = {0}, context = {0}, action = {0};
  double* raw = df_alloc((size_t)chart->nz, sizeof *raw);
  df_status status = raw ? DF_OK : DF_E_NOMEM;
  if (status == DF_OK) status = moments_new(chart->nz, &state);
  if (status == DF_OK) status = moments_new(chart->nz, &context);
  if (status == DF_OK) status = moments_new(chart->nu, &action);
  if (status == DF_OK) {
    gather(chart, data, windows, raw, &state, &context, &action);
    chart->n_floored = 0;
    finish_states(chart, DF_SCALED_STATE, &state, chart->s.mean, chart->s.std);
    finish_states(chart, DF_SCALED_START, &context, chart->s.context_mean, chart->s.context_std);
    if (data->actions) {
      moments_finish(&action, chart->s.action_mean, chart->s.action_std);
      raise_to_floors(chart, DF_SCALED_ACTION, chart->nu, chart->channel + chart->nz, chart->s.action_std);
    }
  }
  df_free(state.mean);
  df_free(context.mean);
  df_free(action.mean);
  df_free(raw);
  return status;
}
