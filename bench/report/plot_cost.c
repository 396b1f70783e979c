/* plot_cost.c: quality against the CPU time of training. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aggregate.h"
#include "dynaflow/core/alloc.h"
#include "escape.h"
#include "json.h"
#include "list.h"
#include "plot.h"
#include "reference_method.h"
#include "run_view.h"
#include "style.h"
#include "text.h"

/* the metrics shown */
static const char* const METRICS[] = {"tre_open_loop", "fall_rate", "command_error"};
enum { PANELS = sizeof METRICS / sizeof METRICS[0] };

/* a method of a group: means over seeds */
typedef struct point {
  const char* method;
  double cpu, cpu_lo, cpu_hi; /* CPU time of the training, smallest and largest seed [s] */
  double value, lo, hi;       /* the metric and its interval */
} point;

typedef struct points {
  int n;
  point* list;
} points;

/* whether a group is in the figure of another one: the same task, data and evaluation */
static bool is_shown_with(const run_view* r, const run_group* first, const run_group* g) {
  return g->done && run_groups_compare(r, first, g);
}

/* the CPU time of a method's training; false if none of its seeds was trained */
static bool set_cpu(const run_view* r, const run_group* g, point* p) {
  double sum = 0;
  int n = 0;
  p->cpu_lo = INFINITY;
  p->cpu_hi = -INFINITY;
  for (int i = 0; i < r->n_cells; i++) {
    const run_cell* c = &r->cells[i];
    if (!c->done || !run_in_group(g, c) || strcmp(c->method, p->method) != 0) continue;
    const double cpu = number_of(json_object_get(c->record, "train_cpu_s"));
    if (!isfinite(cpu) || cpu <= 0) continue;
    sum += cpu;
    n++;
    p->cpu_lo = fmin(p->cpu_lo, cpu);
    p->cpu_hi = fmax(p->cpu_hi, cpu);
  }
  p->cpu = n ? sum / n : NAN;
  return n > 0;
}

static int by_cpu(const void* a, const void* b) {
  const double x = ((const point*)a)->cpu, y = ((const point*)b)->cpu;
  return (x > y) - (x < y);
}

/* the trained methods of all groups of a figure that have a finite value of the metric, by CPU time; df_free() the list
 */
static points find_points(const run_view* r, const run_group* first, const char* metric, int k) {
  points out = {0};
  for (int i = 0; i < r->n_groups; i++) {
    const run_group* g = &r->groups[i];
    if (!is_shown_with(r, first, g)) continue;
    for (int m = 0; m < g->n_methods; m++) {
      const aggregate a = aggregate_of(r, g, g->methods[m], metric, k);
      point p = {.method = g->methods[m], .value = a.mean};
      if (method_is_reference(p.method) || a.n == 0 || a.failed || !set_cpu(r, g, &p)) continue;
      p.lo = isfinite(a.lo) ? a.lo : a.mean;
      p.hi = isfinite(a.hi) ? a.hi : a.mean;
      out.list = list_grow(out.list, out.n, sizeof *out.list);
      out.list[out.n++] = p;
    }
  }
  if (out.n) qsort(out.list, (size_t)out.n, sizeof *out.list, by_cpu);
  return out;
}

/* the methods of a figure in the order of their first appearance, as a new list; df_free() it */
static const char** find_methods(const run_view* r, const run_group* first, int* n) {
  const char** methods = NULL;
  *n = 0;
  for (int i = 0; i < r->n_groups; i++) {
    const run_group* g = &r->groups[i];
    for (int m = 0; m < g->n_methods && is_shown_with(r, first, g); m++) {
      point p = {.method = g->methods[m]};
      int known = 0;
      while (known < *n && strcmp(methods[known], p.method) != 0) known++;
      if (known < *n || method_is_reference(p.method) || !set_cpu(r, g, &p)) continue;
      methods = list_grow(methods, *n, sizeof *methods);
      methods[(*n)++] = p.method;
    }
  }
  return methods;
}

/* adds a block of the points of a method; false if there are none */
static bool add_method(const points* all, const char* metric, const char* method, text* data) {
  text block = {0};
  for (int i = 0; i < all->n; i++) {
    const point* p = &all->list[i];
    if (strcmp(p->method, method) != 0) continue;
    text_add(&block, "%.9g %.9g %.9g %.9g %.9g %.9g\n", p->cpu, p->value, p->cpu_lo, p->cpu_hi, p->lo, p->hi);
  }
  if (block.n) {
    plot_comment(data, "%s, %s: CPU time, value, smallest and largest CPU time, interval", metric, method);
    text_add(data, "%s\n\n", text_of(&block));
  }
  const bool any = block.n > 0;
  text_clear(&block);
  return any;
}

/* adds a block of the points that are better than all cheaper ones */
static void add_front(const points* all, const char* metric, text* data) {
  const double sign = strcmp(metric_better(metric), "higher") == 0 ? -1 : 1;
  double best = INFINITY;
  plot_comment(data, "%s, front: CPU time, value", metric);
  for (int i = 0; i < all->n; i++) {
    const point* p = &all->list[i];
    if (sign * p->value >= best) continue;
    best = sign * p->value;
    text_add(data, "%.9g %.9g\n", p->cpu, p->value);
  }
  text_add(data, "\n\n");
}

