/* plot.h: one figure: a gnuplot script, its data and its caption. */
#ifndef BENCH_PLOT_H
#define BENCH_PLOT_H

#include "run_view.h"
#include "text.h"

typedef struct plot {
  text script, data, caption;
  const char* name; /* of the files: <name>.gp, .dat and .svg */
} plot;

/* The figures of a group. false: the group has nothing for this one. */
bool plot_training(const run_view* r, const run_group* g, plot* p);
bool plot_metrics(const run_view* r, const run_group* g, int k, plot* p);
DF_MUST_CHECK df_status plot_profiles(const run_view* r, const run_group* g, int k, plot* p, bool* there);
bool plot_examples(const run_view* r, const run_group* g, plot* p);
bool plot_strip(const run_view* r, const run_group* g, plot* p);

/* Begins the script: terminal, fonts, axes. Sizes in px. */
void plot_begin(plot* p, int width, int height);

typedef struct plot_box {
  double left, right, bottom, top; /* px from the left and the top edge of the figure */
} plot_box;

/* Places the next panel of a figure of this size. */
void plot_place(plot* p, plot_box b, int width, int height);

/* Appends the source line of a caption: task, profile, seeds, how much of the plan, commit. */
void plot_caption_source(const run_view* r, const run_group* g, text* out);

/* Whether the method is a floor or a ceiling, which learns nothing. */
bool plot_is_reference(const char* method);

/* Appends a text between double quotes, escaped for gnuplot. */
void plot_quoted(text* script, const char* plain);

/* Writes <folder>/<name>.dat and .gp and draws .svg. DF_E_MISSING without gnuplot: the first two are written. */
DF_MUST_CHECK df_status plot_save(const char* folder, const plot* p);
void plot_clear(plot* p);

#endif
