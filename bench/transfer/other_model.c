#include "other_model.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/data/robot_base.h"
#include "dynaflow/sim/dynamics.h"
#include "dynaflow/sim/mujoco.h"
#include "text.h"

/* an action may differ so much from a whole number of steps; references, gears and axes of joints so much */
static const double WHOLE = 1e-6, EQUAL = 1e-6;
/* the body of a joint may be turned so much, rad: models of one robot round their orientations */
static const double TURNED = 1e-3;
/* a base is lifted by more than this, m */
static const double LEAST_LIFT = 1e-6;
/* so many names are listed in a message */
enum { LISTED = 6 };

/* ---- names ---- */

/* the names of one kind of element of a model */
typedef struct name_list {
  int n;
  char** name; /* owned */
} name_list;

static void names_clear(name_list* list) {
  for (int i = 0; list->name && i < list->n; i++) df_free(list->name[i]);
  df_free(list->name);
}

static char* joint_name(const df_joint* joints, int i) {
  return joints[i].name[0] ? format_text("%s", joints[i].name) : format_text("joint%d", i);
}

/* the base of the robot is left out, since bases match each other */
static df_status names_of_joints(const df_system* system, const df_names* objects, name_list* out) {
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints), base = df_robot_base(system, objects).joint;
  out->name = df_alloc((size_t)n + 1, sizeof *out->name);
  if (!out->name) return DF_E_NOMEM;
  out->n = n;
  for (int i = 0; i < n; i++) out->name[i] = i == base ? NULL : joint_name(joints, i);
  return DF_OK;
}

static df_status names_of_actuators(const df_system* system, name_list* out) {
  const df_joint* joints;
  df_mujoco_joints(system, &joints);
  out->name = df_alloc((size_t)system->nu + 1, sizeof *out->name);
  if (!out->name) return DF_E_NOMEM;
  out->n = system->nu;
  for (int k = 0; k < system->nu; k++) {
    const df_actuator a = df_mujoco_actuator_at(system, k);
    if (a.name[0]) {
      out->name[k] = format_text("%s", a.name);
    } else {
      out->name[k] = a.joint >= 0 ? joint_name(joints, a.joint) : format_text("actuator%d", k);
    }
  }
  return DF_OK;
}

/* whether `whole` is `end` behind n characters */
static bool ends_with(const char* whole, size_t n, const char* end) {
  return strlen(whole) == n + strlen(end) && strcmp(whole + n, end) == 0;
}

/* index in `list` of the name that `name` is behind `cut` characters, or that is `name` behind its own first `grown`
 * characters, which are those of `prefix`; -1: none */
static int find_name(const name_list* list, const char* name, size_t cut, const char* prefix, size_t grown) {
  if (strlen(name) < cut || strncmp(name, prefix, cut) != 0) return -1;
  for (int i = 0; i < list->n; i++) {
    const char* other = list->name[i];
    if (other && strncmp(other, prefix, grown) == 0 && ends_with(other, grown, name + cut)) return i;
  }
  return -1;
}

static int count_names(const name_list* list) {
  int n = 0;
  for (int i = 0; i < list->n; i++) n += list->name[i] != NULL;
  return n;
}

/* to[i] = the element of a that is element i of b, whose names have `cut` characters of `prefix` more, or `grown` fewer
 */
static bool match_with(const name_list* a, const name_list* b, size_t cut, const char* prefix, size_t grown, int* to) {
  if (count_names(a) != count_names(b)) return false;
  for (int i = 0; i < b->n; i++) {
    if (!b->name[i]) continue;
    to[i] = find_name(a, b->name[i], cut, prefix, grown);
    if (to[i] < 0) return false;
    for (int k = 0; k < i; k++) {
      if (b->name[k] && to[k] == to[i]) return false;
    }
  }
  return true;
}

