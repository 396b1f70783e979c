#include "episode_distance.h"

#include <math.h>
#include <string.h>

#include "base_fit.h"
#include "check_parts.h"

/* the dof, or the group, that a column is; -1: none */
static int dof_of(const trace* m, const char* column) {
  for (int i = 0; i < m->nv; i++) {
    char name[80];
    check_dof_name(m, i, name);
    if (strcmp(name, column) == 0) return i;
  }
  return -1;
}

static int group_of(const trace* m, const char* column) {
  for (int g = 0; g < GROUPS; g++) {
    if (strcmp(trace_group_name(trace_has_base(m), g), column) == 0) return g;
  }
  const int dof = dof_of(m, column);
  return dof >= 0                                                     ? m->group[dof]
         : strcmp(column, trace_heading_name(trace_has_base(m))) == 0 ? GROUP_BASE_ROTATION
                                                                      : -1;
}

unsigned episode_groups_of(const trace* m, data_check check, const char* column) {
  /* rows without a column: order and sign are of hinges and slides */
  const bool scalars = check == DATA_CHECK_VELOCITY_SIGN || check == DATA_CHECK_VELOCITY_ORDER;
  const unsigned all = scalars ? 1u << GROUP_HINGES | 1u << GROUP_SLIDES : (1u << GROUPS) - 1;
  if (!data_check_is_of_velocity(check)) return 0;
  const int group = column[0] ? group_of(m, column) : -1;
  return group >= 0 && group < GROUPS ? 1u << group : all;
}

bool episode_row_is_of_joints(const trace* m, data_check check, const char* column) {
  const unsigned scalars = 1u << GROUP_HINGES | 1u << GROUP_SLIDES, groups = episode_groups_of(m, check, column);
  bool single = false;
  for (int g = 0; g < GROUPS; g++) {
    const char* name = trace_group_name(trace_has_base(m), g);
    const size_t n = strlen(name);
    single |= strncmp(column, name, n) == 0 && strncmp(column + n, " of ", 4) == 0;
  }
  return !single && (groups == 0 || (groups & scalars) != 0);
}

int episode_place_of(const trace* m, const char* column) {
  const int dof = dof_of(m, column);
  return dof >= 0 ? GROUPS + dof : group_of(m, column);
}

/* the factor between changes and velocities; NAN: unknown */
static double factor_of(const trace_fit* f) {
  int lag = LAG_MEAN;
  trace_fitted_error(f, &lag);
  return f->n > 0 && f->slope[lag] > 0 ? f->slope[lag] : NAN;
}

/* the number of the row of a check; NAN: there is none */
static double value_of(const data_findings* found, data_check check, const char* column) {
  for (int i = 0; i < found->n; i++) {
    if (found->list[i].check == check && strcmp(found->list[i].column, column) == 0) return found->list[i].value;
  }
  return NAN;
}

episode_distance episode_distance_of(const trace* m, const data_findings* found, data_check check, const char* column) {
  const int dof = dof_of(m, column), group = group_of(m, column);
  double value = NAN;
  switch (check) {
    case DATA_CHECK_VELOCITY_SCALE: {
      if (dof < 0 && group < 0) break;
      const trace_fit f = dof >= 0 ? trace_fit_pair(m, dof, dof) : trace_fit_group(m, group);
      value = factor_of(&f);
      return (episode_distance){true, value, fabs(log(value))};
    }
    case DATA_CHECK_BASE_POINT: {
      if (group < 0) break;
      const trace_fit f = trace_fit_group(m, group);
      return (episode_distance){true, NAN, f.n > 0 ? trace_error(&f, NULL) : NAN};
    }
    case DATA_CHECK_VELOCITY_OFFSET:
      value = dof >= 0 ? check_offset_of(m, dof) : base_fit_drift(m);
      return (episode_distance){true, value, fabs(value)};
    case DATA_CHECK_JOINT_LIMIT:
      /* a joint that passes has no row */
      value = check_limit_share_of(m, dof);
      return (episode_distance){true, value, value};
    case DATA_CHECK_FLOOR:
    case DATA_CHECK_PENETRATION:
    case DATA_CHECK_ROOT_RESIDUAL:
      value = value_of(found, check, column);
      return (episode_distance){true, value, value};
    default:
      break;
  }
  return (episode_distance){false, NAN, NAN};
}
