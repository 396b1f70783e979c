#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base_fit.h"
#include "check_parts.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/stats/statistics.h"
#include "explained.h"
#include "list.h"
#include "text.h"

/* shorter episodes tell too little; poses of one episode that are looked at */
enum { FRAMES_LEAST = 30, POSES_LEAST = 5, POSES_MOST = 100 };
/* slopes of one episode by which velocities are scaled: smaller ones are those of few contacts */
static const double SCALED = 0.1;
/* error of the velocities of a group with the best slope where they follow, and where they do not, though the group
 * changes by more than this share of what it usually does */
static const double FOLLOWS = 0.4, UNRELATED = 0.9, MOVING = 0.2;
/* An episode whose distance from what is right is less than this share of that of a wrong one is clearly better. */
static const double BETTER = 0.5;

/* a check that some episodes do not pass by themselves */
typedef struct kind {
  data_check check;
  int first;    /* the first of these episodes, and what is wrong there */
  char* column; /* owned */
  char* reason; /* owned */
  double value; /* with its unit and limit, those of the finding */
  double limit;
  const char* unit;
  remedy fits; /* owned */
  bool* wrong; /* [episodes]; owned */
} kind;

typedef struct work {
  const trace* m;
  const data_findings* all; /* of all episodes together */
  const base_fit* base;     /* of all episodes together */
  data_findings* each;      /* [episodes] of each by itself; owned */
  kind* list;               /* [kinds] owned */
  int kinds;
  bool* judged;  /* [episodes] */
  double* error; /* [episodes][GROUPS] of the velocities of a group, with the best slope; NAN: it hardly moves */
  double change[GROUPS];
  size_t poses;
} work;

static void add_wrong(work* w, int episode, const data_finding* f) {
  int i = 0;
  while (i < w->kinds && w->list[i].check != f->check) i++;
  if (i == w->kinds) {
    w->list = list_grow(w->list, w->kinds, sizeof *w->list);
    kind* one = &w->list[w->kinds++];
    *one = (kind){.check = f->check, .first = episode, .value = f->value, .limit = f->limit, .unit = f->unit};
    one->column = format_text("%s", f->column);
    one->reason = format_text("%s", f->reason);
    remedy_add(&one->fits, &f->would_fit);
    for (int e = 0; e < w->m->data->episodes; e++) {
      one->wrong = list_grow(one->wrong, e, sizeof *one->wrong);
      one->wrong[e] = false;
    }
  }
  w->list[i].wrong[episode] = true;
}

static bool is_wrong(const data_findings* f, data_check check) {
  for (int i = 0; i < f->n; i++) {
    if (f->list[i].check == check && f->list[i].verdict == CHECK_WRONG) return true;
  }
  return false;
}

/* whether something is wrong in the episode that is wrong in all of them together */
static bool is_like_all(const work* w, const data_findings* f) {
  for (int i = 0; i < f->n; i++) {
    if (f->list[i].verdict == CHECK_WRONG && is_wrong(w->all, f->list[i].check)) return true;
  }
  return false;
}

/* What would be wrong in a recording of the episode alone. One that is as all of them may have more that is wrong for
 * the same reason; velocities in another order may have the opposite sign, too. */
static void collect(work* w, int episode, const data_findings* f) {
  const bool order = is_wrong(f, DATA_CHECK_VELOCITY_ORDER), like_all = is_like_all(w, f);
  for (int i = 0; i < f->n; i++) {
    const data_finding* one = &f->list[i];
    if (one->verdict != CHECK_WRONG || one->check == DATA_CHECK_FRAME_RATE) continue;
    if (like_all && !is_wrong(w->all, one->check)) continue;
    if (order && one->check == DATA_CHECK_VELOCITY_SIGN) continue;
    if (one->check == DATA_CHECK_VELOCITY_SCALE && fabs(one->value - 1) < SCALED) continue;
    add_wrong(w, episode, one);
  }
}

static df_status check_episode_poses(const work* w, const trace* m, data_findings* out) {
  pose_summary p;
  DF_TRY(pose_summary_of(m, w->poses, &p));
  DF_TRY(check_root_residual(m, w->poses, &p.residual));
  if (p.residual > CHECK_RESIDUAL) DF_TRY(check_residual_floor(m, w->poses, &p.residual_floor));
  if (p.residual > CHECK_RESIDUAL && pose_floats(&p))
    DF_TRY(check_put_down_residual(m, w->poses, p.nearest, pose_reach(&p), &p.put_down));
  check_poses(&p, &m->source, out);
  /* contacts that slide with many weights are judged in all episodes together: wheels hardly slide in some */
  p.slip = NAN;
  check_forces(&p, out);
  return DF_OK;
}

