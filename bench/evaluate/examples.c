#include "examples.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "condition_title.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/data/robot_base.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/system.h"
#include "json.h"
#include "text.h"

/* number of curves; of poses, and frames between two; of replays */
enum { CURVES_MAX = 4, POSES = 9, POSE_EVERY = 2, REPLAYS = 2 };

/* entry `at` of the states x [H+1][nx]; relative to the first frame if from_zero */
static json_t* curve(const double* x, int H, int nx, int at, int from_zero) {
  json_t* values = json_array();
  for (int t = 0; t <= H; t++) {
    const double v = x[(size_t)t * (size_t)nx + (size_t)at] - (from_zero ? x[at] : 0);
    json_array_append_new(values, json_number(v));
  }
  return values;
}

static json_t* one_example(const eval_job* job, const double* x, int at, int from_zero, const char* title,
                           const char* unit) {
  const int H = job->set->H, nx = job->task->system->nx;
  return json_pack("{s:s,s:s,s:f,s:o,s:o}", "title", title, "unit", unit, "dt", job->task->system->dt, "demonstrated",
                   curve(job->set->x, H, nx, at, from_zero), "generated", curve(x, H, nx, at, from_zero));
}

/* height and forward speed of a free base and of other free bodies, then the first hinge and slide joints */
json_t* example_curves(const eval_job* job, const double* x) {
  const df_system* system = job->task->system;
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints), nq = df_mujoco_nq(system);
  const int base = df_robot_base(system, &job->task->config.chart_objects).joint;
  json_t* list = json_array();
  for (int j = 0; j < n && (int)json_array_size(list) < CURVES_MAX; j++) {
    char title[96];
    if (joints[j].kind == DF_JOINT_FREE) {
      char number[24];
      snprintf(number, sizeof number, "joint %d", j);
      const char* name = j == base ? "base" : joints[j].name[0] ? joints[j].name : number;
      snprintf(title, sizeof title, "%.60s height", name);
      json_array_append_new(list, one_example(job, x, joints[j].qpos + 2, 0, title, "m"));
      snprintf(title, sizeof title, "%.60s velocity, world x", name);
      json_array_append_new(list, one_example(job, x, nq + joints[j].dof, 0, title, "m/s"));
    } else if (joints[j].kind == DF_JOINT_HINGE || joints[j].kind == DF_JOINT_SLIDE) {
      /* skip the first abduction joint of a four-legged robot, which hardly moves: hip and knee show more */
      if (n > 6 && j < 2) continue;
      snprintf(title, sizeof title, "%s", joints[j].name);
      json_array_append_new(
          list, one_example(job, x, joints[j].qpos, 0, title, joints[j].kind == DF_JOINT_HINGE ? "rad" : "m"));
    }
  }
  return list;
}

static json_t* numbers(size_t n, const double* values) {
  json_t* list = json_array();
  for (size_t i = 0; i < n; i++) json_array_append_new(list, json_number(values[i]));
  return list;
}

json_t* example_replays(const eval_job* job, int k, const double* u, const double* executed) {
  const size_t nx = (size_t)job->task->system->nx, nu = (size_t)job->task->system->nu, H = (size_t)job->set->H;
  json_t* list = json_array();
  for (int i = 0; i < REPLAYS && i < job->set->B; i++) {
    /* evenly spread over the set */
    const size_t b = (size_t)(i * job->set->B / REPLAYS);
    const double* x = executed + b * (H + 1) * nx;
    json_array_append_new(list, json_pack("{s:i,s:i,s:o,s:o,s:o}", "k", k, "window", (int)b, "x0", numbers(nx, x), "u",
                                          numbers(H * nu, u + b * H * nu), "x", numbers(H * nx, x + nx)));
  }
  return list;
}

/* parent of each node of the stick figure: all bodies except the world, then the feet, attached to their bodies */
static json_t* skeleton(const eval_job* job) {
  const df_system* system = job->task->system;
  json_t* parent = json_array();
  const int bodies = df_mujoco_body_count(system);
  for (int b = 1; b < bodies; b++) json_array_append_new(parent, json_integer(df_mujoco_body_parent(system, b) - 1));
  for (int k = 0; k < job->set->n_feet; k++) {
    json_array_append_new(parent, json_integer(df_mujoco_geom_body(system, job->set->feet[k]) - 1));
  }
  return parent;
}

/* x and z of the nodes of skeleton() in state x; position [3 * bodies] is scratch memory */
static json_t* pose(const eval_job* job, df_sim* sim, const double* x, double t, double* position) {
  const int bodies = df_mujoco_body_count(job->task->system);
  df_mujoco_pose(sim, x);
  df_mujoco_body_positions(sim, position);
  json_t *px = json_array(), *pz = json_array();
  for (int b = 1; b < bodies; b++) {
    json_array_append_new(px, json_real(position[3 * b]));
    json_array_append_new(pz, json_real(position[3 * b + 2]));
  }
  for (int k = 0; k < job->set->n_feet; k++) {
    double p[3];
    df_mujoco_geom_position(sim, job->set->feet[k], p);
    json_array_append_new(px, json_real(p[0]));
    json_array_append_new(pz, json_real(p[2]));
  }
  return json_pack("{s:f,s:o,s:o}", "t", t, "x", px, "z", pz);
}

df_status example_strip(const eval_job* job, int chain, int frames, const double* x, json_t** out) {
  const df_system* system = job->task->system;
  df_sim* sim;
  DF_TRY(df_sim_new(system, 0, &sim));
  double* position = df_alloc((size_t)df_mujoco_body_count(system) * 3, sizeof *position);
  if (!position) {
    df_sim_free(system, sim);
    return DF_E_NOMEM;
  }
  /* poses */
  const int nc = job->task->data->nc;
  text title = {0};
  if (job->set->condition)
    condition_title(job->task->data, job->set->condition + (size_t)chain * (size_t)nc, false, &title);
  if (!title.n) text_add(&title, "%s", job->task->config.task_name);
  json_t* list = json_array();
  /* from the middle of the chain, where the demonstrated start state has no influence any more */
  const int first = frames / 2;
  for (int p = 0; p < POSES && first + p * POSE_EVERY <= frames; p++) {
    const int t = first + p * POSE_EVERY;
    const double* state = x + (size_t)t * (size_t)system->nx;
    if (!isfinite(state[0])) break;
    json_array_append_new(list, pose(job, sim, state, t * system->dt, position));
  }
  *out = json_pack("{s:s,s:f,s:o,s:o,s:f}", "title", text_of(&title), "dt", POSE_EVERY * system->dt, "parent",
                   skeleton(job), "frames", list, "ground", 0.0);
  text_clear(&title);
  df_free(position);
  df_sim_free(system, sim);
  return DF_OK;
}
