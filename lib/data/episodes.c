#define _POSIX_C_SOURCE 200809L
#include "episodes.h"

#include <ctype.h>
#include <fnmatch.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"

/* ---- groups ---- */

int natural_order(const char* a, const char* b) {
  while (*a && *b) {
    if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
      /* of two numbers without leading zeros the longer one is larger */
      a += strspn(a, "0");
      b += strspn(b, "0");
      const size_t n = strspn(a, "0123456789"), m = strspn(b, "0123456789");
      if (n != m) return n < m ? -1 : 1;
      const int order = memcmp(a, b, n);
      if (order != 0) return order;
      a += n;
      b += n;
    } else if (*a != *b) {
      return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
    } else {
      a++;
      b++;
    }
  }
  return (*a != '\0') - (*b != '\0');
}

/* names of the same numbers, ep_1 and ep_01, by their characters */
static int by_natural_order(const void* a, const void* b) {
  const char *s = *(char*const*)a, *t = *(char*const*)b;
  const int order = natural_order(s, t);
  return order != 0 ? order : strcmp(s, t);
}

/* the length of the first parts of a name, as many as `pattern` has; 0 if there are fewer */
static size_t leading_parts(const char* name, const char* pattern) {
  const char* end = name;
  for (const char* p = pattern; p; p = strchr(p, '/')) {
    if (p > pattern) {
      if (*end != '/') return 0;
      end++;
      p++;
    }
    end += strcspn(end, "/@"); /* an attribute is of the group before its @ */
  }
  return (size_t)(end - name);
}

static df_status add_group(group_list* out, const char* name, size_t n) {
  char* copy = df_alloc(n + 1, 1);
  if (!copy) return DF_E_NOMEM;
  memcpy(copy, name, n);
  out->name[out->n++] = copy;
  return DF_OK;
}

/* sorts, and drops the repetitions: a group is found with each of its arrays */
static void sort_groups(group_list* out) {
  qsort(out->name, (size_t)out->n, sizeof *out->name, by_natural_order);
  int kept = 0;
  for (int i = 0; i < out->n; i++) {
    if (kept > 0 && strcmp(out->name[kept - 1], out->name[i]) == 0) {
      df_free(out->name[i]);
    } else {
      out->name[kept++] = out->name[i];
    }
  }
  out->n = kept;
}

static df_status find_groups(const array_file* file, const char* pattern, group_list* out) {
  const int n = df_arrays_count(file->arrays);
  out->name = df_alloc((size_t)n + 1, sizeof *out->name);
  if (!out->name) return DF_E_NOMEM;
  if (!pattern[0]) return add_group(out, "", 0);
  for (int i = 0; i < n; i++) {
    const char* name = df_arrays_info(file->arrays, i)->name;
    const size_t length = leading_parts(name, pattern);
    if (length == 0) continue;
    DF_TRY(add_group(out, name, length));
    if (fnmatch(pattern, out->name[out->n - 1], FNM_PATHNAME) != 0) df_free(out->name[--out->n]);
  }
  sort_groups(out);
  if (out->n > 0) return DF_OK;
  return df_fail(DF_E_FORMAT, "%s: data.episodes_key = '%s': no group or array fits; the first array is '%s'",
                 file->path, pattern, n > 0 ? df_arrays_info(file->arrays, 0)->name : "");
}

df_status groups_find(const array_file* file, const char* pattern, group_list* out) {
  *out = (group_list){0};
  const df_status status = find_groups(file, pattern, out);
  if (status != DF_OK) groups_clear(out);
  return status;
}

bool groups_hold(const group_list* groups, const char* name, size_t n) {
  char part[STACK_NAME];
  char* key = part;
  if (n >= sizeof part) return false;
  memcpy(part, name, n);
  part[n] = '\0';
  return bsearch(&key, groups->name, (size_t)groups->n, sizeof *groups->name, by_natural_order) != NULL;
}

void groups_clear(group_list* groups) {
  for (int i = 0; i < groups->n; i++) df_free(groups->name[i]);
  df_free(groups->name);
  *groups = (group_list){0};
}

/* ---- ends ---- */

/* whether there is a number per frame or per action; a single number says the same either way */
static bool is_per_row(const span_request* r) {
  return r->count >= 2 && (r->count == r->rows || (r->actions > 0 && r->count == r->actions));
}

