/* style.h: display names of methods and metrics, and the line style of each method, the same in all tables and figures.
 */
#ifndef BENCH_REPORT_STYLE_H
#define BENCH_REPORT_STYLE_H

/* The display name of a method; its identifier for a method that has none. */
const char* method_label(const char* method);

/* The display name of a metric: "open-loop TRE", "fall rate", "TRE, joint pos"; df_free() it. */
char* metric_words(const char* metric);

/* The colour of a method, 0xRRGGBB; for methods that are not built in, one of six chosen by a hash of the name. */
unsigned method_colour(const char* method);

/* The gnuplot dash type of a method, which distinguishes overlapping lines. */
int method_dash(const char* method);

#endif
