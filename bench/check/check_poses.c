#include <math.h>
#include <string.h>

#include "check_parts.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/data/robot_base.h"
#include "dynaflow/sim/dynamics.h"
#include "dynaflow/stats/statistics.h"

/* m, of large models: a base this far from the floor floats; a geom this far inside of it is too deep, small overlaps
 * are how soft contacts carry weight; if half of the poses are this deep, the simulator throws the model into the air
 */
static const double FLOATS = 0.05, DEEP = 0.02, TOO_DEEP = 0.05;
/* share of the poses, and m/s */
static const double INSIDE_SHARE = 0.25, SLIP = 2;
/* m: a model of this size is a large one */
static const double LARGE = 0.25;
/* of the height of the base: that nothing comes nearer is no matter of where the floor is */
static const double HIGH = 0.3;
/* of the height of the base in the model's first pose: positions in other units make it 10, 100
 * or 1000 of it, to the factor */
static const double ABOUT = 2.5;
enum { UNITS_MOST = 3 };

const df_joint* pose_base(const trace* m) {
  const int base = df_robot_base(m->system, trace_objects(m)).joint;
  if (base >= 0) return &m->joints[base];
  for (int j = 0; j < m->njoint; j++) {
    if (m->joints[j].kind == DF_JOINT_FREE) return &m->joints[j];
  }
  return NULL;
}

int pose_root(const trace* m) {
  const df_joint* base = pose_base(m);
  return base ? df_mujoco_body_root(m->system, df_mujoco_joint_body(m->system, (int)(base - m->joints))) : 0;
}

double pose_rise_by(const df_system* system, df_sim* sim, int j, double* x, double* position) {
  static const double MOVE = 0.1;
  const df_joint* joints;
  const int body = df_mujoco_joint_body(system, j);
  double height[2];
  df_mujoco_joints(system, &joints);
  for (int k = 0; k < 2; k++) {
    df_mujoco_initial_state(system, x);
    x[joints[j].qpos] += k * MOVE;
    df_mujoco_pose(sim, x);
    df_mujoco_body_positions(sim, position);
    height[k] = position[3 * body + 2];
  }
  return (height[1] - height[0]) / MOVE;
}

/* Whether the slide moves its body, which hangs on the world, up or down, and nothing drives it. `x` and `position`
 * [bodies][3] are scratch. */
static bool is_vertical_slide(const trace* m, df_sim* sim, const df_dof* dof, int j, double* x, double* position) {
  const df_joint* joint = &m->joints[j];
  const int body = df_mujoco_joint_body(m->system, j);
  if (joint->kind != DF_JOINT_SLIDE || dof[joint->dof].actuated || df_mujoco_body_parent(m->system, body) != 0)
    return false;
  return fabs(pose_rise_by(m->system, sim, j, x, position)) > 0.9;
}

/* the body of the base that falls; -1: none */
static int falling_body(const trace* m, df_sim* sim, const df_joint* base, const df_dof* dof, double* x,
                        double* position) {
  if (base) return df_mujoco_joint_body(m->system, (int)(base - m->joints));
  for (int j = 0; j < m->njoint; j++) {
    if (is_vertical_slide(m, sim, dof, j, x, position)) return df_mujoco_joint_body(m->system, j);
  }
  return -1;
}

/* what is collected over the poses */
typedef struct lists {
  double *lowest, *lowest_of_all, *slip, *height;
  int n, slips, touching;
  const df_joint* base; /* pose_base() */
  int body;             /* whose height it is; -1: none */
  int root;             /* of the tree that can float or touch; 0: everything that moves */
  double softness;      /* of the softest contact of the robot, m/N */
  bool* own;            /* [bodies] of the robot (robot_base.h) */
  bool all_own;         /* so is all that moves */
  double* position;     /* [bodies][3] */
  double up[3];         /* what is vertical in the model's own first pose, in the frame of the free base */
} lists;

/* A foot on less friction slides under the forces of a walk, however its joints are read. */
static const double HOLDS = 0.2;

/* The mean speed at which bodies of the robot slide on what cannot move and can hold them, with the velocities that are
 * loaded; NAN: none touch. *touches: one of the tree that can touch does */
