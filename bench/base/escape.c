#include "escape.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/hash.h"

/* ---- characters ---- */

static const uint32_t INVALID = UINT32_MAX;

/* decodes the UTF-8 character at s[0..n), n > 0; returns its length. INVALID and 1 for a byte that begins none. */
static size_t decode(const char* s, size_t n, uint32_t* point) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const unsigned char first = (unsigned char)s[0];
  const size_t length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  *point = INVALID;
  if (first >= 0x80 && (first < 0xC2 || first > 0xF4 || length > n)) return 1;
  uint32_t c = length == 1 ? first : first & (0x7Fu >> length);
  for (size_t i = 1; i < length; i++) {
    if (((unsigned char)s[i] & 0xC0) != 0x80) return 1;
    c = c << 6 | ((unsigned char)s[i] & 0x3Fu);
  }
  if (c < least[length] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return 1;
  *point = c;
  return length;
}

/* whether a character shows itself: it neither controls a terminal or the direction of text, nor ends a line, and XML
 * allows it */
static bool is_printable(uint32_t c) {
  if (c < 0x20 || (c >= 0x7F && c < 0xA0)) return false;
  if (c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x2028 && c <= 0x202E)) return false;
  return !(c >= 0x2066 && c <= 0x2069) && c != 0xFEFF && (c & 0xFFFE) != 0xFFFE;
}

/* writes the ASCII character at[0] of a string in the syntax of a format; `before` is the character before it, or 0 */
typedef void (*put_fn)(text* t, const char* at, char before);

static void put_plain(text* t, const char* at, char before) {
  (void)before;
  text_add_bytes(t, at, 1);
}

/* the characters of s[0..n): printable ASCII by `put`, other printable ones as they are, the rest by their number */
static void add_string(text* t, const char* s, size_t n, put_fn put) {
  char before = 0;
  for (size_t i = 0; i < n;) {
    uint32_t c;
    const size_t length = decode(s + i, n - i, &c);
    if (c != INVALID && c < 0x80 && is_printable(c)) {
      /* the character after the last one must not be looked at */
      const char two[3] = {s[i], i + 1 < n ? s[i + 1] : '\0', '\0'};
      put(t, two, before);
    } else if (c != INVALID && is_printable(c)) {
      text_add_bytes(t, s + i, length);
    } else {
      char shown[16];
      const char* name = c == '\n' ? "\\n" : c == '\r' ? "\\r" : c == '\t' ? "\\t" : NULL;
      if (name) {
        snprintf(shown, sizeof shown, "%s", name);
      } else if (c == INVALID || c < 0x80) {
        snprintf(shown, sizeof shown, "\\x%02x", (unsigned)(unsigned char)s[i]);
      } else {
        snprintf(shown, sizeof shown, "\\u%04x", (unsigned)c);
      }
      for (const char* p = shown; *p; p++) put(t, p, p == shown ? before : p[-1]);
    }
    before = s[i];
    i += length;
  }
}

void text_add_plain(text* t, const char* s) {
  add_string(t, s, strlen(s), put_plain);
}

/* ---- Python ---- */

void text_add_python(text* t, const char* s) {
  text plain = {0};
  text_add_plain(&plain, s);
  text_add(t, "'");
  for (const char* at = text_of(&plain); *at; at++) text_add(t, "%s%c", strchr("'\\", *at) ? "\\" : "", *at);
  text_add(t, "'");
  text_clear(&plain);
}

/* ---- HTML and XML ---- */

static void put_html(text* t, const char* at, char before) {
  (void)before;
  switch (at[0]) {
    case '&':
      text_add(t, "&amp;");
      break;
    case '<':
      text_add(t, "&lt;");
      break;
    case '>':
      text_add(t, "&gt;");
      break;
    case '"':
      text_add(t, "&quot;");
      break;
    case '\'':
      text_add(t, "&#39;");
      break;
    default:
      text_add_bytes(t, at, 1);
  }
}

void text_add_html_bytes(text* t, const char* s, size_t n) {
  add_string(t, s, n, put_html);
}

void text_add_html(text* t, const char* s) {
  add_string(t, s, strlen(s), put_html);
}

