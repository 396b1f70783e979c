#include <math.h>
#include <stdio.h>
#include <string.h>

#include "check_parts.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/limits.h"
#include "dynaflow/sim/dynamics.h"
#include "joint_dead.h"
#include "joints.h"
#include "list.h"
#include "text.h"

enum { NAMED = 6 }; /* the most names in a sentence */

/* ---- absurd numbers ---- */

/* numbers beyond a limit */
typedef struct huge {
  size_t n;
  int episode, frame, at; /* the first of them; its index in a row */
  double value, limit;
  bool* episodes; /* [episodes] whether an episode has such numbers; owned */
} huge;

static bool* no_episodes(const trace* m) {
  bool* out = NULL;
  for (int e = 0; e < m->data->episodes; e++) {
    out = list_grow(out, e, sizeof *out);
    out[e] = false;
  }
  return out;
}

/* the recorded rows [n][columns] of an episode */
static void find_huge(const double* rows, int n, int columns, int episode, huge* out) {
  for (size_t i = 0; i < (size_t)n * (size_t)columns; i++) {
    if (fabs(rows[i]) <= out->limit) continue;
    out->episodes[episode] = true;
    if (out->n++ > 0) continue;
    out->episode = episode;
    out->frame = (int)(i / (size_t)columns);
    out->at = (int)(i % (size_t)columns);
    out->value = rows[i];
  }
}

/* "velocity of swing", "position of base x", "activation 0" */
static void coordinate_name(const trace* m, int at, char name[120]) {
  char dof[80];
  int i = at - m->nq;
  for (int j = 0; j < m->njoint && at < m->nq; j++) {
    if (m->joints[j].qpos <= at) i = m->joints[j].dof + at - m->joints[j].qpos;
  }
  if (at >= m->nq + m->nv) {
    snprintf(name, 120, "activation %d", at - m->nq - m->nv);
    return;
  }
  check_dof_name(m, i, dof);
  snprintf(name, 120, "%s of %s", at < m->nq ? "position" : "velocity", dof);
}

/* ", as are 3 more velocities" */
static char* others_of(size_t n, const char* one, const char* more) {
  if (n < 2) return format_text("%s", "");
  return n == 2 ? format_text(", as is 1 more %s", one) : format_text(", as are %zu more %s", n - 1, more);
}

/* "correct the file, or leave episodes 3, 7 out (data.select)", which is what would fit if others are left */
static void leave_out(const trace* m, const bool* episodes, data_finding* one) {
  char *list = fit_episodes(m->data->episodes, episodes), *before = one->reason;
  const bool several = strpbrk(list, ",-") != NULL;
  bool others = false;
  for (int e = 0; e < m->data->episodes; e++) others |= !episodes[e];
  one->reason = others ? format_text("%s: correct the file, or leave episode%s %s out (data.select)", before,
                                     several ? "s" : "", list)
                       : format_text("%s: correct the file", before);
  data_finding_takes(one, fit_select(&m->source, episodes));
  df_free(before);
  df_free(list);
}

/* takes over `column`, where the number is recorded */
static void add_huge(const trace* m, const huge* h, const char* name, char* column, data_findings* out) {
  if (h->n > 0) {
    char* others = others_of(h->n, "number", "numbers");
    data_finding* one = data_findings_add(out, DATA_CHECK_MAGNITUDE, name, fabs(h->value), h->limit, "of a number");
    data_finding_judge(one, CHECK_WRONG, "%g in episode %d, frame %d%s%s is beyond %g%s", h->value, h->episode,
                       h->frame, column[0] ? ", " : "", column, h->limit, others);
    leave_out(m, h->episodes, one);
    df_free(others);
  }
  df_free(column);
}

/* the largest number of a control range that is limited, 1 without any */
static double largest_control(const df_system* system) {
  double most = 1;
  for (int k = 0; k < system->nu; k++) {
    if (isfinite(system->u_lo[k]) && isfinite(system->u_hi[k]))
      most = fmax(most, fmax(fabs(system->u_lo[k]), fabs(system->u_hi[k])));
  }
  return most;
}

