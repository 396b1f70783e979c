#include "usual_rates.h"

#include <math.h>
#include <stddef.h>

static const double list[] = {10,  12.5, 15,  20,  24,  25,  30,  40,  50,  60,  80,
                              100, 120,  125, 150, 200, 240, 250, 300, 400, 500, 1000};

int usual_rates(const double** rates) {
  *rates = list;
  return (int)(sizeof list / sizeof *list);
}

double usual_duration_near(double measured, double share) {
  double usual = 0;
  for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
    const double error = fabs(1 / list[i] - measured);
    if (error <= share * measured && !(usual > 0 && error >= fabs(usual - measured))) usual = 1 / list[i];
  }
  return usual;
}
