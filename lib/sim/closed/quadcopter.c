/* quadcopter.c: the quadcopter of DDAT (Bouvier et al., "DDAT: Diffusion Policies Enforcing Dynamically Admissible
 * Robot Trajectories", RSS 2025), one explicit Euler step, and its adjoint. The equations are in mujoco.h, at
 * df_dynamics; the adjoint is derived in docs/adjoint.md, section 16. */
#include <math.h>

#include "closed_dynamics.h"
#include "spatial.h"

/* kg, m/s^2, kg m^2, N s^2/m^2, N s^2, N m s^2, m */
static const double MASS = 1.2, GRAVITY = 9.81, INERTIA[3] = {0.0123, 0.0123, 0.0224}, ROTOR_INERTIA = 2.7e-5;
static const double DRAG = 0.1, THRUST = 1.076e-5, TORQUE = 1.632e-7, ARM = 0.16;

/* rad/s; the fifth activation is the length of the quaternion */
static const double act_lo[] = {75, 75, 75, 75, -INFINITY}, act_hi[] = {925, 925, 925, 925, INFINITY};

enum { NX = 18, NDX = 17, ROTORS = 4 };
/* first entries of a state: position, quaternion, velocity, angular velocity, rotor speeds, length of the quaternion */
enum { X_POS = 0, X_QUAT = 3, X_VEL = 7, X_SPIN = 10, X_ROTOR = 13, X_LENGTH = 17 };
/* and of a tangent */
enum { D_POS = 0, D_TURN = 3, D_VEL = 6, D_SPIN = 9, D_ROTOR = 12, D_LENGTH = 16 };

/* per rotor: sign of the moments of its thrust about x and y, of its drag torque, and of its spin */
static const double ROLL[] = {1, -1, -1, 1}, PITCH[] = {1, 1, -1, -1}, YAW[] = {-1, 1, -1, 1}, SPIN[] = {1, -1, 1, -1};

/* what step and adjoint share */
typedef struct flight {
  double q[4];                       /* orientation, of norm 1 */
  double down[3];                    /* the body's z axis in the world; the thrust is against it */
  double half[3], stretch2, stretch; /* h w / 2; 1 + |h w / 2|^2, and its root */
  double speed[ROTORS];              /* speeds within their range, for thrust and torque */
  double lift;                       /* sum of thrusts, N */
  double gyro;                       /* signed sum of rotor speeds, rad/s */
  double length;
} flight;

static bool in_range(double speed, int k) {
  return speed >= act_lo[k] && speed <= act_hi[k];
}

static double into_range(double speed, int k) {
  return speed < act_lo[k] ? act_lo[k] : speed > act_hi[k] ? act_hi[k] : speed;
}

/* the direction of a quaternion; the identity for 0 */
static void unit_quaternion(const double* in, double q[4]) {
  const double norm = sqrt(in[0] * in[0] + in[1] * in[1] + in[2] * in[2] + in[3] * in[3]);
  for (int i = 0; i < 4; i++) q[i] = norm > 0 ? in[i] / norm : i == 0;
}

static flight flight_of(double h, const double* x) {
  flight f = {.length = x[X_LENGTH], .stretch2 = 1};
  unit_quaternion(x + X_QUAT, f.q);
  const double *q = f.q, *w = x + X_SPIN;
  f.down[0] = 2 * (q[0] * q[2] + q[1] * q[3]);
  f.down[1] = -2 * (q[0] * q[1] - q[2] * q[3]);
  f.down[2] = q[0] * q[0] - q[1] * q[1] - q[2] * q[2] + q[3] * q[3];
  for (int i = 0; i < 3; i++) {
    f.half[i] = 0.5 * h * w[i];
    f.stretch2 += f.half[i] * f.half[i];
  }
  f.stretch = sqrt(f.stretch2);
  for (int k = 0; k < ROTORS; k++) {
    f.speed[k] = into_range(x[X_ROTOR + k], k);
    f.lift += THRUST * f.speed[k] * f.speed[k];
    f.gyro += SPIN[k] * x[X_ROTOR + k];
  }
  return f;
}

/* q (1, half) / stretch */
static void turn(const flight* f, double out[4]) {
  const double *q = f->q, *r = f->half;
  const double moved[4] = {
      q[0] - q[1] * r[0] - q[2] * r[1] - q[3] * r[2], q[1] + q[0] * r[0] - q[3] * r[1] + q[2] * r[2],
      q[2] + q[3] * r[0] + q[0] * r[1] - q[1] * r[2], q[3] - q[2] * r[0] + q[1] * r[1] + q[0] * r[2]};
  unit_quaternion(moved, out);
}

/* the moments of thrust and drag torque of the rotors, N m */
static void moments(const flight* f, double out[3]) {
  for (int i = 0; i < 3; i++) out[i] = 0;
  for (int k = 0; k < ROTORS; k++) {
    const double square = f->speed[k] * f->speed[k];
    out[0] += ROLL[k] * ARM * THRUST * square;
    out[1] += PITCH[k] * ARM * THRUST * square;
    out[2] += YAW[k] * TORQUE * square;
  }
}