/* A simulation with such a state counts as diverged (core/limits.h). */
static void check_magnitudes(const trace* m, data_findings* out) {
  const df_dataset* d = m->data;
  huge states = {.limit = DF_LARGEST, .episodes = no_episodes(m)};
  huge actions = {.limit = DF_LARGEST * largest_control(m->system), .episodes = no_episodes(m)};
  char name[120];
  for (int e = 0; e < d->episodes; e++) {
    find_huge(df_dataset_state(d, e, 0), d->lengths[e] + 1, d->nx, e, &states);
    if (d->actions) find_huge(df_dataset_action(d, e, 0), d->lengths[e], d->nu, e, &actions);
  }
  coordinate_name(m, states.at, name);
  add_huge(m, &states, name, fit_column(&m->source, states.at), out);
  const char* actuator = actions.n ? df_mujoco_actuator_at(m->system, actions.at).name : "";
  snprintf(name, sizeof name, "action %d%s%.80s", actions.at, actuator[0] ? ", " : "", actuator);
  add_huge(m, &actions, name, fit_action_column(&m->source, m->system, actions.at), out);
  df_free(states.episodes);
  df_free(actions.episodes);
}

static double spike_value(const trace* m, const trace_spike* s) {
  return df_dataset_state(m->data, s->episode, s->frame)[m->nq + s->dof];
}

/* velocities that nothing around them follows; those that are absurd by themselves are named above */
static void check_spikes(const trace* m, data_findings* out) {
  bool* episodes = no_episodes(m);
  size_t n = 0;
  int first = 0;
  for (int i = 0; i < m->spikes; i++) {
    if (fabs(spike_value(m, &m->spike[i])) > DF_LARGEST) continue;
    if (n++ == 0) first = i;
    episodes[m->spike[i].episode] = true;
  }
  if (n > 0) {
    const trace_spike* s = &m->spike[first];
    char name[120], *column = fit_column(&m->source, m->nq + s->dof), *others = others_of(n, "velocity", "velocities");
    const double value = spike_value(m, s);
    coordinate_name(m, m->nq + s->dof, name);
    data_finding* one = data_findings_add(out, DATA_CHECK_VELOCITY_SPIKE, name, fabs(value), s->limit,
                                          trace_group_unit(m->group[s->dof]));
    data_finding_judge(one, CHECK_WRONG,
                       "%g in episode %d, frame %d%s%s is more than 100 times the velocities and the changes of the "
                       "positions around it%s",
                       value, s->episode, s->frame, column[0] ? ", " : "", column, others);
    leave_out(m, episodes, one);
    df_free(column);
    df_free(others);
  }
  df_free(episodes);
}

/* ---- jumps ---- */

/* the dof that changes most at a pair, relative to what it usually changes: of those that change by much of what
 * their group does, since a coordinate that rests changes by little */
static int worst_dof(const trace* m, size_t k) {
  static const double MUCH = 0.5;
  double largest[GROUPS] = {0};
  int worst = 0;
  double most = -1;
  for (int i = 0; i < m->nv; i++)
    largest[m->group[i]] = fmax(largest[m->group[i]], fabs(m->rate[k * (size_t)m->nv + (size_t)i]));
  for (int i = 0; i < m->nv; i++) {
    double sum = 0;
    if (fabs(m->rate[k * (size_t)m->nv + (size_t)i]) < MUCH * largest[m->group[i]]) continue;
    for (size_t p = 0; p < m->n; p++) {
      if (m->episode[p] == m->episode[k] && p != k) sum += fabs(m->rate[p * (size_t)m->nv + (size_t)i]);
    }
    const double ratio = fabs(m->rate[k * (size_t)m->nv + (size_t)i]) / (1e-9 + sum);
    if (ratio > most) {
      most = ratio;
      worst = i;
    }
  }
  return worst;
}

/* the norm of the change of a group between two states */
static double distance_of(const trace* m, const double* a, const double* b, int group) {
  double change[DF_NDX_MAX], sum = 0;
  m->system->ops->difference(m->system, a, b, change);
  for (int i = 0; i < m->nv; i++) sum += m->group[i] == group ? change[i] * change[i] : 0;
  return sqrt(sum);
}

/* Whether the first frame of an episode follows the last one of the episode before it by about one step of that. */
static bool continues_former(const trace* m, int episode) {
  static const double STEPS = 3;
  const int last = m->data->lengths[episode - 1];
  const double* end = df_dataset_state(m->data, episode - 1, last);
  const double *before = df_dataset_state(m->data, episode - 1, last - 1),
               *here = df_dataset_state(m->data, episode, 0);
  for (int g = 0; g < GROUPS; g++) {
    if (distance_of(m, end, here, g) > STEPS * distance_of(m, before, end, g)) return false;
  }
  return true;
}

