#include "style.h"

#include <string.h>

#include "text.h"

/* the palette of Okabe and Ito, distinguishable with colour blindness */

static const struct {
  const char *name, *label;
  unsigned colour;
  int dash;
} known[] = {
    {"dynaflow", "DynaFlow", 0x0072B2, 1},
    {"dynaflow_tracking", "DynaFlow + tracking", 0x56B4E9, 1},
    {"dynaflow_recovered", "DynaFlow, recovered actions", 0x332288, 2},
    {"dynaflow_tracking_recovered", "DynaFlow + tracking, recovered actions", 0x44AA99, 2},
    {"kinematic_fm", "Kinematic FM", 0xE69F00, 1},
    {"kinematic_fm_idm", "Kinematic FM + IDM", 0xD55E00, 2},
    {"kinematic_fm_inverse", "Kinematic FM + simulator inverse", 0xAA4499, 2},
    {"kinematic_fm_tracking", "Kinematic FM + tracking", 0x999933, 4},
    {"kinematic_diffusion", "Kinematic diffusion + IDM", 0x661100, 4},
    {"action_fm", "Action FM", 0x009E73, 1},
    {"action_fm_recovered", "Action FM, recovered actions", 0x117733, 2},
    {"action_diffusion", "Action diffusion", 0x6699CC, 4},
    {"bc", "Behaviour cloning", 0x999933, 2},
    {"act_chunk", "Action chunks", 0xAA4499, 2},
    {"dap", "DAP", 0xCC79A7, 4},
    {"ddat_projection", "DDAT projection", 0x882255, 5},
    {"ddat_trained", "DDAT, trained with projection", 0x882255, 2},
    {"ddat_states_actions", "DDAT, states and actions", 0x882255, 4},
    {"expert_shac", "SHAC", 0x0072B2, 1},
    {"expert_apg", "APG", 0x009E73, 2},
    {"expert_ppo", "PPO", 0xD55E00, 4},
    {"random_action", "Random actions", 0x8C8C8C, 3},
    {"hold", "Hold", 0xB0B0B0, 3},
    {"replay_demo", "Replayed demonstration", 0x333333, 3},
    {"demo_states", "Demonstrated states", 0x000000, 3},
    {"trajopt", "Trajectory optimisation", 0x555555, 3},
};
enum { N_KNOWN = sizeof known / sizeof known[0] };

const char* method_label(const char* method) {
  for (int i = 0; i < N_KNOWN; i++) {
    if (strcmp(method, known[i].name) == 0) return known[i].label;
  }
  return method;
}

char* metric_words(const char* metric) {
  static const struct {
    const char *name, *words;
  } special[] = {{"tre_open_loop", "open-loop TRE"},
                 {"tre", "TRE"},
                 {"sae_own", "SAE, own action"},
                 {"sae_min", "SAE, best action"},
                 {"cae", "CAE"},
                 {"survival", "survival time"},
                 {"slip", "foot slip"}};
  const size_t name = strcspn(metric, ".");
  char* words = NULL;
  for (size_t i = 0; i < sizeof special / sizeof special[0] && !words; i++) {
    if (strlen(special[i].name) != name || strncmp(metric, special[i].name, name) != 0) continue;
    words = format_text("%s%s%s", special[i].words, metric[name] ? ", " : "", metric[name] ? metric + name + 1 : "");
  }
  if (!words)
    words = format_text("%.*s%s%s", (int)name, metric, metric[name] ? ", " : "", metric[name] ? metric + name + 1 : "");
  for (char* c = words; *c; c++) *c = *c == '_' ? ' ' : *c;
  return words;
}

unsigned method_colour(const char* method) {
  static const unsigned others[] = {0x661100, 0x117733, 0x332288, 0x999933, 0xAA4499, 0x44AA99};
  unsigned hash = 5381;
  for (int i = 0; i < N_KNOWN; i++) {
    if (strcmp(method, known[i].name) == 0) return known[i].colour;
  }
  for (const char* p = method; *p; p++) hash = hash * 33 + (unsigned char)*p;
  return others[hash % (sizeof others / sizeof others[0])];
}

int method_dash(const char* method) {
  for (int i = 0; i < N_KNOWN; i++) {
    if (strcmp(method, known[i].name) == 0) return known[i].dash;
  }
  return 1;
}