/* the errors of the velocities of the episode; false if no group moves, so that velocities tell nothing */
static bool measure_errors(work* w, int episode, const trace* m) {
  bool any = false;
  for (int g = 0; g < GROUPS; g++) {
    const trace_fit f = trace_fit_group(m, g);
    const bool moves = f.n > 0 && f.change > MOVING * w->change[g];
    w->error[episode * GROUPS + g] = moves && f.speed > 0 ? trace_fitted_error(&f, NULL) : NAN;
    any |= moves;
  }
  return any;
}

static df_status check_one(work* w, const trace* m) {
  const int episode = m->episode[0];
  data_findings* f = &w->each[episode];
  w->judged[episode] = true;
  if (measure_errors(w, episode, m)) DF_TRY(check_velocities(m, f));
  check_joint_limits(m, f);
  DF_TRY(check_episode_poses(w, m, f));
  collect(w, episode, f);
  return DF_OK;
}

static bool is_long_enough(const trace* m) {
  int n = 0;
  for (size_t k = 0; k < m->n && n < FRAMES_LEAST; k++) n += trace_comparable(m, k);
  return n == FRAMES_LEAST;
}

static df_status check_all(work* w) {
  for (size_t from = 0, to = 0; from < w->m->n; from = to) {
    to = trace_episode_end(w->m, from);
    const trace one = trace_part(w->m, from, to);
    if (is_long_enough(&one)) DF_TRY(check_one(w, &one));
  }
  return DF_OK;
}

/* velocities that have nothing to do with the positions, while those of most episodes do */
static df_status find_outliers(work* w) {
  const int episodes = w->m->data->episodes;
  double* list = df_alloc((size_t)episodes, sizeof *list);
  if (!list) return DF_E_NOMEM;
  for (int g = 0; g < GROUPS; g++) {
    int n = 0;
    for (int e = 0; e < episodes; e++) {
      if (w->judged[e] && isfinite(w->error[e * GROUPS + g])) list[n++] = w->error[e * GROUPS + g];
    }
    if (n < 3 || df_median(n, list) > FOLLOWS) continue;
    for (int e = 0; e < episodes; e++) {
      const double error = w->error[e * GROUPS + g];
      if (!w->judged[e] || !(error > UNRELATED)) continue;
      data_finding f = {
          .check = DATA_CHECK_VELOCITY,
          .column = format_text("%s", trace_group_name(g)),
          .value = error,
          .limit = UNRELATED,
          .unit = "relative error",
          .reason = format_text("the velocities do not follow from the positions (relative error %.3g)", error)};
      data_finding_fits(&f, "data.velocities", "differences");
      add_wrong(w, e, &f);
      df_free(f.column);
      df_free(f.reason);
      remedy_clear(&f.would_fit);
    }
  }
  df_free(list);
  return DF_OK;
}

/* ---- actions ---- */

/* episodes whose actions do not lead to their states, while those of others do */
static df_status check_actions(const trace* m, data_findings* out) {
  const int episodes = m->data->episodes;
  int followed = 0, n = 0;
  if (!m->data->actions) return DF_OK;
  bool* unlike = df_alloc((size_t)episodes, sizeof *unlike);
  episode_actions* each = df_alloc((size_t)episodes, sizeof *each);
  const df_status status = unlike && each ? episodes_are_explained(m, each) : DF_E_NOMEM;
  for (int e = 0; e < episodes && status == DF_OK; e++) {
    followed += each[e] == ACTIONS_EXPLAIN;
    unlike[e] = each[e] == ACTIONS_EXPLAIN_NOTHING;
    n += unlike[e];
  }
  /* of another model, hardly any episode follows */
  if (n > 0 && followed >= n) {
    char* named = check_named_episodes(&m->source, episodes, unlike);
    data_finding* one = data_findings_add(out, DATA_CHECK_MIXTURE, "actions", n, 0, "episodes");
    data_finding_judge(
        one, CHECK_WRONG,
        "the recorded actions of %s, %d of %d, do not lead to the recorded states, and those of %d other "
        "episodes do: their columns are in another order or unit, or they are of another model",
        named, n, episodes, followed);
    df_free(named);
  }
  df_free(unlike);
  df_free(each);
  return status;
}

