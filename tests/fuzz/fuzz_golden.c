/* Any bytes as a golden table: refused, or read with every row within its range and found by golden_next(). */
#include "golden.h"

#include <math.h>
#include <string.h>

#include "fuzz_input.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  golden_table g;
  if (golden_read(fuzz_file(data, size), &g) != DF_OK) return 0;
  FUZZ_REQUIRE(g.n >= 1 && g.mujoco[0] && g.settings[0] && g.task_version >= 1);
  for (int i = 0; i < g.n; i++) {
    const golden_row* r = &g.rows[i];
    FUZZ_REQUIRE(r->task[0] && r->method[0] && r->profile[0] && r->metric[0]);
    FUZZ_REQUIRE(r->seed >= 0 && r->k >= 0 && r->line >= 1 && !isinf(r->value));
    const golden_row* next = NULL;
    do next = golden_next(&g, next, r->task, r->profile, r->method, r->metric, r->k);
    while (next && next->seed != r->seed);
    FUZZ_REQUIRE(next == r); /* one row per number and seed */
  }
  golden_clear(&g);
  return 0;
}
