#include "transfer_plot.h"

#include <math.h>
#include <stdlib.h>

#include "dynaflow/core/alloc.h"
#include "list.h"
#include "plot.h"
#include "style.h"
#include "text.h"

enum { LEFT = 56, CELL_W = 210, CELL_H = 220, GAP = 30, TOP = 34, FOOT = 52, EDGE = 16 };

static int by_level(const void* a, const void* b) {
  const double x = ((const transfer_point*)a)->change.level, y = ((const transfer_point*)b)->change.level;
  return (x > y) - (x < y);
}

/* the points of a file and a kind, with that without a perturbation, in ascending order; returns how many */
static int points_of(int file, perturbation_kind kind, int n, const transfer_point* all, transfer_point* out) {
  int count = 0;
  for (int i = 0; i < n; i++) {
    if (all[i].file != file || (all[i].change.kind != kind && all[i].change.kind != PERTURB_NONE)) continue;
    out[count] = all[i];
    if (all[i].change.kind == PERTURB_NONE) out[count].change.level = perturbation_is_time(kind) ? 0 : 1;
    count++;
  }
  qsort(out, (size_t)count, sizeof *out, by_level);
  return count;
}

static bool has_kind(perturbation_kind kind, int n, const transfer_point* points) {
  for (int i = 0; i < n; i++) {
    if (points[i].change.kind == kind) return true;
  }
  return false;
}

/* one panel; *block counts the blocks of data */
static void draw_panel(plot* p, perturbation_kind kind, int n_files, char* const* names, int n,
                       const transfer_point* points, transfer_point* scratch, int* block) {
  const char* join = "plot ";
  text_add(&p->script, "set title '%s'\nset xlabel '%s'\n", perturbation_name(kind),
           perturbation_is_time(kind) ? "time [s]" : "factor");
  for (int f = 0; f < n_files; f++) {
    const int count = points_of(f, kind, n, points, scratch);
    plot_comment(&p->data, "%s, %s: level, share of upright trajectories, 95 %% interval", perturbation_name(kind),
                 names[f]);
    for (int i = 0; i < count; i++) {
      const df_interval* v = &scratch[i].upright;
      text_add(&p->data, "%.9g %.9g %.9g %.9g\n", scratch[i].change.level, v->mean, v->lo, v->hi);
    }
    text_add(&p->data, "\n\n");
    text_add(&p->script,
             "%s'%s.dat' index %d using 1:3:4 with filledcurves lc rgb '#%06x' notitle, '' index %d using 1:2 with "
             "linespoints lw 1.8 pt 7 ps 0.5 dt %d lc rgb '#%06x' notitle",
             join, p->name, *block, method_colour(names[f]), *block, method_dash(names[f]), method_colour(names[f]));
    join = ", \\\n  ";
    (*block)++;
  }
  text_add(&p->script, "\n");
}

df_status transfer_plot(const char* folder, const char* task, int n_files, char* const* names, int n,
                        const transfer_point* points) {
  plot p = {.name = "transfer"};
  int panels = 0, panel = 0, block = 0;
  transfer_point* scratch = df_alloc((size_t)n + 1, sizeof *scratch);
  if (!scratch) return DF_E_NOMEM;
  for (int k = 0; k < PERTURBATIONS; k++) panels += has_kind((perturbation_kind)k, n, points);
  const int width = LEFT + panels * (CELL_W + GAP) - GAP + EDGE, keys = plot_legend_height(n_files, width);
  const int height = TOP + keys + CELL_H + FOOT;
  plot_begin(&p, width, height);
  plot_legend(&p, n_files, (const char* const*)names, width, height);
  text_add(&p.script, "set yrange [-0.02:1.02]\nset ytics 0.25\nset xtics autofreq\n");
  for (int k = 0; k < PERTURBATIONS; k++) {
    if (!has_kind((perturbation_kind)k, n, points)) continue;
    const double x = LEFT + panel * (CELL_W + GAP), y = TOP + keys;
    plot_place(&p, (plot_box){x, x + CELL_W, y + CELL_H, y}, width, height);
    text_add(&p.script, panel == 0 ? "set ylabel 'share of upright trajectories' offset 1.2\n"
                                   : "unset ylabel\nset format y ''\n");
    draw_panel(&p, (perturbation_kind)k, n_files, names, n, points, scratch, &block);
    if (panel == 0) text_add(&p.script, "unset arrow\nunset label\n");
    panel++;
  }
  text_add(&p.script, "unset multiplot\n");
  text_add(&p.caption, "Task %s: trajectories that stay upright when their actions are executed in a perturbed model.",
           task);
  const df_status status = plot_save(folder, &p);
  plot_clear(&p);
  df_free(scratch);
  return status;
}
