/* terminal.h: lines on standard output and standard error. Nothing else in bench/ prints text that may hold strings of
 * others: control characters in a name would move the cursor, hide lines or type for the user. */
#ifndef BENCH_BASE_TERMINAL_H
#define BENCH_BASE_TERMINAL_H

#include <stdio.h>

#include "dynaflow/core/status.h"

/* Formats one line and prints it, with its end, as text_add_plain() shows it: arguments add neither lines nor control
 * characters, and the line is no command to a runner of GitHub Actions (`::error::`, `##[error]`). Without memory it
 * ends the program as text_add() does. */
void print_line(FILE* stream, const char* format, ...) DF_PRINTF(2, 3);
/* errno of the first write of these functions to standard output that failed; 0: none */
int output_error(void);

/* Prints an error annotation for a runner of GitHub Actions: "::error file=FILE,line=LINE,title=TITLE::MESSAGE", one
 * line, escaped as the runner unescapes it, so that no argument is a command of its own. `file` may be NULL; without a
 * file, or with line 0, the line is left out. */
void print_annotation(FILE* stream, const char* file, int line, const char* title, const char* message);

/* Prints a JSON document of ASCII characters, and the end of its last line. A delete character, which JSON leaves as it
 * is, and the [ of ##[ are printed as \u007f and \u005b. */
void print_json(const char* document);

#endif
