/* coupling.c: the linear assignment problem by shortest augmenting paths (Jonker & Volgenant 1987): rows enter one by
 * one, each along the alternating path of least reduced cost to a free column. */
#include <math.h>
#include <string.h>

#include "variant.h"

void coupling_assign(int n, const double* cost, int* column, double* work) {
  /* columns count from 1; column 0 stands for the row that enters */
  const size_t m = (size_t)n + 1;
  double *row_price = work, *column_price = row_price + m, *distance = column_price + m, *owner = distance + m,
         *before = owner + m;
  for (size_t j = 0; j < 3 * m; j++) work[j] = 0;
  for (size_t j = 0; j < m; j++) owner[j] = before[j] = 0; /* owner 0: none */

  for (int entering = 1; entering <= n; entering++) {
    int at = 0;
    owner[0] = entering;
    for (size_t j = 0; j < m; j++) distance[j] = INFINITY;
    /* reached columns have a distance of -infinity */
    do {
      const int row = (int)owner[at];
      double step = INFINITY;
      int next = 0;
      distance[at] = -INFINITY;
      for (int j = 1; j <= n; j++) {
        if (distance[j] == -INFINITY) continue;
        const double reduced = cost[(size_t)(row - 1) * (size_t)n + (size_t)(j - 1)] - row_price[row] - column_price[j];
        if (reduced < distance[j]) {
          distance[j] = reduced;
          before[j] = at;
        }
        if (next == 0 || distance[j] < step) {
          step = distance[j];
          next = j;
        }
      }
      for (int j = 0; j <= n; j++) {
        if (distance[j] == -INFINITY) {
          row_price[(int)owner[j]] += step;
          column_price[j] -= step;
        } else {
          distance[j] -= step;
        }
      }
      at = next;
    } while (owner[at] != 0);
    /* exchange along the path */
    while (at != 0) {
      const int from = (int)before[at];
      owner[at] = owner[from];
      at = from;
    }
  }
  for (int j = 1; j <= n; j++) column[(int)owner[j] - 1] = j - 1;
}
