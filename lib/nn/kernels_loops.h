/* kernels_loops.h: the loops of kernels.h for one instruction set. kernels.c includes this file once per set, with
 * VARIANT, TARGET, NAME, KERNEL and INLINE defined; hence it has no include guard. */

INLINE lanes NAME(load)(const df_real* x) {
  lanes v;
  memcpy(&v, x, sizeof v);
  return v;
}

/* loads the last n < 8 numbers of a row, padded with zeros */
INLINE lanes NAME(load_tail)(const df_real* x, size_t n) {
  df_real v[DF_LANES] = {0};
  for (size_t i = 0; i < n; i++) v[i] = x[i];
  return NAME(load)(v);
}

/* the sum of the eight lanes in a fixed order */
INLINE df_real NAME(total)(const lanes* sum) {
  const lanes v = *sum;
  return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

/* exp(x) = 2^n e^r with |r| <= ln 2 / 2, polynomial coefficients of Cephes; x is clamped to [-87, 88] */
INLINE df_real NAME(exp_one)(df_real x) {
#ifdef DF_REAL_DOUBLE
  return exp(x);
#else
  static const float rounder = 12582912.f; /* 1.5 * 2^23: adding it rounds to an integer, held in the low bits */
  x = x < -87.f ? -87.f : x;
  x = x > 88.f ? 88.f : x;
  const float shifted = x * 1.44269504088896341f + rounder;
  const float n = shifted - rounder;
  const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f; /* the first product is exact */
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = (p * (r * r) + r) + 1.f;
  uint32_t bits;
  float power;
  memcpy(&bits, &shifted, sizeof bits);
  bits = (bits + 127u) << 23;
  memcpy(&power, &bits, sizeof power);
  return p * power;
#endif
}

INLINE df_real NAME(sigmoid)(df_real x) {
  return (df_real)1 / ((df_real)1 + NAME(exp_one)(-x));
}

KERNEL void NAME(exp)(size_t n, const df_real* x, df_real* y) {
#pragma omp simd
  for (size_t i = 0; i < n; i++) y[i] = NAME(exp_one)(x[i]);
}

/* ---- bias ---- */
KERNEL void NAME(bias_fill)(size_t rows, size_t n, const df_real* bias, df_real* y) {
  for (size_t r = 0; r < rows; r++) memcpy(y + r * n, bias, n * sizeof *y);
}

KERNEL void NAME(bias_forward)(size_t rows, size_t n, const df_real* bias, df_real* y) {
  for (size_t r = 0; r < rows; r++) {
#pragma omp simd
    for (size_t j = 0; j < n; j++) y[r * n + j] += bias[j];
  }
}

KERNEL void NAME(bias_backward)(size_t rows, size_t n, const df_real* dy, df_real* dbias) {
  for (size_t r = 0; r < rows; r++) {
#pragma omp simd
    for (size_t j = 0; j < n; j++) dbias[j] += dy[r * n + j];
  }
}

/* ---- gelu, tanh form: x sigmoid(z) with z = 2 sqrt(2/pi) (x + 0.044715 x^3) = x (GELU_A + GELU_B x^2) ---- */
#define GELU_A ((df_real)1.5957691216057307118)
#define GELU_B ((df_real)0.071354816272600245)

KERNEL void NAME(gelu_forward)(size_t rows, size_t n, const df_real* bias, df_real* u, df_real* g) {
  for (size_t r = 0; r < rows; r++) {
    df_real *ur = u + r * n, *gr = g + r * n;
#pragma omp simd
    for (size_t j = 0; j < n; j++) {
      const df_real x = ur[j] + bias[j];
      ur[j] = x;
      gr[j] = x * NAME(sigmoid)(x * (GELU_A + GELU_B * (x * x)));
    }
  }
}

KERNEL void NAME(gelu_backward)(size_t rows, size_t n, const df_real* u, df_real* g, df_real* d, df_real* dbias) {
  for (size_t r = 0; r < rows; r++) {
    const df_real* ur = u + r * n;
    df_real *gr = g + r * n, *dr = d + r * n;
#pragma omp simd
    for (size_t j = 0; j < n; j++) {
      const df_real x = ur[j], xx = x * x;
      const df_real s = NAME(sigmoid)(x * (GELU_A + GELU_B * xx));
      const df_real slope = GELU_A + (df_real)3 * GELU_B * xx;
      gr[j] = x * s;
      dr[j] *= s + x * slope * (s * ((df_real)1 - s));
      dbias[j] += dr[j];
    }
  }
}

/* ---- silu: x sigmoid(x) ---- */
KERNEL void NAME(silu_forward)(size_t n, const df_real* x, df_real* y) {
#pragma omp simd
  for (size_t i = 0; i < n; i++) y[i] = x[i] * NAME(sigmoid)(x[i]);
}

KERNEL void NAME(silu_backward)(size_t n, const df_real* x, df_real* d) {
#pragma omp simd
  for (size_t i = 0; i < n; i++) {
    const df_real s = NAME(sigmoid)(x[i]);
    d[i] *= s + x[i] * (s * ((df_real)1 - s));
  }
}

/* ---- elu; exp_one rounds differences from 1 to 6e-8, which is what a sum in single precision has ---- */
KERNEL void NAME(elu_forward)(size_t n, const df_real* x, df_real* y) {
#pragma omp simd
  for (size_t i = 0; i < n; i++) {
    const df_real below = NAME(exp_one)(x[i]) - (df_real)1;
    y[i] = x[i] > 0 ? x[i] : below;
  }
}

KERNEL void NAME(elu_backward)(size_t n, const df_real* x, df_real* d) {
#pragma omp simd
  for (size_t i = 0; i < n; i++) {
    const df_real slope = NAME(exp_one)(x[i]);
    d[i] *= x[i] > 0 ? (df_real)1 : slope;
  }
}

/* ---- layer norm without learned gains, followed by the scale and shift of adaLN ---- */
INLINE void NAME(modulate_row)(size_t d, const df_real* norm, const df_real* shift, const df_real* scale,
                               df_real* out) {
#pragma omp simd
  for (size_t j = 0; j < d; j++) out[j] = norm[j] * ((df_real)1 + scale[j]) + shift[j];
}

/* writes the row, centred and scaled to unit variance, to norm; returns the scale 1 / sqrt(variance + epsilon) */
INLINE df_real NAME(norm_row)(size_t d, const df_real* h, df_real* norm) {
  static const df_real epsilon = (df_real)1e-6;
  const size_t whole = d / DF_LANES * DF_LANES;

  /* mean */
  lanes sum = {0};
  for (size_t j = 0; j < whole; j += DF_LANES) sum += NAME(load)(h + j);
  if (whole < d) sum += NAME(load_tail)(h + whole, d - whole);
  const df_real mean = NAME(total)(&sum) / (df_real)d;

  /* centred row and its sum of squares */
  lanes squares = {0};
  for (size_t j = 0; j < whole; j += DF_LANES) {
    const lanes c = NAME(load)(h + j) - mean;
    memcpy(norm + j, &c, sizeof c);
    squares += c * c;
  }
  for (size_t j = whole; j < d; j++) norm[j] = h[j] - mean;
  if (whole < d) {
    const lanes c = NAME(load_tail)(norm + whole, d - whole);
    squares += c * c;
  }

  /* scale to unit variance */
  const df_real variance = NAME(total)(&squares) / (df_real)d + epsilon;
  const df_real rstd = (df_real)1 / (df_real)sqrt((double)variance);
#pragma omp simd
  for (size_t j = 0; j < d; j++) norm[j] *= rstd;
  return rstd;
}

KERNEL void NAME(norm_forward)(const df_shape* s, const df_real* h, const df_real* shift, const df_real* scale,
                               df_real* norm, df_real* rstd, df_real* out) {
  const size_t d = s->d;
  for (size_t b = 0; b < s->B; b++) {
    for (size_t r = b * s->T; r < (b + 1) * s->T; r++) {
      rstd[r] = NAME(norm_row)(d, h + r * d, norm + r * d);
      NAME(modulate_row)(d, norm + r * d, shift + b * s->stride, scale + b * s->stride, out + r * d);
    }
  }
}

KERNEL void NAME(modulate)(const df_shape* s, const df_real* norm, const df_real* shift, const df_real* scale,
                           df_real* out) {
  const size_t d = s->d;
  for (size_t b = 0; b < s->B; b++) {
    for (size_t r = b * s->T; r < (b + 1) * s->T; r++) {
      NAME(modulate_row)(d, norm + r * d, shift + b * s->stride, scale + b * s->stride, out + r * d);
    }
  }
}

/* dh += rstd * (c - mean(c) - norm * mean(c * norm)), where c is the cotangent of norm */
INLINE void NAME(norm_row_backward)(size_t d, const df_real* norm, df_real rstd, const df_real* c, df_real* dh) {
  const size_t whole = d / DF_LANES * DF_LANES;
  lanes sum = {0}, along = {0};
  for (size_t j = 0; j < whole; j += DF_LANES) {
    const lanes cj = NAME(load)(c + j);
    sum += cj;
    along += cj * NAME(load)(norm + j);
  }
  if (whole < d) {
    const lanes cj = NAME(load_tail)(c + whole, d - whole);
    sum += cj;
    along += cj * NAME(load_tail)(norm + whole, d - whole);
  }
  const df_real mean = NAME(total)(&sum) / (df_real)d, slope = NAME(total)(&along) / (df_real)d;
#pragma omp simd
  for (size_t j = 0; j < d; j++) dh[j] += rstd * (c[j] - mean - norm[j] * slope);
}

KERNEL void NAME(norm_backward)(const df_shape* s, const df_real* norm, const df_real* rstd, const df_real* scale,
                                df_real* dout, df_real* dh, df_real* dshift, df_real* dscale) {
  const size_t d = s->d;
  for (size_t b = 0; b < s->B; b++) {
    const df_real* scale_b = scale + b * s->stride;
    df_real *dshift_b = dshift + b * s->stride, *dscale_b = dscale + b * s->stride;
    memset(dshift_b, 0, d * sizeof *dshift_b);
    memset(dscale_b, 0, d * sizeof *dscale_b);
    for (size_t r = b * s->T; r < (b + 1) * s->T; r++) {
      df_real* c = dout + r * d;
      const df_real* norm_r = norm + r * d;
#pragma omp simd
      for (size_t j = 0; j < d; j++) {
        dshift_b[j] += c[j];
        dscale_b[j] += c[j] * norm_r[j];
        c[j] *= (df_real)1 + scale_b[j];
      }
      NAME(norm_row_backward)(d, norm_r, rstd[r], c, dh + r * d);
    }
  }
}

/* ---- group norm ---- */

/* replaces the sums of the channels, sum [d], by the mean over the frames and channels of their group */
INLINE void NAME(group_means)(const df_shape* s, size_t groups, df_real* sum) {
  const size_t each = s->d / groups;
  for (size_t g = 0; g < groups; g++) {
    df_real total = 0;
    for (size_t j = g * each; j < (g + 1) * each; j++) total += sum[j];
    for (size_t j = g * each; j < (g + 1) * each; j++) sum[j] = total / (df_real)(each * s->T);
  }
}

KERNEL void NAME(group_forward)(const df_shape* s, size_t groups, const df_real* h, df_real* norm, df_real* rstd) {
  static const df_real epsilon = (df_real)1e-6;
  const size_t d = s->d;
  for (size_t b = 0; b < s->B; b++) {
    const df_real* h_b = h + b * s->T * d;
    df_real *norm_b = norm + b * s->T * d, *r = rstd + b * d;

    /* r: the means, then the variances, then the scales */
    memset(r, 0, d * sizeof *r);
    for (size_t t = 0; t < s->T; t++) {
#pragma omp simd
      for (size_t j = 0; j < d; j++) r[j] += h_b[t * d + j];
    }
    NAME(group_means)(s, groups, r);
    for (size_t t = 0; t < s->T; t++) {
#pragma omp simd
      for (size_t j = 0; j < d; j++) norm_b[t * d + j] = h_b[t * d + j] - r[j];
    }
    memset(r, 0, d * sizeof *r);
    for (size_t t = 0; t < s->T; t++) {
#pragma omp simd
      for (size_t j = 0; j < d; j++) r[j] += norm_b[t * d + j] * norm_b[t * d + j];
    }
    NAME(group_means)(s, groups, r);
    for (size_t j = 0; j < d; j++) r[j] = (df_real)1 / (df_real)sqrt((double)(r[j] + epsilon));
    for (size_t t = 0; t < s->T; t++) {
#pragma omp simd
      for (size_t j = 0; j < d; j++) norm_b[t * d + j] *= r[j];
    }
  }
}

/* With c = dout * (1 + scale), the cotangent of norm: dh = rstd * (c - mean(c) - norm * mean(c * norm)), means over the
 * group. The sums of c and c * norm over the frames are (1 + scale) times dshift and dscale. */
KERNEL void NAME(group_backward)(const df_shape* s, size_t groups, const df_real* norm, const df_real* rstd,
                                 const df_real* scale, df_real* dout, df_real* dshift, df_real* dscale) {
  const size_t d = s->d, each = d / groups;
  for (size_t b = 0; b < s->B; b++) {
    const df_real *norm_b = norm + b * s->T * d, *r = rstd + b * d, *scale_b = scale + b * s->stride;
    df_real *c = dout + b * s->T * d, *shift_sum = dshift + b * s->stride, *scale_sum = dscale + b * s->stride;

    /* sums over the frames */
    memset(shift_sum, 0, d * sizeof *shift_sum);
    memset(scale_sum, 0, d * sizeof *scale_sum);
    for (size_t t = 0; t < s->T; t++) {
#pragma omp simd
      for (size_t j = 0; j < d; j++) {
        shift_sum[j] += c[t * d + j];
        scale_sum[j] += c[t * d + j] * norm_b[t * d + j];
      }
    }

    /* the cotangent of h, group by group */
    for (size_t g = 0; g < groups; g++) {
      const size_t first = g * each, end = first + each;
      df_real sum = 0, along = 0;
      for (size_t j = first; j < end; j++) {
        sum += ((df_real)1 + scale_b[j]) * shift_sum[j];
        along += ((df_real)1 + scale_b[j]) * scale_sum[j];
      }
      const df_real mean = sum / (df_real)(each * s->T), slope = along / (df_real)(each * s->T);
      for (size_t t = 0; t < s->T; t++) {
#pragma omp simd
        for (size_t j = first; j < end; j++) {
          const df_real one = c[t * d + j] * ((df_real)1 + scale_b[j]);
          c[t * d + j] = r[j] * (one - mean - norm_b[t * d + j] * slope);
        }
      }
    }
  }
}

/* ---- gated residual ---- */
KERNEL void NAME(gate_forward)(const df_shape* s, const df_real* gate, const df_real* bias, df_real* p, df_real* h) {
  const size_t d = s->d;
  for (size_t b = 0; b < s->B; b++) {
    const df_real* gate_b = gate + b * s->stride;
    for (size_t r = b * s->T; r < (b + 1) * s->T; r++) {
#pragma omp simd
      for (size_t j = 0; j < d; j++) {
        p[r * d + j] += bias[j];
        h[r * d + j] += gate_b[j] * p[r * d + j];
      }
    }
  }
}

KERNEL void NAME(gate_backward)(const df_shape* s, const df_real* gate, const df_real* p, const df_real* dh,
                                df_real* dp, df_real* dgate, df_real* dbias) {
  const size_t d = s->d;
  for (size_t b = 0; b < s->B; b++) {
    const df_real* gate_b = gate + b * s->stride;
    df_real* dgate_b = dgate + b * s->stride;
    memset(dgate_b, 0, d * sizeof *dgate_b);
    for (size_t r = b * s->T; r < (b + 1) * s->T; r++) {
#pragma omp simd
      for (size_t j = 0; j < d; j++) {
        const df_real v = dh[r * d + j], w = gate_b[j] * v;
        dgate_b[j] += v * p[r * d + j];
        dp[r * d + j] = w;
        dbias[j] += w;
      }
    }
  }
}

/* ---- softmax over rows padded to a multiple of the lanes ---- */
INLINE void NAME(softmax_row)(size_t n, size_t ld, df_real* s) {
  /* maximum of the row */
  for (size_t j = n; j < ld; j++) s[j] = -(df_real)INFINITY;
  lanes top = NAME(load)(s);
  for (size_t j = DF_LANES; j < ld; j += DF_LANES) {
    const lanes v = NAME(load)(s + j);
    const lanes_mask above = v > top;
    top = (lanes)(((lanes_mask)v & above) | ((lanes_mask)top & ~above));
  }
  df_real most = top[0];
  for (size_t j = 1; j < DF_LANES; j++) most = top[j] > most ? top[j] : most;

    /* exponentials divided by their sum, zeros in the padding */
#pragma omp simd
  for (size_t j = 0; j < ld; j++) s[j] = NAME(exp_one)(s[j] - most);
  for (size_t j = n; j < ld; j++) s[j] = 0;
  lanes sum = {0};
  for (size_t j = 0; j < ld; j += DF_LANES) sum += NAME(load)(s + j);
  const df_real share = (df_real)1 / NAME(total)(&sum);
#pragma omp simd
  for (size_t j = 0; j < ld; j++) s[j] *= share;
}

KERNEL void NAME(softmax_forward)(size_t rows, size_t n, df_real* s) {
  const size_t ld = df_round_to_lanes(n);
  for (size_t r = 0; r < rows; r++) NAME(softmax_row)(n, ld, s + r * ld);
}

KERNEL void NAME(softmax_backward)(size_t rows, size_t n, const df_real* p, df_real* dp) {
  const size_t ld = df_round_to_lanes(n);
  for (size_t r = 0; r < rows; r++) {
    const df_real* pr = p + r * ld;
    df_real* dr = dp + r * ld;
    for (size_t j = n; j < ld; j++) dr[j] = 0;
    lanes sum = {0};
    for (size_t j = 0; j < ld; j += DF_LANES) sum += NAME(load)(pr + j) * NAME(load)(dr + j);
    const df_real mean = NAME(total)(&sum);
#pragma omp simd
    for (size_t j = 0; j < ld; j++) dr[j] = pr[j] * (dr[j] - mean);
  }
}

/* ---- optimizer ---- */
KERNEL void NAME(adamw)(size_t n, const df_adamw_step* step, const df_real* gradient, const unsigned char* decay,
                        df_real* moment1, df_real* moment2, df_real* parameters) {
  const df_adamw_step k = *step;
  const df_real fresh1 = (df_real)1 - k.beta1, fresh2 = (df_real)1 - k.beta2;
#pragma omp simd
  for (size_t i = 0; i < n; i++) {
    const df_real g = k.scale * gradient[i];
    const df_real m = k.beta1 * moment1[i] + fresh1 * g;
    const df_real v = k.beta2 * moment2[i] + fresh2 * (g * g);
#ifdef DF_REAL_DOUBLE
    const df_real root = sqrt(v * k.correct2);
#else
    const df_real root = sqrtf(v * k.correct2);
#endif
    const df_real p = parameters[i];
    moment1[i] = m;
    moment2[i] = v;
    parameters[i] = p - (k.rate * (m * k.correct1) / (root + k.epsilon) + k.decay * (df_real)decay[i] * p);
  }
}

KERNEL void NAME(ema)(size_t n, df_real weight, const df_real* parameters, df_real* average) {
#pragma omp simd
  for (size_t i = 0; i < n; i++) average[i] += weight * (parameters[i] - average[i]);
}

KERNEL void NAME(add)(size_t n, const df_real* x, df_real* y) {
#pragma omp simd
  for (size_t i = 0; i < n; i++) y[i] += x[i];
}

KERNEL double NAME(sum_squares)(size_t n, const df_real* x) {
  lanes_double sum = {0};
  size_t i = 0;
  for (; i + DF_LANES <= n; i += DF_LANES) {
    const lanes_double v = __builtin_convertvector(NAME(load)(x + i), lanes_double);
    sum += v * v;
  }
  double rest = 0;
  for (; i < n; i++) rest += (double)x[i] * (double)x[i];
  return (((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]))) + rest;
}

