/* tape.h: what the adjoint of a physics step needs, copied out of mjData: some 5-10 kB a step.
 *
 * Everything is expressed so that the adjoint need not know where it came from: limits, dry friction, springs, damping
 * and actuators are three coefficients a dof; a contact is its Jacobian, cone Hessian and geometry in contact space,
 * whichever cone the model uses. */
#ifndef DF_SIM_TAPE_H
#define DF_SIM_TAPE_H

#include <mujoco/mujoco.h>
#include <stdbool.h>
#include <stddef.h>

#include "dynaflow/core/status.h"

/* one side of a contact */
typedef struct df_contact_side {
  int node;         /* node of the tree that carries it; 0 is the static world */
  bool slides;      /* the feature slides along `axis` (nearest point inside a capsule's segment) */
  double radius;    /* distance of the feature point from the surface */
  double origin[3]; /* reference point of the tree's spatial vectors, world */
  double axis[3];   /* a capsule's axis, world */
} df_contact_side;

/* One contact in contact space: rows 0..dim-1 are normal, tangents, torsion, rolling. Followed in memory by
 * double jacobian[dim][ndof], int dof[ndof]. */
typedef struct df_contact_record {
  int dim, ndof;
  int rule;           /* df_contact_rule */
  bool turns;         /* tangents follow the second geom's axis about the normal */
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

/* a physics step on the tape; pointers into the tape, valid until it grows */
typedef struct df_step_record {
  const double* velocity;      /* [nv] at the start */
  const double* velocity_next; /* [nv] at the end */
  const double* acceleration;  /* [nv] the solver's qacc */
  const double* cdof;          /* [nv][6] motion axes */
  const double* inertia;       /* [nnode][10] spatial inertia of the bodies that ride on a node */
  const double* mass;          /* [nC] inertia matrix, in the model's sparse layout */
  const double* row_mass;      /* [nv] constraint mass of active limits and dry friction */
  const double* stiffness;     /* [nv] minus the derivative of the dof's own forces by its position */
  const double* damping;       /* [nv] the same by its velocity */
  const double* implicit;      /* [nv] damping that the integrator takes implicitly */
  const double* gain;          /* [nu] derivative of the actuator's joint force by its control */
  const unsigned char* contacts;
  int ncontact;
  bool damped;  /* `implicit` is not zero */
  bool crosses; /* a contact ties two branches of the tree: the Hessian is not tree-sparse */
} df_step_record;

typedef struct df_tape_step {
  size_t at; /* offset in the arena */
  int ncontact;
  bool damped, crosses, approximate;
} df_tape_step;

typedef struct df_tape {
  unsigned char* arena;
  size_t used, capacity; /* bytes */
  df_tape_step* steps;   /* [length] physics steps */
  int length, count;
} df_tape;

struct df_mujoco;

df_status df_tape_init(df_tape* tape, const struct df_mujoco* system, int physics_steps);
void df_tape_free(df_tape* tape);
void df_tape_rewind(df_tape* tape);

/* Appends the step that `d` has just made; v_before [nv] is the velocity it started from. Re-evaluates the constraint
 * states at the solution in d. DF_E_NOMEM if the arena cannot grow. Calls MuJoCo: to be guarded. */
df_status df_tape_record(df_tape* tape, const struct df_mujoco* system, mjData* d, const double* v_before);

df_step_record df_tape_read(const df_tape* tape, const struct df_mujoco* system, int step);

#endif
