#include "robot_file.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/io/npz.h"
#include "dynaflow/metrics/plausibility.h"
#include "dynaflow/sim/dynamics.h"
#include "dynaflow/sim/mujoco.h"
#include "escape.h"
#include "json.h"
#include "named_columns.h"

/* ---- what a robot gets ---- */

static const double* state_at(const transfer_input* in, const transfer* made, int i, int t) {
  const size_t nx = (size_t)in->task->system->nx;
  return made->x + ((size_t)i * (size_t)(in->length + 1) + (size_t)t) * nx;
}

/* the action as the model executes it */
static double target_at(const transfer_input* in, int i, int t, int k) {
  const df_system* s = in->task->system;
  const double u = in->u[((size_t)i * (size_t)in->length + (size_t)t) * (size_t)s->nu + (size_t)k];
  return fmin(fmax(u, s->u_lo[k]), s->u_hi[k]);
}

/* the force at the joint that actuator k asks for when it gets its target */
static double asked(const transfer_input* in, const df_actuator* a, const double* x, double target) {
  const df_joint* joints;
  df_mujoco_joints(in->task->system, &joints);
  const df_joint* j = &joints[a->joint];
  return a->gain * target - a->stiffness * x[j->qpos] - a->damping * x[df_mujoco_nq(in->task->system) + j->dof];
}

/* ---- limits ---- */

/* where a number is furthest beyond its range, and how often it is beyond */
typedef struct crossing {
  int count;
  double at, value, bound; /* of the furthest one: time, s, and the bound that is crossed */
  double beyond;           /* by how much */
} crossing;

static void watch(crossing* c, double time, double value, double lo, double hi) {
  const double slack = isfinite(hi - lo) ? DF_RANGE_TOLERANCE * (hi - lo) : 0;
  if (value >= lo - slack && value <= hi + slack) return;
  const double bound = value > hi ? hi : lo, beyond = fabs(value - bound);
  c->count++;
  if (c->count == 1 || beyond > c->beyond) *c = (crossing){c->count, time, value, bound, beyond};
}

static int tell(const crossing* c, const char* what, const char* name, const char* unit, text* lines) {
  if (c->count == 0) return 0;
  text_add(lines, "%s of '%s' is %.4g %s at %.4g s, limit %.4g", what, name, c->value, unit, c->at, c->bound);
  if (c->count > 1) text_add(lines, ", and %d times in all", c->count);
  text_add(lines, "\n");
  return 1;
}

/* the velocity limit of a joint: eval.velocity_limit in the order of actuated hinges and slides; +inf without */
static double speed_limit(const df_task* task, const df_dof* dof, int joint) {
  const df_list* limits = &task->config.eval_velocity_limit;
  const df_joint* joints;
  df_mujoco_joints(task->system, &joints);
  int n = 0;
  for (int j = 0; j <= joint; j++) {
    const bool single = joints[j].kind == DF_JOINT_HINGE || joints[j].kind == DF_JOINT_SLIDE;
    if (!single || !dof[joints[j].dof].actuated) {
      if (j == joint) return INFINITY;
      continue;
    }
    if (j == joint) return limits->n > 0 ? limits->v[n % limits->n] : INFINITY;
    n++;
  }
  return INFINITY;
}

static int check_joint(const transfer_input* in, const transfer* made, int i, int joint, const df_dof* dof,
                       text* lines) {
  const df_joint* joints;
  df_mujoco_joints(in->task->system, &joints);
  const df_joint* j = &joints[joint];
  if (j->kind != DF_JOINT_HINGE && j->kind != DF_JOINT_SLIDE) return 0;
  const double speed = speed_limit(in->task, dof, joint), dt = in->task->system->dt;
  const bool turns = j->kind == DF_JOINT_HINGE;
  crossing position = {0}, velocity = {0};
  for (int t = 0; t <= in->length; t++) {
    const double* x = state_at(in, made, i, t);
    watch(&position, t * dt, x[j->qpos], j->lo, j->hi);
    watch(&velocity, t * dt, x[df_mujoco_nq(in->task->system) + j->dof], -speed, speed);
  }
  return tell(&position, "position", j->name, turns ? "rad" : "m", lines) +
         tell(&velocity, "velocity", j->name, turns ? "rad/s" : "m/s", lines);
}

static int check_actuator(const transfer_input* in, const transfer* made, int i, int k, text* lines) {
  const df_actuator a = df_mujoco_actuator_at(in->task->system, k);
  const df_joint* joints;
  df_mujoco_joints(in->task->system, &joints);
  if (a.joint < 0) return 0;
  const bool turns = joints[a.joint].kind == DF_JOINT_HINGE;
  crossing force = {0};
  for (int t = 0; t < in->length; t++)
    watch(&force, t * in->task->system->dt, asked(in, &a, state_at(in, made, i, t), target_at(in, i, t, k)), -a.force,
          a.force);
  return tell(&force, turns ? "torque" : "force", joints[a.joint].name, turns ? "N m" : "N", lines);
}