/* ---- Markdown ---- */

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static bool is_word(char c) {
  return is_letter(c) || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

static void put_markdown(text* t, const char* at, char before) {
  const char c = at[0], next = at[1];
  /* HTML: a tag or comment, and an entity */
  if (c == '<' && (is_letter(next) || (next && strchr("/!?", next)))) {
    text_add(t, "&lt;");
    return;
  }
  if (c == '&' && (is_letter(next) || next == '#')) {
    text_add(t, "&amp;");
    return;
  }
  /* an underscore within a word is no markup, and brackets are a link only if they meet */
  const bool marks = strchr("\\`*|~$", c) || (c == '_' && !(is_word(before) && is_word(next))) ||
                     (before == ']' && (c == '(' || c == '[' || c == ':'));
  if (marks) text_add(t, "\\");
  text_add_bytes(t, at, 1);
}

void text_add_markdown(text* t, const char* s) {
  add_string(t, s, strlen(s), put_markdown);
}

/* ---- LaTeX ---- */

static void put_latex(text* t, const char* at, char before) {
  (void)before;
  switch (at[0]) {
    case '\\':
      text_add(t, "\\textbackslash{}");
      break;
    case '^':
      text_add(t, "\\textasciicircum{}");
      break;
    case '~':
      text_add(t, "\\textasciitilde{}");
      break;
    default:
      if (strchr("{}#$%&_", at[0])) text_add(t, "\\");
      text_add_bytes(t, at, 1);
  }
}

void text_add_latex(text* t, const char* s) {
  add_string(t, s, strlen(s), put_latex);
}

/* ---- commands of GitHub Actions ---- */

static void put_github(text* t, const char* at, char before) {
  (void)before;
  if (at[0] == '%') {
    text_add(t, "%%25");
  } else {
    text_add_bytes(t, at, 1);
  }
}

static void put_github_property(text* t, const char* at, char before) {
  if (at[0] == ':') {
    text_add(t, "%%3A");
  } else if (at[0] == ',') {
    text_add(t, "%%2C");
  } else {
    put_github(t, at, before);
  }
}

void text_add_github(text* t, const char* s) {
  add_string(t, s, strlen(s), put_github);
}

void text_add_github_property(text* t, const char* s) {
  add_string(t, s, strlen(s), put_github_property);
}

/* ---- CSV ---- */

void text_add_csv(text* t, const char* s) {
  const size_t n = strlen(s);
  const bool guarded = n && strchr("=+-@\t\r'", s[0]);
  const bool quoted = guarded || strpbrk(s, ",\"\n\r") || (n && (s[0] == ' ' || s[0] == '#' || s[n - 1] == ' '));
  if (quoted) text_add(t, "\"");
  if (guarded) text_add(t, "'");
  for (size_t i = 0; i < n;) {
    uint32_t c;
    const size_t length = decode(s + i, n - i, &c);
    if (c == INVALID) {
      text_add(t, "\\x%02x", (unsigned)(unsigned char)s[i]);
    } else if (c == '"') {
      text_add(t, "\"\"");
    } else {
      text_add_bytes(t, s + i, length);
    }
    i += length;
  }
  if (quoted) text_add(t, "\"");
}

/* ---- gnuplot ---- */

static void put_gnuplot(text* t, const char* at, char before) {
  const char c = at[0];
  /* gnuplot takes two quotes at the beginning of a string for an empty string, so that doubling does not escape them */
  if (c == '\'') {
    text_add(t, "\u2019");
    return;
  }
  /* the SVG terminal leaves > as it is, and XML does not allow ]]> */
  if ((c == '>' && before == ']') || (!is_word(c) && !strchr(" +-.,:;/()[]=<>%*#!?_^{}@&~|", c))) {
    text_add(t, "?");
    return;
  }
  /* marks of enhanced text */
  if (strchr("_^{}@&~", c)) text_add(t, "\\");
  text_add_bytes(t, at, 1);
}

static void put_gnuplot_tic(text* t, const char* at, char before) {
  if (at[0] == '%') text_add(t, "%%");
  put_gnuplot(t, at, before);
}

void text_add_gnuplot(text* t, const char* s) {
  text_add(t, "'");
  add_string(t, s, strlen(s), put_gnuplot);
  text_add(t, "'");
}

void text_add_gnuplot_tic(text* t, const char* s) {
  text_add(t, "'");
  add_string(t, s, strlen(s), put_gnuplot_tic);
  text_add(t, "'");
}

/* ---- file names ---- */

/* the longest name that file_name_of() makes, and the longest one with what is appended to it */
enum { MADE_MAX = 120, FILE_NAME_MAX = 200, DIGITS = 8 };

static bool is_file_character(char c, bool first) {
  return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || (!first && c == '-');
}

bool is_file_name(const char* name) {
  const size_t n = strlen(name);
  if (n == 0 || n > FILE_NAME_MAX) return false;
  for (size_t i = 0; i < n; i++) {
    if (!is_file_character(name[i], i == 0)) return false;
  }
  return true;
}

char* file_name_of(const char* name) {
  if (is_file_name(name) && strlen(name) <= MADE_MAX) return format_text("%s", name);
  char sha256[DF_SHA256_TEXT] = "";
  if (df_sha256(name, strlen(name), sha256) != DF_OK) sha256[0] = '\0';
  char* file = format_text("%.*s-%.*s", MADE_MAX - DIGITS - 1, name[0] ? name : "_", DIGITS, sha256);
  for (char* c = file; *c; c++) *c = is_file_character(*c, c == file) ? *c : '_';
  return file;
}
