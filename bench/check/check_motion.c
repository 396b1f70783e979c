#include <math.h>
#include <string.h>

#include "check_parts.h"
#include "dynaflow/core/alloc.h"
#include "text.h"

/* ---- how near frames are ---- */

/* Episodes with fewer pairs have no far frames; the lags that are compared, and the most pairs per lag. */
enum { PAIRS_LEAST = 4, LAGS_MAX = 8, PAIRS_MAX = 20000 };
/* rad and m, the latter of large models: what moves less from frame to frame may be the noise of a sensor */
static const double TURNS = 0.1, MOVES = 0.05;
/* A lag whose distance is within this share of that of far frames tells nothing about them. */
static const double NOTHING = 0.3;
/* s: slower recordings may miss the motion between two frames */
static const double SLOW = 0.1;
/* velocities that carry the motion over less than half of the change from frame to frame */
static const double CARRIES = 0.5;
/* error with the best slope, of a correlation of 0.3 */
static const double UNRELATED = 0.954;

/* mean squared distances between frames of the same episode, by group */
typedef struct nearness {
  double at[LAGS_MAX + 1][GROUPS]; /* that are so many frames apart; [0]: far ones, any two */
  double n[LAGS_MAX + 1];
} nearness;

static void add_distance(const trace* m, int episode, int a, int b, int lag, nearness* out) {
  double change[DF_NDX_MAX];
  m->system->ops->difference(m->system, df_dataset_state(m->data, episode, a), df_dataset_state(m->data, episode, b),
                             change);
  for (int i = 0; i < m->nv; i++) out->at[lag][m->group[i]] += change[i] * change[i];
  out->n[lag]++;
}

/* another frame of 0 .. length, the same at every call */
static int far_frame(int frame, int length) {
  static const unsigned long PRIME = 7919, OFFSET = 104729;
  const int other = (int)(((unsigned long)frame * PRIME + OFFSET) % (unsigned long)length);
  return other < frame ? other : other + 1;
}

static nearness nearness_of(const trace* m) {
  nearness out = {0};
  const size_t stride = m->n / PAIRS_MAX + 1;
  for (size_t k = 0; k < m->n; k += stride) {
    const int e = m->episode[k], t = m->frame[k], length = m->data->lengths[e];
    if (length < PAIRS_LEAST) continue;
    add_distance(m, e, t, far_frame(t, length), 0, &out);
    for (int lag = 1; lag <= LAGS_MAX && t + lag <= length && 2 * lag <= length; lag++)
      add_distance(m, e, t, t + lag, lag, &out);
  }
  for (int lag = 0; lag <= LAGS_MAX; lag++) {
    for (int g = 0; g < GROUPS && out.n[lag] > 0; g++) out.at[lag][g] /= out.n[lag];
  }
  return out;
}

/* whether a group changes by more from frame to frame than the noise of a sensor */
static bool changes_much(const nearness* d, int group) {
  const bool turns = group == GROUP_BASE_ROTATION || group == GROUP_BALLS || group == GROUP_HINGES;
  return d->n[1] > 0 && sqrt(d->at[1][group]) > (turns ? TURNS : MOVES);
}

/* Whether no lag tells more than far frames do: undersampled motions that repeat are nearer or further at some lag. */
static bool is_without_order(const nearness* d, int group) {
  for (int lag = 1; lag <= LAGS_MAX; lag++) {
    if (d->n[lag] > 0 && fabs(d->at[lag][group] / d->at[0][group] - 1) > NOTHING) return false;
  }
  return true;
}

/* ---- whether velocities carry the motion ---- */

/* of the changes of a group (-1: of all) from frame to frame, all pairs, and the mean velocities beside them */
typedef struct carried {
  double change, speed; /* RMS per second */
  double error;         /* share of the changes that the velocities leave, with the best slope; 1: none are recorded */
} carried;

static carried carried_of(const trace* m, int group) {
  double dd = 0, dv = 0, vv = 0;
  for (size_t k = 0; k < m->n; k++) {
    for (int i = 0; i < m->nv; i++) {
      if ((group >= 0 && m->group[i] != group) || m->data->derived[m->nq + i]) continue;
      const double d = trace_change(m, k, LAG_MEAN, i), v = trace_predicted(m, k, LAG_MEAN, i);
      dd += d * d;
      dv += d * v;
      vv += v * v;
    }
  }
  const double n = m->n ? (double)m->n : 1;
  return (carried){.change = sqrt(dd / n),
                   .speed = sqrt(vv / n),
                   .error = dd > 0 && vv > 0 && dv > 0 ? sqrt(fmax(0, 1 - dv * dv / (dd * vv))) : 1};
}

static bool has_velocities(const trace* m, int group) {
  for (int i = 0; i < m->nv; i++) {
    if ((group < 0 || m->group[i] == group) && !m->data->derived[m->nq + i]) return true;
  }
  return false;
}

/* ---- time-major arrays ---- */

/* The states with frames as episodes and episodes as frames; *out is NULL unless all episodes have the same length. */
static df_status transpose(const df_dataset* data, df_dataset** out) {
  *out = NULL;
  if (data->episodes < 2) return DF_OK;
  for (int e = 0; e < data->episodes; e++) {
    if (data->lengths[e] != data->length) return DF_OK;
  }
  DF_TRY(df_dataset_new(
      &(df_dataset_shape){.episodes = data->length + 1, .length = data->episodes - 1, .nx = data->nx, .dt = data->dt},
      out));
  const size_t nx = (size_t)data->nx, bytes = nx * sizeof *data->states;
  for (int e = 0; e < data->episodes; e++) {
    for (int t = 0; t <= data->length; t++)
      memcpy((*out)->states + ((*out)->first[t] + (size_t)e) * nx, df_dataset_state(data, e, t), bytes);
  }
  memcpy((*out)->derived, data->derived, nx * sizeof *data->derived);
  return DF_OK;
}

