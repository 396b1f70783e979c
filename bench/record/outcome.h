/* outcome.h: how a cell ended. */
#ifndef BENCH_OUTCOME_H
#define BENCH_OUTCOME_H

/* What a cell's record says of how it ended. Only done counts as a result; the next run tries all others again.
 * X(code, word) */
#define CELL_OUTCOME_LIST(X)                                                      \
  X(CELL_DONE, "done")                                                            \
  X(CELL_DIVERGED, "diverged") /* training or evaluation left no finite number */ \
  X(CELL_TIMEOUT, "timeout")   /* over its time */                                \
  X(CELL_ERROR, "error")       /* anything else, its memory among it */           \
  X(CELL_INTERRUPTED, "interrupted")

typedef enum cell_outcome {
#define CELL_OUTCOME_ENUM(code, word) code,
  CELL_OUTCOME_LIST(CELL_OUTCOME_ENUM)
#undef CELL_OUTCOME_ENUM
      CELL_OUTCOMES
} cell_outcome;

const char* cell_outcome_word(cell_outcome outcome);

#endif
