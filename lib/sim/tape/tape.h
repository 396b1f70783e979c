/* tape.h: what the adjoint of a physics step needs, copied out of mjData: some 2 to 10 kB a step.
 *
 * Everything is expressed so that the adjoint need not know where it came from: limits, dry friction, springs, damping
 * and actuators are three coefficients a dof; tendons and couplings are such coefficients along a row; a contact is its
 * Jacobian, cone Hessian and geometry in contact space, whichever cone the model uses. */
#ifndef DF_SIM_TAPE_H
#define DF_SIM_TAPE_H

#include <mujoco/mujoco.h>
#include <stdbool.h>
#include <stddef.h>

#include "contact_motion.h"
#include "dynaflow/core/status.h"

/* one side of a contact */
typedef struct df_contact_side {
  int node;         /* node of the tree that carries it; 0 is the static world */
  double origin[3]; /* reference point of the tree's spatial vectors, world */
} df_contact_side;

/* One contact in contact space: rows 0..dim-1 are normal, tangents, torsion, rolling. Followed in memory by
 * double jacobian[dim][ndof], int dof[ndof] and, unless `fixed`, a df_contact_motion. */
typedef struct df_contact_record {
  int dim, ndof;
  int row;            /* its first constraint row while the step was recorded */
  bool fixed;         /* a point fixed to body 1 against a static plane */
  bool turns;         /* fixed: the tangents follow `axis` about the normal */
  double reach;       /* fixed: how far the point is from the contact along the normal */
  double axis[3];     /* fixed: a capsule's axis, world */
  double distance;    /* negative: penetration */
  double point[3];    /* world */
  double frame[9];    /* rows normal, tangent 1, tangent 2; the normal points from side 0 to side 1 */
  double hessian[36]; /* [dim][dim] second derivative of the contact's cost at the solution */
  double force[6];
  double stiffness[6]; /* the change of force work with distance, as a covector on J w: rho = stiffness . (J w) */
  double damping[6];   /* B of each row */
  df_contact_side side[2];
} df_contact_record;

static inline const double* contact_jacobian(const df_contact_record* c) {
  return (const double*)(const void*)(c + 1);
}
static inline const int* contact_dofs(const df_contact_record* c) {
  return (const int*)(const void*)(contact_jacobian(c) + c->dim * c->ndof);
}
/* bytes of a record up to its df_contact_motion */
static inline size_t contact_bytes(int dim, int ndof) {
  return sizeof(df_contact_record) + sizeof(double) * (size_t)(dim * ndof + (ndof + 1) / 2);
}
static inline const df_contact_motion* contact_motion(const df_contact_record* c) {
  return (const df_contact_motion*)(const void*)((const unsigned char*)c + contact_bytes(c->dim, c->ndof));
}
static inline const df_contact_record* next_contact(const df_contact_record* c) {
  const df_contact_motion* end = contact_motion(c) + !c->fixed;
  return (const df_contact_record*)(const void*)end;
}

/* A force along one combination of dofs, c . v: a constraint row, a tendon. Followed in memory by double
 * coefficient[ndof], double second[ndof] if it bends, int dof[ndof] (descending). A row that bends has
 * dc = curvature b (b . dq), with b the second coefficients. */
typedef struct df_row_record {
  int ndof;
  bool bends;
  double mass;        /* constraint mass; 0 if the row is not active */
  double stiffness;   /* minus the derivative of the force along c by the position along c ... */
  double damping;     /* ... and by c . v */
  double curvature;   /* of a row that bends */
  double bend_force;  /* its constraint force ... */
  double bend_motion; /* ... and what of its reference pairs with dc: mass b . a + damping b . v */
} df_row_record;

static inline const double* row_coefficient(const df_row_record* r) {
  return (const double*)(const void*)(r + 1);
}
static inline const double* row_second(const df_row_record* r) {
  return row_coefficient(r) + r->ndof;
}
static inline const int* row_dofs(const df_row_record* r) {
  return (const int*)(const void*)(row_coefficient(r) + (r->bends ? 2 : 1) * r->ndof);
}
static inline size_t row_bytes(bool bends, int ndof) {
  return sizeof(df_row_record) + sizeof(double) * (size_t)((bends ? 2 : 1) * ndof + (ndof + 1) / 2);
}
static inline const df_row_record* next_row(const df_row_record* r) {
  return (const df_row_record*)(const void*)((const unsigned char*)r + row_bytes(r->bends, r->ndof));
}

/* one end of a tie */
typedef struct df_tie_side {
  int node;         /* node of the tree that carries it; 0 is the static world */
  double origin[3]; /* reference point of the tree's spatial vectors, world */
  double point[3];  /* world */
} df_tie_side;

/* Two bodies tied at a point of each (dim 3) and by their rotation (dim 6). The residuals are point 0 - point 1 and
 * `scale` times the imaginary part of the rotation of side 0 in the frame of side 1. Followed in memory by double
 * jacobian[dim][ndof], int dof[ndof] (descending). */
