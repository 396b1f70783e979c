/* conventions.h: single frames of a recording as states of MuJoCo: units, order of quaternions, frames of velocities.
 * Private. */
#ifndef LIB_DATA_CONVENTIONS_H
#define LIB_DATA_CONVENTIONS_H

#include <stdbool.h>

#include "dynaflow/config/config.h"
#include "dynaflow/data/stored_precision.h"
#include "layout.h"

typedef struct conventions {
  bool xyzw, inverse, base_linear, world_angular, degrees, y_up;
  bool turned;      /* `base` is not the identity */
  double base[4];   /* data.base_rotation, of norm 1 */
  double scale;     /* m per recorded unit */
  double offset[3]; /* m */
  char euler[4];
} conventions;

/* Reads the settings. DF_E_CONFIG if one is malformed, or is about a free joint that the model does not have. */
DF_MUST_CHECK df_status conventions_read(const df_config* config, const model_joints* model, conventions* out);

/* Writes the coordinates that a raw frame [layout->columns] gives into x [nx], in rad, m and with quaternions w, x, y,
 * z; the others are 0. */
void frame_from_raw(const df_layout* layout, const conventions* c, const double* raw, double* x);

/* Writes the quaternion w, x, y, z of layout->turn[k] in a raw frame, not normalised. */
void frame_turn(const df_layout* layout, const conventions* c, const double* raw, int k, double q[4]);
/* Writes the angles of the hinges of layout->turn[k] into x: those of the unit quaternion that frame_turn() gave,
 * nearest to those of the frame before [nx], NULL: this is the first one. */
void frame_set_turn(const df_layout* layout, const conventions* c, int k, const double q[4], const double* before,
                    double* x);

/* Turns the frame into that of the model, in place, after its quaternions have norm 1: the z axis up, the base frame of
 * the model, the linear velocity of free joints in the world frame and the angular velocity in that of the body. */
void frame_to_model(const df_layout* layout, const conventions* c, double* x);

/* Sets rounding [nx] to how the coordinates that both functions make were stored; precision [layout->columns] is that
 * of the raw numbers. The error of a turn is twice that of an entry of its quaternion near 1. Coordinates that no
 * column gives are exact. unit [nx] is scratch memory. */
void frame_rounding(const df_layout* layout, const conventions* c, const df_stored_precision* precision, double* unit,
                    df_rounding* rounding);

#endif
