#include "transfer_plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "escape.h"
#include "list.h"
#include "plot.h"
#include "style.h"
#include "text.h"

enum { LEFT = 56, CELL_W = 210, CELL_H = 220, GAP = 30, TOP = 34, FOOT = 52, EDGE = 16 };

static int by_level(const void* a, const void* b) {
  const double x = ((const transfer_point*)a)->change.level, y = ((const transfer_point*)b)->change.level;
  return (x > y) - (x < y);
}

/* the label of a word of a kind */
static const char* label_of(perturbation_kind kind, const transfer_figure* f, const char* word) {
  for (int i = 0; i < f->n; i++) {
    const perturbation* change = &f->points[i].change;
    if (change->kind == kind && strcmp(change->word, word) == 0) return perturbation_label(change);
  }
  return word;
}

/* the words of a kind in the order of the points; returns how many */
static int words_of(perturbation_kind kind, const transfer_figure* f, const char** words) {
  int n = 0;
  for (int i = 0; i < f->n; i++) {
    if (f->points[i].change.kind != kind) continue;
    int k = 0;
    while (k < n && strcmp(words[k], f->points[i].change.word) != 0) k++;
    if (k == n) words[n++] = f->points[i].change.word;
  }
  return n;
}

/* where a point is on the axis of a panel */
static double place_of(perturbation_kind kind, const perturbation* change, int n_words, const char* const* words) {
  if (change->kind == PERTURB_NONE) return perturbation_level_of(kind) == LEVEL_FACTOR ? 1 : 0;
  if (perturbation_level_of(kind) != LEVEL_NAME) return change->level;
  int k = 0;
  while (k < n_words && strcmp(words[k], change->word) != 0) k++;
  return k + 1;
}

/* what panels need besides the figure */
typedef struct panel_memory {
  const char** words;      /* [n] */
  transfer_point* scratch; /* [n] */
  int block;               /* counts the blocks of data */
} panel_memory;

/* the points of a line and a kind, with that without a perturbation, in ascending order; returns how many */
static int points_of(int line, perturbation_kind kind, const transfer_figure* f, int n_words, panel_memory* m) {
  int count = 0;
  for (int i = 0; i < f->n; i++) {
    const transfer_point* p = &f->points[i];
    if (p->line != line || (p->change.kind != kind && p->change.kind != PERTURB_NONE)) continue;
    m->scratch[count] = *p;
    m->scratch[count++].change.level = place_of(kind, &p->change, n_words, m->words);
  }
  qsort(m->scratch, (size_t)count, sizeof *m->scratch, by_level);
  return count;
}

static bool has_kind(perturbation_kind kind, const transfer_figure* f) {
  for (int i = 0; i < f->n; i++) {
    if (f->points[i].change.kind == kind) return true;
  }
  return false;
}

/* the axis of a panel, whose ticks are words for levels that have names */
static void set_axis(plot* p, perturbation_kind kind, const transfer_figure* f, int n_words, const char* const* words) {
  static const char* const labels[] = {"factor", "time [s]", ""};
  text_add(&p->script, "set title '%s'\nset xlabel '%s'\n", perturbation_name(kind),
           labels[perturbation_level_of(kind)]);
  if (perturbation_level_of(kind) != LEVEL_NAME) {
    text_add(&p->script, "set xtics autofreq\nset xrange [*:*]\n");
    return;
  }
  text_add(&p->script, "set xrange [-0.3:%d.3]\nset xtics ('none' 0", n_words);
  for (int k = 0; k < n_words; k++) {
    text_add(&p->script, ", ");
    text_add_gnuplot_tic(&p->script, label_of(kind, f, words[k]));
    text_add(&p->script, " %d", k + 1);
  }
  text_add(&p->script, ")\n");
}

static void draw_panel(plot* p, perturbation_kind kind, const transfer_figure* f, panel_memory* m) {
  const char* join = "plot ";
  const int n_words = perturbation_level_of(kind) == LEVEL_NAME ? words_of(kind, f, m->words) : 0;
  set_axis(p, kind, f, n_words, m->words);
  for (int line = 0; line < f->n_lines; line++) {
    const char* name = f->names[line];
    const int count = points_of(line, kind, f, n_words, m);
    plot_comment(&p->data, "%s, %s: level, share of upright trajectories, %s", perturbation_name(kind), name, f->band);
    for (int i = 0; i < count; i++) {
      const df_interval* v = &m->scratch[i].upright;
      text_add(&p->data, "%.9g %.9g %.9g %.9g\n", m->scratch[i].change.level, v->mean, v->lo, v->hi);
    }
    text_add(&p->data, "\n\n");
    text_add(&p->script,
             "%s'%s.dat' index %d using 1:3:4 with filledcurves lc rgb '#%06x' notitle, '' index %d using 1:2 with "
             "linespoints lw 1.8 pt 7 ps 0.5 dt %d lc rgb '#%06x' notitle",
             join, p->name, m->block, method_colour(name), m->block, method_dash(name), method_colour(name));
    join = ", \\\n  ";
    m->block++;
  }
  text_add(&p->script, "\n");
}

static void draw_panels(plot* p, const transfer_figure* f, panel_memory* m) {
  int panels = 0, panel = 0;
  for (int k = 0; k < PERTURBATIONS; k++) panels += has_kind((perturbation_kind)k, f);
  const int width = LEFT + panels * (CELL_W + GAP) - GAP + EDGE, keys = plot_legend_height(f->n_lines, width);
  const int height = TOP + keys + CELL_H + FOOT;
  plot_begin(p, width, height);
  plot_legend(p, f->n_lines, (const char* const*)f->names, width, height);
  text_add(&p->script, "set yrange [-0.02:1.02]\nset ytics 0.25\n");
  for (int k = 0; k < PERTURBATIONS; k++) {
    if (!has_kind((perturbation_kind)k, f)) continue;
    const double x = LEFT + panel * (CELL_W + GAP), y = TOP + keys;
    plot_place(p, (plot_box){x, x + CELL_W, y + CELL_H, y}, width, height);
    text_add(&p->script, panel == 0 ? "set ylabel 'share of upright trajectories' offset 1.2\n"
                                    : "unset ylabel\nset format y ''\n");
    draw_panel(p, (perturbation_kind)k, f, m);
    if (panel == 0) text_add(&p->script, "unset arrow\nunset label\n");
    panel++;
  }
  text_add(&p->script, "unset multiplot\n");
}

df_status transfer_plot(const char* folder, const transfer_figure* figure) {
  plot p = {.name = "transfer"};
  panel_memory m = {.words = df_alloc((size_t)figure->n + 1, sizeof *m.words),
                    .scratch = df_alloc((size_t)figure->n + 1, sizeof *m.scratch)};
  df_status status = m.words && m.scratch ? DF_OK : DF_E_NOMEM;
  if (status == DF_OK) {
    draw_panels(&p, figure, &m);
    text_add(&p.caption,
             "Task %s: trajectories that stay upright when their actions are executed in a perturbed model; bands: %s.",
             figure->task, figure->band);
    status = plot_save(folder, &p);
  }
  plot_clear(&p);
  df_free(m.words);
  df_free(m.scratch);
  return status;
}
