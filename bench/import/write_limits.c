#include "write_limits.h"

#include <string.h>

/* whether the states that a method returns are those of the simulator under its actions, or of a network beside them */
typedef struct method_states {
  const char* name;
  bool sampled, simulated; /* by a sampler; by the simulator */
} method_states;

static const method_states known[] = {{"dynaflow", true, true},     {"dynaflow_tracking", true, true},
                                      {"action_fm", true, true},    {"random_action", false, true},
                                      {"replay_demo", false, true}, {"kinematic_fm_idm", true, false}};

/* k 0: without a sampler */
static void add_limit(text* out, const char* metric, const char* method, const char* profile, int k, const char* limit,
                      const char* reason) {
  text_add(out, "  - metric: %s\n    method: %s\n    profile: %s\n", metric, method, profile);
  if (k > 0) text_add(out, "    k: %d\n", k);
  text_add(out, "    %s\n    reason: %s\n", limit, reason);
}

static void add_admissibility(text* out, const method_states* m, const char* profile, int k) {
  if (!m->simulated) {
    add_limit(out, "sae_own", m->name, profile, k, "at_least: 1.0e-9",
              "no network satisfies the equations of motion to rounding; a smaller number means that the metric no "
              "longer detects errors");
    return;
  }
  add_limit(out, "sae_own", m->name, profile, k, "at_most: 1.0e-9",
            "feasible by construction, up to rounding; a wrong step, substep, clamp or reset state gives a far larger "
            "error");
  add_limit(out, "sae_own.worst_step", m->name, profile, k, "at_most: 1.0e-9",
            "holds on every window and step, not only on average");
}

static bool has_method(const df_config* config, const char* name) {
  for (int i = 0; i < config->task_methods.n; i++) {
    if (strcmp(config->task_methods.v[i], name) == 0) return true;
  }
  return false;
}

void add_limits(const df_config* config, const char* profile, bool follows, text* out) {
  for (size_t m = 0; m < sizeof known / sizeof *known; m++) {
    if (!has_method(config, known[m].name)) continue;
    if (!known[m].sampled) add_admissibility(out, &known[m], profile, 0);
    for (int i = 0; known[m].sampled && i < config->eval_sampler_steps.n; i++)
      add_admissibility(out, &known[m], profile, (int)config->eval_sampler_steps.v[i]);
  }
  if (follows && has_method(config, "replay_demo"))
    add_limit(
        out, "tre_open_loop", "replay_demo", profile, 0, "at_most: 1",
        "the recorded states follow from the recorded actions; two unrelated demonstrations differ by 1.4 std, so "
        "that more means another model, time step, clamp or pairing of windows and actions");
}
