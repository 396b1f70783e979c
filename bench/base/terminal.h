/* terminal.h: lines on standard output and standard error. Nothing else in bench/ prints text that may hold strings of
 * others: control characters in a name would move the cursor, hide lines or type for the user. */
#ifndef BENCH_TERMINAL_H
#define BENCH_TERMINAL_H

#include <stdio.h>

#include "dynaflow/core/status.h"

/* Formats one line and prints it, with its end, as text_add_plain() shows it: arguments add neither lines nor control
 * characters. Without memory it ends the program as text_add() does. */
void print_line(FILE* stream, const char* format, ...) DF_PRINTF(2, 3);

/* Prints a JSON document of ASCII characters, and the end of its last line. A delete character, which JSON leaves as it
 * is, is printed as \u007f. */
void print_json(const char* document);

#endif
