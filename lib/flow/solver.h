/* solver.h: ordinary differential equations dx/dt = v(t, x) of many points at once. */
#ifndef LIB_FLOW_SOLVER_H
#define LIB_FLOW_SOLVER_H

#include <stddef.h>

#include "variant.h"

/* Writes the velocities v [count][n] of the points x [count][n], each at its own time t [count]. */
typedef void (*solver_field)(void* context, const double* t, const double* x, double* v);

typedef struct solver_problem {
  flow_solver solver;
  double tolerance; /* ADAPTIVE: of the error of a step, relative to 1 and to the coordinate, whichever is larger */
  int count;        /* number of points */
  size_t n;         /* coordinates of a point */
  solver_field field;
  void* context;
} solver_problem;

/* Advances x [count][n] from time 0 to steps / K: by `steps` steps of length 1/K, or, ADAPTIVE, by steps that each
 * point chooses for itself, first 1/K.
 *
 *   EULER     order 1, one evaluation of the field per step
 *   MIDPOINT  order 2, two
 *   RK4       order 4, four: the classical method of Runge and Kutta
 *   ADAPTIVE  order 3, three or four: Bogacki & Shampine 1989, which bounds the difference to its embedded method of
 *             order 2. A step of less than 1/1024 is taken whatever its error. The field is evaluated for all points
 *             until the last one has arrived.
 *
 * The field is not evaluated beyond steps / K. `work` has room for solver_work() doubles. */
void solver_run(const solver_problem* p, int K, int steps, double* x, double* work);
static inline size_t solver_work(int count, size_t n) {
  return (size_t)count * (5 * n + 3);
}

#endif
