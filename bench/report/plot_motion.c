/* plot_motion.c: generated and demonstrated trajectories over time, and stick figures seen from the side. */
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

/* ---- trajectories: one row of panels per method, one column per quantity ---- */

static const json_t* example_of(const run_cell* c, int column) {
  return c ? json_array_get(json_object_get(c->record, "examples"), (size_t)column) : NULL;
}

typedef struct span {
  double lo, hi;
} span;

/* range of a column's y axis: all demonstrated values, and generated ones up to one such range beyond them */
static span column_span(const run_cell* const* rows_of, int n, int column) {
  span demo = {INFINITY, -INFINITY}, all = {INFINITY, -INFINITY};
  static const char* const sides[] = {"demonstrated", "generated"};
  for (int side = 0; side < 2; side++) {
    for (int m = 0; m < n; m++) {
      size_t i;
      json_t* v;
      json_array_foreach(json_object_get(example_of(rows_of[m], column), sides[side]), i, v) {
        if (!json_is_number(v)) continue;
        span* s = side == 0 ? &demo : &all;
        s->lo = fmin(s->lo, json_number_value(v));
        s->hi = fmax(s->hi, json_number_value(v));
      }
    }
  }
  if (!isfinite(demo.lo)) demo = all;
  if (!isfinite(demo.lo)) return (span){0, 1};
  const double width = fmax(demo.hi - demo.lo, 1e-3);
  span s = {fmin(demo.lo, fmax(all.lo, demo.lo - width)), fmax(demo.hi, fmin(all.hi, demo.hi + width))};
  const double pad = fmax(0.06 * (s.hi - s.lo), 1e-4);
  return (span){s.lo - pad, s.hi + pad};
}

static void add_value(text* data, const json_t* list, size_t i) {
  const double v = number_of(json_array_get(list, i));
  if (isfinite(v)) {
    text_add(data, " %.9g", v);
  } else {
    text_add(data, " NaN");
  }
}

static double add_example(text* data, const json_t* example) {
  const json_t *demonstrated = json_object_get(example, "demonstrated"),
               *generated = json_object_get(example, "generated");
  const size_t a = json_array_size(demonstrated), b = json_array_size(generated), n = a > b ? a : b;
  const double dt = number_of(json_object_get(example, "dt"));
  plot_comment(data, "%s [%s]: time, demonstrated, generated", string_of(example, "title"), string_of(example, "unit"));
  for (size_t i = 0; i < n; i++) {
    text_add(data, "%.9g", (double)i * dt);
    add_value(data, demonstrated, i);
    add_value(data, generated, i);
    text_add(data, "\n");
  }
  if (n == 0) text_add(data, "0 NaN NaN\n");
  text_add(data, "\n\n");
  return n > 1 ? (double)(n - 1) * dt : 1;
}

static void draw_example(plot* p, const run_cell* c, int block) {
  text_add(&p->script,
           "plot '%s.dat' index %d using 1:2 with lines lw 4 lc rgb '#c4c4c4' notitle, \\\n"
           "  '%s.dat' index %d using 1:3 with lines lw 1.8 lc rgb '#%06x' notitle\n",
           p->name, block, p->name, block, method_colour(c->method));
}

enum { LEFT = 212, CELL_W = 205, CELL_H = 84, GAP_X = 50, GAP_Y = 20, TOP = 66, FOOT = 54 };

