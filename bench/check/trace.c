#include "trace.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/data/robot_base.h"
#include "dynaflow/sim/dynamics.h"
#include "dynaflow/stats/statistics.h"
#include "joints.h"
#include "list.h"

#define GROUP_NAME(group, name, unit) [GROUP_##group] = (name),
#define GROUP_UNIT(group, name, unit) [GROUP_##group] = (unit),
static const char* const names[] = {TRACE_GROUPS(GROUP_NAME)};
static const char* const units[] = {TRACE_GROUPS(GROUP_UNIT)};
#undef GROUP_NAME
#undef GROUP_UNIT

const char* trace_group_name(bool based, int group) {
  static const char* const of_objects[] = {
      [GROUP_BASE_POSITION] = "object position", [GROUP_BASE_ROTATION] = "object rotation"};
  const bool free = group == GROUP_BASE_POSITION || group == GROUP_BASE_ROTATION;
  return free && !based ? of_objects[group] : names[group];
}

const char* trace_heading_name(bool based) {
  return based ? "base heading" : "object heading";
}

const char* trace_group_unit(int group) {
  return units[group];
}

/* of each lag: the weights of the velocities of frames t - 1 .. t + 2, and the shift */
static const struct lag {
  double weight[4];
  int shift;
} lags[LAGS] = {[LAG_EARLY] = {{1, 0, 0, 0}, -1},
                [LAG_EARLY_MEAN] = {{0.5, 0.5, 0, 0}, -1},
                [LAG_EXPLICIT] = {{0, 1, 0, 0}, 0},
                [LAG_MEAN] = {{0, 0.5, 0.5, 0}, 0},
                [LAG_CUBIC] = {{-1. / 24, 13. / 24, 13. / 24, -1. / 24}, 0},
                [LAG_SEMI_IMPLICIT] = {{0, 0, 1, 0}, 0},
                [LAG_LATE_MEAN] = {{0, 0, 0.5, 0.5}, 1},
                [LAG_LATE] = {{0, 0, 0, 1}, 1},
                [LAG_CENTRAL] = {{0, 1, 0, 0}, 0}};

bool trace_lag_is_right(int lag) {
  return lags[lag].shift == 0;
}

int trace_lag_shift(int lag) {
  return lags[lag].shift;
}

/* ---- making ---- */

static int group_of(df_joint_kind kind, int k) {
  if (kind == DF_JOINT_FREE) return k < 3 ? GROUP_BASE_POSITION : GROUP_BASE_ROTATION;
  return kind == DF_JOINT_BALL ? GROUP_BALLS : kind == DF_JOINT_HINGE ? GROUP_HINGES : GROUP_SLIDES;
}

static void fill_groups(trace* m) {
  for (int j = 0; j < m->njoint; j++) {
    const df_joint* joint = &m->joints[j];
    const int dofs = joint_dofs(joint->kind);
    for (int k = 0; k < dofs; k++) m->group[joint->dof + k] = group_of(joint->kind, k);
  }
}

/* pairs of a stretch of an episode that is not looked at as a whole; episodes of which all are looked at in parts
 * before some are left out */
enum { STRETCH = 1000, EPISODES_LEAST = 8 };

/* appends pairs to the lists, if there are any; counts them */
static size_t list_stretch(trace* m, int episode, int first, int length, size_t n) {
  for (int t = first; t < first + length; t++, n++) {
    if (!m->episode) continue;
    m->episode[n] = episode;
    m->frame[n] = t;
  }
  return n;
}

/* Every `stride`-th episode, each with at most `most` pairs: of a longer one stretches, evenly spread from its first to
 * its last frame. Counts them, and fills the lists if there are any. */
static size_t list_pairs(trace* m, int stride, int most) {
  const int parts = most > 2 * STRETCH ? most / STRETCH : 1;
  size_t n = 0;
  for (int e = 0; e < m->data->episodes; e += stride) {
    const int length = m->data->lengths[e], each = most / parts;
    if (length <= most) {
      n = list_stretch(m, e, 0, length, n);
      continue;
    }
    for (int i = 0; i < parts; i++) {
      const int first = parts > 1 ? (int)((long)i * (length - each) / (parts - 1)) : 0;
      n = list_stretch(m, e, first, each, n);
    }
  }
  return n;
}