static double slip_of(const trace* m, df_sim* sim, lists* l, bool* touches) {
  double sum = 0;
  int n = 0;
  *touches = false;
  const int contacts = df_mujoco_contact_count(sim);
  for (int i = 0; i < contacts; i++) {
    const df_contact c = df_mujoco_contact(sim, i);
    if (c.body[0] < 0 || c.body[1] < 0) continue;
    const int of[2] = {df_mujoco_body_root(m->system, c.body[0]), df_mujoco_body_root(m->system, c.body[1])};
    if (!c.active || (of[0] == 0) == (of[1] == 0)) continue;
    *touches |= l->root == 0 || of[0] == l->root || of[1] == l->root;
    if (!l->own[c.body[of[0] == 0]] || c.friction < HOLDS) continue;
    l->softness = fmax(l->softness, c.softness);
    sum += df_mujoco_sliding_speed(sim, &c);
    n++;
  }
  return n ? sum / n : NAN;
}

/* the size of the model, of a large one, or of one of which nothing is above 0, LARGE */
static double size_of(const pose_summary* p) {
  return p->size > 0 ? fmin(p->size, LARGE) : LARGE;
}

double pose_length(const pose_summary* p, double most) {
  return most * size_of(p) / LARGE;
}

double pose_speed(const pose_summary* p, double most) {
  return most * sqrt(size_of(p) / LARGE);
}

/* whether an enabled actuator can push the base up */
static bool is_lifted(const trace* m, const df_joint* base, df_dof* dof) {
  df_mujoco_dofs(m->system, dof);
  return base && dof[base->dof + 2].actuated;
}

/* the state of pair k with the velocities that the positions have */
static void moving_state(const trace* m, size_t k, double* x) {
  memcpy(x, df_dataset_state(m->data, m->episode[k], m->frame[k]), (size_t)m->data->nx * sizeof *x);
  memcpy(x + m->nq, m->rate + k * (size_t)m->nv, (size_t)m->nv * sizeof *x);
}

/* the vertical in the frame of a body of orientation q */
static void vertical_of(const double q[4], double up[3]) {
  up[0] = 2 * (q[1] * q[3] - q[0] * q[2]);
  up[1] = 2 * (q[2] * q[3] + q[0] * q[1]);
  up[2] = 1 - 2 * (q[1] * q[1] + q[2] * q[2]);
}

/* the distance of the robot from what cannot move, of all that moves `distance` */
static double robot_distance(const trace* m, df_sim* sim, const lists* l, double distance) {
  double least = INFINITY;
  if (l->all_own) return distance;
  for (int b = 1; b < df_mujoco_body_count(m->system); b++) {
    const bool is_root = df_mujoco_body_root(m->system, b) == b;
    if (l->own[b] && is_root) least = fmin(least, df_mujoco_ground_distance(sim, b));
  }
  return least;
}

static void look_at(const trace* m, df_sim* sim, const double* x, lists* l, pose_summary* out) {
  df_mujoco_pose(sim, x);
  bool touches;
  const double distance = df_mujoco_ground_distance(sim, 0), slip = slip_of(m, sim, l, &touches);
  l->lowest[l->n] = robot_distance(m, sim, l, distance);
  l->lowest_of_all[l->n] = distance;
  if (isfinite(slip)) l->slip[l->slips++] = slip;
  l->touching += touches;
  out->nearest = fmin(out->nearest, l->root ? df_mujoco_ground_distance(sim, l->root) : distance);
  out->deepest = fmax(out->deepest, -distance);
  out->inside += distance < -pose_length(out, DEEP);
  l->height[l->n] = 0;
  if (l->body >= 0) {
    df_mujoco_body_positions(sim, l->position);
    l->height[l->n] = l->position[3 * l->body + 2];
  }
  if (l->base) {
    double up[3];
    vertical_of(x + l->base->qpos + 3, up);
    out->upright += up[0] * l->up[0] + up[1] * l->up[1] + up[2] * l->up[2];
  }
  l->n++;
}

/* the height of the highest body that can move, in the pose of the positions */
static double highest_body(const trace* m, const double* position) {
  double most = 0;
  for (int b = 0; b < df_mujoco_body_count(m->system); b++) {
    if (df_mujoco_body_root(m->system, b) != 0) most = fmax(most, position[3 * b + 2]);
  }
  return most;
}

/* whether something moves that is not of this tree, such as an object */
static bool has_other_trees(const trace* m, int root) {
  for (int b = 1; b < df_mujoco_body_count(m->system); b++) {
    const int of = df_mujoco_body_root(m->system, b);
    if (of != 0 && of != root) return true;
  }
  return false;
}

