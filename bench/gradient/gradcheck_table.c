/* gradcheck_table.c: writes verification.md, verification.csv and the figure of the sweep. */
#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/gradcheck/gradcheck.h"
#include "dynaflow/sim/mujoco.h"
#include "escape.h"
#include "gradcheck_suite.h"
#include "options.h"
#include "plot.h"
#include "text.h"

/* ---- numbers ---- */

/* appends "2.3e-10", "-" for NaN, or "inf" */
static void add_number(text* t, const char* before, double v) {
  if (isfinite(v)) {
    text_add(t, "%s%.1e", before, v);
  } else {
    text_add(t, "%s%s", before, isnan(v) ? "-" : "inf");
  }
}

static void add_fixed(text* t, const char* before, double v, int digits) {
  if (isfinite(v)) {
    text_add(t, "%s%.*f", before, digits, v);
  } else {
    text_add(t, "%s-", before);
  }
}

/* the verdict of a model in one word */
static const char* verdict_word(const suite_result* r) {
  static const char* const words[] = {"holds", "fails", "inconclusive"};
  return r->at.n > 0 ? words[r->verdict] : "not checked";
}

/* appends e.g. "impact 3": kind of the state with the worst error, and its index among the states of this kind */
static void add_worst(text* t, const char* before, const suite_result* r) {
  const int at = r->sum.worst_at;
  int place = 0;
  text_add(t, "%s", before);
  if (at < 0) return;
  for (int i = 0; i < at; i++) place += r->at.kind[i] == r->at.kind[at];
  text_add(t, "%s %d", df_state_kind_name((df_state_kind)r->at.kind[at]), place);
}

static int of_kind(const suite_result* r, int kind) {
  int n = 0;
  for (int i = 0; i < r->at.n; i++) n += r->at.kind[i] == kind;
  return n;
}

static double mean_rows(const suite_result* r) {
  double sum = 0;
  for (int i = 0; i < r->at.n; i++) sum += r->points[i].active.rows;
  return r->at.n > 0 ? sum / r->at.n : NAN;
}

/* ---- the CSV: one line per model, all numbers ---- */

static void csv_number(text* t, double v) {
  if (isnan(v)) {
    text_add(t, ",");
  } else {
    text_add(t, ",%.3g", v);
  }
}

static void csv_line(const suite_result* r, text* t) {
  /* model */
  const df_gradcheck_summary* q = &r->sum;
  text_add_csv(t, r->model->name);
  text_add(t, ",");
  text_add_csv(t, r->model->file);
  text_add(t, ",%s,%s,%s", r->compiled, cover_name(r->cover), r->at.n ? verdict_word(r) : "not checked");
  /* numbers, empty for a model that was not checked */
  if (r->at.n == 0) {
    for (int i = 0; i < 19 + DF_STATE_KINDS + DF_KINK_COUNT - 1; i++) text_add(t, ",");
  } else {
    text_add(t, ",%d,%d", r->nv, r->nu);
    csv_number(t, mean_rows(r));
    text_add(t, ",%d,%d,%d,%d,%d", q->n, q->smooth, q->near, q->kinks, q->approximate);
    csv_number(t, q->approximate_median);
    text_add(t, ",%d", q->differenced);
    csv_number(t, q->median);
    csv_number(t, q->p99);
    csv_number(t, q->worst);
    add_worst(t, ",", r);
    csv_number(t, q->below);
    csv_number(t, q->transition_median);
    csv_number(t, q->transition_p99);
    csv_number(t, r->sweep.best_eps);
    csv_number(t, r->sweep.best_error);
    for (int k = DF_KINK_NONE + 1; k < DF_KINK_COUNT; k++) text_add(t, ",%d", q->cause[k]);
    for (int k = 0; k < DF_STATE_KINDS; k++) text_add(t, ",%d", of_kind(r, k));
  }
  text_add(t, ",");
  text_add_csv(t, r->features);
  text_add(t, "\n");
}

static df_status csv_file(int n, const suite_result* results, const char* folder) {
  text t = {0};
  text_add(&t,
           "model,file,compiled,adjoint,verdict,nv,nu,rows,states,smooth,near_kinks,on_kinks,approximate,approximate_"
           "median,differenced,error_median,error_p99,"
           "error_worst,worst_state,below_1e-6,transition_median,transition_p99,best_step,best_error");
  for (int k = DF_KINK_NONE + 1; k < DF_KINK_COUNT; k++) text_add(&t, ",kink_%s", df_kink_name((df_kink)k));
  for (int k = 0; k < DF_STATE_KINDS; k++) text_add(&t, ",%s", df_state_kind_name((df_state_kind)k));
  text_add(&t, ",features\n");
  for (int i = 0; i < n; i++) csv_line(&results[i], &t);
  char* path = df_path_join(folder, "verification.csv");
  const df_status status = path ? text_write(&t, path) : DF_E_NOMEM;
  df_free(path);
  text_clear(&t);
  return status;
}

