/* plots.c: which figures a report has, and their files. */
#include "plots.h"

#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "list.h"
#include "plot.h"
#include "text.h"

static df_status write_plot(const char* folder, const plot* p, figures* out) {
  DF_TRY(plot_save(folder, p));
  out->list = list_grow(out->list, out->n, sizeof *out->list);
  out->list[out->n++] =
      (figure){.name = format_text("%s", p->name), .caption = format_text("%s", text_of(&p->caption))};
  return DF_OK;
}

typedef enum plot_kind {
  PLOT_METRICS,
  PLOT_PROFILES,
  PLOT_SURVIVAL,
  PLOT_COST,
  PLOT_EXAMPLES,
  PLOT_STRIP,
  PLOT_GAITS,
  PLOT_PORTRAITS,
  PLOT_TRAINING,
  PLOT_LEARNING,
  PLOT_LEARNING_COST,
  PLOT_KINDS
} plot_kind;

/* whether there is one figure per K */
static bool is_per_k(plot_kind kind) {
  return kind == PLOT_METRICS || kind == PLOT_PROFILES || kind == PLOT_SURVIVAL || kind == PLOT_COST;
}

static df_status plot_one(const run_view* r, const run_group* g, plot_kind kind, int k, const char* folder,
                          figures* out) {
  static const char* const names[] = {"metrics", "profiles",  "survival", "cost",     "trajectories", "strip",
                                      "gaits",   "portraits", "training", "learning", "cost-learning"};
  plot p = {0};
  char* name = is_per_k(kind) && k ? format_text("%s-%s-k%d", g->file, names[kind], k)
                                   : format_text("%s-%s", g->file, names[kind]);
  p.name = name;
  bool there = false;
  df_status status = DF_OK;
  if (kind == PLOT_PROFILES) status = plot_profiles(r, g, k, &p, &there);
  if (kind == PLOT_METRICS) there = plot_metrics(r, g, k, &p);
  if (kind == PLOT_SURVIVAL) status = plot_survival(r, g, k, &p, &there);
  if (kind == PLOT_COST) there = plot_cost(r, g, k, &p);
  if (kind == PLOT_EXAMPLES) there = plot_examples(r, g, &p);
  if (kind == PLOT_STRIP) there = plot_strip(r, g, &p);
  if (kind == PLOT_GAITS) there = plot_gaits(r, g, &p);
  if (kind == PLOT_PORTRAITS) there = plot_portraits(r, g, &p);
  if (kind == PLOT_TRAINING) there = plot_training(r, g, &p);
  if (kind == PLOT_LEARNING) there = plot_learning(r, g, false, &p);
  if (kind == PLOT_LEARNING_COST) there = plot_learning(r, g, true, &p);
  if (there && kind >= PLOT_EXAMPLES && kind <= PLOT_PORTRAITS) plot_caption_source(r, g, &p.caption);
  if (status == DF_OK && there) status = write_plot(folder, &p, out);
  plot_clear(&p);
  df_free(name);
  return status;
}

/* without gnuplot the scripts of all figures are still written; DF_E_MISSING then */
static df_status plot_group(const run_view* r, const run_group* g, const char* folder, figures* out) {
  df_status missing = DF_OK;
  for (int kind = 0; kind < PLOT_KINDS; kind++) {
    /* the walks of experts are no windows, and their cost is that of learning */
    if (g->experts && kind != PLOT_METRICS && kind != PLOT_LEARNING && kind != PLOT_LEARNING_COST) continue;
    const int times = is_per_k((plot_kind)kind) ? g->n_k : 1;
    for (int j = 0; j < times; j++) {
      const df_status status = plot_one(r, g, (plot_kind)kind, g->k[j], folder, out);
      if (status == DF_E_MISSING) missing = status;
      if (status != DF_OK && status != DF_E_MISSING) return status;
    }
  }
  return missing;
}

df_status plots_write(const run_view* r, const char* folder, figures* out) {
  char* plots = df_path_join(folder, "plots");
  out->first = df_alloc((size_t)r->n_groups + 1, sizeof *out->first);
  df_status status = plots && out->first ? df_dir_make(plots) : DF_E_NOMEM;
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
  df_free(f->list);
  df_free(f->first);
  *f = (figures){0};
}
