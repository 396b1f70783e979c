#include "data_coverage_plot.h"

#include <stdbool.h>
#include <string.h>

#include "data_card.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "escape.h"
#include "plot.h"
#include "text.h"

enum { COLUMNS = 3, PANEL_WIDTH = 280, PANEL_HEIGHT = 220, LEGEND_HEIGHT = 34, LEGEND_STEP = 110 };

/* colours of gaits, distinguishable in grey and with colour blindness (Okabe and Ito 2008) */
static const char* const COLOURS[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"};
enum { N_COLOURS = sizeof COLOURS / sizeof COLOURS[0] };

/* the gaits that some frame has, or -1 alone for all frames of data without gaits; returns their number */
static int list_gaits(const df_dataset* data, int* gait) {
  int n = 0;
  for (int g = 0; g < data->nc; g++) {
    if (card_is_gait(data, g) && card_range_of(data, g, g).frames) gait[n++] = g;
  }
  if (n == 0) gait[n++] = -1;
  return n;
}

/* a block of data: value, then the percentage of each gait's frames, at the edges of the bins */
static void add_block(plot* p, const df_dataset* data, int condition, int gaits, const int* gait) {
  const card_range all = card_range_of(data, condition, -1);
  for (int edge = 0; edge <= CARD_BINS; edge++) {
    const int bin = edge < CARD_BINS ? edge : CARD_BINS - 1;
    text_add(&p->data, "%.9g", all.lo + (all.hi - all.lo) * edge / CARD_BINS);
    for (int g = 0; g < gaits; g++) {
      const card_range own = card_range_of(data, condition, gait[g]);
      text_add(&p->data, " %.9g", 100.0 * (double)own.bin[bin] / (double)own.frames);
    }
    text_add(&p->data, "\n");
  }
  text_add(&p->data, "\n\n");
}

static void add_panel(plot* p, const df_dataset* data, int condition, int panel, int gaits, int width, int height) {
  const int column = panel % COLUMNS, line = panel / COLUMNS;
  plot_place(p,
             (plot_box){.left = column * PANEL_WIDTH + 46,
                        .right = (column + 1) * PANEL_WIDTH - 16,
                        .top = LEGEND_HEIGHT + line * PANEL_HEIGHT + 8,
                        .bottom = LEGEND_HEIGHT + (line + 1) * PANEL_HEIGHT - 48},
             width, height);
  text_add(&p->script, "set xlabel ");
  text_add_gnuplot(&p->script, data->condition_name[condition]);
  text_add(&p->script, "\nset yrange [0:*]\nset xtics autofreq\nset ylabel '%s'\nplot ",
           column == 0 ? "% of the frames" : "");
  for (int g = 0; g < gaits; g++) {
    text_add(&p->script, "%s'%s.dat' index %d using 1:%d with steps lw 2 lc rgb '%s'", g ? ", " : "", p->name, panel,
             g + 2, COLOURS[g % N_COLOURS]);
  }
  text_add(&p->script, "\n");
}

static void add_legend(plot* p, const df_dataset* data, int gaits, const int* gait, int width, int height) {
  const double y = 1 - 16.0 / height;
  for (int g = 0; g < gaits && gait[0] >= 0; g++) {
    const double x = 46 + (double)g * LEGEND_STEP;
    text_add(&p->script, "set arrow %d from screen %.5f,%.5f to screen %.5f,%.5f nohead lw 2 lc rgb '%s'\n", g + 1,
             x / width, y, (x + 26) / width, y, COLOURS[g % N_COLOURS]);
    text_add(&p->script, "set label %d ", g + 1);
    text_add_gnuplot(&p->script, data->condition_name[gait[g]] + strlen("gait."));
    text_add(&p->script, " at screen %.5f,%.5f left font ',12'\n", (x + 32) / width, y);
  }
}

df_status data_coverage_plot(const char* path, const df_dataset* data) {
  int panels = 0;
  for (int i = 0; i < data->nc; i++) panels += !card_is_gait(data, i);
  if (panels == 0) return DF_OK;
  int* gait = df_alloc((size_t)data->nc, sizeof *gait);
  char* folder = df_path_folder(path);
  if (!gait || !folder) {
    df_free(gait);
    df_free(folder);
    return DF_E_NOMEM;
  }

  const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
  char* stem = format_text("%.*s", (int)(strlen(base) - strlen(".npz")), base);
  char* plain = file_name_of(stem);
  char* name = format_text("%s-coverage", plain);
  df_free(plain);
  df_free(stem);
  plot p = {.name = name};
  const int gaits = list_gaits(data, gait), columns = panels < COLUMNS ? panels : COLUMNS;
  const int width = columns * PANEL_WIDTH, height = LEGEND_HEIGHT + (panels + COLUMNS - 1) / COLUMNS * PANEL_HEIGHT;
  plot_begin(&p, width, height);
  add_legend(&p, data, gaits, gait, width, height);
  for (int i = 0, panel = 0; i < data->nc; i++) {
    if (card_is_gait(data, i)) continue;
    add_block(&p, data, i, gaits, gait);
    add_panel(&p, data, i, panel, gaits, width, height);
    for (int g = 0; panel == 0 && g < gaits && gait[0] >= 0; g++) {
      text_add(&p.script, "unset arrow %d\nunset label %d\n", g + 1, g + 1);
    }
    panel++;
  }
  text_add(&p.script, "unset multiplot\n");
  const df_status status = plot_save(folder, &p);
  plot_clear(&p);
  df_free(name);
  df_free(gait);
  df_free(folder);
  return status;
}