/* the same names, or all names of one list behind one prefix of the other: every head of a first name is tried */
static bool match(const name_list* a, const name_list* b, int* to) {
  if (match_with(a, b, 0, "", 0, to)) return true;
  const char *of_a = NULL, *of_b = NULL;
  for (int i = a->n - 1; i >= 0; i--) of_a = a->name[i] ? a->name[i] : of_a;
  for (int i = b->n - 1; i >= 0; i--) of_b = b->name[i] ? b->name[i] : of_b;
  for (size_t n = 1; of_b && n < strlen(of_b); n++) {
    if (match_with(a, b, n, of_b, 0, to)) return true;
  }
  for (size_t n = 1; of_a && n < strlen(of_a); n++) {
    if (match_with(a, b, 0, of_a, n, to)) return true;
  }
  return false;
}

/* the names of `list` that `other` lacks */
static void add_missing(const name_list* list, const name_list* other, text* out) {
  int n = 0;
  for (int i = 0; i < list->n; i++) {
    if (!list->name[i] || find_name(other, list->name[i], 0, "", 0) >= 0) continue;
    if (n < LISTED) text_add(out, "%s%s", n ? ", " : "", list->name[i]);
    n++;
  }
  if (n > LISTED) text_add(out, " and %d more", n - LISTED);
  if (n == 0) text_add(out, "none more");
}

static df_status refuse_names(const char* path, const char* what, const name_list* a, const name_list* b) {
  text only_a = {0}, only_b = {0};
  add_missing(a, b, &only_a);
  add_missing(b, a, &only_b);
  const df_status status = df_fail(
      DF_E_CONFIG,
      "%s: its %ss do not match those of the task one to one (%d and %d): the task alone has %s; this model alone has "
      "%s; give the %ss of a copy of the model the task's names",
      path, what, count_names(b), count_names(a), text_of(&only_a), text_of(&only_b), what);
  text_clear(&only_a);
  text_clear(&only_b);
  return status;
}

/* ---- joints ---- */

static const char* kind_name(df_joint_kind kind) {
  static const char* const names[] = {"free", "ball", "slide", "hinge"};
  return names[kind];
}