/* how many episodes begin with a frame of the one before, from which their positions jump */
static int early_ends(const trace* m) {
  int n = 0;
  for (size_t k = 0; k < m->n; k++)
    n += m->jump[k] && m->frame[k] == 0 && m->episode[k] > 0 && continues_former(m, m->episode[k]);
  return n;
}

/* the hinge or slide of a dof; -1: another joint */
static int single_joint(const trace* m, int dof) {
  for (int j = 0; j < m->njoint; j++) {
    if (m->joints[j].dof == dof && joint_dofs(m->joints[j].kind) == 1) return j;
  }
  return -1;
}

/* The largest force of the actuators of joint j, N or N m, by their limits, or by those of the controls of a servo from
 * position q; infinite if nothing limits it. */
static double largest_force(const trace* m, int j, double q) {
  double sum = 0;
  for (int k = 0; k < m->system->nu; k++) {
    const df_actuator a = df_mujoco_actuator_at(m->system, k);
    const double control = fmax(fabs(m->system->u_lo[k]), fabs(m->system->u_hi[k]));
    if (a.joint == j) sum += fmin(a.force, fabs(a.gain) * control + a.stiffness * fabs(q));
  }
  return sum;
}

/* whether another joint may move the dof: a hinge or slide without an actuator, as by an equality, or the dof of an
 * object, by contacts */
static bool is_passive(const trace* m, const df_dof* dofs, int dof) {
  int joint = 0;
  while (joint + 1 < m->njoint && m->joints[joint + 1].dof <= dof) joint++;
  return !dofs[dof].actuated && (single_joint(m, dof) >= 0 || !df_mujoco_is_driven(m->system, joint));
}

/* what the model is loaded into */
typedef struct mover {
  const trace* m;
  df_dof* dofs; /* [nv] owned */
  df_sim* sim;  /* owned; NULL: none could be made */
} mover;

static mover mover_of(const trace* m) {
  mover out = {.m = m, .dofs = df_alloc((size_t)m->nv, sizeof *out.dofs)};
  if (out.dofs) df_mujoco_dofs(m->system, out.dofs);
  if (df_sim_new(m->system, 0, &out.sim) != DF_OK) out.sim = NULL;
  return out;
}

static void mover_clear(mover* v) {
  df_sim_free(v->m->system, v->sim);
  df_free(v->dofs);
}

/* the inertia that a dof has in the pose of a state, at most that of the model's own first one: a folded arm turns
 * easily */
static double inertia_at(const mover* v, const double* state, int dof) {
  const trace* m = v->m;
  double x[2 * DF_NDX_MAX + 1], acceleration[DF_NDX_MAX] = {0}, still[DF_NDX_MAX], pushed[DF_NDX_MAX];
  const double first = v->dofs[dof].inertia;
  if (!v->sim || m->data->nx > (int)(sizeof x / sizeof *x)) return first;
  memcpy(x, state, (size_t)m->data->nx * sizeof *x);
  memset(x + m->nq, 0, (size_t)m->nv * sizeof *x);
  if (df_mujoco_inverse_quick(v->sim, x, acceleration, still) != DF_OK) return first;
  acceleration[dof] = 1;
  if (df_mujoco_inverse_quick(v->sim, x, acceleration, pushed) != DF_OK) return first;
  const double inertia = pushed[dof] - still[dof];
  return inertia > 0 ? fmin(first, inertia) : first;
}

/* Whether the actuators of a dof can move it as far as it moves at a pair, from the speed of the pair before. */
static bool can_be_driven(const mover* v, size_t k, int dof) {
  const trace* m = v->m;
  const int j = single_joint(m, dof);
  if (j < 0) return false;
  const double* x = df_dataset_state(m->data, m->episode[k], m->frame[k]);
  const double h = m->h[m->episode[k]], rate = fabs(m->rate[k * (size_t)m->nv + (size_t)dof]);
  const double before = k > 0 && trace_continues(m, k - 1) ? fabs(m->rate[(k - 1) * (size_t)m->nv + (size_t)dof]) : 0;
  const double force = largest_force(m, j, x[m->joints[j].qpos]);
  if (!isfinite(force) || !(force > 0)) return false;
  const double inertia = fmin(inertia_at(v, x, dof), inertia_at(v, x + m->data->nx, dof));
  return rate <= before + 0.5 * force / inertia * h;
}

/* Whether the model itself may have made a jump: each coordinate that changes by several times its usual change can be
 * driven so far, and does not come back in the next frame. */
