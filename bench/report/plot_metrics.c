/* plot_metrics.c: metrics by method. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "aggregate.h"
#include "dynaflow/core/alloc.h"
#include "escape.h"
#include "json.h"
#include "plot.h"
#include "reference_method.h"
#include "run_view.h"
#include "style.h"
#include "summary.h"
#include "table.h"
#include "text.h"

/* values below this fraction of the largest one are rounding errors: drawn at 0 with the value written beside them */
static const double ROUNDING = 1e-6;

typedef struct range {
  double lo, hi, smallest_positive;
  bool any_zero;
} range;

static void widen(range* s, double v) {
  if (!isfinite(v)) return;
  s->lo = fmin(s->lo, v);
  s->hi = fmax(s->hi, v);
  if (v > 0) s->smallest_positive = fmin(s->smallest_positive, v);
  if (v <= 0) s->any_zero = true;
}

/* range of a metric over the trained methods or all methods; lo > hi without any value. The first pass finds the
 * largest value, the second counts rounding errors as 0. */
static range metric_range(const run_view* r, const run_group* g, const char* metric, int k, bool trained) {
  range s = {INFINITY, -INFINITY, INFINITY, false};
  for (int pass = 0; pass < 2; pass++) {
    const double least = pass == 0 ? 0 : ROUNDING * fmax(fabs(s.lo), fabs(s.hi));
    s = (range){INFINITY, -INFINITY, INFINITY, false};
    for (int m = 0; m < g->n_methods; m++) {
      if (trained && method_is_reference(g->methods[m])) continue;
      const aggregate a = aggregate_of(r, g, g->methods[m], metric, k);
      if (a.n == 0 || a.failed) continue;
      const double all[3] = {a.mean, a.lo, a.hi};
      for (int i = 0; i < 3; i++) widen(&s, fabs(all[i]) < least ? 0 : all[i]);
    }
  }
  return s;
}

typedef struct axis {
  double lo, hi, step; /* step 0: powers of ten */
} axis;

/* the smallest of {1, 2, 2.5, 5} x 10^n that divides the span into at most `parts` */
static double nice_step(double span, int parts) {
  static const double nice[] = {1, 2, 2.5, 5};
  const double wanted = span / parts, power = pow(10, floor(log10(wanted)));
  for (int i = 0; i < 4; i++) {
    if (nice[i] * power >= wanted) return nice[i] * power;
  }
  return 10 * power;
}

/* distance of tics; long numbers get fewer of them */
static double tick_step(double span) {
  const double step = nice_step(span, 6);
  char number[32];
  return snprintf(number, sizeof number, "%g", step) > 4 ? nice_step(span, 4) : step;
}

/* The trained methods determine the axis, since floor and ceiling would compress them into a point. The axis includes 0
 * if their values then still cover a quarter of it; it is logarithmic if they span more than 1.7 decades. */
static axis metric_axis(const run_view* r, const run_group* g, const char* metric, int k, const char* unit) {
  const axis unit_axis = {-0.03, 1.03, 0.25};
  if (strcmp(unit, "share") == 0) return unit_axis;
  range s = metric_range(r, g, metric, k, true);
  if (s.lo > s.hi) s = metric_range(r, g, metric, k, false);
  if (s.lo > s.hi) return unit_axis;
  /* logarithmic */
  const double decades = log10(s.hi / s.smallest_positive);
  if (!s.any_zero && isfinite(decades) && decades > 1.7) {
    return (axis){pow(10, floor(log10(s.smallest_positive) - 0.05)), pow(10, ceil(log10(s.hi) + 0.05)), 0};
  }
  /* linear, with or without 0 */
  const double away = s.lo > 0 ? s.lo : fmax(0, -s.hi), part = s.hi - s.lo;
  /* values that differ in their last digits only are not spread over the axis */
  if (away <= 3 * part || part < 1e-4 * away) {
    s.lo = fmin(0, s.lo);
    s.hi = fmax(0, s.hi);
  }
  const double span = s.hi - s.lo;
  if (span <= 0) return unit_axis;
  return (axis){s.lo - (s.lo == 0 ? 0.03 : 0.08) * span, s.hi + (s.hi == 0 ? 0.03 : 0.08) * span, tick_step(span)};
}

