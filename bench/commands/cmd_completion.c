/* cmd_completion.c: dynaflow completion bash|zsh: the completion of a shell, made from the table of commands. */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "dynaflow/core/alloc.h"
#include "exit_code.h"
#include "options.h"
#include "rows.h"
#include "suggestion.h"
#include "terminal.h"
#include "text.h"

typedef struct arguments {
  options common;
  const char* shell;
} arguments;

static error_t parse(int key, char* value, struct argp_state* state) {
  static const char* const shells[] = {"bash", "zsh"};
  arguments* a = state->input;
  char hint[96];
  switch (key) {
    case ARGP_KEY_INIT:
      state->child_inputs[0] = &a->common;
      return 0;
    case ARGP_KEY_ARG:
      if (a->shell) argp_error(state, "unexpected argument '%s': one shell is expected", value);
      for (int i = 0; i < 2; i++) {
        if (strcmp(value, shells[i]) == 0) a->shell = shells[i];
      }
      if (!a->shell) {
        argp_error(state, "unknown shell '%s'%s (choose bash or zsh)", value,
                   suggestion(value, 2, shells, hint, sizeof hint));
      }
      return 0;
    case ARGP_KEY_END:
      if (!a->shell) argp_error(state, "missing argument: bash or zsh");
      return 0;
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_child children[] = {OPTIONS_CHILD, {0}};
const struct argp completion_argp = {
    .parser = parse,
    .args_doc = "bash|zsh",
    .doc =
        "Writes the script with which a shell completes commands, options, tasks, methods, settings and runs.\n\n"
        "`make install` puts both scripts where the shells look for them. Without it, add to ~/.bashrc or ~/.zshrc: "
        "source <(dynaflow completion bash), or zsh.\v"
        "Exits with 0.",
    .children = children};

static int n_commands;
static const command* commands;

void completion_set_commands(int n, const command* list) {
  n_commands = n;
  commands = list;
}

/* ---- what can stand where ---- */

/* the kind of the value of an option, as the script knows it; "nothing" for numbers and free text */
static const char* kind_of_value(const struct argp_option* o) {
  static const struct {
    const char *option, *kind;
  } named[] = {{"method", "methods"}, {"profile", "profiles"}, {"set", "settings"}};
  for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
    if (strcmp(o->name, named[i].option) == 0) return named[i].kind;
  }
  if (strncmp(o->arg, "DIR", 3) == 0) return "folders";
  return strncmp(o->arg, "FILE", 4) == 0 || strcmp(o->arg, "GOLDEN") == 0 ? "files" : "nothing";
}

/* names: appends the options " --name -n"; kinds: appends the patterns for those that take a value */
static void add_options(const struct argp_option* o, const char* owner, text* names, text* kinds) {
  for (; o && (o->name || o->key || o->doc); o++) {
    if (!o->name || (o->flags & OPTION_DOC)) continue;
    const bool letter = o->key > 0 && o->key < 0x100 && isalnum(o->key);
    if (!(o->flags & OPTION_HIDDEN)) text_add(names, " --%s", o->name);
    if (!(o->flags & OPTION_HIDDEN) && letter) text_add(names, " -%c", o->key);
    if (!o->arg || (o->flags & OPTION_HIDDEN)) continue;
    text_add(kinds, "    %s/--%s", owner, o->name);
    if (letter) text_add(kinds, " | %s/-%c", owner, o->key);
    text_add(kinds, ") kind=%s ;;\n", kind_of_value(o));
  }
}

static void add_parser(const struct argp* parser, const char* owner, text* names, text* kinds) {
  add_options(parser->options, owner, names, kinds);
  for (const struct argp_child* c = parser->children; c && c->argp; c++) add_parser(c->argp, owner, names, kinds);
}

/* appends " prefix word" once */
static void add_word(text* out, const char* prefix, const char* word, size_t n) {
  char* one = format_text(" %s%.*s ", prefix, (int)n, word);
  char* all = format_text("%s ", text_of(out));
  if (!strstr(all, one)) text_add(out, " %s%.*s", prefix, (int)n, word);
  df_free(all);
  df_free(one);
}

/* appends the kinds of the arguments that a command's usage line names: words of small letters stand for themselves */
static void add_arguments(const char* usage, text* out) {
  static const struct {
    const char *begin, *kind;
  } known[] = {{"TASK", "tasks"}, {"RUN", "runs"}, {"MODEL", "files"}, {"PATTERN", "names"}};
  static const char between[] = " |[]\n";
  bool option = false;
  for (const char* at = usage + strspn(usage, between); *at;) {
    const size_t n = strcspn(at, between);
    const bool value = option;
    option = strncmp(at, "--", 2) == 0;
    const char* kind = NULL;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
      if (strncmp(at, known[i].begin, strlen(known[i].begin)) == 0) kind = known[i].kind;
    }
    if (!value && !option && kind) add_word(out, "", kind, strlen(kind));
    if (!value && !option && !kind && islower((unsigned char)*at)) add_word(out, "=", at, n);
    at += n;
    at += strspn(at, between);
  }
}