/* what constraints hold of the robot that nothing drives */
static void find_holders(const trace* m, const df_dof* dof, const lists* l, pose_summary* out) {
  for (int j = 0; j < m->njoint; j++) {
    const df_joint* joint = &m->joints[j];
    const int body = df_mujoco_joint_body(m->system, j), root = df_mujoco_body_root(m->system, body);
    const bool moves = joint->kind == DF_JOINT_FREE || joint->kind == DF_JOINT_SLIDE;
    if (!l->own[body] || !moves || dof[joint->dof].actuated) continue;
    const int mocap = df_mujoco_mocap_holder(m->system, root), tie = df_mujoco_idle_tie(m->system, root);
    if (mocap >= 0 && !out->held_by[0]) check_body_name(m->system, mocap, out->held_by);
    if (tie >= 0 && !out->idle_tie[0]) df_mujoco_equality_label(m->system, tie, out->idle_tie, sizeof out->idle_tie);
  }
}

/* what the model itself says */
static void describe_model(const trace* m, df_sim* sim, df_dof* dof, double* x, lists* l, pose_summary* out) {
  l->base = pose_base(m);
  df_robot_bodies(m->system, trace_objects(m), l->own);
  l->all_own = true;
  for (int b = 1; b < df_mujoco_body_count(m->system); b++)
    l->all_own &= l->own[b] || df_mujoco_body_root(m->system, b) == 0;
  out->has_base = l->base != NULL;
  out->flies = is_lifted(m, l->base, dof);
  l->body = falling_body(m, sim, l->base, dof, x, l->position);
  find_holders(m, dof, l, out);
  out->falls = l->body >= 0 && !out->held_by[0];
  df_mujoco_initial_state(m->system, x);
  df_mujoco_pose(sim, x);
  l->root = has_other_trees(m, pose_root(m)) ? pose_root(m) : 0;
  out->start = fmax(0, df_mujoco_ground_distance(sim, l->root));
  df_mujoco_body_positions(sim, l->position);
  if (out->falls) out->own_height = l->position[3 * l->body + 2];
  out->size = highest_body(m, l->position);
  if (l->base) vertical_of(x + l->base->qpos + 3, l->up);
}

bool pose_may_touch_ground(const df_system* system) {
  for (int b = 1; b < df_mujoco_body_count(system); b++) {
    if (df_mujoco_body_root(system, b) != 0 && df_mujoco_may_touch_world(system, b)) return true;
  }
  return false;
}

static void summarise(const trace* m, lists* l, pose_summary* out) {
  out->poses = l->n;
  if (!l->n) return;
  out->has_ground = isfinite(out->nearest) && pose_may_touch_ground(m->system);
  out->upright /= l->n;
  out->sinks = l->softness * df_mujoco_weight(m->system, l->root ? l->root : pose_root(m));
  out->inside /= l->n;
  out->lowest = df_median(l->n, l->lowest);
  out->lowest_of_all = df_median(l->n, l->lowest_of_all);
  out->base_height = df_median(l->n, l->height);
  out->slip = df_median(l->slips, l->slip);
  out->touching = (double)l->touching / l->n;
}

df_status pose_summary_of(const trace* m, size_t poses_max, pose_summary* out) {
  *out = (pose_summary){.nearest = INFINITY,
                        .residual = NAN,
                        .residual_floor = NAN,
                        .put_down = NAN,
                        .rise = NAN,
                        .weightless = !(df_mujoco_gravity(m->system) > 0)};
  const size_t stride = m->n / (poses_max ? poses_max : 1) + 1, most = m->n / stride + 1, nx = (size_t)m->data->nx;
  df_sim* sim = NULL;
  const size_t bodies = (size_t)df_mujoco_body_count(m->system);
  double* x = df_alloc(nx + 4 * most + 3 * bodies, sizeof *x);
  bool* own = df_alloc(bodies, sizeof *own);
  df_dof* dof = df_alloc((size_t)m->nv, sizeof *dof);
  df_status status = x && own && dof ? df_sim_new(m->system, 0, &sim) : DF_E_NOMEM;
  if (status == DF_OK) {
    lists l = {.lowest = x + nx,
               .lowest_of_all = x + nx + most,
               .slip = x + nx + 2 * most,
               .height = x + nx + 3 * most,
               .own = own,
               .position = x + nx + 4 * most};
    describe_model(m, sim, dof, x, &l, out);
    for (size_t k = 0; k < m->n; k += stride) {
      if (m->jump[k]) continue;
      moving_state(m, k, x);
      look_at(m, sim, x, &l, out);
    }
    summarise(m, &l, out);
  }
  df_sim_free(m->system, sim);
  df_free(x);
  df_free(own);
  df_free(dof);
  return status;
}

