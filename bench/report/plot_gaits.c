/* plot_gaits.c: gait diagrams and phase portraits of long motions: one row of panels per method, one column per motion.
 */
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

static const double SHOWN_SECONDS = 2; /* recorded of the path of a joint */
/* px: room for the names of methods, between panels, and around them; of an axis label, at least, and per letter of it
 */
enum { METHODS = 140, BETWEEN = 16, GAP_Y = 22, TOP = 70, FOOT = 50, EDGE = 16, TICKS = 30, TICKS_LETTER = 7 };
static const unsigned GREY = 0xB8B8B8;

/* the methods that have motions, and the size of the figure; {0} is empty */
typedef struct grid {
  const run_cell** cells; /* [rows], owned */
  int rows, columns;
  int cell_width, cell_height; /* px */
  int ticks;                   /* px, room for the labels of the vertical axis */
} grid;

static int grid_left(const grid* g) {
  return METHODS + g->ticks;
}

static int grid_gap(const grid* g) {
  return BETWEEN + g->ticks;
}

static const json_t* motion_of(const run_cell* c, int column) {
  return c ? json_array_get(json_object_get(c->record, "motions"), (size_t)column) : NULL;
}

/* the cells of which a motion has `part`, "contacts" or "joint" */
static void grid_find(const run_view* r, const run_group* g, const char* part, grid* out) {
  for (int m = 0; m < g->n_methods; m++) {
    const run_cell* c = run_example(r, g, g->methods[m]);
    int n = 0;
    while (json_object_get(motion_of(c, n), part)) n++;
    if (n == 0) continue;
    out->cells = list_grow(out->cells, out->rows, sizeof *out->cells);
    out->cells[out->rows++] = c;
    out->columns = n > out->columns ? n : out->columns;
  }
}

static int grid_width(const grid* g) {
  return grid_left(g) + g->columns * (g->cell_width + grid_gap(g)) - grid_gap(g) + EDGE;
}

static int grid_height(const grid* g) {
  return TOP + g->rows * (g->cell_height + GAP_Y) - GAP_Y + FOOT;
}

/* Places the next panel: title above the first row, method left of the first column, `x_label` below the last row. */
static void begin_panel(plot* p, const grid* g, int row, int column, const char* x_label) {
  const double x = grid_left(g) + column * (g->cell_width + grid_gap(g)), y = TOP + row * (g->cell_height + GAP_Y);
  const run_cell* c = g->cells[row];
  plot_place(p, (plot_box){x, x + g->cell_width, y + g->cell_height, y}, grid_width(g), grid_height(g));
  text_add(&p->script, "set title ");
  text_add_gnuplot(&p->script, row == 0 ? string_of(motion_of(c, column), "title") : "");
  text_add(&p->script, " font ',12' offset 0,-0.5\nunset label 1\n");
  if (column == 0) {
    text_add(&p->script, "set label 1 ");
    text_add_gnuplot(&p->script, method_label(c->method));
    text_add(&p->script, " at screen %.5f, graph 0.5 right font ',12' textcolor rgb '#%06x'\n",
             (double)(METHODS - 10) / grid_width(g), method_colour(c->method));
  }
  if (row == g->rows - 1) {
    text_add(&p->script, "set xlabel ");
    text_add_gnuplot(&p->script, x_label);
    text_add(&p->script, " font ',11' offset 0,0.75\nset format x '%%g'\n");
  } else {
    text_add(&p->script, "unset xlabel\nset format x ''\n");
  }
}

/* ends the legend, which is drawn with the first panel, after that panel */
static void end_panel(plot* p, int row, int column) {
  if (row == 0 && column == 0) text_add(&p->script, "unset label 2\nunset label 3\nunset arrow\n");
}

/* two lines of a legend at the top left */
static void add_legend(plot* p, const grid* g, const char* first, const char* second) {
  const char* const words[] = {first, second};
  const double width = grid_width(g), y = 1 - 18.0 / grid_height(g);
  for (int i = 0; i < 2; i++) {
    const double x = EDGE + i * 200;
    text_add(&p->script,
             "set arrow %d from screen %.5f, screen %.5f to screen %.5f, screen %.5f nohead lw %g lc rgb '#%06x'\n"
             "set label %d '%s' at screen %.5f, screen %.5f left font ',12'\n",
             i + 1, x / width, y, (x + 32) / width, y, i == 0 ? 7.0 : 3.5,
             i == 0 ? GREY : method_colour(g->cells[0]->method), i + 2, words[i], (x + 40) / width, y);
  }
}

/* ---- gait diagrams ---- */

/* what generated contacts are drawn over: the commanded gait, else the demonstration */
static const char* reference_of(const json_t* contacts) {
  return json_object_get(contacts, "demanded") ? "demanded" : "demonstrated";
}

