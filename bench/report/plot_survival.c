/* plot_survival.c: survival curves of pure open-loop chains. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/stats/statistics.h"
#include "escape.h"
#include "json.h"
#include "list.h"
#include "plot.h"
#include "run_view.h"
#include "samples.h"
#include "style.h"
#include "text.h"

/* the length of a group's chains as it was asked for [s]; 0 if its records do not say it */
static double chain_seconds(const run_view* r, const run_group* g) {
  for (int i = 0; i < r->n_cells; i++) {
    const run_cell* c = &r->cells[i];
    if (!c->done || !run_in_group(g, c)) continue;
    const double seconds = atof(string_of(json_object_get(c->record, "config"), "eval.chain_seconds"));
    if (seconds > 0) return seconds;
  }
  return 0;
}

/* the number of chains of a method that fell */
static df_status count_falls(const run_view* r, const run_group* g, const char* method, int k, int* falls) {
  samples s;
  const df_status status = samples_of_method(r, g, method, "fall_rate", k, &s);
  *falls = 0;
  for (int i = 0; status == DF_OK && i < s.seeds * s.n; i++) *falls += s.values[i] > 0;
  samples_clear(&s);
  return status;
}

/* Adds the Kaplan-Meier estimate of a method as corners of a step function: time, share of upright chains, Wilson
 * interval. Chains are censored at their end only, so it is the share of chains that have not fallen. A chain is a
 * whole number of actions, and so may be shorter or longer than the time that was asked for: that of a chain which did
 * not fall is its length. *end is raised to it. *there: the records have survival times, all of them finite. */
static df_status add_curve(const run_view* r, const run_group* g, const char* method, int k, double* end, text* data,
                           bool* there) {
  samples s;
  int falls;
  df_status status = samples_of_method(r, g, method, "survival", k, &s);
  if (status == DF_OK) status = count_falls(r, g, method, k, &falls);
  const int n = s.seeds * s.n;
  if (status == DF_OK) df_sort(n, s.values);
  *there = status == DF_OK && n > 0 && isfinite(s.values[n - 1]);
  if (*there) {
    plot_comment(data, "survival, %s: time, share of upright chains, 95 %% interval", method);
    df_interval now = df_share_interval(n, n);
    text_add(data, "0 %.9g %.9g %.9g\n", now.mean, now.lo, now.hi);
    /* survivors are the longest chains */
    for (int i = 0; i < falls;) {
      const double at = s.values[i];
      while (i < falls && s.values[i] <= at) i++;
      text_add(data, "%.9g %.9g %.9g %.9g\n", at, now.mean, now.lo, now.hi);
      now = df_share_interval(n - i, n);
      text_add(data, "%.9g %.9g %.9g %.9g\n", at, now.mean, now.lo, now.hi);
    }
    const double last = falls < n ? s.values[n - 1] : *end;
    text_add(data, "%.9g %.9g %.9g %.9g\n\n\n", last, now.mean, now.lo, now.hi);
    *end = fmax(*end, last);
  }
  samples_clear(&s);
  return status == DF_E_MISSING || status == DF_E_MISMATCH ? DF_OK : status;
}

/* draws the intervals, then the curves on top of them */
static void draw_curves(int n, const char* const* methods, const plot* p, text* script) {
  const char* join = "plot ";
  for (int pass = 0; pass < 2; pass++) {
    for (int m = 0; m < n; m++) {
      text_add(script, "%s'%s.dat' index %d using ", join, p->name, m);
      if (pass == 0) {
        text_add(script, "1:3:4 with filledcurves lc rgb '#%06x' notitle", method_colour(methods[m]));
      } else {
        text_add(script, "1:2 with lines lw 2 dt %d lc rgb '#%06x' notitle", method_dash(methods[m]),
                 method_colour(methods[m]));
      }
      join = ", \\\n  ";
    }
  }
  text_add(script, "\n");
}

df_status plot_survival(const run_view* r, const run_group* g, int k, plot* p, bool* there) {
  enum { WIDTH = 760, HEAD = 40, BODY = 280, FOOT = 56 };
  double end = chain_seconds(r, g);
  const char** methods = NULL;
  int n = 0;
  /* curves of all methods that have one */
  for (int m = 0; m < g->n_methods && end > 0; m++) {
    bool has;
    const df_status status = add_curve(r, g, g->methods[m], k, &end, &p->data, &has);
    if (status != DF_OK) {
      df_free(methods);
      return status;
    }
    if (!has) continue;
    methods = list_grow(methods, n, sizeof *methods);
    methods[n++] = g->methods[m];
  }
  *there = n > 0;
  if (n == 0) return DF_OK;
  /* legend and curves */
  const int keys = plot_legend_height(n, WIDTH);
  const int height = HEAD + keys + BODY + FOOT;
  plot_begin(p, WIDTH, height);
  plot_legend(p, n, methods, WIDTH, height);
  plot_place(p, (plot_box){70, WIDTH - 20, HEAD + keys + BODY, HEAD + keys}, WIDTH, height);
  text_add(&p->script,
           "set title 'survival' offset 0,-0.5\nset xrange [0:%.6g]\nset yrange [-0.02:1.02]\nset ytics 0.25\nset "
           "xlabel 'time [s]' offset 0,0.6\n"
           "set ylabel 'share of upright chains' offset 1.2\n",
           end);
  draw_curves(n, methods, p, &p->script);
  text_add(&p->script, "unset multiplot\n");
  df_free(methods);
  /* caption */
  text_add(&p->caption, "Survival of pure open-loop chains");
  if (k) text_add(&p->caption, " at K = %d sampler step%s", k, k == 1 ? "" : "s");
  text_add(&p->caption,
           ": Kaplan-Meier estimate over all seeds. Bands are pointwise 95 %% Wilson intervals that take chains for "
           "independent.");
  plot_caption_source(r, g, &p->caption);
  return DF_OK;
}