double pose_reach(const pose_summary* p) {
  return pose_length(p, FLOATS);
}

/* whether the model may be anywhere above the floor */
static bool is_free(const pose_summary* p) {
  return !p->falls || p->flies || p->weightless;
}

bool pose_floats(const pose_summary* p) {
  return p->has_ground && !is_free(p) && p->nearest > pose_reach(p) + p->start;
}

bool pose_hovers(const pose_summary* p) {
  static const double HARDLY = 0.05; /* share of the poses */
  return p->has_ground && p->has_base && !is_free(p) && !pose_floats(p) && p->lowest > 0 && p->touching < HARDLY &&
         p->residual > CHECK_RESIDUAL;
}

bool pose_is_sunk(const pose_summary* p) {
  return p->has_base && p->inside > INSIDE_SHARE && p->lowest < -pose_length(p, DEEP);
}

/* whether the motion is one of a body that nothing carries, or that something other than contacts does */
static bool needs_no_floor(const pose_summary* p) {
  return p->residual <= CHECK_RESIDUAL;
}

/* whether the motion needs a force that only the floor can be, if it is put down */
static bool is_carried_below(const pose_summary* p) {
  return isnan(p->put_down) || check_explains(p->residual, p->put_down);
}

/* above the floor */
static void check_height(const pose_summary* p, const fit_source* source, data_findings* out) {
  data_finding* one =
      data_findings_add(out, DATA_CHECK_FLOOR, NULL, fmax(0, p->nearest), pose_reach(p) + p->start, "m");
  if (is_free(p) || (pose_floats(p) && needs_no_floor(p))) one->limit = NAN;
  if (pose_hovers(p) && p->carried) {
    one->value = p->lowest;
    one->limit = 0;
    data_finding_judge(one, CHECK_WARN,
                       "the model hardly ever touches the floor, and its motion needs %.2g weights; %.3g m lower, the "
                       "floor would carry it",
                       p->residual, -p->rise);
    data_finding_takes(one, fit_rise(source, p->rise));
  }
  if (!pose_floats(p) || needs_no_floor(p)) return;
  const bool held = p->residual > CHECK_RESIDUAL && p->own_height > 0 && p->nearest > HIGH * p->own_height + p->start;
  const double unit = held ? check_power_of_ten(p->base_height / p->own_height, ABOUT, UNITS_MOST) : 0;
  if (!held && !p->has_base) { /* a slide may be one of a rail that carries it */
    one->limit = NAN;
    return;
  }
  data_finding_judge(one, held ? CHECK_WRONG : CHECK_WARN,
                     "the model never touches the floor%s; the nearest pose is %.3g m above it%s",
                     held ? ", although nothing holds it" : "", p->nearest,
                     unit > 0 ? "; the positions may be in other units: data.position_scale" : "");
  if (unit > 0) {
    data_finding_takes(one, fit_scale(source, 1 / unit));
  } else if (is_carried_below(p)) {
    data_finding_takes(one, fit_rise(source, -p->nearest));
  }
}

/* inside of it */
static void check_inside(const pose_summary* p, const fit_source* source, data_findings* out) {
  data_finding* one = data_findings_add(out, DATA_CHECK_PENETRATION, NULL, p->inside, INSIDE_SHARE, "share");
  if (p->inside <= INSIDE_SHARE) return;
  const double deep = pose_length(p, DEEP);
  data_finding_judge(one, p->lowest_of_all < -pose_length(p, TOO_DEEP) ? CHECK_WRONG : CHECK_WARN,
                     "in %.3g %% of the poses a geom is more than %.3g m inside the floor, at most %.3g m, in half of "
                     "them %.3g m",
                     100 * p->inside, deep, p->deepest, fmax(0, -p->lowest_of_all));
  if (pose_is_sunk(p)) data_finding_takes(one, fit_rise(source, isnan(p->rise) ? -p->lowest : p->rise));
}

void check_poses(const pose_summary* p, const fit_source* source, data_findings* out) {
  if (!p->has_ground) return;
  check_height(p, source, out);
  check_inside(p, source, out);
  if (!isfinite(p->slip)) return;
  const double limit = pose_speed(p, SLIP);
  data_finding* one = data_findings_add(out, DATA_CHECK_SLIP, NULL, p->slip, limit, "m/s");
  if (p->slip > limit)
    data_finding_judge(one, CHECK_WARN, "points in contact with the floor slide at %.3g m/s (median over poses)",
                       p->slip);
}