/* ---- the page ---- */

/* begins a row with the name of the model */
static void add_model(text* t, const suite_result* r) {
  text_add(t, "| ");
  text_add_markdown(t, r->model->name);
  text_add(t, " | ");
}

static void page_models(int n, const suite_result* results, text* t) {
  text_add(t,
           "| model | nv | rows | states | near kinks | on kinks | median | p99 | worst | worst at | below 1e-6 | "
           "transitionFD "
           "median | best step | best error | adjoint | verdict |\n"
           "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: | --- | "
           "--- |\n");
  for (int i = 0; i < n; i++) {
    const suite_result* r = &results[i];
    const df_gradcheck_summary* q = &r->sum;
    if (r->at.n == 0) continue;
    add_model(t, r);
    text_add(t, "%d", r->nv);
    add_fixed(t, " | ", mean_rows(r), 1);
    text_add(t, " | %d | %d | %d", q->n, q->near, q->kinks);
    add_number(t, " | ", q->median);
    add_number(t, " | ", q->p99);
    add_number(t, " | ", q->worst);
    add_worst(t, " | ", r);
    add_fixed(t, " | ", q->below, 3);
    add_number(t, " | ", q->transition_median);
    add_number(t, " | ", r->sweep.best_eps);
    add_number(t, " | ", r->sweep.best_error);
    text_add(t, " | %s | %s |\n", cover_name(r->cover), verdict_word(r));
  }
}

static void page_uncovered(int n, const suite_result* results, text* t) {
  text_add(
      t,
      "\n## Features without an exact adjoint\n\nModels with a feature whose derivative is approximate or a finite "
      "difference: the number of states in which it acts, and the error of the approximation there. Models that are "
      "not checked, with the reason.\n\n"
      "| model | adjoint | states | median error there | features |\n| --- | --- | ---: | ---: | --- |\n");
  for (int i = 0; i < n; i++) {
    const suite_result* r = &results[i];
    if (r->features[0] == '\0') continue;
    add_model(t, r);
    text_add(t, "%s", cover_name(r->cover));
    if (r->at.n > 0) {
      text_add(t, " | %d of %d", r->sum.approximate + r->sum.differenced, r->at.n);
      add_number(t, " | ", r->sum.approximate_median);
    } else {
      text_add(t, " | | ");
    }
    text_add(t, " | ");
    text_add_markdown(t, r->features);
    text_add(t, " |\n");
  }
}

static void page_kinks(int n, const suite_result* results, text* t) {
  text_add(
      t,
      "\n## Kinks within 1e-6, by cause\n\n"
      "On a kink the step has no derivative, and a finite difference across a kink is meaningless. The cause is found "
      "by comparing the constraints that are active at the state with those active 1e-6 to either side, along the "
      "direction in which finite differences disagree most. Smaller difference steps do not reach most of these kinks; "
      "\"on kinks\" are the states that they do not avoid, which are counted separately.\n\n| model | states | on "
      "kinks |");
  for (int k = DF_KINK_NONE + 1; k < DF_KINK_COUNT; k++) text_add(t, " %s |", df_kink_name((df_kink)k));
  text_add(t, "\n| --- | ---: | ---: |");
  for (int k = DF_KINK_NONE + 1; k < DF_KINK_COUNT; k++) text_add(t, " ---: |");
  text_add(t, "\n");
  /* one line per model with kinks, and the sums over all models */
  int all[DF_KINK_COUNT] = {0}, states = 0, on = 0;
  for (int i = 0; i < n; i++) {
    const df_gradcheck_summary* q = &results[i].sum;
    states += q->n;
    on += q->kinks;
    if (q->near == 0) continue;
    add_model(t, &results[i]);
    text_add(t, "%d | %d |", q->n, q->kinks);
    for (int k = DF_KINK_NONE + 1; k < DF_KINK_COUNT; k++) {
      text_add(t, q->cause[k] ? " %d |" : " |", q->cause[k]);
      all[k] += q->cause[k];
    }
    text_add(t, "\n");
  }
  text_add(t, "| all | %d | %d |", states, on);
  for (int k = DF_KINK_NONE + 1; k < DF_KINK_COUNT; k++) text_add(t, " %d |", all[k]);
  text_add(t, "\n");
}

/* ---- by what is active ---- */

typedef struct activity {
  const char* words;
  size_t at; /* offset of a count in df_active; the activity is present if the count is not 0 */
} activity;

