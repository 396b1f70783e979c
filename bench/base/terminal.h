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

/* Prints a JSON document of ASCII characters, and the end of its last line. A delete character, which JSON leaves as it
 * is, and the [ of ##[ are printed as \u007f and \u005b. */
void print_json(const char* document);

#endif
