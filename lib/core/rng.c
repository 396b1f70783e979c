#include "dynaflow/core/rng.h"

#include <math.h>

/* the generator is a third-party header (Random123): silence the warnings inside it */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wpedantic"
#include <Random123/philox.h>
#pragma GCC diagnostic pop

/* encrypts the counter (index, stream, block) with the key `seed` into two 64-bit words */
static void draw(uint64_t seed, df_stream stream, uint64_t index, uint32_t block, uint64_t out[2]) {
  const philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
  const philox4x32_ctr_t counter = {{(uint32_t)index, (uint32_t)(index >> 32), (uint32_t)stream, block}};
  const philox4x32_ctr_t r = philox4x32(counter, key);
  out[0] = (uint64_t)r.v[0] | (uint64_t)r.v[1] << 32;
  out[1] = (uint64_t)r.v[2] | (uint64_t)r.v[3] << 32;
}

static double to_unit(uint64_t bits) {
  return (double)(bits >> 11) * 0x1p-53;
}

void df_rng_uniform(uint64_t seed, df_stream stream, uint64_t index, size_t n, double* out) {
  for (size_t i = 0; i < n; i += 2) {
    uint64_t r[2];
    draw(seed, stream, index, (uint32_t)(i / 2), r);
    out[i] = to_unit(r[0]);
    if (i + 1 < n) out[i + 1] = to_unit(r[1]);
  }
}

void df_rng_normal(uint64_t seed, df_stream stream, uint64_t index, size_t n, double* out) {
  static const double two_pi = 6.283185307179586476925;
  for (size_t i = 0; i < n; i += 2) {
    uint64_t r[2];
    draw(seed, stream, index, (uint32_t)(i / 2), r);
    /* 1 - u is in (0,1], so the logarithm is finite */
    const double radius = sqrt(-2 * log(1 - to_unit(r[0])));
    const double angle = two_pi * to_unit(r[1]);
    out[i] = radius * cos(angle);
    if (i + 1 < n) out[i + 1] = radius * sin(angle);
  }
}

uint64_t df_rng_below(uint64_t seed, df_stream stream, uint64_t index, uint32_t lane, uint64_t below) {
  uint64_t r[2];
  draw(seed, stream, index, lane, r);
  __extension__ typedef unsigned __int128 wide;
  return (uint64_t)(((wide)r[0] * below) >> 64);
}
