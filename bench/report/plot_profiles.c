/* plot_profiles.c: performance profiles, the fraction of windows that are at least as good as a threshold. */
#include <math.h>
#include <string.h>

#include "aggregate.h"
#include "compare.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/stats/statistics.h"
#include "escape.h"
#include "list.h"
#include "plot.h"
#include "reference_method.h"
#include "run_view.h"
#include "samples.h"
#include "style.h"
#include "text.h"

enum { TAUS = 81, RESAMPLES = 2000, COLUMNS = 2 };

/* the metrics shown */
static const char* const METRICS[] = {"tre", "tre_open_loop", "gait_agreement", "survival"};
enum { PANELS = sizeof METRICS / sizeof METRICS[0] };

static const uint64_t SEED = 1;

/* a metric with its thresholds; `lower`: smaller values are better */
typedef struct panel {
  const char* metric;
  const char* unit;
  bool lower;
  double tau[TAUS];
} panel;

static bool enough(const samples* s) {
  return s->seeds >= compare_cfg_default().min_seeds;
}

static bool has_profile(const run_view* r, const run_group* g, const char* method, const char* metric, int k) {
  samples s;
  const bool has = samples_of_method(r, g, method, metric, k, &s) == DF_OK && enough(&s);
  samples_clear(&s);
  return has;
}

static int count_methods(const run_view* r, const run_group* g, const char* metric, int k) {
  int n = 0;
  for (int m = 0; m < g->n_methods; m++) {
    n += !method_is_reference(g->methods[m]) && has_profile(r, g, g->methods[m], metric, k);
  }
  return n;
}

/* spans the 1st to 99th percentiles of the trained methods; the floor would compress them into a point */
static df_status set_thresholds(const run_view* r, const run_group* g, int k, panel* p) {
  double lo = INFINITY, hi = -INFINITY;
  for (int m = 0; m < g->n_methods; m++) {
    samples s;
    if (method_is_reference(g->methods[m])) continue;
    const df_status status = samples_of_method(r, g, g->methods[m], p->metric, k, &s);
    if (status == DF_E_NOMEM) return status;
    const int n = s.seeds * s.n;
    if (status == DF_OK && enough(&s)) {
      df_sort(n, s.values);
      int finite = n;
      while (finite > 0 && !isfinite(s.values[finite - 1])) finite--;
      lo = fmin(lo, df_quantile(finite, s.values, 0.01));
      hi = fmax(hi, df_quantile(finite, s.values, 0.99));
    }
    samples_clear(&s);
  }
  for (int t = 0; t < TAUS; t++) p->tau[t] = lo + (hi - lo) * t / (TAUS - 1);
  return DF_OK;
}

/* main metrics whose per-window values are neither just zeros and ones nor rounding errors */
static int find_panels(const run_view* r, const run_group* g, int k, panel panels[PANELS]) {
  int n = 0;
  for (int i = 0; i < PANELS; i++) {
    if (count_methods(r, g, METRICS[i], k) == 0) continue;
    panels[n++] = (panel){.metric = METRICS[i],
                          .lower = strcmp(metric_better(METRICS[i]), "lower") == 0,
                          .unit = aggregate_unit(r, g, METRICS[i], k)};
  }
  return n;
}

/* adds a block of threshold, fraction, 95 % interval; *there: the method has enough samples */
static df_status add_profile(const run_view* r, const run_group* g, const char* method, int k, const panel* p,
                             text* data, bool* there) {
  samples s;
  df_interval share[TAUS];
  df_status status = samples_of_method(r, g, method, p->metric, k, &s);
  *there = status == DF_OK && enough(&s);
  if (*there) {
    const df_bootstrap_cfg cfg = samples_bootstrap(&s, SEED, RESAMPLES);
    status = df_performance_profile(&cfg, p->lower, &(df_strata){.n = s.seeds, .sizes = s.sizes, .values = s.values},
                                    TAUS, p->tau, share);
  }
  samples_clear(&s);
  if (status == DF_E_MISSING || status == DF_E_MISMATCH) return DF_OK;
  if (status != DF_OK || !*there) return status;
  plot_comment(data, "%s, %s: threshold, fraction of windows, 95 %% interval", p->metric, method);
  for (int t = 0; t < TAUS; t++) {
    const bool band = isfinite(share[t].lo) && isfinite(share[t].hi);
    text_add(data, "%.6g %.6g %.6g %.6g\n", p->tau[t], share[t].mean, band ? share[t].lo : share[t].mean,
             band ? share[t].hi : share[t].mean);
  }
  text_add(data, "\n\n");
  return DF_OK;
}