static bool is_driven(const mover* v, size_t k) {
  const trace* m = v->m;
  static const double USUAL = 3, BACK = 0.5;
  int n = 0;
  for (int i = 0; i < m->nv; i++) {
    const double rate = m->rate[k * (size_t)m->nv + (size_t)i];
    double sum = 0, pairs = 0;
    for (size_t p = 0; p < m->n; p++) {
      if (m->episode[p] != m->episode[k] || p == k) continue;
      sum += fabs(m->rate[p * (size_t)m->nv + (size_t)i]);
      pairs++;
    }
    if (!(fabs(rate) * pairs > USUAL * sum)) continue;
    if (is_passive(m, v->dofs, i)) continue;
    n++;
    for (int side = -1; side <= 1; side += 2) {
      if (side < 0 ? k == 0 || !trace_continues(m, k - 1) : !trace_continues(m, k)) continue;
      const double other = m->rate[(k + (size_t)side) * (size_t)m->nv + (size_t)i];
      if (other * rate < 0 && fabs(other) > BACK * fabs(rate)) return false;
    }
    if (!can_be_driven(v, k, i)) return false;
  }
  return n > 0;
}

static void check_jumps(const trace* m, data_findings* out) {
  size_t n = 0, first = 0;
  bool begins = true, driven = true;
  mover v = {.m = m};
  for (size_t k = 0; k < m->n; k++) {
    if (!m->jump[k]) continue;
    if (!v.dofs) v = mover_of(m);
    const bool own = v.dofs && driven && is_driven(&v, k);
    /* the first one that the model itself cannot have made, if there is one */
    if (n++ == 0 || (driven && !own)) first = k;
    driven &= own;
    begins &= m->frame[k] == 0;
  }
  mover_clear(&v);
  data_finding* one = data_findings_add(out, DATA_CHECK_JUMP, NULL, (double)n, 0, "frames");
  if (n == 0) return;
  char name[80];
  const int dof = worst_dof(m, first);
  check_dof_name(m, dof, name);
  const double change = m->rate[first * (size_t)m->nv + (size_t)dof] * m->h[m->episode[first]];
  const bool wrapped = m->group[dof] == GROUP_HINGES && fabs(fabs(change) - JOINTS_TURN) < 0.5;
  const bool back = trace_continues(m, first) && m->jump[first + 1];
  driven &= !wrapped;
  const int early = early_ends(m);
  if (begins && 2 * early > m->data->episodes - 1) {
    data_finding_judge(one, CHECK_WRONG,
                       "the first frames of %d episodes continue the episodes before them, and positions jump after "
                       "them, first of %s by %.3g in episode %d: the ends of the episodes are a frame early "
                       "(data.ends_key)",
                       early, name, change, m->episode[first]);
    return;
  }
  data_finding_judge(one, begins || driven ? CHECK_WARN : CHECK_WRONG,
                     "positions jump, first of %s by %.3g in episode %d between frames %d and %d: %s", name, change,
                     m->episode[first], m->frame[first], m->frame[first] + 1,
                     wrapped  ? "the angle is wrapped to one turn"
                     : begins ? "a controller starts there, or the first frame is of another motion"
                     : driven ? "its actuators can move it so far within a frame"
                     : back   ? "the second of these frames is out of place; correct or remove it"
                              : "two episodes are joined (data.ends_key says where they end), or frames are missing");
}

/* ---- constant coordinates ---- */

/* counts the coordinates that never change, and lists the first ones */
static int constant_dofs(const trace* m, text* names) {
  int n = 0;
  for (int i = 0; i < m->nv; i++) {
    double most = 0;
    char name[80];
    for (size_t k = 0; k < m->n; k++) most = fmax(most, fabs(m->rate[k * (size_t)m->nv + (size_t)i]));
    if (most > 0) continue;
    check_dof_name(m, i, name);
    if (n++ < NAMED && names) text_add(names, "%s%s", names->n ? ", " : "", name);
  }
  return n;
}

/* joints of legs of which nothing was recorded */
static void check_dead(const trace* m, data_finding* one) {
  text names = {0};
  for (int j = 0; j < m->njoint; j++) {
    if (joint_is_dead(m->data, m->system, j)) text_add(&names, "%s%s", names.n ? ", " : "", m->joints[j].name);
  }
  if (names.n)
    data_finding_judge(one, CHECK_WRONG,
                       "positions never change and velocities are zero, while the same joint of the other legs moves: "
                       "%s: a dead encoder, or a column that was never filled",
                       text_of(&names));
  text_clear(&names);
}

