#include "joint_reading.h"

#include <math.h>
#include <string.h>

#include "action_sample.h"
#include "dynaflow/core/alloc.h"
#include "stop.h"
#include "text.h"

/* actions that are looked at, fewer where there are many moves of many physics steps: about this many steps per round
 */
enum { SAMPLE_MOST = 24, SAMPLE_LEAST = 6, ROUNDS = 8 };
static const double STEPS = 6e4;
/* the share of the error that a move leaves at most to be kept, and that all of them do to be another reading */
static const double BETTER = 0.8, FOLLOWS = 0.1;

typedef struct search {
  const recording* r;
  const df_system* system;
  int threads;
  int *joint, *best; /* [njoint + nu] of joints, then of actuators: the reading tried, and the best one */
  int* driver;       /* [njoint] the one actuator on the joint; -1: none or several */
  action_sample sample;
} search;

static int index_of(int reading) {
  return reading < 0 ? ~reading : reading;
}

static void read_state(const recording* r, const int* joint, const double* from, double* to) {
  memcpy(to, from, (size_t)r->data->nx * sizeof *to);
  for (int j = 0; j < r->njoint; j++) {
    const df_joint *is = &r->joints[j], *read = &r->joints[index_of(joint[j])];
    if (is->kind != DF_JOINT_HINGE && is->kind != DF_JOINT_SLIDE) continue;
    const double sign = joint[j] < 0 ? -1 : 1;
    to[is->qpos] = sign * from[read->qpos];
    to[r->nq + is->dof] = sign * from[r->nq + read->dof];
  }
}

static void read_action(int nu, const int* actuator, const double* from, double* to) {
  for (int i = 0; i < nu; i++) to[i] = (actuator[i] < 0 ? -1 : 1) * from[index_of(actuator[i])];
}

static df_status measure(search* s, double* median) {
  const size_t nx = (size_t)s->r->data->nx, nu = (size_t)s->system->nu;
  const action_sample* a = &s->sample;
  for (size_t i = 0; i < (size_t)a->n; i++) {
    for (size_t k = 0; k < 2; k++) read_state(s->r, s->joint, a->x + (2 * i + k) * nx, a->y + (2 * i + k) * nx);
    read_action(s->system->nu, s->joint + s->r->njoint, a->u + i * nu, a->v + i * nu);
  }
  return action_sample_error(s->system, a->n, a->y, a->v, s->threads, a->error, median);
}

/* Exchanges a and b, and reverses a (signs & 1) and b (signs & 2) of the reading tried. */
static void move(int* reading, int a, int b, int signs) {
  const int was = reading[a];
  reading[a] = reading[b];
  reading[b] = was;
  if (signs & 1) reading[a] = ~reading[a];
  if (signs & 2) reading[b] = ~reading[b];
}

/* Tries the moves of two joints, or of one, without and with their actuators; keeps the best reading. */
static df_status try_move(search* s, const int* from, int a, int b, double* best) {
  const size_t count = (size_t)(s->r->njoint + s->system->nu);
  const bool driven = s->driver[a] >= 0 && s->driver[b] >= 0;
  for (int m = a == b ? 1 : 0; m < (a == b ? 2 : 4); m++) {
    for (int with = 0; with <= driven; with++) {
      double median;
      DF_TRY(stop_check());
      memcpy(s->joint, from, count * sizeof *from);
      move(s->joint, a, b, m);
      if (with) move(s->joint + s->r->njoint, s->driver[a], s->driver[b], m);
      DF_TRY(measure(s, &median));
      if (!(median < *best)) continue;
      *best = median;
      memcpy(s->best, s->joint, count * sizeof *s->best);
    }
  }
  return DF_OK;
}

static bool may_move(const search* s, int a, int b) {
  const df_joint_kind kind = s->r->joints[a].kind;
  return (kind == DF_JOINT_HINGE || kind == DF_JOINT_SLIDE) && s->r->joints[b].kind == kind;
}

static df_status try_moves(search* s, const int* from, double* best) {
  for (int a = 0; a < s->r->njoint; a++) {
    for (int b = a; b < s->r->njoint; b++) {
      if (may_move(s, a, b)) DF_TRY(try_move(s, from, a, b, best));
    }
  }
  return DF_OK;
}

static void find_drivers(search* s) {
  for (int j = 0; j < s->r->njoint; j++) {
    int on = 0;
    s->driver[j] = -1;
    for (int i = 0; i < s->system->nu; i++) {
      if (df_mujoco_actuator_at(s->system, i).joint != j) continue;
      s->driver[j] = i;
      on++;
    }
    if (on != 1) s->driver[j] = -1;
  }
}