int robot_file_check(const transfer_input* in, const df_fall_rule* rule, const transfer* made, int i, text* lines) {
  const df_system* s = in->task->system;
  const df_joint* joints;
  const int n_joints = df_mujoco_joints(s, &joints);
  const int fall = df_fall_frame(rule, s->nx, in->length, state_at(in, made, i, 0));
  if (fall <= in->length) {
    text_add(lines, "it falls, or has no states, at %.4g s\n", fall * s->dt);
    return 1;
  }
  df_dof* dof = df_alloc((size_t)df_mujoco_nv(s) + 1, sizeof *dof);
  if (!dof) {
    text_add(lines, "no memory\n");
    return 1;
  }
  df_mujoco_dofs(s, dof);
  int n = 0;
  for (int j = 0; j < n_joints; j++) n += check_joint(in, made, i, j, dof, lines);
  for (int k = 0; k < s->nu; k++) n += check_actuator(in, made, i, k, lines);
  df_free(dof);
  return n;
}

void robot_file_unchecked(const df_task* task, text* line) {
  const df_joint* joints;
  const int n_joints = df_mujoco_joints(task->system, &joints);
  int ranges = 0, forces = 0;
  for (int j = 0; j < n_joints; j++) {
    const bool single = joints[j].kind == DF_JOINT_HINGE || joints[j].kind == DF_JOINT_SLIDE;
    ranges += single && !isfinite(joints[j].width);
  }
  for (int k = 0; k < task->system->nu; k++) forces += !isfinite(df_mujoco_actuator_at(task->system, k).force);
  if (ranges) text_add(line, "; %d joints have no range in the model", ranges);
  if (task->config.eval_velocity_limit.n == 0) text_add(line, "; eval.velocity_limit is not set");
  if (forces) text_add(line, "; %d actuators have no known limit of force", forces);
}

/* ---- files ---- */

/* the actuator's joint and name: "target FR_hip_joint [rad]" of a servo, else "action NAME" */
static char* target_title(const df_system* system, int k, const char* action) {
  const df_actuator a = df_mujoco_actuator_at(system, k);
  const df_joint* joints;
  df_mujoco_joints(system, &joints);
  if (a.joint < 0 || !(a.stiffness > 0)) return format_text("action %s", action);
  return format_text("target %s [%s]", joints[a.joint].name, joints[a.joint].kind == DF_JOINT_HINGE ? "rad" : "m");
}

static df_status write_csv(const transfer_input* in, const transfer* made, int i, const columns* names,
                           const char* path) {
  const df_system* s = in->task->system;
  text t = {0};
  text_add(&t, "time [s]");
  for (int k = 0; k < s->nu; k++) {
    char* title = target_title(s, k, names->action[k]);
    text_add(&t, ",");
    text_add_csv(&t, title);
    df_free(title);
  }
  for (int c = 0; c < s->nx; c++) {
    char* title = names->unit[c][0] ? format_text("%s [%s]", names->state[c], names->unit[c])
                                    : format_text("%s", names->state[c]);
    text_add(&t, ",");
    text_add_csv(&t, title);
    df_free(title);
  }
  text_add(&t, "\n");
  for (int frame = 0; frame < in->length; frame++) {
    text_add(&t, "%.9g", frame * s->dt);
    for (int k = 0; k < s->nu; k++) text_add(&t, ",%.17g", target_at(in, i, frame, k));
    for (int c = 0; c < s->nx; c++) text_add(&t, ",%.17g", state_at(in, made, i, frame)[c]);
    text_add(&t, "\n");
  }
  const df_status status = text_write(&t, path);
  text_clear(&t);
  return status;
}

/* numbers of the actuators, [nu] each, and of the file */
typedef struct robot_arrays {
  double *time, *targets, *stiffness, *damping, *force; /* owned */
  char *joints, *actions, *states, *units;              /* separated by commas; owned */
} robot_arrays;

static void arrays_clear(robot_arrays* a) {
  df_free(a->time);
  df_free(a->targets);
  df_free(a->stiffness);
  df_free(a->damping);
  df_free(a->force);
  df_free(a->joints);
  df_free(a->actions);
  df_free(a->states);
  df_free(a->units);
}

static char* joined(int n, const char* const* words) {
  text t = {0};
  for (int i = 0; i < n; i++) text_add(&t, "%s%s", i ? "," : "", words[i]);
  char* out = format_text("%s", text_of(&t));
  text_clear(&t);
  return out;
}

static char* actuated_joints(const df_system* s) {
  const df_joint* joints;
  text t = {0};
  df_mujoco_joints(s, &joints);
  for (int k = 0; k < s->nu; k++) {
    const df_actuator a = df_mujoco_actuator_at(s, k);
    text_add(&t, "%s%s", k ? "," : "", a.joint >= 0 ? joints[a.joint].name : "");
  }
  char* out = format_text("%s", text_of(&t));
  text_clear(&t);
  return out;
}