/* the rows after the last one of each episode, without 0, and with the last row; *n of them in out [count + 1] */
static df_status read_ends(const span_request* r, bool flags, size_t rows, size_t* out, int* n) {
  *n = 0;
  for (size_t i = 0; i < r->count; i++) {
    const double end = flags ? (r->ends[i] != 0 ? (double)(i + 1) : 0) : r->ends[i];
    if (end == 0 && (flags || i == 0)) continue;
    if (!(end > (double)(*n > 0 ? out[*n - 1] : 0)) || end > (double)rows || end != floor(end)) {
      return df_fail(DF_E_FORMAT,
                     "%s: array '%s' is %g at index %zu: expected whole numbers that increase to the %zu %s%s", r->path,
                     r->key, end, i, rows, rows == r->rows ? "frames" : "actions",
                     is_per_row(r) ? ", or in each of these a flag (0 or 1), the index of the episode, or a clock that "
                                     "begins again with each episode"
                                   : "");
    }
    out[(*n)++] = (size_t)end;
  }
  if (*n > 0 && out[*n - 1] == rows) return DF_OK;
  if (r->complete) {
    return df_fail(DF_E_FORMAT, "%s: array '%s' ends at frame %zu, but array '%s' has %zu frames", r->path, r->key,
                   *n > 0 ? out[*n - 1] : 0, r->states, rows);
  }
  out[(*n)++] = rows;
  return DF_OK;
}

static bool has_fewer_actions(const span_request* r) {
  return r->actions > 0 && r->actions < r->rows;
}

/* Whether the numbers are an index of the episode per row: whole numbers, the same in all rows of an episode. Of zeros
 * and ones those are that change once at most, and never after a single row: flags would end episodes of single frames.
 * Zeros alone are flags. */
static bool is_index(const span_request* r) {
  size_t changes = 0, rows = 0; /* of the episode so far */
  bool binary = true, ones = false;
  for (size_t i = 0; i < r->count; i++) {
    const double value = r->ends[i];
    const bool changed = i > 0 && value != r->ends[i - 1];
    if (value != floor(value) || (changed && rows < 2)) return false;
    binary = binary && (value == 0 || value == 1);
    ones = ones || value == 1;
    changes += changed;
    rows = changed ? 1 : rows + 1;
  }
  return rows >= 2 && (!binary || (ones && changes <= 1));
}

/* whether the numbers of frames and actions are those of a single episode */
static bool may_be_one(const span_request* r) {
  return r->actions == 0 || r->actions == r->rows || r->actions + 1 == r->rows;
}

/* Whether the numbers are a clock or count frames, and begin again with each episode. Numbers that increase from row to
 * row are those of a single episode: as row numbers they would end episodes of single frames. */
static bool is_clock(const span_request* r) {
  size_t falls = 0;
  for (size_t i = 1; i < r->count; i++) {
    if (r->ends[i] == r->ends[i - 1]) return false;
    falls += r->ends[i] < r->ends[i - 1];
  }
  return falls > 0 ? 2 * falls < r->count : may_be_one(r);
}

static bool are_flags(const span_request* r) {
  bool flags = true;
  for (size_t i = 0; i < r->count; i++) flags = flags && (r->ends[i] == 0 || r->ends[i] == 1);
  return flags;
}

static bool any_set(const span_request* r) {
  for (size_t i = 0; i < r->count; i++) {
    if (r->ends[i] != 0) return true;
  }
  return false;
}

static ends_kind find_kind(const span_request* r) {
  if (!is_per_row(r)) return ENDS_ARE_ROWS;
  if (is_index(r)) return ENDS_ARE_INDEX;
  if (is_clock(r)) return ENDS_ARE_CLOCK;
  return !are_flags(r) ? ENDS_ARE_ROWS : any_set(r) ? ENDS_ARE_FLAGS : ENDS_ARE_NONE;
}

const char* ends_kind_text(ends_kind kind) {
  static const char* const texts[] = {[ENDS_ARE_NONE] = "zeros",
                                      [ENDS_ARE_ROWS] = "row numbers",
                                      [ENDS_ARE_FLAGS] = "flags",
                                      [ENDS_ARE_INDEX] = "an index of the episode",
                                      [ENDS_ARE_CLOCK] = "a clock or a count of frames"};
  return texts[kind];
}

static double last_end(const span_request* r) {
  return r->count > 0 ? r->ends[r->count - 1] : 0;
}

/* the number of row numbers but 0 */
static size_t count_ends(const span_request* r) {
  return r->count - (r->count > 0 && r->ends[0] == 0);
}

/* the number of episodes if row numbers count `rows` frames or actions; 0: they do not */
static size_t count_episodes(const span_request* r, size_t rows) {
  if (last_end(r) > (double)rows) return 0;
  return count_ends(r) + (last_end(r) < (double)rows);
}