/* Whether positions tell that `other` is the recording and `as_read` is not: of what moves, frames are about as far
 * apart as other frames of the episode as read, at any lag, and neighbours are near in the other. A motion that repeats
 * is near itself at some lag, and clips that are sorted are near their neighbours, too. */
static bool is_nearer(const nearness* as_read, const nearness* other) {
  static const double FAR = 0.5, NEAR = 0.2;
  bool any = false, all = true;
  for (int g = 0; g < GROUPS; g++) {
    if (!changes_much(as_read, g)) continue;
    any = true;
    for (int lag = 1; lag <= LAGS_MAX; lag++)
      all &= as_read->n[lag] == 0 || as_read->at[lag][g] > FAR * as_read->at[0][g];
    all &= other->n[1] > 0 && other->at[1][g] < NEAR * fmin(other->at[0][g], as_read->at[1][g]);
  }
  return any && all;
}

/* whether the frames and the episodes of the recording are exchanged */
static df_status is_time_major(const trace* m, const nearness* as_read, bool* exchanged) {
  static const double UNLIKE = 0.7, LIKE = 0.5;
  df_dataset* data = NULL;
  *exchanged = false;
  DF_TRY(transpose(m->data, &data));
  if (!data) return DF_OK;
  double* h = df_alloc((size_t)data->episodes, sizeof *h);
  trace other = {0};
  df_status status = h ? DF_OK : DF_E_NOMEM;
  for (int e = 0; e < data->episodes && h; e++) h[e] = m->h[0];
  if (status == DF_OK) status = trace_of(data, m->system, h, PAIRS_MAX, &other);
  if (status == DF_OK) {
    const nearness there = nearness_of(&other);
    const carried here = carried_of(m, -1), then = carried_of(&other, -1);
    *exchanged = has_velocities(m, -1) ? here.error > UNLIKE && then.error < LIKE : is_nearer(as_read, &there);
  }
  trace_clear(&other);
  df_free(h);
  df_dataset_free(data);
  return status;
}

/* ---- the finding ---- */

/* Groups that are no motion: they change much from frame to frame, no more so between far frames, and velocities have
 * nothing to do with it. */
static int groups_without_order(const trace* m, const nearness* d, text* names) {
  int n = 0;
  for (int g = 0; g < GROUPS; g++) {
    const carried c = carried_of(m, g);
    if (!changes_much(d, g) || !is_without_order(d, g)) continue;
    if (has_velocities(m, g) && (c.error < UNRELATED || c.speed > CARRIES * c.change)) continue;
    text_add(names, "%s%s", n++ ? ", " : "", trace_group_name(trace_has_base(m), g));
  }
  return n;
}

/* that frames and episodes are exchanged; without velocities, rare frames may be those of a motion that they miss */
static void judge_exchanged(const trace* m, double slowest, data_finding* one) {
  const bool velocities = has_velocities(m, -1), sure = velocities || slowest < SLOW;
  const int frames = m->data->episodes, episodes = m->data->length + 1;
  const char* here =
      velocities ? "velocities do not follow from the positions" : "they are as far apart as any two frames";
  char* as_read = format_text("as %d episodes of %d frames, %s", frames, episodes, here);
  static const char exchange[] = "exchange the first two axes of the arrays, in Python numpy.swapaxes(x, 0, 1)";
  if (sure) {
    data_finding_judge(one, CHECK_WRONG,
                       "frames and episodes are exchanged: read as %d frames of %d episodes, as jax.lax.scan returns "
                       "them, successive frames are near each other%s; as they are, %s: %s",
                       frames, episodes, velocities ? " and velocities follow" : "", as_read, exchange);
  } else {
    data_finding_judge(
        one, CHECK_WARN,
        "are frames and episodes exchanged? Read as %d frames of %d episodes, successive frames are near "
        "each other; as they are, %s, unless frames of %.3g s miss the motion between them. Only if the "
        "arrays are [frames][episodes][columns], %s",
        frames, episodes, as_read, slowest, exchange);
  }
  df_free(as_read);
}

df_status check_motion(const trace* m, data_findings* out) {
  static const char unlike[] =
      "successive frames are no nearer to each other than any two frames of an episode: the positions are noise, or "
      "the "
      "frames are out of order";
  const nearness d = nearness_of(m);
  text names = {0};
  bool exchanged = false;
  double slowest = 0;
  const df_status status = is_time_major(m, &d, &exchanged);
  const int n = groups_without_order(m, &d, &names);
  for (size_t k = 0; k < m->n; k++) slowest = fmax(slowest, m->h[m->episode[k]]);
  data_finding* one = data_findings_add(out, DATA_CHECK_MOTION, NULL, exchanged ? m->data->episodes : n, 0,
                                        exchanged ? "episodes" : "groups");
  if (exchanged) {
    judge_exchanged(m, slowest, one);
  } else if (n && (slowest < SLOW || has_velocities(m, -1))) {
    data_finding_judge(one, CHECK_WRONG, "%s: %s", text_of(&names), unlike);
  } else if (n) {
    data_finding_judge(one, CHECK_WARN, "%s: %s, or frames of %.3g s miss the motion between them", text_of(&names),
                       unlike, slowest);
  }
  text_clear(&names);
  return status;
}
