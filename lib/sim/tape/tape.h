/* tape.h: everything the adjoint of one physics step needs, copied out of mjData: about 2 to 10 kB per step.
 *
 * The records hide where a force came from: limits, dry friction, springs, damping and actuators are three coefficients
 * per dof (stiffness, damping, constraint mass); tendons and couplings are the same coefficients along a row; a contact
 * is its Jacobian, cone Hessian and geometry in contact space, whichever cone the model uses. Derivation and symbols:
 * docs/adjoint.md, sections 3 to 6 and 12. All quantities are in SI units. */
#ifndef LIB_SIM_TAPE_TAPE_H
#define LIB_SIM_TAPE_TAPE_H

#include <mujoco/mujoco.h>
#include <stdbool.h>
#include <stddef.h>

#include "contact.h"
#include "dynaflow/core/status.h"

/* One of the two bodies of a contact. */
typedef struct df_contact_side {
  int node;         /* tree node that carries the body; 0 is the static world */
  double origin[3]; /* reference point of the tree's spatial vectors, world */
} df_contact_side;

/* One contact in contact space; rows 0..dim-1 are normal, tangents, torsion, rolling. Followed in memory by
 * double jacobian[dim][ndof], int dof[ndof] (descending) and, unless `fixed`, a df_contact_motion. */
