/* escape.h: strings of others (records, tasks, models, plugins, tables, file names) in the formats that the program
 * writes. One function per format; no other code puts such a string into a script, page, table or terminal.
 *
 * Except in CSV, a control character, a bidirectional control, a line separator or a byte that is not UTF-8 is shown as
 * \n, \r, \t, \x1b or \u202e, so that a string is one line of printable text. */
#ifndef BENCH_BASE_ESCAPE_H
#define BENCH_BASE_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

/* One line of text: terminals, comments in scripts and data, captions. */
void text_add_plain(text* t, const char* s);

/* A string constant of Python with its single quotes; a control character is shown as such text, not kept. */
void text_add_python(text* t, const char* s);

/* HTML and XML, as content or in double quotes: & < > " ' become entities. */
void text_add_html(text* t, const char* s);
/* The same for the first n bytes of `s`, which must end at the end of a character. */
void text_add_html_bytes(text* t, const char* s, size_t n);

/* Markdown, in a cell of a table or within a line: markup, HTML and | are shown as they are. */
void text_add_markdown(text* t, const char* s);

/* LaTeX, within a line of text: \ { } # $ % & _ ^ ~ are shown as they are. */
void text_add_latex(text* t, const char* s);

/* Commands of GitHub Actions: the message, in which only % has a meaning, and the value of a property (file, title), in
 * which : and , have one too. */
void text_add_github(text* t, const char* s);
void text_add_github_property(text* t, const char* s);

/* A field of a CSV file (RFC 4180), quoted if necessary; csv readers return the same string, control characters
 * included. A spreadsheet would take a field that begins with = + - @ tab or carriage return for a formula: it gets a
 * leading apostrophe. So does a field that begins with an apostrophe: remove one to get the string. */
void text_add_csv(text* t, const char* s);

/* A string constant of gnuplot with its single quotes, in which gnuplot neither runs commands nor expands macros. Marks
 * of enhanced text are escaped, a single quote becomes a typographic one, and every ASCII character that is neither a
 * letter, a digit, a space nor in a list of harmless punctuation (backtick, backslash, dollar and double quote are not)
 * becomes '?'. The second function is for labels of tics, in which % starts a number format. */
void text_add_gnuplot(text* t, const char* s);
void text_add_gnuplot_tic(text* t, const char* s);

/* A file name made of a name: letters, digits, '_' and, after the first character, '-'; at most 120 bytes. If the
 * name has other characters or is longer, they become '_' or are cut off, and "-" and eight hexadecimal digits of the
 * name's SHA-256 are appended, so that different names have different files. Free it with df_free(). Out of memory, it
 * ends the program as text_add() does. */
char* file_name_of(const char* name);
/* Whether a name has these characters only and at most 200 bytes, as what file_name_of() returns and what is made of it
 * by appending words: scripts and pages may hold it. */
bool is_file_name(const char* name);

#endif
