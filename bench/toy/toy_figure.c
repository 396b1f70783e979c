#include "toy_figure.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "escape.h"
#include "toy_task.h"

/* points of a cloud, paths that are drawn, steps of a path; arrows per side, half width of a panel */
enum { POINTS = 700, PATHS = 60, STEPS = 20, SIDE = 15 };
static const double REACH = 2.8, LAST = 0.999;
static const double times[] = {0, 0.5, 0.9};
enum { TIMES = sizeof times / sizeof times[0], COLUMNS = 3 + TIMES };
/* px */
enum { PANEL = 170, GAP = 8, LEFT = 90, TOP = 34, BOTTOM = 10 };

/* ---- data: blocks of each row, in the order of the columns ---- */

/* velocities [n][2] at z [n][2] */
static df_status velocities(df_flow* flow, const df_task* task, const double* condition, double t, int n,
                            const double* z, double* v) {
  const size_t nc = condition ? (size_t)task->data->nc : 0;
  double* memory = df_alloc((size_t)n * (TOY_NX + nc), sizeof *memory);
  if (!memory) return DF_E_NOMEM;
  double* conditions = memory + (size_t)n * TOY_NX;
  for (size_t i = 0; i < (size_t)n; i++) {
    toy_state(memory + i * TOY_NX);
    if (nc) memcpy(conditions + i * nc, condition, nc * sizeof *conditions);
  }
  const df_flow_points at = {.B = n, .x0 = memory, .condition = nc ? conditions : NULL, .z = z, .t = t};
  const df_status status = df_flow_velocity(flow, &at, v, NULL);
  df_free(memory);
  return status;
}

static void add_points(text* data, int n, const double* z) {
  for (int i = 0; i < n; i++) text_add(data, "%.3f %.3f\n", z[2 * i], z[2 * i + 1]);
  text_add(data, "\n\n");
}

/* arrows whose length is the square root of the speed, so that slow places show, too */
static df_status add_field(text* data, df_flow* flow, const df_task* task, const double* condition, double t) {
  double z[SIDE * SIDE * 2], v[SIDE * SIDE * 2];
  for (int i = 0; i < SIDE * SIDE; i++) {
    z[2 * i] = REACH * (2.0 * (i % SIDE + 0.5) / SIDE - 1);
    z[2 * i + 1] = REACH * (2.0 * (i / SIDE + 0.5) / SIDE - 1);
  }
  DF_TRY(velocities(flow, task, condition, t, SIDE * SIDE, z, v));
  for (int i = 0; i < SIDE * SIDE; i++) {
    const double speed = hypot(v[2 * i], v[2 * i + 1]), scale = 0.16 / sqrt(fmax(speed, 1e-6));
    text_add(data, "%.3f %.3f %.3f %.3f %.3f\n", z[2 * i], z[2 * i + 1], scale * v[2 * i], scale * v[2 * i + 1], speed);
  }
  text_add(data, "\n\n");
  return DF_OK;
}

/* one midpoint step of n points */
static df_status step(df_flow* flow, const df_task* task, const double* condition, double t, double h, int n, double* z,
                      double* work) {
  double *v = work, *middle = work + 2 * n;
  DF_TRY(velocities(flow, task, condition, t, n, z, v));
  for (int k = 0; k < 2 * n; k++) middle[k] = z[k] + 0.5 * h * v[k];
  DF_TRY(velocities(flow, task, condition, t + 0.5 * h, n, middle, v));
  for (int k = 0; k < 2 * n; k++) z[k] += h * v[k];
  return DF_OK;
}

/* the paths from noise, the first PATHS of which are drawn, and their ends */
static df_status add_paths(text* data, df_flow* flow, const df_task* task, const double* condition, uint64_t seed) {
  double* z = df_alloc(POINTS * 2 * (3 + STEPS + 1), sizeof *z);
  if (!z) return DF_E_NOMEM;
  double *work = z + 2 * POINTS, *path = z + 6 * POINTS;
  for (int i = 0; i < POINTS; i++) {
    df_rng_normal(seed, DF_STREAM_SAMPLE_NOISE, (uint64_t)i, 2, z + 2 * i);
    for (int j = 0; j < 2; j++) z[2 * i + j] *= task->config.flow_sigma;
  }
  df_status status = DF_OK;
  memcpy(path, z, 2 * PATHS * sizeof *z);
  for (int k = 0; k < STEPS && status == DF_OK; k++) {
    status = step(flow, task, condition, LAST * k / STEPS, LAST / STEPS, POINTS, z, work);
    memcpy(path + 2 * PATHS * (k + 1), z, 2 * PATHS * sizeof *z);
  }
  for (int i = 0; i < PATHS && status == DF_OK; i++) {
    for (int k = 0; k <= STEPS; k++)
      text_add(data, "%.3f %.3f %.3f\n", path[2 * (PATHS * k + i)], path[2 * (PATHS * k + i) + 1], LAST * k / STEPS);
    text_add(data, "\n");
  }
  if (status == DF_OK) {
    text_add(data, "\n");
    add_points(data, POINTS, z);
  }
  df_free(z);
  return status;
}

