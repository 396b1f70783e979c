#include "solver.h"

#include <math.h>
#include <string.h>

/* k[0..3] and stage [count][n]; time, at, length [count] */
typedef struct space {
  double *k[4], *stage, *time, *at, *length;
  size_t all; /* count n */
} space;

static space lay(const solver_problem* p, double* work) {
  space s = {.all = (size_t)p->count * p->n};
  for (int i = 0; i < 4; i++) s.k[i] = work + (size_t)i * s.all;
  s.stage = work + 4 * s.all;
  s.time = s.stage + s.all;
  s.at = s.time + p->count;
  s.length = s.at + p->count;
  return s;
}

static void evaluate(const solver_problem* p, const space* s, double t, const double* x, double* v) {
  for (int i = 0; i < p->count; i++) s->time[i] = t;
  p->field(p->context, s->time, x, v);
}

static void midpoint_step(const solver_problem* p, const space* s, int K, int step, double* x) {
  evaluate(p, s, (double)step / K, x, s->k[0]);
  for (size_t j = 0; j < s->all; j++) s->stage[j] = x[j] + 0.5 * s->k[0][j] / K;
  evaluate(p, s, (step + 0.5) / K, s->stage, s->k[1]);
  for (size_t j = 0; j < s->all; j++) x[j] += s->k[1][j] / K;
}

static void rk4_step(const solver_problem* p, const space* s, int K, int step, double* x) {
  static const double place[4] = {0, 0.5, 0.5, 1};
  evaluate(p, s, (double)step / K, x, s->k[0]);
  for (int i = 1; i < 4; i++) {
    for (size_t j = 0; j < s->all; j++) s->stage[j] = x[j] + place[i] * s->k[i - 1][j] / K;
    evaluate(p, s, (step + place[i]) / K, s->stage, s->k[i]);
  }
  for (size_t j = 0; j < s->all; j++) x[j] += (s->k[0][j] + 2 * s->k[1][j] + 2 * s->k[2][j] + s->k[3][j]) / 6 / K;
}

/* ---- steps of chosen length ---- */

/* stage = x + length sum of weight k, at the time at + place length, for every point */
static void make_stage(const solver_problem* p, const space* s, const double* x, double place, const double weight[4]) {
  for (int i = 0; i < p->count; i++) {
    const size_t first = (size_t)i * p->n;
    s->time[i] = s->at[i] + place * s->length[i];
    for (size_t j = first; j < first + p->n; j++) {
      const double slope =
          weight[0] * s->k[0][j] + weight[1] * s->k[1][j] + weight[2] * s->k[2][j] + weight[3] * s->k[3][j];
      s->stage[j] = x[j] + s->length[i] * slope;
    }
  }
}

/* the error of the last step of point i in units of the tolerance: its root mean square */
static double error_of(const solver_problem* p, const space* s, int i, const double* x) {
  static const double weight[4] = {-5.0 / 72, 1.0 / 12, 1.0 / 9, -1.0 / 8};
  double sum = 0;
  for (size_t j = (size_t)i * p->n; j < (size_t)(i + 1) * p->n; j++) {
    double e = 0;
    for (int k = 0; k < 4; k++) e += weight[k] * s->k[k][j];
    const double unit = p->tolerance * fmax(1, fmax(fabs(x[j]), fabs(s->stage[j])));
    sum += s->length[i] * e / unit * (s->length[i] * e / unit);
  }
  return sqrt(sum / (double)p->n);
}

static void run_adaptive(const solver_problem* p, const space* s, int K, double end, double* x) {
  static const double LEAST = 1.0 / 1024, SAFETY = 0.9, SHRINK = 0.2, GROW = 5;
  static const double half[4] = {0.5}, three_quarters[4] = {0, 0.75}, whole[4] = {2.0 / 9, 1.0 / 3, 4.0 / 9};
  /* points that have arrived stay there, with steps of length 0 */
  for (size_t j = 0; j < 4 * s->all; j++) s->k[0][j] = 0;
  for (int i = 0; i < p->count; i++) {
    s->at[i] = 0;
    s->length[i] = fmin(1.0 / K, end);
  }
  memcpy(s->time, s->at, (size_t)p->count * sizeof(double));
  p->field(p->context, s->time, x, s->k[0]);
  for (int moving = p->count; moving > 0;) {
    make_stage(p, s, x, 0.5, half);
    p->field(p->context, s->time, s->stage, s->k[1]);
    make_stage(p, s, x, 0.75, three_quarters);
    p->field(p->context, s->time, s->stage, s->k[2]);
    make_stage(p, s, x, 1, whole);
    p->field(p->context, s->time, s->stage, s->k[3]);

    moving = 0;
    for (int i = 0; i < p->count; i++) {
      if (!(s->at[i] < end)) continue;
      const double length = s->length[i], error = error_of(p, s, i, x);
      const size_t first = (size_t)i * p->n;
      if (error <= 1 || length <= LEAST || isnan(error)) {
        /* the slope at the end of this step is that at the begin of the next one */
        s->at[i] = length >= end - s->at[i] ? end : s->at[i] + length;
        memcpy(x + first, s->stage + first, p->n * sizeof *x);
        memcpy(s->k[0] + first, s->k[3] + first, p->n * sizeof *x);
      }
      const double factor = error > 0 ? fmin(fmax(SAFETY * pow(error, -1.0 / 3), SHRINK), GROW) : GROW;
      s->length[i] = fmin(fmax(length * factor, LEAST), end - s->at[i]);
      moving += s->at[i] < end;
    }
  }
}

void solver_run(const solver_problem* p, int K, int steps, double* x, double* work) {
  const space s = lay(p, work);
  if (steps <= 0) return;
  if (p->solver == FLOW_ADAPTIVE) {
    run_adaptive(p, &s, K, (double)steps / K, x);
    return;
  }
  for (int step = 0; step < steps; step++) {
    if (p->solver == FLOW_MIDPOINT) {
      midpoint_step(p, &s, K, step, x);
    } else if (p->solver == FLOW_RK4) {
      rk4_step(p, &s, K, step, x);
    } else {
      evaluate(p, &s, (double)step / K, x, s.k[0]);
      for (size_t j = 0; j < s.all; j++) x[j] += s.k[0][j] / K;
    }
  }
}