static void add_label(text* labels, int row_of, const char* words, const char* place_of, const char* style) {
  text_add(labels, "set label %d ", row_of);
  text_add_gnuplot(labels, words);
  text_add(labels, " at %s, first %d %s\n", place_of, row_of, style);
}

/* writes the value beside a mark that is close to 0 but not 0, or beyond the axis; for the latter also adds an arrow */
static void add_value(text* labels, int row_of, double value, const axis* x, unsigned colour) {
  static const char style[] = "font ',10' textcolor rgb '#555555'";
  const bool below = value < x->lo, beyond = below || value > x->hi;
  const bool tiny = value != 0 && fabs(value) < ROUNDING * fmax(fabs(x->lo), fabs(x->hi));
  char words[32], how[96];
  if (!beyond && !tiny) return;
  snprintf(words, sizeof words, tiny ? "%.0e" : "%.3g", value);
  snprintf(how, sizeof how, "%s %s", beyond && !below ? "right" : "left", style);
  if (!beyond) {
    snprintf(how, sizeof how, "left offset 0.9,0 %s", style);
    add_label(labels, row_of, words, "first 0", how);
    return;
  }
  add_label(labels, row_of, words, below ? "graph 0.08" : "graph 0.92", how);
  text_add(labels,
           "set arrow %d from graph %s, first %d to graph %d, first %d head filled size graph 0.032,24 fixed lw 2 lc "
           "rgb '#%06x'\n",
           row_of, below ? "0.06" : "0.94", row_of, below ? 0 : 1, row_of, colour);
}

/* adds a line per seed: value, row, colour */
static void add_seeds(const run_view* r, const run_group* g, const char* method, const char* metric, int k, int row_of,
                      text* seeds) {
  for (int i = 0; i < r->n_cells; i++) {
    const run_cell* c = &r->cells[i];
    if (!run_in_group(g, c) || strcmp(c->method, method) != 0) continue;
    const double value = number_of(json_object_get(aggregate_row(c, metric, k), "value"));
    if (isfinite(value)) text_add(seeds, "%.9g %d %u\n", value, row_of, method_colour(method));
  }
}

/* adds one block of means with intervals (mean lo hi row colour) and one of single seeds (value row colour), and labels
 * for what cannot be drawn; bits of *blocks: 1 means, 2 seeds */
static void add_metric(const run_view* r, const run_group* g, const char* metric, int k, const axis* x, plot* p,
                       text* labels, int* blocks) {
  text seeds = {0};
  bool any = false;
  plot_comment(&p->data, "%s: mean, interval, row, colour", metric);
  for (int m = 0; m < g->n_methods; m++) {
    const aggregate a = aggregate_of(r, g, g->methods[m], metric, k);
    const unsigned colour = method_colour(g->methods[m]);
    if (a.failed) {
      add_label(labels, m + 1, a.status[0] ? a.status : "not finite", "graph 0.03",
                "left font ',10' textcolor rgb '#a00000'");
    }
    if (a.n == 0 || a.failed) continue;
    add_value(labels, m + 1, a.mean, x, colour);
    const double lo = isfinite(a.lo) ? a.lo : a.mean, hi = isfinite(a.hi) ? a.hi : a.mean;
    text_add(&p->data, "%.9g %.9g %.9g %d %u\n", a.mean, lo, hi, m + 1, colour);
    any = true;
    if (a.n > 1) add_seeds(r, g, g->methods[m], metric, k, m + 1, &seeds);
  }
  /* gnuplot cannot plot an empty block, so it is left out */
  if (any) text_add(&p->data, "\n\n");
  if (seeds.n) {
    plot_comment(&p->data, "%s: single seeds", metric);
    text_add(&p->data, "%s\n\n", text_of(&seeds));
  }
  *blocks = any + 2 * (seeds.n > 0);
  text_clear(&seeds);
}

static void set_metric_axis(plot* p, const axis* x) {
  if (x->step > 0) {
    text_add(&p->script, "unset logscale x\nset format x '%%g'\nset xtics %.9g\n", x->step);
  } else {
    const int every = (int)fmax(1, ceil((log10(x->hi / x->lo) + 1) / 5));
    text_add(&p->script, "set logscale x\nset format x '10^{%%L}'\nset xtics 10e%d\n", every - 1);
  }
  text_add(&p->script, "set xrange [%.9g:%.9g]\n", x->lo, x->hi);
}

