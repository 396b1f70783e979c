#include <math.h>
#include <stdio.h>
#include <string.h>

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

/* a check that some episodes do not pass by themselves */
typedef struct kind {
  data_check check;
  int first;    /* the first of these episodes, and what is wrong there; owned */
  char* reason; /* "column: reason" */
  remedy fits;  /* owned */
  bool* wrong;  /* [episodes]; owned */
} kind;

typedef struct work {
  const trace* m;
  const data_findings* all; /* of all episodes together */
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
    *one = (kind){.check = f->check, .first = episode};
    one->reason = format_text("%s%s%s", f->column, f->column[0] ? ": " : "", f->reason);
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
  data_findings f = {0};
  const int episode = m->episode[0];
  w->judged[episode] = true;
  df_status status = measure_errors(w, episode, m) ? check_velocities(m, &f) : DF_OK;
  check_joint_limits(m, &f);
  if (status == DF_OK) status = check_episode_poses(w, m, &f);
  if (status == DF_OK) collect(w, episode, &f);
  data_findings_clear(&f);
  return status;
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

/* What some episodes do not pass, and others do. What is wrong in all together is not clear in each of them. */
static void report(const work* w, data_findings* out) {
  const int episodes = w->m->data->episodes;
  const bool all_velocities = are_all_velocities_wrong(w, out);
  for (int i = 0; i < w->kinds; i++) {
    const kind* k = &w->list[i];
    int n = 0, judged = 0;
    if (all_velocities && data_check_is_of_velocity(k->check)) continue;
    for (int e = 0; e < episodes; e++) {
      judged += w->judged[e];
      n += k->wrong[e];
    }
    if (n == judged || (2 * n > judged && is_wrong(out, k->check))) continue;
    /* a wrong frame rate scales all velocities */
    const bool rate = is_wrong(out, DATA_CHECK_FRAME_RATE) || is_wrong(out, DATA_CHECK_FRAME_RATE_OF_EPISODES);
    if (k->check == DATA_CHECK_VELOCITY_SCALE && rate) continue;
    char* named = check_named_episodes(&w->m->source, episodes, k->wrong);
    data_finding* one = data_findings_add(out, DATA_CHECK_MIXTURE, data_check_name(k->check), n, 0, "episodes");
    data_finding_judge(one, CHECK_WRONG, "%s, %d of %d, fail%s this check, and the others pass it; in episode %d, %s",
                       named, n, judged, n == 1 ? "s" : "", k->first, k->reason);
    remedy_add(&one->would_fit, &k->fits);
    df_free(named);
  }
}

static void clear(work* w) {
  for (int i = 0; i < w->kinds; i++) {
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
  work w = {.m = m, .all = out};
  w.poses = cfg->poses_max / episodes;
  w.poses = w.poses < POSES_LEAST ? POSES_LEAST : w.poses > POSES_MOST ? POSES_MOST : w.poses;
  if (episodes < 2) return DF_OK;
  w.judged = df_alloc(episodes, sizeof *w.judged);
  w.error = df_alloc(episodes * GROUPS, sizeof *w.error);
  df_status status = w.judged && w.error ? DF_OK : DF_E_NOMEM;
  for (int g = 0; g < GROUPS; g++) w.change[g] = trace_fit_group(m, g).change;
  if (status == DF_OK) status = check_all(&w);
  if (status == DF_OK) status = find_outliers(&w);
  if (status == DF_OK) report(&w, out);
  if (status == DF_OK) status = check_actions(m, out);
  clear(&w);
  return status;
}