/* Adds the contacts of one side as rectangles: begin, end, bottom, top. Returns false if there are none. */
static bool add_contacts(text* data, const json_t* contacts, const char* side, double dt, double half) {
  const size_t feet = json_array_size(json_object_get(contacts, "feet"));
  int n = 0;
  for (size_t k = 0; k < feet; k++) {
    const char* touch = json_string_value(json_array_get(json_object_get(contacts, side), k));
    const double y = (double)(feet - k);
    const size_t length = touch ? strlen(touch) : 0, last = (size_t)lround(SHOWN_SECONDS / dt);
    for (size_t t = 0; t < length && t <= last;) {
      size_t end = t;
      while (touch[end] == '1' && end <= last) end++;
      if (end > t) {
        text_add(data, "%.9g %.9g %.9g %.9g\n", (double)t * dt, (double)end * dt, y - half, y + half);
        n++;
      }
      t = end > t ? end : t + 1;
    }
  }
  return n > 0;
}

/* room for the longest name of a foot */
static int room_for_feet(const grid* g) {
  int room = TICKS;
  for (int row = 0; row < g->rows; row++) {
    const json_t* feet = json_object_get(json_object_get(motion_of(g->cells[row], 0), "contacts"), "feet");
    for (size_t k = 0; k < json_array_size(feet); k++) {
      const int width = BETWEEN + TICKS_LETTER * (int)strlen(json_string_value(json_array_get(feet, k)));
      room = width > room ? width : room;
    }
  }
  return room;
}

/* a dotted line where the demonstration ends, if that is shown */
static void mark_end(plot* p, const json_t* contacts, double dt) {
  const char* touch = json_string_value(json_array_get(json_object_get(contacts, "demonstrated"), 0));
  const double end = touch ? (double)strlen(touch) * dt : SHOWN_SECONDS;
  if (end < SHOWN_SECONDS) {
    text_add(&p->script,
             "set arrow 3 from first %.6g, graph 0 to first %.6g, graph 1 nohead dt 3 lw 1 lc rgb '#555555'\n", end,
             end);
  }
}

static void draw_gait(plot* p, const grid* g, int row, int column, int* block) {
  const json_t *motion = motion_of(g->cells[row], column), *contacts = json_object_get(motion, "contacts");
  const double dt = number_of(json_object_get(motion, "dt"));
  const size_t feet = json_array_size(json_object_get(contacts, "feet"));
  const char* const sides[] = {reference_of(contacts), "generated"};
  const char* join = "plot ";
  begin_panel(p, g, row, column, "time [s]");
  text_add(&p->script, "set xrange [0:%g]\nset yrange [0.4:%.6g]\nset xtics 0.5\nset ytics (", SHOWN_SECONDS,
           (double)feet + 0.6);
  for (size_t k = 0; k < feet; k++) {
    text_add(&p->script, "%s", k ? ", " : "");
    text_add_gnuplot(&p->script, json_string_value(json_array_get(json_object_get(contacts, "feet"), k)));
    text_add(&p->script, " %zu", feet - k);
  }
  text_add(&p->script, ")\n");
  if (strcmp(sides[0], "demonstrated") == 0) mark_end(p, contacts, dt);
  for (int i = 0; i < 2; i++) {
    text rectangles = {0};
    if (add_contacts(&rectangles, contacts, sides[i], dt, i == 0 ? 0.36 : 0.16)) {
      plot_comment(&p->data, "contacts %s, %s, %s: begin, end, bottom, top", sides[i], string_of(motion, "title"),
                   g->cells[row]->method);
      text_add(&p->data, "%s\n\n", text_of(&rectangles));
      text_add(&p->script,
               "%s'%s.dat' index %d using (($1+$2)/2):(($3+$4)/2):1:2:3:4 with boxxyerror fs solid 1 noborder lc rgb "
               "'#%06x' notitle",
               join, p->name, (*block)++, i == 0 ? GREY : method_colour(g->cells[row]->method));
      join = ", \\\n  ";
    }
    text_clear(&rectangles);
  }
  text_add(&p->script, join[0] == 'p' ? "plot NaN notitle\n" : "\n");
  text_add(&p->script, "unset arrow 3\n");
  end_panel(p, row, column);
}

bool plot_gaits(const run_view* r, const run_group* g, plot* p) {
  grid all = {.cell_width = 210, .cell_height = 92};
  grid_find(r, g, "contacts", &all);
  if (all.rows == 0) return false;
  all.ticks = room_for_feet(&all);
  const char* reference = reference_of(json_object_get(motion_of(all.cells[0], 0), "contacts"));
  const bool demanded = strcmp(reference, "demanded") == 0;
  plot_begin(p, grid_width(&all), grid_height(&all));
  text_add(&p->script, "set tics font ',10'\nunset grid\n");
  add_legend(p, &all, demanded ? "commanded gait" : "demonstrated", "generated");
  int block = 0;
  for (int row = 0; row < all.rows; row++) {
    for (int column = 0; column < all.columns; column++) {
      if (motion_of(all.cells[row], column)) draw_gait(p, &all, row, column, &block);
    }
  }
  text_add(&p->script, "unset multiplot\n");
  text_add(&p->caption,
           "Ground contacts of the feet (colour) in the first %g s of open-loop chains from the same start states, the "
           "first of each group, over %s (grey). Lowest seed.",
           SHOWN_SECONDS,
           demanded ? "those of the commanded gait at the phase that agrees best"
                    : "the demonstrated ones, up to the dotted line where a demonstration ends");
  df_free(all.cells);
  return true;
}

