#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arrays_format.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/c_locale.h"
#include "dynaflow/core/file.h"
#include "sniff.h"
#include "table_rate.h"

enum { MOST_NUMBER = 63 };

/* a table of numbers: rows are lines, columns are separated by `separator` */
typedef struct table {
  char* text; /* the whole file */
  const char* end;
  char separator; /* ' ': any number of blanks and tabs */
  int columns;
  size_t rows;
  double* values;    /* [rows][columns] */
  const char** name; /* [columns] inside `text`; NULL: the file has no header line */
  table_rate rate;   /* that a comment before the numbers states */
} table;

/* a line, and where the rest of it and of the text begins */
typedef struct line {
  const char *begin, *at, *end, *next;
  size_t number; /* from 1 */
} line;

typedef struct cell {
  const char *begin, *end; /* without quotes and without blanks around */
  bool quoted, broken;     /* broken: without a closing quote, or with text after it */
} cell;

/* ---- lines and cells ---- */

static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

/* steps to the next line that is not blank; false at the end of the text */
static bool next_line(const table* t, line* l) {
  while (l->next < t->end) {
    const char *p = l->next, *first = NULL;
    l->begin = l->at = p;
    l->number++;
    for (; p < t->end && *p != '\n' && *p != '\r'; p++) {
      if (!first && !is_blank(*p)) first = p;
    }
    l->end = p;
    l->next = p + (p + 1 < t->end && p[0] == '\r' && p[1] == '\n' ? 2 : 1);
    if (first) return true;
  }
  return false;
}

static bool separates(char separator, char c) {
  return separator == ' ' ? is_blank(c) : c == separator;
}

/* the text between quotes, in which a double quote is written twice */
static void take_quoted(const table* t, line* l, cell* c) {
  const char* p = l->at + 1;
  c->begin = p;
  while (p < l->end && (*p != '"' || (p + 1 < l->end && p[1] == '"'))) p += *p == '"' ? 2 : 1;
  c->end = p;
  c->quoted = true;
  c->broken = p >= l->end;
  if (p < l->end) p++;
  while (p < l->end && !separates(t->separator, *p)) c->broken = !is_blank(*p++) || c->broken;
  l->at = p;
}

/* steps to the next cell of a line; false at its end, also after a separator that ends the line */
static bool next_cell(const table* t, line* l, cell* c) {
  *c = (cell){0};
  while (l->at < l->end && is_blank(*l->at) && !(t->separator == '\t' && *l->at == '\t')) l->at++;
  if (l->at >= l->end) return false;
  if (*l->at == '"') {
    take_quoted(t, l, c);
  } else {
    c->begin = l->at;
    while (l->at < l->end && !separates(t->separator, *l->at)) l->at++;
    c->end = l->at;
    while (c->end > c->begin && is_blank(c->end[-1])) c->end--;
  }
  if (l->at < l->end) l->at++;
  return true;
}

static bool is_word(const cell* c, const char* word) {
  return (size_t)(c->end - c->begin) == strlen(word) && memcmp(c->begin, word, strlen(word)) == 0;
}

/* whether a number is written as infinite: others that are read so are too large for a double */
static bool is_infinity(const char* text) {
  const char first = text[text[0] == '+' || text[0] == '-'];
  return first == 'i' || first == 'I';
}

static bool read_number(const cell* c, double* out) {
  char text[MOST_NUMBER + 1];
  const size_t n = (size_t)(c->end - c->begin);
  if (n == 0 || n > MOST_NUMBER || c->broken) return false;
  memcpy(text, c->begin, n);
  text[n] = '\0';
  char* end;
  *out = df_read_double(text, &end);
  if (end == text + n) return !isinf(*out) || is_infinity(text);
  const bool yes = is_word(c, "True") || is_word(c, "true"), no = is_word(c, "False") || is_word(c, "false");
  *out = yes;
  return yes || no;
}

/* whether a number is written with digits alone */
static bool are_digits(const cell* c) {
  for (const char* p = c->begin; p < c->end; p++) {
    if (*p < '0' || *p > '9') return false;
  }
  return true;
}

/* ---- the header ---- */

typedef struct counts {
  int cells, numbers;
  int digits;  /* whole numbers, written without a point or an exponent */
  int counted; /* of these the first ones that are 0, 1, 2 ... */
} counts;

static counts count_cells(const table* t, line l) {
  counts n = {0};
  cell c;
  double value;
  for (; next_cell(t, &l, &c); n.cells++) {
    const bool number = read_number(&c, &value), digits = number && are_digits(&c);
    n.numbers += number;
    n.digits += digits;
    n.counted += digits && n.counted == n.cells && value == n.cells;
  }
  return n;
}