static void check_constant(const trace* m, data_findings* out) {
  text names = {0};
  const int n = constant_dofs(m, &names);
  data_finding* one = data_findings_add(out, DATA_CHECK_CONSTANT, NULL, n, 0, "coordinates");
  if (n)
    data_finding_judge(one, n == m->nv ? CHECK_WRONG : CHECK_WARN, "positions never change: %s%s", text_of(&names),
                       n > NAMED ? ", ..." : "");
  text_clear(&names);
  check_dead(m, one);
}

/* ---- episodes in which nothing moves ---- */

/* whether all positions of an episode are those of its first frame */
static bool is_still(const trace* m, int episode) {
  const df_dataset* d = m->data;
  const double* first = df_dataset_state(d, episode, 0);
  for (int t = 1; t <= d->lengths[episode]; t++) {
    if (memcmp(first, df_dataset_state(d, episode, t), (size_t)m->nq * sizeof *first) != 0) return false;
  }
  return true;
}

static bool is_all_zero(const trace* m, int episode) {
  const double* first = df_dataset_state(m->data, episode, 0);
  for (int i = 0; i < m->nq; i++) {
    if (first[i] != 0) return false;
  }
  return true;
}

/* Episodes that never move while others do: they were never written, or one frame was repeated. */
static void check_still_episodes(const trace* m, data_findings* out) {
  const int episodes = m->data->episodes;
  bool *still = no_episodes(m), zero = true;
  int n = 0;
  for (int e = 0; e < episodes; e++) {
    still[e] = is_still(m, e);
    if (!still[e]) continue;
    n++;
    zero &= is_all_zero(m, e);
  }
  if (n > 0 && n < episodes) {
    char* named = check_named_episodes(&m->source, episodes, still, episodes);
    data_finding* one = data_findings_add(out, DATA_CHECK_MOTION, "episodes", n, 0, "episodes");
    data_finding_judge(one, CHECK_WRONG, "the positions of %s never change%s: leave them out (data.select)", named,
                       zero ? " and are all 0, as those of an array that was never filled" : "");
    data_finding_takes(one, fit_select(&m->source, still));
    df_free(named);
  }
  df_free(still);
}

/* ---- duplicated frames ---- */

static double change_of(const trace* m, size_t k) {
  double sum = 0;
  for (int i = 0; i < m->nv; i++) sum += fabs(m->rate[k * (size_t)m->nv + (size_t)i]);
  return sum;
}

/* shares of the frames; a simulated model may rest for a moment */
static const double REPEATED = 0.05, TOO_MANY = 0.2;

/* Positions alone may repeat by chance where a velocity is zero for a moment, but not in so many coordinates. */
enum { BY_CHANCE = 2 };

static bool is_same_state(const trace* m, size_t k) {
  const double* x = df_dataset_state(m->data, m->episode[k], m->frame[k]);
  return memcmp(x, x + m->data->nx, (size_t)m->data->nx * sizeof *x) == 0;
}

/* the change per second of a few rounding steps in every dof: rounded positions that move by less may repeat */
static double rounding_of(const trace* m, size_t k) {
  double sum = 0;
  for (int i = 0; i < m->nv; i++) sum += m->quantum[i];
  return 3 * sum / m->h[m->episode[k]];
}

/* whether the frame repeats the one before it while the pairs around it move */
static bool repeats(const trace* m, size_t k, double mean, int moving) {
  if (change_of(m, k) > 0) return false;
  if (moving <= BY_CHANCE && !is_same_state(m, k)) return false;
  const bool before = k > 0 && trace_continues(m, k - 1), after = trace_continues(m, k);
  const double moves = fmax(0.1 * mean, rounding_of(m, k));
  return (before && change_of(m, k - 1) > moves) || (after && change_of(m, k + 1) > moves);
}

static void check_duplicates(const trace* m, data_findings* out) {
  size_t n = 0, first = 0;
  double mean = 0;
  const int moving = m->nv - constant_dofs(m, NULL);
  for (size_t k = 0; k < m->n; k++) mean += change_of(m, k) / (double)m->n;
  for (size_t k = 0; k < m->n; k++) {
    if (repeats(m, k, mean, moving) && n++ == 0) first = k;
  }
  const double share = m->n ? (double)n / (double)m->n : 0;
  data_finding* one = data_findings_add(out, DATA_CHECK_DUPLICATED_FRAMES, NULL, share, REPEATED, "share");
  if (n == 0) return;
  const check_verdict verdict = share > TOO_MANY ? CHECK_WRONG : share > REPEATED ? CHECK_WARN : CHECK_OK;
  data_finding_judge(one, verdict,
                     "%zu frames repeat the frame before them while the model moves, first frame %d of episode %d", n,
                     m->frame[first] + 1, m->episode[first]);
}