typedef struct df_contact_record {
  int dim, ndof;
  int row;            /* first constraint row in mjData when the step was recorded */
  bool fixed;         /* a point fixed to the body of side 1 touches a static plane */
  bool turns;         /* fixed only: the tangents follow `axis` about the normal */
  double reach;       /* fixed only: offset of the body-fixed point from the contact point along the normal */
  double axis[3];     /* `turns` only: a capsule's axis, world */
  double distance;    /* negative: penetration */
  double point[3];    /* world */
  double frame[9];    /* rows normal, tangent 1, tangent 2; the normal points from side 0 to side 1 */
  double hessian[36]; /* [dim][dim] second derivative of the contact's cost at the solution */
  double force[6];
  double stiffness[6]; /* derivative of the force's virtual work by the distance, as a covector on J w:
                        * rho = stiffness . (J w) */
  double damping[6];   /* per row: B, the damping of the reference acceleration */
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
/* only for records that are not `fixed` */
static inline const df_contact_motion* contact_motion(const df_contact_record* c) {
  return (const df_contact_motion*)(const void*)((const unsigned char*)c + contact_bytes(c->dim, c->ndof));
}
static inline const df_contact_record* next_contact(const df_contact_record* c) {
  const df_contact_motion* end = contact_motion(c) + !c->fixed;
  return (const df_contact_record*)(const void*)end;
}

/* A force along one combination of dofs, with the velocity c . v: a constraint row or a tendon (docs/adjoint.md,
 * section 4). Followed in memory by double coefficient[ndof] (c), double second[ndof] (c1) if `bends`, int dof[ndof]
 * (descending). The coefficients of a row that bends depend on the position: dc = curvature c1 (c1 . dq). */
typedef struct df_row_record {
  int ndof;
  bool bends;
  double mass;        /* constraint mass; 0 if the row is not active */
  double stiffness;   /* minus the derivative of the force along c by the position along c */
  double damping;     /* minus the derivative of the force along c by c . v */
  double curvature;   /* rows that bend: -P'' */
  double bend_force;  /* rows that bend: the constraint force */
  double bend_motion; /* rows that bend: mass c1 . a + damping c1 . v, the factor multiplying dc in the virtual work */
} df_row_record;

static inline const double* row_coefficient(const df_row_record* r) {
  return (const double*)(const void*)(r + 1);
}
/* only for rows that bend */
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

/* One end of a connect or weld equality. */
typedef struct df_weld_side {
  int node;         /* tree node that carries the body; 0 is the static world */
  double origin[3]; /* reference point of the tree's spatial vectors, world */
  double point[3];  /* anchor, world */
} df_weld_side;

/* A connect equality (dim 3) or a weld equality (dim 6): docs/adjoint.md, section 6. The residuals are point 0 -
 * point 1 and, for a weld, `scale` times the imaginary part of the quaternion of side 0 relative to side 1. Followed in
 * memory by double jacobian[dim][ndof], int dof[ndof] (descending). */
typedef struct df_weld_record {
  int dim, ndof;
  double hessian[36]; /* [dim][dim] constraint mass, diagonal */
  double force[6], residual[6];
  double spring;       /* reference acceleration per unit of residual */
  double damping;      /* reference acceleration per unit of residual velocity */
  double softening[6]; /* derivative of the force's virtual work by the norm of the residual, as a covector on J w,
                        * divided by that norm; 0 at residual 0 */
  double scale, rotation[4], frame[9]; /* torque scale; quaternion of side 0 relative to side 1; axes of side 1 in the
                                        * world, row-major */
  df_weld_side side[2];
} df_weld_record;

static inline const double* weld_jacobian(const df_weld_record* t) {
  return (const double*)(const void*)(t + 1);
}
static inline const int* weld_dofs(const df_weld_record* t) {
  return (const int*)(const void*)(weld_jacobian(t) + t->dim * t->ndof);
}
static inline size_t weld_bytes(int dim, int ndof) {
  return sizeof(df_weld_record) + sizeof(double) * (size_t)(dim * ndof + (ndof + 1) / 2);
}
static inline const df_weld_record* next_weld(const df_weld_record* t) {
  return (const df_weld_record*)(const void*)((const unsigned char*)t + weld_bytes(t->dim, t->ndof));
}

/* A view of one recorded evaluation of the dynamics: a physics step, or one stage of a Runge-Kutta step. All pointers
 * point into the tape and are valid until it grows. "Empty" arrays have length 0. */
typedef struct df_step_record {
  const double* velocity;      /* [nv] at the start of the step */
  const double* velocity_next; /* [nv] at the end of the step */
  const double* acceleration;  /* [nv] the solver's qacc */
  const double* cdof;          /* [nv][6] motion axes */
  const double* inertia;       /* [nnode][10] spatial inertia, summed over the bodies that ride on a node */
  const double* mass;          /* [nC] inertia matrix M, in the model's sparse layout */
  /* M + h B = L^T D L as factorized by an integrator that takes damping B implicitly; empty for other integrators */
  const double* factor;         /* [nC] L below the diagonal, in the layout of mass */
  const double* factor_inverse; /* [nv] 1/D */
  const double* row_mass;       /* [nv] constraint mass of active limits and dry friction */
  const double* stiffness;      /* [nv] minus the derivative of the dof's own forces by its position */
  const double* damping;        /* [nv] minus the derivative of the dof's own forces by its velocity */
  const double* gain;           /* [nentry] of actuation.h: derivative of a dof's force by an actuator's input */
  /* if the implicit damping depends on the state (`curved` of joint_force.h); empty otherwise */
  const double* implicit_by_velocity; /* [nv] derivative of a dof's entry of B by its velocity */
  const double* implicit_by_input;    /* [nentry] derivative of a dof's entry of B by an actuator's input */
  /* blocks of joint_force.h: stiffness, damping and row_mass of ball and free joints, [total] each */
  const double *block_stiffness, *block_damping, *block_mass;
  const double* wrench; /* [nsite] of actuation.h, 8 each: the wrench (couple about the origin of the tree's spatial
                         * vectors, force) of an actuator at the force 1, its force, and minus the derivative of
                         * its force by its velocity */
  const double* compensation; /* [nnode][4] sum of compensated mass times the offset of its centre from the origin of
                               * the spatial vectors, then of the mass; empty without gravity compensation */
  const double* end_open;     /* [na] act_open of a whole Runge-Kutta step, written in the record of its last stage;
                               * empty for other integrators */
  const double* act_open;     /* [na] 1, or 0 where the step clamps the activation to its range */
  const double* rate_by_act;  /* [na] derivative of act_dot by the activation */
  const double* rate_by_ctrl; /* [na] derivative of act_dot by the actuator's control */
  const unsigned char *rows, *welds, *contacts; /* first df_row_record, df_weld_record, df_contact_record */
  unsigned char* parameters; /* argument of df_parameter_read(); meaningless for a system without parameters */
  int nrow, nweld, ncontact;
  bool damped;      /* the integrator took damping implicitly */
  bool constrained; /* a constraint row is active, so H differs from M */
  bool crosses;     /* a contact, row or equality couples two branches of the tree: H is not tree-sparse */
} df_step_record;

static inline const df_row_record* first_row(const df_step_record* r) {
  return (const df_row_record*)(const void*)r->rows;
}
static inline const df_weld_record* first_weld(const df_step_record* r) {
  return (const df_weld_record*)(const void*)r->welds;
}

static inline const df_contact_record* first_contact(const df_step_record* r) {
  return (const df_contact_record*)(const void*)r->contacts;
}

/* Index entry of one record. */
typedef struct df_tape_step {
  size_t at, welds_at, contacts_at, parameters_at; /* byte offsets in the arena */
  int nrow, nweld, ncontact;
  bool damped, constrained, crosses; /* as in df_step_record */
  bool approximate;                  /* a contact without an exact derivative is active */
} df_tape_step;

/* A sequence of records in one arena. Owns the arena and the index. */
typedef struct df_tape {
  unsigned char* arena;
  size_t used, capacity; /* bytes */
  size_t limit;          /* upper bound of capacity; 0: unbounded */
  bool full;             /* the limit prevented the last record */
  df_tape_step* steps;   /* [length] */
  int length, count;     /* records: at most, at present */
} df_tape;

struct df_mujoco;

/* ---- tape.c: the arena ---- */

/* Allocates the index of an all-zero tape for `physics_steps` records; the arena is allocated by the first record.
 * DF_E_NOMEM. */
df_status df_tape_init(df_tape* tape, int physics_steps);
/* Frees the memory of a tape and clears it; an all-zero tape is fine. */
void df_tape_free(df_tape* tape);
/* Drops all records. If the tape was full, its arena is reallocated at the whole limit. */
void df_tape_rewind(df_tape* tape);
/* Frees the arena of an empty tape and bounds its future size to `limit` bytes. */
void df_tape_bound(df_tape* tape, size_t limit);

/* Extends the used part of the arena by `bytes` and returns the new part, uninitialised. May move the arena: pointers
 * into it, df_record_part included, become invalid. NULL if the arena cannot grow; tape->full is then true if the limit
 * is the reason. */
unsigned char* df_tape_extend(df_tape* tape, size_t bytes);

/* ---- record_step.c ---- */

/* Appends the step that `d` has just taken from the state `before` [nx]. Re-evaluates the constraint states, forces and
 * cone Hessians in `d` at the solution. DF_E_NOMEM if the arena cannot grow; tape->full tells whether the limit was the
 * reason. The caller guarantees count < length. May raise a MuJoCo error: call it under df_mujoco_guarded(). */
df_status df_tape_record(df_tape* tape, const struct df_mujoco* system, mjData* d, const double* before);

/* ---- record_layout.c ---- */

/* View of record number `step`, 0 <= step < count (also of the one being recorded). */
df_step_record df_tape_read(const df_tape* tape, const struct df_mujoco* system, int step);

#endif