static void examples_panel(plot* p, const run_cell* c, int m, int n_rows, int column, int n_columns, span s) {
  /* place */
  const int width = LEFT + n_columns * (CELL_W + GAP_X) - GAP_X + 20;
  const int height = TOP + n_rows * (CELL_H + GAP_Y) - GAP_Y + FOOT;
  const double x = LEFT + column * (CELL_W + GAP_X), y = TOP + m * (CELL_H + GAP_Y);
  const json_t* example = example_of(c, column);
  char title[128];
  snprintf(title, sizeof title, "%.80s [%.20s]", string_of(example, "title"), string_of(example, "unit"));
  plot_place(p, (plot_box){x, x + CELL_W, y + CELL_H, y}, width, height);
  /* data and axes */
  text_add(&p->script, "set yrange [%.6g:%.6g]\n", s.lo, s.hi);
  const double seconds = add_example(&p->data, example);
  text_add(&p->script, "set xrange [0:%.6g]\n", seconds);
  /* title above the first row, method left of the first column, time below the last row */
  text_add(&p->script, "set title ");
  text_add_gnuplot(&p->script, m == 0 ? title : "");
  text_add(&p->script, " font ',12' offset 0,-0.5\nunset label 1\n");
  /* the legend is drawn with the first panel only */
  if (m + column == 1) text_add(&p->script, "unset label 2\nunset label 3\nunset arrow\n");
  if (column == 0) {
    text_add(&p->script, "set label 1 ");
    text_add_gnuplot(&p->script, method_label(c->method));
    text_add(&p->script, " at screen %.5f, graph 0.5 right font ',12' textcolor rgb '#%06x'\n", (x - 48) / width,
             method_colour(c->method));
  }
  text_add(&p->script, "%s\n",
           m == n_rows - 1 ? "set xlabel 'time [s]' font ',11' offset 0,0.75; set format x '%g'"
                           : "unset xlabel; set format x ''");
  text_add(&p->script, "set ytics %g\nset xtics %g\n", plot_nice_step(s.hi - s.lo, 5), plot_nice_step(seconds, 5));
  draw_example(p, c, m * n_columns + column);
}

/* drawn by hand, because gnuplot's key would be limited to the width of a panel */
static void add_legend(plot* p, const run_cell* first, int columns, int n) {
  static const char* const words[] = {"demonstrated", "generated"};
  const double width = LEFT + columns * (CELL_W + GAP_X) - GAP_X + 20,
               height = TOP + n * (CELL_H + GAP_Y) - GAP_Y + FOOT;
  for (int i = 0; i < 2; i++) {
    const double x = LEFT + i * 145, y = 1 - 18 / height;
    text_add(&p->script,
             "set arrow %d from screen %.5f, screen %.5f to screen %.5f, screen %.5f nohead lw %g lc rgb '#%06x'\n"
             "set label %d '%s' at screen %.5f, screen %.5f left font ',12'\n",
             i + 1, x / width, y, (x + 32) / width, y, i == 0 ? 4.0 : 1.8,
             i == 0 ? 0xC4C4C4 : method_colour(first->method), i + 2, words[i], (x + 40) / width, y);
  }
}

bool plot_examples(const run_view* r, const run_group* g, plot* p) {
  const run_cell** cells = NULL;
  int n = 0, columns = 0;
  for (int m = 0; m < g->n_methods; m++) {
    const run_cell* c = run_example(r, g, g->methods[m]);
    const int has = c ? (int)json_array_size(json_object_get(c->record, "examples")) : 0;
    if (has == 0) continue;
    cells = list_grow(cells, n, sizeof *cells);
    cells[n++] = c;
    columns = has > columns ? has : columns;
  }
  if (n == 0) return false;
  plot_begin(p, LEFT + columns * (CELL_W + GAP_X) - GAP_X + 20, TOP + n * (CELL_H + GAP_Y) - GAP_Y + FOOT);
  text_add(&p->script, "set tics font ',10'\n");
  add_legend(p, cells[0], columns, n);
  for (int m = 0; m < n; m++) {
    for (int column = 0; column < columns; column++) {
      examples_panel(p, cells[m], m, n, column, columns, column_span(cells, n, column));
    }
  }
  df_free(cells);
  text_add(&p->script, "unset multiplot\n");
  text_add(&p->caption,
           "Generated motion (colour) and held-out demonstration (grey) from the same start state, by method; "
           "the same window for all methods, lowest seed. Axes extend beyond the demonstration by at most its range.");
  return true;
}

/* ---- stick figures ---- */

enum { STRIP_FRAMES = 10 }; /* the most frames shown; of more, a selection is shown */

typedef struct strip {
  const run_cell* cell;
  const json_t* json;
  int n_points, n_frames;
  int* parent;             /* [n_points], owned */
  bool* far_side;          /* [n_points], owned */
  int frame[STRIP_FRAMES]; /* indices of the frames shown, evenly spaced */
} strip;