static void draw_metric(const run_view* r, const run_group* g, const char* metric, int k, bool named, int* block,
                        plot* p) {
  /* data and axis */
  const char *unit = aggregate_unit(r, g, metric, k), *better = metric_better(metric);
  char title[96];
  text labels = {0};
  int blocks = 0;
  const axis x = metric_axis(r, g, metric, k, unit);
  add_metric(r, g, metric, k, &x, p, &labels, &blocks);
  set_metric_axis(p, &x);
  /* title, x label, names of methods */
  text_add(&p->script, "set title ");
  char* title_words = metric_words(metric);
  text_add_gnuplot(&p->script, title_words);
  df_free(title_words);
  snprintf(title, sizeof title, "%s%s%s%s", unit, better[0] ? " (" : "", better, better[0] ? " is better)" : "");
  text_add(&p->script, " font ',13' offset 0,-0.5\nset xlabel ");
  text_add_gnuplot(&p->script, title);
  text_add(&p->script, " font ',11' offset 0,0.75\nset ytics (");
  for (int m = 0; m < g->n_methods; m++) {
    text_add(&p->script, "%s", m ? ", " : "");
    text_add_gnuplot_tic(&p->script, named ? method_label(g->methods[m]) : "");
    text_add(&p->script, " %d", m + 1);
  }
  text_add(&p->script, ") font ',12'\nunset label\nunset arrow\n%s", text_of(&labels));
  /* single seeds as small circles, then the means on top */
  text_add(&p->script, "plot ");
  if (blocks & 2) {
    text_add(&p->script, "'%s.dat' index %d using 1:2:3 with points pt 6 ps 0.45 lw 1 lc rgb variable notitle, \\\n  ",
             p->name, *block + 1);
  }
  if (blocks & 1) {
    text_add(&p->script,
             "'%s.dat' index %d using 1:4:2:3:5 with xerrorbars pt 7 ps 0.75 lw 2 lc rgb variable notitle\n", p->name,
             *block);
  } else {
    text_add(&p->script, "NaN notitle\n");
  }
  *block += (blocks & 1) + (blocks >> 1);
  text_clear(&labels);
}

bool plot_metrics(const run_view* r, const run_group* g, int k, plot* p) {
  enum { COLUMNS = 3, LABELS = 175, PANEL = 250, GAP = 24, HEAD = 36, FOOT = 58, ROW = 25 };
  /* main metrics of the group, in the order of the tables */
  const char* metrics[MAIN_METRICS];
  const int n = table_main_columns(g, metrics);
  if (n == 0) return false;
  /* panels */
  const int columns = n < COLUMNS ? n : COLUMNS, rows_of = (n + columns - 1) / columns;
  const int body = ROW * (g->n_methods < 3 ? 3 : g->n_methods), panel = HEAD + body + FOOT;
  const int width = LABELS + columns * (PANEL + GAP), height = rows_of * panel;
  plot_begin(p, width, height);
  text_add(&p->script, "set yrange [%d.6:0.4]\nset border 1\nset errorbars 0\n", g->n_methods);
  int block = 0;
  for (int i = 0; i < n; i++) {
    const int column = i % columns, line = i / columns;
    const plot_box b = {LABELS + column * (PANEL + GAP), LABELS + column * (PANEL + GAP) + PANEL,
                        line * panel + HEAD + body, line * panel + HEAD};
    plot_place(p, b, width, height);
    draw_metric(r, g, metrics[i], k, column == 0, &block, p);
  }
  /* caption */
  text_add(&p->script, "unset multiplot\n");
  text_add(&p->caption, "Metrics by method");
  if (k) text_add(&p->caption, " at K = %d sampler step%s", k, k == 1 ? "" : "s");
  text_add(
      &p->caption,
      ": mean over seeds; bars extend to the smallest and largest seed (small circles: single seeds) or, with one "
      "seed, over the 95 %% interval over test %s. Methods without sampler steps have the same values at every K. "
      "The trained methods determine the axes, which need not start at 0; marks with an arrow lie beyond the axis.",
      summary_knows_episodes(r, g) == 1 ? "episodes" : "windows");
  plot_caption_source(r, g, &p->caption);
  return true;
}
