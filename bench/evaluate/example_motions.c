#include "example_motions.h"

#include <math.h>
#include <string.h>

#include "commanded_gait.h"
#include "condition_title.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/metrics/metrics.h"
#include "dynaflow/sim/mujoco.h"
#include "json.h"
#include "text.h"

static const double SHOWN_SECONDS = 2; /* of the path of a joint */

/* the states of a motion */
typedef struct motion {
  const double* x; /* [frames+1][nx]; NULL: there is none */
  int frames;
} motion;

/* the held-out episode from the start state of a chain on, at most as long as the chain */
static motion demonstration_of(const eval_job* job, int chain, int frames) {
  if (!job->set->x) return (motion){0};
  const df_window w = job->set->window[chain];
  const int left = job->task->data->lengths[w.episode] - w.start;
  return (motion){df_dataset_state(job->task->data, w.episode, w.start), left < frames ? left : frames};
}

/* ---- contacts ---- */

/* touch [frames+1][n_feet] as one string per foot */
static json_t* contact_strings(int frames, int n_feet, const uint8_t* touch) {
  json_t* list = json_array();
  for (int k = 0; k < n_feet; k++) {
    text foot = {0};
    for (int t = 0; t <= frames; t++) {
      const uint8_t now = touch[(size_t)t * (size_t)n_feet + (size_t)k];
      text_add(&foot, "%s", now == DF_TOUCH_UNKNOWN ? "-" : now ? "1" : "0");
    }
    json_array_append_new(list, json_string(text_of(&foot)));
    text_clear(&foot);
  }
  return list;
}

/* replaces contacts by those of the clock at the phase that agrees with them best */
static void follow_clock(const commanded_gait* gait, int frames, int n_feet, uint8_t* touch) {
  double phase0;
  df_metric_gait_phase(frames, 1, n_feet, touch, &gait->clock, &phase0);
  for (int t = 0; t <= frames; t++) {
    const double phase = phase0 + gait->clock.frequency * gait->clock.dt * t;
    for (int k = 0; k < n_feet; k++)
      touch[(size_t)t * (size_t)n_feet + (size_t)k] = gait->clock.stance(gait->clock.context, k, phase);
  }
}

static df_status add_contacts(const eval_job* job, int chain, motion generated, motion demonstrated, json_t* one) {
  const int n = job->set->n_feet;
  commanded_gait gait;
  json_t *feet = json_array(), *contacts = json_object();
  uint8_t* touch = df_alloc((size_t)(generated.frames + 1) * (size_t)n, 1);
  df_status status = touch ? DF_OK : DF_E_NOMEM;
  for (int k = 0; k < n; k++) json_array_append_new(feet, json_text(job->task->config.eval_feet.v[k]));
  json_object_set_new(contacts, "feet", feet);
  /* the demonstration first, since the memory then holds the generated contacts for the clock */
  const struct {
    const char* name;
    motion of;
  } sides[] = {{"demonstrated", demonstrated}, {"generated", generated}};
  for (int i = 0; i < 2 && status == DF_OK; i++) {
    const motion m = sides[i].of;
    if (!m.x || m.frames < 1) continue;
    status = df_metric_contacts(job->task->system, &(df_trajectories){.B = 1, .H = m.frames, .x = m.x}, n,
                                job->set->feet, job->threads, touch);
    if (status == DF_OK) json_object_set_new(contacts, sides[i].name, contact_strings(m.frames, n, touch));
  }
  const double* condition =
      job->set->condition ? job->set->condition + (size_t)chain * (size_t)job->task->data->nc : NULL;
  if (status == DF_OK && commanded_gait_find(job->task, condition, &gait)) {
    follow_clock(&gait, generated.frames, n, touch);
    json_object_set_new(contacts, "demanded", contact_strings(generated.frames, n, touch));
  }
  json_object_set_new(one, "contacts", contacts);
  df_free(touch);
  return status;
}

/* ---- the path of a joint ---- */