/* Whether velocities are wrong in all episodes together, and in each by one check or another: it is one mistake. */
static bool are_all_velocities_wrong(const work* w, const data_findings* all) {
  bool known = false;
  for (int i = 0; i < all->n; i++)
    known |= all->list[i].verdict == CHECK_WRONG && data_check_is_of_velocity(all->list[i].check);
  for (int e = 0; e < w->m->data->episodes && known; e++) {
    bool wrong = false;
    for (int i = 0; i < w->kinds; i++) wrong |= data_check_is_of_velocity(w->list[i].check) && w->list[i].wrong[e];
    known = wrong || !w->judged[e];
  }
  return known;
}

/* ---- whether the others are better ---- */

/* the trace of one episode */
static trace part_of(const work* w, int episode) {
  size_t from = 0;
  while (w->m->episode[from] != episode) from = trace_episode_end(w->m, from);
  return trace_part(w->m, from, trace_episode_end(w->m, from));
}

/* the dof, or the group, that a column is; -1: none */
static int dof_of(const trace* m, const char* column) {
  for (int i = 0; i < m->nv; i++) {
    char name[80];
    check_dof_name(m, i, name);
    if (strcmp(name, column) == 0) return i;
  }
  return -1;
}

static int group_of(const trace* m, const char* column) {
  for (int g = 0; g < GROUPS; g++) {
    if (strcmp(trace_group_name(g), column) == 0) return g;
  }
  const int dof = dof_of(m, column);
  return dof >= 0 ? m->group[dof] : strcmp(column, BASE_HEADING) == 0 ? GROUP_BASE_ROTATION : -1;
}

/* how far the factor between changes and velocities is from 1, by its logarithm; NAN: unknown */
static double scale_distance(const trace_fit* f) {
  int lag = LAG_MEAN;
  trace_fitted_error(f, &lag);
  return f->n > 0 && f->slope[lag] > 0 ? fabs(log(f->slope[lag])) : NAN;
}

/* How far an episode is from what is right, by the check of a kind; NAN: unknown. *measured: the check has such a
 * distance. */
static double distance_of(const work* w, const kind* k, int episode, bool* measured) {
  const trace m = part_of(w, episode);
  const int dof = dof_of(&m, k->column), group = group_of(&m, k->column);
  *measured = true;
  if (k->check == DATA_CHECK_VELOCITY_SCALE && (dof >= 0 || group >= 0)) {
    const trace_fit f = dof >= 0 ? trace_fit_pair(&m, dof, dof) : trace_fit_group(&m, group);
    return scale_distance(&f);
  }
  if (k->check == DATA_CHECK_BASE_POINT && group >= 0) {
    const trace_fit f = trace_fit_group(&m, group);
    return f.n > 0 ? trace_error(&f, NULL) : NAN;
  }
  if (k->check == DATA_CHECK_VELOCITY_OFFSET) return fabs(dof >= 0 ? check_offset_of(&m, dof) : base_fit_drift(&m));
  *measured = k->check == DATA_CHECK_FLOOR || k->check == DATA_CHECK_PENETRATION ||
              k->check == DATA_CHECK_ROOT_RESIDUAL || k->check == DATA_CHECK_JOINT_LIMIT;
  const data_findings* f = &w->each[episode];
  for (int i = 0; i < f->n && *measured; i++) {
    if (f->list[i].check == k->check && strcmp(f->list[i].column, k->column) == 0) return f->list[i].value;
  }
  return NAN;
}

/* Whether most episodes that pass are clearly better than those that fail, as far as the check tells how wrong one is:
 * else the same mistake may be in all of them, and too small in some to be clear. */
static bool are_others_better(const work* w, const kind* k) {
  double least = INFINITY;
  int others = 0, better = 0;
  bool measured = true;
  for (int e = 0; e < w->m->data->episodes && measured; e++) {
    const double far = w->judged[e] && k->wrong[e] ? distance_of(w, k, e, &measured) : NAN;
    if (far < least) least = far;
  }
  if (!measured || !isfinite(least)) return true;
  for (int e = 0; e < w->m->data->episodes; e++) {
    if (!w->judged[e] || k->wrong[e]) continue;
    others++;
    better += distance_of(w, k, e, &measured) < BETTER * least;
  }
  return 2 * better > others;
}

/* whether what is wrong with the base in all episodes together, and by about the same number in each, explains a kind
 */
static bool is_of_base(const work* w, const kind* k) {
  if (!data_check_is_of_velocity(k->check)) return false;
  const int group = group_of(w->m, k->column);
  return (group == GROUP_BASE_POSITION && w->base->cause != BASE_NO_CAUSE) ||
         (group == GROUP_BASE_ROTATION && isfinite(w->base->drift));
}

