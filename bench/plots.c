/* plots.c: figures as gnuplot scripts with their data beside them; training curves and metrics. */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "report.h"

/* ---- what all figures share ---- */

void plot_quoted(text* script, const char* plain) {
  text_add(script, "\"");
  for (const char* p = plain; *p; p++) {
    /* letters that mean something in gnuplot's enhanced texts, and those that end a string */
    if (strchr("_^{}@&~", *p)) text_add(script, "\\\\");
    if (*p == '"' || *p == '\\') text_add(script, "\\");
    if ((unsigned char)*p >= ' ') text_add(script, "%c", *p);
  }
  text_add(script, "\"");
}

void plot_begin(plot* p, int width, int height) {
  text_add(&p->script,
           "# drawn by: gnuplot %s.gp\n"
           "set encoding utf8\n"
           "set terminal svg size %d,%d fixed enhanced name 'dynaflow' font 'Helvetica,13' rounded linewidth 1 "
           "background '#ffffff'\n"
           "set output '%s.svg'\n"
           "set border 3 lc rgb '#555555' lw 0.8\n"
           "set tics nomirror out scale 0.4 font ',11' textcolor rgb '#333333'\n"
           "set xtics offset 0,0.45\nset ytics offset 0.4,0\n"
           "set grid lt 1 lc rgb '#e6e6e6' lw 0.7\n"
           "set datafile missing 'NaN'\n"
           "set style fill transparent solid 0.18 noborder\n"
           "unset key\n"
           "set multiplot\n",
           p->name, width, height, p->name);
}

typedef struct box {
  double left, right, bottom, top; /* px from the left and the top edge of a figure */
} box;

static void place(plot* p, box b, int width, int height) {
  text_add(&p->script,
           "set lmargin at screen %.5f\nset rmargin at screen %.5f\nset bmargin at screen %.5f\nset tmargin at screen "
           "%.5f\n",
           b.left / width, b.right / width, 1 - b.bottom / height, 1 - b.top / height);
}

static void list_seeds(const report* r, const report_group* g, text* out) {
  int n = 0;
  int64_t seeds[SEED_VALUES_MAX];
  for (int i = 0; i < r->n_cells && n < SEED_VALUES_MAX; i++) {
    const report_cell* c = &r->cells[i];
    bool known = !c->done || !report_in_group(g, c);
    for (int j = 0; j < n && !known; j++) known = seeds[j] == c->seed;
    if (!known) seeds[n++] = c->seed;
  }
  text_add(out, "%s ", n == 1 ? "seed" : "seeds");
  for (int i = 0; i < n; i++) text_add(out, "%s%lld", i ? ", " : "", (long long)seeds[i]);
}

/* the part of every caption that says what is behind a figure */
static void caption_source(const report* r, const report_group* g, text* out) {
  const report_cell* any = NULL;
  for (int i = 0; i < r->n_cells && !any; i++) {
    if (r->cells[i].done && report_in_group(g, &r->cells[i])) any = &r->cells[i];
  }
  const json_t* made = any ? json_object_get(any->record, "provenance") : NULL;
  text_add(out, " Task %s, profile %s, ", g->task, g->profile);
  list_seeds(r, g, out);
  text_add(out, "; %d of %d cells; commit %s%s.", g->done, g->cells, string_of(made, "commit"),
           json_is_true(json_object_get(made, "dirty")) ? " (modified)" : "");
}

/* ---- training curves ---- */

enum { PANELS_MAX = 4 };
static const char MAIN_CURVE[] = "flow matching";

/* the first curve of a cell is its flow's, whatever the method; others go by their names */
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

static int find_panels(const report* r, const report_group* g, const char** panels) {
  int n = 0;
  for (int c = 0; c < r->n_cells; c++) {
    if (!r->cells[c].done || !report_in_group(g, &r->cells[c])) continue;
    size_t i;
    json_t* curve;
    json_array_foreach(json_object_get(json_object_get(r->cells[c].record, "training"), "curves"), i, curve) {
      int known = 0;
      while (known < n && strcmp(panels[known], curve_panel(i, curve)) != 0) known++;
      if (known == n && n < PANELS_MAX && json_array_size(json_object_get(curve, "step"))) {
        panels[n++] = curve_panel(i, curve);
      }
    }
  }
  return n;
}