/* which episodes, and how much of each, are about `frames_max` pairs */
static void choose_pairs(trace* m, size_t frames_max, int* stride, int* most) {
  const int episodes = m->data->episodes, sparse = episodes / EPISODES_LEAST;
  const size_t all = list_pairs(m, 1, m->data->length);
  *stride = 1;
  *most = m->data->length;
  if (all <= frames_max) return;
  *stride = (int)fmax(1, fmin((double)(all / frames_max) + 1, sparse));
  const size_t chosen = (size_t)((episodes - 1) / *stride + 1);
  if (list_pairs(m, *stride, *most) > frames_max) *most = (int)fmax(1, (double)(frames_max / chosen));
}

/* Equal quaternions are not turned, whatever rounding leaves of their difference. */
static void clear_equal_turns(const trace* m, const double* a, const double* b, double* change) {
  for (int j = 0; j < m->njoint; j++) {
    const df_joint* joint = &m->joints[j];
    const int at = joint_quaternion(joint), turn = joint->dof + joint_dofs(joint->kind) - 3;
    if (at < 0 || memcmp(a + at, b + at, 4 * sizeof *a) != 0) continue;
    for (int k = 0; k < 3; k++) change[turn + k] = 0;
  }
}

static void fill_rates(trace* m) {
  double change[DF_NDX_MAX];
  for (size_t k = 0; k < m->n; k++) {
    const double* a = df_dataset_state(m->data, m->episode[k], m->frame[k]);
    const double* b = df_dataset_state(m->data, m->episode[k], m->frame[k] + 1);
    m->system->ops->difference(m->system, a, b, change);
    clear_equal_turns(m, a, b, change);
    for (int i = 0; i < m->nv; i++) m->rate[k * (size_t)m->nv + (size_t)i] = change[i] / m->h[m->episode[k]];
  }
}

static void fill_quanta(trace* m) {
  for (size_t k = 0; k < m->n; k++) {
    for (int i = 0; i < m->nv; i++) {
      const double change = fabs(m->rate[k * (size_t)m->nv + (size_t)i]) * m->h[m->episode[k]];
      if (change > 0 && (m->quantum[i] == 0 || change < m->quantum[i])) m->quantum[i] = change;
    }
  }
}

/* 2-norm of the change per second of each group at a pair */
static void sizes_of(const trace* m, size_t k, double size[GROUPS]) {
  const double* rate = m->rate + k * (size_t)m->nv;
  for (int g = 0; g < GROUPS; g++) size[g] = 0;
  for (int i = 0; i < m->nv; i++) size[m->group[i]] += rate[i] * rate[i];
  for (int g = 0; g < GROUPS; g++) size[g] = sqrt(size[g]);
}
/* that of the velocities of a group at a frame; velocities that are differences of positions jump with them */
static double speed_of(const trace* m, size_t k, int frame, int group) {
  const double* v = df_dataset_state(m->data, m->episode[k], frame) + m->nq;
  double sum = 0;
  for (int i = 0; i < m->nv; i++) {
    if (m->group[i] == group && !m->data->derived[m->nq + i]) sum += v[i] * v[i];
  }
  return sqrt(sum);
}

/* sizes [GROUPS][n] */
static void fill_sizes(const trace* m, double* sizes) {
  double size[GROUPS];
  for (size_t k = 0; k < m->n; k++) {
    sizes_of(m, k, size);
    for (int g = 0; g < GROUPS; g++) sizes[(size_t)g * m->n + k] = size[g];
  }
}

/* a change that is this many times that of any pair around it is a jump */
static const double JUMP = 5;

/* The second largest change of the group within two pairs of the same episode around pair k: a single frame that is out
 * of place makes two large changes. */
static double size_around(const trace* m, const double* size, size_t k) {
  double largest = 0, second = 0;
  for (long d = -2; d <= 2; d++) {
    const long other = (long)k + d;
    if (d == 0 || other < 0 || other >= (long)m->n || m->episode[other] != m->episode[k]) continue;
    if (m->frame[other] != m->frame[k] + d) continue;
    second = fmax(second, fmin(largest, size[other]));
    largest = fmax(largest, size[other]);
  }
  return second;
}

