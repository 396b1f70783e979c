/* Free bodies other than the robot's base, such as objects and further robots: what holds them. */
#include <math.h>
#include <stdio.h>

#include "check_parts.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/sim/dynamics.h"
#include "dynaflow/stats/statistics.h"
#include "text.h"

/* share of the poses in which something touches a body that is held by contacts, at least */
static const double HARDLY = 0.05;

/* one tree, and what is collected over the poses */
typedef struct support {
  const trace* m;
  df_sim* sim;
  const df_joint* joint; /* its free joint */
  int root;
  double weight;        /* N */
  double* acceleration; /* [nv] */
  double* force;        /* [nv] */
  double* list;         /* force in weights, of each pose that was looked at */
  int n, touched;
} support;

/* whether what is loaded has an active contact of the tree with anything else */
static bool is_touched(const support* s) {
  const df_system* system = s->m->system;
  for (int i = 0; i < df_mujoco_contact_count(s->sim); i++) {
    const df_contact c = df_mujoco_contact(s->sim, i);
    if (!c.active) continue;
    const int a = c.body[0] < 0 ? -1 : df_mujoco_body_root(system, c.body[0]);
    const int b = c.body[1] < 0 ? -1 : df_mujoco_body_root(system, c.body[1]);
    if (a != b && (a == s->root || b == s->root)) return true;
  }
  return false;
}

/* the force on the translations of the free joint at the first state of a pair */
static void look_at(support* s, size_t k) {
  const trace* m = s->m;
  const double *x = df_dataset_state(m->data, m->episode[k], m->frame[k]), *next = x + m->data->nx;
  for (int i = 0; i < m->nv; i++) s->acceleration[i] = (next[m->nq + i] - x[m->nq + i]) / m->h[m->episode[k]];
  if (df_mujoco_inverse_quick(s->sim, x, s->acceleration, s->force) != DF_OK) return;
  const double* f = s->force + s->joint->dof;
  s->list[s->n++] = sqrt(f[0] * f[0] + f[1] * f[1] + f[2] * f[2]) / s->weight;
  s->touched += is_touched(s);
}

/* the row of the body, by the name of its joint, or its own */
static data_finding* add_row(const support* s, double force, double limit, data_findings* out) {
  char number[24];
  snprintf(number, sizeof number, "joint %d", (int)(s->joint - s->m->joints));
  const char* name = s->joint->name[0] ? s->joint->name : df_mujoco_body_name(s->m->system, s->root);
  return data_findings_add(out, DATA_CHECK_SUPPORT, name[0] ? name : number, force, limit, "weights");
}

/* something so near, m, may be what carries a body: positions of a camera, or a model, are seldom better */
static const double NEAR = 0.01;

/* What is within that in most poses; its distance is their median, and it is the nearest one of the pose that has it.
 * The geom is -1: nothing is. */
static df_tree_gap nearest(support* s, size_t stride) {
  const trace* m = s->m;
  df_tree_gap found = {.distance = INFINITY, .geom = -1};
  int n = 0;
  for (size_t k = 0; k < m->n && n < s->n; k += stride) {
    if (m->jump[k]) continue;
    df_mujoco_pose(s->sim, df_dataset_state(m->data, m->episode[k], m->frame[k]));
    s->list[n++] = df_mujoco_tree_gap(s->sim, s->root, NEAR).distance;
  }
  const double median = df_median(n, s->list);
  for (size_t k = 0; k < m->n && median < NEAR; k += stride) {
    if (m->jump[k]) continue;
    df_mujoco_pose(s->sim, df_dataset_state(m->data, m->episode[k], m->frame[k]));
    const df_tree_gap one = df_mujoco_tree_gap(s->sim, s->root, NEAR);
    if (fabs(one.distance - median) < fabs(found.distance - median)) found = one;
  }
  if (found.geom >= 0) found.distance = median;
  return found;
}