/* Sets what row numbers count. There is one action fewer than frames per episode, which only one of them may fit. */
static df_status find_counted(const span_request* r, bool* of_actions) {
  *of_actions = r->ends_of == ENDS_ACTIONS && r->actions != r->rows;
  if (r->ends_of != ENDS_AUTO || r->complete || !has_fewer_actions(r)) return DF_OK;
  const size_t episodes = r->rows - r->actions;
  const bool frames = count_episodes(r, r->rows) == episodes, actions = count_episodes(r, r->actions) == episodes;
  *of_actions = actions || (!frames && last_end(r) <= (double)r->actions);
  if (!frames || !actions || episodes == 1) return DF_OK;
  return df_fail(DF_E_CONFIG,
                 "%s: array '%s': its row numbers may count the %zu frames of '%s' or the %zu actions; set "
                 "data.ends_rows: frames or actions",
                 r->path, r->key, r->rows, r->states, r->actions);
}

/* the rows that row numbers of actions count: without recorded actions one fewer than frames per episode */
static size_t count_actions(const span_request* r) {
  const size_t n = count_ends(r), episodes = n + (last_end(r) + (double)n != (double)r->rows);
  return r->actions > 0 ? r->actions : r->rows > episodes ? r->rows - episodes : 0;
}

static df_status cut(const span_request* r, bool flags, size_t* end, span_list* out) {
  const bool fewer = has_fewer_actions(r);
  bool of_actions = fewer && r->count != r->rows;
  if (!flags) DF_TRY(find_counted(r, &of_actions));
  out->assumed =
      !flags && r->ends_of == ENDS_AUTO && r->actions == 0 && count_ends(r) > 0 && last_end(r) < (double)r->rows;
  DF_TRY(read_ends(r, flags, of_actions ? count_actions(r) : r->rows, end, &out->n));
  out->span = df_alloc((size_t)out->n, sizeof *out->span);
  if (!out->span) return DF_E_NOMEM;
  for (size_t e = 0; e < (size_t)out->n; e++) {
    const size_t first = e > 0 ? end[e - 1] : 0, length = end[e] - first;
    span* s = &out->span[e];
    *s = (span){.frame = of_actions ? first + e : first, .frames = of_actions ? length + 1 : length};
    if (r->actions > 0) s->action = fewer ? s->frame - e : s->frame;
    if (r->actions > 0) s->actions = fewer ? s->frames - 1 : s->frames;
  }
  return DF_OK;
}

/* flags [count] for an index or a clock per row: the last row of each episode */
static void fill_flags(const span_request* r, ends_kind kind, double* flag) {
  for (size_t i = 0; i < r->count; i++) {
    const bool last = i + 1 == r->count;
    flag[i] = last || (kind == ENDS_ARE_INDEX ? r->ends[i + 1] != r->ends[i] : r->ends[i + 1] < r->ends[i]);
  }
}

df_status spans_cut(const span_request* r, span_list* out) {
  const ends_kind kind = find_kind(r);
  const bool of_rows = kind == ENDS_ARE_INDEX || kind == ENDS_ARE_CLOCK;
  span_request request = *r;
  *out = (span_list){.kind = kind};
  size_t* end = df_alloc(r->count + 1, sizeof *end);
  double* flag = of_rows ? df_alloc(r->count, sizeof *flag) : NULL;
  df_status status = end && (flag || !of_rows) ? DF_OK : DF_E_NOMEM;
  if (status == DF_OK && of_rows) {
    fill_flags(r, kind, flag);
    request.ends = flag;
  }
  if (status == DF_OK) status = cut(&request, kind != ENDS_ARE_ROWS, end, out);
  df_free(flag);
  df_free(end);
  return status;
}

/* ---- selection ---- */

df_status select_episodes(const df_names* items, int n, bool* selected) {
  for (int e = 0; e < n; e++) selected[e] = items->n == 0;
  for (int i = 0; i < items->n; i++) {
    char* end;
    const long from = strtol(items->v[i], &end, 10);
    bool number = isdigit((unsigned char)items->v[i][0]);
    long to = from;
    if (*end == '-') {
      number = number && isdigit((unsigned char)end[1]);
      to = strtol(end + 1, &end, 10);
    }
    if (!number || *end || from > to || to >= n) {
      return df_fail(DF_E_CONFIG, "data.select: '%s': expected a number or a range A-B of episodes in 0 .. %d",
                     items->v[i], n - 1);
    }
    for (long e = from; e <= to; e++) selected[e] = true;
  }
  return DF_OK;
}