/* the change of one rounding step in every dof of the group, m or rad */
static double step_of(const trace* m, int group) {
  double sum = 0;
  for (int i = 0; i < m->nv; i++) sum += m->group[i] == group ? m->quantum[i] * m->quantum[i] : 0;
  return sqrt(sum);
}

/* The radius of gyration of the first free body with what it carries, about the axis of its least inertia, m; 0: there
 * is none. */
static double gyration_of(const trace* m) {
  int dof = -1;
  for (int j = m->njoint; j-- > 0;) {
    if (m->joints[j].kind == DF_JOINT_FREE) dof = m->joints[j].dof;
  }
  df_dof* dofs = dof < 0 ? NULL : df_alloc((size_t)m->nv, sizeof *dofs);
  if (!dofs) return 0;
  df_mujoco_dofs(m->system, dofs);
  const df_dof* turn = dofs + dof + 3;
  const double least = fmin(turn[0].inertia, fmin(turn[1].inertia, turn[2].inertia));
  const double radius = dofs[dof].inertia > 0 ? sqrt(least / dofs[dof].inertia) : 0;
  df_free(dofs);
  return radius;
}

/* The largest speed of rotation that an impact during pair k gives a base that the pairs before and after it show to be
 * slower or to move another way, rad/s: with the energy of this change of velocity, as where a robot lands. */
static double spin_of_impact(const trace* m, size_t k, double radius) {
  double square = 0;
  if (!(radius > 0) || k == 0 || !trace_continues(m, k - 1) || !trace_continues(m, k)) return 0;
  for (int i = 0; i < m->nv; i++) {
    const size_t nv = (size_t)m->nv, at = (size_t)i;
    const double change = m->rate[(k + 1) * nv + at] - m->rate[(k - 1) * nv + at];
    if (m->group[i] == GROUP_BASE_POSITION) square += change * change;
  }
  return sqrt(square) / radius;
}

/* Whether one free body may have fallen during pair k from rest, or from its speed over the pair before: the velocity
 * change is between 0 and g h along gravity (less than g h if the body lands within the frame); its other components
 * are below `little`, m/s. */
static bool falls_from(const trace* m, size_t k, const df_joint* joint, bool from_rest, double little) {
  static const double ROUNDING = 1e-9;
  const double h = m->h[m->episode[k]];
  double g[3], along = 0, across = 0, rate[3];
  df_mujoco_gravity_vector(m->system, g);
  const double size = df_mujoco_gravity(m->system);
  for (int i = 0; i < 3 && size > 0; i++) {
    const double* now = m->rate + k * (size_t)m->nv + joint->dof + i;
    rate[i] = *now - (from_rest ? 0 : *(now - m->nv));
    along += rate[i] * g[i] / size;
  }
  for (int i = 0; i < 3 && size > 0; i++) across += pow(rate[i] - along * g[i] / size, 2);
  return size > 0 && along >= -little && along <= size * h * (1 + ROUNDING) && sqrt(across) <= little;
}

/* Whether one free body that fell over the pair before may come back up in pair k, as from a soft floor in which it
 * landed: no faster than it fell, which is its speed over that pair and g h. */
static bool rebounds(const trace* m, size_t k, const df_joint* joint, double little) {
  double g[3], fell = 0, up = 0, across = 0;
  const double h = m->h[m->episode[k]], size = df_mujoco_gravity(m->system);
  df_mujoco_gravity_vector(m->system, g);
  for (int i = 0; i < 3 && size > 0; i++) {
    const double* now = m->rate + k * (size_t)m->nv + joint->dof + i;
    up -= *now * g[i] / size;
    fell += *(now - m->nv) * g[i] / size;
  }
  for (int i = 0; i < 3 && size > 0; i++)
    across += pow(m->rate[k * (size_t)m->nv + (size_t)(joint->dof + i)] + up * g[i] / size, 2);
  return size > 0 && fell > little && up >= 0 && up <= fell + size * h && sqrt(across) <= little;
}

/* Whether free fall explains the positions of pair k: each free body that moves by more than its part of `most`, m/s,
 * falls, as a box that is set down, or rebounds. */
