#include "closed_dynamics.h"

#include <stddef.h>

const df_closed_dynamics* df_closed_dynamics_of(df_dynamics dynamics) {
  switch (dynamics) {
    case DF_DYNAMICS_QUADCOPTER:
      return &df_quadcopter;
    default:
      return NULL;
  }
}
