/* plot.c: the common parts of figures, and the files of one figure. */
#define _GNU_SOURCE
#include "plot.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "escape.h"
#include "json.h"
#include "list.h"
#include "style.h"

/* ---- common parts of figures ---- */

/* a font of 13 px in SVG has 13 pt in PDF: the same proportions */
static const double PX_PER_INCH = 72;

void plot_comment(text* t, const char* format, ...) {
  text line = {0};
  va_list list;
  va_start(list, format);
  text_add_list(&line, format, list);
  va_end(list);
  text_add(t, "# ");
  text_add_plain(t, text_of(&line));
  text_add(t, "\n");
  text_clear(&line);
}

void plot_begin(plot* p, int width, int height) {
  text_add(&p->script,
           "# drawn by: gnuplot %s.gp, gnuplot -e 'PDF=1' %s.gp\n"
           "set encoding utf8\n"
           "if (exists('PDF')) {\n"
           "  if (strstrt(GPVAL_TERMINALS, 'pdfcairo') == 0) { print '%s: gnuplot has no terminal for PDF'; exit }\n"
           "  set terminal pdfcairo size %.6gin,%.6gin enhanced font 'Helvetica,13' rounded linewidth 1.6\n"
           "  set output '%s.pdf'\n"
           "} else {\n"
           "  set terminal svg size %d,%d fixed enhanced name 'dynaflow' font 'Helvetica,13' rounded linewidth 1 "
           "background '#ffffff'\n"
           "  set output '%s.svg'\n"
           "}\n"
           "set border 3 lc rgb '#555555' lw 0.8\n"
           "set tics nomirror out scale 0.4 font ',11' textcolor rgb '#333333'\n"
           "set xtics offset 0,0.45\nset ytics offset 0.4,0\n"
           "set grid lt 1 lc rgb '#e6e6e6' lw 0.7\n"
           "set datafile missing 'NaN'\n"
           "set style fill transparent solid 0.18 noborder\n"
           "unset key\n"
           "set multiplot\n",
           p->name, p->name, p->name, width / PX_PER_INCH, height / PX_PER_INCH, p->name, width, height, p->name);
}

void plot_place(plot* p, plot_box b, int width, int height) {
  text_add(&p->script,
           "set lmargin at screen %.5f\nset rmargin at screen %.5f\nset bmargin at screen %.5f\nset tmargin at screen "
           "%.5f\n",
           b.left / width, b.right / width, 1 - b.bottom / height, 1 - b.top / height);
}

double plot_nice_step(double width, int most) {
  const double raw = width / most, power = pow(10, floor(log10(raw)));
  const double share = raw / power;
  return power * (share <= 1 ? 1 : share <= 2 ? 2 : share <= 5 ? 5 : 10);
}

enum { LEGEND_ROW = 20, LEGEND_LEFT = 50, LEGEND_COLUMN = 250 };

static int legend_columns(int width) {
  const int columns = (width - LEGEND_LEFT) / LEGEND_COLUMN;
  return columns < 1 ? 1 : columns;
}

int plot_legend_height(int n, int width) {
  const int columns = legend_columns(width);
  return (n + columns - 1) / columns * LEGEND_ROW;
}

void plot_legend(plot* p, int n, const char* const* methods, int width, int height) {
  enum { LINE = 34, TOP = 16 };
  const int columns = legend_columns(width);
  for (int m = 0; m < n; m++) {
    const double x = LEGEND_LEFT + m % columns * LEGEND_COLUMN, y = height - TOP - m / columns * LEGEND_ROW;
    text_add(&p->script, "set arrow %d from screen %.5f,%.5f to screen %.5f,%.5f nohead lw 2 dt %d lc rgb '#%06x'\n",
             m + 1, x / width, y / height, (x + LINE) / width, y / height, method_dash(methods[m]),
             method_colour(methods[m]));
    text_add(&p->script, "set label %d ", m + 1);
    text_add_gnuplot(&p->script, method_label(methods[m]));
    text_add(&p->script, " at screen %.5f,%.5f left font ',12'\n", (x + LINE + 8) / width, y / height);
  }
}