static bool is_of_fall(const trace* m, size_t k, double most) {
  int bodies = 0;
  for (int j = 0; j < m->njoint; j++) bodies += m->joints[j].kind == DF_JOINT_FREE;
  const double little = most / sqrt(bodies);
  for (int j = 0; j < m->njoint; j++) {
    const df_joint* joint = &m->joints[j];
    const double* rate = m->rate + k * (size_t)m->nv + joint->dof;
    if (joint->kind != DF_JOINT_FREE || hypot(hypot(rate[0], rate[1]), rate[2]) <= little) continue;
    if (falls_from(m, k, joint, true, little)) continue;
    const bool follows = k > 0 && trace_continues(m, k - 1);
    if (!follows || !(falls_from(m, k, joint, false, little) || rebounds(m, k, joint, little))) return false;
  }
  return true;
}

/* Marks changes that stand out from those around them, from the velocities beside them and from most of the motion.
 * `sizes` [GROUPS][n] of sizes_of(). */
static void mark_jumps(trace* m, const double* sizes) {
  const double radius = gyration_of(m);
  for (int group = 0; group < GROUPS; group++) {
    const double* size = sizes + (size_t)group * m->n;
    double sum = 0;
    for (size_t k = 0; k < m->n; k++) sum += size[k];
    const double mean = m->n ? sum / (double)m->n : 0, step = step_of(m, group);
    for (size_t k = 0; k < m->n; k++) {
      const double most = fmax(mean, step / m->h[m->episode[k]]);
      if (size[k] <= JUMP * most) continue; /* nearly all of them */
      const double speed = fmax(speed_of(m, k, m->frame[k], group), speed_of(m, k, m->frame[k] + 1, group));
      const double around = fmax(fmax(size_around(m, size, k), speed), most);
      if (!(size[k] > JUMP * around && size[k] > 0)) continue;
      /* what settles on its contacts rocks by little, and by more after an impact */
      const double rocks = TRACE_REST / m->h[m->episode[k]];
      if (group == GROUP_BASE_ROTATION && size[k] <= fmax(rocks, spin_of_impact(m, k, radius))) continue;
      if (group == GROUP_BASE_POSITION && is_of_fall(m, k, JUMP * around)) continue;
      m->jump[k] = true;
    }
  }
}

/* ---- velocities that stand out ---- */

/* a velocity that is this many times those around it is absurd; a smaller one than this, m/s or rad/s, may be noise */
static const double SPIKE = 100, SMALL = 1e-3;

/* of dof i at a frame of the successive pairs [from, to): the second largest velocity of the two frames before and
 * after, since a wrong frame may have a wrong neighbour; and the largest change beside it */
static double motion_around(const trace* m, size_t from, size_t to, int frame, int i) {
  double largest = 0, second = 0, change = 0;
  const int first = m->frame[from], last = first + (int)(to - from);
  for (int t = frame - 2; t <= frame + 2; t++) {
    if (t == frame || t < first || t > last) continue;
    const double v = fabs(trace_velocity(m, from, t, i));
    second = fmax(second, fmin(largest, v));
    largest = fmax(largest, v);
  }
  for (int t = frame - 1; t <= frame; t++) {
    const size_t pair = from + (size_t)(t - first);
    if (t >= first && t < last) change = fmax(change, fabs(m->rate[pair * (size_t)m->nv + (size_t)i]));
  }
  return fmax(second, change);
}

static void add_spike(trace* m, size_t from, size_t to, const trace_spike* spike) {
  m->spike = list_grow(m->spike, m->spikes, sizeof *m->spike);
  m->spike[m->spikes++] = *spike;
  const int first = m->frame[from];
  for (int t = spike->frame - 2; t <= spike->frame + 1; t++) {
    if (t >= first && from + (size_t)(t - first) < to) m->spoiled[from + (size_t)(t - first)] = true;
  }
}

static void mark_spikes_of(trace* m, size_t from, size_t to, const double least[GROUPS]) {
  const int first = m->frame[from];
  for (int t = first; t <= first + (int)(to - from); t++) {
    const double* velocity = df_dataset_state(m->data, m->episode[from], t) + m->nq;
    for (int i = 0; i < m->nv; i++) {
      const double v = fabs(velocity[i]);
      if (!(v > least[m->group[i]])) continue;
      const double limit = fmax(least[m->group[i]], SPIKE * motion_around(m, from, to, t, i));
      if (v > limit) add_spike(m, from, to, &(trace_spike){m->episode[from], t, i, limit});
    }
  }
}

