/* plot_learning.c: learning curves of experts. */
#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "escape.h"
#include "json.h"
#include "list.h"
#include "plot.h"
#include "run_view.h"
#include "style.h"
#include "text.h"

/* what a panel shows */
typedef enum shown { SHOWN_REWARD, SHOWN_FALLS, SHOWN } shown;

/* a point of a drawn curve, of one seed */
typedef struct point {
  double update, x, y[SHOWN];
} point;

static double at(const json_t* curve, const char* list, size_t i) {
  return number_of(json_array_get(json_object_get(curve, list), i));
}

/* Joins the points of a record's curve to at most 40, so that curves of several methods can be told apart: the mean
 * reward of their actions and the falls per 1000 of them. Returns the number of points. */
enum { DRAWN = 40 };
static int join_points(const json_t* curve, bool cost, point out[DRAWN]) {
  const size_t n = json_array_size(json_object_get(curve, "update")), drawn = n < DRAWN ? n : DRAWN;
  double reward = 0, falls = 0, before = 0, begun = 0;
  int count = 0;
  for (size_t i = 0; i < n; i++) {
    const double steps = at(curve, "steps", i);
    reward += at(curve, "reward", i) * (steps - before);
    falls += at(curve, "falls", i);
    before = steps;
    if ((i + 1) * drawn / n == i * drawn / n) continue;
    out[count++] = (point){.update = at(curve, "update", i),
                           .x = cost ? at(curve, "cpu_s", i) : steps / 1000,
                           .y = {reward / (steps - begun), 1000 * falls / (steps - begun)}};
    reward = falls = 0;
    begun = steps;
  }
  return count;
}

/* the points of all seeds of a method at equal updates: means, and the range of y */
typedef struct curve {
  int seeds, n;
  double x[DRAWN], y[SHOWN][DRAWN], lo[SHOWN][DRAWN], hi[SHOWN][DRAWN];
} curve;

static void add_seed(curve* c, int n, const point* points, const double* update) {
  int same = 0;
  if (c->seeds == 0) c->n = n;
  while (same < n && same < c->n && points[same].update == update[same]) same++;
  c->n = same;
  for (int i = 0; i < c->n; i++) {
    c->x[i] += points[i].x;
    for (int k = 0; k < SHOWN; k++) {
      const double y = points[i].y[k];
      c->y[k][i] += y;
      c->lo[k][i] = c->seeds ? fmin(c->lo[k][i], y) : y;
      c->hi[k][i] = c->seeds ? fmax(c->hi[k][i], y) : y;
    }
  }
  c->seeds++;
}

static curve find_curve(const run_view* r, const run_group* g, const char* method, bool cost) {
  curve c = {0};
  double update[DRAWN];
  for (int i = 0; i < r->n_cells; i++) {
    const run_cell* cell = &r->cells[i];
    point points[DRAWN];
    if (!cell->done || !run_in_group(g, cell) || strcmp(cell->method, method) != 0) continue;
    const int n = join_points(json_object_get(cell->record, "learning"), cost, points);
    if (n == 0) continue;
    for (int k = 0; k < n && c.seeds == 0; k++) update[k] = points[k].update;
    add_seed(&c, n, points, update);
  }
  for (int i = 0; i < c.n; i++) {
    c.x[i] /= c.seeds;
    for (int k = 0; k < SHOWN; k++) c.y[k][i] /= c.seeds;
  }
  return c;
}

static void add_block(const curve* c, const char* method, int k, text* data) {
  static const char* const words[SHOWN] = {"reward per action", "falls per 1000 actions"};
  plot_comment(data, "%s, %s: x, mean, smallest and largest of %d seeds", words[k], method, c->seeds);
  for (int i = 0; i < c->n; i++) text_add(data, "%.9g %.9g %.9g %.9g\n", c->x[i], c->y[k][i], c->lo[k][i], c->hi[k][i]);
  text_add(data, "\n\n");
}