static void list_seeds(const run_view* r, const run_group* g, text* out) {
  int n = 0;
  int64_t* seeds = NULL;
  for (int i = 0; i < r->n_cells; i++) {
    const run_cell* c = &r->cells[i];
    bool known = !c->done || !run_in_group(g, c);
    for (int j = 0; j < n && !known; j++) known = seeds[j] == c->seed;
    if (known) continue;
    seeds = list_grow(seeds, n, sizeof *seeds);
    seeds[n++] = c->seed;
  }
  text_add(out, "%s ", n == 1 ? "seed" : "seeds");
  for (int i = 0; i < n; i++) text_add(out, "%s%lld", i ? ", " : "", (long long)seeds[i]);
  df_free(seeds);
}

void plot_caption_source(const run_view* r, const run_group* g, text* out) {
  const run_cell* any = NULL;
  for (int i = 0; i < r->n_cells && !any; i++) {
    if (r->cells[i].done && run_in_group(g, &r->cells[i])) any = &r->cells[i];
  }
  const json_t* made = any ? json_object_get(any->record, "provenance") : NULL;
  text_add(out, " Task %s, profile %s, ", g->task, g->profile);
  list_seeds(r, g, out);
  text_add(out, "; %d of %d cells of the plan; commit %s%s.", g->done, g->cells, string_of(made, "commit"),
           json_is_true(json_object_get(made, "dirty")) ? " (modified)" : "");
}

/* ---- files ---- */

/* the formats of a figure, in the order in which they are drawn */
static const char* const FORMATS[] = {".svg", ".pdf"};
enum { N_FORMATS = sizeof FORMATS / sizeof FORMATS[0] };

/* removes the pictures of a figure; one that is not there is no failure */
static df_status remove_pictures(const char* folder, const char* name) {
  df_status status = DF_OK;
  for (int i = 0; i < N_FORMATS; i++) {
    char* path = format_text("%s/%s%s", folder, name, FORMATS[i]);
    if (unlink(path) != 0 && errno != ENOENT) status = df_fail(DF_E_IO, "%s: %s", path, strerror(errno));
    df_free(path);
  }
  return status;
}

/* Runs gnuplot in the folder of the script, so that scripts name their files without a path: no name of a folder
 * reaches gnuplot, and no shell is involved. -d: the user's start-up files are not read. */