/* Finds the velocities of single frames that are absurd, so that nothing else is judged by them. `sizes` [GROUPS][n]
 * of sizes_of(). */
static void mark_spikes(trace* m, const double* sizes) {
  double least[GROUPS] = {0};
  for (int g = 0; g < GROUPS; g++) {
    double mean = 0;
    for (size_t k = 0; k < m->n; k++) mean += sizes[(size_t)g * m->n + k] / (double)m->n;
    least[g] = SPIKE * fmax(mean, SMALL);
  }
  for (size_t from = 0, to = 0; from < m->n; from = to) {
    do to++;
    while (trace_continues(m, to - 1));
    mark_spikes_of(m, from, to, least);
  }
}

/* ---- the whole ---- */

df_status trace_of(const df_dataset* data, const df_system* system, const double* h, size_t frames_max, trace* out) {
  *out = (trace){.data = data, .system = system, .nq = df_mujoco_nq(system), .nv = df_mujoco_nv(system), .h = h};
  out->step = df_mujoco_timestep(system);
  if (system->ndx > DF_NDX_MAX)
    return df_fail(DF_E_CONFIG, "the model has %d tangent coordinates; at most %d are supported", system->ndx,
                   DF_NDX_MAX);
  out->njoint = df_mujoco_joints(system, &out->joints);
  int stride, most;
  choose_pairs(out, frames_max ? frames_max : 1, &stride, &most);
  out->n = list_pairs(out, stride, most);
  out->group = df_alloc((size_t)out->nv, sizeof *out->group);
  out->rate = df_alloc(out->n * (size_t)out->nv, sizeof *out->rate);
  out->jump = df_alloc(out->n, sizeof *out->jump);
  out->spoiled = df_alloc(out->n, sizeof *out->spoiled);
  out->quantum = df_alloc((size_t)out->nv, sizeof *out->quantum);
  int* index = df_alloc(2 * out->n, sizeof *index);
  double* sizes = df_alloc(GROUPS * out->n, sizeof *sizes);
  if (out->group && out->rate && out->jump && out->spoiled && out->quantum && index && sizes) {
    out->episode = index;
    out->frame = index + out->n;
    list_pairs(out, stride, most);
    fill_groups(out);
    fill_rates(out);
    fill_quanta(out);
    fill_sizes(out, sizes);
    mark_jumps(out, sizes);
    mark_spikes(out, sizes);
  }
  df_free(sizes);
  if (out->episode) return DF_OK;
  df_free(index);
  return DF_E_NOMEM;
}

void trace_clear(trace* m) {
  df_free(m->group);
  df_free(m->rate);
  df_free(m->quantum);
  df_free(m->jump);
  df_free(m->spoiled);
  df_free(m->spike);
  df_free(m->episode); /* with `frame` */
  *m = (trace){0};
}

const df_names* trace_objects(const trace* m) {
  return m->source.config ? &m->source.config->chart_objects : NULL;
}

bool trace_has_base(const trace* m) {
  return df_robot_base(m->system, trace_objects(m)).joint >= 0;
}

trace trace_part(const trace* m, size_t from, size_t to) {
  trace out = *m;
  out.n = to - from;
  out.episode += from;
  out.frame += from;
  out.jump += from;
  out.spoiled += from;
  out.rate += from * (size_t)m->nv;
  return out;
}

size_t trace_episode_end(const trace* m, size_t from) {
  size_t to = from;
  while (to < m->n && m->episode[to] == m->episode[from]) to++;
  return to;
}

trace trace_half(const trace* m, int half) {
  size_t at = m->n / 2;
  if (m->n && m->episode[0] != m->episode[m->n - 1]) {
    /* the first pair of an episode that is nearest to the middle */
    size_t before = at, after = at;
    while (before > 0 && m->episode[before - 1] == m->episode[at]) before--;
    while (after < m->n && m->episode[after] == m->episode[at]) after++;
    at = before == 0 || (after < m->n && after - at < at - before) ? after : before;
  }
  return half ? trace_part(m, at, m->n) : trace_part(m, 0, at);
}

/* ---- fits ---- */

bool trace_continues(const trace* m, size_t pair) {
  return pair + 1 < m->n && m->episode[pair + 1] == m->episode[pair] && m->frame[pair + 1] == m->frame[pair] + 1;
}

