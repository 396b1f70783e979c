/* plot_training.c: training curves. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "escape.h"
#include "json.h"
#include "list.h"
#include "plot.h"
#include "run_view.h"
#include "style.h"
#include "text.h"

static const char MAIN_CURVE[] = "flow matching";

/* the panel of a curve: the first curve of a cell is that of its flow for every method, others are named */
static const char* curve_panel(size_t i, const json_t* curve) {
  const char* name = string_of(curve, "name");
  return i == 0 && strcmp(name, "inverse_dynamics") != 0 ? MAIN_CURVE : name;
}

static const json_t* find_curve(const json_t* record, const char* panel) {
  size_t i;
  json_t* curve;
  json_array_foreach(json_object_get(json_object_get(record, "training"), "curves"), i, curve) {
    if (strcmp(curve_panel(i, curve), panel) == 0 && json_array_size(json_object_get(curve, "step"))) return curve;
  }
  return NULL;
}

/* the panels of the group as a new list; df_free() it */
static const char** find_panels(const run_view* r, const run_group* g, int* n) {
  const char** panels = NULL;
  *n = 0;
  for (int c = 0; c < r->n_cells; c++) {
    if (!r->cells[c].done || !run_in_group(g, &r->cells[c])) continue;
    size_t i;
    json_t* curve;
    json_array_foreach(json_object_get(json_object_get(r->cells[c].record, "training"), "curves"), i, curve) {
      int known = 0;
      while (known < *n && strcmp(panels[known], curve_panel(i, curve)) != 0) known++;
      if (known < *n || json_array_size(json_object_get(curve, "step")) == 0) continue;
      panels = list_grow(panels, *n, sizeof *panels);
      panels[(*n)++] = curve_panel(i, curve);
    }
  }
  return panels;
}

/* the losses of a curve and the steps after which they were measured: of the training, or of the validation, which may
 * be NULL */
static const json_t* series_of(const json_t* curve, bool validation) {
  return validation ? json_object_get(curve, "validation") : curve;
}

/* the curves of a panel, one per seed, as a new list; df_free() it */
static const json_t** find_curves(const run_view* r, const run_group* g, const char* method, const char* panel,
                                  bool validation, int* n) {
  const json_t** curves = NULL;
  *n = 0;
  for (int c = 0; c < r->n_cells; c++) {
    const run_cell* cell = &r->cells[c];
    if (!cell->done || !run_in_group(g, cell) || strcmp(cell->method, method) != 0) continue;
    const json_t* curve = series_of(find_curve(cell->record, panel), validation);
    if (!curve) continue;
    curves = list_grow(curves, *n, sizeof *curves);
    curves[(*n)++] = curve;
  }
  return curves;
}

/* a curve of a method in a panel */
typedef struct curve {
  const char* method;
  bool validation;
  int seeds;     /* 0: none, or without a finite loss */
  double lo, hi; /* of the losses of single seeds */
  bool positive; /* some mean loss is above 0 and can stand on a logarithmic axis */
} curve;

/* adds a block of step, mean, smallest and largest loss over the seeds of a method, as far as the seeds have equal
 * steps; no block without a finite loss, since gnuplot does not count an empty one */
static curve add_curve(const run_view* r, const run_group* g, const char* method, const char* panel, bool validation,
                       text* data) {
  int n;
  const json_t** curves = find_curves(r, g, method, panel, validation, &n);
  if (n == 0) return (curve){0};
  /* one line per step */
  curve out = {.method = method, .validation = validation, .lo = INFINITY, .hi = -INFINITY};
  text block = {0};
  for (size_t i = 0;; i++) {
    const json_t* step = json_array_get(json_object_get(curves[0], "step"), i);
    double sum = 0, lo = INFINITY, hi = -INFINITY;
    bool same = step != NULL;
    for (int s = 0; s < n && same; s++) {
      const double loss = number_of(json_array_get(json_object_get(curves[s], "loss"), i));
      same = number_of(json_array_get(json_object_get(curves[s], "step"), i)) == number_of(step);
      sum += loss;
      lo = fmin(lo, loss);
      hi = fmax(hi, loss);
    }
    if (!same) break;
    if (!isfinite(sum)) continue;
    text_add(&block, "%.0f %.9g %.9g %.9g\n", number_of(step), sum / n, lo, hi);
    out.seeds = n;
    out.lo = fmin(out.lo, lo);
    out.hi = fmax(out.hi, hi);
    out.positive |= sum > 0;
  }
  df_free(curves);
  if (out.seeds) {
    plot_comment(data, "%s, %s%s: step, mean, smallest and largest of %d seeds", panel, method,
                 validation ? ", validation" : "", n);
    text_add(data, "%s\n\n", text_of(&block));
  }
  text_clear(&block);
  return out;
}