static df_status run_gnuplot(const char* folder, const char* script, bool pdf) {
  enum { NO_PROGRAM = 127, NO_FOLDER = 126, LONGEST = 120 }; /* s */
  const pid_t child = fork();
  if (child < 0) return df_fail(DF_E_IO, "cannot start gnuplot: %s", strerror(errno));
  if (child == 0) {
    /* scripts are UTF-8 in any locale of the user */
    setenv("LC_ALL", "C.UTF-8", 1);
    if (chdir(folder) != 0) _exit(NO_FOLDER);
    alarm(LONGEST); /* outlives exec: a gnuplot that hangs, as one that waits for a display, is ended by SIGALRM */
    if (pdf) {
      execlp("gnuplot", "gnuplot", "-d", "-e", "PDF=1", script, (char*)NULL);
    } else {
      execlp("gnuplot", "gnuplot", "-d", script, (char*)NULL);
    }
    _exit(NO_PROGRAM);
  }
  int state = 0;
  while (waitpid(child, &state, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(state) && WEXITSTATUS(state) == 0) return DF_OK;
  if (WIFEXITED(state) && WEXITSTATUS(state) == NO_PROGRAM) {
    return df_fail(
        DF_E_MISSING,
        "gnuplot is not installed, so no figures were drawn; install it and repeat the report (the scripts are in %s)",
        folder);
  }
  if (WIFEXITED(state) && WEXITSTATUS(state) == NO_FOLDER) {
    return df_fail(DF_E_IO, "%s: gnuplot cannot enter the folder", folder);
  }
  if (WIFSIGNALED(state) && WTERMSIG(state) == SIGALRM) {
    return df_fail(DF_E_MISSING,
                   "%s/%s: gnuplot did not end within %d s and was stopped; run `gnuplot %s` there to see why", folder,
                   script, LONGEST, script);
  }
  return df_fail(DF_E_MISSING, "%s/%s: gnuplot did not draw the figure, see its message above", folder, script);
}

/* A gnuplot that is only called so, or one whose disk is full, may end without an error and without a picture. There
 * may be no terminal for PDF. */
static df_status check_drawn(const char* folder, const char* name) {
  char* path = format_text("%s/%s%s", folder, name, FORMATS[0]);
  struct stat about;
  const bool drawn = stat(path, &about) == 0 && S_ISREG(about.st_mode) && about.st_size > 0;
  const df_status status =
      drawn ? DF_OK
            : df_fail(DF_E_MISSING,
                      "%s: gnuplot ended without an error, but did not write this figure; run `gnuplot %s.gp` there to "
                      "see why",
                      path, name);
  df_free(path);
  return status;
}

/* whether a picture ends as files of its format do, up to white space */
static bool is_whole(const char* data, size_t n, const char* end) {
  while (n > 0 && strchr(" \r\n", data[n - 1])) n--;
  return n >= strlen(end) && memcmp(data + n - strlen(end), end, strlen(end)) == 0;
}

/* gnuplot does not tell of a picture that it could not write to its end */
static df_status check_whole(const char* folder, const char* name) {
  static const char* const ends[N_FORMATS] = {"</svg>", "%%EOF"};
  df_status status = DF_OK;
  for (int i = 0; i < N_FORMATS && status == DF_OK; i++) {
    char *path = format_text("%s/%s%s", folder, name, FORMATS[i]), *data = NULL;
    size_t n = 0;
    if (df_file_exists(path)) status = df_file_read(path, &data, &n);
    if (status == DF_OK && data && !is_whole(data, n, ends[i]))
      status = df_fail(DF_E_IO, "%s: gnuplot wrote only a part of this figure: is there space left on the disk?", path);
    df_free(data);
    df_free(path);
  }
  return status;
}

/* Replaces the time at which cairo wrote a PDF file by a fixed one, so that the same figure has the same bytes. */
static df_status remove_time(const char* folder, const char* name) {
  static const char key[] = "/CreationDate (D:", fixed[] = "20000101000000";
  char *path = format_text("%s/%s.pdf", folder, name), *data = NULL;
  size_t n = 0;
  df_status status = DF_OK;
  if (df_file_exists(path)) {
    status = df_file_read(path, &data, &n);
    char* at = status == DF_OK ? memmem(data, n, key, strlen(key)) : NULL;
    if (at && (size_t)(data + n - at) >= strlen(key) + strlen(fixed)) {
      memcpy(at + strlen(key), fixed, strlen(fixed));
      status = df_file_replace(path, data, n);
    }
  }
  df_free(data);
  df_free(path);
  return status;
}

static df_status write_part(const char* folder, const char* name, const char* suffix, const text* content) {
  char* path = format_text("%s/%s%s", folder, name, suffix);
  const df_status status = text_write(content, path);
  df_free(path);
  return status;
}

df_status plot_save(const char* folder, const plot* p) {
  DF_REQUIRE(is_file_name(p->name), "plot: '%s' is not a file name that a script may hold", p->name);
  char* script = format_text("%s.gp", p->name);
  df_status status = write_part(folder, p->name, ".dat", &p->data);
  /* in a folder of somebody else, an older picture may be a link to any file, which gnuplot would overwrite */
  if (status == DF_OK) status = remove_pictures(folder, p->name);
  if (status == DF_OK) status = write_part(folder, p->name, ".gp", &p->script);
  for (int i = 0; i < N_FORMATS && status == DF_OK; i++) {
    status = run_gnuplot(folder, script, i == 1);
    if (status == DF_OK) status = check_drawn(folder, p->name);
  }
  if (status == DF_OK) status = check_whole(folder, p->name);
  if (status == DF_OK) status = remove_time(folder, p->name);
  if (status != DF_OK && remove_pictures(folder, p->name) != DF_OK) {
    /* at an error, gnuplot leaves the part of the picture that it has drawn */
    status = DF_E_IO;
  }
  df_free(script);
  return status;
}

void plot_clear(plot* p) {
  text_clear(&p->script);
  text_clear(&p->data);
  text_clear(&p->caption);
}