typedef struct df_tie_record {
  int dim, ndof;
  double hessian[36]; /* [dim][dim] constraint mass, diagonal */
  double force[6], residual[6];
  double spring;       /* reference acceleration a unit of residual */
  double damping;      /* the same a unit of its velocity */
  double softening[6]; /* the change of force work with the residual's norm, as a covector on J w, over that norm */
  double scale, rotation[4], frame[9]; /* quaternion of side 0 in side 1; axes of side 1 in the world, row-major */
  df_tie_side side[2];
} df_tie_record;

static inline const double* tie_jacobian(const df_tie_record* t) {
  return (const double*)(const void*)(t + 1);
}
static inline const int* tie_dofs(const df_tie_record* t) {
  return (const int*)(const void*)(tie_jacobian(t) + t->dim * t->ndof);
}
static inline size_t tie_bytes(int dim, int ndof) {
  return sizeof(df_tie_record) + sizeof(double) * (size_t)(dim * ndof + (ndof + 1) / 2);
}
static inline const df_tie_record* next_tie(const df_tie_record* t) {
  return (const df_tie_record*)(const void*)((const unsigned char*)t + tie_bytes(t->dim, t->ndof));
}

/* a physics step on the tape; pointers into the tape, valid until it grows */
typedef struct df_step_record {
  const double* velocity;      /* [nv] at the start */
  const double* velocity_next; /* [nv] at the end */
  const double* acceleration;  /* [nv] the solver's qacc */
  const double* cdof;          /* [nv][6] motion axes */
  const double* inertia;       /* [nnode][10] spatial inertia of the bodies that ride on a node */
  const double* mass;          /* [nC] inertia matrix, in the model's sparse layout */
  /* where the integrator takes damping B implicitly, M + h B = L^T D L as it has factorized it; empty otherwise */
  const double* factor;         /* [nC] L below the diagonal, in the layout of mass */
  const double* factor_inverse; /* [nv] 1/D */
  const double* row_mass;       /* [nv] constraint mass of active limits and dry friction */
  const double* stiffness;      /* [nv] minus the derivative of the dof's own forces by its position */
  const double* damping;        /* [nv] the same by its velocity */
  const double* gain;           /* [nentry] of actuation.h: derivative of a dof's force by an actuator's input */
  /* where the implicit damping depends on the state (joint_force.h: curved); empty otherwise */
  const double* implicit_by_velocity; /* [nv] derivative of a dof's entry of B by its velocity */
  const double* implicit_by_input;    /* [nentry] the same by an actuator's input */
  /* blocks of joint_force.h: stiffness, damping and row_mass of ball and free joints, dof by dof */
  const double *block_stiffness, *block_damping, *block_mass;
  const double*
      compensation;       /* [nnode][4] compensated mass times offset, and mass; empty without gravity compensation */
  const double* end_open; /* act_open of a whole Runge-Kutta step, at its last stage; empty otherwise */
  const double* act_open; /* [na] 1, or 0 where the step clamps the activation to its range */
  const double* rate_by_act;  /* [na] derivatives of act_dot, by the activation ... */
  const double* rate_by_ctrl; /* [na] ... and by the control of its actuator */
  const unsigned char *rows, *ties, *contacts;
  unsigned char* parameters; /* df_parameter_read(); empty for a system without parameters */
  int nrow, ntie, ncontact;
  bool damped;      /* the integrator took damping implicitly */
  bool constrained; /* a constraint acts: the Hessian is not M */
  bool crosses;     /* a contact, row or tie couples two branches of the tree: the Hessian is not tree-sparse */
} df_step_record;

static inline const df_row_record* first_row(const df_step_record* r) {
  return (const df_row_record*)(const void*)r->rows;
}
static inline const df_tie_record* first_tie(const df_step_record* r) {
  return (const df_tie_record*)(const void*)r->ties;
}

static inline const df_contact_record* first_contact(const df_step_record* r) {
  return (const df_contact_record*)(const void*)r->contacts;
}

typedef struct df_tape_step {
  size_t at, ties_at, contacts_at, parameters_at; /* offsets in the arena */
  int nrow, ntie, ncontact;
  bool damped, constrained, crosses, approximate;
} df_tape_step;

typedef struct df_tape {
  unsigned char* arena;
  size_t used, capacity; /* bytes */
  size_t limit;          /* capacity never exceeds it; 0: no limit */
  bool full;             /* the limit kept a step from being recorded */
  df_tape_step* steps;   /* [length] physics steps */
  int length, count;
} df_tape;

struct df_mujoco;

df_status df_tape_init(df_tape* tape, const struct df_mujoco* system, int physics_steps);
void df_tape_free(df_tape* tape);
/* Forgets all steps. A tape that was full gets all the memory it may have. */
void df_tape_rewind(df_tape* tape);
/* Gives an empty tape a limit on its arena. */
void df_tape_bound(df_tape* tape, size_t limit);

/* Appends the step that `d` has just made from the state `before` [nx]. Re-evaluates the constraint states at the
 * solution in d. DF_E_NOMEM if the arena cannot grow. Calls MuJoCo: to be guarded. */
df_status df_tape_record(df_tape* tape, const struct df_mujoco* system, mjData* d, const double* before);

df_step_record df_tape_read(const df_tape* tape, const struct df_mujoco* system, int step);

#endif