/* ---- the script ---- */

static const char values_function[] =
    "_dynaflow_list() { \"${COMP_WORDS[0]/#\\~/$HOME}\" list \"$@\" 2>/dev/null; }\n"
    "_dynaflow_rows() { _dynaflow_list \"$@\" | awk 'NR > 1 {print $2}'; }\n"
    "\n"
    "# the profiles of the tasks that are named before, else of all\n"
    "_dynaflow_profiles() {\n"
    "  _dynaflow_list profiles | awk -v words=\" ${COMP_WORDS[*]//\\// } \" '\n"
    "    NR > 1 {all = all $2 \"\\n\"; if (index(words, \" \" $3 \" \")) own = own $2 \"\\n\"}\n"
    "    END {printf \"%s\", own ? own : all}' | sort -u\n"
    "}\n"
    "\n"
    "# _dynaflow_reply WORDS: those that begin with $current, behind $before\n"
    "_dynaflow_reply() {\n"
    "  local word\n"
    "  for word in $1; do\n"
    "    case $word in \"$current\"*) COMPREPLY+=(\"$before$word\") ;; esac\n"
    "  done\n"
    "}\n"
    "\n"
    "_dynaflow_values() {\n"
    "  case $1 in\n"
    "    =*) _dynaflow_reply \"${1#=}\" ;;\n"
    "    tasks) _dynaflow_reply \"$(_dynaflow_rows tasks) $(compgen -d -- \"$current\")\" ;;\n"
    "    profiles) _dynaflow_reply \"$(_dynaflow_profiles)\" ;;\n"
    "    names)\n"
    "      _dynaflow_reply \"$(_dynaflow_rows \"$chosen\" | sort -u)\"\n"
    "      [ \"$chosen\" != profiles ] || _dynaflow_reply \"$(_dynaflow_rows tasks)\"\n"
    "      ;;\n"
    "    settings)\n"
    "      _dynaflow_reply \"$(_dynaflow_rows settings | sed 's/$/=/')\"\n"
    "      type compopt >/dev/null 2>&1 && compopt -o nospace\n"
    "      ;;\n"
    "    methods)\n"
    "      case $current in *,*) before=$before${current%,*}, current=${current##*,} ;; esac\n"
    "      _dynaflow_reply \"$(_dynaflow_rows methods)\"\n"
    "      ;;\n"
    "    runs) _dynaflow_reply \"$(ls results/runs 2>/dev/null) $(compgen -d -- \"$current\")\" ;;\n"
    "    folders) _dynaflow_reply \"$(compgen -d -- \"$current\")\" ;;\n"
    "    files) _dynaflow_reply \"$(compgen -f -- \"$current\")\" ;;\n"
    "  esac\n"
    "}\n"
    "\n"
    "_dynaflow_complete() {\n"
    "  local current=${COMP_WORDS[COMP_CWORD]} previous= before= kind= word= chosen= options= arguments= "
    "command=${COMP_WORDS[1]}\n"
    "  COMPREPLY=()\n"
    "  [ \"$COMP_CWORD\" -gt 0 ] && previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "  # --option=value is three words in bash and one in zsh\n"
    "  case $current in\n"
    "    =) current= ;;\n"
    "    --*=*) previous=${current%%=*} before=${current%%=*}= current=${current#*=} ;;\n"
    "    *) [ \"$previous\" = = ] && previous=${COMP_WORDS[COMP_CWORD - 2]} ;;\n"
    "  esac\n";

