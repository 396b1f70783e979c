/* hinge_turn.h: the turn of a body against its parent, as the angles of three hinges. Private. */
#ifndef LIB_DATA_HINGE_TURN_H
#define LIB_DATA_HINGE_TURN_H

#include <stdbool.h>

/* three hinges of one body, whose axes are perpendicular to each other */
typedef struct hinge_turn {
  int joint[3];      /* index in model_joints, in the order of the model: the first one turns the axes of the others */
  int qpos[3];       /* index in x of each angle */
  double axis[3][3]; /* of the first two hinges, and their cross product */
  double handedness; /* 1: the cross product is the axis of the third hinge, -1: its opposite */
  double own[4];     /* orientation of the body against its parent where the hinges do not turn it, a unit quaternion */
  double ref[3];     /* [rad] the angles at which they do not */
} hinge_turn;

/* Sets the axes from those of the hinges, of length 1; false: they are not perpendicular. */
bool hinge_turn_set_axes(hinge_turn* turn, double axis[3][3]);

/* Writes the angles [rad] that give the body the orientation q, a unit quaternion, against its parent. Less `ref` they
 * are the angles a, b, c of the turn that follows on the body's own orientation. With the axes as basis, its matrix is
 * R = Rx(a) Ry(b) Rz(c), so that
 *   R[0] = (cos b cos c, -cos b sin c, sin b), R[1][2] = -sin a cos b, R[2][2] = cos a cos b;
 *   R[1][0] = sin(a + c) and R[1][1] = cos(a + c) at b = pi/2, sin(c - a) and cos(c - a) at b = -pi/2.
 * Of the two solutions (a, b, c) and (a + pi, pi - b, c + pi), and their full turns, it is the one nearest to the
 * angles `before` [3], or the one with |b| <= pi/2 if `before` is NULL. At |b| = pi/2, where only a + c or c - a
 * matters, a is that of `before`, or 0. */
void hinge_turn_angles(const hinge_turn* turn, const double q[4], const double* before, double angle[3]);

#endif
