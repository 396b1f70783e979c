/* plot.h: one figure: a gnuplot script with its data and caption. */
#ifndef BENCH_REPORT_PLOT_H
#define BENCH_REPORT_PLOT_H

#include "run_view.h"
#include "text.h"

typedef struct plot {
  text script, data, caption;
  const char* name; /* base name of the files <name>.gp, <name>.dat, <name>.svg and <name>.pdf, from file_name_of(); not
                       owned */
} plot;

/* The figures of a group: they fill script, data and caption of a plot that has only a name. They return false (or set
 * *there to false) if the group has no data for the figure. Errors of
 * plot_profiles() and plot_survival(): DF_E_NOMEM, DF_E_ARG. */
bool plot_training(const run_view* r, const run_group* g, plot* p);
/* learning curves of experts: reward and falls against the actions of the training, or its CPU time */
bool plot_learning(const run_view* r, const run_group* g, bool cost, plot* p);
bool plot_metrics(const run_view* r, const run_group* g, int k, plot* p);
bool plot_cost(const run_view* r, const run_group* g, int k, plot* p);
DF_MUST_CHECK df_status plot_profiles(const run_view* r, const run_group* g, int k, plot* p, bool* there);
DF_MUST_CHECK df_status plot_survival(const run_view* r, const run_group* g, int k, plot* p, bool* there);
bool plot_examples(const run_view* r, const run_group* g, plot* p);
bool plot_strip(const run_view* r, const run_group* g, plot* p);
bool plot_gaits(const run_view* r, const run_group* g, plot* p);
bool plot_portraits(const run_view* r, const run_group* g, plot* p);

/* Begins the script with terminal, fonts and axes of a figure of width x height px. */
void plot_begin(plot* p, int width, int height);

typedef struct plot_box {
  double left, right, bottom, top; /* px; left, right from the left edge, bottom, top from the top edge of the figure */
} plot_box;

/* Sets the place of the next panel in a figure of width x height px. */
void plot_place(plot* p, plot_box b, int width, int height);

/* The smallest of {1, 2, 5} x 10^n that divides `width` > 0 into at most `most` parts. */
double plot_nice_step(double width, int most);

/* Writes a legend of n methods above the panels of a figure of width x height px; the height of such a legend [px]. */
void plot_legend(plot* p, int n, const char* const* methods, int width, int height);
int plot_legend_height(int n, int width);

/* Appends the source of the data to a caption: task, profile, seeds, numbers of done and planned cells, commit. */
void plot_caption_source(const run_view* r, const run_group* g, text* out);

/* Formats one line and appends it as a comment of a script or data file, by text_add_plain(). */
void plot_comment(text* t, const char* format, ...) DF_PRINTF(2, 3);

/* Writes <name>.dat and <name>.gp to `folder` and draws <name>.svg and <name>.pdf with gnuplot (no PDF if gnuplot has
 * no terminal for it). DF_E_MISSING, with the first two files
 * written, if gnuplot is not installed or does not draw the figure; DF_E_IO if a file cannot be written or a picture is
 * cut off; DF_E_ARG if is_file_name() does not hold for the name. Labels go into the script by text_add_gnuplot() only.
 */
DF_MUST_CHECK df_status plot_save(const char* folder, const plot* p);
void plot_clear(plot* p); /* frees the texts */

#endif
