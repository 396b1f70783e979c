/* verdict.h: the verdicts of a gate, one row per tolerance, and the exit code they add up to. */
#ifndef BENCH_GATE_VERDICT_H
#define BENCH_GATE_VERDICT_H

#include "exit_code.h"
#include "rows.h"
#include "text.h"

/* X(code, name in rows, exit code), in increasing severity; the most severe verdict sets the exit code */
#define GATE_VERDICT_LIST(X)                                    \
  X(GATE_HELD, "held", EXIT_DONE)                               \
  X(GATE_IMPROVED, "improved", EXIT_DONE)                       \
  X(GATE_ADVISORY, "advisory", EXIT_DONE)                       \
  X(GATE_INCONCLUSIVE, "inconclusive", EXIT_INCONCLUSIVE)       \
  X(GATE_MISSING, "missing", EXIT_INCOMPLETE)                   \
  X(GATE_REGRESSED, "regressed", EXIT_CHECK_FAILED)             \
  X(GATE_NOT_COMPARABLE, "not comparable", EXIT_NOT_COMPARABLE) \
  X(GATE_UNREADABLE, "unreadable", EXIT_USAGE)

typedef enum gate_verdict {
#define GATE_ENUM(code, name, exit_code) code,
  GATE_VERDICT_LIST(GATE_ENUM)
#undef GATE_ENUM
      GATE_VERDICTS
} gate_verdict;

/* The name of a verdict in rows, a string literal. */
const char* gate_verdict_name(gate_verdict v);

/* the `kind` of advisory rows on what is not compared with the golden table, which the summary shows: metrics that the
 * table lacks; a table that does not name its data; demonstrations that another processor generated */
#define GATE_NEW_METRICS "new metrics"
#define GATE_OLD_TABLE   "old table"
#define GATE_OTHER_BITS  "other bits"
bool gate_is_notice(const char* kind);

/* what summaries, annotations and JUnit files say of a row beyond its columns */
typedef struct gate_origin {
  gate_verdict verdict;
  char* file;       /* where the tolerance stands; NULL: nowhere */
  int line;         /* 0: unknown */
  const char* kind; /* kind of the tolerance, a literal: "at most"; "" for a row without one */
  char* golden;     /* golden table to which a relative tolerance holds; NULL: none */
  int golden_line;  /* its row that deviates most */
  char bound[32];   /* the limit as a number, "<= 0.28" or "0.9..1.1"; "" without a limit */
  double number;    /* held to the bound: the worst seed of a limit, the mean of a relative tolerance; NaN: none */
  double excess;    /* how far it is beyond the bound, in units of the limit or tolerance; negative: within */
  double seconds;   /* since the verdict before */
} gate_origin;

typedef struct gate_result {
  rows verdicts; /* task, method, profile, metric, k, value, unit, n, lo, hi, status (the verdict), limit, detail */
  int count[GATE_VERDICTS]; /* rows with each verdict */
  gate_origin* origins;     /* one per row, in the same order; owned */
  double clock;             /* wall-clock time [s] of the last verdict; 0: none yet */
} gate_result;

void gate_clear(gate_result* g);

/* Begins the time of the next verdict. */
void gate_start_clock(gate_result* g);

/* Says where the tolerance of the last row stands, and its kind (a literal, not copied). `file` may be NULL. */
void gate_locate(gate_result* g, const char* file, int line, const char* kind);

/* Says what number the last row holds to its limit, which `bound` shows, and how far it is beyond it. */
void gate_measure(gate_result* g, const char* bound, double number, double excess);

/* Says to which row of a golden table the number of the last row is held. */
void gate_locate_golden(gate_result* g, const char* file, int line);

/* The rows in order of severity, the worst first: an allocated list of their indices, to be freed with df_free(); NULL
 * if there is no row. *n is their number. Out of memory, it ends the program, as text_add() does. */
int* gate_by_severity(const gate_result* g, int* n);

/* The verdict on the whole run: the name of the most severe one, "held", or "nothing checked". */
const char* gate_outcome(const gate_result* g);

/* The number of rows of each verdict that occurs, from `first` down to `last`, as "2 regressed, 1 missing"; appends
 * nothing if there are none. */
void gate_add_counts(const gate_result* g, gate_verdict first, gate_verdict last, text* out);

/* Adds a row that concerns no metric; `what` takes the place of the metric's name. */
void gate_add(gate_result* g, gate_verdict v, const char* task, const char* profile, const char* what,
              const char* detail);

/* The exit code of the most severe verdict. EXIT_INCOMPLETE if no tolerance was held or improved: a gate that checked
 * nothing has not passed. */
int gate_exit_code(const gate_result* g);

/* Adds row `r` with verdict `v`, whose name becomes r->status. `limit` is the tolerance as text, `detail` its reason or
 * the cause of the verdict; both may be "". */
void gate_add_row(gate_result* g, gate_verdict v, row* r, const char* limit, const char* detail);

#endif
