/* html.h: the report as one HTML page. */
#ifndef BENCH_REPORT_HTML_H
#define BENCH_REPORT_HTML_H

#include "plots.h"
#include "run_view.h"
#include "summary.h"

/* Writes index.html to `folder`; it shows the figures of `f`, which are files in plots/ beside it. Errors: DF_E_IO,
 * DF_E_NOMEM. */
DF_MUST_CHECK df_status html_write(const run_view* r, const summary* s, const figures* f, const char* folder);

#endif
