#include "camera_path.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "dynaflow/core/alloc.h"

enum { NUMBERS = 4, HEADING = 3 };
static const double PI = 3.14159265358979323846;

/* positions and headings as they are, headings without jumps of a turn */
static void read_path(stage* s, int n, int nx, const double* x, double* raw) {
  for (int i = 0; i < n; i++) {
    double* one = raw + (size_t)i * NUMBERS;
    stage_root(s, x + (size_t)i * (size_t)nx, one, &one[HEADING]);
    if (i > 0) one[HEADING] += 2 * PI * round((one[HEADING - NUMBERS] - one[HEADING]) / (2 * PI));
  }
}

/* The value at state i of the straight line that fits the states around it best, weighted by the Gaussian kernel:
 * unlike a mean, it does not lag at the ends of a steady motion. */
static void smooth(int n, const double* raw, int i, double states, double out[NUMBERS]) {
  const int reach = (int)(3 * states);
  double moment[3] = {0}, value[NUMBERS] = {0}, slope[NUMBERS] = {0};
  for (int j = i - reach; j <= i + reach; j++) {
    if (j < 0 || j >= n) continue;
    const double apart = j - i, weight = exp(-0.5 * apart * apart / (states * states));
    for (int k = 0; k < NUMBERS; k++) {
      value[k] += weight * raw[(size_t)j * NUMBERS + (size_t)k];
      slope[k] += weight * apart * raw[(size_t)j * NUMBERS + (size_t)k];
    }
    for (int k = 0; k < 3; k++) moment[k] += weight * pow(apart, k);
  }
  const double determinant = moment[0] * moment[2] - moment[1] * moment[1];
  for (int k = 0; k < NUMBERS; k++) {
    out[k] = determinant > 0 ? (moment[2] * value[k] - moment[1] * slope[k]) / determinant : value[k] / moment[0];
  }
}

df_status camera_path_new(stage* s, int n, int nx, const double* x, double dt, camera_path* out) {
  *out = (camera_path){.n = n, .at = df_alloc((size_t)n * NUMBERS, sizeof *out->at)};
  double* raw = df_alloc((size_t)n * NUMBERS, sizeof *raw);
  const bool enough = out->at && raw;
  const double middle = stage_middle(s, x);
  if (enough) read_path(s, n, nx, x, raw);
  for (int i = 0; enough && i < n; i++) {
    double* at = out->at + (size_t)i * NUMBERS;
    smooth(n, raw, i, CAMERA_SMOOTHING / dt, at);
    at[2] += middle;
  }
  df_free(raw);
  return enough ? DF_OK : DF_E_NOMEM;
}

void camera_path_clear(camera_path* p) {
  df_free(p->at);
  p->at = NULL;
}

camera camera_at(const camera_path* p, int i, view v) {
  static const struct {
    double azimuth, elevation;
  } of_view[VIEWS] = {
      [VIEW_SIDE] = {90, -8}, [VIEW_FRONT] = {180, -8}, [VIEW_TOP] = {90, -90}, [VIEW_THREE_QUARTER] = {135, -20}};
  const double* at = p->at + (size_t)i * NUMBERS;
  camera c = {.distance = p->distance,
              .azimuth = of_view[v].azimuth + at[HEADING] * 180 / PI,
              .elevation = of_view[v].elevation};
  memcpy(c.lookat, at, sizeof c.lookat);
  return c;
}

double camera_distance(const camera_path* p, stage* s, int nx, const double* x, const show_arguments* a) {
  double distance = 0;
  for (int i = 0; i < p->n; i++) {
    for (int v = 0; v < a->n_views; v++) {
      const camera from = camera_at(p, i, a->views[v]);
      const double one = stage_distance(s, x + (size_t)i * (size_t)nx, &from, (double)a->width / a->height);
      distance = fmax(distance, one);
    }
  }
  return distance;
}