/* bands, then lines on top of them; block k of a method is number SHOWN m + k */
static void draw_panel(plot* p, int n, const char* const* methods, const curve* curves, int k) {
  const char* join = "plot ";
  for (int pass = 0; pass < 2; pass++) {
    for (int m = 0; m < n; m++) {
      if (pass == 0 && curves[m].seeds == 1) continue;
      text_add(&p->script, "%s'%s.dat' index %d using ", join, p->name, SHOWN * m + k);
      join = ", \\\n  ";
      if (pass == 0) {
        text_add(&p->script, "1:3:4 with filledcurves lc rgb '#%06x' notitle", method_colour(methods[m]));
      } else {
        /* a curve of one point has no line */
        text_add(&p->script, "1:2 with %s lw 2 dt %d lc rgb '#%06x' notitle",
                 curves[m].n == 1 ? "linespoints pt 7 ps 0.5" : "lines", method_dash(methods[m]),
                 method_colour(methods[m]));
      }
    }
  }
  text_add(&p->script, "\n");
}

/* the range of a panel: gnuplot warns of an axis without length */
static void set_range(plot* p, int n, const curve* curves, int k) {
  double lo = k == SHOWN_FALLS ? 0 : INFINITY, hi = -INFINITY;
  for (int m = 0; m < n; m++) {
    for (int i = 0; i < curves[m].n; i++) {
      lo = fmin(lo, curves[m].lo[k][i]);
      hi = fmax(hi, curves[m].hi[k][i]);
    }
  }
  const double edge = hi > lo ? 0.05 * (hi - lo) : 1;
  text_add(&p->script, "set yrange [%.6g:%.6g]\n", k == SHOWN_FALLS ? -0.02 * fmax(hi, 1) : lo - edge, hi + edge);
}

bool plot_learning(const run_view* r, const run_group* g, bool cost, plot* p) {
  enum { PANEL = 430, HEAD = 40, BODY = 260, FOOT = 56 };
  const char** methods = NULL;
  curve* curves = NULL;
  int n = 0;
  for (int m = 0; m < g->n_methods; m++) {
    const curve c = find_curve(r, g, g->methods[m], cost);
    if (c.n == 0) continue;
    methods = list_grow(methods, n, sizeof *methods);
    curves = list_grow(curves, n, sizeof *curves);
    methods[n] = g->methods[m];
    curves[n++] = c;
  }
  const int width = SHOWN * PANEL + 40, keys = plot_legend_height(n, width), height = HEAD + keys + BODY + FOOT;
  if (n > 0) {
    plot_begin(p, width, height);
    plot_legend(p, n, methods, width, height);
    text_add(&p->script, "set xlabel '%s' offset 0,0.6\nset xrange [0:*]\n",
             cost ? "CPU time of the training [s]" : "actions of all robots [thousand]");
  }
  for (int k = 0; k < SHOWN && n > 0; k++) {
    static const char* const titles[SHOWN] = {"reward", "falls"};
    static const char* const labels[SHOWN] = {"mean reward per action", "falls per 1000 actions"};
    plot_place(p, (plot_box){k * PANEL + 76, (k + 1) * PANEL + 10, HEAD + keys + BODY, HEAD + keys}, width, height);
    text_add(&p->script, "set title '%s' offset 0,-0.4\nset ylabel '%s' offset 1\n", titles[k], labels[k]);
    set_range(p, n, curves, k);
    draw_panel(p, n, methods, curves, k);
  }
  for (int m = 0; m < n; m++) {
    for (int k = 0; k < SHOWN; k++) add_block(&curves[m], methods[m], k, &p->data);
  }
  df_free(methods);
  df_free(curves);
  if (n == 0) return false;
  text_add(&p->script, "unset multiplot\n");
  text_add(&p->caption,
           "Learning curves of experts against %s: reward and falls of the robots while they learn, with the noise of "
           "the method on their actions. Lines are means over seeds at equal updates, bands span the smallest to the "
           "largest seed.",
           cost ? "the CPU time of the training" : "the actions that the simulator executed");
  plot_caption_source(r, g, &p->caption);
  return true;
}
