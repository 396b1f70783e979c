/* finding.h: what the checks of a run find, and what they are given. */
#ifndef BENCH_FINDING_H
#define BENCH_FINDING_H

#include <stdbool.h>

#include "rows.h"
#include "run_view.h"

/* what a check came to, from good to bad */
typedef enum verify_outcome {
  VERIFY_OK,
  VERIFY_UNCHECKED,  /* nothing there to look at; never counted as passed */
  VERIFY_WARNING,    /* for people to look at */
  VERIFY_INCOMPLETE, /* a part is missing */
  VERIFY_FAILED,     /* the numbers contradict each other or what they must obey */
  VERIFY_TAMPERED,   /* a record is not what the program wrote */
  VERIFY_OUTCOMES
} verify_outcome;

const char* verify_outcome_name(verify_outcome outcome);

typedef struct verification {
  rows found; /* a row a finding, and a row for each check that found nothing: check, status, n, detail and the cell */
  int count[VERIFY_OUTCOMES];
} verification;

/* what a check must know of a method, which the record does not say */
typedef struct verify_method {
  bool known;              /* to this program */
  bool ignores_seed;       /* its numbers are the same for every seed */
  bool sees_demonstration; /* it is given the demonstration that it is compared with */
} verify_method;

/* a check in progress */
typedef struct verifier {
  const run_view* r;
  const char* folder;
  const struct verify_cfg* cfg;
  verification* out;
  const char* check;
  int looked, found; /* things looked at; findings */
} verifier;

/* What verification is given, so that it depends neither on the simulator nor on the table of methods. */
typedef struct verify_cfg {
  bool need_checkpoints; /* a missing checkpoint is a finding; a changed one always is */
  verify_method (*method)(const char* name);
  void (*replays)(verifier* v, const void* context); /* the check "replay": simulates recorded actions again */
  const void* context;
} verify_cfg;

/* Adds a finding; `cell` is the record that it is about, or NULL. */
void verify_find(verifier* v, verify_outcome outcome, const json_t* cell, const char* format, ...) DF_PRINTF(4, 5);

/* Ends a check: without a finding it adds a row, "ok" or, where there was nothing to look at, "not checked". */
void verify_close(verifier* v);

/* Whether a record is that of a cell, and of a finished one. */
bool verify_is_cell(const json_t* record);
bool verify_is_done(const json_t* record);

#endif