/* finds the separator of a line: a semicolon, else a comma, else a tab, else blanks; numbers may have both of these */
static void find_separator(table* t, const line* l) {
  bool quoted = false, semicolon = false, comma = false, tab = false;
  for (const char* p = l->at; p < l->end; p++) {
    if (*p == '"') quoted = !quoted;
    if (quoted) continue;
    semicolon = semicolon || *p == ';';
    comma = comma || *p == ',';
    tab = tab || *p == '\t';
  }
  t->separator = semicolon ? ';' : comma ? ',' : ' ';
  if (!tab || t->separator != ' ') return;
  const counts by_blanks = count_cells(t, *l);
  if (by_blanks.numbers < by_blanks.cells) t->separator = '\t';
}

/* Finds the first line of numbers and, before it, the line with the names of the columns: one without a number, or, as
 * numpy.savetxt writes it, a comment with as many words as there are columns. Header->number is 0 if there is none. */
static df_status find_header(table* t, const char* path, line* header, line* first) {
  line l = {.next = t->text + df_byte_order_mark(t->text, (size_t)(t->end - t->text))}, comment = {0};
  bool more;
  while ((more = next_line(t, &l)) && *l.at == '#') {
    comment = l;
    table_rate_read(l.at + 1, l.end, l.number, &t->rate);
  }
  if (more) {
    find_separator(t, &l);
    if (count_cells(t, l).numbers == 0) {
      *header = l;
      while ((more = next_line(t, &l)) && *l.at == '#') table_rate_read(l.at + 1, l.end, l.number, &t->rate);
    }
  }
  if (!more) return df_fail(DF_E_FORMAT, "%s: not a table: no line of numbers", path);
  *first = l;
  t->columns = count_cells(t, header->number ? *header : l).cells;
  if (header->number || comment.number == 0) return DF_OK;
  comment.at++;
  const counts n = count_cells(t, comment);
  if (n.cells == t->columns && n.numbers == 0) *header = comment;
  return DF_OK;
}

/* cuts the header line into zero-terminated names */
static df_status take_names(table* t, line header) {
  t->name = df_alloc((size_t)t->columns, sizeof *t->name);
  if (!t->name) return DF_E_NOMEM;
  cell c;
  for (int i = 0; next_cell(t, &header, &c); i++) {
    char *name = t->text + (c.begin - t->text), *to = name;
    for (const char* from = c.begin; from < c.end; *to++ = *from++) from += c.quoted && *from == '"';
    *to = '\0';
    t->name[i] = name;
  }
  return DF_OK;
}

/* Refuses a first line 0, 1, 2 ... without names: pandas writes it above columns that have none. Two columns or one may
 * begin so by chance: there the cells below tell, as floating point numbers have a point or an exponent. */
static df_status refuse_numbers_as_header(const table* t, const char* path, line first) {
  enum { SURE = 3 };
  const counts header = count_cells(t, first);
  line l = first;
  int digits = 0, rows = 0;
  if (header.counted < header.cells) return DF_OK;
  for (; header.cells < SURE && next_line(t, &l); rows++) digits += *l.at == '#' ? 0 : count_cells(t, l).digits;
  if (header.cells < SURE && (rows == 0 || digits > 0)) return DF_OK;
  return df_fail(DF_E_FORMAT,
                 "%s: line %zu: '%.*s' looks like the header that pandas writes for columns without names; delete the "
                 "line (to_csv(header=False)), or write 0.0 if it is a row of numbers",
                 path, first.number, (int)(first.end - first.begin < 40 ? first.end - first.begin : 40), first.begin);
}

/* ---- the numbers ---- */

static bool is_too_large(const cell* c) {
  double value = 0;
  return !c->broken && !read_number(c, &value) && isinf(value);
}

static df_status fail_cell(const char* path, const line* l, int column, const cell* c) {
  const int n = (int)(c->end - c->begin < 40 ? c->end - c->begin : 40);
  if (n == 0) {
    return df_fail(DF_E_FORMAT, "%s: line %zu, column %d: an empty cell; write nan where a value is missing", path,
                   l->number, column + 1);
  }
  if (is_too_large(c)) {
    return df_fail(DF_E_FORMAT, "%s: line %zu, column %d: '%.*s' is beyond the range of a double, about 1.8e308", path,
                   l->number, column + 1, n, c->begin);
  }
  return df_fail(
      DF_E_FORMAT, "%s: line %zu, column %d: '%.*s' is not a number%s", path, l->number, column + 1, n, c->begin,
      memchr(c->begin, ',', (size_t)n) ? "; write decimal points, not commas" : "; a table has only numbers");
}

static df_status read_row(const table* t, const char* path, line* l, size_t header, double* row) {
  cell c;
  int i = 0;
  for (line rest = *l; next_cell(t, &rest, &c); i++) {
    if (i < t->columns && !read_number(&c, &row[i])) return fail_cell(path, l, i, &c);
  }
  if (i == t->columns) return DF_OK;
  return df_fail(DF_E_FORMAT, "%s: line %zu: %d columns, line %zu has %d; all lines of a table have as many%s", path,
                 l->number, i, header, t->columns,
                 i == 2 * t->columns ? "; if the numbers have decimal commas, write decimal points" : "");
}