/* the curves of one method, over seeds: step, mean, smallest, largest, as far as the seeds have the same steps */
static bool add_curve(const report* r, const report_group* g, const char* method, const char* panel, text* data,
                      int* n_seeds) {
  const json_t* curves[SEED_VALUES_MAX];
  int n = 0;
  for (int c = 0; c < r->n_cells && n < SEED_VALUES_MAX; c++) {
    const report_cell* cell = &r->cells[c];
    if (!cell->done || !report_in_group(g, cell) || strcmp(cell->method, method) != 0) continue;
    const json_t* curve = find_curve(cell->record, panel);
    if (curve) curves[n++] = curve;
  }
  *n_seeds = n;
  if (n == 0) return false;
  text_add(data, "# %s, %s: step, mean, smallest and largest of %d seeds\n", panel, method, n);
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
    if (isfinite(sum)) text_add(data, "%.0f %.9g %.9g %.9g\n", number_of(step), sum / n, lo, hi);
  }
  text_add(data, "\n\n");
  return true;
}

static void draw_training_panel(const report* r, const report_group* g, const char* panel, plot* p, int* block) {
  const char* join = "plot ";
  /* bands first, so that no line lies under one */
  int first = *block;
  for (int pass = 0; pass < 2; pass++) {
    int at = first;
    for (int m = 0; m < g->n_methods; m++) {
      int seeds = 0;
      text scratch = {0};
      const bool there = add_curve(r, g, g->methods[m], panel, pass == 0 ? &p->data : &scratch, &seeds);
      text_clear(&scratch);
      if (!there) continue;
      const unsigned colour = method_colour(g->methods[m]);
      if (pass == 0 && seeds > 1) {
        text_add(&p->script, "%s'%s.dat' index %d using 1:3:4 with filledcurves lc rgb '#%06x' notitle", join, p->name,
                 at, colour);
        join = ", \\\n  ";
      }
      if (pass == 1) {
        text_add(&p->script, "%s'%s.dat' index %d using 1:2 with lines lw 2 dt %d lc rgb '#%06x' title ", join, p->name,
                 at, method_dash(g->methods[m]), colour);
        plot_quoted(&p->script, method_label(g->methods[m]));
        join = ", \\\n  ";
      }
      at++;
    }
    *block = at;
  }
  text_add(&p->script, "\n");
}

bool plot_training(const report* r, const report_group* g, plot* p) {
  enum { PANEL = 400, HEIGHT = 310 };
  const char* panels[PANELS_MAX];
  const int n = find_panels(r, g, panels);
  int block = 0;
  if (n == 0) return false;
  const int width = n * PANEL + 40;
  plot_begin(p, width, HEIGHT);
  text_add(&p->script,
           "set logscale y\nset format y '10^{%%L}'\nset mytics 10\nset xlabel 'gradient step' offset 0,0.6\nset "
           "xrange [0:*]\n"
           "set yrange [*:*]\nset key top right samplen 1.6 spacing 1.1 font ',11' opaque\n");
  for (int i = 0; i < n; i++) {
    place(p, (box){i * PANEL + 70, (i + 1) * PANEL + 10, HEIGHT - 56, 40}, width, HEIGHT);
    char title[64];
    snprintf(title, sizeof title, "%s", panels[i]);
    for (char* c = title; *c; c++) *c = *c == '_' ? ' ' : *c;
    text_add(&p->script, "set title ");
    plot_quoted(&p->script, title);
    text_add(&p->script, " offset 0,-0.4\nset ylabel '%s' offset 1\n", i == 0 ? "loss (mean square, normalised)" : "");
    draw_training_panel(r, g, panels[i], p, &block);
  }
  text_add(&p->script, "unset multiplot\n");
  text_add(&p->caption,
           "Training loss against gradient steps; lines are means over seeds, bands reach from the smallest to "
           "the largest seed. Losses of methods with different outputs do not compare in height.");
  caption_source(r, g, &p->caption);
  return true;
}