/* draws the bands, then the lines on top of them */
static void draw_lines(const run_group* g, const bool* there, int first, const plot* p, text* script) {
  const char* join = "plot ";
  for (int pass = 0; pass < 2; pass++) {
    for (int m = 0, block = first; m < g->n_methods; m++) {
      if (!there[m]) continue;
      const unsigned colour = method_colour(g->methods[m]);
      if (pass == 0) {
        text_add(script, "%s'%s.dat' index %d using 1:3:4 with filledcurves lc rgb '#%06x' notitle", join, p->name,
                 block++, colour);
      } else {
        text_add(script, "%s'%s.dat' index %d using 1:2 with lines lw 2 dt %d lc rgb '#%06x' notitle", join, p->name,
                 block++, method_dash(g->methods[m]), colour);
      }
      join = ", \\\n  ";
    }
  }
  text_add(script, "\n");
}

/* adds the blocks of all methods; there [n_methods]: which ones have enough samples */
static df_status add_profiles(const run_view* r, const run_group* g, int k, const panel* shown, text* data,
                              bool* there) {
  for (int m = 0; m < g->n_methods; m++) DF_TRY(add_profile(r, g, g->methods[m], k, shown, data, &there[m]));
  return DF_OK;
}

static df_status draw_panel(const run_view* r, const run_group* g, int k, panel* shown, int* block, plot* p) {
  DF_TRY(set_thresholds(r, g, k, shown));
  bool* there = df_alloc((size_t)g->n_methods, sizeof *there);
  if (!there) return DF_E_NOMEM;
  const df_status status = add_profiles(r, g, k, shown, &p->data, there);
  if (status != DF_OK) {
    df_free(there);
    return status;
  }
  const double span = shown->tau[TAUS - 1] - shown->tau[0];
  text_add(&p->script, "set xrange [%.6g:%.6g]\nset title ", shown->tau[0] - (span > 0 ? 0 : 0.5),
           shown->tau[TAUS - 1] + (span > 0 ? 0 : 0.5));
  char* title_words = metric_words(shown->metric);
  text_add_gnuplot(&p->script, title_words);
  df_free(title_words);
  text_add(&p->script, " offset 0,-0.5\nset xlabel ");
  char* label = format_text("threshold [%s]", shown->unit);
  text_add_gnuplot(&p->script, label);
  df_free(label);
  text_add(&p->script, " font ',11' offset 0,0.6\nset ylabel 'fraction of %s %s threshold' font ',11' offset 1.2\n",
           strcmp(shown->metric, "survival") == 0 ? "chains" : "windows", shown->lower ? "≤" : "≥");
  draw_lines(g, there, *block, p, &p->script);
  for (int m = 0; m < g->n_methods; m++) *block += there[m];
  df_free(there);
  return DF_OK;
}

/* the methods that are shown, as a new list; df_free() it */
static const char** find_methods(const run_view* r, const run_group* g, int k, int panels, const panel* shown, int* n) {
  const char** methods = NULL;
  *n = 0;
  for (int m = 0; m < g->n_methods; m++) {
    bool has = false;
    for (int i = 0; i < panels && !has; i++) has = has_profile(r, g, g->methods[m], shown[i].metric, k);
    if (!has) continue;
    methods = list_grow(methods, *n, sizeof *methods);
    methods[(*n)++] = g->methods[m];
  }
  return methods;
}

df_status plot_profiles(const run_view* r, const run_group* g, int k, plot* p, bool* there) {
  enum { PANEL = 400, GAP = 90, BODY = 210, HEAD = 40, FOOT = 52 };
  /* panels and size */
  panel panels[PANELS];
  const int n = find_panels(r, g, k, panels);
  int block = 0;
  *there = n > 0;
  if (n == 0) return DF_OK;
  int n_methods;
  const char** methods = find_methods(r, g, k, n, panels, &n_methods);
  const int width = 2 * (PANEL + GAP), keys = plot_legend_height(n_methods, width);
  const int columns = n < COLUMNS ? n : COLUMNS, height = keys + (n + columns - 1) / columns * (HEAD + BODY + FOOT);
  /* legend and panels */
  plot_begin(p, width, height);
  text_add(&p->script, "set yrange [0:1]\nset ytics 0.25\n");
  plot_legend(p, n_methods, methods, width, height);
  df_free(methods);
  for (int i = 0; i < n; i++) {
    const double left = GAP - 20 + i % columns * (PANEL + GAP), top = keys + HEAD + i / columns * (HEAD + BODY + FOOT);
    plot_place(p, (plot_box){left, left + PANEL, top + BODY, top}, width, height);
    DF_TRY(draw_panel(r, g, k, &panels[i], &block, p));
    text_add(&p->script, "unset arrow\nunset label\n");
  }
  /* caption */
  text_add(&p->script, "unset multiplot\n");
  text_add(&p->caption, "Performance profiles");
  if (k) text_add(&p->caption, " at K = %d sampler step%s", k, k == 1 ? "" : "s");
  text_add(
      &p->caption,
      ": fraction of windows (for survival, of chains) that are at least as good as the threshold, over all seeds. "
      "Bands are pointwise 95 %% intervals, Student's with the errors of %d resamples of seeds and test episodes "
      "(generator seed %d). Thresholds span the values of the trained methods.",
      RESAMPLES, (int)SEED);
  plot_caption_source(r, g, &p->caption);
  return DF_OK;
}
