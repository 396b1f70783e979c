/* plot.h: what the files of figures share. */
#ifndef BENCH_PLOT_H
#define BENCH_PLOT_H

#include "report.h"

typedef struct plot_box {
  double left, right, bottom, top; /* px from the left and the top edge of a figure */
} plot_box;

/* Where the next panel of a figure of this size stands. */
void plot_place(plot* p, plot_box b, int width, int height);

/* The part of every caption that says what is behind a figure: task, profile, seeds, how much of the plan, commit. */
void plot_caption_source(const report* r, const report_group* g, text* out);

/* Whether nothing about the method was learnt: floor and ceiling. */
bool plot_is_reference(const char* method);

#endif