/* ---- metrics by method ---- */

/* below this share of the largest value a number is nothing but rounding: drawn at 0, with its size written beside it
 */
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

/* floor and ceiling: nothing about them was learnt */
static bool is_reference(const char* method) {
  return strcmp(method, "random_action") == 0 || strcmp(method, "replay_demo") == 0;
}

/* of the trained methods alone, or of all; lo > hi where there is no number */
static range metric_range(const report* r, const report_group* g, const char* metric, int k, bool trained) {
  range s = {INFINITY, -INFINITY, INFINITY, false};
  for (int pass = 0; pass < 2; pass++) {
    const double least = pass == 0 ? 0 : ROUNDING * fmax(fabs(s.lo), fabs(s.hi));
    s = (range){INFINITY, -INFINITY, INFINITY, false};
    for (int m = 0; m < g->n_methods; m++) {
      if (trained && is_reference(g->methods[m])) continue;
      const aggregate a = report_aggregate(r, g, g->methods[m], metric, k);
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

/* the least of 1, 2, 2.5 and 5 times a power of ten that parts a span into so many at most */
static double nice_step(double span, int parts) {
  static const double nice[] = {1, 2, 2.5, 5};
  const double wanted = span / parts, power = pow(10, floor(log10(wanted)));
  for (int i = 0; i < 4; i++) {
    if (nice[i] * power >= wanted) return nice[i] * power;
  }
  return 10 * power;
}

/* long numbers need more room */
static double tick_step(double span) {
  const double step = nice_step(span, 6);
  char number[32];
  return snprintf(number, sizeof number, "%g", step) > 4 ? nice_step(span, 4) : step;
}

/* Trained methods set the axis, for floor and ceiling would press them onto one spot. It has 0 on it where they still
 * take a quarter of it then, and else only their part. */
static axis metric_axis(const report* r, const report_group* g, const char* metric, int k, const char* unit) {
  const axis unit_axis = {-0.03, 1.03, 0.25};
  if (strcmp(unit, "share") == 0) return unit_axis;
  range s = metric_range(r, g, metric, k, true);
  if (s.lo > s.hi) s = metric_range(r, g, metric, k, false);
  if (s.lo > s.hi) return unit_axis;
  const double decades = log10(s.hi / s.smallest_positive);
  if (!s.any_zero && isfinite(decades) && decades > 1.7) {
    return (axis){pow(10, floor(log10(s.smallest_positive) - 0.05)), pow(10, ceil(log10(s.hi) + 0.05)), 0};
  }
  const double away = s.lo > 0 ? s.lo : fmax(0, -s.hi), part = s.hi - s.lo;
  /* what is equal but for a last digit is not pulled apart */
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
  plot_quoted(labels, words);
  text_add(labels, " at %s, first %d %s\n", place_of, row_of, style);
}

/* what a mark does not say by its place: that it is next to 0 but not 0, or beyond the axis */
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

static const char* metric_unit(const report* r, const report_group* g, const char* metric, int k) {
  for (int m = 0; m < g->n_methods; m++) {
    const aggregate a = report_aggregate(r, g, g->methods[m], metric, k);
    if (a.unit[0]) return a.unit;
  }
  return "";
}

/* one block of means with intervals, one of single seeds: value lo hi row colour; labels say what has no place */
static void add_metric(const report* r, const report_group* g, const char* metric, int k, const axis* x, plot* p,
                       text* labels, int* blocks) {
  text seeds = {0};
  bool any = false;
  text_add(&p->data, "# %s: mean, interval, row, colour\n", metric);
  for (int m = 0; m < g->n_methods; m++) {
    const aggregate a = report_aggregate(r, g, g->methods[m], metric, k);
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
    for (int i = 0; i < a.n && a.n > 1; i++) text_add(&seeds, "%.9g %d %u\n", a.values[i], m + 1, colour);
  }
  /* gnuplot has no empty blocks: what is not there is not plotted */
  if (any) text_add(&p->data, "\n\n");
  if (seeds.n) text_add(&p->data, "# %s: single seeds\n%s\n\n", metric, text_of(&seeds));
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

static void draw_metric(const report* r, const report_group* g, const char* metric, int k, bool named, int* block,
                        plot* p) {
  const char *unit = metric_unit(r, g, metric, k), *better = metric_better(metric);
  char title[96];
  text labels = {0};
  int blocks = 0;
  const axis x = metric_axis(r, g, metric, k, unit);
  add_metric(r, g, metric, k, &x, p, &labels, &blocks);
  set_metric_axis(p, &x);
  text_add(&p->script, "set title ");
  plot_quoted(&p->script, metric);
  snprintf(title, sizeof title, "%s%s%s%s", unit, better[0] ? " (" : "", better, better[0] ? " is better)" : "");
  text_add(&p->script, " font ',13' offset 0,-0.5\nset xlabel ");
  plot_quoted(&p->script, title);
  text_add(&p->script, " font ',11' offset 0,0.75\nset ytics (");
  for (int m = 0; m < g->n_methods; m++) {
    text_add(&p->script, "%s", m ? ", " : "");
    plot_quoted(&p->script, named ? method_label(g->methods[m]) : "");
    text_add(&p->script, " %d", m + 1);
  }
  text_add(&p->script, ") font ',12'\nunset label\nunset arrow\n%s", text_of(&labels));
  /* small circles first, under the means */
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

bool plot_metrics(const report* r, const report_group* g, int k, plot* p) {
  enum { COLUMNS = 3, LABELS = 175, PANEL = 250, GAP = 24, HEAD = 36, FOOT = 58, ROW = 25 };
  const char* metrics[METRICS_MAX];
  int n = 0;
  for (int place_of = 0; place_of < METRICS_MAX; place_of++) {
    for (int i = 0; i < g->n_metrics; i++) {
      if (report_main_metric(g->metrics[i]) == place_of) metrics[n++] = g->metrics[i];
    }
  }
  if (n == 0) return false;
  const int columns = n < COLUMNS ? n : COLUMNS, rows_of = (n + columns - 1) / columns;
  const int body = ROW * (g->n_methods < 3 ? 3 : g->n_methods), panel = HEAD + body + FOOT;
  const int width = LABELS + columns * (PANEL + GAP), height = rows_of * panel;
  plot_begin(p, width, height);
  text_add(&p->script, "set yrange [%d.6:0.4]\nset border 1\nset errorbars 0\n", g->n_methods);
  int block = 0;
  for (int i = 0; i < n; i++) {
    const int column = i % columns, line = i / columns;
    const box b = {LABELS + column * (PANEL + GAP), LABELS + column * (PANEL + GAP) + PANEL, line * panel + HEAD + body,
                   line * panel + HEAD};
    place(p, b, width, height);
    draw_metric(r, g, metrics[i], k, column == 0, &block, p);
  }
  text_add(&p->script, "unset multiplot\n");
  text_add(&p->caption, "Metrics by method");
  if (k) text_add(&p->caption, " at K = %d sampler step%s", k, k == 1 ? "" : "s");
  text_add(&p->caption,
           ": mean over seeds with the smallest and largest seed (small circles: single seeds); over one seed, "
           "the 95 %% interval over test windows. Methods without sampler steps are shown as they are. The trained "
           "methods set the axes, which need not begin at 0; marks with an arrow lie beyond the axis.");
  caption_source(r, g, &p->caption);
  return true;
}

/* ---- files ---- */

/* runs gnuplot in the plots' folder, so that scripts name files by themselves */
static df_status run_gnuplot(const char* folder, const char* script) {
  const pid_t child = fork();
  if (child < 0) return df_fail(DF_E_IO, "gnuplot cannot be started: %s", strerror(errno));
  if (child == 0) {
    /* texts are UTF-8 whatever the user's locale is */
    setenv("LC_ALL", "C.UTF-8", 1);
    if (chdir(folder) == 0) execlp("gnuplot", "gnuplot", script, (char*)NULL);
    _exit(errno == ENOENT ? 127 : 126);
  }
  int state = 0;
  while (waitpid(child, &state, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(state) && WEXITSTATUS(state) == 0) return DF_OK;
  if (WIFEXITED(state) && WEXITSTATUS(state) == 127) {
    return df_fail(DF_E_MISSING, "gnuplot is not installed: no figures are drawn; their scripts are in %s", folder);
  }
  return df_fail(DF_E_IO, "gnuplot failed on %s/%s", folder, script);
}

static df_status write_part(const char* folder, const char* name, const char* suffix, const text* content) {
  char* path = format_text("%s/%s%s", folder, name, suffix);
  const df_status status = text_write(content, path);
  df_free(path);
  return status;
}

df_status plot_save(const char* folder, const plot* p) {
  char* script = format_text("%s.gp", p->name);
  df_status status = write_part(folder, p->name, ".dat", &p->data);
  if (status == DF_OK) status = write_part(folder, p->name, ".gp", &p->script);
  if (status == DF_OK) status = run_gnuplot(folder, script);
  df_free(script);
  return status;
}

void plot_clear(plot* p) {
  text_clear(&p->script);
  text_clear(&p->data);
  text_clear(&p->caption);
}

static df_status write_plot(const char* folder, const plot* p, figures* out) {
  DF_TRY(plot_save(folder, p));
  out->list[out->n++] =
      (figure){.name = format_text("%s", p->name), .caption = format_text("%s", text_of(&p->caption))};
  return DF_OK;
}

typedef enum plot_kind { PLOT_METRICS, PLOT_EXAMPLES, PLOT_STRIP, PLOT_TRAINING, PLOT_KINDS } plot_kind;

static df_status plot_one(const report* r, const report_group* g, plot_kind kind, int k, const char* folder,
                          figures* out) {
  static const char* const names[] = {"metrics", "trajectories", "strip", "training"};
  plot p = {0};
  char* name = kind == PLOT_METRICS && k ? format_text("%s-metrics-k%d", g->file, k)
                                         : format_text("%s-%s", g->file, names[kind]);
  p.name = name;
  bool there = false;
  if (kind == PLOT_METRICS) there = plot_metrics(r, g, k, &p);
  if (kind == PLOT_EXAMPLES) there = plot_examples(r, g, &p);
  if (kind == PLOT_STRIP) there = plot_strip(r, g, &p);
  if (kind == PLOT_TRAINING) there = plot_training(r, g, &p);
  if (there && (kind == PLOT_EXAMPLES || kind == PLOT_STRIP)) caption_source(r, g, &p.caption);
  const df_status status = there ? write_plot(folder, &p, out) : DF_OK;
  plot_clear(&p);
  df_free(name);
  return status;
}

static df_status plot_group(const report* r, const report_group* g, const char* folder, figures* out) {
  const int before = out->n;
  for (int kind = 0; kind < PLOT_KINDS; kind++) {
    const int times = kind == PLOT_METRICS ? g->n_k : 1;
    for (int j = 0; j < times && out->n - before < FIGURES_MAX; j++) {
      DF_TRY(plot_one(r, g, (plot_kind)kind, g->k[j], folder, out));
    }
  }
  return DF_OK;
}

df_status plots_write(const report* r, const char* folder, figures* out) {
  char* plots = df_path_join(folder, "plots");
  df_status status = plots ? df_dir_make(plots) : DF_E_NOMEM;
  df_status missing = DF_OK;
  for (int i = 0; i < r->n_groups && status == DF_OK; i++) {
    out->first[i] = out->n;
    if (r->groups[i].done) status = plot_group(r, &r->groups[i], plots, out);
    /* without gnuplot the scripts of all groups are still written */
    if (status == DF_E_MISSING) {
      missing = status;
      status = DF_OK;
    }
    out->first[i + 1] = out->n;
  }
  df_free(plots);
  return status == DF_OK ? missing : status;
}

void figures_clear(figures* f) {
  for (int i = 0; i < f->n; i++) {
    df_free(f->list[i].name);
    df_free(f->list[i].caption);
  }
  *f = (figures){0};
}
