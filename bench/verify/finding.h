/* finding.h: the findings of the checks of a run, and the input of a check. */
#ifndef BENCH_VERIFY_FINDING_H
#define BENCH_VERIFY_FINDING_H

#include <stdbool.h>

#include "rows.h"
#include "run_view.h"

/* outcomes of a check, in increasing severity */
typedef enum verify_outcome {
  VERIFY_OK,
  VERIFY_UNCHECKED,  /* nothing to check; not counted as passed */
  VERIFY_WARNING,    /* to be judged by a person; does not change the exit code */
  VERIFY_INCOMPLETE, /* something is missing */
  VERIFY_FAILED,     /* numbers contradict each other or a bound */
  VERIFY_TAMPERED,   /* a record differs from what the program wrote */
  VERIFY_OUTCOMES
} verify_outcome;

/* The word in the column "status", a string literal. */
const char* verify_outcome_name(verify_outcome outcome);

typedef struct verification {
  rows found; /* one row per finding and per check without finding: check, status, task, method, seed, profile, n,
                 detail */
  int count[VERIFY_OUTCOMES]; /* of rows */
} verification;

/* properties of a method that the records do not contain */
typedef struct verify_method {
  bool known;              /* the method exists in this program */
  bool ignores_seed;       /* its numbers are equal for all seeds */
  bool sees_demonstration; /* it is given the demonstration with which its output is compared */
} verify_method;

/* the state of a running check */
typedef struct verifier {
  const run_view* r;
  const char* folder;
  const struct verify_cfg* cfg;
  verification* out;
  const char* check;
  int looked, found; /* number of items checked, of findings */
} verifier;

/* Inputs that keep verification independent of the simulator and of the table of methods. */
typedef struct verify_cfg {
  bool need_checkpoints;                             /* report missing checkpoints; changed ones are always reported */
  verify_method (*method)(const char* name);         /* properties of a method; all false if it is unknown */
  void (*replays)(verifier* v, const void* context); /* the check "replay": simulates the recorded actions again */
  /* the checks "drawn" and "weights": held-out windows and numbers of parameters again; NULL: they are not checked */
  void (*drawn)(verifier* v, const void* context);
  void (*weights)(verifier* v, const void* context);
  const void* context;
} verify_cfg;

/* Adds a finding. `cell` is the record it concerns, from which task, method, seed and profile are copied; NULL: the
 * whole run. The detail is cut at 399 bytes. */
void verify_find(verifier* v, verify_outcome outcome, const json_t* cell, const char* format, ...) DF_PRINTF(4, 5);

/* Ends a check. Without findings it adds a row "ok", or "not checked" if nothing was checked. */
void verify_close(verifier* v);

/* Whether a record is a cell; whether it is a cell with status "done". */
bool verify_is_cell(const json_t* record);
bool verify_is_done(const json_t* record);

#endif