static void draw_training_panel(const run_view* r, const run_group* g, const char* panel, plot* p, int* block) {
  /* data */
  curve* curves = NULL;
  bool any = false, positive = false;
  double lo = INFINITY, hi = -INFINITY;
  int n = 0;
  for (int m = 0; m < 2 * g->n_methods; m++) {
    const curve c = add_curve(r, g, g->methods[m / 2], panel, m % 2, &p->data);
    if (c.seeds == 0) continue;
    curves = list_grow(curves, n, sizeof *curves);
    curves[n++] = c;
    any = true;
    positive |= c.positive;
    lo = fmin(lo, c.lo);
    hi = fmax(hi, c.hi);
  }
  /* a logarithmic axis cannot show losses that are all 0, and gnuplot stops if nothing is left */
  text_add(&p->script, "%s",
           positive ? "set logscale y\nset format y '10^{%L}'\nset mytics 10\n"
                    : "unset logscale y\nset format y '%g'\nunset mytics\n");
  /* gnuplot warns of an axis without length */
  if (lo < hi) {
    text_add(&p->script, "set yrange [*:*]\n");
  } else {
    text_add(&p->script, "set yrange [%.6g:%.6g]\n",
             positive ? lo / 2
             : any    ? lo - 1
                      : 0,
             positive ? 2 * hi
             : any    ? hi + 1
                      : 1);
  }
  const char* join = "plot ";
  if (!any) text_add(&p->script, "plot [0:1] NaN notitle");
  /* bands, then lines on top of them */
  for (int pass = 0; pass < 2; pass++) {
    for (int i = 0; i < n; i++) {
      const curve* c = &curves[i];
      const unsigned colour = method_colour(c->method);
      if (pass == 0 && (c->seeds == 1 || c->validation)) continue;
      text_add(&p->script, "%s'%s.dat' index %d using ", join, p->name, *block + i);
      join = ", \\\n  ";
      if (pass == 0) {
        text_add(&p->script, "1:3:4 with filledcurves lc rgb '#%06x' notitle", colour);
      } else if (c->validation) {
        text_add(&p->script, "1:2 with linespoints lw 1 dt 3 pt 7 ps 0.3 lc rgb '#%06x' notitle", colour);
      } else {
        text_add(&p->script, "1:2 with lines lw 2 dt %d lc rgb '#%06x' title ", method_dash(c->method), colour);
        text_add_gnuplot(&p->script, method_label(c->method));
      }
    }
  }
  *block += n;
  df_free(curves);
  text_add(&p->script, "\n");
}

/* whether a curve of the group has a validation loss */
static bool has_validation(const run_view* r, const run_group* g, int panels, const char* const* panel) {
  for (int m = 0; m < g->n_methods; m++) {
    for (int i = 0; i < panels; i++) {
      int n;
      df_free(find_curves(r, g, g->methods[m], panel[i], true, &n));
      if (n) return true;
    }
  }
  return false;
}

bool plot_training(const run_view* r, const run_group* g, plot* p) {
  enum { PANEL = 400, HEIGHT = 310 };
  /* panels and axes */
  int n, block = 0;
  const char** panels = find_panels(r, g, &n);
  if (n == 0) return false;
  const int width = n * PANEL + 40;
  plot_begin(p, width, HEIGHT);
  text_add(&p->script,
           "set xlabel 'gradient step' offset 0,0.6\nset xrange [0:*]\n"
           "set key top right samplen 1.6 spacing 1.1 font ',11' opaque\n");
  /* one panel per loss */
  for (int i = 0; i < n; i++) {
    plot_place(p, (plot_box){i * PANEL + 70, (i + 1) * PANEL + 10, HEIGHT - 56, 40}, width, HEIGHT);
    char title[64];
    snprintf(title, sizeof title, "%s", panels[i]);
    for (char* c = title; *c; c++) *c = *c == '_' ? ' ' : *c;
    text_add(&p->script, "set title ");
    text_add_gnuplot(&p->script, title);
    text_add(&p->script, " offset 0,-0.4\nset ylabel '%s' offset 1\n", i == 0 ? "mean squared loss (normalised)" : "");
    draw_training_panel(r, g, panels[i], p, &block);
  }
  const bool validated = has_validation(r, g, n, panels);
  df_free(panels);
  /* caption */
  text_add(&p->script, "unset multiplot\n");
  text_add(
      &p->caption,
      "Training loss over gradient steps; lines are means over seeds, bands span the smallest to the largest seed. "
      "Losses of methods with different outputs are not comparable.");
  if (validated) {
    text_add(&p->caption,
             " Dotted: the same loss of the averaged weights on windows that are held out for validation.");
  }
  plot_caption_source(r, g, &p->caption);
  return true;
}