static df_status read_rows(table* t, const char* path, line first, size_t header) {
  /* each row has at least one byte per cell and per separator */
  const size_t bytes = (size_t)(t->end - first.begin), width = 2 * (size_t)t->columns - 1;
  size_t most = 1;
  for (line l = first; next_line(t, &l);) most++;
  if (most > bytes / width + 1) most = bytes / width + 1;
  t->values = df_alloc(most * (size_t)t->columns, sizeof *t->values);
  if (!t->values) return DF_E_NOMEM;
  line l = first;
  do {
    if (*l.begin == '#') continue;
    DF_TRY(read_row(t, path, &l, header, t->values + t->rows * (size_t)t->columns));
    t->rows++;
  } while (next_line(t, &l));
  return DF_OK;
}

/* ---- arrays ---- */

static df_status open_table(df_arrays* arrays) {
  table* t = arrays->state = df_alloc(1, sizeof *t);
  if (!t) return DF_E_NOMEM;
  size_t n;
  DF_TRY(df_file_read(arrays->path, &t->text, &n));
  t->end = t->text + n;
  line header = {0}, first = {0};
  DF_TRY(find_header(t, arrays->path, &header, &first));
  if (!header.number) DF_TRY(refuse_numbers_as_header(t, arrays->path, first));
  DF_TRY(read_rows(t, arrays->path, first, header.number ? header.number : first.number));

  /* the whole table, then its columns */
  const size_t shape[] = {t->rows, (size_t)t->columns};
  DF_TRY(df_arrays_add(arrays, "table", 2, shape, "float64", true));
  if (header.number) DF_TRY(take_names(t, header));
  for (int i = 0; i < t->columns && t->name; i++) DF_TRY(df_arrays_add(arrays, t->name[i], 1, shape, "float64", true));
  if (t->rate.contradicted) return df_arrays_add(arrays, DF_ARRAYS_RATES, 0, NULL, "text", false);
  return t->rate.name ? df_arrays_add(arrays, t->rate.name, 0, NULL, "float64", true) : DF_OK;
}

static df_status read_stated_rate(const table* t, df_array* out) {
  double* value = df_alloc(1, sizeof *value);
  if (!value) return DF_E_NOMEM;
  *value = t->rate.value;
  *out = (df_array){.count = 1, .values = value};
  return DF_OK;
}

static df_status read_table(df_arrays* arrays, int i, df_array* out) {
  const table* t = arrays->state;
  const df_array_info* info = &arrays->item[i].info;
  if (!info->numeric)
    return df_fail(DF_E_FORMAT, "%s: array '%s': expected numbers, found %s", arrays->path, info->name, info->type);
  if (info->rank == 0) return read_stated_rate(t, out);
  const size_t columns = (size_t)t->columns, count = t->rows * (i == 0 ? columns : 1);
  double* values = df_alloc(count, sizeof *values);
  if (!values) return DF_E_NOMEM;
  for (size_t k = 0; k < count; k++) values[k] = t->values[i == 0 ? k : k * columns + (size_t)(i - 1)];
  *out = (df_array){.rank = info->rank, .count = count, .values = values};
  memcpy(out->shape, info->shape, sizeof out->shape);
  return DF_OK;
}

/* "50 Hz in line 1, but 0.01 s per frame in line 3" */
static df_status read_table_text(df_arrays* arrays, int i, char** out) {
  const table_rate* r = &((const table*)arrays->state)->rate;
  const bool first = r->name && strcmp(r->name, "dt") == 0, other = r->other.name && strcmp(r->other.name, "dt") == 0;
  char text[160];
  if (strcmp(arrays->item[i].info.name, DF_ARRAYS_RATES) != 0 || !r->contradicted)
    return df_arrays_fail_text(arrays, i);
  snprintf(text, sizeof text, "%.9g %s in line %zu, but %.9g %s in line %zu", r->value, first ? "s per frame" : "Hz",
           r->line, r->other.value, other ? "s per frame" : "Hz", r->other.line);
  *out = df_strdup(text);
  return *out ? DF_OK : DF_E_NOMEM;
}

static int table_columns(const df_arrays* arrays, int i, const char* const** names) {
  const table* t = arrays->state;
  if (i > 0 || !t->name) return 0;
  *names = t->name;
  return t->columns;
}

static void close_table(void* state) {
  table* t = state;
  df_free(t->text);
  df_free(t->values);
  df_free(t->name);
  df_free(t);
}

const df_arrays_reader df_arrays_table = {.open = open_table,
                                          .read = read_table,
                                          .read_text = read_table_text,
                                          .columns = table_columns,
                                          .close = close_table};
