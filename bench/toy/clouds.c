#include "clouds.h"

#include <math.h>
#include <stdbool.h>

#include "dynaflow/core/rng.h"

static const double PI = 3.14159265358979323846;

/* ---- parameters ---- */

static const double MOON_RADIUS = 2, MOON_WIDTH = 0.2;
static const double RING_RADIUS[2] = {1, 2.5}, RING_WIDTH = 0.15;
static const double SQUARE = 1.5;
enum { BOARD = 4, EIGHT = 8 };
static const double EIGHT_RADIUS = 3, EIGHT_WIDTH = 0.3;
static const double GAUSSIAN_MEAN[2] = {1.5, -0.5}, GAUSSIAN_FACTOR[2][2] = {{1.2, 0}, {-0.8, 0.5}};

/* the centre of a moon; the first is the upper half of its circle, the second the lower */
static void moon_centre(int moon, double centre[2]) {
  centre[0] = (moon ? 0.5 : -0.5) * MOON_RADIUS;
  centre[1] = (moon ? 0.25 : -0.25) * MOON_RADIUS;
}

static void eight_centre(int k, double centre[2]) {
  centre[0] = EIGHT_RADIUS * cos(2 * PI * k / EIGHT);
  centre[1] = EIGHT_RADIUS * sin(2 * PI * k / EIGHT);
}

const char* cloud_name(cloud c) {
  static const char* const names[CLOUDS] = {"moons", "rings", "checkerboard", "eight_gaussians", "gaussian"};
  return names[c];
}

void cloud_gaussian(double mean[2], double covariance[2][2]) {
  for (int i = 0; i < 2; i++) {
    mean[i] = GAUSSIAN_MEAN[i];
    for (int j = 0; j < 2; j++) {
      covariance[i][j] = 0;
      for (int k = 0; k < 2; k++) covariance[i][j] += GAUSSIAN_FACTOR[i][k] * GAUSSIAN_FACTOR[j][k];
    }
  }
}

/* ---- points ---- */

void cloud_point(cloud c, uint64_t seed, uint64_t index, double point[2]) {
  /* the clouds of one seed are independent: each has its own events */
  const uint64_t event = index * 2 * CLOUDS + 2 * (uint64_t)c;
  double u[3], n[2], centre[2] = {0, 0};
  df_rng_uniform(seed, DF_STREAM_TOY, event, 3, u);
  df_rng_normal(seed, DF_STREAM_TOY, event + 1, 2, n);
  const int second = u[0] >= 0.5;
  switch (c) {
    case CLOUD_MOONS: {
      const double r = MOON_RADIUS + MOON_WIDTH * n[0], angle = PI * (u[1] + second);
      moon_centre(second, centre);
      point[0] = centre[0] + r * cos(angle);
      point[1] = centre[1] + r * sin(angle);
      return;
    }
    case CLOUD_RINGS: {
      const double r = RING_RADIUS[second] + RING_WIDTH * n[0], angle = 2 * PI * u[1];
      point[0] = r * cos(angle);
      point[1] = r * sin(angle);
      return;
    }
    case CLOUD_CHECKERBOARD: {
      const int k = (int)(u[0] * EIGHT), row = k / 2, column = 2 * (k % 2) + row % 2;
      point[0] = SQUARE * (column - 0.5 * BOARD + u[1]);
      point[1] = SQUARE * (row - 0.5 * BOARD + u[2]);
      return;
    }
    case CLOUD_EIGHT:
      eight_centre((int)(u[0] * EIGHT), centre);
      for (int i = 0; i < 2; i++) point[i] = centre[i] + EIGHT_WIDTH * n[i];
      return;
    default:
      for (int i = 0; i < 2; i++)
        point[i] = GAUSSIAN_MEAN[i] + GAUSSIAN_FACTOR[i][0] * n[0] + GAUSSIAN_FACTOR[i][1] * n[1];
  }
}

/* ---- densities ---- */

static double normal_density(double x, double mean, double std) {
  return exp(-0.5 * (x - mean) * (x - mean) / (std * std)) / (std * sqrt(2 * PI));
}

/* The density at the distance r from the centre, in directions that are a share `part` of a circle. A radius that was
 * drawn below 0 is that of the opposite direction; it is 7 widths or more away. */
static double circle_density(double r, double radius, double width, double part) {
  return r > 0 ? normal_density(r, radius, width) / (2 * PI * part * r) : 0;
}

static double gaussian_log_density(const double p[2]) {
  double mean[2], c[2][2];
  cloud_gaussian(mean, c);
  const double x = p[0] - mean[0], y = p[1] - mean[1], det = c[0][0] * c[1][1] - c[0][1] * c[1][0];
  const double square = (c[1][1] * x * x - 2 * c[0][1] * x * y + c[0][0] * y * y) / det;
  return -0.5 * square - log(2 * PI) - 0.5 * log(det);
}

double cloud_log_density(cloud c, const double p[2]) {
  double density = 0, centre[2];
  switch (c) {
    case CLOUD_MOONS:
      for (int moon = 0; moon < 2; moon++) {
        moon_centre(moon, centre);
        const double x = p[0] - centre[0], y = p[1] - centre[1];
        if (moon ? y < 0 : y >= 0) density += 0.5 * circle_density(hypot(x, y), MOON_RADIUS, MOON_WIDTH, 0.5);
      }
      return log(density);
    case CLOUD_RINGS:
      for (int ring = 0; ring < 2; ring++)
        density += 0.5 * circle_density(hypot(p[0], p[1]), RING_RADIUS[ring], RING_WIDTH, 1);
      return log(density);
    case CLOUD_CHECKERBOARD: {
      const double column = floor(p[0] / SQUARE) + 0.5 * BOARD, row = floor(p[1] / SQUARE) + 0.5 * BOARD;
      const bool on = column >= 0 && column < BOARD && row >= 0 && row < BOARD && fmod(column + row, 2) == 0;
      return on ? -log(EIGHT * SQUARE * SQUARE) : -INFINITY;
    }
    case CLOUD_EIGHT:
      for (int k = 0; k < EIGHT; k++) {
        eight_centre(k, centre);
        density += normal_density(p[0], centre[0], EIGHT_WIDTH) * normal_density(p[1], centre[1], EIGHT_WIDTH) / EIGHT;
      }
      return log(density);
    default:
      return gaussian_log_density(p);
  }
}
