#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base_fit.h"
#include "check_parts.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/stats/statistics.h"
#include "episode_distance.h"
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

/* a check of a column that some episodes do not pass by themselves */
typedef struct kind {
  data_check check;
  char* column; /* owned */
  int worst;    /* the episode that is furthest off, of several the first; and what is wrong there */
  char* reason; /* owned */
  double value; /* with its unit and limit, those of the finding */
  double limit;
  const char* unit;
  remedy fits;     /* owned */
  bool* wrong;     /* [episodes]; owned */
  unsigned groups; /* episode_groups_of() */
  int place;       /* episode_place_of() */
  bool mixture;    /* the others are clearly better */
  bool reported;
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

/* how far off a finding is, of findings of one check and column */
static double severity(data_check check, double value) {
  return check == DATA_CHECK_VELOCITY_SCALE && value > 0 ? fabs(log(value)) : fabs(value);
}

/* what is wrong in an episode, if it is further off there than in the others of the kind */
static void take_worse(kind* k, int episode, const data_finding* f) {
  if (k->reason && !(severity(k->check, f->value) > severity(k->check, k->value))) return;
  df_free(k->reason);
  remedy_clear(&k->fits);
  k->worst = episode;
  k->value = f->value;
  k->limit = f->limit;
  k->unit = f->unit;
  k->reason = format_text("%s", f->reason);
  remedy_add(&k->fits, &f->would_fit);
}

static void add_wrong(work* w, int episode, const data_finding* f) {
  int i = 0;
  while (i < w->kinds && !(w->list[i].check == f->check && strcmp(w->list[i].column, f->column) == 0)) i++;
  if (i == w->kinds) {
    w->list = list_grow(w->list, w->kinds, sizeof *w->list);
    kind* one = &w->list[w->kinds++];
    *one = (kind){.check = f->check,
                  .groups = episode_groups_of(w->m, f->check, f->column),
                  .place = episode_place_of(w->m, f->column)};
    one->column = format_text("%s", f->column);
    for (int e = 0; e < w->m->data->episodes; e++) {
      one->wrong = list_grow(one->wrong, e, sizeof *one->wrong);
      one->wrong[e] = false;
    }
  }
  w->list[i].wrong[episode] = true;
  take_worse(&w->list[i], episode, f);
}

static bool is_wrong(const data_findings* f, data_check check) {
  for (int i = 0; i < f->n; i++) {
    if (f->list[i].check == check && f->list[i].verdict == CHECK_WRONG) return true;
  }
  return false;
}

/* whether all episodes together have something wrong by a check in the same column or, of velocities, in a common group
 */
static bool is_wrong_in_all(const work* w, const data_findings* all, data_check check, const char* column) {
  const unsigned groups = episode_groups_of(w->m, check, column);
  for (int i = 0; i < all->n; i++) {
    const data_finding* one = &all->list[i];
    if (one->check != check || one->verdict != CHECK_WRONG) continue;
    if (groups ? (groups & episode_groups_of(w->m, check, one->column)) != 0 : strcmp(one->column, column) == 0)
      return true;
  }
  return false;
}

/* Whether something that is wrong in all episodes together is wrong in this one, and may be the reason for a finding:
 * velocities of other groups are none. */
static bool is_as_all(const work* w, const data_findings* f, const data_finding* of) {
  const unsigned groups = episode_groups_of(w->m, of->check, of->column);
  for (int i = 0; i < f->n; i++) {
    const data_finding* one = &f->list[i];
    const unsigned others = episode_groups_of(w->m, one->check, one->column);
    if (groups && others && !(groups & others)) continue;
    if (one->verdict == CHECK_WRONG && is_wrong_in_all(w, w->all, one->check, one->column)) return true;
  }
  return false;
}

/* whether a finding is of joints whose servos may settle so fast, and in some episodes are pushed more than in others
 */
static bool is_of_servos(const trace* m, const data_finding* one) {
  if (one->check != DATA_CHECK_VELOCITY_SCALE || !check_servos_settle(m, one->value)) return false;
  for (int g = GROUP_HINGES; g <= GROUP_SLIDES; g++) {
    if (strcmp(one->column, trace_group_name(trace_has_base(m), g)) == 0) return true;
  }
  return false;
}

/* What would be wrong in a recording of the episode alone. One that is as all of them may have more that is wrong for
 * the same reason. */
static void collect(work* w, int episode, const trace* m, const data_findings* f) {
  for (int i = 0; i < f->n; i++) {
    const data_finding* one = &f->list[i];
    if (one->verdict != CHECK_WRONG || one->check == DATA_CHECK_FRAME_RATE) continue;
    if (!is_wrong_in_all(w, w->all, one->check, one->column) && is_as_all(w, f, one)) continue;
    if (one->check == DATA_CHECK_VELOCITY_SCALE && fabs(one->value - 1) < SCALED) continue;
    if (is_of_servos(m, one)) continue;
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
  collect(w, episode, m, f);
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
          .column = format_text("%s", trace_group_name(trace_has_base(w->m), g)),
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
    char* named = check_named_episodes(&m->source, episodes, unlike, episodes);
    data_finding* one = data_findings_add(out, DATA_CHECK_MIXTURE, "actions", n, 0, "episodes");
    data_finding_judge(one, CHECK_WRONG,
                       "the recorded actions of %s do not lead to the recorded states, and those of %d other "
                       "episodes do: their columns are in another order or unit, or they are of another model",
                       named, followed);
    df_free(named);
  }
  df_free(unlike);
  df_free(each);
  return status;
}

/* Of which groups velocities are wrong in all episodes together, and in each by one check or another: it is one
 * mistake. A row of velocities of all groups is one of each. */
static unsigned groups_wrong_in_all(const work* w, const data_findings* all) {
  unsigned out = 0;
  for (int i = 0; i < all->n; i++) {
    if (all->list[i].verdict == CHECK_WRONG) out |= episode_groups_of(w->m, all->list[i].check, all->list[i].column);
  }
  for (int e = 0; e < w->m->data->episodes; e++) {
    unsigned wrong = 0;
    for (int i = 0; i < w->kinds; i++) wrong |= w->list[i].wrong[e] ? w->list[i].groups : 0;
    if (w->judged[e]) out &= wrong;
  }
  return out;
}

/* ---- whether the others are better ---- */

/* the trace of one episode */
static trace part_of(const work* w, int episode) {
  size_t from = 0;
  while (w->m->episode[from] != episode) from = trace_episode_end(w->m, from);
  return trace_part(w->m, from, trace_episode_end(w->m, from));
}

static episode_distance distance_of(const work* w, const kind* k, int episode) {
  const trace m = part_of(w, episode);
  return episode_distance_of(&m, &w->each[episode], k->check, k->column);
}

/* the least distance of the episodes that fail; INFINITY: the check has none, or it is not known */
static double least_distance(const work* w, const kind* k) {
  double least = INFINITY;
  for (int e = 0; e < w->m->data->episodes; e++) {
    if (!w->judged[e] || !k->wrong[e]) continue;
    const episode_distance d = distance_of(w, k, e);
    if (!d.measured) return INFINITY;
    if (d.distance < least) least = d.distance;
  }
  return least;
}

/* Whether most episodes that pass are clearly better than those that fail, as far as the check tells how wrong one is:
 * else the same mistake may be in all of them, and too small in some to be clear. */
static bool are_others_better(const work* w, const kind* k) {
  const double least = least_distance(w, k);
  int others = 0, better = 0;
  if (!isfinite(least)) return true;
  for (int e = 0; e < w->m->data->episodes; e++) {
    if (!w->judged[e] || k->wrong[e]) continue;
    others++;
    better += distance_of(w, k, e).distance < BETTER * least;
  }
  return 2 * better > others;
}

/* whether what is wrong with the base in all episodes together, and by about the same number in each, explains a kind
 */
static bool is_of_base(const work* w, const kind* k) {
  return (k->groups == 1u << GROUP_BASE_POSITION && w->base->cause != BASE_NO_CAUSE) ||
         (k->groups == 1u << GROUP_BASE_ROTATION && isfinite(w->base->drift));
}

/* ---- the findings ---- */

static int count_wrong(const work* w, const kind* k) {
  int n = 0;
  for (int e = 0; e < w->m->data->episodes; e++) n += k->wrong[e];
  return n;
}

static bool are_same_episodes(const work* w, const kind* a, const kind* b) {
  return memcmp(a->wrong, b->wrong, (size_t)w->m->data->episodes * sizeof *a->wrong) == 0;
}

/* One row of the columns of a check that the same episodes do not pass: what is wrong in one of them, and the other
 * columns. */
static void report_mixture(work* w, kind* k, const char* named, data_findings* out) {
  const int n = count_wrong(w, k);
  text others = {0};
  for (kind* other = k + 1; other < w->list + w->kinds; other++) {
    if (!other->mixture || other->check != k->check || !are_same_episodes(w, k, other)) continue;
    other->reported = true;
    text_add(&others, "%s%s", others.n ? ", " : "; they fail it also in ", other->column);
  }
  data_finding* one = data_findings_add(out, DATA_CHECK_MIXTURE, data_check_name(k->check), n, 0, "episodes");
  data_finding_judge(one, CHECK_WRONG, "%s fail%s this check, and the others pass it; in episode %d, %s%s%s%s", named,
                     n == 1 ? "s" : "", k->worst, k->column, k->column[0] ? ": " : "", k->reason, text_of(&others));
  remedy_add(&one->would_fit, &k->fits);
  text_clear(&others);
}

/* Whether the number of all episodes is itself not right: beyond the limit of the check or, without one, not clearly
 * better than that of the episodes that fail. One that is not known does not say otherwise. */
static bool is_wrong_together(const work* w, const kind* k, const episode_distance* all) {
  if (!isfinite(all->value)) return true;
  return isfinite(k->limit) ? all->value > k->limit : all->distance >= BETTER * least_distance(w, k);
}

/* The row of the check itself, in the place of one that is not wrong, with the number of all episodes. The share of
 * frames beyond a limit is known of all of them, so that its verdict stays. */
static void report_all(const work* w, const kind* k, const char* named, data_findings* out) {
  const episode_distance all = episode_distance_of(w->m, w->all, k->check, k->column);
  data_finding* one = NULL;
  for (int i = 0; i < out->n && !one; i++) {
    if (out->list[i].check == k->check && strcmp(out->list[i].column, k->column) == 0) one = &out->list[i];
  }
  const bool limit = k->check == DATA_CHECK_JOINT_LIMIT;
  if (limit && one) {
    data_finding_judge(one, one->verdict, "%s; in %s it is up to %.3g %%, and in the others about as much", one->reason,
                       named, 100 * k->value);
    return;
  }
  if (!one) one = data_findings_add(out, k->check, k->column, all.value, k->limit, k->unit);
  one->value = all.value;
  one->limit = k->limit;
  /* a factor that velocities of all episodes together do not show may be that of what happens within frames */
  const bool together = is_wrong_together(w, k, &all), scale = k->check == DATA_CHECK_VELOCITY_SCALE;
  const check_verdict verdict = limit || scale || !together ? CHECK_WARN : CHECK_WRONG;
  char* number = isfinite(all.value)
                     ? format_text(" (%.3g %s%s)", all.value, k->unit, together ? " of all together" : "")
                     : format_text("%s", "");
  data_finding_judge(one, verdict, "in episode %d, %s; this is clear in %s, and %s%s", k->worst, k->reason, named,
                     together ? "the others are about as far off" : "all together are not as far off", number);
  df_free(number);
  if (verdict == CHECK_WARN || !(one->value > one->limit)) one->limit = NAN;
  remedy_clear(&one->would_fit);
  remedy_add(&one->would_fit, &k->fits);
}

/* Whether a kind is of single episodes, and no part of what is wrong in all of them. */
static bool is_of_some(const work* w, const kind* k, unsigned known, int judged, const data_findings* out) {
  const int n = count_wrong(w, k);
  if ((k->groups & known) || is_of_base(w, k)) return false;
  if (n == judged || (2 * n > judged && is_wrong_in_all(w, out, k->check, k->column))) return false;
  /* a wrong frame rate scales all velocities */
  const bool rate = is_wrong(out, DATA_CHECK_FRAME_RATE) || is_wrong(out, DATA_CHECK_FRAME_RATE_OF_EPISODES);
  return !(k->check == DATA_CHECK_VELOCITY_SCALE && rate);
}

/* by check, then in the order of the model: not by the order of the episodes */
static int compare_kinds(const void* one, const void* other) {
  const kind *a = one, *b = other;
  if (a->check != b->check) return a->check < b->check ? -1 : 1;
  return a->place < b->place ? -1 : a->place > b->place ? 1 : strcmp(a->column, b->column);
}

/* What some episodes do not pass, and others do. What is wrong in all together is not clear in each of them. */
static void report(work* w, data_findings* out) {
  const int episodes = w->m->data->episodes;
  const unsigned known = groups_wrong_in_all(w, out);
  int judged = 0;
  for (int e = 0; e < episodes; e++) judged += w->judged[e];
  if (w->kinds) qsort(w->list, (size_t)w->kinds, sizeof *w->list, compare_kinds);
  for (int i = 0; i < w->kinds; i++) {
    kind* k = &w->list[i];
    k->reported = !is_of_some(w, k, known, judged, out);
    k->mixture = !k->reported && are_others_better(w, k);
    k->reported |= !k->mixture && is_wrong_in_all(w, out, k->check, k->column);
  }
  for (int i = 0; i < w->kinds; i++) {
    kind* k = &w->list[i];
    if (k->reported) continue;
    char* named = check_named_episodes(&w->m->source, episodes, k->wrong, judged);
    if (k->mixture)
      report_mixture(w, k, named, out);
    else
      report_all(w, k, named, out);
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