/* the standard deviation of entry `at` of the states of the held-out windows */
static double spread_of(const eval_set* set, int nx, int at) {
  const size_t rows = (size_t)set->B * (size_t)(set->H + 1);
  double sum = 0, squares = 0;
  for (size_t i = 0; set->x && i < rows; i++) sum += set->x[i * (size_t)nx + (size_t)at];
  const double mean = sum / (double)rows;
  for (size_t i = 0; set->x && i < rows; i++) {
    const double d = set->x[i * (size_t)nx + (size_t)at] - mean;
    squares += d * d;
  }
  return sqrt(squares / (double)rows);
}

/* the hinge or slide with the largest spread, hinges before slides; NULL: there is none */
static const df_joint* most_moving_joint(const eval_job* job) {
  const df_joint *joints, *best = NULL;
  const int n = df_mujoco_joints(job->task->system, &joints);
  double most = -1;
  for (int pass = 0; pass < 2 && !best; pass++) {
    for (int j = 0; j < n; j++) {
      if (joints[j].kind != (pass == 0 ? DF_JOINT_HINGE : DF_JOINT_SLIDE)) continue;
      const double spread = spread_of(job->set, job->task->system->nx, joints[j].qpos);
      if (spread <= most) continue;
      most = spread;
      best = &joints[j];
    }
  }
  return best;
}

/* position and velocity of the joint in the frames that are shown */
static json_t* path_of(const eval_job* job, const df_joint* joint, motion m) {
  const size_t nx = (size_t)job->task->system->nx;
  const int nq = df_mujoco_nq(job->task->system), shown = (int)lround(SHOWN_SECONDS / job->task->system->dt);
  json_t *position = json_array(), *velocity = json_array();
  for (int t = 0; t <= m.frames && t <= shown; t++) {
    json_array_append_new(position, json_number(m.x[(size_t)t * nx + (size_t)joint->qpos]));
    json_array_append_new(velocity, json_number(m.x[(size_t)t * nx + (size_t)(nq + joint->dof)]));
  }
  return json_pack("{s:o,s:o}", "position", position, "velocity", velocity);
}

static void add_joint(const eval_job* job, motion generated, motion demonstrated, json_t* one) {
  const df_joint* joint = most_moving_joint(job);
  if (!joint) return;
  json_t* out = json_pack("{s:o,s:s,s:o}", "name", json_text(joint->name), "unit",
                          joint->kind == DF_JOINT_HINGE ? "rad" : "m", "generated", path_of(job, joint, generated));
  if (demonstrated.x) json_object_set_new(out, "demonstrated", path_of(job, joint, demonstrated));
  json_object_set_new(one, "joint", out);
}

/* ---- all of them ---- */

static df_status add_motion(const eval_job* job, const chains* c, int chain, json_t* list) {
  const df_task* task = job->task;
  const size_t nx = (size_t)task->system->nx;
  const motion generated = {c->x + (size_t)chain * (size_t)(c->frames + 1) * nx, c->frames};
  const motion demonstrated = demonstration_of(job, chain, c->frames);
  text title = {0};
  if (job->set->condition)
    condition_title(task->data, job->set->condition + (size_t)chain * (size_t)task->data->nc, false, &title);
  if (!title.n) text_add(&title, "%s", task->config.task_name);
  json_t* one = json_pack("{s:o,s:i,s:f}", "title", json_text(text_of(&title)), "chain", chain, "dt", task->system->dt);
  text_clear(&title);
  json_array_append_new(list, one);
  add_joint(job, generated, demonstrated, one);
  return job->set->n_feet > 0 ? add_contacts(job, chain, generated, demonstrated, one) : DF_OK;
}

/* whether no chain before this one is of its group */
static bool is_first_of_group(const eval_job* job, int chain) {
  for (int i = 0; i < chain; i++) {
    if (job->set->group[i] == job->set->group[chain]) return false;
  }
  return true;
}

df_status example_motions(const eval_job* job, const chains* c, json_t** out) {
  json_t* list = json_array();
  df_status status = DF_OK;
  for (int i = 0; i < c->n && status == DF_OK; i++) {
    if (is_first_of_group(job, i)) status = add_motion(job, c, i, list);
  }
  *out = list;
  return status;
}
