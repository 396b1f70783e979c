/* data_finding.h: what a check of a recording found. */
#ifndef BENCH_CHECK_DATA_FINDING_H
#define BENCH_CHECK_DATA_FINDING_H

#include "dynaflow/core/status.h"

typedef enum check_verdict { CHECK_OK, CHECK_WARN, CHECK_WRONG } check_verdict;
/* "ok", "warn", "wrong" */
const char* check_verdict_text(check_verdict v);

/* The result of one check, of one column or joint or of all. */
typedef struct data_finding {
  const char* check; /* static */
  char* column;      /* "": all; owned */
  check_verdict verdict;
  double value, limit; /* the check holds while value <= limit; limit NAN: none */
  const char* unit;    /* static */
  char* would_fit; /* the setting with which it would be right, "data.quaternion = xyzw"; "": none is known; owned */
  char* reason;    /* a sentence, "" for most of what is right; owned */
} data_finding;

typedef struct data_findings {
  data_finding* list; /* owned */
  int n;
} data_findings;

void data_findings_clear(data_findings* f);

/* Adds a finding and returns it, valid until the next one is added. `column` may be NULL. Out of memory, these
 * functions end the program as text_add() does. */
data_finding* data_findings_add(data_findings* f, const char* check, const char* column, double value, double limit,
                                const char* unit);
/* Gives a finding its verdict and reason. */
void data_finding_judge(data_finding* one, check_verdict verdict, const char* format, ...) DF_PRINTF(3, 4);
void data_finding_fits(data_finding* one, const char* format, ...) DF_PRINTF(2, 3);
/* the same with a string of df_alloc(), which then is the finding's */
void data_finding_takes(data_finding* one, char* would_fit);

/* The number of findings with a verdict. */
int data_findings_count(const data_findings* f, check_verdict verdict);

#endif