double trace_velocity(const trace* m, size_t pair, int frame, int i) {
  return df_dataset_state(m->data, m->episode[pair], frame)[m->nq + i];
}

bool trace_comparable(const trace* m, size_t pair) {
  const int t = m->frame[pair];
  if (t < 1 || t + 2 > m->data->lengths[m->episode[pair]] || m->spoiled[pair]) return false;
  return pair > 0 && trace_continues(m, pair - 1) && !m->jump[pair] && !m->jump[pair - 1];
}

double trace_change(const trace* m, size_t pair, int lag, int i) {
  const double* rate = m->rate + pair * (size_t)m->nv + i;
  return lag == LAG_CENTRAL ? (rate[0] + *(rate - m->nv)) / 2 : rate[0];
}

/* of a velocity v at frame t - 1, and at the others with a stride */
static double predicted_of(int lag, const double* v, int stride) {
  double sum = 0;
  for (int k = 0; k < 4; k++) {
    if (lags[lag].weight[k] != 0) sum += lags[lag].weight[k] * v[k * stride];
  }
  return sum;
}

double trace_predicted(const trace* m, size_t pair, int lag, int i) {
  return predicted_of(lag, df_dataset_state(m->data, m->episode[pair], m->frame[pair] - 1) + m->nq + i, m->data->nx);
}

/* sums of products of changes d and velocities v */
typedef struct sums {
  double dd[LAGS], dv[LAGS], vv[LAGS];
  size_t n;
} sums;

static void add_products(const trace* m, size_t k, int i, int j, sums* s) {
  const double* velocity = df_dataset_state(m->data, m->episode[k], m->frame[k] - 1) + m->nq + j;
  for (int lag = 0; lag < LAGS; lag++) {
    const double d = trace_change(m, k, lag, i), v = predicted_of(lag, velocity, m->data->nx);
    s->dd[lag] += d * d;
    s->dv[lag] += d * v;
    s->vv[lag] += v * v;
  }
}

static trace_fit fit_of(const sums* s) {
  trace_fit f = {.n = s->n};
  if (s->n == 0) return f;
  f.change = sqrt(s->dd[LAG_MEAN] / (double)s->n);
  f.speed = sqrt(s->vv[LAG_MEAN] / (double)s->n);
  for (int lag = 0; lag < LAGS; lag++) {
    const double dd = s->dd[lag], dv = s->dv[lag], vv = s->vv[lag];
    f.slope[lag] = vv > 0 ? fmax(0, dv / vv) : 0;
    f.error[lag] = dd > 0 ? sqrt(fmax(0, dd - 2 * dv + vv) / dd) : vv > 0 ? INFINITY : 0;
    f.fitted[lag] = dd > 0 ? sqrt(fmax(0, dd - f.slope[lag] * dv) / dd) : 0;
  }
  return f;
}

/* group -1: of any */
static bool is_of(const trace* m, int i, int group) {
  return group < 0 ? m->group[i] < GROUPS : m->group[i] == group;
}

/* group -1: all dofs that belong to any group */
static trace_fit fit_between(const trace* m, size_t from, size_t to, int group) {
  sums s = {0};
  for (size_t k = from; k < to; k++) {
    if (!trace_comparable(m, k)) continue;
    s.n++;
    for (int i = 0; i < m->nv; i++) {
      if (is_of(m, i, group)) add_products(m, k, i, i, &s);
    }
  }
  return fit_of(&s);
}

double trace_share_explained(const trace* m, size_t from, size_t to, int group, int lag, double slope, double change) {
  static const double LITTLE = 0.1, WELL = 0.25;
  size_t n = 0, well = 0;
  for (size_t k = from; k < to; k++) {
    double dd = 0, ee = 0;
    if (!trace_comparable(m, k)) continue;
    for (int i = 0; i < m->nv; i++) {
      if (!is_of(m, i, group)) continue;
      const double d = trace_change(m, k, lag, i), e = d - slope * trace_predicted(m, k, lag, i);
      dd += d * d;
      ee += e * e;
    }
    if (dd < LITTLE * LITTLE * change * change) continue;
    n++;
    well += ee <= WELL * WELL * dd;
  }
  return n ? (double)well / (double)n : 0;
}

trace_fit trace_fit_all(const trace* m, size_t from, size_t to) {
  return fit_between(m, from, to, -1);
}

