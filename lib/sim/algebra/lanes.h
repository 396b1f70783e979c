/* lanes.h: vectors of four doubles, and the algebra of spatial.h on four motions or forces at once, with one df_lanes
 * per coordinate. Each lane has the operations of the scalar code, so results do not depend on the vector width or the
 * machine. */
#ifndef LIB_SIM_ALGEBRA_LANES_H
#define LIB_SIM_ALGEBRA_LANES_H

/* the warning is about passing vectors to functions; here all such functions are inlined */
#pragma GCC diagnostic ignored "-Wpsabi"

/* MuJoCo's library for x86-64 requires AVX, so this code may require it too */
#if defined(__x86_64__)
#define DF_WIDE __attribute__((target("avx")))
#else
#define DF_WIDE
#endif
#define DF_WIDE_INLINE static inline __attribute__((always_inline)) DF_WIDE

/* an unrolled loop over the six coordinates: at -O2 compilers do not unroll short loops, which doubles the time */
#if defined(__clang__)
#define DF_EACH(k) _Pragma("unroll") for (int k = 0; k < 6; k++)
#else
#define DF_EACH(k) _Pragma("GCC unroll 6") for (int k = 0; k < 6; k++)
#endif

typedef double df_lanes __attribute__((vector_size(4 * sizeof(double))));

/* the vector of the lanes i, j, k, l of a and b, in which 0..3 are those of a and 4..7 those of b; constants */
#if defined(__clang__) || __GNUC__ >= 12
#define DF_LANES(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
typedef long long df_lane_numbers __attribute__((vector_size(4 * sizeof(long long))));
#define DF_LANES(a, b, i, j, k, l) __builtin_shuffle(a, b, (df_lane_numbers){i, j, k, l})
#endif

DF_WIDE_INLINE df_lanes lanes_all(double x) {
  return (df_lanes){x, x, x, x};
}

/* out = a x* f in each lane; out must not be a or f */
DF_WIDE_INLINE void lanes_cross_force(df_lanes out[6], const df_lanes a[6], const df_lanes f[6]) {
  out[0] = a[1] * f[2] - a[2] * f[1] + a[4] * f[5] - a[5] * f[4];
  out[1] = a[2] * f[0] - a[0] * f[2] + a[5] * f[3] - a[3] * f[5];
  out[2] = a[0] * f[1] - a[1] * f[0] + a[3] * f[4] - a[4] * f[3];
  out[3] = a[1] * f[5] - a[2] * f[4];
  out[4] = a[2] * f[3] - a[0] * f[5];
  out[5] = a[0] * f[4] - a[1] * f[3];
}

/* out = I m in each lane, for one inertia in the layout of sp_inertia_times() */
DF_WIDE_INLINE void lanes_inertia_times(df_lanes out[6], const double inertia[10], const df_lanes m[6]) {
  df_lanes i[10];
  _Pragma("GCC unroll 10") for (int k = 0; k < 10; k++) i[k] = lanes_all(inertia[k]);
  out[0] = i[0] * m[0] + i[3] * m[1] + i[4] * m[2] - i[8] * m[4] + i[7] * m[5];
  out[1] = i[3] * m[0] + i[1] * m[1] + i[5] * m[2] + i[8] * m[3] - i[6] * m[5];
  out[2] = i[4] * m[0] + i[5] * m[1] + i[2] * m[2] - i[7] * m[3] + i[6] * m[4];
  out[3] = i[8] * m[1] - i[7] * m[2] + i[9] * m[3];
  out[4] = i[6] * m[2] - i[8] * m[0] + i[9] * m[4];
  out[5] = i[7] * m[0] - i[6] * m[1] + i[9] * m[5];
}

#endif