static const json_t* strip_frame(const strip* s, int i) {
  return json_array_get(json_object_get(s->json, "frames"), (size_t)s->frame[i]);
}

static double coordinate(const strip* s, int frame, const char* axis, int point) {
  return number_of(json_array_get(json_object_get(strip_frame(s, frame), axis), (size_t)point));
}

/* the limbs of the root alternate between near and far side, since robots list right and left limbs alternately */
static void find_sides(strip* s) {
  int *limb = NULL, limbs = 0;
  for (int i = 0; i < s->n_points; i++) {
    const int up = s->parent[i];
    limb = list_grow(limb, i, sizeof *limb);
    s->far_side = list_grow(s->far_side, i, sizeof *s->far_side);
    limb[i] = up < 0 || up >= i ? -1 : s->parent[up] < 0 ? limbs++ : limb[up];
    s->far_side[i] = limb[i] % 2 == 1;
  }
  df_free(limb);
}

static bool strip_of(const run_cell* c, strip* s) {
  *s = (strip){.cell = c, .json = c ? json_object_get(c->record, "strip") : NULL};
  const json_t* parents = json_object_get(s->json, "parent");
  const int recorded = (int)json_array_size(json_object_get(s->json, "frames"));
  s->n_points = (int)json_array_size(parents);
  if (recorded == 0 || s->n_points < 2) return false;
  for (int i = 0; i < s->n_points; i++) {
    s->parent = list_grow(s->parent, i, sizeof *s->parent);
    s->parent[i] = (int)json_integer_value(json_array_get(parents, (size_t)i));
  }
  s->n_frames = recorded < STRIP_FRAMES ? recorded : STRIP_FRAMES;
  for (int i = 0; i < s->n_frames; i++) {
    s->frame[i] = s->n_frames > 1 ? (int)lround((double)i * (recorded - 1) / (s->n_frames - 1)) : 0;
  }
  find_sides(s);
  return true;
}

/* extent of all frames [m]: half width about the middle of a frame, lowest and highest z above the ground */
typedef struct extent {
  double half, bottom, top;
} extent;

static double middle(const strip* s, int frame) {
  double lo = INFINITY, hi = -INFINITY;
  for (int i = 0; i < s->n_points; i++) {
    lo = fmin(lo, coordinate(s, frame, "x", i));
    hi = fmax(hi, coordinate(s, frame, "x", i));
  }
  return (lo + hi) / 2;
}

static extent strip_extent(const strip* strips, int n) {
  extent e = {0.05, 0, 0.1};
  for (int k = 0; k < n; k++) {
    const strip* s = &strips[k];
    const double ground = number_of(json_object_get(s->json, "ground"));
    for (int f = 0; f < s->n_frames; f++) {
      const double centre = middle(s, f);
      for (int i = 0; i < s->n_points; i++) {
        const double x = coordinate(s, f, "x", i) - centre, z = coordinate(s, f, "z", i) - ground;
        /* a robot that flies off is cut off */
        if (isfinite(x) && fabs(x) < 3) e.half = fmax(e.half, fabs(x));
        if (isfinite(z) && z < 3) e.top = fmax(e.top, z);
      }
    }
  }
  e.bottom = -0.06 * e.top;
  e.top *= 1.08;
  return e;
}

static bool add_sticks(text* data, const strip* s, bool far_side, double pitch) {
  const double ground = number_of(json_object_get(s->json, "ground"));
  int drawn = 0;
  for (int f = 0; f < s->n_frames; f++) {
    const double shift = (f + 0.5) * pitch - middle(s, f);
    for (int i = 0; i < s->n_points; i++) {
      const int up = s->parent[i];
      if (up < 0 || up >= s->n_points || s->far_side[i] != far_side) continue;
      text_add(data, "%.6g %.6g\n%.6g %.6g\n\n", coordinate(s, f, "x", up) + shift, coordinate(s, f, "z", up) - ground,
               coordinate(s, f, "x", i) + shift, coordinate(s, f, "z", i) - ground);
      drawn++;
    }
  }
  if (drawn) text_add(data, "\n\n");
  return drawn > 0;
}

