#include "outcome.h"

const char* cell_outcome_word(cell_outcome outcome) {
  static const char* const words[CELL_OUTCOMES] = {
#define CELL_OUTCOME_WORD(code, word) word,
      CELL_OUTCOME_LIST(CELL_OUTCOME_WORD)
#undef CELL_OUTCOME_WORD
  };
  return words[outcome];
}
