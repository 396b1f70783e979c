/* outcome.h: how a cell ended. */
#ifndef BENCH_RECORD_OUTCOME_H
#define BENCH_RECORD_OUTCOME_H

/* Outcomes as recorded in a cell's "status". Only "done" is a result; the next run retries cells with any other
 * outcome. X(code, word) */
#define CELL_OUTCOME_LIST(X)                                                            \
  X(CELL_DONE, "done")                                                                  \
  X(CELL_DIVERGED, "diverged") /* training or evaluation gave no finite number */       \
  X(CELL_TIMEOUT, "timeout")   /* exceeded its time limit */                            \
  X(CELL_ERROR, "error")       /* any other failure, also exceeding its memory limit */ \
  X(CELL_INTERRUPTED, "interrupted")

typedef enum cell_outcome {
#define CELL_OUTCOME_ENUM(code, word) code,
  CELL_OUTCOME_LIST(CELL_OUTCOME_ENUM)
#undef CELL_OUTCOME_ENUM
      CELL_OUTCOMES
} cell_outcome;

/* The word of an outcome, a string literal. */
const char* cell_outcome_word(cell_outcome outcome);

#endif
