/* clouds.h: distributions of points in the plane, with their densities. */
#ifndef BENCH_TOY_CLOUDS_H
#define BENCH_TOY_CLOUDS_H

#include <stdint.h>

typedef enum cloud {
  CLOUD_MOONS,        /* two half circles of radius 2, each through the middle of the other; 0.2 wide */
  CLOUD_RINGS,        /* circles of radius 1 and 2.5; 0.15 wide */
  CLOUD_CHECKERBOARD, /* the eight black squares of side 1.5 of a board of 4 x 4 */
  CLOUD_EIGHT,        /* eight Gaussians on a circle of radius 3; 0.3 wide */
  CLOUD_GAUSSIAN,     /* one Gaussian with the mean and covariance of cloud_gaussian() */
  CLOUDS
} cloud;

const char* cloud_name(cloud c);

/* Writes a point: a function of cloud, seed and index. */
void cloud_point(cloud c, uint64_t seed, uint64_t index, double point[2]);

/* The logarithm of the density at a point; -infinity where there is none. "Wide" is the standard deviation of the
 * distance from the circle. */
double cloud_log_density(cloud c, const double point[2]);

/* Writes mean and covariance of CLOUD_GAUSSIAN. */
void cloud_gaussian(double mean[2], double covariance[2][2]);

#endif
