/* usual_rates.h: how many frames per second recordings usually have. */
#ifndef BENCH_CHECK_USUAL_RATES_H
#define BENCH_CHECK_USUAL_RATES_H

/* Hz, in ascending order; returns their number */
int usual_rates(const double** rates);

/* the duration of a frame of the usual rate that is nearest to a measured duration, s; 0: none is within this share */
double usual_duration_near(double measured, double share);

#endif