static const activity activities[] = {
    {"contacts that approach above 0.1 m/s (impact)", offsetof(df_active, impacts)},
    {"contacts that slide", offsetof(df_active, sliding)},
    {"contacts that stick", offsetof(df_active, sticking)},
    {"contacts that roll", offsetof(df_active, rolling)},
    {"limits of joints or tendons", offsetof(df_active, limits)},
    {"dry friction that sticks", offsetof(df_active, dry_sticking)},
    {"dry friction that slides", offsetof(df_active, dry_sliding)},
    {"equality constraints", offsetof(df_active, equalities)},
    {"controls at their range", offsetof(df_active, clamped)},
    {"forces at their limit", offsetof(df_active, saturated)},
};
enum { N_ACTIVITIES = sizeof activities / sizeof activities[0] };

/* whether an activity, or for N_ACTIVITIES the absence of contacts, is present at a point */
static bool is_active(const df_gradcheck_point* p, int activity_of) {
  if (activity_of == N_ACTIVITIES) return p->active.contacts == 0;
  int n;
  memcpy(&n, (const char*)&p->active + activities[activity_of].at, sizeof n);
  return n > 0;
}

/* appends the line of all points of all models of a kind (DF_STATE_KINDS: any) with an activity (-1: any) */
static df_status add_group(int n, const suite_result* results, int kind, int activity_of, const char* words, text* t) {
  /* collect the points */
  int total = 0, models = 0;
  for (int i = 0; i < n; i++) total += results[i].at.n;
  df_gradcheck_point* points = df_alloc((size_t)total, sizeof *points);
  if (!points) return DF_E_NOMEM;
  int kept = 0;
  for (int i = 0; i < n; i++) {
    const int before = kept;
    for (int k = 0; k < results[i].at.n; k++) {
      const df_gradcheck_point* p = &results[i].points[k];
      if (kind != DF_STATE_KINDS && results[i].at.kind[k] != kind) continue;
      if (activity_of >= 0 && !is_active(p, activity_of)) continue;
      points[kept++] = *p;
    }
    models += kept > before;
  }
  /* summarise them */
  df_gradcheck_summary q;
  const df_status status = df_gradcheck_sum_up(kept, points, &q);
  df_free(points);
  DF_TRY(status);
  text_add(t, "| %s | %d | %d | %d | %d", words, models, q.n, q.near, q.kinks);
  add_number(t, " | ", q.median);
  add_number(t, " | ", q.p99);
  add_number(t, " | ", q.worst);
  add_fixed(t, " | ", q.below, 3);
  text_add(t, " |\n");
  return DF_OK;
}

static df_status page_states(int n, const suite_result* results, text* t) {
  static const char head[] =
      " | models | states | near kinks | on kinks | median | p99 | worst | below 1e-6 |\n"
      "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";
  text_add(t, "\n## By kind of state\n\nHow the states were generated.\n\n| kind%s", head);
  for (int kind = 0; kind < DF_STATE_KINDS; kind++) {
    DF_TRY(add_group(n, results, kind, -1, df_state_kind_name((df_state_kind)kind), t));
  }
  DF_TRY(add_group(n, results, DF_STATE_KINDS, -1, "all", t));
  text_add(t,
           "\n## By active constraints\n\nWhat is active in the step; a state counts in every line that applies.\n\n| "
           "active%s",
           head);
  for (int k = 0; k < N_ACTIVITIES; k++) DF_TRY(add_group(n, results, DF_STATE_KINDS, k, activities[k].words, t));
  return add_group(n, results, DF_STATE_KINDS, N_ACTIVITIES, "no contact", t);
}

static void page_sweep(int n, const suite_result* results, text* t) {
  text_add(t,
           "\n## Error over the finite-difference step\n\n![sweep](sweep.svg)\n\n"
           "Median error over up to %d states away from kinks. The error of a centred difference grows as eps^2 where "
           "truncation dominates (slope 2) and as 1/eps where rounding does (slope -1); contacts that switch on or off "
           "within a large step distort the first part. Slopes are fitted to errors below 0.1.\n\n"
           "| model | states | best step | best error | slope above | slope below |\n"
           "| --- | ---: | ---: | ---: | ---: | ---: |\n",
           (int)SWEEP_STATES);
  for (int i = 0; i < n; i++) {
    const sweep_line* line = &results[i].sweep;
    if (line->states == 0) continue;
    add_model(t, &results[i]);
    text_add(t, "%d", line->states);
    add_number(t, " | ", line->best_eps);
    add_number(t, " | ", line->best_error);
    add_fixed(t, " | ", line->truncation, 1);
    add_fixed(t, " | ", line->rounding, 1);
    text_add(t, " |\n");
  }
}