static void draw_panel(const points* all, const char* metric, const char* unit, int n_methods,
                       const char* const* methods, int* block, plot* p) {
  text_add(&p->script, "set title ");
  char* title_words = metric_words(metric);
  text_add_gnuplot(&p->script, title_words);
  df_free(title_words);
  text_add(&p->script, " offset 0,-0.5\nset ylabel ");
  char* label = format_text(
      "%s%s", unit, strcmp(metric_better(metric), "higher") == 0 ? " (higher is better)" : " (lower is better)");
  text_add_gnuplot(&p->script, label);
  df_free(label);
  text_add(&p->script, " font ',11' offset 1.4\nset yrange [%s]\n", strcmp(unit, "share") == 0 ? "-0.03:1.03" : "0:*");
  add_front(all, metric, &p->data);
  text_add(&p->script, "plot '%s.dat' index %d using 1:2 with steps lw 5 lc rgb '#e0e0e0' notitle", p->name, *block);
  ++*block;
  for (int m = 0; m < n_methods; m++) {
    if (!add_method(all, metric, methods[m], &p->data)) continue;
    const unsigned colour = method_colour(methods[m]);
    text_add(&p->script,
             ", \\\n  '%s.dat' index %d using 1:2:3:4:5:6 with xyerrorbars pt 7 ps 0.6 lw 1 lc rgb '#%06x' notitle"
             ", \\\n  '%s.dat' index %d using 1:2 with lines lw 2 dt %d lc rgb '#%06x' notitle",
             p->name, *block, colour, p->name, *block, method_dash(methods[m]), colour);
    ++*block;
  }
  text_add(&p->script, "\n");
}

static void add_caption(const run_view* r, const run_group* first, int k, text* out) {
  text_add(out, "Quality against the CPU time of training");
  if (k) text_add(out, " at K = %d sampler step%s", k, k == 1 ? "" : "s");
  text_add(
      out,
      ": mean over seeds; bars extend to the smallest and largest seed or, with one seed, over the 95 %% interval. "
      "Grey: the points that are better than all cheaper ones. Points of a method are joined");
  const char* join = " over the profiles ";
  for (int i = 0; i < r->n_groups; i++) {
    if (!is_shown_with(r, first, &r->groups[i])) continue;
    text_add(out, "%s%s", join, r->groups[i].profile);
    join = ", ";
  }
  text_add(out, ". CPU times belong to the machine that is named under Provenance.");
  plot_caption_source(r, first, out);
}

/* the axis of CPU times: the whole range of a figure, with tics at 1, 2 and 5 of every decade */
static void set_time_axis(int n, const points* of, text* script) {
  double lo = INFINITY, hi = 0;
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < of[i].n; j++) {
      lo = fmin(lo, of[i].list[j].cpu_lo);
      hi = fmax(hi, of[i].list[j].cpu_hi);
    }
  }
  lo /= 1.3;
  hi *= 1.3;
  text_add(script,
           "set logscale x\nset xlabel 'CPU time of training [s]' font ',11' offset 0,0.6\nset xrange [%.6g:%.6g]\n"
           "set xtics (",
           lo, hi);
  static const double steps[] = {1, 2, 5};
  const char* join = "";
  for (int decade = (int)floor(log10(lo)); decade <= (int)ceil(log10(hi)); decade++) {
    for (int i = 0; i < 3; i++) {
      const double at = steps[i] * pow(10, decade);
      if (at < lo || at > hi) continue;
      text_add(script, "%s%.6g", join, at);
      join = ", ";
    }
  }
  text_add(script, ")\n");
}

bool plot_cost(const run_view* r, const run_group* g, int k, plot* p) {
  enum { PANEL = 300, GAP = 78, BODY = 240, HEAD = 44, FOOT = 56 };
  /* a figure stands with the first of its groups */
  for (const run_group* before = r->groups; before < g; before++) {
    if (is_shown_with(r, g, before)) return false;
  }
  /* metrics with points */
  points of[PANELS];
  const char* metrics[PANELS];
  int n = 0, n_methods, block = 0;
  for (int i = 0; i < PANELS; i++) {
    of[n] = find_points(r, g, METRICS[i], k);
    if (of[n].n) metrics[n++] = METRICS[i];
  }
  if (n == 0) return false;
  /* legend and panels */
  const char** methods = find_methods(r, g, &n_methods);
  const int width = n * (PANEL + GAP) + 20, keys = plot_legend_height(n_methods, width);
  const int height = HEAD + keys + BODY + FOOT;
  plot_begin(p, width, height);
  plot_legend(p, n_methods, methods, width, height);
  set_time_axis(n, of, &p->script);
  for (int i = 0; i < n; i++) {
    const double left = GAP - 8 + i * (PANEL + GAP), top = HEAD + keys;
    plot_place(p, (plot_box){left, left + PANEL, top + BODY, top}, width, height);
    draw_panel(&of[i], metrics[i], aggregate_unit(r, g, metrics[i], k), n_methods, methods, &block, p);
    text_add(&p->script, "unset arrow\nunset label\n");
    df_free(of[i].list);
  }
  text_add(&p->script, "unset multiplot\n");
  df_free(methods);
  add_caption(r, g, k, &p->caption);
  return true;
}