trace_fit trace_fit_group(const trace* m, int group) {
  return fit_between(m, 0, m->n, group);
}

void trace_of_joint(const trace* m, int j, int* group, trace* out) {
  const df_joint* joint = &m->joints[j];
  const int dofs = joint_dofs(joint->kind);
  *out = *m;
  out->group = group;
  for (int i = 0; i < m->nv; i++) group[i] = i >= joint->dof && i < joint->dof + dofs ? m->group[i] : GROUPS;
}

int trace_mocap_of(const trace* m, int j) {
  const int root = df_mujoco_body_root(m->system, df_mujoco_joint_body(m->system, j));
  return df_mujoco_mocap_holder(m->system, root);
}

int trace_of_held(const trace* m, bool held, int* group, trace* out) {
  int first = -1;
  *out = *m;
  out->group = group;
  for (int j = 0; j < m->njoint; j++) {
    const df_joint* joint = &m->joints[j];
    const int mocap = trace_mocap_of(m, j);
    if (first < 0) first = mocap;
    for (int i = joint->dof; i < joint->dof + joint_dofs(joint->kind); i++) {
      group[i] = (mocap >= 0) == held ? m->group[i] : GROUPS;
    }
  }
  return first;
}

trace_fit trace_fit_pair(const trace* m, int i, int j) {
  sums s = {0};
  for (size_t k = 0; k < m->n; k++) {
    if (!trace_comparable(m, k)) continue;
    s.n++;
    add_products(m, k, i, j, &s);
  }
  return fit_of(&s);
}

bool trace_is_smooth(const trace* m, int group) {
  double both = 0, first = 0, second = 0;
  for (size_t k = 0; k < m->n; k++) {
    for (int i = 0; i < m->nv && trace_comparable(m, k); i++) {
      const double *now = m->rate + k * (size_t)m->nv + i, *before = now - m->nv;
      if (m->group[i] != group) continue;
      both += *now * *before;
      first += *before * *before;
      second += *now * *now;
    }
  }
  return both > 0.5 * sqrt(first * second);
}

double trace_contradicted(const trace* m, int group) {
  size_t n = 0, worse = 0;
  for (size_t k = 0; k < m->n; k++) {
    double dv = 0, vv = 0;
    if (!trace_comparable(m, k)) continue;
    for (int i = 0; i < m->nv; i++) {
      if (m->group[i] != group) continue;
      const double v = trace_predicted(m, k, LAG_MEAN, i);
      dv += trace_change(m, k, LAG_MEAN, i) * v;
      vv += v * v;
    }
    n++;
    worse += vv > 2 * dv;
  }
  return n ? (double)worse / (double)n : 0;
}

static bool exceeds_turn(const df_dataset* data, const df_system* system, bool range) {
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints);
  for (size_t row = 0; row < data->first[data->episodes]; row++) {
    for (int j = 0; j < n; j++) {
      const df_joint* joint = &joints[j];
      const double q = data->states[row * (size_t)data->nx + (size_t)joint->qpos];
      if (joint->kind != DF_JOINT_HINGE || !(fabs(q) > JOINTS_TURN)) continue;
      if (!range || (isfinite(joint->width) && (q < joint->lo || q > joint->hi))) return true;
    }
  }
  return false;
}

bool trace_exceeds_turn(const df_dataset* data, const df_system* system) {
  return exceeds_turn(data, system, false);
}

bool trace_exceeds_turn_and_range(const df_dataset* data, const df_system* system) {
  return exceeds_turn(data, system, true);
}

double trace_acceleration(const trace* m) {
  double* list = df_alloc(m->n, sizeof *list);
  int n = 0;
  for (size_t k = 0; k < m->n && list; k++) {
    double sum = 0, dofs = 0;
    if (!trace_comparable(m, k)) continue;
    for (int i = 0; i < m->nv; i++) {
      const double* rate = m->rate + k * (size_t)m->nv + i;
      const double a = (rate[0] - *(rate - m->nv)) / m->h[m->episode[k]];
      if (m->group[i] == GROUP_BASE_POSITION) sum += a * a, dofs++;
    }
    if (dofs > 0) list[n++] = sqrt(sum);
  }
  const double median = n ? df_median(n, list) : 0;
  df_free(list);
  return median;
}