static void write_script(const char* shell, text* out) {
  const int n = n_commands;
  text kinds = {0}, names = {0}, shared = {0};
  if (strcmp(shell, "zsh") == 0) text_add(out, "#compdef dynaflow\n");
  text_add(out, "# completion of dynaflow, written by `dynaflow completion %s`\n", shell);
  if (strcmp(shell, "zsh") == 0) text_add(out, "autoload -U +X bashcompinit && bashcompinit\n");
  text_add(out, "\n%s", values_function);
  /* commands, with their options and arguments */
  text_add(out, "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n    _dynaflow_reply \"");
  for (int i = 0; i < n; i++) text_add(out, "%s ", commands[i].name);
  text_add(out, "help --help --version\"\n    return\n  fi\n  case $command in\n    help) arguments=\"=options");
  for (int i = 0; i < n; i++) text_add(out, " =%s", commands[i].name);
  text_add(out, "\" ;;\n");
  for (int i = 0; i < n; i++) {
    text_clear(&names);
    add_parser(commands[i].parser, commands[i].name, &names, &kinds);
    text_add(out, "    %s)\n      options=\"%s\"\n      arguments=\"", commands[i].name,
             text_of(&names) + (names.n > 0));
    text words = {0};
    if (commands[i].parser->args_doc) add_arguments(commands[i].parser->args_doc, &words);
    text_add(out, "%s\"\n      ;;\n", text_of(&words) + (words.n > 0));
    text_clear(&words);
  }
  text_clear(&names);
  add_options(options_shown_argp.options, "*", &names, &shared);
  /* values of options, then options, then arguments */
  text_add(out, "  esac\n  options=\"$options%s\"\n  case $command/$previous in\n", text_of(&names));
  text_add(out, "%s%s  esac\n", text_of(&kinds), text_of(&shared));
  text_add(
      out, "%s",
      "  if [ -n \"$kind\" ]; then\n"
      "    _dynaflow_values \"$kind\"\n"
      "    return\n"
      "  fi\n"
      "  case $current in\n"
      "    -*) _dynaflow_reply \"$options\" ;;\n"
      "    *)\n"
      "      # a word that the usage spells out, such as info in `data info TASK`, comes before what the usage names\n"
      "      for word in \"${COMP_WORDS[@]:2:$((COMP_CWORD - 2))}\"; do\n"
      "        case \" $arguments \" in *\" =$word \"*) chosen=$word ;; esac\n"
      "      done\n"
      "      for kind in $arguments; do\n"
      "        case $kind/$chosen in\n"
      "          =*/) _dynaflow_values \"$kind\" ;;\n"
      "          =*) ;;\n"
      "          */) case $arguments in *=*) ;; *) _dynaflow_values \"$kind\" ;; esac ;;\n"
      "          *) _dynaflow_values \"$kind\" ;;\n"
      "        esac\n"
      "      done\n"
      "      ;;\n"
      "  esac\n"
      "}\n\n");
  if (strcmp(shell, "zsh") == 0) {
    text_add(out, "%s",
             "complete -F _dynaflow_complete dynaflow\n"
             "# run by the shell as the function _dynaflow of this file\n"
             "[ \"${funcstack[1]}\" = _dynaflow ] && _bash_complete -F _dynaflow_complete\n");
  } else {
    text_add(out, "complete -F _dynaflow_complete dynaflow\n");
  }
  text_clear(&kinds);
  text_clear(&names);
  text_clear(&shared);
}

/* prints the lines of a text */
static void print_lines(const text* script) {
  for (const char* at = text_of(script); *at;) {
    const size_t n = strcspn(at, "\n");
    print_line(stdout, "%.*s", (int)n, at);
    at += n + (at[n] == '\n');
  }
}

int cmd_completion(int argc, char** argv) {
  arguments a = {.common = options_default()};
  options_parse(&completion_argp, argc, argv, &a);
  text script = {0};
  write_script(a.shell, &script);
  if (a.common.json) {
    rows out = rows_new();
    rows_add_object(&out, json_pack("{s:s,s:s}", "shell", a.shell, "script", text_of(&script)));
    rows_print(&out, &a.common);
    rows_free(&out);
  } else {
    print_lines(&script);
  }
  text_clear(&script);
  return EXIT_DONE;
}
