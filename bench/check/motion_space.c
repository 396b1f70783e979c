#include "motion_space.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"

/* frames for means, and for roundings, which take as many times longer as a state has coordinates */
enum { SAMPLED = 20000, ROUNDED = 16 };
/* Roundings of a coordinate's own numbers and of those of any other one: what varies by less may do so by roundings
 * alone. Roundings that two equal points differ by at most. */
static const double OWN = 2000, OTHERS = 16, EQUAL = 4;

/* ---- points ---- */

void motion_space_describe(const motion_space* m, int episode, int frame, double* z) {
  df_chart_context(m->chart, df_dataset_state(m->data, episode, frame), z);
  for (int i = 0; i < m->nz; i++) z[i] *= m->scale[i];
}

static double distance(const motion_space* m, const double* a, const double* b) {
  double sum = 0;
  for (int i = 0; i < m->nz; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sqrt(sum);
}

double motion_space_size(const motion_space* m, const double* z) {
  double sum = 0;
  for (int i = 0; i < m->nz; i++) sum += z[i] * z[i];
  return sqrt(sum);
}

double motion_space_line_distance(const motion_space* m, const double* a, const double* b, const double* p,
                                  double* share) {
  double along = 0, length = 0, sum = 0;
  for (int i = 0; i < m->nz; i++) {
    along += (b[i] - a[i]) * (p[i] - a[i]);
    length += (b[i] - a[i]) * (b[i] - a[i]);
  }
  *share = length > 0 ? fmin(1, fmax(0, along / length)) : 0;
  for (int i = 0; i < m->nz; i++) {
    const double d = p[i] - a[i] - *share * (b[i] - a[i]);
    sum += d * d;
  }
  return sqrt(sum);
}

double motion_space_way(const motion_space* m, int episode, int frame, const double* z, double* other) {
  const int last = m->data->lengths[episode];
  motion_space_describe(m, episode, frame < last ? frame + 1 : frame - 1, other);
  return distance(m, z, other);
}

/* ---- scales ---- */

/* standard deviations of the coordinates */
static void find_deviations(motion_space* m, double* deviation) {
  const df_dataset* d = m->data;
  const size_t stride = d->first[d->episodes] / SAMPLED + 1;
  double n = 0, *mean = m->z[0], *square = m->z[1], *z = m->z[2];
  memset(mean, 0, (size_t)m->nz * sizeof *mean);
  memset(square, 0, (size_t)m->nz * sizeof *square);
  for (int i = 0; i < m->nz; i++) m->scale[i] = 1;
  /* Welford's update */
  for (int e = 0; e < d->episodes; e++) {
    for (int t = 0; t <= d->lengths[e]; t++) {
      if ((d->first[e] + (size_t)t) % stride) continue;
      motion_space_describe(m, e, t, z);
      n++;
      for (int i = 0; i < m->nz; i++) {
        const double before = z[i] - mean[i];
        mean[i] += before / n;
        square[i] += before * (z[i] - mean[i]);
      }
    }
  }
  for (int i = 0; i < m->nz; i++) deviation[i] = sqrt(square[i] / n);
}

/* Adds to rounding [nz] what the rounding of coordinate i of state x changes at most, by a difference that is large
 * enough for double precision. */
static void add_rounding(const motion_space* m, int i, const double* z, double* rounding) {
  static const double SMALL = 1e-6;
  const double value = m->x[i], error = df_rounding_error(&m->data->rounding[i], value), step = SMALL * fabs(value);
  double* other = m->z[1];
  if (step == 0 || error == 0) return;
  m->x[i] = value + step;
  df_chart_context(m->chart, m->x, other);
  m->x[i] = value;
  for (int k = 0; k < m->nz; k++) rounding[k] += fabs(other[k] - z[k]) / step * error;
}

/* rounding [nz]: the largest one of each coordinate in some frames */
static void find_roundings(motion_space* m, double* rounding) {
  const df_dataset* d = m->data;
  double *z = m->z[0], *one = m->z[2];
  const size_t rows = d->first[d->episodes], every = rows / ROUNDED + 1;
  memset(rounding, 0, (size_t)m->nz * sizeof *rounding);
  for (size_t row = every / 2; row < rows; row += every) {
    memcpy(m->x, d->states + row * (size_t)d->nx, (size_t)d->nx * sizeof *m->x);
    df_chart_context(m->chart, m->x, z);
    memset(one, 0, (size_t)m->nz * sizeof *one);
    for (int i = 0; i < d->nx; i++) add_rounding(m, i, z, one);
    for (int k = 0; k < m->nz; k++) rounding[k] = fmax(rounding[k], one[k]);
  }
}

static df_status find_scales(motion_space* m) {
  double *deviation = df_alloc(2 * (size_t)m->nz + 1, sizeof *deviation), *rounding = deviation + m->nz, most = 0;
  if (!deviation) return DF_E_NOMEM;
  find_deviations(m, deviation);
  find_roundings(m, rounding);
  for (int i = 0; i < m->nz; i++) most = fmax(most, rounding[i]);
  for (int i = 0; i < m->nz; i++) {
    const bool varies = deviation[i] > 0 && deviation[i] > fmax(OWN * rounding[i], OTHERS * most);
    m->scale[i] = varies ? 1 / deviation[i] : 0;
    m->varying += varies;
    m->rounding += m->scale[i] * rounding[i] * m->scale[i] * rounding[i];
  }
  m->rounding = EQUAL * sqrt(m->rounding);
  df_free(deviation);
  return DF_OK;
}

static void find_mean_way(motion_space* m) {
  const df_dataset* d = m->data;
  const size_t stride = d->first[d->episodes] / SAMPLED + 1;
  double n = 0;
  for (int e = 0; e < d->episodes; e++) {
    for (int t = 0; t < d->lengths[e]; t++) {
      if ((d->first[e] + (size_t)t) % stride) continue;
      motion_space_describe(m, e, t, m->z[0]);
      m->mean_way += motion_space_way(m, e, t, m->z[0], m->z[1]);
      n++;
    }
  }
  if (n > 0) m->mean_way /= n;
}

/* ---- all ---- */

df_status motion_space_of(const df_dataset* data, const df_system* system, const df_config* config, motion_space* out) {
  *out = (motion_space){.data = data};
  DF_TRY(df_chart_new(system, config, &out->chart));
  out->nz = df_chart_size(out->chart);
  out->scale = df_alloc((size_t)out->nz + 1, sizeof *out->scale);
  out->x = df_alloc((size_t)data->nx, sizeof *out->x);
  for (int k = 0; k < 3; k++) out->z[k] = df_alloc((size_t)out->nz + 1, sizeof *out->z[k]);
  if (!out->scale || !out->x || !out->z[0] || !out->z[1] || !out->z[2]) return DF_E_NOMEM;
  DF_TRY(find_scales(out));
  find_mean_way(out);
  return DF_OK;
}

void motion_space_clear(motion_space* m) {
  df_chart_free(m->chart);
  df_free(m->scale);
  df_free(m->x);
  for (int k = 0; k < 3; k++) df_free(m->z[k]);
  *m = (motion_space){0};
}
