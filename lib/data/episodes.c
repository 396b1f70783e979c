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

static int by_natural_order(const void* a, const void* b) {
  return natural_order(*(char* const*)a, *(char* const*)b);
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

void groups_clear(group_list* groups) {
  for (int i = 0; i < groups->n; i++) df_free(groups->name[i]);
  df_free(groups->name);
  *groups = (group_list){0};
}

/* ---- ends ---- */

/* the rows after the last one of each episode, without 0, and with the last row; *n of them in out [count + 1] */
static df_status read_ends(const span_request* r, bool flags, size_t rows, size_t* out, int* n) {
  *n = 0;
  for (size_t i = 0; i < r->count; i++) {
    const double end = flags ? (r->ends[i] != 0 ? (double)(i + 1) : 0) : r->ends[i];
    if (end == 0 && (flags || i == 0)) continue;
    if (!(end > (double)(*n > 0 ? out[*n - 1] : 0)) || end > (double)rows || end != floor(end)) {
      return df_fail(DF_E_FORMAT,
                     "%s: array '%s' is %g at index %zu: expected whole numbers that increase to the %zu frames",
                     r->path, r->key, end, i, rows);
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

static df_status cut(const span_request* r, size_t* end, span** spans, int* n) {
  const double* ends = r->ends;
  const size_t count = r->count, rows = r->rows, actions = r->actions;
  /* what the ends count: frames, or actions if those are fewer, by one per episode */
  bool flags = count == rows || (actions > 0 && count == actions);
  for (size_t i = 0; i < count; i++) flags = flags && (ends[i] == 0 || ends[i] == 1);
  const bool fewer = actions > 0 && actions < rows;
  const bool of_actions = fewer && (flags ? count != rows : count == 0 || ends[count - 1] <= (double)actions);
  DF_TRY(read_ends(r, flags, of_actions && !r->complete ? actions : rows, end, n));
  *spans = df_alloc((size_t)*n, sizeof **spans);
  if (!*spans) return DF_E_NOMEM;
  for (size_t e = 0; e < (size_t)*n; e++) {
    const size_t first = e > 0 ? end[e - 1] : 0, length = end[e] - first;
    span* s = &(*spans)[e];
    *s = (span){.frame = of_actions ? first + e : first, .frames = of_actions ? length + 1 : length};
    if (actions > 0) s->action = fewer ? s->frame - e : s->frame;
    if (actions > 0) s->actions = fewer ? s->frames - 1 : s->frames;
  }
  return DF_OK;
}

df_status spans_cut(const span_request* r, span** spans, int* n) {
  *spans = NULL;
  size_t* end = df_alloc(r->count + 1, sizeof *end);
  const df_status status = end ? cut(r, end, spans, n) : DF_E_NOMEM;
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
