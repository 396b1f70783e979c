/* compare_print.h: prints comparisons as JSON rows or as text tables. */
#ifndef BENCH_REPORT_COMPARE_PRINT_H
#define BENCH_REPORT_COMPARE_PRINT_H

#include "compare.h"
#include "options.h"

/* Prints to standard output: with --json one row per comparison, else a table per pair of methods and, unless quiet, an
 * explanation of the columns. */
void compare_print(const comparisons* c, const options* opts);

/* The row of a comparison as a new JSON object. Numbers that are not finite and empty strings are null. */
json_t* compare_row(const comparisons* c, const comparison* one);

#endif