/* the rotation of a body against the free base or the world where all joints are at their references */
static void rest_rotation(const df_system* system, int body, int base, double rotation[9]) {
  const double one[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
  memcpy(rotation, one, sizeof one);
  for (; body > 0 && body != base; body = df_mujoco_body_parent(system, body)) {
    double q[4], turned[9];
    df_mujoco_body_orientation(system, body, q);
    const double w = q[0], x = q[1], y = q[2], z = q[3];
    const double step[9] = {1 - 2 * (y * y + z * z), 2 * (x * y - w * z),     2 * (x * z + w * y),
                            2 * (x * y + w * z),     1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
                            2 * (x * z - w * y),     2 * (y * z + w * x),     1 - 2 * (x * x + y * y)};
    for (int r = 0; r < 3; r++) {
      for (int c = 0; c < 3; c++)
        turned[3 * r + c] =
            step[3 * r] * rotation[c] + step[3 * r + 1] * rotation[3 + c] + step[3 * r + 2] * rotation[6 + c];
    }
    memcpy(rotation, turned, sizeof turned);
  }
}

/* the angle between the bodies of two joints where all joints are at their references, rad */
static double angle_between(const df_system* own, const df_system* other, int i, int k, const int base[2]) {
  double a[9], b[9], squares = 0;
  rest_rotation(own, df_mujoco_joint_body(own, i), base[0], a);
  rest_rotation(other, df_mujoco_joint_body(other, k), base[1], b);
  for (int c = 0; c < 9; c++) squares += (a[c] - b[c]) * (a[c] - b[c]);
  /* |A - B|^2 = 8 sin^2(angle / 2) */
  return 2 * asin(fmin(1, sqrt(squares / 8)));
}

/* `base`: the bodies of the free bases of both models, -1 without */
static df_status check_joint(const df_system* own, const df_system* other, int i, int k, const int base[2],
                             const char* path, const char* name) {
  const df_joint *a, *b;
  df_mujoco_joints(own, &a);
  df_mujoco_joints(other, &b);
  if (a[i].kind != b[k].kind)
    return df_fail(DF_E_CONFIG, "%s: joint '%s' is a %s joint, in the task a %s joint", path, name,
                   kind_name(b[k].kind), kind_name(a[i].kind));
  if (a[i].kind == DF_JOINT_FREE) return DF_OK;
  const double angle = angle_between(own, other, i, k, base);
  const bool single = a[i].kind == DF_JOINT_HINGE || a[i].kind == DF_JOINT_SLIDE;
  if (!single && angle <= TURNED) return DF_OK;

  const double ref_a = single ? df_mujoco_joint_reference(own, i) : 0;
  const double ref_b = single ? df_mujoco_joint_reference(other, k) : 0;
  if (fabs(ref_a - ref_b) > EQUAL)
    return df_fail(DF_E_CONFIG, "%s: joint '%s' has the reference %g, in the task %g: positions mean something else",
                   path, name, ref_b, ref_a);
  double u[3] = {0}, v[3] = {0};
  if (single) df_mujoco_joint_axis(own, i, u);
  if (single) df_mujoco_joint_axis(other, k, v);
  const bool same_axis = hypot(hypot(u[0] - v[0], u[1] - v[1]), u[2] - v[2]) <= EQUAL;
  if (same_axis && angle <= TURNED) return DF_OK;
  if (same_axis)
    return df_fail(DF_E_CONFIG,
                   "%s: the body of joint '%s' is turned by %.4g rad against that of the task where all joints are at "
                   "their references: positions mean something else",
                   path, name, angle);
  return df_fail(DF_E_CONFIG,
                 "%s: joint '%s' has the axis %g %g %g, in the task %g %g %g: positions mean something else", path,
                 name, v[0], v[1], v[2], u[0], u[1], u[2]);
}

/* positions and velocities of joint k of the other model are those of joint i of the task's */
static void map_joint(const other_model* m, int i, int k) {
  static const int n_qpos[] = {7, 4, 1, 1}, n_dof[] = {6, 3, 1, 1};
  const df_joint *a, *b;
  df_mujoco_joints(m->task->system, &a);
  df_mujoco_joints(m->system, &b);
  const int va = df_mujoco_nq(m->task->system) + a[i].dof, vb = df_mujoco_nq(m->system) + b[k].dof;
  for (int c = 0; c < n_qpos[a[i].kind]; c++) m->state[b[k].qpos + c] = a[i].qpos + c;
  for (int c = 0; c < n_dof[a[i].kind]; c++) m->state[vb + c] = va + c;
}

static df_status map_joints(other_model* m, const char* path, int* of) {
  const df_names* objects = &m->task->config.chart_objects;
  const df_base a = df_robot_base(m->task->system, objects), b = df_robot_base(m->system, objects);
  name_list own = {0}, other = {0};
  df_status status = names_of_joints(m->task->system, objects, &own);
  if (status == DF_OK) status = names_of_joints(m->system, objects, &other);
  if (status == DF_OK && (a.joint < 0) != (b.joint < 0))
    status = df_fail(DF_E_CONFIG, "%s: this model has %s free base, the task %s", path, b.joint < 0 ? "no" : "a",
                     a.joint < 0 ? "none" : "one");
  if (status == DF_OK && !match(&own, &other, of)) status = refuse_names(path, "joint", &own, &other);
  const int base[2] = {a.joint < 0 ? -1 : df_mujoco_joint_body(m->task->system, a.joint),
                       b.joint < 0 ? -1 : df_mujoco_joint_body(m->system, b.joint)};
  for (int k = 0; status == DF_OK && k < other.n; k++) {
    if (k == b.joint) of[k] = a.joint;
    status = check_joint(m->task->system, m->system, of[k], k, base, path, k == b.joint ? "base" : other.name[k]);
    if (status == DF_OK) map_joint(m, of[k], k);
  }
  names_clear(&own);
  names_clear(&other);

  /* the base, and the root of its bodies */
  m->height = b.joint < 0 ? -1 : b.position + 2;
  m->root[0] = a.joint < 0 ? -1 : df_mujoco_body_root(m->task->system, df_mujoco_joint_body(m->task->system, a.joint));
  m->root[1] = b.joint < 0 ? -1 : df_mujoco_body_root(m->system, df_mujoco_joint_body(m->system, b.joint));
  return status;
}

/* ---- actuators ---- */

static df_status check_actuator(const other_model* m, int i, int k, const int* joint_of, const char* path,
                                const char* name) {
  const df_actuator a = df_mujoco_actuator_at(m->task->system, i), b = df_mujoco_actuator_at(m->system, k);
  if ((a.joint < 0) != (b.joint < 0) || (b.joint >= 0 && joint_of[b.joint] != a.joint))
    return df_fail(DF_E_CONFIG, "%s: actuator '%s' acts on another joint than in the task", path, name);
  if (a.joint < 0) return DF_OK;
  const bool servo = a.stiffness > 0;
  if (servo != (b.stiffness > 0))
    return df_fail(DF_E_CONFIG, "%s: actuator '%s' is %s, in the task %s: its control means something else", path, name,
                   servo ? "no position servo" : "a position servo", servo ? "it is one" : "it is none");
  const int sign_a = (a.gain > 0) - (a.gain < 0), sign_b = (b.gain > 0) - (b.gain < 0);
  if (sign_a != sign_b)
    return df_fail(
        DF_E_CONFIG,
        "%s: actuator '%s' has gain times gear %g at the joint, in the task %g: a control of another sign, or "
        "without effect, means something else",
        path, name, b.gain, a.gain);
  /* the position that a servo tends to, per unit of control */
  const double of_a = servo ? a.gain / a.stiffness : 1, of_b = servo ? b.gain / b.stiffness : 1;
  if (fabs(of_a - of_b) <= EQUAL * fabs(of_a)) return DF_OK;
  return df_fail(DF_E_CONFIG,
                 "%s: servo '%s' holds the position %g at control 1, in the task %g: its control means something else",
                 path, name, of_b, of_a);
}

/* activations of control k of the other model are those of control i of the task's */
static df_status map_activations(const other_model* m, int i, int k, const char* path, const char* name) {
  int from, to;
  const int n = df_mujoco_activations(m->task->system, i, &from), here = df_mujoco_activations(m->system, k, &to);
  if (n != here)
    return df_fail(DF_E_CONFIG, "%s: actuator '%s' has %d activations, in the task %d: its states differ", path, name,
                   here, n);
  for (int c = 0; c < n; c++) m->state[to + c] = from + c;
  return DF_OK;
}

static df_status map_actuators(const other_model* m, const char* path, const int* joint_of) {
  name_list own = {0}, other = {0};
  df_status status = names_of_actuators(m->task->system, &own);
  if (status == DF_OK) status = names_of_actuators(m->system, &other);
  if (status == DF_OK && !match(&own, &other, m->control)) status = refuse_names(path, "actuator", &own, &other);
  for (int k = 0; status == DF_OK && k < other.n; k++) {
    status = check_actuator(m, m->control[k], k, joint_of, path, other.name[k]);
    if (status == DF_OK) status = map_activations(m, m->control[k], k, path, other.name[k]);
  }
  names_clear(&own);
  names_clear(&other);
  return status;
}

/* ---- time, and the ground ---- */

static df_status find_steps(other_model* m, const char* path) {
  const double step = df_mujoco_timestep(m->system), n = m->task->system->dt / step;
  m->substeps = (int)lround(n);
  if (m->substeps >= 1 && fabs(n - m->substeps) <= WHOLE) return DF_OK;
  return df_fail(DF_E_CONFIG,
                 "%s: an action lasts %.9g s, which is no whole number of its physics steps of %.9g s; set <option "
                 "timestep=\"%.9g\"/> in a copy of the model",
                 path, m->task->system->dt, step, m->task->system->dt / (m->substeps < 1 ? 1 : ceil(n)));
}

/* whether the ground is flat, and its height; -inf without a ground */
static df_status find_ground(const df_system* system, df_sim* sim, bool* flat, double* height) {
  double* x = df_alloc((size_t)system->nx, sizeof *x);
  if (!x) return DF_E_NOMEM;
  df_mujoco_initial_state(system, x);
  df_mujoco_pose(sim, x);
  *flat = df_mujoco_ground_is_flat(sim, height);
  df_free(x);
  return DF_OK;
}

static df_status compare_grounds(other_model* m, const char* path) {
  const df_system* system[2] = {m->task->system, m->system};
  bool flat[2];
  double height[2];
  for (int i = 0; i < 2; i++) {
    DF_TRY(df_sim_new(system[i], 0, &m->sim[i]));
    DF_TRY(find_ground(system[i], m->sim[i], &flat[i], &height[i]));
  }
  if (m->height >= 0 && flat[1] && !isfinite(height[1]) && !(flat[0] && !isfinite(height[0])))
    return df_fail(DF_E_CONFIG,
                   "%s: this model has no ground, and that of the task has one: name the file that puts it on a floor, "
                   "such as scene.xml beside it",
                   path);
  if (flat[0] && flat[1] && isfinite(height[0]) && isfinite(height[1])) m->rise = height[1] - height[0];
  if (m->height < 0 && fabs(m->rise) > LEAST_LIFT)
    return df_fail(DF_E_CONFIG,
                   "%s: its ground is at %.9g m, that of the task at %.9g m, and the robot has no free base that could "
                   "be placed at the same height above it; move the ground of a copy of the model",
                   path, height[1], height[0]);
  return DF_OK;
}

/* ---- the model ---- */

static df_status compile_other(const char* path, df_system** out) {
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.forward_only = true;
  cfg.iterations = 0;
  cfg.islands = DF_ISLANDS_MODEL;
  return df_mujoco_system_new(path, &cfg, out);
}

df_status other_model_new(const df_task* task, const char* path, other_model* out) {
  *out = (other_model){.task = task, .height = -1, .root = {-1, -1}};
  DF_TRY(compile_other(path, &out->system));
  const df_joint* joints;
  const size_t n_joints = (size_t)df_mujoco_joints(out->system, &joints);
  out->state = df_alloc((size_t)out->system->nx + 1, sizeof *out->state);
  out->control = df_alloc((size_t)out->system->nu + 1, sizeof *out->control);
  int* joint_of = df_alloc(n_joints + 1, sizeof *joint_of);
  df_status status = out->state && out->control && joint_of ? DF_OK : DF_E_NOMEM;
  if (status == DF_OK) status = map_joints(out, path, joint_of);
  if (status == DF_OK) status = map_actuators(out, path, joint_of);
  if (status == DF_OK) status = find_steps(out, path);
  if (status == DF_OK) status = compare_grounds(out, path);
  df_free(joint_of);
  return status;
}

void other_model_clear(other_model* m) {
  if (m->task) df_sim_free(m->task->system, m->sim[0]);
  if (m->system) df_sim_free(m->system, m->sim[1]);
  df_system_free(m->system);
  df_free(m->state);
  df_free(m->control);
  *m = (other_model){0};
}

/* the distance of the robot from the ground in a state; +inf without a ground */
static double clearance(const other_model* m, int which, const double* x) {
  df_mujoco_pose(m->sim[which], x);
  return df_mujoco_ground_distance(m->sim[which], m->root[which]);
}

double other_model_place(const other_model* m, const double* x, double* y) {
  for (int k = 0; k < m->system->nx; k++) y[k] = x[m->state[k]];
  if (m->height < 0) return 0;
  y[m->height] += m->rise;
  const double lift = fmin(clearance(m, 0, x), 0) - clearance(m, 1, y);
  if (!(lift > LEAST_LIFT)) return 0;
  y[m->height] += lift;
  return lift;
}

void other_model_back(const other_model* m, const double* y, double* x) {
  for (int k = 0; k < m->system->nx; k++) x[m->state[k]] = y[k];
  if (m->height >= 0) x[m->state[m->height]] -= m->rise;
}

int other_model_act(const other_model* m, const double* u, double* v) {
  const df_system *own = m->task->system, *other = m->system;
  int clipped = 0;
  for (int k = 0; k < other->nu; k++) {
    const int i = m->control[k];
    v[k] = fmin(fmax(u[i], own->u_lo[i]), own->u_hi[i]);
    clipped += v[k] < other->u_lo[k] || v[k] > other->u_hi[k];
  }
  return clipped;
}
