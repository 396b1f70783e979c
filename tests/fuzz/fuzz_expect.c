/* Any bytes as a tolerances file (expect.yaml): refused, or read with every field within its range. */
#include <math.h>
#include <string.h>

#include "expect.h"
#include "fuzz_input.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static expectations e;
  if (expect_read(fuzz_file(data, size), &e) != DF_OK) return 0;
  int version[2];
  FUZZ_REQUIRE(e.task_version >= 1 && version_parts(e.mujoco, version));
  FUZZ_REQUIRE(e.n >= 1 && e.n <= BANDS_MAX && e.n_effort >= 0 && e.n_effort <= EFFORT_BANDS_MAX);
  for (int i = 0; i < e.n; i++) {
    const band* b = &e.bands[i];
    FUZZ_REQUIRE(b->metric[0] && b->method[0] && b->profile[0] && b->reason[0]);
    FUZZ_REQUIRE(memchr(b->metric, 0, sizeof b->metric) && memchr(b->reason, 0, sizeof b->reason));
    FUZZ_REQUIRE(isfinite(b->bound) && isfinite(b->absolute) && b->k >= 0 && b->seeds >= 1);
  }
  for (int i = 0; i < e.n_effort; i++) FUZZ_REQUIRE(isfinite(e.effort[i].percent) && e.effort[i].percent >= 0);
  expect_clear(&e);
  return 0;
}