static void quadcopter_step(double h, const double* x, const double* u, double* x1) {
  const flight f = flight_of(h, x);
  const double *v = x + X_VEL, *w = x + X_SPIN, *I = INERTIA, gyro = ROTOR_INERTIA * f.gyro;
  double moment[3];
  moments(&f, moment);
  moment[0] += (I[1] - I[2]) * w[1] * w[2] - gyro * w[1];
  moment[1] += (I[2] - I[0]) * w[0] * w[2] + gyro * w[0];
  moment[2] += (I[0] - I[1]) * w[0] * w[1];

  turn(&f, x1 + X_QUAT);
  for (int i = 0; i < 3; i++) {
    const double force =
        -DRAG * fabs(v[i]) * v[i] - f.length * f.length * f.lift * f.down[i] + (i == 2 ? MASS * GRAVITY : 0);
    x1[X_POS + i] = x[X_POS + i] + h * v[i];
    x1[X_VEL + i] = v[i] + h * (force / MASS);
    x1[X_SPIN + i] = w[i] + h * (moment[i] / I[i]);
  }
  for (int k = 0; k < ROTORS; k++) x1[X_ROTOR + k] = into_range(x[X_ROTOR + k] + h * (u[k] / ROTOR_INERTIA), k);
  x1[X_LENGTH] = f.length * f.stretch;
}

/* cotangents of the orientation and of the angular velocity by that of the next orientation, y [3] */
static void turn_vjp(double h, const flight* f, const double* y, double* turned, double* spin) {
  double ry[3], rry[3];
  vec_cross(ry, f->half, y);
  vec_cross(rry, f->half, ry);
  for (int i = 0; i < 3; i++) {
    turned[i] = y[i] + 2 / f->stretch2 * (ry[i] + rry[i]);
    spin[i] = h / f->stretch2 * (y[i] + ry[i]);
  }
}

/* cotangent of the lift by that of the next velocity, y [3]; adds to those of orientation and length */
static double thrust_vjp(double h, const flight* f, const double* y, double* turned, double* length) {
  const double *q = f->q, scale = -h * f->length * f->length / MASS;
  /* y in the frame of the body */
  const double b[3] = {(q[0] * q[0] + q[1] * q[1] - q[2] * q[2] - q[3] * q[3]) * y[0] +
                           2 * (q[1] * q[2] + q[0] * q[3]) * y[1] + 2 * (q[1] * q[3] - q[0] * q[2]) * y[2],
                       2 * (q[1] * q[2] - q[0] * q[3]) * y[0] +
                           (q[0] * q[0] - q[1] * q[1] + q[2] * q[2] - q[3] * q[3]) * y[1] +
                           2 * (q[2] * q[3] + q[0] * q[1]) * y[2],
                       vec_dot(f->down, y)};
  turned[0] -= scale * f->lift * b[1];
  turned[1] += scale * f->lift * b[0];
  *length -= 2 * h * f->length / MASS * f->lift * b[2];
  return scale * b[2];
}

static void quadcopter_step_vjp(double h, const double* x, const double* u, const double* y, double* xbar,
                                double* ubar) {
  const flight f = flight_of(h, x);
  const double *v = x + X_VEL, *w = x + X_SPIN, *I = INERTIA, yl = y[D_LENGTH];
  double moment[3], out[NDX];
  for (int i = 0; i < 3; i++) moment[i] = h * y[D_SPIN + i] / I[i];

  /* position, orientation, velocity, length */
  turn_vjp(h, &f, y + D_TURN, out + D_TURN, out + D_SPIN);
  out[D_LENGTH] = f.stretch * yl;
  const double lift = thrust_vjp(h, &f, y + D_VEL, out + D_TURN, out + D_LENGTH);
  for (int i = 0; i < 3; i++) {
    out[D_POS + i] = y[D_POS + i];
    out[D_VEL + i] = y[D_VEL + i] * (1 - 2 * h * DRAG / MASS * fabs(v[i])) + h * y[D_POS + i];
    out[D_SPIN + i] += y[D_SPIN + i] + yl * f.length * 0.5 * h * f.half[i] / f.stretch;
  }

  /* gyroscopic moments */
  const double gyro = ROTOR_INERTIA * f.gyro, c[3] = {I[1] - I[2], I[2] - I[0], I[0] - I[1]};
  out[D_SPIN] += moment[1] * (c[1] * w[2] + gyro) + moment[2] * c[2] * w[1];
  out[D_SPIN + 1] += moment[0] * (c[0] * w[2] - gyro) + moment[2] * c[2] * w[0];
  out[D_SPIN + 2] += moment[0] * c[0] * w[1] + moment[1] * c[1] * w[0];

  /* rotors */
  const double spin = ROTOR_INERTIA * (moment[1] * w[0] - moment[0] * w[1]);
  for (int k = 0; k < ROTORS; k++) {
    const double speed = x[X_ROTOR + k], next = in_range(speed + h * (u[k] / ROTOR_INERTIA), k) ? y[D_ROTOR + k] : 0;
    const double square =
        THRUST * (lift + ARM * (ROLL[k] * moment[0] + PITCH[k] * moment[1])) + TORQUE * YAW[k] * moment[2];
    out[D_ROTOR + k] = next + SPIN[k] * spin + (in_range(speed, k) ? 2 * f.speed[k] * square : 0);
    ubar[k] = h / ROTOR_INERTIA * next;
  }
  for (int i = 0; i < NDX; i++) xbar[i] = out[i];
}

const df_closed_dynamics df_quadcopter = {
    .name = "quadcopter",
    .layout =
        "one free joint, and four controls with five activations: the speeds of the rotors and the length of the "
        "quaternion",
    .nq = 7,
    .nv = 6,
    .na = 5,
    .nu = ROTORS,
    .length = 4,
    .act_lo = act_lo,
    .act_hi = act_hi,
    .step = quadcopter_step,
    .step_vjp = quadcopter_step_vjp,
};
_Static_assert((int)NX <= (int)CLOSED_NX_MAX, "the state of the quadcopter");