/* ---- padding ---- */

/* how many frames at the end of an episode repeat the state before them, bit for bit; `last` is its last pair */
static int padding_of(const trace* m, size_t last) {
  int n = 0;
  for (size_t k = last; is_same_state(m, k); k--) {
    n++;
    if (k == 0 || !trace_continues(m, k - 1)) break;
  }
  return n;
}

/* the sum of the recorded velocities of the last state of the episode of a pair */
static double last_speed(const trace* m, size_t last) {
  const double* v = df_dataset_state(m->data, m->episode[last], m->frame[last] + 1) + m->nq;
  double sum = 0;
  for (int i = 0; i < m->nv; i++) sum += fabs(v[i]);
  return sum;
}

/* Episodes that end in copies of one state, though its velocities are not 0: filled up to a common length. */
static void check_padding(const trace* m, data_findings* out) {
  enum { LEAST = 3 };
  size_t n = 0, frames = 0, first = 0;
  for (size_t k = 0; k < m->n; k++) {
    const bool last = m->frame[k] + 1 == m->data->lengths[m->episode[k]];
    const int copies = last ? padding_of(m, k) : 0;
    if (copies < LEAST || !(last_speed(m, k) > rounding_of(m, k))) continue;
    if (n++ == 0) first = k;
    frames += (size_t)copies;
  }
  if (n == 0) return;
  data_finding* one = data_findings_add(out, DATA_CHECK_PADDING, NULL, (double)frames, 0, "frames");
  data_finding_judge(one, CHECK_WARN,
                     "%zu episode%s with copies of a state that moves, as arrays of a common length do: in episode "
                     "%d the last %d frames; cut them off, or give the true ends (data.ends_key)",
                     n, n == 1 ? " ends" : "s end", m->episode[first], padding_of(m, first));
}

/* ---- quaternions ---- */

/* normalised without a word below this: noise of a recorder (df_dataset.norms) */
static const double NORM = 0.05;

static void check_norms(const trace* m, data_findings* out) {
  const df_quaternion_norms* q = &m->data->norms;
  if (q->n == 0) return;
  const char* name = m->joints[q->joint].name;
  data_finding* one = data_findings_add(out, DATA_CHECK_QUATERNION_NORM, name, fabs(q->norm - 1), NORM, "");
  data_finding_judge(one, CHECK_WARN,
                     "%zu quaternion%s with a norm other than 1 %s normalised, as those between two frames that were "
                     "interpolated entry by entry; the furthest has norm %.3g, in episode %d, frame %d of the "
                     "recording: its orientation may be off by some degrees",
                     q->n, q->n == 1 ? "" : "s", q->n == 1 ? "is" : "are", q->norm, q->episode, q->frame);
}

static void check_signs(const trace* m, data_findings* out) {
  size_t flips = 0;
  bool any = false;
  for (int j = 0; j < m->njoint; j++) {
    const df_joint* joint = &m->joints[j];
    const int at = joint_quaternion(joint);
    if (at < 0) continue;
    any = true;
    for (size_t k = 0; k < m->n; k++) {
      const double* a = df_dataset_state(m->data, m->episode[k], m->frame[k]) + at;
      const double* b = df_dataset_state(m->data, m->episode[k], m->frame[k] + 1) + at;
      flips += a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3] < 0;
    }
  }
  if (!any) return;
  data_finding* one = data_findings_add(out, DATA_CHECK_QUATERNION_SIGN, NULL, (double)flips, NAN, "changes");
  if (flips) data_finding_judge(one, CHECK_OK, "q and -q are the same orientation: training is not affected");
}

void check_frames(const trace* m, data_findings* out) {
  check_magnitudes(m, out);
  check_spikes(m, out);
  check_jumps(m, out);
  check_duplicates(m, out);
  check_padding(m, out);
  check_norms(m, out);
  check_signs(m, out);
  check_constant(m, out);
  check_still_episodes(m, out);
  check_joint_limits(m, out);
}