static df_status fill_arrays(const transfer_input* in, const columns* names, robot_arrays* a) {
  const df_system* s = in->task->system;
  const size_t nu = (size_t)s->nu, length = (size_t)in->length, n = (size_t)in->n;
  a->time = df_alloc(length, sizeof *a->time);
  a->targets = df_alloc(n * length * nu, sizeof *a->targets);
  a->stiffness = df_alloc(nu, sizeof *a->stiffness);
  a->damping = df_alloc(nu, sizeof *a->damping);
  a->force = df_alloc(nu, sizeof *a->force);
  if (!a->time || !a->targets || !a->stiffness || !a->damping || !a->force) return DF_E_NOMEM;
  for (size_t t = 0; t < length; t++) a->time[t] = (double)t * s->dt;
  for (size_t i = 0; i < n; i++) {
    for (size_t t = 0; t < length; t++) {
      for (size_t k = 0; k < nu; k++) a->targets[(i * length + t) * nu + k] = target_at(in, (int)i, (int)t, (int)k);
    }
  }
  for (int k = 0; k < s->nu; k++) {
    const df_actuator actuator = df_mujoco_actuator_at(s, k);
    a->stiffness[k] = actuator.stiffness;
    a->damping[k] = actuator.damping;
    a->force[k] = actuator.force;
  }
  a->joints = actuated_joints(s);
  a->actions = joined(names->n_actions, (const char* const*)names->action);
  a->states = joined(names->n_states, (const char* const*)names->state);
  a->units = joined(names->n_states, names->unit);
  return DF_OK;
}

static df_status write_npz(const transfer_input* in, const transfer* made, const json_t* provenance,
                           const robot_arrays* a, const char* path) {
  const size_t n = (size_t)in->n, length = (size_t)in->length, nu = (size_t)in->task->system->nu;
  const size_t nx = (size_t)in->task->system->nx;
  const df_npz_entry entries[] = {
      {.key = "time", .rank = 1, .shape = {length}, .values = a->time},
      {.key = "targets", .rank = 3, .shape = {n, length, nu}, .values = a->targets},
      {.key = "states", .rank = 3, .shape = {n, length + 1, nx}, .values = made->x},
      {.key = "dt", .rank = 0, .values = &in->task->system->dt},
      {.key = "stiffness", .rank = 1, .shape = {nu}, .values = a->stiffness},
      {.key = "damping", .rank = 1, .shape = {nu}, .values = a->damping},
      {.key = "force_limit", .rank = 1, .shape = {nu}, .values = a->force},
      {.key = "joint_names", .kind = DF_NPZ_TEXT, .text = a->joints},
      {.key = "action_names", .kind = DF_NPZ_TEXT, .text = a->actions},
      {.key = "state_names", .kind = DF_NPZ_TEXT, .text = a->states},
      {.key = "state_units", .kind = DF_NPZ_TEXT, .text = a->units},
      {.key = "task", .kind = DF_NPZ_TEXT, .text = in->config->task_name},
      {.key = "model_sha256", .kind = DF_NPZ_TEXT, .text = in->task->model_sha256},
      {.key = "method", .kind = DF_NPZ_TEXT, .text = string_of(provenance, "method")},
      {.key = "checkpoint_sha256", .kind = DF_NPZ_TEXT, .text = string_of(provenance, "checkpoint_sha256")}};
  return df_npz_write(path, sizeof entries / sizeof *entries, entries);
}

/* removes the npz and the first n CSV files */
static void remove_written(const char* folder, const char* name, int n) {
  for (int i = -1; i < n; i++) {
    char* path = i < 0 ? format_text("%s/%s.npz", folder, name) : format_text("%s/%s-%d.csv", folder, name, i);
    unlink(path); /* one that could not be written is not there */
    df_free(path);
  }
}

df_status robot_file_write(const transfer_input* in, const transfer* made, const json_t* provenance, const char* folder,
                           const char* name) {
  columns names;
  robot_arrays arrays = {0};
  char* path = format_text("%s/%s.npz", folder, name);
  df_status status = columns_new(in->task, &names);
  if (status == DF_OK) status = fill_arrays(in, &names, &arrays);
  if (status == DF_OK) status = write_npz(in, made, provenance, &arrays, path);
  int n = 0;
  while (n < in->n && status == DF_OK) {
    df_free(path);
    path = format_text("%s/%s-%d.csv", folder, name, n++);
    status = write_csv(in, made, n - 1, &names, path);
  }
  if (status != DF_OK) remove_written(folder, name, n);
  df_free(path);
  arrays_clear(&arrays);
  columns_clear(&names);
  return status;
}