#define VARIANT_TEXT_(v) #v
#define VARIANT_TEXT(v)  VARIANT_TEXT_(v)
static const df_kernels NAME(kernels) = {
    .name = VARIANT_TEXT(VARIANT),
    .exp = NAME(exp),
    .bias_fill = NAME(bias_fill),
    .bias_forward = NAME(bias_forward),
    .bias_backward = NAME(bias_backward),
    .gelu_forward = NAME(gelu_forward),
    .gelu_backward = NAME(gelu_backward),
    .silu_forward = NAME(silu_forward),
    .silu_backward = NAME(silu_backward),
    .elu_forward = NAME(elu_forward),
    .elu_backward = NAME(elu_backward),
    .norm_forward = NAME(norm_forward),
    .modulate = NAME(modulate),
    .norm_backward = NAME(norm_backward),
    .group_forward = NAME(group_forward),
    .group_backward = NAME(group_backward),
    .gate_forward = NAME(gate_forward),
    .gate_backward = NAME(gate_backward),
    .softmax_forward = NAME(softmax_forward),
    .softmax_backward = NAME(softmax_backward),
    .adamw = NAME(adamw),
    .ema = NAME(ema),
    .add = NAME(add),
    .sum_squares = NAME(sum_squares),
};
#undef VARIANT_TEXT
#undef VARIANT_TEXT_
#undef GELU_A
#undef GELU_B