/* ---- phase portraits ---- */

static const char* const AXES[] = {"position", "velocity"};

typedef struct span {
  double lo, hi;
} span;

/* the range of an axis over all panels of a column, with a margin */
static span column_span(const grid* g, int column, const char* axis) {
  span s = {INFINITY, -INFINITY};
  static const char* const sides[] = {"demonstrated", "generated"};
  for (int row = 0; row < g->rows; row++) {
    const json_t* joint = json_object_get(motion_of(g->cells[row], column), "joint");
    for (int i = 0; i < 2; i++) {
      const json_t* values = json_object_get(json_object_get(joint, sides[i]), axis);
      for (size_t t = 0; t < json_array_size(values); t++) {
        const double v = number_of(json_array_get(values, t));
        if (!isfinite(v)) continue;
        s.lo = fmin(s.lo, v);
        s.hi = fmax(s.hi, v);
      }
    }
  }
  if (!(s.hi >= s.lo)) return (span){-1, 1};
  const double pad = fmax(0.06 * (s.hi - s.lo), 1e-4);
  return (span){s.lo - pad, s.hi + pad};
}

/* Adds the path of a joint: position, velocity. Returns false if there is none. */
static bool add_path(text* data, const json_t* path) {
  const size_t n = json_array_size(json_object_get(path, AXES[0]));
  for (size_t i = 0; i < n; i++) {
    const double q = number_of(json_array_get(json_object_get(path, AXES[0]), i));
    const double v = number_of(json_array_get(json_object_get(path, AXES[1]), i));
    if (isfinite(q) && isfinite(v)) {
      text_add(data, "%.9g %.9g\n", q, v);
    } else {
      text_add(data, "NaN NaN\n");
    }
  }
  return n > 0;
}

static void draw_portrait(plot* p, const grid* g, int row, int column, int* block) {
  const json_t *motion = motion_of(g->cells[row], column), *joint = json_object_get(motion, "joint");
  static const char* const sides[] = {"demonstrated", "generated"};
  text label = {0};
  text_add(&label, "%s [%s]", string_of(joint, "name"), string_of(joint, "unit"));
  begin_panel(p, g, row, column, text_of(&label));
  text_clear(&label);
  for (int k = 0; k < 2; k++) {
    const span s = column_span(g, column, AXES[k]);
    text_add(&p->script, "set %crange [%.6g:%.6g]\nset %ctics %g\n", "xy"[k], s.lo, s.hi, "xy"[k],
             plot_nice_step(s.hi - s.lo, 5));
  }
  const char* join = "plot ";
  for (int i = 0; i < 2; i++) {
    text path = {0};
    if (add_path(&path, json_object_get(joint, sides[i]))) {
      plot_comment(&p->data, "%s of %s, %s, %s: position, velocity", sides[i], string_of(joint, "name"),
                   string_of(motion, "title"), g->cells[row]->method);
      text_add(&p->data, "%s\n\n", text_of(&path));
      text_add(&p->script, "%s'%s.dat' index %d using 1:2 with lines lw %g lc rgb '#%06x' notitle", join, p->name,
               (*block)++, i == 0 ? 4.0 : 1.4, i == 0 ? GREY : method_colour(g->cells[row]->method));
      join = ", \\\n  ";
    }
    text_clear(&path);
  }
  text_add(&p->script, join[0] == 'p' ? "plot NaN notitle\n" : "\n");
  end_panel(p, row, column);
}

bool plot_portraits(const run_view* r, const run_group* g, plot* p) {
  grid all = {.cell_width = 190, .cell_height = 150, .ticks = TICKS};
  grid_find(r, g, "joint", &all);
  if (all.rows == 0) return false;
  plot_begin(p, grid_width(&all), grid_height(&all));
  text_add(&p->script, "set tics font ',10'\n");
  add_legend(p, &all, "demonstrated", "generated");
  int block = 0;
  for (int row = 0; row < all.rows; row++) {
    for (int column = 0; column < all.columns; column++) {
      if (json_object_get(motion_of(all.cells[row], column), "joint")) draw_portrait(p, &all, row, column, &block);
    }
  }
  text_add(&p->script, "unset multiplot\n");
  const json_t* joint = json_object_get(motion_of(all.cells[0], 0), "joint");
  text_add(&p->caption, "Phase portraits of %s: velocity [%s/s] against position", string_of(joint, "name"),
           string_of(joint, "unit"));
  text_add(&p->caption,
           ", in the first %g s of open-loop chains (colour) and of the demonstrations from the same start states "
           "(grey), the first of each group. Axes are those of their column. Lowest seed.",
           SHOWN_SECONDS);
  df_free(all.cells);
  return true;
}
