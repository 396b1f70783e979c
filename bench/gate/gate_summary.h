/* gate_summary.h: the verdicts of a gate for people: on a terminal, as Markdown, and as annotations of GitHub Actions.
 */
#ifndef BENCH_GATE_GATE_SUMMARY_H
#define BENCH_GATE_GATE_SUMMARY_H

#include "dynaflow/core/status.h"
#include "verdict.h"

/* the columns of a terminal that the summary takes at most */
enum { SUMMARY_WIDTH = 80 };

/* Prints the verdict, a line per number that did not pass, the worst first, each with its reason, and the counts of all
 * others. No line is longer than SUMMARY_WIDTH columns, and no number that did not pass is left out. `run` is the name
 * of the run; with `all`, every number has its line. */
void gate_print_summary(const gate_result* g, const char* run, bool all);

/* Appends the same to the file `path` as Markdown, with a table of all numbers to unfold, and creates the file; GitHub
 * Actions shows what a step appends to $GITHUB_STEP_SUMMARY. Errors: those of text_append_output(). */
DF_MUST_CHECK df_status gate_markdown(const gate_result* g, const char* run, const char* path);

/* Prints an annotation of GitHub Actions per number that did not pass, the worst first, to standard error, where the
 * runner reads them as well as on standard output. Each points to the row of the golden table or to the limit in the
 * tolerances file that the number broke; paths are relative to `workspace` if they are inside it (NULL: to the working
 * folder). GitHub shows at most ten per step: the tenth counts the rest. */
void gate_annotate(const gate_result* g, const char* run, const char* workspace);

/* gate_detail.c: why a row has its verdict: limit, interval, seeds, and the reason of the limit; appends them. */
void gate_add_detail(const gate_result* g, int at, text* out);

/* gate_detail.c: the place of a row's limit as "FILE:LINE", and of its golden row; "" if it has none. Paths are
 * relative to `folder` if they are inside it (NULL: the working folder). */
void gate_add_place(const gate_result* g, int at, const char* folder, text* out);

/* gate_detail.c: `path` relative to `folder` (NULL: the working folder) if it is inside, else absolute; as it is if it
 * does not exist. Free it with df_free(). */
char* gate_path_from(const char* folder, const char* path);

#endif
