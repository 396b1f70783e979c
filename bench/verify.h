/* verify.h: is a run's record complete, whole and consistent? Looked at before any number is counted. */
#ifndef BENCH_VERIFY_H
#define BENCH_VERIFY_H

#include <stdbool.h>

#include "report.h"
#include "rows.h"

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

/* Makes every check. `folder` is the run's, for its checkpoints; a missing checkpoint counts only with
 * `need_checkpoints`, another one than recorded always does. `opts` say where tasks and their models are: recorded
 * actions are simulated again. verification_clear it. */
void verify_run(const report* r, const char* folder, const options* opts, bool need_checkpoints, verification* out);
void verification_clear(verification* v);

/* 0, 1 failed, 2 tampered, 3 incomplete; the gravest: tampered, failed, incomplete */
int verification_exit_code(const verification* v);

/* The folder of a run given as a path or as the name of one under results/runs, in memory of df_alloc. */
char* run_folder(const char* run);

#endif
