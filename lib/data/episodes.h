/* episodes.h: where the episodes of a file are: groups, ends, and which are selected. Private. */
#ifndef LIB_DATA_EPISODES_H
#define LIB_DATA_EPISODES_H

#include <stdbool.h>
#include <stddef.h>

#include "dynaflow/config/config.h"
#include "stack.h"

/* names */
typedef struct group_list {
  int n;
  char** name; /* owned */
} group_list;

/* Lists the groups of a file that fit the pattern data.episodes_key, in natural order (demo_2 before demo_10): leading
 * parts of the names of arrays with as many parts as the pattern. "" gives the one group "". DF_E_FORMAT if there are
 * none, DF_E_NOMEM. The caller clears *out. */
DF_MUST_CHECK df_status groups_find(const array_file* file, const char* pattern, group_list* out);
void groups_clear(group_list* groups);
/* Whether the first n characters of a name are those of a group: by halving, as a file may have as many groups as
 * arrays. */
bool groups_hold(const group_list* groups, const char* name, size_t n);

/* Orders texts so that numbers in them count as numbers. */
int natural_order(const char* a, const char* b);

/* an episode in stacks of frames and of actions: its first row and number of rows in each */
typedef struct span {
  size_t frame, frames;
  size_t action, actions;
} span;

/* what row numbers of ends count: data.ends_rows */
typedef enum ends_rows { ENDS_AUTO, ENDS_FRAMES, ENDS_ACTIONS } ends_rows;

/* what the numbers that say where episodes end are; those of all but ENDS_ARE_ROWS are one per frame or per action */
typedef enum ends_kind {
  ENDS_ARE_NONE,  /* flags of which none is set: one episode */
  ENDS_ARE_ROWS,  /* increasing numbers of the row after each episode */
  ENDS_ARE_FLAGS, /* 1 in the last row of each episode, else 0 */
  ENDS_ARE_INDEX, /* of the episode: the same number in all of its rows, which are two or more */
  ENDS_ARE_CLOCK, /* or a count of rows: increases, and falls with each new episode */
} ends_kind;

/* "flags" */
const char* ends_kind_text(ends_kind kind);

/* frames and actions of several episodes, one after the other, and where the episodes end */
typedef struct span_request {
  const char *path, *key, *states; /* for messages: the file and the names of both arrays */
  const double* ends;              /* [count], see ends_kind */
  size_t count;
  size_t rows;       /* frames */
  size_t actions;    /* 0: none */
  ends_rows ends_of; /* what row numbers count; ENDS_AUTO: frames, or actions if only these fit the numbers of both */
  bool complete;     /* the last end is the number of frames; else there may be one more episode after it */
} span_request;

typedef struct span_list {
  int n;
  span* span; /* [n], owned */
  ends_kind kind;
  bool assumed; /* the ends are taken for frames, but nothing tells whether they count actions */
} span_list;

/* Cuts them. If there are fewer actions than frames, by one per episode, `ends` may count actions; the caller checks
 * that actions + out->n == rows then. The caller frees out->span with df_free(). Errors: DF_E_FORMAT for ends that do
 * not increase or are beyond the last row, with their index; DF_E_CONFIG for row numbers that may count either under
 * ENDS_AUTO; DF_E_NOMEM. */
DF_MUST_CHECK df_status spans_cut(const span_request* request, span_list* out);

/* Sets selected [n] by data.select: numbers A and ranges A-B. DF_E_CONFIG for an item that is neither or beyond n. */
DF_MUST_CHECK df_status select_episodes(const df_names* items, int n, bool* selected);

#endif