double trace_extent(const trace* m, int group) {
  double most = 0;
  for (int i = 0; i < m->nv; i++) {
    double at = 0, low = 0, high = 0;
    for (size_t k = 0; k < m->n && m->group[i] == group; k++) {
      if (k > 0 && !trace_continues(m, k - 1)) at = low = high = 0;
      at += m->rate[k * (size_t)m->nv + (size_t)i] * m->h[m->episode[k]];
      low = fmin(low, at);
      high = fmax(high, at);
      most = fmax(most, high - low);
    }
  }
  return most;
}

bool trace_rests(const trace* m, int group) {
  if (!(trace_extent(m, group) < TRACE_REST)) return false;
  double vv = 0;
  for (size_t k = 0; k < m->n; k++) {
    for (int i = 0; i < m->nv; i++) {
      const double v = m->group[i] == group ? trace_velocity(m, k, m->frame[k], i) * m->h[m->episode[k]] : 0;
      vv += v * v;
    }
  }
  return vv < TRACE_REST * TRACE_REST * (double)m->n;
}

void trace_of_moving(const trace* m, int* group, trace* out) {
  bool rests[GROUPS + 1] = {false};
  for (int g = 0; g < GROUPS; g++) rests[g] = trace_rests(m, g);
  *out = *m;
  out->group = group;
  for (int i = 0; i < m->nv; i++) group[i] = rests[m->group[i]] ? GROUPS : m->group[i];
}

enum { SPAN = 10 };

static bool is_span(const trace* m, size_t first) {
  for (size_t k = first; k < first + SPAN; k++) {
    if (m->episode[k] != m->episode[first] || !trace_comparable(m, k)) return false;
  }
  return true;
}

double trace_long_slope(const trace* m, int group) {
  double dv = 0, vv = 0;
  for (size_t first = 0; first + SPAN <= m->n; first += SPAN / 2) {
    if (!is_span(m, first)) continue;
    for (int i = 0; i < m->nv; i++) {
      double d = 0, v = 0;
      for (size_t k = first; k < first + SPAN && m->group[i] == group; k++) {
        d += trace_change(m, k, LAG_MEAN, i);
        v += trace_predicted(m, k, LAG_MEAN, i);
      }
      dv += d * v;
      vv += v * v;
    }
  }
  return vv > 0 ? dv / vv : NAN;
}

trace_steady trace_steady_of(const trace* m, size_t from, size_t to, int group) {
  enum { LEAST = 10 };
  static const double STEADY = 0.3;
  double dv = 0, vv = 0, all = 0;
  int n = 0;
  for (size_t k = from; k < to; k++) {
    double one_dv = 0, one_vv = 0, changes = 0;
    if (!trace_comparable(m, k)) continue;
    for (int i = 0; i < m->nv; i++) {
      if (!is_of(m, i, group)) continue;
      const double v = trace_predicted(m, k, LAG_MEAN, i);
      const double change = trace_predicted(m, k, LAG_SEMI_IMPLICIT, i) - trace_predicted(m, k, LAG_EXPLICIT, i);
      one_dv += trace_change(m, k, LAG_MEAN, i) * v;
      one_vv += v * v;
      changes += change * change;
    }
    all += one_vv;
    if (!(one_vv > 0) || changes > STEADY * STEADY * one_vv) continue;
    dv += one_dv;
    vv += one_vv;
    n++;
  }
  return (trace_steady){.slope = n >= LEAST ? dv / vv : NAN, .share = all > 0 ? vv / all : NAN};
}

/* the smallest value among the lags that are right (1), are not (0) or all (-1) */
static double least(const double values[LAGS], int right, int* lag) {
  double best = INFINITY;
  for (int l = 0; l < LAGS; l++) {
    if ((right >= 0 && trace_lag_is_right(l) != (right == 1)) || !(values[l] < best)) continue;
    best = values[l];
    if (lag) *lag = l;
  }
  return best;
}

double trace_error(const trace_fit* f, int* lag) {
  return least(f->error, 1, lag);
}

double trace_shifted_error(const trace_fit* f, int* lag) {
  return least(f->error, 0, lag);
}

double trace_fitted_error(const trace_fit* f, int* lag) {
  return least(f->fitted, -1, lag);
}
