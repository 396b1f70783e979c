/* compare_print.h: comparisons as rows for programs and as tables for people. */
#ifndef BENCH_COMPARE_PRINT_H
#define BENCH_COMPARE_PRINT_H

#include "compare.h"
#include "options.h"

/* To standard output: rows with --json, else a table for each pair and what its numbers mean. */
void compare_print(const comparisons* c, const options* opts);

/* The row of a comparison, as a new JSON object. */
json_t* compare_row(const comparisons* c, const comparison* one);

#endif
