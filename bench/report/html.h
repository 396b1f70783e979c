/* html.h: the report as one HTML page. */
#ifndef BENCH_HTML_H
#define BENCH_HTML_H

#include "plots.h"
#include "run_view.h"
#include "summary.h"

/* Writes index.html; the figures are files beside it. */
DF_MUST_CHECK df_status html_write(const run_view* r, const summary* s, const figures* f, const char* folder);

#endif