/* ---- the findings ---- */

static void report_mixture(const kind* k, const char* named, int n, int judged, data_findings* out) {
  data_finding* one = data_findings_add(out, DATA_CHECK_MIXTURE, data_check_name(k->check), n, 0, "episodes");
  data_finding_judge(one, CHECK_WRONG, "%s, %d of %d, fail%s this check, and the others pass it; in episode %d, %s%s%s",
                     named, n, judged, n == 1 ? "s" : "", k->first, k->column, k->column[0] ? ": " : "", k->reason);
  remedy_add(&one->would_fit, &k->fits);
}

/* the row of the check itself, in the place of one that is not wrong */
static void report_all(const kind* k, const char* named, int n, int judged, data_findings* out) {
  data_finding* one = NULL;
  for (int i = 0; i < out->n && !one; i++) {
    if (out->list[i].check == k->check && strcmp(out->list[i].column, k->column) == 0) one = &out->list[i];
  }
  if (!one) one = data_findings_add(out, k->check, k->column, k->value, k->limit, k->unit);
  one->value = k->value;
  one->limit = k->limit;
  /* a factor that velocities of all episodes together do not show may be that of what happens within frames */
  const check_verdict verdict = k->check == DATA_CHECK_VELOCITY_SCALE ? CHECK_WARN : CHECK_WRONG;
  data_finding_judge(one, verdict, "%s; this is clear in %s, %d of %d, and the others are about as far off", k->reason,
                     named, n, judged);
  if (verdict == CHECK_WARN) one->limit = NAN;
  remedy_clear(&one->would_fit);
  remedy_add(&one->would_fit, &k->fits);
}

/* What some episodes do not pass, and others do. What is wrong in all together is not clear in each of them. */
static void report(const work* w, data_findings* out) {
  const int episodes = w->m->data->episodes;
  const bool all_velocities = are_all_velocities_wrong(w, out);
  for (int i = 0; i < w->kinds; i++) {
    const kind* k = &w->list[i];
    int n = 0, judged = 0;
    if ((all_velocities && data_check_is_of_velocity(k->check)) || is_of_base(w, k)) continue;
    for (int e = 0; e < episodes; e++) {
      judged += w->judged[e];
      n += k->wrong[e];
    }
    if (n == judged || (2 * n > judged && is_wrong(out, k->check))) continue;
    /* a wrong frame rate scales all velocities */
    const bool rate = is_wrong(out, DATA_CHECK_FRAME_RATE) || is_wrong(out, DATA_CHECK_FRAME_RATE_OF_EPISODES);
    if (k->check == DATA_CHECK_VELOCITY_SCALE && rate) continue;
    const bool mixture = are_others_better(w, k);
    if (!mixture && is_wrong(out, k->check)) continue;
    char* named = check_named_episodes(&w->m->source, episodes, k->wrong);
    (mixture ? report_mixture : report_all)(k, named, n, judged, out);
    df_free(named);
  }
}

static void clear(work* w) {
  for (int e = 0; e < w->m->data->episodes && w->each; e++) data_findings_clear(&w->each[e]);
  df_free(w->each);
  for (int i = 0; i < w->kinds; i++) {
    df_free(w->list[i].column);
    df_free(w->list[i].reason);
    df_free(w->list[i].wrong);
    remedy_clear(&w->list[i].fits);
  }
  df_free(w->list);
  df_free(w->judged);
  df_free(w->error);
}

df_status check_episodes(const trace* m, const check_cfg* cfg, data_findings* out) {
  const size_t episodes = (size_t)m->data->episodes;
  const base_fit base = base_fit_of(m);
  work w = {.m = m, .all = out, .base = &base};
  w.poses = cfg->poses_max / episodes;
  w.poses = w.poses < POSES_LEAST ? POSES_LEAST : w.poses > POSES_MOST ? POSES_MOST : w.poses;
  if (episodes < 2) return DF_OK;
  w.judged = df_alloc(episodes, sizeof *w.judged);
  w.error = df_alloc(episodes * GROUPS, sizeof *w.error);
  w.each = df_alloc(episodes, sizeof *w.each);
  df_status status = w.judged && w.error && w.each ? DF_OK : DF_E_NOMEM;
  for (int g = 0; g < GROUPS; g++) w.change[g] = trace_fit_group(m, g).change;
  if (status == DF_OK) status = check_all(&w);
  if (status == DF_OK) status = find_outliers(&w);
  if (status == DF_OK) report(&w, out);
  if (status == DF_OK) status = check_actions(m, out);
  clear(&w);
  return status;
}
