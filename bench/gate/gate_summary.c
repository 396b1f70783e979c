/* gate_summary.c: the verdicts on a terminal of 80 columns. */
#include "gate_summary.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "escape.h"
#include "json.h"
#include "terminal.h"
#include "text.h"
#include "verdict.h"

enum { COLUMNS = 6, INDENT = 2 };
static const char* const heads[COLUMNS] = {"verdict", "metric", "method", "K", "value", "limit"};
/* numbers are aligned to the right */
static const bool right[COLUMNS] = {false, false, false, true, true, false};

/* what column c shows of a row; replaces *out */
static void add_cell(const gate_result* g, int at, int c, text* out) {
  const json_t* v = json_array_get(g->verdicts.list, (size_t)at);
  const long long k = json_integer_value(json_object_get(v, "k"));
  static const char* const keys[] = {"status", "metric", "method"};
  text_clear(out);
  if (c < 3) text_add_plain(out, string_of(v, keys[c]));
  if (c == 3 && k) text_add(out, "%lld", k);
  if (c == 4 && !isnan(g->origins[at].number)) text_add(out, "%.4g", g->origins[at].number);
  if (c == 5) text_add(out, "%s", g->origins[at].bound);
}

static int beyond_head(const int widths[COLUMNS], int c) {
  return widths[c] - text_width(heads[c]);
}

/* the column to cut next: the longer name, then whatever is wider than its head */
static int widest(const int widths[COLUMNS]) {
  int at = widths[1] >= widths[2] ? 1 : 2;
  for (int c = 0; c < COLUMNS && beyond_head(widths, at) <= 0; c++) {
    if (beyond_head(widths, c) > 0) at = c;
  }
  return at;
}

/* the widths of the columns: as the cells need, but cut so that a line fits */
static void find_widths(const gate_result* g, int n, const int* order, int widths[COLUMNS]) {
  text cell = {0};
  for (int c = 0; c < COLUMNS; c++) widths[c] = text_width(heads[c]);
  for (int i = 0; i < n; i++) {
    for (int c = 0; c < COLUMNS; c++) {
      add_cell(g, order[i], c, &cell);
      const int width = text_width(text_of(&cell));
      if (width > widths[c]) widths[c] = width;
    }
  }
  text_clear(&cell);
  int sum = 2 * (COLUMNS - 1);
  for (int c = 0; c < COLUMNS; c++) sum += widths[c];
  for (; sum > SUMMARY_WIDTH; sum--) --widths[widest(widths)];
}

static void add_column(text* line, const char* cell, int c, int width) {
  const int needed = text_width(cell);
  if (c) text_add(line, "  ");
  if (needed > width) {
    const size_t bytes = text_cut(cell, width - 1);
    char* shown = format_text("%.*s~", (int)bytes, cell);
    text_add(line, "%s%*s", shown, width - text_width(shown), "");
    df_free(shown);
    return;
  }
  if (right[c]) text_add(line, "%*s", width - needed, "");
  text_add(line, "%s", cell);
  if (!right[c]) text_add(line, "%*s", width - needed, "");
}

static void print_and_clear(text* line) {
  while (line->n && line->data[line->n - 1] == ' ') line->data[--line->n] = '\0';
  print_line(stdout, "%s", text_of(line));
  text_clear(line);
}

/* prints words of a text below a row, broken between words, or within one that is longer than a line */
static void print_wrapped(const char* words, int indent) {
  text line = {0}, plain = {0};
  text_add_plain(&plain, words);
  int used = 0;
  for (const char* at = text_of(&plain); *at;) {
    char* word = format_text("%.*s", (int)strcspn(at, " "), at);
    /* print_line() puts a backslash before :: at the beginning of a line */
    const int width = text_width(word), room = SUMMARY_WIDTH - indent - (strncmp(word, "::", 2) == 0);
    if (used && used + 1 + width > room) {
      print_and_clear(&line);
      used = 0;
    }
    const size_t bytes = text_cut(word, room);
    text_add(&line, "%*s%.*s", used ? 1 : indent, "", (int)bytes, word);
    used += (used ? 1 : 0) + (width < room ? width : room);
    at += bytes;
    at += *at == ' ';
    df_free(word);
  }
  if (line.n) print_and_clear(&line);
  text_clear(&plain);
}

/* whether the row after a row says the same words, e.g. that there is no golden table: they are printed once */
static bool is_repeated(const gate_result* g, int at, int next) {
  if (g->origins[at].verdict != GATE_MISSING || g->origins[next].verdict != GATE_MISSING) return false;
  text words = {0}, others = {0};
  gate_add_detail(g, at, &words);
  gate_add_detail(g, next, &others);
  const bool same = strcmp(text_of(&words), text_of(&others)) == 0;
  text_clear(&words);
  text_clear(&others);
  return same;
}

static void print_rows(const gate_result* g, int n, const int* order) {
  int widths[COLUMNS];
  text line = {0}, cell = {0};
  find_widths(g, n, order, widths);
  for (int c = 0; c < COLUMNS; c++) add_column(&line, heads[c], c, widths[c]);
  print_and_clear(&line);
  for (int i = 0; i < n; i++) {
    /* the row; names that are cut stand in the words below it */
    text words = {0};
    for (int c = 0; c < COLUMNS; c++) {
      add_cell(g, order[i], c, &cell);
      add_column(&line, text_of(&cell), c, widths[c]);
      if (text_width(text_of(&cell)) > widths[c]) text_add(&words, "%s; ", text_of(&cell));
    }
    print_and_clear(&line);
    /* why, and where the limit stands */
    if (i + 1 == n || !is_repeated(g, order[i], order[i + 1])) gate_add_detail(g, order[i], &words);
    print_wrapped(text_of(&words), INDENT);
    text_clear(&words);
    gate_add_place(g, order[i], NULL, &words);
    print_wrapped(text_of(&words), INDENT);
    text_clear(&words);
  }
  text_clear(&cell);
}

void gate_print_summary(const gate_result* g, const char* run, bool all) {
  int n, shown = 0;
  int* order = gate_by_severity(g, &n);
  while (shown < n && (all || g->origins[order[shown]].verdict >= GATE_INCONCLUSIVE)) shown++;
  text words = {0};
  text_add(&words, "%s (exit code %d): %s", gate_outcome(g), gate_exit_code(g), run);
  print_wrapped(text_of(&words), 0);
  if (shown) print_rows(g, shown, order);
  /* counts */
  text_clear(&words);
  gate_add_counts(g, GATE_UNREADABLE, GATE_INCONCLUSIVE, &words);
  if (words.n && g->count[GATE_HELD] + g->count[GATE_IMPROVED] + g->count[GATE_ADVISORY]) text_add(&words, "; ");
  gate_add_counts(g, GATE_ADVISORY, GATE_HELD, &words);
  if (shown < n) text_add(&words, " (--verbose lists all %d)", n);
  print_wrapped(text_of(&words), 0);
  text_clear(&words);
  /* what is not compared at all */
  for (int i = shown; i < n; i++) {
    if (!gate_is_notice(g->origins[order[i]].kind)) continue;
    gate_add_detail(g, order[i], &words);
    print_wrapped(text_of(&words), 0);
    text_clear(&words);
  }
  df_free(order);
}