/* ---- panels ---- */

static void begin_panel(toy_figure* f, plot* p, int column, const char* title) {
  const int width = LEFT + COLUMNS * PANEL, height = TOP + f->rows * PANEL + BOTTOM;
  const double left = LEFT + column * PANEL, top = TOP + f->added * PANEL;
  plot_place(p, (plot_box){.left = left, .right = left + PANEL - GAP, .top = top, .bottom = top + PANEL - GAP}, width,
             height);
  text_add(&p->script, f->added == 0 ? "set title '%s' offset 0,-0.6\n" : "unset title # %s\n", title);
}

static void add_panels(toy_figure* f, cloud c) {
  static const char* const titles[COLUMNS] = {"points",         "field, t = 0", "field, t = 0.5",
                                              "field, t = 0.9", "paths",        "samples"};
  plot p = {.name = ""};
  char* name = format_text("%s", cloud_name(c));
  for (char* at = name; *at; at++) *at = *at == '_' ? ' ' : *at;
  for (int column = 0; column < COLUMNS; column++) {
    const int block = f->added * COLUMNS + column;
    begin_panel(f, &p, column, titles[column]);
    if (column == 0) {
      text_add(&p.script, "set ylabel ");
      text_add_gnuplot(&p.script, name);
      text_add(&p.script, " offset 1\n");
    } else {
      text_add(&p.script, "unset ylabel\n");
    }
    text_add(&p.script, "plot 'toy2d-%s.dat' index %d using 1:2", f->variant, block);
    if (column == 0 || column == COLUMNS - 1) {
      text_add(&p.script, " with points pt 7 ps 0.22 lc rgb '%s'\n", column ? "#0072b2" : "#444444");
    } else if (column <= TIMES) {
      text_add(&p.script, ":3:4:5 with vectors filled head size 0.07,25 lw 0.9 lc palette\n");
    } else {
      text_add(&p.script, ":3 with lines lw 0.7 lc palette\n");
    }
  }
  df_free(name);
  text_add_bytes(&f->panels, text_of(&p.script), p.script.n);
  plot_clear(&p);
}

df_status toy_figure_add(toy_figure* f, cloud c, df_flow* flow, const df_task* task, const double* condition,
                         uint64_t seed) {
  double points[POINTS * 2];
  for (int i = 0; i < POINTS; i++) toy_fresh_point(c, seed, 0, i, points + 2 * i);
  toy_normalise(task, POINTS, points, points);
  add_points(&f->data, POINTS, points);
  for (int k = 0; k < TIMES; k++) DF_TRY(add_field(&f->data, flow, task, condition, times[k]));
  DF_TRY(add_paths(&f->data, flow, task, condition, seed));
  add_panels(f, c);
  f->added++;
  return DF_OK;
}

df_status toy_figure_save(toy_figure* f, const char* folder) {
  char* name = format_text("toy2d-%s", f->variant);
  plot p = {.name = name};
  plot_begin(&p, LEFT + COLUMNS * PANEL, TOP + f->rows * PANEL + BOTTOM);
  text_add(&p.script,
           "unset xtics\nunset ytics\nunset grid\nset border 15 lc rgb '#bbbbbb' lw 0.8\nset size ratio -1\n"
           "unset colorbox\nset palette defined (0 '#c6dbef', 1 '#4292c6', 3 '#084594')\n"
           "set xrange [-%g:%g]\nset yrange [-%g:%g]\n",
           REACH, REACH, REACH, REACH);
  text_add_bytes(&p.script, text_of(&f->panels), f->panels.n);
  text_add(&p.script, "unset multiplot\n");
  text_add_bytes(&p.data, text_of(&f->data), f->data.n);
  const df_status status = plot_save(folder, &p);
  plot_clear(&p);
  df_free(name);
  return status;
}

void toy_figure_clear(toy_figure* f) {
  text_clear(&f->data);
  text_clear(&f->panels);
}
