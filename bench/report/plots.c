/* plots.c: the common parts of figures, and the files of all figures of a report. */
#define _GNU_SOURCE
#include "plots.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "json.h"
#include "plot.h"
#include "text.h"

/* ---- common parts of figures ---- */

void plot_quoted(text* script, const char* plain) {
  text_add(script, "\"");
  for (const char* p = plain; *p; p++) {
    /* escape the control characters of gnuplot's enhanced text, then those of a quoted string */
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

void plot_place(plot* p, plot_box b, int width, int height) {
  text_add(&p->script,
           "set lmargin at screen %.5f\nset rmargin at screen %.5f\nset bmargin at screen %.5f\nset tmargin at screen "
           "%.5f\n",
           b.left / width, b.right / width, 1 - b.bottom / height, 1 - b.top / height);
}

static void list_seeds(const run_view* r, const run_group* g, text* out) {
  int n = 0;
  int64_t seeds[SEED_VALUES_MAX];
  for (int i = 0; i < r->n_cells && n < SEED_VALUES_MAX; i++) {
    const run_cell* c = &r->cells[i];
    bool known = !c->done || !run_in_group(g, c);
    for (int j = 0; j < n && !known; j++) known = seeds[j] == c->seed;
    if (!known) seeds[n++] = c->seed;
  }
  text_add(out, "%s ", n == 1 ? "seed" : "seeds");
  for (int i = 0; i < n; i++) text_add(out, "%s%lld", i ? ", " : "", (long long)seeds[i]);
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

bool plot_is_reference(const char* method) {
  return strcmp(method, "random_action") == 0 || strcmp(method, "replay_demo") == 0;
}

/* ---- files ---- */

/* runs gnuplot in the folder of the script, so that scripts name their files without a path */
static df_status run_gnuplot(const char* folder, const char* script) {
  const pid_t child = fork();
  if (child < 0) return df_fail(DF_E_IO, "cannot start gnuplot: %s", strerror(errno));
  if (child == 0) {
    /* scripts are UTF-8 in any locale of the user */
    setenv("LC_ALL", "C.UTF-8", 1);
    if (chdir(folder) == 0) execlp("gnuplot", "gnuplot", script, (char*)NULL);
    _exit(errno == ENOENT ? 127 : 126);
  }
  int state = 0;
  while (waitpid(child, &state, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(state) && WEXITSTATUS(state) == 0) return DF_OK;
  if (WIFEXITED(state) && WEXITSTATUS(state) == 127) {
    return df_fail(
        DF_E_MISSING,
        "gnuplot is not installed, so no figures were drawn; install it and repeat the report (the scripts are in %s)",
        folder);
  }
  return df_fail(DF_E_IO, "%s/%s: gnuplot failed, see its message above", folder, script);
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

typedef enum plot_kind { PLOT_METRICS, PLOT_PROFILES, PLOT_EXAMPLES, PLOT_STRIP, PLOT_TRAINING, PLOT_KINDS } plot_kind;

/* whether there is one figure per K */
static bool is_per_k(plot_kind kind) {
  return kind == PLOT_METRICS || kind == PLOT_PROFILES;
}

static df_status plot_one(const run_view* r, const run_group* g, plot_kind kind, int k, const char* folder,
                          figures* out) {
  static const char* const names[] = {"metrics", "profiles", "trajectories", "strip", "training"};
  plot p = {0};
  char* name = is_per_k(kind) && k ? format_text("%s-%s-k%d", g->file, names[kind], k)
                                   : format_text("%s-%s", g->file, names[kind]);
  p.name = name;
  bool there = false;
  df_status status = DF_OK;
  if (kind == PLOT_PROFILES) status = plot_profiles(r, g, k, &p, &there);
  if (kind == PLOT_METRICS) there = plot_metrics(r, g, k, &p);
  if (kind == PLOT_EXAMPLES) there = plot_examples(r, g, &p);
  if (kind == PLOT_STRIP) there = plot_strip(r, g, &p);
  if (kind == PLOT_TRAINING) there = plot_training(r, g, &p);
  if (there && (kind == PLOT_EXAMPLES || kind == PLOT_STRIP)) plot_caption_source(r, g, &p.caption);
  if (status == DF_OK && there) status = write_plot(folder, &p, out);
  plot_clear(&p);
  df_free(name);
  return status;
}

static df_status plot_group(const run_view* r, const run_group* g, const char* folder, figures* out) {
  const int before = out->n;
  for (int kind = 0; kind < PLOT_KINDS; kind++) {
    const int times = is_per_k((plot_kind)kind) ? g->n_k : 1;
    for (int j = 0; j < times && out->n - before < FIGURES_MAX; j++) {
      DF_TRY(plot_one(r, g, (plot_kind)kind, g->k[j], folder, out));
    }
  }
  return DF_OK;
}

df_status plots_write(const run_view* r, const char* folder, figures* out) {
  char* plots = df_path_join(folder, "plots");
  df_status status = plots ? df_dir_make(plots) : DF_E_NOMEM;
  df_status missing = DF_OK;
  for (int i = 0; i < r->n_groups && status == DF_OK; i++) {
    out->first[i] = out->n;
    if (r->groups[i].done) status = plot_group(r, &r->groups[i], plots, out);
    /* without gnuplot, still write the scripts of the other groups */
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