/* `from` [njoint + nu] is scratch */
static df_status find(search* s, int* from, joint_reading* out) {
  const int count = s->r->njoint + s->system->nu;
  find_drivers(s);
  for (int k = 0; k < count; k++) s->joint[k] = k < s->r->njoint ? k : k - s->r->njoint;
  memcpy(s->best, s->joint, (size_t)count * sizeof *s->best);
  DF_TRY(measure(s, &out->as_is));
  out->best = out->as_is;
  for (int round = 0; round < ROUNDS; round++) {
    const double before = out->best;
    memcpy(from, s->best, (size_t)count * sizeof *from);
    DF_TRY(try_moves(s, from, &out->best));
    if (out->best < BETTER * before) continue;
    out->best = before;
    memcpy(s->best, from, (size_t)count * sizeof *from);
    break;
  }
  return DF_OK;
}

/* the number of actions of the sample */
static int sample_size(const recording* r, const df_system* system) {
  const double moves = 4.0 * r->njoint * r->njoint;
  return (int)fmax(SAMPLE_LEAST, fmin(SAMPLE_MOST, STEPS / (moves * df_mujoco_substeps(system))));
}

df_status joint_reading_find(const recording* r, const df_system* system, int threads, joint_reading* out) {
  const size_t count = (size_t)(r->njoint + system->nu);
  search s = {.r = r, .system = system, .threads = threads};
  *out = (joint_reading){.as_is = INFINITY, .best = INFINITY};
  DF_TRY(action_sample_of(r, sample_size(r, system), &s.sample));
  if (s.sample.n == 0) return DF_OK;
  int* numbers = df_alloc(3 * count + (size_t)r->njoint, sizeof *numbers);
  df_status status = numbers ? DF_OK : DF_E_NOMEM;
  if (status == DF_OK) {
    s.joint = numbers;
    s.best = numbers + count;
    s.driver = numbers + 3 * count;
    status = find(&s, numbers + 2 * count, out);
  }
  if (status == DF_OK && out->best < FOLLOWS * out->as_is) {
    out->joint = df_alloc(count, sizeof *out->joint);
    status = out->joint ? DF_OK : DF_E_NOMEM;
    if (out->joint) {
      memcpy(out->joint, s.best, count * sizeof *s.best);
      out->actuator = out->joint + r->njoint;
    }
  }
  df_free(numbers);
  action_sample_clear(&s.sample);
  return status;
}

void joint_reading_clear(joint_reading* j) {
  df_free(j->joint);
  *j = (joint_reading){0};
}

df_status joint_reading_data(const recording* r, const joint_reading* j, df_dataset* out) {
  const df_dataset* data = r->data;
  const size_t nx = (size_t)data->nx, nu = (size_t)data->nu, frames = data->first[data->episodes];
  const size_t actions = df_dataset_actions(data);
  DF_TRY(recording_copy_data(r, out));
  for (size_t t = 0; t < frames; t++) read_state(r, j->joint, data->states + t * nx, out->states + t * nx);
  for (size_t t = 0; t < actions; t++) read_action((int)nu, j->actuator, data->actions + t * nu, out->actions + t * nu);
  for (int k = 0; k < r->njoint; k++) {
    const df_joint *is = &r->joints[k], *read = &r->joints[index_of(j->joint[k])];
    out->rounding[is->qpos] = data->rounding[read->qpos];
    out->rounding[r->nq + is->dof] = data->rounding[r->nq + read->dof];
    if (j->joint[k] < 0) out->rounding[is->qpos].offset *= -1;
  }
  for (size_t i = 0; i < nu; i++) {
    out->rounding[nx + i] = data->rounding[nx + (size_t)index_of(j->actuator[i])];
    if (j->actuator[i] < 0) out->rounding[nx + i].offset *= -1;
  }
  return DF_OK;
}

static void add_joint(text* t, const recording* r, int j) {
  if (r->joints[j].name[0])
    text_add(t, "%s", r->joints[j].name);
  else
    text_add(t, "joint %d", j);
}

static void add_actuator(text* t, const df_system* system, int i) {
  const char* name = df_mujoco_actuator_at(system, i).name;
  if (name[0])
    text_add(t, "%s", name);
  else
    text_add(t, "actuator %d", i);
}

/* what is read as other joints or actuators, then what is reversed */
static void add_changes(text* t, const recording* r, const df_system* system, const int* reading, int n,
                        bool of_joints) {
  for (int pass = 0; pass < 2; pass++) {
    for (int k = 0; k < n; k++) {
      const int from = index_of(reading[k]);
      if (pass == 0 ? from == k : reading[k] >= 0) continue;
      text_add(t, "%s%s%s", text_of(t)[0] ? ", " : "", pass ? "the opposite sign of " : "",
               of_joints ? "" : "actuator ");
      for (int side = 0; side < (pass ? 1 : 2); side++) {
        if (side) text_add(t, " from the columns of ");
        if (of_joints)
          add_joint(t, r, side ? from : k);
        else
          add_actuator(t, system, side ? from : k);
      }
    }
  }
}

char* joint_reading_words(const recording* r, const df_system* system, const joint_reading* j) {
  text t = {0};
  add_changes(&t, r, system, j->joint, r->njoint, true);
  add_changes(&t, r, system, j->actuator, system->nu, false);
  char* out = format_text("%s", text_of(&t));
  text_clear(&t);
  return out;
}