/* what the force may be */
static char* what_holds(support* s, size_t stride) {
  static const double STEEP = 0.7; /* of a way up or down: within 45 degrees */
  const df_system* system = s->m->system;
  const int tie = df_mujoco_idle_tie(system, s->root);
  char name[64];
  if (tie >= 0) {
    df_mujoco_equality_label(system, tie, name, sizeof name);
    return format_text(
        "the model's equality constraint %s, which involves it, is inactive at the start: where a program switches it "
        "on, it may carry the body, and the states do not say when",
        name);
  }
  const df_tree_gap gap = nearest(s, stride);
  if (gap.geom >= 0) {
    const char* where = gap.up > STEEP ? "above" : gap.up < -STEEP ? "below" : "beside";
    check_geom_name(system, gap.geom, name);
    return format_text("it hovers %.2g mm %s %s: its position or the size of one of the two is off by this",
                       1000 * fmax(0, gap.distance), where, name);
  }
  return format_text(
      "its position is in another unit or frame than the robot's, or what carries it is missing from "
      "the model");
}

static void judge(support* s, size_t stride, data_findings* out) {
  const double force = df_median(s->n, s->list);
  data_finding* one = add_row(s, force, CHECK_RESIDUAL, out);
  if (force <= CHECK_RESIDUAL) return;
  if (s->touched >= HARDLY * s->n) {
    one->limit = NAN; /* how hard contacts push within a frame is not known */
    return;
  }
  char* holds = what_holds(s, stride);
  data_finding_judge(one, CHECK_WARN,
                     "this body needs a force of %.3g times its weight (median over frames), and nothing touches it in "
                     "%.3g %% of them: %s",
                     force, 100.0 * (s->n - s->touched) / s->n, holds);
  df_free(holds);
}

/* that nothing is known of a body that a mocap body holds */
static void report_held(const support* s, int mocap, data_findings* out) {
  char name[64];
  check_body_name(s->m->system, mocap, name);
  data_finding_judge(add_row(s, NAN, NAN, out), CHECK_OK,
                     "not judged: an equality constraint ties this body to the mocap body %s, whose pose is not in the "
                     "states, so that what it provides is not known",
                     name);
}

/* whether an actuator may move the free joint: one that acts on it is marked at all of its dofs */
static bool is_driven(const df_joint* joint, const df_dof* dof) {
  return dof[joint->dof].actuated;
}

df_status check_support(const trace* m, size_t poses_max, data_findings* out) {
  const size_t nv = (size_t)m->nv, stride = m->n / (poses_max ? poses_max : 1) + 1;
  support s = {.m = m};
  df_dof* dof = df_alloc(nv, sizeof *dof);
  double* memory = df_alloc(2 * nv + m->n / stride + 1, sizeof *memory);
  df_status status = dof && memory ? df_sim_new(m->system, 0, &s.sim) : DF_E_NOMEM;
  if (status == DF_OK) df_mujoco_dofs(m->system, dof);
  for (int j = 0; j < m->njoint && status == DF_OK; j++) {
    s.joint = &m->joints[j];
    s.root = df_mujoco_body_root(m->system, df_mujoco_joint_body(m->system, j));
    if (s.joint->kind != DF_JOINT_FREE || (trace_has_base(m) && s.joint == pose_base(m)) || is_driven(s.joint, dof))
      continue;
    s.weight = df_mujoco_weight(m->system, s.root);
    if (!(s.weight > 0)) continue;
    const int mocap = df_mujoco_mocap_holder(m->system, s.root);
    if (mocap >= 0) {
      report_held(&s, mocap, out);
      continue;
    }
    s.acceleration = memory;
    s.force = memory + nv;
    s.list = memory + 2 * nv;
    s.n = s.touched = 0;
    for (size_t k = 0; k < m->n; k += stride) {
      if (!m->jump[k]) look_at(&s, k);
    }
    if (s.n > 0) judge(&s, stride, out);
  }
  df_sim_free(m->system, s.sim);
  df_free(memory);
  df_free(dof);
  return status;
}