/* the colour mixed with 55 % white */
static unsigned paler(unsigned colour) {
  unsigned out = 0;
  for (int shift = 0; shift < 24; shift += 8) {
    const unsigned c = (colour >> shift) & 0xFF;
    out |= (c + (255 - c) * 55 / 100) << shift;
  }
  return out;
}

static void draw_strip(plot* p, const strip* s, int* block, double pitch) {
  const unsigned colour = method_colour(s->cell->method);
  const double start = coordinate(s, 0, "x", 0);
  text_add(&p->script, "unset label\nset label 100 ");
  text_add_gnuplot(&p->script, method_label(s->cell->method));
  text_add(&p->script, " at graph 0.002, graph 1.0 left offset 0,0.7 font ',13' textcolor rgb '#%06x'\n", colour);
  for (int f = 0; f < s->n_frames; f++) {
    const double way = coordinate(s, f, "x", 0) - start;
    text_add(&p->script,
             "set label %d '%.2f s, %.2f m' at first %.6g, graph 0 center offset 0,-0.8 font ',10' textcolor rgb "
             "'#444444'\n",
             f + 1, number_of(json_object_get(strip_frame(s, f), "t")), fabs(way) < 0.005 ? 0 : way, (f + 0.5) * pitch);
  }
  plot_comment(&p->data, "%s: far limbs, then near ones; x and z of both ends", s->cell->method);
  text_add(&p->script, "plot 0 with lines lw 1 lc rgb '#999999' notitle");
  for (int near = 0; near < 2; near++) {
    if (!add_sticks(&p->data, s, !near, pitch)) continue;
    text_add(&p->script, ", \\\n  '%s.dat' index %d using 1:2 with lines lw 2.6 lc rgb '#%06x' notitle", p->name,
             (*block)++, near ? colour : paler(colour));
  }
  text_add(&p->script, "\n");
}

bool plot_strip(const run_view* r, const run_group* g, plot* p) {
  enum { WIDTH = 1040, SIDE = 16, HEAD = 30, LINE = 26 };
  /* strips of the methods */
  strip* strips = NULL;
  int n = 0;
  for (int m = 0; m < g->n_methods; m++) {
    strip one;
    if (!strip_of(run_example(r, g, g->methods[m]), &one)) continue;
    strips = list_grow(strips, n, sizeof *strips);
    strips[n++] = one;
  }
  if (n == 0) return false;
  int frames = 1;
  for (int i = 0; i < n; i++) frames = strips[i].n_frames > frames ? strips[i].n_frames : frames;
  /* scale and size */
  const extent e = strip_extent(strips, n);
  const double pitch = 2.12 * e.half, scale = (WIDTH - 2 * SIDE) / (pitch * frames); /* px per m */
  const double body = fmin(scale * (e.top - e.bottom), 400);
  const int height = (int)ceil(n * (HEAD + body + LINE));
  plot_begin(p, WIDTH, height);
  text_add(&p->script, "unset border\nunset tics\nunset grid\nset xrange [0:%.6g]\nset yrange [%.6g:%.6g]\n",
           pitch * frames, e.bottom, e.bottom + body / scale);
  /* one panel per method */
  int block = 0;
  for (int i = 0; i < n; i++) {
    const double top = i * (HEAD + body + LINE) + HEAD;
    plot_place(p, (plot_box){SIDE, WIDTH - SIDE, top + body, top}, WIDTH, height);
    draw_strip(p, &strips[i], &block, pitch);
  }
  text_add(&p->script, "unset multiplot\n");
  text_add(&p->caption,
           "%s, seen from the side with equal scale in both directions; limbs of the near side are dark, those of the "
           "far side pale; below each figure, the time and the distance travelled. Lowest seed.",
           string_of(strips[0].json, "title")[0] ? string_of(strips[0].json, "title") : "Generated motion");
  for (int i = 0; i < n; i++) {
    df_free(strips[i].parent);
    df_free(strips[i].far_side);
  }
  df_free(strips);
  return true;
}