static df_status page_file(int n, const suite_result* results, const options* opts, const char* folder) {
  text t = {0};
  int checked = 0;
  for (int i = 0; i < n; i++) checked += results[i].at.n > 0;
  text_add(
      &t,
      "# The adjoint compared with finite differences\n\n"
      "Written by `dynaflow gradcheck --suite`, MuJoCo %s, seed %llu; %d of %d models checked. An error is |adjoint - "
      "finite difference| / |finite difference| over all directions of state and action, for one random cotangent per "
      "state, at the pair of difference steps that agree best with each other. States on kinks, and states whose "
      "adjoint is not exact, are counted separately; \"below 1e-6\" is the share of the others with an error below "
      "1e-6. transitionFD is the difference from MuJoCo's own `mjd_transitionFD`, centred, with a step of 1e-6. A "
      "model "
      "holds if its median is at most %.0e and its 99th percentile at most %.0e.\n\n",
      df_mujoco_version(), (unsigned long long)opts->seeds[0], checked, n, LIMIT_MEDIAN, LIMIT_P99);
  /* sections */
  page_models(n, results, &t);
  page_uncovered(n, results, &t);
  page_kinks(n, results, &t);
  df_status status = page_states(n, results, &t);
  page_sweep(n, results, &t);
  char* path = df_path_join(folder, "verification.md");
  if (status == DF_OK) status = path ? text_write(&t, path) : DF_E_NOMEM;
  df_free(path);
  text_clear(&t);
  return status;
}

/* ---- the figure ---- */

/* one colour per family of models, the part of their names before '/' */
static unsigned family_colour(int n, const suite_result* results, int at) {
  static const unsigned colours[] = {0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7, 0xe69f00, 0x56b4e9};
  int families = 0;
  for (int i = 0; i <= at && i < n; i++) {
    const size_t length = strcspn(results[i].model->name, "/");
    int before = 0;
    for (int k = 0; k < i; k++) {
      before += strcspn(results[k].model->name, "/") == length &&
                strncmp(results[k].model->name, results[i].model->name, length) == 0;
    }
    const bool mine = strcspn(results[at].model->name, "/") == length &&
                      strncmp(results[at].model->name, results[i].model->name, length) == 0;
    if (mine) break;
    families += before == 0;
  }
  return colours[families % (int)(sizeof colours / sizeof colours[0])];
}

static df_status figure_file(int n, const suite_result* results, const char* folder) {
  /* axes, and lines of the slopes of truncation and rounding */
  plot p = {.name = "sweep"};
  plot_begin(&p, 820, 620);
  text_add(&p.script,
           "set lmargin at screen 0.13\nset rmargin at screen 0.66\nset bmargin at screen 0.14\nset tmargin at screen "
           "0.95\n"
           "set logscale xy\nset format '10^{%%L}'\nset xrange [1e-9:1e-2]\nset yrange [1e-13:10]\n"
           "set xlabel 'finite-difference step' offset 0,0.5\nset ylabel 'median relative error'\n"
           "set key at screen 0.68, screen 0.96 left top samplen 1.2 spacing 0.9 font ',9'\n"
           "plot 1e2*x**2 with lines lw 1 dt 2 lc rgb '#999999' title 'slope 2', \\\n"
           "  1e-17/x with lines lw 1 dt 3 lc rgb '#999999' title 'slope -1'");
  /* one data block and one curve per model */
  int block = 0;
  for (int i = 0; i < n; i++) {
    if (results[i].sweep.states == 0) continue;
    plot_comment(&p.data, "%s: step, median error over %d states", results[i].model->name, results[i].sweep.states);
    for (int k = 0; k < SWEEP_STEPS; k++) {
      text_add(&p.data, "%.3g ", SWEEP_EPS[k]);
      if (isfinite(results[i].sweep.error[k])) {
        text_add(&p.data, "%.4g\n", results[i].sweep.error[k]);
      } else {
        text_add(&p.data, "NaN\n");
      }
    }
    text_add(&p.data, "\n\n");
    text_add(&p.script,
             ", \\\n  'sweep.dat' index %d using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#%06x' title ", block++,
             family_colour(n, results, i));
    text_add_gnuplot(&p.script, results[i].model->name);
  }
  text_add(&p.script, "\nunset multiplot\n");
  const df_status status = plot_save(folder, &p);
  plot_clear(&p);
  return status;
}

df_status suite_write(int n, const suite_result* results, const options* opts, const char* folder) {
  DF_TRY(csv_file(n, results, folder));
  DF_TRY(page_file(n, results, opts, folder));
  return figure_file(n, results, folder);
}
